"""The tables people take away: tracks, bouts and a summary, with stable columns."""

from collections.abc import Sequence

from storage.bouts import REMARKS, SELECT_BOUTS
from storage.errors import StudyError
from storage.study import Study
from storage.tracks import read_points
from storage.ways import way_sql
from storage.writing import Rows, quoted, sql_text, write_table

__all__ = ["Rows", "bouts_table", "summary_table", "tracks_table", "write_table"]

# The active tracks with the frame before and after; a neighbour counts when it is the very next
# frame and the animal was found in it, so nothing is computed across a gap.
_PLACES = """
places AS (
    SELECT t.*, detected AS here,
        v.name AS video, v.px_per_cm, a.name AS animal
    FROM tracks t JOIN runs r USING (run_id) JOIN videos v ON v.video_id = t.video_id
    JOIN animals a ON a.video_id = t.video_id AND a.animal_id = t.animal_id
    WHERE r.active AND ($video::INTEGER IS NULL OR t.video_id = $video)
),
beside AS (
    SELECT *,
        here AND coalesce(lag(here) OVER w AND lag(frame) OVER w = frame - 1, false) AS before,
        here AND coalesce(lead(here) OVER w AND lead(frame) OVER w = frame + 1, false) AS after,
        lag(x_px::DOUBLE) OVER w AS x0, lag(y_px::DOUBLE) OVER w AS y0, lag(time_s) OVER w AS t0,
        lead(x_px::DOUBLE) OVER w AS x2, lead(y_px::DOUBLE) OVER w AS y2, lead(time_s) OVER w AS t2
    FROM places WINDOW w AS (PARTITION BY video_id, animal_id ORDER BY frame)
)"""
# Central difference over the true times, one-sided at the ends of a tracked stretch.
_SPEED_PX_S = """
CASE WHEN before OR after THEN
    sqrt(pow(if(after, x2, x_px) - if(before, x0, x_px), 2)
       + pow(if(after, y2, y_px) - if(before, y0, y_px), 2))
    / nullif(if(after, t2, time_s) - if(before, t0, time_s), 0)
END"""
_MEASURES = f"""
    video, frame, time_s, animal, x_px, y_px, (x_px::DOUBLE / px_per_cm)::FLOAT AS x_cm,
    (y_px::DOUBLE / px_per_cm)::FLOAT AS y_cm, heading_deg, length_px, width_px, area_px,
    ({_SPEED_PX_S} / px_per_cm)::FLOAT AS speed_cm_s, detected, identity_confidence, edited"""
_SUMMARY = """
SELECT v.name AS video, v.n_frames AS frames, v.duration_s, v.fps_num / v.fps_den AS fps, animal,
    found / v.n_frames AS tracked_fraction,
    path_px / coalesce(v.px_per_cm, 1) AS distance_moved,
    if(v.px_per_cm IS NULL, 'px', 'cm') AS distance_unit,
    path_px / nullif(moving_s, 0) / coalesce(v.px_per_cm, 1) AS mean_speed,
    if(v.px_per_cm IS NULL, 'px/s', 'cm/s') AS speed_unit
FROM ({ways}) JOIN runs r USING (run_id, video_id) JOIN videos v USING (video_id)
JOIN (SELECT video_id, animal_id, name AS animal FROM animals) USING (video_id, animal_id)
WHERE r.active ORDER BY v.video_id, animal_id"""


def tracks_table(study: Study, video_id: int | None = None) -> Rows:
    """Every frame of every animal of the active runs: position, size, speed, body points.

    `speed_cm_s` is the central difference over the true frame times, one-sided at the ends of a
    tracked stretch, and empty where the animal or both its neighbouring frames are missing.
    Centimetres are empty in a video without scale.
    """
    points = read_points(study, video_id)
    joins, more = "", ""
    if points:
        columns = [(point, part) for point in points for part in ("x_px", "y_px", "confidence")]
        picked = ", ".join(
            f"any_value({part}) FILTER (WHERE point = {sql_text(point)}) "
            f"AS {quoted(f'{point}_{part}')}"
            for point, part in columns
        )
        more = "".join(f", k.{quoted(f'{point}_{part}')}" for point, part in columns)
        joins = (
            f" LEFT JOIN (SELECT run_id, frame, animal_id, {picked} FROM keypoints "
            "WHERE $video::INTEGER IS NULL OR video_id = $video GROUP BY ALL) k "
            "USING (run_id, frame, animal_id)"
        )
    sql = f"WITH {_PLACES} SELECT {_MEASURES}{more} FROM beside{joins} "
    sql += "ORDER BY video_id, frame, animal_id"
    return Rows(study.connection, sql, {"video": video_id})


def bouts_table(
    study: Study,
    video_id: int | None = None,
    behaviour: str | None = None,
    remarks: Sequence[str] = (),
) -> Rows:
    """Every bout, in the order of videos and time; `remarks` are further columns of `REMARKS`."""
    unknown = [name for name in remarks if name not in REMARKS]
    if unknown:
        raise StudyError(f"Bouts have no '{unknown[0]}' to add: choose {' or '.join(REMARKS)}.")
    sql = SELECT_BOUTS.format(more="".join(f", {name}" for name in dict.fromkeys(remarks)))
    return Rows(study.connection, sql, {"video": video_id, "behaviour": behaviour})


def summary_table(study: Study, video_id: int | None = None) -> Rows:
    """One row per tracked video and animal: share tracked, way and mean speed with their units.

    The way adds the steps between neighbouring frames in which the animal was found, unsmoothed;
    the mean speed divides it by the time those steps took.
    """
    return Rows(study.connection, _SUMMARY.format(ways=way_sql(study, video_id)))
