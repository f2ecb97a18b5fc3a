"""What must hold of frame times, regions, bouts, the edit log and labels."""

from __future__ import annotations

from collections.abc import Iterator

from storage.checks.findings import Fault, rows
from storage.checks.tracking import filled_px
from storage.edits import log
from storage.study import Study
from storage.videos import videos


def records(study: Study) -> list[Fault]:
    """Everything that is wrong beside orphans and tracks."""
    checks = (_frame_times, _bouts, _edit_log, _labels)
    return [fault for check in checks for fault in check(study)]


def _frame_times(study: Study) -> Iterator[Fault]:
    """One time per frame, never before the one of the frame before."""
    found = study.rows(
        "SELECT name, n_frames, count(frame), count(DISTINCT frame), min(frame), max(frame), "
        "count(*) FILTER (early OR NOT isfinite(time_s)) FROM videos LEFT JOIN (SELECT *, "
        "time_s < lag(time_s) OVER (PARTITION BY video_id ORDER BY frame) AS early "
        "FROM frame_times) USING (video_id) GROUP BY video_id, name, n_frames ORDER BY video_id"
    )
    for name, n_frames, number, distinct, first, last, wrong in found:
        if (number, distinct, first, last) != (n_frames, n_frames, 0, n_frames - 1):
            yield Fault("times", f"{name} has {n_frames} frames and {rows(number, 'frame time')}",
                        "Take the video into another study, and compare")  # fmt: skip
        if wrong:
            yield Fault("times", f"{rows(wrong, 'frame time')} of {name} lie before the frame "
                        "before, or are no number", "Take the video into another study, and "
                        "compare")  # fmt: skip


def _bouts(study: Study) -> Iterator[Fault]:
    """Bouts inside their film that last as long as they can."""
    found = study.rows(
        "SELECT v.name, count(*) FROM bouts b JOIN videos v USING (video_id) WHERE "
        "start_frame < 0 OR stop_frame > n_frames OR stop_frame < start_frame "
        "OR (kind = 'state' AND stop_frame = start_frame) OR NOT isfinite(start_s) "
        "OR NOT isfinite(stop_s) OR stop_s < start_s GROUP BY ALL ORDER BY ALL"
    )
    for name, number in found:
        yield Fault("bouts", f"{rows(number, 'bout')} of {name} end before they begin or lie "
                    "outside of the film", "Look at them on the page Annotate, and correct or "
                    "delete them")  # fmt: skip


def _edit_log(study: Study) -> Iterator[Fault]:
    """A log that can be gone through from its beginning, and whose undo has what it needs."""
    lost = study.rows(
        "SELECT count(*) FROM edits e WHERE undoes IS NOT NULL AND error IS NULL "
        "AND NOT EXISTS (SELECT 1 FROM edits o WHERE o.edit_id = e.undoes)"
    )[0][0]
    if lost:
        yield Fault("edits", f"{rows(lost, 'undo')} in the log are of edits that are not in it",
                    "Restore the study from a backup: a log is never shortened")  # fmt: skip
    for video in videos(study):
        try:
            log(study, video.video_id)
        except (LookupError, TypeError, ValueError):
            yield Fault("edits", f"the log of {video.name} cannot be gone through: an undo has "
                        "nothing to take back", "Restore the study from a backup: the tracks are "
                        "as they are, but nothing can be undone")  # fmt: skip
    empty = study.rows(
        "SELECT count(*) FROM edits WHERE error IS NULL AND inverse->>'kind' = 'tracks.restore' "
        "AND coalesce((inverse->'data'->>'swap')::BOOLEAN, false) = false "
        "AND run_id IN (SELECT run_id FROM runs WHERE purged_at IS NULL) "
        "AND edit_id NOT IN (SELECT edit_id FROM edit_rows)"
    )[0][0]
    if empty:
        yield Fault("edits", f"{rows(empty, 'correction')} of tracks have lost the rows from "
                    "before", "They stand, but cannot be undone: track the video again if they "
                    "have to go")  # fmt: skip


def _labels(study: Study) -> Iterator[Fault]:
    """Labels inside the picture that fill their boxes, of frames of the film."""
    found = study.rows(
        "SELECT v.name, count(*) FROM label_revisions r JOIN videos v USING (video_id) "
        "WHERE r.frame < 0 OR r.frame >= v.n_frames GROUP BY ALL ORDER BY ALL"
    )
    for name, number in found:
        yield Fault("labels", f"{rows(number, 'labelled frame')} of {name} are not in the film",
                    "Withdraw them: ethoscribe labels, or the page Label")  # fmt: skip
    shapes = study.rows(
        "SELECT v.name, r.frame, l.width::INTEGER * l.height, l.rle, l.x0 < 0 OR l.y0 < 0 "
        "OR l.x0 + l.width > v.width OR l.y0 + l.height > v.height FROM labels l "
        "JOIN label_revisions r USING (revision_id) JOIN videos v USING (video_id) ORDER BY ALL"
    )
    filled = filled_px([row[3] for row in shapes])
    for (name, frame, area, _, outside), px in zip(shapes, filled, strict=True):
        if outside or px != area:
            what = "lies outside of the picture" if outside else "cannot be decoded"
            yield Fault("labels", f"a label in frame {frame} of {name} {what}",
                        "Label that frame again on the page Label")  # fmt: skip
