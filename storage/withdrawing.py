"""Runs that are deleted or replaced: out of sight at once, and brought back until they are purged.

The rows of a run stay where they are, under its name; nobody reads those of a run that is not
active. What rests on the run beside them is put aside with it: the names of the animals and what
analyses found in its tracks. What a person scored, metadata and regions are about the film, and
stay. Corrections stay in the log, and stand again with their run.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from storage.authors import who
from storage.bouts import ANALYSIS
from storage.errors import StudyError
from storage.identity_tables import IDENTITIES
from storage.provenance import STANDING
from storage.study import Study
from storage.track_names import follow
from storage.track_rows import put_rows
from storage.videos import animal_names

RUN_TABLES = (
    "tracks",
    "masks",
    "keypoints",
    "raw_tracks",
    "raw_masks",
    "raw_keypoints",
    "animal_ways",
    *IDENTITIES,
)  # with a run_id in every row
_ASIDE = {  # what rests on the present run of a video
    "animals": "video_id = $video",
    "bouts": f"video_id = $video AND source = '{ANALYSIS}'",
    "watched": f"video_id = $video AND source = '{ANALYSIS}'",
}
Names = dict[int, str]  # of a run's animals, by their numbers
KEPT_DAYS = 30  # what was withdrawn longer ago may be purged


@dataclass(frozen=True)
class Resting:
    """What goes out of sight, or comes back, with a run."""

    run_id: str
    video: str
    rows: int  # of tracks
    bouts: int  # that analyses found
    corrections: int  # by hand that stand
    replaced: str | None = None  # the run that went out of sight for one that comes back


def resting_on(study: Study, run_id: str) -> Resting:
    """What would go out of sight with a run."""
    video_id, video, active = _run(study, run_id)
    rows = _count(study, video_id, run_id)
    sql = f"SELECT count(*) FROM bouts WHERE {_ASIDE['bouts']}"
    bouts = study.rows(sql, {"video": video_id})[0][0] if active else _aside_bouts(study, run_id)
    made = f"SELECT {STANDING} FROM edits WHERE run_id = ? AND scope = 'tracks' AND error IS NULL"
    return Resting(run_id, video, rows, bouts, study.rows(made, [run_id])[0][0])


def withdraw_run(study: Study, run_id: str, replaced_by: str | None = None) -> Resting:
    """Take the active run of a video out of sight; `restore_run` brings it back."""
    video_id, video, active = _run(study, run_id)
    if not active:
        raise StudyError(f"Run {run_id} of '{video}' is deleted or replaced already.")
    resting = resting_on(study, run_id)
    for table, where in _ASIDE.items():
        rows = study.arrow(f"SELECT * FROM {table} WHERE {where}", {"video": video_id})
        study.rows("INSERT INTO run_rows VALUES (?, ?, ?)", [run_id, table, _packed(rows)])
        study.rows(f"DELETE FROM {table} WHERE {where}", {"video": video_id})
    study.rows(
        "UPDATE runs SET active = false, withdrawn_at = ?, withdrawn_by = ?, replaced_by = ? "
        "WHERE run_id = ?",
        [_now(), who(), replaced_by, run_id],
    )
    return resting


def restore_run(study: Study, run_id: str) -> Resting:
    """Bring a run back that was deleted or replaced; the active one, if any, goes for it."""
    video_id, video, active = _run(study, run_id)
    if active:
        raise StudyError(f"Run {run_id} of '{video}' is the active one already.")
    if not _count(study, video_id, run_id):
        raise StudyError(
            f"The rows of run {run_id} are gone for good: track the video again, with "
            f"--like {run_id} for the same settings."
        )
    now = study.rows("SELECT run_id FROM runs WHERE video_id = ? AND active", [video_id])
    called = animal_names(study, video_id)
    for (other,) in now:
        withdraw_run(study, other, replaced_by=run_id)
    aside = study.rows("SELECT table_name, rows FROM run_rows WHERE run_id = ?", [run_id])
    put_rows(study, {table: _unpacked(rows) for table, rows in aside})
    study.rows("DELETE FROM run_rows WHERE run_id = ?", [run_id])
    for (other,) in now:
        _follow_names(study, video_id, other, run_id, called)
    study.rows(
        "UPDATE runs SET active = true, withdrawn_at = NULL, withdrawn_by = NULL, "
        "replaced_by = NULL WHERE run_id = ?",
        [run_id],
    )
    back = resting_on(study, run_id)
    replaced = now[0][0] if now else None
    return Resting(run_id, video, back.rows, back.bouts, back.corrections, replaced)


def _follow_names(study: Study, video_id: int, gone: str, run_id: str, then: Names) -> None:
    """What people scored follows animals that were renamed in one of two runs and not the other.

    Renaming is a correction of its run: without this, bouts under a name that was given in the run
    that went would be of nobody in the one that came back, and stay so. Two runs speak of the same
    animal where its number had one name in both at any time.
    """
    now = animal_names(study, video_id)
    before, after = _ever(study, gone, then), _ever(study, run_id, now)
    changes = {
        then[number]: now[number]
        for number in then.keys() & now.keys()
        if then[number] != now[number] and before[number] & after[number]
    }
    follow(study, video_id, changes)


def _ever(study: Study, run_id: str, names: Names) -> dict[int, set[str]]:
    """Every name that each animal of a run was given."""
    found = {number: {name} for number, name in names.items()}
    renamed = study.rows(
        "SELECT (inverse->'data'->>'animal_id')::INTEGER, inverse->'data'->>'name', "
        "trim(data->>'name') FROM edits WHERE run_id = ? AND kind = 'tracks.rename' "
        "AND error IS NULL",
        [run_id],
    )
    for number, *given in renamed:
        found.setdefault(number, set()).update(given)
    return found


def withdrawn_runs(study: Study, older_than_days: float = 0.0) -> list[Resting]:
    """Runs whose rows are kept out of sight for so many days or longer, oldest first."""
    before = _now() - timedelta(days=older_than_days)
    found = study.rows(
        "SELECT run_id FROM runs WHERE NOT active AND withdrawn_at <= ? AND purged_at IS NULL "
        "ORDER BY withdrawn_at, run_id",
        [before],
    )
    return [resting_on(study, run_id) for (run_id,) in found]


def purge_run(study: Study, run_id: str) -> int:
    """Remove the rows of a withdrawn run for good, and return how many of tracks there were.

    The run stays in the list with its settings, and its corrections stay in the log.
    """
    video_id, video, active = _run(study, run_id)
    if active:
        raise StudyError(f"Run {run_id} of '{video}' is in use: delete it first.")
    rows = _count(study, video_id, run_id)
    for table in RUN_TABLES:
        study.rows(f"DELETE FROM {table} WHERE video_id = ? AND run_id = ?", [video_id, run_id])
    study.rows("DELETE FROM run_rows WHERE run_id = ?", [run_id])
    own = "edit_id IN (SELECT edit_id FROM edits WHERE run_id = ?)"
    study.rows(f"DELETE FROM edit_rows WHERE {own}", [run_id])
    study.rows("UPDATE runs SET purged_at = ? WHERE run_id = ?", [_now(), run_id])
    return rows


def make_room(study: Study, video_id: int) -> None:
    """Purge the runs of a video that were replaced before, but for those corrected by hand.

    So a video that is tracked ten times takes the place of two runs.
    """
    for (run_id,) in study.rows(
        "SELECT run_id FROM runs r WHERE video_id = ? AND NOT active AND purged_at IS NULL "
        "AND replaced_by IS NOT NULL AND NOT EXISTS (SELECT 1 FROM edits e "
        "WHERE e.run_id = r.run_id AND scope = 'tracks' AND error IS NULL)",
        [video_id],
    ):
        purge_run(study, run_id)


def _count(study: Study, video_id: int, run_id: str) -> int:
    """How many rows of tracks a run has; the number of the video spares reading the others."""
    sql = "SELECT count(*) FROM tracks WHERE video_id = ? AND run_id = ?"
    return study.rows(sql, [video_id, run_id])[0][0]


def _run(study: Study, run_id: str) -> tuple[int, str, bool]:
    """Number and name of a run's video, and whether it is the active one."""
    found = study.rows(
        "SELECT video_id, name, active FROM runs JOIN videos USING (video_id) WHERE run_id = ?",
        [run_id],
    )
    if found:
        return found[0]
    raise StudyError(f"The study has no run '{run_id}': ethoscribe runs lists them.")


def _aside_bouts(study: Study, run_id: str) -> int:
    sql = "SELECT rows FROM run_rows WHERE run_id = ? AND table_name = 'bouts'"
    return sum(_unpacked(rows).num_rows for (rows,) in study.rows(sql, [run_id]))


def _packed(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, rows.schema, options=options) as stream:
        stream.write_table(rows)
    return sink.getvalue().to_pybytes()


def _unpacked(rows: bytes) -> pa.Table:
    with pa.ipc.open_stream(rows) as stream:
        return stream.read_all()


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
