"""How far the animals of a run went: counted once when a run is stored, read at once after that.

Over 10^8 rows the steps between frames take 40 s of work, and the sums of one run change only when
an edit changes its rows. `way_sql` is the one definition of the sums, for both.
"""

from __future__ import annotations

from storage.study import Study

_STEPS = """
SELECT run_id, video_id, animal_id, count(*) FILTER (WHERE here) AS found,
    coalesce(sum(sqrt(pow(x2 - x_px, 2) + pow(y2 - y_px, 2)) ORDER BY frame)
        FILTER (WHERE after), 0) AS path_px,
    coalesce(sum(t2 - time_s ORDER BY frame) FILTER (WHERE after), 0) AS moving_s
FROM (
    SELECT run_id, video_id, animal_id, frame, x_px, y_px, time_s, detected AS here,
        here AND coalesce(lead(here) OVER w AND lead(frame) OVER w = frame + 1, false) AS after,
        lead(x_px::DOUBLE) OVER w AS x2, lead(y_px::DOUBLE) OVER w AS y2, lead(time_s) OVER w AS t2
    FROM tracks WHERE {where}
    WINDOW w AS (PARTITION BY run_id, video_id, animal_id ORDER BY frame)
) GROUP BY run_id, video_id, animal_id"""


def keep_ways(study: Study, video_id: int, run_id: str) -> None:
    """Count a run's ways, and keep them."""
    forget_ways(study, run_id)
    where = "video_id = $video AND run_id = $run"
    study.rows(
        f"INSERT INTO animal_ways BY NAME {_STEPS.format(where=where)}",
        {"video": video_id, "run": run_id},
    )


def forget_ways(study: Study, run_id: str) -> None:
    """Say that a run's rows are not those any more that its ways were counted from."""
    study.rows("DELETE FROM animal_ways WHERE run_id = ?", [run_id])


def way_sql(study: Study, video_id: int | None = None) -> str:
    """SQL of the ways of every active run, or one video's: those kept, and the others counted.

    The runs that are not kept are named in the SQL: a join with them would read every row of all.
    """
    missing = study.rows(
        "SELECT r.video_id FROM runs r ANTI JOIN animal_ways USING (run_id) WHERE r.active "
        "AND ($1::INTEGER IS NULL OR r.video_id = $1)",
        [video_id],
    )
    listed = "run_id, video_id, animal_id, found, path_px, moving_s"
    # Sums that are counted may be NULL for all DuckDB knows: so may these, or the same data would
    # make another Parquet file (a column that is required, not optional).
    sums = ", ".join(f"nullif({name}, -1) AS {name}" for name in ("found", "path_px", "moving_s"))
    kept = f"SELECT run_id, video_id, animal_id, {sums} FROM animal_ways"
    if video_id is not None:
        kept += f" WHERE video_id = {int(video_id)}"
    if not missing:
        return kept
    where = f"video_id IN ({', '.join(str(number) for (number,) in missing)})"
    return f"{kept} UNION ALL SELECT {listed} FROM ({_STEPS.format(where=where)})"
