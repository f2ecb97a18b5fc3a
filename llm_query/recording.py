"""One video's trajectories, outlines and regions, as analysis code sees them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from llm_query.errors import QueryError
from llm_query.geometry import Region, find_region
from llm_query.outlines import Outlines, mask_gap

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from llm_query.learning.trained import LearnedBehaviour

Value = TypeVar("Value")


@dataclass(frozen=True, eq=False)
class Track:
    """One animal's row per frame, in px and degrees; NaN where it was not found."""

    points: Mapping[str, np.ndarray]  # point -> (n, 2); "centre" always
    heading_deg: np.ndarray  # (n,)
    length: np.ndarray
    width: np.ndarray
    area: np.ndarray
    identity_confidence: np.ndarray
    confidence: Mapping[str, np.ndarray] = field(default_factory=dict)  # point -> (n,)


@dataclass(frozen=True, eq=False)
class Recording:
    """One video with n frames; lengths come in `unit`: "cm" if calibrated, otherwise "px".

    x goes right and y goes down from the top left corner. Missing is NaN.
    """

    video: str
    fps: Fraction
    time_s: np.ndarray  # (n,) presentation times from 0
    end_s: float  # when the last frame's time is over
    tracks: Mapping[str, Track]
    regions: Mapping[str, Region] = field(default_factory=dict)  # in `unit`
    px_per_cm: float | None = None
    masks: Mapping[str, Outlines] = field(default_factory=dict)
    kept: pa.Table | None = None  # bouts kept in the study
    variable_rate: bool = False
    width: int = 0  # px
    height: int = 0  # px
    notes: tuple[str, ...] = ()  # what was done to the tracks after they were measured
    learned: tuple[LearnedBehaviour, ...] = ()  # behaviours learned in the study
    _known: dict[Hashable, Any] = field(default_factory=dict, repr=False, init=False)

    @classmethod
    def load(cls, folder: Path | str) -> Recording:
        """Read the snapshot of one video that the study wrote."""
        from llm_query.snapshot import load_recording

        return load_recording(Path(folder))

    def __repr__(self) -> str:
        who = ", ".join(self.animals)
        return f"<Recording {self.video}: {who}; {self.n_frames} frames, {self.unit}>"

    @cached_property
    def scored(self) -> pd.DataFrame:
        """The bouts kept in the study: scored by a person, imported, or saved answers."""
        import pandas as pd

        return pd.DataFrame() if self.kept is None else self.kept.to_pandas()

    @property
    def n_frames(self) -> int:
        """Frames of the video."""
        return len(self.time_s)

    @property
    def edges_s(self) -> np.ndarray:
        """(n + 1,) seconds: every frame's time, then the end."""
        return np.append(self.time_s, self.end_s)

    @property
    def duration_s(self) -> float:
        """Seconds from the first frame until the last one is over."""
        return float(self.end_s - self.time_s[0])

    @property
    def animals(self) -> tuple[str, ...]:
        """The animals' names, in the order of their numbers."""
        return tuple(self.tracks)

    @property
    def points(self) -> tuple[str, ...]:
        """The body points that any animal has, "centre" first."""
        names = dict.fromkeys(["centre", *(p for t in self.tracks.values() for p in t.points)])
        return tuple(names)

    @property
    def unit(self) -> str:
        """The unit of lengths: "cm" when the video is calibrated, otherwise "px"."""
        return "px" if self.px_per_cm is None else "cm"

    @property
    def scale(self) -> float:
        """How many of `unit` one pixel is."""
        return 1.0 if self.px_per_cm is None else 1 / self.px_per_cm

    def track(self, animal: str) -> Track:
        """One animal's track; an unknown name is an error that lists the known ones."""
        if not isinstance(animal, str):
            raise QueryError(f'An animal is given by one name, as "animal1", not {animal!r}.')
        if animal not in self.tracks:
            raise QueryError(
                f'There is no animal "{animal}" in {self.video}: it has {", ".join(self.animals)}.'
            )
        return self.tracks[animal]

    def remember(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """What `make` gives, made once per recording and key; treat arrays as read-only."""
        try:
            hash(key)
        except TypeError:
            raise QueryError(
                f"Animals and body points are given by their names, one at a time: {key!r} has "
                "something else."
            ) from None
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]

    def position(self, animal: str, point: str = "centre") -> np.ndarray:
        """(n, 2) x and y of a body point in `unit`; NaN where it was not seen. Read-only."""
        self.track(animal)
        if not isinstance(point, str):
            raise QueryError(f'A body point is given by one name, as "nose", not {point!r}.')
        return self.remember(("position", animal, point), lambda: self._position(animal, point))

    def _position(self, animal: str, point: str) -> np.ndarray:
        track = self.track(animal)
        if point not in track.points:
            raise QueryError(
                f'{animal} has no body point "{point}", only {", ".join(track.points)}. Import '
                "pose data with that point, or ask about one of these."
            )
        scaled = track.points[point] * self.scale
        scaled.flags.writeable = False
        return scaled

    def seen(self, animal: str, point: str = "centre") -> np.ndarray:
        """(n,) bool: frames in which the point was found."""
        return np.isfinite(self.position(animal, point)).all(axis=1)

    def tracked_fraction(self, animal: str) -> float:
        """Share (0 to 1) of all frames in which the animal was found."""
        return float(self.seen(animal).mean())

    def confidence(self, animal: str, point: str) -> np.ndarray:
        """(n,) how sure (0 to 1) the point's place is; NaN when it has none."""
        self.position(animal, point)
        return self.track(animal).confidence.get(point, np.full(self.n_frames, np.nan))

    def heading_deg(self, animal: str) -> np.ndarray:
        """(n,) where the nose end of the body points: 0 right, 90 up, counter-clockwise."""
        return self.track(animal).heading_deg

    def length(self, animal: str) -> np.ndarray:
        """(n,) length of the outline along the body in `unit`."""
        return self.track(animal).length * self.scale

    def body_width(self, animal: str) -> np.ndarray:
        """(n,) width of the outline across the body in `unit`."""
        return self.track(animal).width * self.scale

    def area(self, animal: str) -> np.ndarray:
        """(n,) area of the outline in `unit` squared."""
        return self.track(animal).area * self.scale**2

    def identity_confidence(self, animal: str) -> np.ndarray:
        """(n,) how sure (0 to 1) it is that this is the animal."""
        return self.track(animal).identity_confidence

    def region(self, name: str) -> Region:
        """The region of exactly this name; an unknown one is an error that lists the known."""
        return find_region(self.regions.values(), name)

    def mask_gap(self, a: str, b: str, within: float | None = None) -> np.ndarray:
        """(n,) free space between two outlines in `unit`: 0 = touching, NaN = one is missing.

        With `within`, frames that are certainly farther apart hold a distance that is too small
        but larger than `within`; it saves the exact comparison.
        """
        for animal in (a, b):
            self.track(animal)
            if animal not in self.masks:
                raise QueryError(
                    f"{self.video} has no outlines of {animal}, only points. Track the video to "
                    "get them, or use near(recording, a, b, max_distance) with body points."
                )
        limit = None if within is None else within / self.scale
        return mask_gap(self.masks[a], self.masks[b], self.n_frames, limit) * self.scale

    @classmethod
    def synthetic(
        cls,
        paths: Mapping[str, np.ndarray],
        *,
        fps: Fraction | int = 30,
        time_s: np.ndarray | None = None,
        px_per_cm: float | None = None,
        regions: Iterable[Region] = (),
        points: Mapping[str, Mapping[str, np.ndarray]] | None = None,
        heading_deg: Mapping[str, np.ndarray] | None = None,
        length: float | None = None,
        width: float | None = None,
        masks: Mapping[str, Outlines] | None = None,
    ) -> Recording:
        """A recording made of paths (n, 2) in px by animal, for examples and tests.

        Regions are in px, too. `length` and `width` are every animal's body length and width, px.

        >>> line = np.column_stack([np.arange(60), np.zeros(60)])
        >>> recording = Recording.synthetic({"animal1": line}, fps=30, px_per_cm=10)
        >>> recording.duration_s, recording.unit
        (2.0, 'cm')
        """
        n = len(next(iter(paths.values())))
        rate = Fraction(fps)
        times = np.arange(n) / float(rate) if time_s is None else np.asarray(time_s, dtype=float)
        missing = np.full(n, np.nan)
        tracks = {}
        for name, path in paths.items():
            path = np.asarray(path, dtype=float)
            seen = np.isfinite(path).all(axis=1)
            size = np.where(seen, np.nan if length is None else length, np.nan)
            across = np.where(seen, np.nan if width is None else width, np.nan)
            extra = {p: np.asarray(v, dtype=float) for p, v in (points or {}).get(name, {}).items()}
            tracks[name] = Track(
                points={"centre": path, **extra},
                heading_deg=np.asarray((heading_deg or {}).get(name, missing), dtype=float),
                length=size, width=across, area=missing, identity_confidence=missing,
            )  # fmt: skip
        scale = 1.0 if px_per_cm is None else 1 / px_per_cm
        return cls(
            video="synthetic", fps=rate, time_s=times, end_s=float(times[-1] + 1 / rate),
            tracks=tracks, px_per_cm=px_per_cm, masks=masks or {},
            regions={region.name: region.scaled(scale) for region in regions},
            variable_rate=bool(n > 2 and np.ptp(np.diff(times)) > 1e-3),
        )  # fmt: skip
