"""The picture that a composite is made in: emptied of animals, then animals are laid into it."""

from __future__ import annotations

import cv2
import numpy as np

from tracking.networks.composing.cutting import Patch
from tracking.networks.composing.scenery import BEYOND, Scenery, grown
from tracking.networks.samples import Placed, Sample, Source, place

FEATHER = 0.8  # px of blur at the edge of a cut-out, as a camera's
HOME = 0.9  # share of a pasted animal that lies where animals have been
LEAST_LEFT = 0.3  # share of an animal that is still seen when another was laid over it
UNKNOWN = 0.1  # share of an animal under which the floor may be painted in
STEPS = 40  # in which one animal is brought near another
MOST_NOISE = 8.0  # gray levels
Window = tuple[slice, slice]


class Canvas:
    """One picture in the making; the first layer lies lowest."""

    def __init__(
        self, ground: Sample, scenery: Scenery, light: np.ndarray, rng: np.random.Generator
    ) -> None:
        self._ground, self._scenery, self._light, self._rng = ground, scenery, light, rng
        self._image = ground.image.astype(np.float32)
        self._seen: list[np.ndarray] = []  # what is seen of each layer, (h, w) bool
        self._areas: list[int] = []  # px of each before another was laid over it
        self._classes: list[int] = []
        self._home = np.flatnonzero(scenery.home)

    def __len__(self) -> int:
        return len(self._seen)

    def can_go(self, mask: Placed) -> bool:
        """Whether the floor under an animal is known, so that it can be taken away."""
        under = self._scenery.unknown[mask.where][mask.mask > 0]
        return not under.size or float(under.mean()) <= UNKNOWN

    def keep(self, mask: Placed, number: int) -> None:
        """Let one of the frame's own animals stay."""
        full = np.zeros(self._image.shape, bool)
        full[mask.where] = mask.mask > 0
        self._add(full, number)

    def _add(self, seen: np.ndarray, number: int) -> None:
        self._seen.append(seen)
        self._areas.append(int(np.count_nonzero(seen)))
        self._classes.append(number)

    def empty(self) -> None:
        """Take everybody else away: the empty cage in the light of this frame, with its noise."""
        labelled = self._ground.labelled()
        kept = np.zeros(self._image.shape, bool)
        for full in self._seen:
            kept |= full
        gone = labelled & ~kept
        if not gone.any():
            return
        lit = self._scenery.background * self._light
        rest = np.abs(self._image - lit)[::4, ::4][~grown(labelled, BEYOND)[::4, ::4]]
        noise = min(1.48 * float(np.median(rest)), MOST_NOISE) if rest.size else 0.0
        lit += noise * self._rng.normal(size=lit.shape).astype(np.float32)
        share = cv2.GaussianBlur(grown(gone, BEYOND).astype(np.float32), (0, 0), 2.0)
        # the edge of who stays is theirs
        share = share * (1 - cv2.GaussianBlur(grown(kept, 2).astype(np.float32), (0, 0), 1.0))
        share[kept] = 0
        share[gone] = 1
        self._image += share * (lit - self._image)

    def apart(self, patch: Patch) -> tuple[int, int] | None:
        """A place where nobody is, as the top left corner x, y; None where the draw was bad."""
        if not len(self._home):
            return None
        y, x = divmod(int(self._rng.choice(self._home)), self._image.shape[1])
        height, width = patch.mask.shape
        at = x - width // 2, y - height // 2
        free = all(self._covered(patch, at, seen) == 0 for seen in self._seen)
        return at if free else None

    def beside(self, patch: Patch, share: float) -> tuple[int, int] | None:
        """A place against somebody, where about ``share`` of the smaller of both is covered."""
        k = int(self._rng.integers(len(self)))
        ys, xs = np.nonzero(self._seen[k])
        if not len(xs):
            return None
        height, width = patch.mask.shape
        angle = float(self._rng.uniform(0, 2 * np.pi))
        ahead = np.array([np.cos(angle), np.sin(angle)])
        corner = np.array([xs.mean() - width / 2, ys.mean() - height / 2])
        reach = 0.5 * float(np.hypot(height, width) + np.hypot(np.ptp(xs), np.ptp(ys)))
        smaller = max(1, min(self._areas[k], patch.area))
        before = None
        for step in np.linspace(reach, 0, STEPS):
            x, y = np.rint(corner + step * ahead).astype(int).tolist()
            if self._covered(patch, (x, y), self._seen[k]) > share * smaller:
                return before
            before = x, y
        return before

    def lay(
        self, patch: Patch, number: int, at: tuple[int, int], shade: float, shadow: np.ndarray
    ) -> bool:
        """Draw a patch with its top left corner at x, y; False, and nothing drawn, if it cannot."""
        here, part = self._windows(patch, at)
        mask = patch.mask[part] > 0
        front = self._scenery.front[here]
        seen = mask if patch.over else mask & ~front
        if np.count_nonzero(mask & self._scenery.home[here]) < HOME * patch.area:
            return False
        lefts = [
            np.count_nonzero(full) - np.count_nonzero(full[here] & mask) for full in self._seen
        ]
        if any(left < LEAST_LEFT * area for left, area in zip(lefts, self._areas, strict=True)):
            return False
        if np.count_nonzero(seen) < LEAST_LEFT * patch.area:
            return False
        self._draw(patch, here, part, shade, shadow)
        for full in self._seen:
            full[here] &= ~mask
        whole = np.zeros(self._image.shape, bool)
        whole[here] = seen
        self._add(whole, number)
        return True

    def sample(self, source: Source) -> Sample:
        """What was made."""
        image = np.clip(np.rint(self._image), 0, 255).astype(np.uint8)
        pairs = [
            (place(full), number) for full, number in zip(self._seen, self._classes, strict=True)
        ]
        kept = [(placed, number) for placed, number in pairs if placed is not None]
        return Sample(image, [p for p, _ in kept], [number for _, number in kept], source)

    def _windows(self, patch: Patch, at: tuple[int, int]) -> tuple[Window, Window]:
        """The part of the picture that a patch covers, and the part of the patch that is in it."""
        here, part = [], []
        for start, size, limit in zip(at[::-1], patch.mask.shape, self._image.shape, strict=True):
            low, high = min(max(start, 0), limit), max(min(start + size, limit), 0)
            high = max(low, high)
            here.append(slice(low, high))
            part.append(slice(low - start, high - start))
        return (here[0], here[1]), (part[0], part[1])

    def _covered(self, patch: Patch, at: tuple[int, int], seen: np.ndarray) -> int:
        here, part = self._windows(patch, at)
        return int(np.count_nonzero(seen[here] & (patch.mask[part] > 0)))

    def _draw(
        self, patch: Patch, here: Window, part: Window, shade: float, shadow: np.ndarray
    ) -> None:
        under, light = self._image[here], self._light[here]
        away = cv2.distanceTransform(1 - patch.mask, cv2.DIST_L2, 3)[part]
        made = under * np.interp(away, np.arange(len(shadow)), shadow).astype(np.float32)
        cover = cv2.GaussianBlur(patch.mask.astype(np.float32), (0, 0), FEATHER)[part]
        # turning smoothed the sensor's noise away
        noise = 0.5 * patch.noise * self._rng.normal(size=cover.shape).astype(np.float32)
        made += cover * (patch.shade[part] * light * shade + noise - made)
        front = self._scenery.front[here].astype(np.float32)
        bars = np.maximum(front, cv2.GaussianBlur(front, (0, 0), 0.5))
        bars *= np.maximum(cover, away < len(shadow))
        wire = self._scenery.background[here] * light
        under[:] = made + bars * (wire - made)
