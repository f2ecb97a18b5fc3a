"""Pose files of other programs: which reader knows a file, and what every reader gives back."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from importlib import import_module
from pathlib import Path

import h5py
import numpy as np

from storage.errors import StudyError

MAX_VALUES = 500_000_000  # in one dataset: 4 GB
# One module per format; each has NAME, TITLE, detect(path) and read(path).
MODULES = ("storage.readers.dlc", "storage.readers.sleap")
SPARSEST, FEW_FRAMES = 20, 200_000  # of more frames than that, a row for every 20th is expected

# What h5py, csv and pandas raise over files that are damaged or something else.
_DAMAGE = (
    OSError, KeyError, ValueError, IndexError, TypeError, AttributeError, RuntimeError,
    StopIteration, csv.Error,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Poses:
    """Body points of all animals in every frame, in px from the top left; NaN where not found."""

    source: str  # "dlc", "sleap", ...
    animals: tuple[str, ...]
    points: tuple[str, ...]
    xy: np.ndarray  # (n_frames, n_animals, n_points, 2) float64
    confidence: np.ndarray  # (n_frames, n_animals, n_points) 0 to 1; NaN where the file has none
    scorer: str = ""  # the network or person that found the points
    fps: Fraction | None = None  # when the file says so
    px_per_cm: float | None = None  # when the file says so
    notes: tuple[str, ...] = ()  # what was decided while reading, in words

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

    def noting(self, *notes: str) -> Poses:
        """The same poses with more said about how they came to be."""
        return replace(self, notes=(*self.notes, *notes))


@dataclass(frozen=True)
class Reader:
    """A format of pose files: how to recognise one by its content, and how to read it."""

    name: str  # as --format takes it
    title: str  # the program that writes such files
    detect: Callable[[Path], bool]
    read: Callable[[Path], Poses]


def readers() -> dict[str, Reader]:
    """Every format that can be read, by name.

    >>> sorted(readers())[:1]
    ['dlc']
    """
    found = [import_module(name) for name in MODULES]
    return {one.NAME: Reader(one.NAME, one.TITLE, one.detect, one.read) for one in found}


def format_of(path: Path) -> Reader | None:
    """The format of a pose file, told by what is in it; None when it is no pose file."""
    return next((reader for reader in readers().values() if _fits(reader, path)), None)


def read_poses(path: Path | str, format: str = "auto") -> Poses:
    """Read a pose file; "auto" tells its format by what is in it, whatever it is called.

    Points at exactly (0, 0) without confidence above 0 are what programs write for "not found",
    and become missing; so does what is not finite. How many is in the notes.
    """
    path, known = Path(path), readers()
    if not path.is_file():
        raise StudyError(f"There is no file {path}: check the name and the folder.")
    if format == "auto":
        fitting = format_of(path)
        if fitting is None:
            raise StudyError(
                f"{path} is no pose file that is known here: it should come from "
                f"{_either(known)}. Name the format with --format if it does."
            )
        reader = fitting
    elif format in known:
        reader = known[format]
    else:
        raise StudyError(f"There is no format '{format}': choose one of {', '.join(known)}.")
    try:
        poses = reader.read(path)
    except _DAMAGE as error:
        reason = " ".join(str(error).split())[:120]
        raise StudyError(
            f"{path} cannot be read as a {reader.title} file ({reason}): write it again, or name "
            "another format with --format."
        ) from error
    if not poses.n_frames or not poses.animals or not poses.points:
        raise StudyError(f"{path} has no frame with a body point in it: export it again.")
    return without_placeholders(poses)


def without_placeholders(poses: Poses) -> Poses:
    """Make the points missing that are only written as a place: (0, 0) and what is not finite."""
    zero = (poses.xy == 0).all(axis=-1) & ~(poses.confidence > 0)
    strange = ~np.isfinite(poses.xy).all(axis=-1)
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
    return replace(poses, xy=np.where(doubtful[..., None], np.nan, poses.xy)).noting(
        f"points with a confidence below {min_confidence:g} taken as 'not found': "
        f"{int(doubtful.sum())} ({share:.1%})"
    )


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
    whole = np.isfinite(numbers).all() and (numbers == np.floor(numbers)).all()
    if not whole or numbers.min() < 0 or len(np.unique(numbers)) < len(numbers):
        raise StudyError(f"{path} has frame numbers that are missing, twice or below 0: repair it.")
    # A damaged number must not ask for more memory than there is.
    if numbers.max() >= SPARSEST * len(numbers) + FEW_FRAMES:
        raise StudyError(
            f"{path} has {len(numbers)} rows and speaks of frame {int(numbers.max())}: that is no "
            "frame number, repair it."
        )
    return int(numbers.max()) + 1


def is_hdf5(path: Path) -> bool:
    """Whether a file is HDF5, by its first bytes."""
    try:
        return path.is_file() and bool(h5py.is_hdf5(path))
    except OSError:
        return False


def read_values(group: h5py.Group, name: str) -> np.ndarray:
    """A dataset's values, from this file and no other, and only as many as poses may have."""
    link = group.get(name, getlink=True)
    node = group.get(name) if isinstance(link, h5py.HardLink | h5py.SoftLink) else None
    if not isinstance(node, h5py.Dataset) or node.external or node.is_virtual:
        raise ValueError(f"{name} is missing or lies in another file")
    if (node.size or 0) > MAX_VALUES:
        raise ValueError(f"{name} has {node.size} values")
    return np.asarray(node[()])


def first_lines(path: Path, count: int) -> list[str]:
    """The first lines of a text file; none when it is no text."""
    try:
        with path.open(encoding="utf-8-sig", newline=None) as file:
            return [line.rstrip("\n") for line, _ in zip(file, range(count), strict=False)]
    except (OSError, UnicodeDecodeError):
        return []


def text_of(value: object) -> str:
    """A name from an HDF5 file, whether it is stored as bytes or as text."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _fits(reader: Reader, path: Path) -> bool:
    try:
        return reader.detect(path)
    except _DAMAGE:
        return False


def _either(known: dict[str, Reader]) -> str:
    titles = [reader.title for reader in known.values()]
    return " or ".join([", ".join(titles[:-1]), titles[-1]] if titles[1:] else titles)
