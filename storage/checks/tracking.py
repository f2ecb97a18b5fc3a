"""What must hold of every run whose rows are kept: the active one and those that can come back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from storage.checks.findings import TRACK_AGAIN, Fault, rows, stretches
from storage.identity_tables import complaints_of
from storage.study import Study

_FLOATS = {
    "tracks": (
        "x_px", "y_px", "heading_deg", "length_px", "width_px", "area_px", "identity_confidence",
    ),
    "keypoints": ("x_px", "y_px", "confidence"),
}  # fmt: skip
_KEYS = {
    "tracks": "frame, animal_id",
    "masks": "frame, animal_id",
    "keypoints": "frame, animal_id, point",
}
_TIME_TOLERANCE_S = 1e-6
_FRAMES_AT_ONCE = 50_000  # of masks


@dataclass(frozen=True)
class _Run:
    run_id: str
    video_id: int
    video: str
    active: bool
    n_animals: int
    n_frames: int
    width: int
    height: int

    @property
    def called(self) -> str:
        return f"{self.video} (run {self.run_id})"

    @property
    def here(self) -> dict[str, Any]:
        return {"run": self.run_id, "video": self.video_id}


_HERE = "video_id = $video AND run_id = $run"


def tracking(study: Study) -> list[Fault]:
    """Everything that is wrong with runs and their rows."""
    kept = study.rows(
        "SELECT run_id, r.video_id, v.name, active, r.n_animals, v.n_frames, v.width, v.height "
        "FROM runs r JOIN videos v USING (video_id) "
        "WHERE active OR (withdrawn_at IS NOT NULL AND purged_at IS NULL) ORDER BY 2, finished_at"
    )
    found = list(_several_active(study))
    for row in kept:
        run = _Run(*row)
        for check in (_counts, _twice, _positions, _numbers, _times, _masks, _identities):
            found += check(study, run)
    return [*found, *_other_film(study)]


def _several_active(study: Study) -> Iterator[Fault]:
    found = study.rows(
        "SELECT v.name, count(*) FROM runs r JOIN videos v USING (video_id) WHERE active "
        "GROUP BY ALL HAVING count(*) > 1"
    )
    for name, number in found:
        yield Fault("runs", f"{name} has {number} active runs, and its tables mix them",
                    "Delete all but one: ethoscribe runs delete RUN")  # fmt: skip


def _counts(study: Study, run: _Run) -> Iterator[Fault]:
    """Rows for every frame and animal, and none of frames or animals that do not exist."""
    inside = f"frame BETWEEN 0 AND {run.n_frames - 1} AND animal_id BETWEEN 1 AND {run.n_animals}"
    for table in _KEYS:
        beyond = _count(study, table, f"NOT ({inside})", run)
        if beyond:
            yield Fault(
                "frames", f"{rows(beyond)} of {table} of {run.called} are of frames or animals "
                f"that do not exist ({run.n_frames} frames, {run.n_animals} animals)",
                "doctor --repair sets them aside", "set these rows aside in repairs/",
                table, f"{_HERE} AND NOT ({inside})", run.here,
            )  # fmt: skip
    there = study.rows(
        f"SELECT count(DISTINCT frame::BIGINT * 32768 + animal_id) FROM tracks WHERE {_HERE} "
        f"AND {inside}",
        run.here,
    )[0][0]
    missing = run.n_frames * run.n_animals - there
    if missing:
        yield Fault(
            "gaps", f"{rows(missing)} of tracks of {run.called} are missing, in "
            f"{stretches(_gaps(study, run, inside))}: every frame has one for every animal, found "
            "or not", _again(run),
        )  # fmt: skip


def _gaps(study: Study, run: _Run, inside: str) -> list[int]:
    """The frames in which an animal has no row."""
    found = study.rows(
        "SELECT frame FROM range($frames) all_frames(frame) LEFT JOIN (SELECT frame, "
        f"count(DISTINCT animal_id) AS animals FROM tracks WHERE {_HERE} AND {inside} "
        "GROUP BY frame) USING (frame) WHERE coalesce(animals, 0) < $animals ORDER BY frame",
        {**run.here, "frames": run.n_frames, "animals": run.n_animals},
    )
    return [frame for (frame,) in found]


def _twice(study: Study, run: _Run) -> Iterator[Fault]:
    """Two rows for one frame and animal; where both say the same, one can go."""
    for table, key in _KEYS.items():
        number, distinct = study.rows(
            f"SELECT count(*), count(DISTINCT ({key})) FROM {table} WHERE {_HERE}", run.here
        )[0]
        if number == distinct:
            continue
        same = (
            f"{_HERE} AND rowid IN (SELECT r FROM (SELECT rowid AS r, row_number() OVER ("
            f"PARTITION BY COLUMNS(*)) AS n FROM {table} WHERE {_HERE}) WHERE n > 1)"
        ).replace("COLUMNS(*)", ", ".join(_columns(study, table)))
        alike = study.rows(f"SELECT count(*) FROM {table} WHERE {same}", run.here)[0][0]
        differ = number - distinct - alike
        if alike:
            yield Fault(
                "twice", f"{rows(alike)} of {table} of {run.called} are there twice, alike",
                "doctor --repair keeps one of each", "keep one of each, set the others aside",
                table, same, run.here,
            )  # fmt: skip
        if differ:
            yield Fault(
                "twice", f"{rows(differ)} of {table} of {run.called} are there twice and differ",
                _again(run),
            )  # fmt: skip


def _positions(study: Study, run: _Run) -> Iterator[Fault]:
    """An animal that was found has a place, and half a place is none."""
    placeless = _count(study, "tracks", "detected AND (x_px IS NULL OR y_px IS NULL)", run)
    if placeless:
        yield Fault(
            "missing values",
            f"{rows(placeless)} of tracks of {run.called} are of animals "
            "that were found, but nowhere",
            _again(run),
        )
    half = _count(study, "tracks", "NOT detected AND (x_px IS NULL) != (y_px IS NULL)", run)
    if half:
        yield Fault(
            "missing values",
            f"{rows(half)} of tracks of {run.called} have half a place",
            _again(run),
        )


def _numbers(study: Study, run: _Run) -> Iterator[Fault]:
    """What is not known is NULL: NaN and infinity poison averages."""
    for table, columns in _FLOATS.items():
        wrong = " OR ".join(f"NOT isfinite({column})" for column in columns)
        number = _count(study, table, f"({wrong})", run)
        if number:
            values = ", ".join(f"{c} = CASE WHEN isfinite({c}) THEN {c} END" for c in columns)
            yield Fault(
                "missing values", f"{rows(number)} of {table} of {run.called} hold NaN or infinity "
                "where missing is NULL", "doctor --repair makes these values NULL",
                "make these values NULL", table, f"{_HERE} AND ({wrong})", run.here,
                f"UPDATE {table} SET {values} WHERE {_HERE} AND ({wrong})",
            )  # fmt: skip


def _times(study: Study, run: _Run) -> Iterator[Fault]:
    """Every row has the time of its frame."""
    off = study.rows(
        "SELECT count(*) FROM tracks t JOIN frame_times f USING (video_id, frame) WHERE "
        f"t.video_id = $video AND t.run_id = $run AND (abs(t.time_s - f.time_s) > "
        f"{_TIME_TOLERANCE_S} OR NOT isfinite(t.time_s))",
        run.here,
    )[0][0]
    if off:
        yield Fault(
            "times", f"{rows(off)} of tracks of {run.called} have not the time of their frame",
            "doctor --repair takes the times of the film", "take the times of the film",
            "tracks", f"{_HERE} AND frame IN (SELECT frame FROM frame_times f WHERE "
            "f.video_id = $video AND (abs(f.time_s - tracks.time_s) > "
            f"{_TIME_TOLERANCE_S} OR NOT isfinite(tracks.time_s)))", run.here,
            "UPDATE tracks SET time_s = f.time_s FROM frame_times f WHERE tracks.video_id = $video "
            "AND tracks.run_id = $run AND f.video_id = $video AND f.frame = tracks.frame",
        )  # fmt: skip


def _masks(study: Study, run: _Run) -> Iterator[Fault]:
    """Outlines that fill their boxes, inside the picture."""
    outside = _count(
        study, "masks", "(x0 < 0 OR y0 < 0 OR width < 1 OR height < 1 "
        f"OR x0 + width > {run.width} OR y0 + height > {run.height})", run,
    )  # fmt: skip
    if outside:
        yield Fault(
            "masks",
            f"{rows(outside, 'mask')} of {run.called} lie outside of the picture "
            f"({run.width} x {run.height} px)",
            _again(run),
        )
    broken = [row for first in range(0, run.n_frames, _FRAMES_AT_ONCE)
              for row in _undecodable(study, run, first)]  # fmt: skip
    if broken:
        frames = ", ".join(str(frame) for frame in broken[:5])
        yield Fault(
            "masks",
            f"{rows(len(broken), 'mask')} of {run.called} cannot be decoded "
            f"(frames {frames}{', ...' if len(broken) > 5 else ''})",
            _again(run),
        )


def _undecodable(study: Study, run: _Run, first: int) -> list[int]:
    """The frames of outlines whose run lengths do not fill their box."""
    found = study.arrow(
        f"SELECT frame, width::INTEGER * height AS area, rle FROM masks WHERE {_HERE} "
        "AND frame >= $first AND frame < $last",
        {**run.here, "first": first, "last": first + _FRAMES_AT_ONCE},
    )
    frames, areas = found["frame"].to_numpy(), found["area"].to_numpy()
    return [int(frames[k]) for k in np.flatnonzero(filled_px(found["rle"].to_pylist()) != areas)]


def filled_px(runs: list[bytes]) -> np.ndarray:
    """How many pixels each of several masks' run lengths cover; -1 where they are no run lengths.

    >>> filled_px([np.array([1, 3, 2], "<u2").tobytes(), b"x", b""]).tolist()
    [6, -1, 0]
    """
    sizes = np.array([len(one) for one in runs], np.int64)
    whole = sizes % 2 == 0
    lengths = np.frombuffer(b"".join(one for one in runs if len(one) % 2 == 0), "<u2")
    edges = np.concatenate([[0], np.cumsum(sizes[whole] // 2)])
    total = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    filled = np.full(len(runs), -1, np.int64)
    filled[whole] = total[edges[1:]] - total[edges[:-1]]
    return filled


def _identities(study: Study, run: _Run) -> Iterator[Fault]:
    for text in complaints_of(study, run.run_id, run.n_frames, run.n_animals):
        yield Fault("identities", f"{run.called}: {text}", _again(run))


def _other_film(study: Study) -> Iterator[Fault]:
    found = study.rows(
        "SELECT v.name, r.run_id FROM runs r JOIN videos v USING (video_id) "
        "WHERE active AND video_hash != content_hash ORDER BY ALL"
    )
    for name, run_id in found:
        yield Fault("runs", f"run {run_id} of {name} was made from another film than the study "
                    "notes now", "Track the video again with --force")  # fmt: skip


def _count(study: Study, table: str, where: str, run: _Run) -> int:
    return study.rows(f"SELECT count(*) FROM {table} WHERE {_HERE} AND {where}", run.here)[0][0]


def _columns(study: Study, table: str) -> list[str]:
    sql = (
        "SELECT column_name FROM duckdb_columns() WHERE database_name = current_database() "
        "AND table_name = ? AND NOT internal"
    )
    return [name for (name,) in study.rows(sql, [table])]


def _again(run: _Run) -> str:
    return f"For {run.video}, {TRACK_AGAIN}"
