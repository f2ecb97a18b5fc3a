"""Pack tracks, masks and body points of a few seconds into bytes that the player reads directly.

The layout is a JSON header, padded to four bytes, then plain little-endian columns:
uint32 header length, header {"columns": [[name, dtype, count], ...]}, columns each padded to four.
"""

from __future__ import annotations

import json
import struct

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def pack_overlay(tracks: pa.Table, masks: pa.Table, points: pa.Table) -> bytes:
    """Pack three tables (see the study's tracks, masks and keypoints), all sorted by frame.

    Animals that were not detected in a frame are left out; missing numbers become NaN. Positions
    that a person filled in come in columns of their own.
    """
    filled = tracks.filter(pc.and_(pc.invert(tracks["detected"]), pc.is_valid(tracks["x_px"])))
    tracks = tracks.filter(tracks["detected"])
    names = sorted(set(points["point"].to_pylist()))
    runs = [value or b"" for value in masks["rle"].to_pylist()]
    offsets = np.zeros(len(runs) + 1, np.uint32)
    np.cumsum([len(run) // 2 for run in runs], out=offsets[1:])
    columns = {
        "track_frame": _column(tracks, "frame", "<i4"),
        "track_animal": _column(tracks, "animal_id", "<i4"),
        "track_x": _column(tracks, "x_px", "<f4"),
        "track_y": _column(tracks, "y_px", "<f4"),
        "track_heading": _column(tracks, "heading_deg", "<f4"),
        "fill_frame": _column(filled, "frame", "<i4"),
        "fill_animal": _column(filled, "animal_id", "<i4"),
        "fill_x": _column(filled, "x_px", "<f4"),
        "fill_y": _column(filled, "y_px", "<f4"),
        "mask_frame": _column(masks, "frame", "<i4"),
        "mask_animal": _column(masks, "animal_id", "<i4"),
        "mask_x0": _column(masks, "x0", "<i4"),
        "mask_y0": _column(masks, "y0", "<i4"),
        "mask_width": _column(masks, "width", "<i4"),
        "mask_height": _column(masks, "height", "<i4"),
        "mask_offset": offsets.astype("<u4"),
        "mask_runs": np.frombuffer(b"".join(runs), "<u2"),
        "point_frame": _column(points, "frame", "<i4"),
        "point_animal": _column(points, "animal_id", "<i4"),
        "point_name": np.array([names.index(p) for p in points["point"].to_pylist()], "<i4"),
        "point_x": _column(points, "x_px", "<f4"),
        "point_y": _column(points, "y_px", "<f4"),
    }
    return _join(columns, {"point_names": names})


def _column(table: pa.Table, name: str, dtype: str) -> np.ndarray:
    values = table[name].to_numpy()
    return np.asarray(values, dtype=dtype)


def _join(columns: dict[str, np.ndarray], extra: dict) -> bytes:
    described = [[name, array.dtype.str[1:], array.size] for name, array in columns.items()]
    header = json.dumps({"columns": described, **extra}).encode()
    parts = [struct.pack("<I", len(header)), _pad(header)]
    parts += [_pad(array.tobytes()) for array in columns.values()]
    return b"".join(parts)


def _pad(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
