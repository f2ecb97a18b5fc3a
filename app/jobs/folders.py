"""Which videos a person means by files, folders and patterns, and what their folders say of them.

Folders as NeuroBlueprint and BIDS have them: names of key-value pairs with underscores between,
`rawdata/sub-001_sex-F/ses-01_date-20250131/behav/sub-001_ses-01_cage.mp4`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from app.errors import AppError
from app.workplace import VIDEO_SUFFIXES
from storage.study import is_study

LONG_NAMES = {"sub": "subject", "ses": "session"}
_PAIR = re.compile(r"([A-Za-z][A-Za-z0-9]*)-(.+)")
_WILD = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class Found:
    """A video file, and what the names of its folders say."""

    path: Path
    facts: dict[str, str] = field(default_factory=dict)  # subject, session, date and others
    name: str | None = None  # what to call it where the file's name does not say the subject


def find_videos(given: Iterable[Path]) -> list[Found]:
    """The videos that are meant, each once, in the order given; folders with all below them.

    A file that is named is taken as it is, whatever it is; a folder or pattern without any video
    is an error.
    """
    paths: dict[Path, Path] = {}
    for one in given:
        for path in _meant(one):
            paths.setdefault(path.absolute(), path)
    return [
        Found(path, facts, _telling_name(path, facts))
        for path, facts in ((path, facts_of(path)) for path in paths.values())
    ]


def facts_of(path: Path) -> dict[str, str]:
    """What the names of a video and its folders say, where they begin with a subject.

    >>> facts_of(Path("raw/sub-07_sex-F/ses-02_date-20250131/behav/cage.mp4"))
    {'subject': '07', 'sex': 'F', 'session': '02', 'date': '2025-01-31'}
    >>> facts_of(Path("videos/well-known_cage-3.mp4"))
    {}
    """
    parts = [*path.absolute().parts[:-1], path.stem]
    first = next((k for k, part in enumerate(parts) if part.startswith("sub-")), None)
    facts: dict[str, str] = {}
    for part in parts[first:] if first is not None else []:
        for key, value in _pairs(part):
            # A folder goes before the file in it, which says it again.
            facts.setdefault(LONG_NAMES.get(key, key), _plain_date(key, value))
    return facts


def _pairs(name: str) -> list[tuple[str, str]]:
    found = [_PAIR.fullmatch(piece) for piece in name.split("_")]
    return [(match[1], match[2]) for match in found if match]


def _plain_date(key: str, value: str) -> str:
    """A date as everybody writes it; what is none stays as it is."""
    try:
        if key == "date":
            return date.fromisoformat(value).isoformat()
        if key == "datetime":
            return datetime.strptime(value, "%Y%m%dT%H%M%S").isoformat()
        if key == "time":
            return datetime.strptime(value, "%H%M%S").time().isoformat()
    except ValueError:
        return value
    return value


def _telling_name(path: Path, facts: dict[str, str]) -> str | None:
    """Subject, session and file, where the file's own name does not say the subject.

    Cameras call every film of every subject alike.
    """
    subject = facts.get("subject")
    if subject is None or f"sub-{subject}" in path.stem:
        return None
    said = [f"{short}-{facts[key]}" for short, key in LONG_NAMES.items() if key in facts]
    return "_".join([*said, path.stem])


def _meant(given: Path) -> list[Path]:
    if given.is_dir():
        return _in_folder(given)
    if given.exists() or not _WILD.search(str(given)):
        return [given]
    given = given.expanduser()
    wild = next(k for k, part in enumerate(given.parts) if _WILD.search(part))
    folder = Path(*given.parts[:wild])
    matching = sorted(folder.glob(str(Path(*given.parts[wild:]))))
    videos = [path for path in matching if _is_video(path) and not _is_apart(path, folder)]
    if not videos:
        raise AppError(f"No video is called {given}. Check the folder and the pattern.")
    return videos


def _in_folder(folder: Path) -> list[Path]:
    """All videos in a folder and below, but those of a study in it and hidden ones."""
    found = sorted(folder.rglob("*"))
    videos = [path for path in found if _is_video(path) and not _is_apart(path, folder)]
    if not videos:
        kinds = ", ".join(sorted(suffix[1:] for suffix in VIDEO_SUFFIXES))
        raise AppError(f"{folder} is a folder without a video in it or below ({kinds}).")
    return videos


def _is_apart(path: Path, folder: Path) -> bool:
    """Whether a file is hidden, or in a study that is somewhere in the folder."""
    around = [one for one in path.relative_to(folder).parents if one.name]
    hidden = any(one.name.startswith(".") for one in (path, *around))
    return hidden or any(is_study(folder / one) for one in around)


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES and path.is_file()
