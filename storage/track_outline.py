"""The rows of one animal in one frame after a person drew its outline anew.

The numbers are computed where the pixels are known and come with the edit: x0, y0, width, height
(the box, px), rle (its run lengths, base64), x_px, y_px, heading_deg, length_px, width_px,
area_px, and points {name: [x_px, y_px, confidence]}.
"""

from __future__ import annotations

import base64
import binascii
import math
from typing import Any

import numpy as np
import pyarrow as pa

from storage.edits import Data
from storage.errors import StudyError
from storage.study import Study
from storage.track_rows import Place
from storage.tracks import read_points
from storage.videos import find_video

BOX = ("x0", "y0", "width", "height")
MEASURES = ("x_px", "y_px", "heading_deg", "length_px", "width_px", "area_px")
SURE = 1.0  # identity confidence: a person said who it is
_BAD = "The outline cannot be used: draw it again."


def outline_rows(
    study: Study, place: Place, before: dict[str, pa.Table], data: Data
) -> dict[str, pa.Table]:
    """The new rows of tracks, masks and keypoints, by table."""
    if not study.rows("SELECT 1 FROM masks WHERE run_id = ? LIMIT 1", [place.run_id]):
        raise StudyError(
            "These tracks have no outlines, only body points: there is none to correct."
        )
    video = find_video(study, place.video_id)
    box, runs = _box(data, video.width, video.height), _runs(data)
    if sum(runs) != box["width"] * box["height"] or not sum(runs[1::2]):
        raise StudyError(_BAD)
    key: dict[str, Any] = {
        "run_id": place.run_id, "video_id": place.video_id, "frame": place.start,
        "animal_id": place.animals[0],
    }  # fmt: skip
    track = {
        **before["tracks"].to_pylist()[0], **{name: _real(data.get(name)) for name in MEASURES},
        "detected": True, "identity_confidence": SURE, "edited": "outline",
    }  # fmt: skip
    outline = {**key, **box, "rle": np.array(runs, "<u2").tobytes()}
    made = {"tracks": [track], "masks": [outline], "keypoints": _points(study, key, data)}
    return {
        table: pa.Table.from_pylist(rows, schema=before[table].schema)
        for table, rows in made.items()
    }


def _box(data: Data, width: int, height: int) -> dict[str, int]:
    box = {}
    for name in BOX:
        value = data.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 15:
            raise StudyError(_BAD)
        box[name] = value
    if box["x0"] + box["width"] > width or box["y0"] + box["height"] > height:
        raise StudyError("The outline leaves the picture: draw it inside.")
    return box


def _runs(data: Data) -> list[int]:
    try:
        packed = base64.b64decode(data.get("rle") or "", validate=True)
        return np.frombuffer(packed, "<u2").tolist()
    except (ValueError, TypeError, binascii.Error) as error:
        raise StudyError(_BAD) from error


def _real(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise StudyError(_BAD)
    return float(value)


def _points(study: Study, key: dict[str, Any], data: Data) -> list[dict[str, Any]]:
    """Body points that the run has and that an outline tells."""
    given = data.get("points")
    known = read_points(study, key["video_id"])
    if not isinstance(given, dict):
        return []
    rows = []
    for name in known:
        values = given.get(name)
        if isinstance(values, list) and len(values) == 3:
            x, y, sure = map(_real, values)
            rows.append({**key, "point": name, "x_px": x, "y_px": y, "confidence": sure})
    return rows
