"""A second opinion on the edit log: replayed in plain numpy, without a line of the program."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

NUMBERS = ("x_px", "y_px", "heading_deg", "length_px", "width_px", "area_px", "identity_confidence")
OF_OUTLINE = ("heading_deg", "length_px", "width_px", "area_px")


@dataclass
class Tracks:
    """Tracks of n animals over F frames; NaN is missing. Columns of `text` are objects."""

    number: dict[str, np.ndarray]  # (F, n) float32 by column
    detected: np.ndarray  # (F, n) bool
    edited: np.ndarray  # (F, n) object
    outline: np.ndarray  # (F, n) int: left edge of the box, -1 where there is none
    points: np.ndarray  # (F, n) int: how many body points
    time_s: np.ndarray  # (F,)
    names: dict[int, str] = field(default_factory=dict)

    def columns(self) -> list[np.ndarray]:
        """Every array with a column per animal."""
        return [*self.number.values(), self.detected, self.edited, self.outline, self.points]


@dataclass(frozen=True)
class Logged:
    """One row of the log."""

    edit_id: int
    kind: str
    data: dict[str, Any]
    author: str
    scope: str
    undoes: int | None
    result: dict[str, Any]


def logged(rows: Iterable[tuple]) -> list[Logged]:
    """Rows (edit_id, kind, data, author, scope, undoes, result), JSON as text."""
    return [Logged(a, b, json.loads(c), d, e, f, json.loads(g)) for a, b, c, d, e, f, g in rows]


def standing(log: list[Logged], scope: str, author: str | None = None) -> list[Logged]:
    """What stands in the end: undo takes the last one off, redo puts the last one taken off on."""
    done: list[Logged] = []
    off: list[Logged] = []
    for one in log:
        if one.scope != scope or author not in (None, one.author):
            continue
        if one.kind == "undo":
            off.append(done.pop())
            assert one.undoes == off[-1].edit_id
        elif one.kind == "redo":
            done.append(off.pop())
        else:
            done.append(one)
            off.clear()
    return done


def replay(tracks: Tracks, edits: Iterable[Logged]) -> None:
    """Do these edits to the tracks, one after the other."""
    for one in edits:
        data = one.data
        frame = data.get("frame")
        start = frame if frame is not None else data.get("start_frame")
        stop = frame + 1 if frame is not None else data.get("stop_frame")
        here = slice(start, stop)
        who = int(data.get("animal", data.get("a", 0))) - 1
        if one.kind == "tracks.swap":
            pair, other = [who, int(data["b"]) - 1], [int(data["b"]) - 1, who]
            for column in tracks.columns():
                column[here, pair] = column[here, other]
        elif one.kind == "tracks.rename":
            tracks.names[who + 1] = data["name"]
        elif one.kind == "tracks.remove":
            del tracks.names[who + 1]
        elif one.kind == "tracks.delete":
            _blank(tracks, here, who, NUMBERS)
            tracks.detected[here, who], tracks.edited[here, who] = False, "deleted"
        elif one.kind == "tracks.unmask":
            _blank(tracks, here, who, OF_OUTLINE)
            tracks.edited[here, who] = "cleared"
        elif one.kind == "tracks.move":
            _blank(tracks, here, who, OF_OUTLINE)
            _found(tracks, here, who, data, ("x_px", "y_px"), "moved")
        elif one.kind == "tracks.mask":
            _found(tracks, here, who, data, NUMBERS[:-1], "outline")
            tracks.outline[here, who], tracks.points[here, who] = data["x0"], len(data["points"])
        elif one.kind == "tracks.interpolate":
            _fill(tracks, who, start, len(tracks.time_s) if stop is None else stop)
        else:
            raise ValueError(one.kind)


def _blank(tracks: Tracks, here: slice, who: int, names: Iterable[str]) -> None:
    for name in names:
        tracks.number[name][here, who] = np.nan
    tracks.outline[here, who], tracks.points[here, who] = -1, 0


def _found(
    tracks: Tracks, here: slice, who: int, data: dict, names: Iterable[str], what: str
) -> None:
    for name in names:
        tracks.number[name][here, who] = data[name]
    tracks.number["identity_confidence"][here, who] = 1
    tracks.detected[here, who], tracks.edited[here, who] = True, what


def _fill(tracks: Tracks, who: int, start: int, stop: int) -> None:
    seen = np.flatnonzero(tracks.detected[:, who])
    for frame in range(start, stop):
        before, after = seen[seen < frame], seen[seen > frame]
        if tracks.detected[frame, who] or not len(before) or not len(after):
            continue
        first, last = before[-1], after[0]
        share = (tracks.time_s[frame] - tracks.time_s[first]) / (
            tracks.time_s[last] - tracks.time_s[first]
        )
        now = {}
        for name in ("x_px", "y_px"):
            column = tracks.number[name][:, who].astype(float)
            now[name] = np.float32(column[first] + share * (column[last] - column[first]))
        if any(tracks.number[name][frame, who] != value for name, value in now.items()):
            for name, value in now.items():
                tracks.number[name][frame, who] = value
            tracks.edited[frame, who] = "interpolated"
