"""What the results of a study are made of, read once for every state of the data."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from app.library import reading
from app.results.cache import Kept
from app.results.filters import Filters, chosen_animals
from app.results.naming import natural
from storage.data_state import (
    ScoredVideo,
    VideoData,
    data_of_videos,
    scored_videos,
    watchers_of_videos,
)
from storage.metadata import animal_metadata
from storage.scored_bouts import NO_SUBJECT
from storage.snapshot import write_snapshot

if TYPE_CHECKING:
    from llm_query.recording import Recording

KEYS = ("video", "animal")
AT_ONCE = 32  # videos that are read while the study is open


@dataclass(frozen=True, eq=False)
class Overview:
    """All that one brief look at a study says: nothing is computed from tracks for it."""

    study: Path
    videos: tuple[VideoData, ...]
    known: pd.DataFrame  # a row per animal: video, animal, then the metadata
    watched: pd.DataFrame  # who looked for what in which video, see watchers_of_videos

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the videos."""
        return tuple(one.video.name for one in self.videos)

    @cached_property
    def looked(self) -> dict[str, list[dict]]:
        """Who looked for what, by video."""
        found: dict[str, list[dict]] = {}
        for row in self.watched.to_dict("records"):
            found.setdefault(row["video"], []).append(row)
        return found

    @cached_property
    def choices(self) -> dict[str, tuple[str, ...]]:
        """What each filter can be set to."""
        animals = [name for one in self.videos for name in one.animals]
        animals += [str(name) for name in self.known["animal"] if name != NO_SUBJECT]
        return {
            "videos": self.names,
            "animal": tuple(sorted(dict.fromkeys(animals), key=natural)),
            "behaviour": tuple(dict.fromkeys(map(str, self.watched["behaviour"]))),
            "who": tuple(dict.fromkeys(map(watcher, self.watched.to_dict("records")))),
            "by": tuple(str(name) for name in self.known.columns if name not in KEYS),
        }

    def groups(self, column: str) -> tuple[str, ...]:
        """The values of one column of the metadata, in the order of the alphabet."""
        if column not in self.known.columns:
            return ()
        return tuple(sorted({str(value) for value in self.known[column] if value is not None}))

    def data(self, name: str) -> VideoData:
        """What there is of the video of this name."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, VideoData]:
        return {one.video.name: one for one in self.videos}

    def shown(self, filters: Filters) -> dict[str, tuple[str, ...]]:
        """The animals that the filters leave, by video."""
        return chosen_animals(self.known, self.names, filters)


@dataclass(frozen=True)
class Watcher:
    """One behaviour as one watcher saw it, in the videos where it was looked for."""

    behaviour: str
    source: str
    annotator: str | None
    videos: tuple[str, ...]
    directed: bool  # some bouts have a target
    whole: frozenset[str] = frozenset()  # of the videos, those that were watched to the end for it
    subjects: Mapping[str, frozenset[str]] = field(default_factory=dict)  # by video, see below

    def watched(self, video: str, animals: Sequence[str]) -> list[str]:
        """Those of the animals that were watched: of an answer about some of them, only these."""
        return [one for one in animals if one in self.subjects.get(video, animals)]

    @property
    def who(self) -> str:
        """The person, or the source where no person did."""
        return self.annotator or self.source


def watcher(row: Mapping[Any, Any]) -> str:
    """Who kept a bout: the person, or the source where it was no person."""
    name = row.get("annotator")
    return name if isinstance(name, str) and name else str(row["source"])


def overview(study: Path) -> Overview:
    """Look at a study once."""
    with reading(study) as opened:
        return Overview(
            study, tuple(data_of_videos(opened)), animal_metadata(opened),
            watchers_of_videos(opened),
        )  # fmt: skip


def behaviours(seen: Overview, filters: Filters, videos: Sequence[str]) -> list[Watcher]:
    """The behaviours that the filters leave, each as one watcher saw it, in these videos."""
    found: dict[tuple[str, str, str | None], list[dict]] = {}
    for row in [row for name in videos for row in seen.looked.get(name, ())]:
        if filters.behaviour and row["behaviour"] not in filters.behaviour:
            continue
        if filters.who and watcher(row) not in filters.who:
            continue
        annotator = row["annotator"] if isinstance(row["annotator"], str) else None
        found.setdefault((row["behaviour"], row["source"], annotator), []).append(row)
    return [
        Watcher(*key, tuple(dict.fromkeys(row["video"] for row in rows)),
                any(row["directed"] for row in rows),
                frozenset(row["video"] for row in rows if row["looked"]),
                {row["video"]: frozenset(row["subjects"]) for row in rows
                 if row["subjects"] is not None})
        for key, rows in sorted(found.items(), key=lambda item: (*item[0][:2], item[0][2] or ""))
    ]  # fmt: skip


_recordings: Kept[Recording] = Kept(2)
_scored: Kept[ScoredVideo] = Kept(2 * AT_ONCE)


def recording_of(study: Path, one: VideoData) -> Recording:
    """One video's trajectories as analysis sees them, without its bouts; kept for two videos."""

    def read() -> Recording:
        from llm_query.recording import Recording

        with tempfile.TemporaryDirectory(prefix="ethoscribe-") as folder:
            with reading(study) as opened:
                write_snapshot(opened, one.video.video_id, folder, needs_masks=False, learned=())
            recording = Recording.load(folder)
        pa.default_memory_pool().release_unused()  # of two hours, it would keep twice their size
        return recording

    return _recordings.get((study, one.video.video_id, one.tracks_state), read)


def scored_of(seen: Overview, names: Sequence[str]) -> Iterator[tuple[str, ScoredVideo]]:
    """Bouts and frame times of videos, one after the other; the study is opened for many at once.

    Kept for some videos, for every state of their bouts and tracks; not to be changed.
    """
    for first in range(0, len(names), AT_ONCE):
        some = [seen.data(name) for name in names[first : first + AT_ONCE]]
        keys = [(seen.study, d.video.video_id, d.bouts_state, d.tracks_state) for d in some]
        new = [k for k, key in enumerate(keys) if key not in _scored]
        read: dict[int, ScoredVideo] = {}
        if new:
            with reading(seen.study) as opened:
                videos = scored_videos(opened, [some[k] for k in new])
            read = dict(zip(new, videos, strict=True))
        for k, (one, key) in enumerate(zip(some, keys, strict=True)):
            yield one.video.name, _scored.get(key, partial(_given, read.get(k), seen, one))


def _given(made: ScoredVideo | None, seen: Overview, one: VideoData) -> ScoredVideo:
    return made or _read(seen, one)


def _read(seen: Overview, one: VideoData) -> ScoredVideo:
    with reading(seen.study) as opened:
        return scored_videos(opened, [one])[0]
