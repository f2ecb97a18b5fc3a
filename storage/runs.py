"""Tracking runs: a finished run goes into the study whole, or not at all."""

import glob
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from storage.authors import who
from storage.identity_tables import IDENTITIES, complaints_of
from storage.study import Study, StudyError
from storage.videos import Video, find_video
from storage.ways import keep_ways
from storage.withdrawing import make_room, withdraw_run

COLUMNS: dict[str, tuple[str, ...]] = {
    "tracks": (
        "frame", "time_s", "animal_id", "x_px", "y_px", "heading_deg", "length_px", "width_px",
        "area_px", "detected", "identity_confidence",
    ),
    "masks": ("frame", "animal_id", "x0", "y0", "width", "height", "rle"),
    "keypoints": ("frame", "animal_id", "point", "x_px", "y_px", "confidence"),
    **IDENTITIES,
}  # fmt: skip
_MEASURED = {
    "x_px", "y_px", "heading_deg", "length_px", "width_px", "area_px", "identity_confidence",
    "confidence", "probability", "appearance", "score",
}  # fmt: skip
_TIME_TOLERANCE_S = 1e-6


@dataclass(frozen=True)
class Run:
    """One tracking run and everything needed to do it again."""

    run_id: str
    segmenter: str
    n_animals: int
    settings: dict[str, Any]  # JSON, units in the names
    versions: dict[str, Any]  # JSON
    timings: dict[str, Any]  # JSON, s
    started_at: datetime  # with time zone
    finished_at: datetime  # with time zone
    share_detected: float | None = None  # 0 to 1; counted from the tracks when None
    video_id: int | None = None
    status: str = "complete"
    active: bool = field(default=False)
    video_hash: str | None = None  # content of the video it was made from; None when not noted
    made_by: str | None = None  # who started it; None when not noted
    withdrawn_at: datetime | None = None  # when it was deleted or replaced
    purged_at: datetime | None = None  # when its rows were removed for good


def ingest_run(
    study: Study,
    video_id: int,
    run: Run,
    tracks: Sequence[Path],
    masks: Sequence[Path],
    keypoints: Sequence[Path],
    animal_names: Sequence[str] | None = None,
    identities: Mapping[str, Sequence[Path]] | None = None,
) -> Run:
    """Store a finished run from its Parquet files and make it the video's active one.

    The tracks must hold one row per frame and animal. `identities` are files of fragments,
    crossings and doubts by those names, where tracking made them. The video's run so far goes out
    of sight, and with it the bouts that analyses computed from it (`withdrawing.restore_run`
    brings both back); a person's bouts stay. Needs a study opened with `write=True`, whose one
    transaction keeps readers from ever seeing half a run.
    """
    video = find_video(study, video_id)
    names = list(animal_names or [f"animal{i + 1}" for i in range(run.n_animals)])
    if len(names) != run.n_animals or len(set(names)) != len(names):
        raise StudyError(
            f"{run.n_animals} animals need {run.n_animals} different names, got: {', '.join(names)}"
        )
    if study.rows("SELECT 1 FROM runs WHERE run_id = ?", [run.run_id]):
        raise StudyError(f"Run {run.run_id} is stored already: give the new run another id.")
    before = active_run(study, video_id)
    if before is not None:
        make_room(study, video_id)
        withdraw_run(study, before.run_id, replaced_by=run.run_id)
    for table in COLUMNS:  # of an attempt in the same transaction that was refused
        study.rows(f"DELETE FROM {table} WHERE video_id = ? AND run_id = ?", [video_id, run.run_id])
    for table, shards in (("tracks", tracks), ("masks", masks), ("keypoints", keypoints)):
        _load(study, table, list(shards), run.run_id, video_id)
    for table, shards in (identities or {}).items():
        _load(study, table, list(shards), run.run_id, video_id)
    _check_tracks(study, video, run)
    _check_parts(study, video, run)
    _refuse(video, run, complaints_of(study, run.run_id, video.n_frames, run.n_animals))
    _save(study, video_id, run)
    study.rows("DELETE FROM animals WHERE video_id = ?", [video_id])
    for number, name in enumerate(names, start=1):
        study.rows("INSERT INTO animals VALUES (?, ?, ?)", [video_id, number, name])
    keep_ways(study, video_id, run.run_id)
    return next(stored for stored in runs(study, video_id) if stored.run_id == run.run_id)


def active_run(study: Study, video_id: int) -> Run | None:
    """The run that tables and answers use; None when the video is not tracked."""
    return next((run for run in runs(study, video_id) if run.active), None)


def runs(study: Study, video_id: int | None = None) -> list[Run]:
    """All runs, oldest first; of one video when given."""
    rows = study.rows(
        "SELECT run_id, segmenter, n_animals, settings, versions, timings, started_at, "
        "finished_at, share_detected, video_id, status, active, video_hash, made_by, "
        "withdrawn_at, purged_at FROM runs "
        "WHERE ?::INTEGER IS NULL OR video_id = ? ORDER BY finished_at, run_id",
        [video_id, video_id],
    )
    return [
        Run(*row[:3], *map(json.loads, row[3:6]), *(_aware(at) for at in row[6:8]), *row[8:])
        for row in rows
    ]


def _load(study: Study, table: str, shards: list[Path], run_id: str, video_id: int) -> None:
    if not shards:
        return
    for shard in shards:
        _check_columns(shard, table)
    columns = ", ".join(COLUMNS[table])
    # Missing is NULL, never NaN: comparisons and averages in SQL depend on it.
    values = ", ".join(
        f"CASE WHEN isfinite({column}::FLOAT) THEN {column} END" if column in _MEASURED else column
        for column in COLUMNS[table]
    )
    # Escaped, because read_parquet takes [ ] * ? in a path for a pattern.
    files = [glob.escape(str(shard)) for shard in shards]
    study.rows(
        f"INSERT INTO {table} (run_id, video_id, {columns}) "
        f"SELECT ?, ?, {values} FROM read_parquet(?)",
        [run_id, video_id, files],
    )


def _check_columns(shard: Path, table: str) -> None:
    try:
        schema = pq.read_schema(shard)
    except (OSError, pa.ArrowException) as error:
        raise StudyError(
            f"{shard} is missing or damaged: track the video again to write it anew."
        ) from error
    missing = [column for column in COLUMNS[table] if column not in schema.names]
    if missing:
        raise StudyError(
            f"{shard} has no column {', '.join(missing)} and cannot become {table}: it was "
            "written by another version, track the video again."
        )


def _check_tracks(study: Study, video: Video, run: Run) -> None:
    expected = video.n_frames * run.n_animals
    rows, pairs, strangers, placeless, off_time = study.rows(
        "SELECT count(*), count(DISTINCT t.frame::BIGINT * 32768 + t.animal_id), "
        "count(*) FILTER (WHERE f.frame IS NULL OR t.animal_id NOT BETWEEN 1 AND ?), "
        "count(*) FILTER (WHERE t.detected IS DISTINCT FROM (t.x_px IS NOT NULL) "
        "OR t.detected IS DISTINCT FROM (t.y_px IS NOT NULL)), "
        "count(*) FILTER (WHERE abs(t.time_s - f.time_s) > ?) "
        "FROM tracks t LEFT JOIN frame_times f USING (video_id, frame) "
        "WHERE t.video_id = ? AND t.run_id = ?",
        [run.n_animals, _TIME_TOLERANCE_S, video.video_id, run.run_id],
    )[0]
    complaints = {
        f"{rows} rows for {video.n_frames} frames x {run.n_animals} animals": rows != expected,
        f"{rows - pairs} rows twice": rows != pairs,
        f"{strangers} rows of frames or animals that do not exist": strangers,
        f"{placeless} rows where detected and position disagree": placeless,
        f"{off_time} rows whose time is not their frame's": off_time,
    }
    _refuse(video, run, [text for text, wrong in complaints.items() if wrong])


def _check_parts(study: Study, video: Video, run: Run) -> None:
    for table, key in (("masks", ""), ("keypoints", ", point")):
        rows, distinct, strangers = study.rows(
            f"SELECT count(*), count(DISTINCT (frame, animal_id{key})), count(*) FILTER (WHERE "
            "frame NOT BETWEEN 0 AND ? - 1 OR animal_id NOT BETWEEN 1 AND ?) "
            f"FROM {table} WHERE run_id = ?",
            [video.n_frames, run.n_animals, run.run_id],
        )[0]
        complaints = {
            f"{rows - distinct} {table} twice": rows != distinct,
            f"{strangers} {table} of frames or animals that do not exist": strangers,
        }
        _refuse(video, run, [text for text, wrong in complaints.items() if wrong])


def _refuse(video: Video, run: Run, complaints: list[str]) -> None:
    if complaints:
        raise StudyError(
            f"Run {run.run_id} of video '{video.name}' is not whole ({'; '.join(complaints)}): "
            "track the video again."
        )


def _save(study: Study, video_id: int, run: Run) -> None:
    share = run.share_detected
    if share is None:
        sql = "SELECT avg(detected::INTEGER) FROM tracks WHERE run_id = ?"
        share = study.rows(sql, [run.run_id])[0][0]
    study.rows(
        "INSERT INTO runs (run_id, video_id, status, segmenter, n_animals, settings, versions, "
        "timings, share_detected, started_at, finished_at, video_hash, made_by, active) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, true)",
        [
            run.run_id, video_id, run.status, run.segmenter, run.n_animals,
            json.dumps(run.settings), json.dumps(run.versions), json.dumps(run.timings),
            share, _naive(run.started_at), _naive(run.finished_at),
            find_video(study, video_id).content_hash, who() if run.made_by is None else run.made_by,
        ],
    )  # fmt: skip


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
