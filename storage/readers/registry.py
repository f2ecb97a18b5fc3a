"""Every format that can be read: which reader knows a file, and what comes out of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from storage.errors import StudyError
from storage.readers.elsewhere import DECIDED, describe
from storage.readers.files import DAMAGE, Head, look
from storage.readers.poses import Poses, check, join
from storage.readers.scored import Bouts

# One module per format; each has NAME, TITLE, GIVES, KINDS, FILES, looks_like and read.
# The order is that of asking: what says more of itself comes first.
# Those that keep each animal in a file of its own also have recording_of(head); those that keep
# several recordings in one file have parts(path), and read(path, part).
MODULES = (
    "dlc", "sleap", "sleap_labels", "idtracker", "trex", "jabs", "movement", "nwb", "mot",
    "annolid", "octron", "coco", "mabe_tracks", "tracks_table", "fasttrack",
    "boris", "boris_tables", "nwb_bouts", "bento", "simba", "ethovision", "observer", "mabe",
    "dlcanalyzer", "bouts_table", "simba_tracks", "plain_tracks",
)  # fmt: skip
TRACKS, BOUTS = "tracks", "bouts"


@dataclass(frozen=True)
class Reader:
    """A format of another program: how to recognise a file by its content, and how to read it."""

    name: str  # as --format takes it
    title: str  # the program that writes such files
    gives: str  # tracks or bouts
    kinds: tuple[str, ...]  # of files, as Head.kind has them
    files: str  # what such a file is, in words
    looks_like: Callable[[Head], bool]
    read: Callable[..., Poses | Bouts]
    recording_of: Callable[[Head], str] | None = None  # same for the animals of one recording
    parts: Callable[[Path], list[str]] | None = None  # names of several recordings, else none


def readers(gives: str | None = None) -> dict[str, Reader]:
    """Every format that can be read, by name; with `gives`, those of tracks or of bouts.

    >>> readers()["dlc"].title
    'DeepLabCut'
    """
    found = [import_module(f"storage.readers.{name}") for name in MODULES]
    known = [
        Reader(
            one.NAME, one.TITLE, one.GIVES, one.KINDS, one.FILES, one.looks_like, one.read,
            getattr(one, "recording_of", None), getattr(one, "parts", None),
        )
        for one in found
    ]  # fmt: skip
    return {one.name: one for one in known if gives in (None, one.gives)}


def format_of(path: Path, gives: str | None = None) -> Reader | None:
    """The format of a file, told by what is in it; None when no reader knows it."""
    try:
        head = look(Path(path))
    except StudyError:
        return None
    return next((reader for reader in readers(gives).values() if fits(reader, head)), None)


def fits(reader: Reader, head: Head) -> bool:
    """Whether a reader knows this file; a damaged one is not known."""
    try:
        return head.kind in reader.kinds and reader.looks_like(head)
    except DAMAGE:
        return False


def read_file(
    path: Path | str, format: str = "auto", gives: str | None = None, part: str | None = None
) -> Poses | Bouts:
    """Read a file of another program; "auto" tells its format by what is in it.

    `part` is the one that is meant of several recordings of positions in one file.

    Poses are what body points and trajectories become, Bouts what scored behaviour becomes.
    Points at exactly (0, 0) without confidence above 0 are what programs write for "not found",
    and become missing; so does what is not finite. How many is in the notes.
    """
    path = Path(path)
    head = look(path)
    reader = _reader(head, format, gives)
    if part is not None and reader.parts is None:
        raise StudyError(
            f"{path} is a {reader.title} file, which has one recording: leave --recording out."
        )
    try:
        found = reader.read(path) if part is None else reader.read(path, part)
    except DAMAGE as error:
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        raise StudyError(
            f"{path} cannot be read as {reader.title} ({reason}): write it again there, or name "
            "another format with --format."
        ) from error
    return check(path, found) if isinstance(found, Poses) else found


def parts_of(path: Path, format: str = "auto") -> list[str]:
    """The recordings of positions that a file holds; none where it holds one."""
    reader = _reader(look(path), format, TRACKS)
    try:
        return reader.parts(path) if reader.parts else []
    except DAMAGE:
        return []  # reading it says what is wrong


def read_files(
    paths: Sequence[Path], format: str = "auto", part: str | None = None
) -> Poses | Bouts:
    """Read the files of one recording: several where a program has one for each animal."""
    if len(paths) == 1:
        return read_file(paths[0], format, part=part)
    parts = [read_file(path, format, TRACKS) for path in paths]
    poses = [one for one in parts if isinstance(one, Poses)]
    return check(paths[0], join(poses, poses[0].source))


def read_poses(path: Path | str, format: str = "auto") -> Poses:
    """Read a file of body points or trajectories."""
    found = read_file(path, format, TRACKS)
    if not isinstance(found, Poses):
        raise StudyError(f"{path} holds scored bouts and no positions.")
    return found


def read_bouts_file(path: Path | str, format: str = "auto") -> Bouts:
    """Read a file of scored bouts."""
    found = read_file(path, format, BOUTS)
    if not isinstance(found, Bouts):
        raise StudyError(f"{path} holds positions and no scored bouts.")
    return found


def _reader(head: Head, format: str, gives: str | None) -> Reader:
    known = readers(gives)
    if format != "auto":
        if format not in known:
            raise StudyError(f"There is no format '{format}': choose one of {', '.join(known)}.")
        return known[format]
    fitting = next((reader for reader in known.values() if fits(reader, head)), None)
    if fitting is not None:
        return fitting
    other = next((reader for reader in readers().values() if fits(reader, head)), None)
    if other is not None:
        raise StudyError(f"{head.path} is a {other.title} file of {other.gives}, not of {gives}.")
    what = describe(head)
    if what.startswith("damaged"):
        raise StudyError(
            f"{head.path} is {what}: copy it again, or write it again where it is from."
        )
    alike = [] if DECIDED in what else [
        reader for reader in known.values() if head.kind in reader.kinds
    ]  # fmt: skip
    titles = list(dict.fromkeys(reader.title for reader in alike))
    wanted = f"a file of {_either(titles)}" if titles else "a file that another program wrote"
    raise StudyError(
        f"{head.path} is {what}. Expected was {wanted}: ethoscribe import --formats "
        "lists what can be read, and --format names one."
    )


def _either(words: Sequence[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
