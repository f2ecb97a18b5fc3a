"""Reading tracks, masks and body points of a video's active run."""

import pyarrow as pa

from storage.runs import COLUMNS
from storage.study import Study


def read_tracks(
    study: Study, video_id: int, first: int | None = None, last: int | None = None
) -> pa.Table:
    """One row per frame and animal, with its name; frames `first` up to, not including, `last`."""
    return _read(study, "tracks", video_id, first, last)


def read_masks(
    study: Study, video_id: int, first: int | None = None, last: int | None = None
) -> pa.Table:
    """One row per outline, run-length coded; frames `first` up to, not including, `last`."""
    return _read(study, "masks", video_id, first, last)


def read_keypoints(
    study: Study, video_id: int, first: int | None = None, last: int | None = None
) -> pa.Table:
    """One row per body point; frames `first` up to, not including, `last`."""
    return _read(study, "keypoints", video_id, first, last)


def read_points(study: Study, video_id: int | None = None) -> list[str]:
    """The names of the body points of one video, or of all, in alphabetical order."""
    rows = study.rows(
        "SELECT DISTINCT point FROM keypoints JOIN runs USING (run_id) WHERE active "
        "AND (?::INTEGER IS NULL OR keypoints.video_id = ?) ORDER BY point",
        [video_id, video_id],
    )
    return [point for (point,) in rows]


def measured(study: Study, video_id: int) -> frozenset[str]:
    """Which of "outlines", "heading" and "length" the video's active run has of any animal."""
    (has,) = study.rows(
        "WITH run AS (SELECT run_id FROM runs WHERE active AND video_id = $1) SELECT "
        "EXISTS (FROM masks SEMI JOIN run USING (run_id)), "
        "EXISTS (FROM tracks SEMI JOIN run USING (run_id) WHERE isfinite(heading_deg)), "
        "EXISTS (FROM tracks SEMI JOIN run USING (run_id) WHERE isfinite(length_px))",
        [video_id],
    )
    names = ("outlines", "heading", "length")
    return frozenset(name for name, found in zip(names, has, strict=True) if found)


def _read(study: Study, table: str, video_id: int, first: int | None, last: int | None) -> pa.Table:
    columns = ", ".join(f"t.{column}" for column in COLUMNS[table])
    order = "frame, animal_id" + (", point" if table == "keypoints" else "")
    return study.arrow(
        f"SELECT {columns}, a.name FROM {table} t JOIN runs r USING (run_id) "
        "JOIN animals a ON a.video_id = t.video_id AND a.animal_id = t.animal_id "
        "WHERE r.active AND t.video_id = ? AND t.frame >= ? AND t.frame < ? "
        f"ORDER BY {', '.join('t.' + column for column in order.split(', '))}",
        [video_id, first or 0, 2**31 - 1 if last is None else last],
    )
