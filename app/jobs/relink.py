"""Find the files of a study again that were moved or renamed, by size and content hash."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from app.library import WAIT_S, reading
from app.workplace import VIDEO_SUFFIXES
from storage.study import is_study, open_study
from storage.videos import Video, file_is_there, file_state, place_video, videos
from tracking.video import content_hash

DEEPEST = 12  # folders below a given one


@dataclass(frozen=True)
class Search:
    """How far a search has come."""

    folder: Path  # where it looks
    files: int  # videos looked at
    found: int
    wanted: int


@dataclass(frozen=True)
class Found:
    """What a search has brought."""

    again: dict[str, Path] = field(default_factory=dict)  # video to its new place
    missing: list[str] = field(default_factory=list)  # still nowhere
    files: int = 0  # videos looked at


OnSearch = Callable[[Search], None]


def lost_videos(study: Path) -> list[Video]:
    """The recordings whose file is not where it was, or was replaced by another film."""
    with reading(study) as opened:
        everything = videos(opened)
    return [one for one in everything if one.has_pictures and not file_is_there(one)]


def where_is(video: Video) -> str:
    """What is wrong with the file of a recording, in words; empty when nothing is.

    Another film under the old name is another matter than no file at all.
    """
    if file_is_there(video):
        return ""
    size, _ = file_state(video.path)
    if size is None:
        return f"There is no file {video.path} any more."
    return f"Another film lies at {video.path} now."


def relink(study: Path, folders: Iterable[Path], on_search: OnSearch | None = None) -> Found:
    """Look for lost files in folders and those below, and note the new places of those found.

    Only files of the right size are read. `on_search` hears of every folder; a search that it
    ends by an exception keeps nothing.
    """
    wanted = {video.video_id: video for video in lost_videos(study)}
    places: dict[int, Path] = {}
    looked = 0
    for folder, files in _walk(folders, study):
        if len(places) == len(wanted):
            break
        if on_search:
            on_search(Search(folder, looked, len(places), len(wanted)))
        for path in files:
            looked += 1
            video = _which(path, [one for key, one in wanted.items() if key not in places])
            if video is not None:
                places[video.video_id] = path
    if places:
        with open_study(study, write=True, timeout_s=WAIT_S) as opened:
            for video_id, path in places.items():
                place_video(opened, video_id, path)
    return Found(
        {video.name: places[key] for key, video in wanted.items() if key in places},
        [video.name for key, video in wanted.items() if key not in places],
        looked,
    )


def _which(path: Path, wanted: list[Video]) -> Video | None:
    """The recording that this file is. The size alone rules nearly every file out."""
    size, _ = file_state(path)
    alike = [one for one in wanted if size is not None and one.file_bytes in (None, size)]
    if not alike:
        return None
    try:
        found = content_hash(path)
    except OSError:
        return None
    return next((one for one in alike if one.content_hash == found), None)


def _walk(folders: Iterable[Path], study: Path) -> Iterator[tuple[Path, list[Path]]]:
    """Every folder once with its videos; not links, hidden folders and other studies."""
    seen: set[Path] = set()
    for top in folders:
        depth = len(top.parts)
        for here, below, names in os.walk(top):
            folder = Path(here)
            deep = len(folder.parts) - depth >= DEEPEST
            kept = [] if deep else sorted(n for n in below if not n.startswith("."))
            below[:] = [name for name in kept if folder / name not in seen]
            if is_study(folder) and folder != study:
                below.clear()
                continue
            if folder in seen:
                continue
            seen.add(folder)
            found = [folder / name for name in sorted(names) if not name.startswith(".")]
            files = [p for p in found if p.suffix.lower() in VIDEO_SUFFIXES and not p.is_symlink()]
            yield folder, files
