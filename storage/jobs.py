"""What was to be tracked, attempt by attempt, and what came of it: kept when all is long over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from storage.study import Study

RUNNING = frozenset({"waiting", "running"})


@dataclass(frozen=True)
class Attempt:
    """One video that was to be tracked, once."""

    job_id: str
    batch: str  # the command it belongs to
    video: str
    path: str
    attempt: int  # of this file in this study, from 1
    state: str  # waiting, running, done, already, failed, cancelled, stopped
    stage: str = ""
    chunks_done: int = 0
    chunks: int = 0
    n_frames: int = 0
    worker: str = ""
    message: str = ""
    run_id: str | None = None
    asked_by: str = ""
    asked_on: str = ""  # host:process
    asked_at: datetime | None = None  # UTC, as the others; always said of what is stored
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_s: float | None = None


_NAMES = [one.name for one in fields(Attempt)]
_TIMES = ("asked_at", "started_at", "ended_at")


def note_attempts(study: Study, attempts: Iterable[Attempt]) -> None:
    """Write how attempts stand, in the place of what was known of them."""
    rows = [[_stored(getattr(one, name)) for name in _NAMES] for one in attempts]
    if not rows:
        return
    marks = ", ".join("?" * len(_NAMES))
    study.connection.executemany(
        f"INSERT OR REPLACE INTO jobs ({', '.join(_NAMES)}) VALUES ({marks})", rows
    )


def attempts(study: Study, batch: str | None = None) -> list[Attempt]:
    """All attempts, or those of one command, in the order in which they were asked for."""
    rows = study.rows(
        f"SELECT {', '.join(_NAMES)} FROM jobs WHERE ?::VARCHAR IS NULL OR batch = ? "
        "ORDER BY asked_at, job_id",
        [batch, batch],
    )
    return [Attempt(**_read(dict(zip(_NAMES, row, strict=True)))) for row in rows]


def attempts_so_far(study: Study, paths: Iterable[Path | str]) -> dict[str, int]:
    """How often each of these files was to be tracked into this study."""
    wanted = [str(path) for path in paths]
    return dict(
        study.rows(
            "SELECT path, max(attempt) FROM jobs WHERE list_contains(?, path) GROUP BY path",
            [wanted],
        )
    )


def stop_attempts(study: Study, batches: Iterable[str], message: str) -> int:
    """Note of commands that are gone that what they had not finished was stopped; how many."""
    return len(
        study.rows(
            "UPDATE jobs SET state = 'stopped', message = ?, worker = '' WHERE "
            "list_contains(?, batch) AND state IN ('waiting', 'running') RETURNING job_id",
            [message, list(batches)],
        )
    )


def unfinished_batches(study: Study) -> dict[str, str]:
    """Commands of which something is not over, and where each was given (host:process)."""
    sql = "SELECT DISTINCT batch, asked_on FROM jobs WHERE state IN ('waiting', 'running')"
    return dict(study.rows(sql))


def attempts_table(study: Study) -> pa.Table:
    """All attempts as a table for writing."""
    return study.arrow(f"SELECT {', '.join(_NAMES)} FROM jobs ORDER BY asked_at, job_id")


def _stored(value: Any) -> Any:
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value


def _read(row: dict[str, Any]) -> dict[str, Any]:
    return {k: v.replace(tzinfo=UTC) if k in _TIMES and v else v for k, v in row.items()}
