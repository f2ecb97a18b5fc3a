"""Whether scored bouts can be true: their order, the video's end, and no two at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from app.errors import AppError
from storage.videos import Video

FRAMES = ("start_frame", "stop_frame")
SECONDS = ("start_s", "stop_s")
OWNER = ["behaviour", "subject", "annotator"]


def check_order(
    file: Path,
    video: Video,
    rows: pd.DataFrame,
    columns: tuple[str, str],
    end: float,
    spare: float = 0.0,
) -> None:
    """Refuse bouts that run backwards, lie outside the video or overlap; say in which line."""
    unit = "frame" if columns == FRAMES else "second"
    start, stop = (rows[name].to_numpy(float) for name in columns)
    point = rows["kind"].eq("point").to_numpy() if "kind" in rows else np.zeros(len(rows), bool)
    empty = (start == stop) & ~point & (unit == "frame")
    for wrong, why in (
        ((stop < start) | empty, f"stops at {unit} {{stop:g}}, not after its start at {{start:g}}"),
        (start < 0, f"starts at {unit} {{start:g}}, before the video"),
        (stop > end + spare, f"ends at {unit} {{stop:g}}, after {video.name}, which has {end:g}"),
    ):
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            said = why.format(start=start[row], stop=stop[row])
            raise AppError(f"{file}, line {row + 2}: the bout {said}: correct it.")
    for at in _by_owner(rows):
        order = at[np.lexsort((stop[at], start[at]))]
        over = np.flatnonzero(start[order][1:] < np.maximum.accumulate(stop[order])[:-1])
        if len(over):
            first, second = sorted((int(order[over[0]]), int(order[over[0] + 1])))
            which = rows.iloc[first]
            raise AppError(
                f"{file}, lines {first + 2} and {second + 2}: two bouts of {which['behaviour']} of "
                f"{which['subject']} overlap ({start[first]:g} to {stop[first]:g} and "
                f"{start[second]:g} to {stop[second]:g}): make them one, or correct them."
            )


def _by_owner(rows: pd.DataFrame) -> list[np.ndarray]:
    """The rows' numbers, apart for every behaviour, subject, target and annotator."""
    columns = [*OWNER, "target"] if "target" in rows else OWNER
    key = rows[columns].astype(object).where(rows[columns].notna(), "")
    groups = key.astype(str).agg("\n".join, axis=1) if len(rows) else pd.Series(dtype=str)
    return [np.flatnonzero(groups.to_numpy() == one) for one in groups.unique()]


def join_same_frames(rows: pd.DataFrame) -> pd.DataFrame:
    """Bouts of the same animal that came to lie in the same frames, as one."""
    start, stop = (rows[name].to_numpy(int).copy() for name in FRAMES)
    keep = np.ones(len(rows), dtype=bool)
    for at in _by_owner(rows):
        last = -1
        for row in at[np.argsort(start[at], kind="stable")].tolist():
            if last >= 0 and start[row] < stop[last]:
                stop[last] = max(stop[last], stop[row])
                keep[row] = False
            else:
                last = row
    return rows.assign(stop_frame=stop)[keep]
