"""A video's present tracks in numbers: over time, per animal, and as counts of areas."""

from __future__ import annotations

import pandas as pd

from storage.study import Study
from storage.track_rows import active_id
from storage.videos import find_video

_TRACKS = "tracks SEMI JOIN animals USING (video_id, animal_id)"  # without who was taken off
SURE = 0.99  # an identity confidence from which nobody need look


def over_time(study: Study, video_id: int, bins: int) -> pd.DataFrame:
    """Bins of equal frames: bin, start_s, found (mean of animals per frame), least, area_px."""
    return study.arrow(
        "WITH each AS (SELECT frame, any_value(time_s) AS time_s, "
        "count(*) FILTER (detected) AS found, median(area_px) AS area_px "
        f"FROM {_TRACKS} WHERE run_id = $run AND video_id = $video GROUP BY frame) "
        "SELECT frame * $bins // $frames AS bin, min(time_s) AS start_s, avg(found) AS found, "
        "min(found) AS least, avg(area_px) AS area_px FROM each GROUP BY bin ORDER BY bin",
        {**_here(study, video_id), "bins": bins, "frames": find_video(study, video_id).n_frames},
    ).to_pandas()


def speed_over_time(study: Study, video_id: int, bins: int) -> pd.DataFrame:
    """Bins of equal frames: animal_id, bin, found (share of frames), speed_px_s (mean of steps)."""
    return study.arrow(
        f"WITH {_STEPS} SELECT animal_id, frame * $bins // $frames AS bin, "
        "avg(detected::INTEGER) AS found, sum(step_px) / nullif(sum(step_s), 0) AS speed_px_s "
        "FROM steps GROUP BY ALL ORDER BY animal_id, bin",
        {**_here(study, video_id), "bins": bins, "frames": find_video(study, video_id).n_frames},
    ).to_pandas()


def per_animal(study: Study, video_id: int) -> pd.DataFrame:
    """One row per animal: how often it was found, its size, how far it went, how sure it is.

    Columns animal_id, found (share), area_px, area_low_px, area_high_px (median, 10th and 90th
    percentile), length_px, width_px (medians), distance_px, speed_px_s (mean of steps), sure (share
    of rows with an identity confidence of `SURE` or more; NULL when none is known).
    """
    return study.arrow(
        f"WITH {_STEPS} SELECT animal_id, avg(detected::INTEGER) AS found, "
        "median(area_px) AS area_px, quantile_cont(area_px, 0.1) AS area_low_px, "
        "quantile_cont(area_px, 0.9) AS area_high_px, median(length_px) AS length_px, "
        "median(width_px) AS width_px, sum(step_px) AS distance_px, "
        "sum(step_px) / nullif(sum(step_s), 0) AS speed_px_s, "
        "avg((identity_confidence >= $sure)::INTEGER) AS sure "
        "FROM steps GROUP BY animal_id ORDER BY animal_id",
        {**_here(study, video_id), "sure": SURE},
    ).to_pandas()


def area_counts(study: Study, video_id: int, bins: int) -> pd.DataFrame:
    """How often outlines have which area: animal_id, area_px (low edge of a bin), width_px, rows.

    Bins reach from the 0.1th to the 99.9th percentile of all animals; what is beyond is in the
    first and the last.
    """
    return study.arrow(
        f"WITH mine AS (SELECT animal_id, area_px FROM {_TRACKS} WHERE run_id = $run "
        "AND video_id = $video AND area_px IS NOT NULL), span AS (SELECT "
        "quantile_cont(area_px, 0.001) AS low, quantile_cont(area_px, 0.999) AS high FROM mine), "
        "cut AS (SELECT low, greatest((high - low) / $bins, 1e-6) AS width_px FROM span) "
        "SELECT animal_id, greatest(least(floor((area_px - low) / width_px), $bins - 1), 0) * "
        "width_px + low AS area_px, width_px, count(*) AS rows FROM mine, cut "
        "GROUP BY ALL ORDER BY animal_id, area_px",
        {**_here(study, video_id), "bins": bins},
    ).to_pandas()


def never_found(study: Study) -> set[tuple[str, str]]:
    """(video, animal) of all tracked animals of the study that were found in no frame."""
    return {
        (video, animal)
        for video, animal in study.rows(
            "SELECT v.name, a.name FROM runs r JOIN videos v USING (video_id) "
            "JOIN animals a USING (video_id) WHERE r.active AND NOT EXISTS ("
            "SELECT 1 FROM tracks t WHERE t.run_id = r.run_id AND t.video_id = r.video_id "
            "AND t.animal_id = a.animal_id AND t.detected)"
        )
    }


_STEPS = """
steps AS (
    SELECT *, if(linked, sqrt(pow(x_px - x0, 2) + pow(y_px - y0, 2)), NULL) AS step_px,
        if(linked, time_s - t0, NULL) AS step_s
    FROM (
        SELECT *, detected AND coalesce(lag(detected) OVER w, false) AS linked,
            lag(x_px) OVER w AS x0, lag(y_px) OVER w AS y0, lag(time_s) OVER w AS t0
        FROM tracks SEMI JOIN animals USING (video_id, animal_id)
        WHERE run_id = $run AND video_id = $video
        WINDOW w AS (PARTITION BY animal_id ORDER BY frame)
    )
)"""


def _here(study: Study, video_id: int) -> dict[str, object]:
    return {"run": active_id(study, video_id), "video": video_id}
