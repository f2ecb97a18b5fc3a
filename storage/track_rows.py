"""The rows of a video's tracks that an edit touches: kept as they were, and put back to the bit.

`tracks`, `masks` and `keypoints` hold the run with all standing edits applied, so that reading
costs nothing more. What tracking itself made of a row is kept in `raw_tracks`, `raw_masks` and
`raw_keypoints` by the first edit that changes it, and never changed after that; a swap only moves
rows, and `raw_animal_id` says from where. `raw_rows` puts the raw run together again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from storage.bouts import ANALYSIS
from storage.errors import StudyError
from storage.study import Study
from storage.ways import forget_ways

TABLES = {"tracks": "frame, animal_id", "masks": "frame, animal_id",
          "keypoints": "frame, animal_id, point"}  # fmt: skip
COMPUTED = ("bouts", "watched")  # of these, the rows that an analysis computed from the tracks
_MARKS = ("raw_animal_id", "edited")  # columns of tracks that only edits fill


@dataclass(frozen=True)
class Place:
    """Some animals of one run, in the frames `start` to `stop` (exclusive)."""

    run_id: str
    video_id: int
    animals: tuple[int, ...]
    start: int
    stop: int


_HERE = (
    "run_id = $run AND video_id = $video AND frame >= $start AND frame < $stop "
    "AND list_contains($animals, animal_id)"
)
_RAW_ID = "coalesce(raw_animal_id, animal_id)"
# The rows of a place that no edit has changed yet, and who tracking took them for.
_UNTOUCHED = (
    f"(SELECT frame, animal_id, {_RAW_ID} AS raw_id FROM tracks WHERE {_HERE}) AS now "
    "ANTI JOIN raw_tracks k ON k.run_id = $run AND k.video_id = $video AND k.frame = now.frame "
    "AND k.animal_id = now.raw_id"
)


def _where(place: Place) -> dict[str, object]:
    return {
        "run": place.run_id, "video": place.video_id, "start": place.start, "stop": place.stop,
        "animals": list(place.animals),
    }  # fmt: skip


def active_id(study: Study, video_id: int) -> str:
    """The run whose tracks everybody sees; an error when the video is not tracked."""
    found = study.rows("SELECT run_id FROM runs WHERE video_id = ? AND active", [video_id])
    if not found:
        raise StudyError("The video is not tracked yet: track it, then correct its tracks.")
    return found[0][0]


def rows_at(study: Study, place: Place) -> dict[str, pa.Table]:
    """Every row of tracks, masks and keypoints at a place."""
    return {
        table: study.arrow(f"SELECT * FROM {table} WHERE {_HERE} ORDER BY {order}", _where(place))
        for table, order in TABLES.items()
    }


def replace_rows(study: Study, place: Place, rows: Mapping[str, pa.Table]) -> None:
    """Make these the rows of a place; what tracking made of them is kept first.

    Tracks have one row per frame and animal whatever happens, so theirs are changed where they
    lie: moved to the end of the table, each read of the video would have to look there too.
    """
    _keep_raw(study, place)
    forget_ways(study, place.run_id)
    for table in ("masks", "keypoints"):
        study.rows(f"DELETE FROM {table} WHERE {_HERE}", _where(place))
    put_rows(study, {table: rows[table] for table in ("masks", "keypoints")})
    names = [name for name in _columns(study, "tracks") if name != "frame"]
    given = rows["tracks"].column_names  # rows saved by an older version have no marks
    values = {name: f"n.{name}" if name in given else "NULL" for name in (*names, *_MARKS)}
    study.connection.register("rows_to_put", rows["tracks"])
    study.rows(
        f"UPDATE tracks SET {', '.join(f'{name} = {new}' for name, new in values.items())} "
        "FROM rows_to_put n WHERE tracks.run_id = $run AND tracks.video_id = $video "
        "AND tracks.frame >= $start AND tracks.frame < $stop "
        "AND tracks.frame = n.frame AND tracks.animal_id = n.animal_id",
        {name: value for name, value in _where(place).items() if name != "animals"},
    )
    study.connection.unregister("rows_to_put")


def put_rows(study: Study, tables: Mapping[str, pa.Table]) -> None:
    """Insert rows as they are, by the names of their columns."""
    for table, rows in tables.items():
        if rows.num_rows:
            study.connection.register("rows_to_put", rows)
            study.rows(f"INSERT INTO {table} BY NAME SELECT * FROM rows_to_put")
            study.connection.unregister("rows_to_put")


def exchange(study: Study, place: Place) -> None:
    """Exchange the identities of the two animals of a place, in every table."""
    one, other = place.animals
    forget_ways(study, place.run_id)
    for table in TABLES:
        raw = f", raw_animal_id = {_RAW_ID}" if table == "tracks" else ""
        study.rows(
            f"UPDATE {table} SET animal_id = CASE animal_id WHEN $one THEN $other ELSE $one END"
            f"{raw} WHERE {_HERE}",
            {**_where(place), "one": one, "other": other},
        )


def raw_rows(study: Study, video_id: int) -> dict[str, pa.Table]:
    """Tracks, masks and keypoints of the active run as tracking made them, without any edit.

    Of edits that were made before raw rows were kept (schema 16 and older) only undo leads back.
    """
    where = {"run": active_id(study, video_id), "video": video_id}
    here = "t.run_id = $run AND t.video_id = $video"
    found = {}
    for table, order in TABLES.items():
        columns = _columns(study, table)
        listed = ", ".join(f"t.{name}" for name in columns)
        joined = "" if table == "tracks" else "JOIN tracks w USING (run_id, frame, animal_id) "
        whose = "coalesce(raw_animal_id, t.animal_id)"
        found[table] = study.arrow(
            f"SELECT animal_id, {', '.join(columns)} FROM ("
            f"SELECT {listed}, {whose} AS animal_id FROM {table} t {joined}WHERE {here} "
            f"AND NOT EXISTS (FROM raw_tracks k WHERE k.run_id = $run AND k.video_id = $video "
            f"AND k.frame = t.frame AND k.animal_id = {whose}) "
            f"UNION ALL SELECT {listed}, animal_id FROM raw_{table} t WHERE {here}) "
            f"ORDER BY {order}",
            where,
        )
    return found


def _keep_raw(study: Study, place: Place) -> None:
    """Keep the rows of a place that no edit has changed so far, for good."""
    for table in ("masks", "keypoints", "tracks"):  # a row in raw_tracks says it is done
        columns = _columns(study, table)
        listed = ", ".join(f"t.{name}" for name in columns)
        study.rows(
            f"INSERT INTO raw_{table} (run_id, video_id, animal_id, {', '.join(columns)}) "
            f"SELECT $run, $video, u.raw_id, {listed} FROM (SELECT * FROM {_UNTOUCHED}) u "
            f"JOIN (FROM {table} WHERE {_HERE}) t USING (frame, animal_id)",
            _where(place),
        )


def _columns(study: Study, table: str) -> list[str]:
    """The columns of a table that tracking fills, but for the run, the video and the animal."""
    names = study.connection.table(f"raw_{table}").columns
    return [name for name in names if name not in ("run_id", "video_id", "animal_id")]


def take_computed(study: Study, video_id: int) -> dict[str, pa.Table]:
    """Take off what analyses computed from the tracks as they were, as tracking again does."""
    taken = {}
    for table in COMPUTED:
        where = f"FROM {table} WHERE video_id = ? AND source = ?"
        taken[table] = study.arrow(f"SELECT * {where}", [video_id, ANALYSIS])
        study.rows(f"DELETE {where}", [video_id, ANALYSIS])
    return taken


def share_of(study: Study, run_id: str) -> float:
    """The share of (frame, animal) pairs that the run's row says were found."""
    return study.rows("SELECT share_detected FROM runs WHERE run_id = ?", [run_id])[0][0]


def set_share(study: Study, place: Place, share: float | None = None) -> None:
    """Write the share found into the run's row, counted anew from its tracks unless given."""
    study.rows(
        "UPDATE runs SET share_detected = coalesce($share::DOUBLE, (SELECT avg(detected::INTEGER) "
        "FROM tracks SEMI JOIN animals USING (video_id, animal_id) "
        "WHERE run_id = $run AND video_id = $video), 0) WHERE run_id = $run",
        {"share": share, "run": place.run_id, "video": place.video_id},
    )
