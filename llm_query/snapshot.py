"""Reading a recording from the read-only snapshot folder that a study writes."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from llm_query.errors import QueryError
from llm_query.geometry import Region
from llm_query.outlines import Outlines
from llm_query.recording import Recording, Track

VALUES = {
    "heading_deg": "heading_deg",
    "length": "length_px",
    "width": "width_px",
    "area": "area_px",
    "identity_confidence": "identity_confidence",
}  # Track's name: the table's


def load_recording(folder: Path) -> Recording:
    """Read one video's snapshot: recording.json, time_s, tracks, and what else was written."""
    about = read_description(folder)
    time_s = _times(folder, int(about["n_frames"]))
    fps = Fraction(int(about["fps_num"]), int(about["fps_den"]))
    end_s = max(float(about.get("duration_s") or 0.0), 0.0)
    px_per_cm = about.get("px_per_cm")
    scale = 1 / px_per_cm if px_per_cm else 1.0
    names = {int(each["animal_id"]): str(each["name"]) for each in about["animals"]}
    masks = table_or_none(folder, "masks")
    scored = table_or_none(folder, "bouts")
    regions = [
        Region(r["name"], r["kind"], np.asarray(r["points"], dtype=float), r.get("role", "region"))
        for r in about.get("regions", [])
    ]
    return Recording(
        video=str(about["video"]),
        fps=fps,
        time_s=time_s,
        end_s=end_s if end_s > time_s[-1] else float(time_s[-1] + 1 / fps),
        tracks=_tracks(folder, names, len(time_s)),
        regions={region.name: region.scaled(scale) for region in regions},
        px_per_cm=px_per_cm or None,
        masks={} if masks is None else _masks(masks, names),
        scored=pd.DataFrame() if scored is None else scored.to_pandas(),
        variable_rate=bool(about.get("variable_rate", False)),
        width=int(about.get("width") or 0),
        height=int(about.get("height") or 0),
    )


def table_or_none(folder: Path, name: str) -> pa.Table | None:
    """The snapshot's table of this name, as Parquet or Arrow; None when it was not written."""
    import pyarrow.feather
    import pyarrow.parquet

    if (folder / f"{name}.parquet").exists():
        return pyarrow.parquet.read_table(folder / f"{name}.parquet")
    if (folder / f"{name}.arrow").exists():
        return pyarrow.feather.read_table(folder / f"{name}.arrow")
    return None


def read_description(folder: Path) -> dict:
    """recording.json of a snapshot."""
    path = folder / "recording.json"
    if not path.is_file():
        raise QueryError(f"{folder} is not a snapshot of a recording: recording.json is missing.")
    return json.loads(path.read_text(encoding="utf-8"))


def _times(folder: Path, n_frames: int) -> np.ndarray:
    table = table_or_none(folder, "time_s")
    if table is None or table.num_rows != n_frames or n_frames == 0:
        rows = "no" if table is None else str(table.num_rows)
        raise QueryError(
            f"The snapshot {folder} has {rows} frame times for {n_frames} frames. Write it again."
        )
    if "frame" in table.column_names:
        table = table.sort_by("frame")
    return table["time_s"].to_numpy().astype(float)


def _tracks(folder: Path, names: dict[int, str], n: int) -> dict[str, Track]:
    table = table_or_none(folder, "tracks")
    if table is None:
        raise QueryError(f"The snapshot {folder} has no tracks. Track or import the video first.")
    keypoints = table_or_none(folder, "keypoints")
    tracks = {}
    for number, name in names.items():
        mine = table.filter(pc.equal(table["animal_id"], number))
        if "detected" in mine.column_names:
            mine = mine.filter(mine["detected"])
        frame = mine["frame"].to_numpy()
        points = {"centre": _scattered(mine, frame, ("x_px", "y_px"), n)}
        confidence: dict[str, np.ndarray] = {}
        if keypoints is not None and keypoints.num_rows:
            own = keypoints.filter(pc.equal(keypoints["animal_id"], number))
            _add_points(own, points, confidence, n)
        values = {to: _scattered(mine, frame, (source,), n)[:, 0] for to, source in VALUES.items()}
        tracks[name] = Track(points=points, confidence=confidence, **values)
    return tracks


def _add_points(
    table: pa.Table, points: dict[str, np.ndarray], confidence: dict[str, np.ndarray], n: int
) -> None:
    for point in pc.unique(table["point"]).to_pylist():
        mine = table.filter(pc.equal(table["point"], point))
        frame = mine["frame"].to_numpy()
        points[point] = _scattered(mine, frame, ("x_px", "y_px"), n)
        confidence[point] = _scattered(mine, frame, ("confidence",), n)[:, 0]


def _scattered(table: pa.Table, frame: np.ndarray, columns: tuple[str, ...], n: int) -> np.ndarray:
    """(n, columns) float64 by frame, NaN where the table has no row or no value."""
    values = np.full((n, len(columns)), np.nan)
    for number, column in enumerate(columns):
        if column in table.column_names:
            values[frame, number] = table[column].cast(pa.float64()).to_numpy()
    return values


def _masks(table: pa.Table, names: dict[int, str]) -> dict[str, Outlines]:
    masks = {}
    for number, name in names.items():
        mine = table.filter(pc.equal(table["animal_id"], number))
        if mine.num_rows:
            masks[name] = Outlines.from_table(mine)
    return masks
