"""From a video to tables of tracks, masks and body points, chunk by chunk in bounded memory.

The detections that ``tracking.segmenting`` left are gone over twice: first every animal is followed
in a slot, and then, when it is known who was in which slot at what time, the tables are written.
However the work before was interrupted or divided, the tables are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tracking.arenas.division import Arenas, ArenaTracker
from tracking.detections import AnimalSizes
from tracking.following.heading import Direction, direct
from tracking.following.slots import read_places, read_slots, renamed, slots_file, write_slots
from tracking.identities.absences import absences, lost_exchanges, wanted
from tracking.identities.confidence import row_confidence
from tracking.identities.contacts import looked_into
from tracking.identities.crops import Sightings
from tracking.identities.dividing import divide_again
from tracking.identities.doubtful import TrackFiles, doubts_table
from tracking.identities.evidence import Method, appearance
from tracking.identities.fragments import Fragment, Stretches, fragments_of
from tracking.identities.moments import Moments
from tracking.identities.shades import shades_of, told_by_shade
from tracking.identities.solution import Solution, linked, solve
from tracking.networks.running.association import OWN, Association, OtherTracker
from tracking.segmenting import OnProgress, detections_file, quiet
from tracking.shards import chunk_bounds, read_shard, write_parquet
from tracking.tables import (
    crossings_table,
    fragments_table,
    keypoints_table,
    masks_table,
    tracks_table,
)
from tracking.tracker import AXIS, LENGTH, Exchange, Tracked, Tracker
from tracking.video import VideoInfo

LOOKING = 0.3  # share of the work that learning appearance is said to be, where it is learned


@dataclass(frozen=True)
class Tables:
    """The files of one finished run, in order of frames."""

    tracks: list[Path] = field(default_factory=list)
    masks: list[Path] = field(default_factory=list)
    keypoints: list[Path] = field(default_factory=list)
    fragments: list[Path] = field(default_factory=list)
    crossings: list[Path] = field(default_factory=list)
    doubts: list[Path] = field(default_factory=list)
    identified: dict[str, Any] = field(default_factory=dict)  # by what, and how well


@dataclass
class Followed:
    """What is known of a whole video once every animal was followed in a slot."""

    alone: Stretches  # in an outline of their own
    seen: Stretches
    sightings: Sightings
    exchanges: list[Exchange] = field(default_factory=list)


def identify_video(
    info: VideoInfo, n_animals: int, settings: AnimalSizes, folder: Path,
    on_progress: OnProgress = quiet, arenas: Arenas | None = None, method: Method = "none",
    association: Association = OWN,
) -> Tables:  # fmt: skip
    """Find identities over all shards in ``folder`` and write the tables beside them.

    ``method`` is how appearance is looked at; see ``tracking.identities.evidence``. Another
    ``association`` follows the animals with a tracker of ultralytics, for comparison.
    """
    looking = LOOKING if method != "none" and n_animals > 1 else 0.0
    rest = 1 - looking
    follows, looks, again, divides, writes = _shares(
        on_progress, info.n_frames, (0.4 * rest, looking, 0.1 * rest, 0.1 * rest, 0.4 * rest)
    )
    tracker = _tracker(info, n_animals, settings, arenas, association)
    followed = _follow(info, tracker, n_animals, folder, follows)
    lived = arenas.slots if arenas is not None else np.zeros(n_animals, int)
    _add_lost(info, followed, lived, settings.typical_length_px, folder)
    moments = _moments(info, followed.exchanges, folder)
    fragments, crossings = fragments_of(followed.exchanges, followed.alone, info.n_frames)
    seen_as, identified = _looks(info, fragments, followed, method, looks)
    found = moments.found()
    solution = solve(fragments, crossings, found, seen_as, followed.alone)
    if method != "none":  # else nobody looks at the picture
        told = looked_into(info, folder, fragments, crossings, solution.left_as_said, found, again)
        if told:
            solution = solve(fragments, crossings, found, seen_as, followed.alone, told)
        identified["contacts_looked_into"] = len(told)
        shaded = told_by_shade(fragments, solution, followed.sightings, seen_as)
        if shaded is not seen_as:
            solution = solve(fragments, crossings, found, shaded, followed.alone, told)
        shades = shades_of(fragments, crossings, solution, followed.sightings)
        identified["frames_divided_by_shade"] = divide_again(
            info, folder, fragments, crossings, solution, shades, divides
        )
    tables = _write(info, solution, folder, writes)
    tables.identified.update(identified)
    crossed = crossings_table(crossings, moments.kinds(crossings), solution, info.n_frames)
    _keep(folder, tables, "fragments", fragments_table(fragments, solution))
    _keep(folder, tables, "crossings", crossed)
    files = TrackFiles(tables.tracks, n_animals)
    _keep(folder, tables, "doubts", doubts_table(files, info.time_s, crossed))
    return tables


def _shares(on_progress: OnProgress, n_frames: int, shares: Sequence[float]) -> list[OnProgress]:
    """Progress of several parts, each with its share of the work, told as frames of the video."""

    def part(before: float, share: float) -> OnProgress:
        def tell(done: int, total: int) -> None:
            on_progress(round(n_frames * (before + share * done / max(total, 1))), n_frames)

        return tell

    befores = np.cumsum([0.0, *shares])
    return [part(float(b), s) for b, s in zip(befores, shares, strict=False)]


def _tracker(
    info: VideoInfo, n_animals: int, settings: AnimalSizes, arenas: Arenas | None,
    association: Association,
) -> Tracker | ArenaTracker | OtherTracker:  # fmt: skip
    if association != OWN:
        return OtherTracker(association, n_animals, float(info.fps), (info.height, info.width))
    if arenas is not None:
        return ArenaTracker(arenas, settings, info)
    areas = settings.areas(n_animals)
    return Tracker(n_animals, areas, settings.typical_length_px, info.time_s)


def _follow(
    info: VideoInfo, tracker: Tracker | ArenaTracker | OtherTracker, n_slots: int, folder: Path,
    on_progress: OnProgress,
) -> Followed:  # fmt: skip
    """Follow every animal in a slot through all chunks; what is found of each is kept on disk."""
    followed = Followed(Stretches(n_slots), Stretches(n_slots), Sightings())
    for start, stop in chunk_bounds(info):
        tracked = tracker.track(read_shard(detections_file(folder, start), start, stop))
        write_slots(slots_file(folder, start), tracked)
        followed.exchanges += tracked.exchanges
        followed.alone.add(start, tracked.rows >= 0)
        followed.seen.add(start, tracked.detected)
        followed.sightings.note(folder, tracked)
        on_progress(stop, info.n_frames)
    return followed


def _add_lost(
    info: VideoInfo, followed: Followed, lived: np.ndarray, length: float, folder: Path
) -> None:
    """Add the exchanges that may have been while several animals of one arena were out of sight."""
    gone = absences(followed.seen, info.n_frames, float(info.fps))
    known: dict[tuple[int, int], np.ndarray] = {}
    asked = sorted(wanted(gone))
    for start, stop in chunk_bounds(info):
        here = [(frame, slot) for frame, slot in asked if start <= frame < stop]
        if here:
            places = read_places(slots_file(folder, start)).astype(np.float64)
            known |= {(slot, frame): places[frame - start, slot] for frame, slot in here}
    nowhere = np.full(2, np.nan)
    lost = lost_exchanges(
        gone, lived, lambda slot, frame: known.get((slot, frame), nowhere), float(info.fps), length
    )
    told = {(x.frame, x.a, x.b) for x in followed.exchanges}
    followed.exchanges += [x for x in lost if (x.frame, x.a, x.b) not in told]


def _moments(info: VideoInfo, exchanges: list[Exchange], folder: Path) -> Moments:
    """When, within each possible exchange, it would have been."""
    moments = Moments(exchanges)
    for start, stop in chunk_bounds(info):
        if any(x.start < stop and x.frame > start for x in exchanges):
            moments.look(start, read_places(slots_file(folder, start)))
    return moments


def _looks(
    info: VideoInfo, fragments: list[Fragment], followed: Followed, method: Method,
    on_progress: OnProgress,
) -> tuple[np.ndarray, dict[str, Any]]:  # fmt: skip
    """(fragments, N) log likelihood of each fragment under the appearances of the animals that it
    may be: those of the slots that are linked to its own. Others need not be told apart.

    Also says how well that went, of every group of slots.
    """
    n = followed.alone.n
    looks, quality = np.zeros((len(fragments), n)), []
    groups = [g for g in linked(n, followed.exchanges) if len(g) > 1]
    for number, slots in enumerate(groups if method != "none" else []):
        which = [k for k, fragment in enumerate(fragments) if fragment.slot in slots]
        tell = _shares(on_progress, 1000, [1 / len(groups)] * len(groups))[number]
        seen = appearance(
            [fragments[k] for k in which], followed.sightings, len(slots), method,
            float(info.fps), tell,
        )  # fmt: skip
        looks[np.ix_(which, slots)] = seen.log_likelihood
        quality.append({"slots": [s + 1 for s in slots], "method": seen.method, **seen.quality})
    return looks, {"method": method, "groups": quality}


def _write(info: VideoInfo, solution: Solution, folder: Path, on_progress: OnProgress) -> Tables:
    """Go over all chunks again and write down every animal under its own number."""
    tables, direction = Tables(), Direction.unknown(solution.animals.shape[1])
    bounds = chunk_bounds(info)
    now = _named(solution, folder, bounds[0][0])
    for (start, stop), following in zip(bounds, [*bounds[1:], None], strict=True):
        ahead = _named(solution, folder, following[0]) if following else None
        tracked, confidence = now
        headings, direction = _directed(info, tracked, ahead[0] if ahead else None, direction)
        chunk = read_shard(detections_file(folder, start), start, stop)
        for name, table in (
            ("tracks", tracks_table(info, tracked, headings, confidence)),
            ("masks", masks_table(chunk, tracked)),
            ("keypoints", keypoints_table(tracked, headings)),
        ):
            _keep(folder, tables, name, table, f"-{start:09d}")
        on_progress(stop, info.n_frames)
        now = ahead or now
    return tables


def _named(solution: Solution, folder: Path, start: int) -> tuple[Tracked, np.ndarray]:
    """One tracked chunk by animals instead of slots, and the confidence (F, N) of its rows."""
    slots = read_slots(slots_file(folder, start))
    who = solution.animals[solution.rows(np.arange(slots.start, slots.stop))]
    sure = row_confidence(solution, slots.start, slots.stop)
    return renamed(slots, who), np.take_along_axis(sure, np.argsort(who, 1), 1)


def _directed(
    info: VideoInfo, tracked: Tracked, ahead: Tracked | None, direction: Direction
) -> tuple[np.ndarray, Direction]:
    """Direct the axes of one chunk, with the next to look ahead to."""
    shapes = tracked.shapes
    if ahead is not None:
        shapes = np.concatenate((shapes, ahead.shapes))
    shapes = shapes.astype(np.float64)
    return direct(
        shapes[..., :2], shapes[..., AXIS], shapes[..., LENGTH],
        info.time_s[tracked.start : tracked.start + len(shapes)],
        tracked.stop - tracked.start, direction,
    )  # fmt: skip


def _keep(folder: Path, tables: Tables, name: str, table: pa.Table, suffix: str = "") -> None:
    """Write one file of a table and note it."""
    path = folder / f"{name}{suffix}.parquet"
    write_parquet(table, path)
    getattr(tables, name).append(path)
