"""Body points and trajectories as every reader gives them back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from storage.errors import StudyError
from storage.readers.outlines import Outlines, Size, joined

SPARSEST, FEW_FRAMES = 20, 200_000  # of more frames than that, a row for every 20th is expected
CENTRE = "centre"  # the only point of a trajectory
BOX = ("box_top_left", "box_bottom_right")  # the points that a box of a detector becomes
# What a tracker may say of the whole animal; x_px and y_px where its centre is no body point.
WHOLE = ("x_px", "y_px", "heading_deg", "length_px", "width_px", "area_px", "identity_confidence")
FARTHEST = 1e7  # px; nothing that is told of a picture lies farther out
NEAREST = 1e-30  # px; what is nearer to 0 and not 0 is made of the bytes of something else


@dataclass(frozen=True, eq=False)
class Poses:
    """Body points of all animals in every frame, from the top left; NaN where not found.

    A trajectory has the one point "centre"; what a tracker says of the whole animal is in
    `whole`, named as the columns of tracks.
    """

    source: str  # "dlc", "sleap", ...
    animals: tuple[str, ...]
    points: tuple[str, ...]
    xy: np.ndarray  # (n_frames, n_animals, n_points, 2) float64, in `unit`
    confidence: np.ndarray  # (n_frames, n_animals, n_points) 0 to 1; NaN where the file has none
    scorer: str = ""  # the network or person that found the points
    fps: Fraction | None = None  # when the file says so
    px_per_cm: float | None = None  # when the file says so
    notes: tuple[str, ...] = ()  # what was decided while reading, in words
    unit: str = "px"  # or "cm", of xy
    whole: Mapping[str, np.ndarray] = field(default_factory=dict)  # (n_frames, n_animals) each
    video: str = ""  # name of the video's file, when the file says so
    open_ended: bool = False  # rows are only of frames with animals: the video may be longer
    outlines: Outlines | None = None  # of the animals, where the file has any
    size: Size | None = None  # width and height of the pictures in px, when the file says so

    def __post_init__(self) -> None:
        expected = (self.n_frames, len(self.animals), len(self.points))
        if self.xy.shape != (*expected, 2) or self.confidence.shape != expected:
            raise StudyError(
                f"The poses have the shape {self.xy.shape} and confidences "
                f"{self.confidence.shape}, not those of {len(self.animals)} animals with "
                f"{len(self.points)} points: the reader of {self.source} files is wrong."
            )

    @property
    def n_frames(self) -> int:
        """Frames, from 0."""
        return len(self.xy)

    @property
    def seen(self) -> np.ndarray:
        """(n_frames, n_animals, n_points) bool: which points have a place."""
        return np.isfinite(self.xy).all(axis=-1)

    @property
    def is_trajectory(self) -> bool:
        """Whether there is nothing but where each animal is."""
        return self.points == (CENTRE,)

    def noting(self, *notes: str) -> Poses:
        """The same poses with more said about how they came to be."""
        return replace(self, notes=(*self.notes, *notes))

    def in_px(self, px_per_cm: float) -> Poses:
        """The same in px, where the file has cm; `px_per_cm` is the scale of the video."""
        if self.unit == "px":
            return self
        return replace(self, xy=self.xy * px_per_cm, unit="px").noting(
            f"positions in cm times {px_per_cm:g} px/cm"
        )


def check(path: Path, poses: Poses) -> Poses:
    """The poses, if their names and places can be true of a video; StudyError otherwise."""
    if not poses.n_frames or not poses.animals or not poses.points:
        raise StudyError(f"{path} has no frame with a body point in it: export it again.")
    for names, what in ((poses.animals, "animal"), (poses.points, "body point")):
        if len(set(names)) < len(names) or not all(name.strip() for name in names):
            raise StudyError(
                f"{path} has a nameless {what} or two of one name ({', '.join(names)[:120]}): "
                "export it again."
            )
    size = np.abs(poses.xy)
    far = np.isfinite(size) & ((size > FARTHEST) | ((size > 0) & (size < NEAREST)))
    if far.any():
        frame = int(np.argwhere(far)[0][0])
        raise StudyError(
            f"{path} has a position of {poses.xy[far][0]:.3g} {poses.unit} in frame {frame}, "
            "which lies in no picture: the file is damaged, or in another unit."
        )
    return without_placeholders(poses)


def without_placeholders(poses: Poses) -> Poses:
    """Make the points missing that are only written as a place: (0, 0) and what is not finite."""
    zero = (poses.xy == 0).all(axis=-1) & ~(poses.confidence > 0)
    strange = ~np.isfinite(poses.xy).all(axis=-1)
    if poses.is_trajectory or set(BOX) <= set(poses.points):
        zero[:] = False  # a tracker says in its own way where an animal is missing
    whole = (zero | strange).all(axis=2) & zero.any(axis=2)
    single = int((zero & ~whole[:, :, None]).sum())
    notes = []
    if whole.any():
        notes.append(
            f"all points of an animal at (0, 0) taken as 'not there': {int(whole.sum())} of "
            f"{whole.size} animal-frames"
        )
    if single:
        notes.append(f"points at (0, 0) without confidence taken as 'not found': {single}")
    xy = np.where((zero | strange)[..., None], np.nan, poses.xy)
    return replace(poses, xy=xy).noting(*notes)


def at_least(poses: Poses, min_confidence: float) -> Poses:
    """Make the points missing whose confidence is below `min_confidence` (0 to 1).

    Points without any confidence stay: a person's labels have none.
    """
    if not 0 <= min_confidence <= 1:
        raise StudyError(f"A confidence of {min_confidence:g} is not possible: give 0 to 1.")
    doubtful = poses.seen & (poses.confidence < min_confidence)
    share = doubtful.sum() / max(int(poses.seen.sum()), 1)
    poses = _without(poses, doubtful[..., poses.points.index(CENTRE)]) if poses.outlines else poses
    return replace(poses, xy=np.where(doubtful[..., None], np.nan, poses.xy)).noting(
        f"points with a confidence below {min_confidence:g} taken as 'not found': "
        f"{int(doubtful.sum())} ({share:.1%})"
    )


def _without(poses: Poses, gone: np.ndarray) -> Poses:
    """The poses without the outlines, and what they measure, of (n_frames, n_animals) `gone`."""
    if poses.outlines is None:
        return poses
    whole = {name: np.where(gone, np.nan, values) for name, values in poses.whole.items()}
    keep = ~gone[poses.outlines.frame, poses.outlines.animal]
    return replace(poses, whole=whole, outlines=poses.outlines.only(keep))


def rate_of(value: float) -> Fraction | None:
    """Frames per second; the rounded numbers of broadcast rates mean the exact ones.

    >>> rate_of(29.97), rate_of(25.0), rate_of(float("nan"))
    (Fraction(30000, 1001), Fraction(25, 1), None)
    """
    if not 0 < value <= 100_000:
        return None
    for rate in (24, 30, 48, 60, 120, 240):
        if abs(value - rate * 1000 / 1001) < 0.005:
            return Fraction(rate * 1000, 1001)
    return Fraction(value).limit_denominator(1_000)


def arrange(frame: np.ndarray, values: np.ndarray, n_frames: int) -> np.ndarray:
    """Put rows (k, ...) of the frames `frame` (k,) into (n_frames, ...); NaN elsewhere."""
    everything = np.full((n_frames, *values.shape[1:]), np.nan)
    everything[frame] = values
    return everything


def check_frames(path: Path, frame: np.ndarray) -> int:
    """How many frames the frame numbers of a file's rows ask for; each may be there once."""
    numbers = np.asarray(frame)
    if not len(numbers):
        return 0
    if len(np.unique(numbers)) < len(numbers):
        raise StudyError(f"{path} has a frame number that is there twice: repair it.")
    return last_frame(path, numbers) + 1


def last_frame(path: Path, numbers: np.ndarray) -> int:
    """The last of frame numbers that may be there several times; -1 of none."""
    numbers = np.asarray(numbers, dtype=float)
    if not len(numbers):
        return -1
    whole = np.isfinite(numbers).all() and (numbers == np.floor(numbers)).all()
    if not whole or numbers.min() < 0:
        raise StudyError(f"{path} has frame numbers that are missing, no number or below 0.")
    # A damaged number must not ask for more memory than there is.
    if numbers.max() >= SPARSEST * len(numbers) + FEW_FRAMES:
        raise StudyError(
            f"{path} has {len(numbers)} rows and speaks of frame {int(numbers.max())}: that is no "
            "frame number, repair it."
        )
    return int(numbers.max())


@dataclass(frozen=True, eq=False)
class Rows:
    """A long table of places: one row per frame and animal, columns as the formats have them."""

    frame: np.ndarray  # (k,) from 0
    animal: Sequence[str]  # (k,)
    xy: np.ndarray  # (k, n_points, 2)
    points: tuple[str, ...] = (CENTRE,)
    confidence: np.ndarray | None = None  # (k,) of all points, or (k, n_points)
    whole: Mapping[str, np.ndarray] = field(default_factory=dict)  # (k,) each
    order: Sequence[str] = ()  # of the animals, where the file has one


def from_rows(path: Path, rows: Rows, source: str, n_frames: int = 0) -> Poses:
    """Poses of a long table; an animal that is in a frame twice is an error."""
    names = tuple(_ordered(rows))
    frame = np.asarray(rows.frame)
    n = max(last_frame(path, frame) + 1, n_frames)
    frame = frame.astype(np.int64)
    number = {name: at for at, name in enumerate(names)}
    who = np.array([number[name] for name in rows.animal], dtype=np.int64)
    cell = frame * max(len(names), 1) + who
    if len(np.unique(cell)) < len(cell):
        order = np.argsort(cell, kind="stable")
        again = order[1:][np.diff(cell[order]) == 0][0]
        raise StudyError(
            f"{path} has the animal '{rows.animal[again]}' twice in frame {frame[again]}: "
            "repair it."
        )
    if n * len(names) > max(1_000_000, 1000 * len(frame)):
        raise StudyError(f"{path} speaks of {len(names)} animals in {n} frames: repair it.")
    shape = (n, len(names), len(rows.points))
    xy, confidence = np.full((*shape, 2), np.nan), np.full(shape, np.nan)
    xy[frame, who] = rows.xy
    if rows.confidence is not None:
        sure = rows.confidence
        confidence[frame, who] = sure[:, None] if sure.ndim == 1 else sure
    whole = {name: np.full(shape[:2], np.nan) for name in rows.whole}
    for name, values in rows.whole.items():
        whole[name][frame, who] = values
    return Poses(source, names, rows.points, xy, confidence, whole=whole, open_ended=not n_frames)


def _ordered(rows: Rows) -> list[str]:
    """The animals in the order of the file, of their numbers, or of their appearance."""
    there = list(dict.fromkeys(rows.animal))
    if rows.order:
        return [name for name in rows.order if name in set(there)]
    return sorted(there, key=int) if all(name.isdecimal() for name in there) else there


def box_points(left: np.ndarray, top: np.ndarray, right: np.ndarray, bottom: np.ndarray,
               centre: np.ndarray | None = None) -> np.ndarray:  # fmt: skip
    """(k, 3, 2) the centre and the two corners of boxes, each side (k,) px."""
    corners = np.stack([np.stack([left, top], -1), np.stack([right, bottom], -1)], axis=1)
    middle = corners.mean(axis=1) if centre is None else centre
    return np.concatenate([middle[:, None], corners], axis=1)


def join(parts: Sequence[Poses], source: str) -> Poses:
    """Several files of one recording as one: their animals side by side."""
    first = parts[0]
    names = [name for one in parts for name in one.animals]
    if len(set(names)) < len(names):
        raise StudyError(
            f"Two of the files have an animal of the same name ({', '.join(names)}): give the "
            "files of one recording together."
        )
    if any((one.points, one.unit, one.fps) != (first.points, first.unit, first.fps)
           for one in parts):  # fmt: skip
        raise StudyError(
            "The files differ in points, unit or frame rate: give those of one recording."
        )
    n = max(one.n_frames for one in parts)
    columns = set.intersection(*(set(one.whole) for one in parts))
    before = np.cumsum([0, *(len(one.animals) for one in parts)]).tolist()
    return replace(
        first,
        source=source,
        animals=tuple(names),
        xy=np.concatenate([_longer(one.xy, n) for one in parts], axis=1),
        confidence=np.concatenate([_longer(one.confidence, n) for one in parts], axis=1),
        whole={
            name: np.concatenate([_longer(one.whole[name], n) for one in parts], axis=1)
            for name in sorted(columns)
        },
        notes=tuple(dict.fromkeys(note for one in parts for note in one.notes)),
        outlines=joined([(one.outlines, k) for one, k in zip(parts, before[:-1], strict=True)]),
    )


def _longer(values: np.ndarray, n_frames: int) -> np.ndarray:
    return arrange(np.arange(len(values)), values, n_frames)
