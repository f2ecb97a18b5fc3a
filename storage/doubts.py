"""The doubtful frames of a video's present tracks, and what was corrected and ticked off."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from storage.doubt_kinds import KINDS, Doubt, Limits, Paths, find_doubts
from storage.edit_tracks import checked_keys, find_animal
from storage.edits import log
from storage.errors import StudyError
from storage.study import Study
from storage.track_rows import active_id
from storage.videos import animal_names, frame_times

__all__ = ["COLUMNS", "KINDS", "Doubt", "Limits", "Paths", "doubts", "doubts_of", "find_doubts",
           "read_paths"]  # fmt: skip

COLUMNS = (
    "kind", "frame", "stop_frame", "time_s", "animals", "severity", "what", "x_px", "y_px",
    "settled", "checked", "key",
)  # fmt: skip


def doubts(study: Study, video_id: int, limits: Limits | None = None) -> pd.DataFrame:
    """Every doubtful place of a video's present tracks, in the order of frames.

    Columns kind, frame, stop_frame, time_s, animals (list of names), severity (0 to 1, within its
    kind), what, x_px, y_px, settled (a person corrected the tracks there), checked (ticked off)
    and key, by which `tracks.checked` names it.
    """
    return doubts_of(study, video_id, read_paths(study, video_id), limits)


def doubts_of(
    study: Study, video_id: int, paths: Paths, limits: Limits | None = None
) -> pd.DataFrame:
    """The same for paths that have been read already."""
    settled = settled_links(study, video_id, paths)
    found = sorted(
        find_doubts(paths, limits or Limits(), settled), key=lambda d: (d.frame, d.kind, d.who)
    )
    ticked = checked_keys(study, video_id)
    rows = [
        {
            "kind": one.kind, "frame": one.frame, "stop_frame": one.stop_frame,
            "time_s": float(paths.time_s[one.frame]), "animals": [paths.names[k] for k in one.who],
            "severity": round(one.severity, 4), "what": one.what,
            "x_px": one.xy[0], "y_px": one.xy[1],
            "settled": bool(_near(settled, one).any()), "checked": one.key in ticked,
            "key": one.key,
        }
        for one in found
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def read_paths(study: Study, video_id: int) -> Paths:
    """The tracks of the active run as arrays."""
    run_id = active_id(study, video_id)
    names = animal_names(study, video_id)
    time_s = frame_times(study, video_id)
    table = study.arrow(
        "SELECT frame, animal_id, x_px, y_px, detected, identity_confidence, length_px "
        "FROM tracks WHERE run_id = ? AND video_id = ?",
        [run_id, video_id],
    )
    column = {name: table[name].to_numpy() for name in table.column_names}
    order = {number: k for k, number in enumerate(names)}
    slots = np.array([order.get(k, -1) for k in range(max(order) + 1)])
    at = (column["frame"], slots[column["animal_id"]])
    shape = (len(time_s), len(names))
    xy, confidence = np.full((*shape, 2), np.nan), np.full(shape, np.nan)
    xy[at] = np.stack((column["x_px"], column["y_px"]), 1)
    confidence[at] = column["identity_confidence"]
    seen = np.zeros(shape, bool)
    seen[at] = column["detected"]
    filled = ~seen & np.isfinite(xy[..., 0])
    xy[~seen] = np.nan
    lengths = column["length_px"][np.isfinite(column["length_px"])]
    length = float(np.median(lengths)) if lengths.size else _usual_distance(xy)
    return Paths(time_s, xy, filled, confidence, length, tuple(names), tuple(names.values()))


def settled_links(study: Study, video_id: int, paths: Paths) -> np.ndarray:
    """(F, n) bool: a standing edit decided who this is, or that it is who was there before.

    A jump is never settled: one that is still there after a swap may be a wrong swap.
    """
    settled = np.zeros(paths.filled.shape, bool)
    run_id, last = active_id(study, video_id), len(settled)
    edits = log(study, video_id)
    known: dict[str, int | None] = {}
    edits = edits[edits["stands"] & (edits["run_id"] == run_id) & (edits["scope"] == "tracks")]
    for kind, text in zip(edits["kind"], edits["data"], strict=True):
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
            settled[start, columns] = True
        if kind == "tracks.delete":
            settled[start:stop, columns] = np.isnan(paths.xy[start:stop, columns, 0])
        if kind in ("tracks.swap", "tracks.mask", "tracks.delete") and stop is not None:
            settled[min(stop, last - 1), columns] = True
    return settled


def _usual_distance(xy: np.ndarray) -> float:
    """A length to compare with where bodies have none: a twentieth of where animals go."""
    if not np.isfinite(xy).any():
        return 1.0
    spread = np.nanmax(xy, axis=(0, 1)) - np.nanmin(xy, axis=(0, 1))
    return max(float(np.hypot(*spread)) / 20, 1.0)


def _column(study: Study, video_id: int, paths: Paths, wanted: object) -> int | None:
    try:
        return paths.animals.index(find_animal(study, video_id, wanted))
    except StudyError:
        return None


def _near(settled: np.ndarray, one: Doubt) -> np.ndarray:
    frames = slice(max(one.frame - 1, 0), one.stop_frame + 1)
    return settled[frames, list(one.who)] & (one.kind != "jump")
