"""Reading a recording from the read-only snapshot folder that a study writes."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from llm_query.columns import codes, numbers
from llm_query.errors import QueryError
from llm_query.geometry import Region
from llm_query.learning.trained import LearnedBehaviour, stored_behaviour
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
        kept=table_or_none(folder, "bouts"),
        variable_rate=bool(about.get("variable_rate", False)),
        width=int(about.get("width") or 0),
        height=int(about.get("height") or 0),
        learned=_learned(table_or_none(folder, "learned")),
    )


def _learned(table: pa.Table | None) -> tuple[LearnedBehaviour, ...]:
    """The study's learned behaviours; a forest is unpacked when it is first applied."""
    return () if table is None else tuple(stored_behaviour(row) for row in table.to_pylist())


def table_or_none(folder: Path, name: str) -> pa.Table | None:
    """The snapshot's table of this name, as Parquet or Arrow; None when it was not written."""
    if (folder / f"{name}.parquet").exists():
        with parquet.ParquetFile(folder / f"{name}.parquet") as file:
            return file.read()
    if (folder / f"{name}.arrow").exists():
        from pyarrow import feather

        return feather.read_table(folder / f"{name}.arrow")
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
    time_s = numbers(table["time_s"]).astype(float)
    if "frame" in table.column_names:
        time_s = time_s[np.argsort(numbers(table["frame"]), kind="stable")]
    return time_s


def _tracks(folder: Path, names: dict[int, str], n: int) -> dict[str, Track]:
    table = table_or_none(folder, "tracks")
    if table is None:
        raise QueryError(f"The snapshot {folder} has no tracks. Track or import the video first.")
    columns = _numbers(table, "x_px", "y_px", *VALUES.values())
    detected = "detected" in table.column_names
    found = numbers(table["detected"]) if detected else np.ones(table.num_rows, dtype=bool)
    frame, animal = numbers(table["frame"]), numbers(table["animal_id"])
    keypoints = _keypoints(table_or_none(folder, "keypoints"), n)
    tracks = {}
    for number, name in names.items():
        rows = np.flatnonzero((animal == number) & found)
        own = {key: values[rows] for key, values in columns.items()}
        points = {"centre": _scattered(own, frame[rows], ("x_px", "y_px"), n)}
        confidence: dict[str, np.ndarray] = {}
        for point, place, sure in keypoints.get(number, ()):
            points[point], confidence[point] = place, sure
        values = {
            to: _scattered(own, frame[rows], (source,), n)[:, 0] for to, source in VALUES.items()
        }
        tracks[name] = Track(points=points, confidence=confidence, **values)
    return tracks


def _keypoints(
    table: pa.Table | None, n: int
) -> dict[int, list[tuple[str, np.ndarray, np.ndarray]]]:
    """Each animal's body points: name, (n, 2) places in px, (n,) confidence."""
    found: dict[int, list[tuple[str, np.ndarray, np.ndarray]]] = {}
    if table is None or not table.num_rows:
        return found
    columns = _numbers(table, "x_px", "y_px", "confidence")
    frame, animal = numbers(table["frame"]), numbers(table["animal_id"])
    point, names = codes(table["point"])
    for number in np.unique(animal):
        mine = animal == number
        points, first = np.unique(point[mine], return_index=True)
        for code in points[np.argsort(first)]:
            rows = np.flatnonzero(mine & (point == code))
            own = {key: values[rows] for key, values in columns.items()}
            place = _scattered(own, frame[rows], ("x_px", "y_px"), n)
            sure = _scattered(own, frame[rows], ("confidence",), n)[:, 0]
            found.setdefault(int(number), []).append((names[code], place, sure))
    return found


def _numbers(table: pa.Table, *columns: str) -> dict[str, np.ndarray]:
    return {name: numbers(table[name]) for name in columns if name in table.column_names}


def _scattered(
    columns: dict[str, np.ndarray], frame: np.ndarray, names: tuple[str, ...], n: int
) -> np.ndarray:
    """(n, names) float64 by frame, NaN where there is no row or no value."""
    values = np.full((n, len(names)), np.nan)
    for number, name in enumerate(names):
        if name in columns:
            values[frame, number] = columns[name]
    return values


def _masks(table: pa.Table, names: dict[int, str]) -> dict[str, Outlines]:
    import pyarrow.compute as pc

    masks = {}
    for number, name in names.items():
        mine = table.filter(pc.equal(table["animal_id"], number))
        if mine.num_rows:
            masks[name] = Outlines.from_table(mine)
    return masks
