"""What a list of doubtful places is made from: the stored ones, the tracks, and what people did."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd

from storage.edit_tracks import find_animal
from storage.edits import log
from storage.errors import StudyError
from storage.identities import has_identities, now_called, standing_swaps, stored_rows
from storage.study import Study
from storage.track_rows import active_id
from storage.videos import animal_names, frame_times


@dataclass(frozen=True)
class Paths:
    """The tracks of n animals over F frames; NaN where an animal was not found."""

    time_s: np.ndarray  # (F,)
    xy: np.ndarray  # (F, n, 2) px
    filled: np.ndarray  # (F, n) bool: a person filled the gap
    confidence: np.ndarray  # (F, n)
    lengths: np.ndarray  # (F, n) px, of the body
    animals: tuple[int, ...]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Settled:
    """A correction or a tick: by whom and when."""

    author: str
    at_utc: str  # as in 2026-03-01 09:30:00


def stored_doubts(study: Study, video_id: int) -> pd.DataFrame | None:
    """What tracking found doubtful, animals as they are called now; None where it did not look.

    Columns doubt_id, kind, start_frame, stop_frame, animals (lists of numbers), score, why.
    """
    return _as_called(study, video_id, "doubts")


def stored_crossings(study: Study, video_id: int) -> pd.DataFrame | None:
    """The crossings that tracking found, likewise; with probability and kind."""
    return _as_called(study, video_id, "crossings")


def _as_called(study: Study, video_id: int, table: str) -> pd.DataFrame | None:
    if not has_identities(study, video_id):
        return None
    rows, swaps = stored_rows(study, table, video_id), standing_swaps(study, video_id)
    here = animal_names(study, video_id)  # without those that a person took off
    needed = rows["animals"].map(len).clip(upper=2)
    rows["animals"] = [
        sorted(k for k in (now_called(int(one), frame, swaps) for one in who) if k in here)
        for who, frame in zip(rows["animals"], rows["start_frame"], strict=True)
    ]
    left = rows["animals"].map(len) >= needed
    return rows[left].reset_index(drop=True)


def read_paths(study: Study, video_id: int) -> Paths:
    """The tracks of the active run as arrays."""
    run_id = active_id(study, video_id)
    names = animal_names(study, video_id)
    time_s = frame_times(study, video_id)
    table = study.arrow(
        "SELECT frame, animal_id, x_px, y_px, detected, identity_confidence, length_px "
        "FROM tracks SEMI JOIN animals USING (video_id, animal_id) "
        "WHERE run_id = ? AND video_id = ?",
        [run_id, video_id],
    )
    column = {name: table[name].to_numpy() for name in table.column_names}
    order = {number: k for k, number in enumerate(names)}
    slots = np.array([order.get(k, -1) for k in range(max(order) + 1)])
    at = (column["frame"], slots[column["animal_id"]])
    shape = (len(time_s), len(names))
    xy = np.full((*shape, 2), np.nan)
    confidence, lengths = np.full(shape, np.nan), np.full(shape, np.nan)
    xy[at] = np.stack((column["x_px"], column["y_px"]), 1)
    confidence[at], lengths[at] = column["identity_confidence"], column["length_px"]
    seen = np.zeros(shape, bool)
    seen[at] = column["detected"]
    filled = ~seen & np.isfinite(xy[..., 0])
    xy[~seen] = np.nan
    return Paths(time_s, xy, filled, confidence, lengths, tuple(names), tuple(names.values()))


def places_at(study: Study, video_id: int, frames: list[int]) -> dict[tuple[int, int], list[float]]:
    """Where animals are in some frames: [x, y] in px by frame and number of the animal."""
    rows = study.rows(
        "SELECT frame, animal_id, x_px, y_px FROM tracks JOIN (SELECT unnest($frames::INTEGER[]) "
        "AS frame) USING (frame) WHERE run_id = $run AND video_id = $video AND x_px IS NOT NULL",
        {"frames": sorted(set(frames)), "run": active_id(study, video_id), "video": video_id},
    )
    return {(frame, animal): [x, y] for frame, animal, x, y in rows}


def nearest_frames(
    study: Study, video_id: int, meetings: list[tuple[int, int, int, int]]
) -> list[int | None]:
    """In which frame of each (start, stop, animal, other) the two were nearest; None if in none."""
    rows = (
        study.rows(
            "WITH met AS (SELECT row_number() OVER () AS number, m FROM (SELECT "
            "unnest($meetings::INTEGER[][]) AS m)), each AS (SELECT number, m[3] AS a, m[4] AS b, "
            "unnest(range(m[1], m[2])) AS frame FROM met) "
            "SELECT number, arg_min(x.frame, (x.x_px - y.x_px)^2 + (x.y_px - y.y_px)^2) FROM each "
            "JOIN (FROM tracks WHERE run_id = $run AND video_id = $video AND x_px IS NOT NULL) x "
            "ON x.frame = each.frame AND x.animal_id = a "
            "JOIN (FROM tracks WHERE run_id = $run AND video_id = $video AND x_px IS NOT NULL) y "
            "ON y.frame = each.frame AND y.animal_id = b GROUP BY number",
            {"meetings": meetings, "run": active_id(study, video_id), "video": video_id},
        )
        if meetings
        else []
    )
    found = dict(rows)
    return [found.get(number + 1) for number in range(len(meetings))]


def settled_links(study: Study, video_id: int, paths: Paths) -> np.ndarray:
    """(F, n) number of the standing edit that decided who this is, or that it is who was there
    before; 0 where none did."""
    settled = np.zeros(paths.filled.shape, np.int64)
    run_id, last = active_id(study, video_id), len(settled)
    edits = log(study, video_id)
    known: dict[str, int | None] = {}
    edits = edits[edits["stands"] & (edits["run_id"] == run_id) & (edits["scope"] == "tracks")]
    for number, kind, text in zip(edits["edit_id"], edits["kind"], edits["data"], strict=True):
        data = json.loads(text)
        who = [data[name] for name in ("a", "b", "animal") if name in data]
        for one in who:
            if str(one) not in known:
                known[str(one)] = _column(study, video_id, paths, one)
        columns = [k for k in (known[str(one)] for one in who) if k is not None]
        if len(columns) < len(who):  # renamed since
            columns = list(range(len(paths.animals)))
        start = data.get("frame", data.get("start_frame"))
        stop = start + 1 if "frame" in data else data.get("stop_frame")
        if kind in ("tracks.swap", "tracks.mask"):
            settled[start, columns] = number
        if kind == "tracks.delete":
            gone = np.isnan(paths.xy[start:stop, columns, 0])
            settled[start:stop, columns] = np.where(gone, number, settled[start:stop, columns])
        if kind in ("tracks.swap", "tracks.mask", "tracks.delete") and stop is not None:
            settled[min(stop, last - 1), columns] = number
    return settled


def authors(study: Study, video_id: int) -> dict[int, Settled]:
    """Who made each edit of a video and when, by its number."""
    rows = study.rows("SELECT edit_id, author, made_at FROM edits WHERE video_id = ?", [video_id])
    return {
        number: Settled(author, f"{made_at:%Y-%m-%d %H:%M:%S}") for number, author, made_at in rows
    }


def ticks(study: Study, video_id: int) -> dict[str, Settled]:
    """The doubtful places of the present tracks that somebody ticked off, by their key."""
    done: dict[str, Settled | None] = {}
    for text, author, made_at in study.rows(
        "SELECT data::VARCHAR, author, made_at FROM edits JOIN runs USING (run_id) "
        "WHERE edits.video_id = ? AND kind = 'tracks.checked' AND error IS NULL AND active "
        "ORDER BY edit_id",
        [video_id],
    ):
        data = json.loads(text)
        done[data["key"]] = (
            Settled(author, f"{made_at:%Y-%m-%d %H:%M:%S}") if data["done"] else None
        )
    return {key: one for key, one in done.items() if one is not None}


def corrected(study: Study, video_id: int) -> bool:
    """Whether any correction of the present tracks stands."""
    edits = log(study, video_id)
    return bool((edits["stands"] & (edits["scope"] == "tracks")).any())


def _column(study: Study, video_id: int, paths: Paths, wanted: object) -> int | None:
    try:
        return paths.animals.index(find_animal(study, video_id, wanted))
    except StudyError:
        return None
