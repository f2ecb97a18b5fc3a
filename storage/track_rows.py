"""The rows of a video's tracks that an edit touches: kept as they were, and put back to the bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from storage.bouts import ANALYSIS
from storage.errors import StudyError
from storage.study import Study

TABLES = {"tracks": "frame, animal_id", "masks": "frame, animal_id",
          "keypoints": "frame, animal_id, point"}  # fmt: skip
COMPUTED = ("bouts", "watched")  # of these, the rows that an analysis computed from the tracks


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


def remove_rows(study: Study, place: Place, tables: tuple[str, ...] = tuple(TABLES)) -> None:
    """Delete the rows at a place."""
    for table in tables:
        study.rows(f"DELETE FROM {table} WHERE {_HERE}", _where(place))


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
    for table in TABLES:
        study.rows(
            f"UPDATE {table} SET animal_id = CASE animal_id WHEN $one THEN $other ELSE $one END "
            f"WHERE {_HERE}",
            {**_where(place), "one": one, "other": other},
        )


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


def set_share(study: Study, run_id: str, share: float | None = None) -> None:
    """Write the share found into the run's row, counted anew from its tracks unless given."""
    study.rows(
        "UPDATE runs SET share_detected = coalesce($share::DOUBLE, (SELECT avg(detected::INTEGER) "
        "FROM tracks WHERE run_id = $run)) WHERE run_id = $run",
        {"share": share, "run": run_id},
    )
