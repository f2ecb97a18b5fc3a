"""Composites: animals that were labelled alone, put together into new frames with true masks.

    composer = Composer(samples, seen={"cage.mp4": frames})
    made = [composer.compose(k) for k in range(200)]

A labelled frame is emptied of some of its animals, and cut-out animals are laid into it, mostly so
that they touch or overlap: what the upper one hides is taken from the lower one's mask. Wire stays
in front, the light of the place is kept, and the same seed gives the same pictures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tracking.networks.composing.augmenting import AugmentSettings, augment
from tracking.networks.composing.canvas import Canvas
from tracking.networks.composing.cutting import Cutout, cut_out, shadow_around, spread_of_turns
from tracking.networks.composing.scenery import Scenery, light_of, scenery_of
from tracking.networks.samples import Sample, reduced

TRIES = 12  # places looked at before an animal is left out
JUST_TOUCHING = 0.3  # share of contacts in which nobody lies over anybody
MOST_SMALL = 0.2  # share of labels of small area, up to which they are animals half hidden


@dataclass(frozen=True)
class ComposeSettings:
    """How composites are made."""

    contact: float = 0.65  # share of pasted animals that touch or overlap another one
    overlap: float = 0.4  # greatest share of the smaller one that is covered
    keep: float = 0.5  # share of the frame's own animals that stay
    more: int = 1  # animals above the number the labels show
    turn_deg: float | None = None  # greatest turn; None: as the labels themselves are turned
    flip: bool = True
    scale: float = 0.08
    shade: float = 0.08  # relative jitter of an animal's brightness
    least_area: float = 0.5  # of the usual one: smaller labels are of animals half hidden
    longest_px: int = 1280  # of a composite; larger frames are reduced: networks see less still
    light: float = 0.5  # share of composites that are put into another light
    augment: AugmentSettings = field(default_factory=AugmentSettings)


@dataclass(frozen=True)
class _Camera:
    """What is known of one video."""

    scenery: Scenery
    grounds: list[tuple[Sample, np.ndarray]]  # labelled frames and their light (h, w)
    cutouts: list[Cutout]
    shadow: np.ndarray


class Composer:
    """Makes composites of labelled samples of one or several videos."""

    def __init__(
        self, samples: Sequence[Sample], seen: Mapping[str, Sequence[np.ndarray]] | None = None,
        settings: ComposeSettings | None = None, seed: int = 0,
    ) -> None:  # fmt: skip
        """``samples`` are those of training alone; ``seen`` are other frames (h, w) by video."""
        self.settings, self.seed = settings or ComposeSettings(), seed
        by_video: dict[str, list[Sample]] = {}
        for sample in samples:
            by_video.setdefault(sample.source[0], []).append(
                reduced(sample, self.settings.longest_px)
            )
        small = {
            video: [reduced(Sample(frame), self.settings.longest_px).image for frame in frames]
            for video, frames in (seen or {}).items()
        }
        self._cameras = {
            video: _camera(own, small.get(video, [])) for video, own in by_video.items()
        }
        own_turn = self.settings.turn_deg
        self._turn = spread_of_turns(samples) if own_turn is None else own_turn
        self._able = [
            (video, k)
            for video, camera in self._cameras.items()
            if camera.cutouts
            for k in range(len(camera.grounds))
        ]
        self._pasteable = {
            video: _whole_ones(camera.cutouts, self.settings.least_area)
            for video, camera in self._cameras.items()
        }

    @property
    def backgrounds(self) -> dict[str, np.ndarray]:
        """The picture of every video's empty cage, (h, w) uint8."""
        return {video: camera.scenery.background for video, camera in self._cameras.items()}

    @property
    def can(self) -> bool:
        """Whether there is anybody to paste."""
        return bool(self._able)

    def compose(self, k: int) -> Sample:
        """The composite of number ``k``: it follows from the samples, settings, seed and k."""
        rng = np.random.default_rng([self.seed, 77, k])
        video, at = self._able[int(rng.integers(len(self._able)))]
        camera = self._cameras[video]
        ground, light = camera.grounds[at]
        canvas = Canvas(ground, camera.scenery, light, rng)
        for mask, number in zip(ground.masks, ground.classes, strict=True):
            stays = rng.uniform() < self.settings.keep
            if stays or not canvas.can_go(mask):
                canvas.keep(mask, number)
        canvas.empty()
        most = max(len(sample.masks) for sample, _ in camera.grounds)
        wanted = int(rng.integers(min(2, most), most + self.settings.more + 1))
        able = self._pasteable[video]
        for which in rng.integers(len(able), size=max(0, wanted - len(canvas))).tolist():
            self._lay(canvas, able[which], camera.shadow, rng)
        made = canvas.sample((video, -1 - k))
        if rng.uniform() < self.settings.light:
            return augment(made, rng, self.settings.augment)
        return made

    def _lay(
        self, canvas: Canvas, cutout: Cutout, shadow: np.ndarray, rng: np.random.Generator
    ) -> None:
        """Turn a cut-out and lay it where it fits; it is left out where it fits nowhere."""
        s = self.settings
        for _ in range(TRIES):
            patch = cutout.turned(
                float(rng.uniform(-self._turn, self._turn)), bool(s.flip and rng.uniform() < 0.5),
                float(1 + rng.uniform(-s.scale, s.scale)),
            )  # fmt: skip
            shade = float(1 + rng.uniform(-s.shade, s.shade))
            if len(canvas) and rng.uniform() < s.contact:
                over = rng.uniform() >= JUST_TOUCHING
                at = canvas.beside(patch, float(rng.uniform(0, s.overlap)) if over else 0.0)
            else:
                at = canvas.apart(patch)
            if at is not None and canvas.lay(patch, cutout.number, at, shade, shadow):
                return


def _camera(samples: list[Sample], seen: Sequence[np.ndarray]) -> _Camera:
    """Learn a video's empty cage, cut its animals out, and learn the shadow around them."""
    same = [image for image in seen if image.shape == samples[0].image.shape]
    scenery = scenery_of(samples, same)
    lights = [light_of(s.image, scenery.background, s.labelled()) for s in samples]
    pairs = list(zip(samples, lights, strict=True))
    cutouts = [cutout for sample, light in pairs for cutout in cut_out(sample, scenery, light)]
    return _Camera(scenery, pairs, cutouts, shadow_around(samples, scenery, lights))


def _whole_ones(cutouts: list[Cutout], least: float) -> list[Cutout]:
    """Those that are neither in contact nor half hidden; all where there are none."""
    usual = {
        number: float(np.median([c.area for c in cutouts if c.number == number]))
        for number in {c.number for c in cutouts}
    }
    large = [c for c in cutouts if c.area >= least * usual[c.number]]
    # where sizes differ that much, as of pups and their mother, a small one may be whole
    able = large if len(large) >= (1 - MOST_SMALL) * len(cutouts) else cutouts
    return [c for c in able if c.alone] or able
