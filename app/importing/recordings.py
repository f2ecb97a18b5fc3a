"""Files that belong together: one recording each, with its format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.errors import AppError
from storage.readers.files import look
from storage.readers.registry import Reader, fits, readers


@dataclass(frozen=True)
class Source:
    """The files of one recording, and who reads them."""

    files: tuple[Path, ...]
    reader: Reader | None  # None when nobody knows them
    name: str | None = None  # of the recording, where it is not that of its only file


def group(files: Sequence[Path], format: str) -> list[Source]:
    """The recordings that files and folders hold; animals in files of their own are put together.

    Of a folder the files of one format are taken; what is no import is left alone there.
    """
    found: dict[tuple[str, str], list[Path]] = {}
    of: dict[tuple[str, str], Reader | None] = {}
    for file in _listed(files, format):
        head = look(file)
        reader = _reader_of(head, format)
        key = (reader.name if reader else "", str(file))
        if reader is not None and reader.recording_of is not None:
            key = (reader.name, reader.recording_of(head))
        found.setdefault(key, []).append(file)
        of[key] = reader
    return [
        Source(tuple(some), of[key], _name(key[1]) if len(some) > 1 else None)
        for key, some in found.items()
    ]


def _reader_of(head: object, format: str) -> Reader | None:
    known = readers()
    if format != "auto":
        if format not in known:
            raise AppError(f"There is no format '{format}': choose one of {', '.join(known)}.")
        return known[format]
    return next((one for one in known.values() if fits(one, head)), None)  # type: ignore[arg-type]


def _listed(files: Sequence[Path], format: str) -> list[Path]:
    """The files themselves, and those in folders that some reader takes, in alphabetical order."""
    found = []
    for file in files:
        if not file.is_dir():
            found.append(file)
            continue
        inside = [one for one in sorted(file.iterdir()) if one.is_file()]
        known = [one for one in inside if _reader_of(look(one), format) is not None]
        if not known:
            raise AppError(
                f"None of the {len(inside)} files in {file} can be imported: ethoscribe import "
                "--formats lists what can."
            )
        found += known
    return found


def _name(key: str) -> str:
    """What to call a recording of several files."""
    return Path(key).stem.rstrip("_") or "recording"
