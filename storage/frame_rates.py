"""Another frame rate for a recording that has no video of its own to say it."""

from fractions import Fraction

import numpy as np
import pyarrow as pa

from storage.bouts import frame_edges
from storage.study import Study, StudyError
from storage.videos import find_video


def set_frame_rate(study: Study, video_id: int, fps: Fraction) -> int:
    """Set the frame rate of a recording without a video; return how many bouts it has.

    Bouts keep their frames, and their seconds follow. The tracks' times do not: store them anew.
    """
    video = find_video(study, video_id)
    if video.has_pictures:
        raise StudyError(f"'{video.name}' is a video with frame times of its own: they stay.")
    time_s = np.arange(video.n_frames) * fps.denominator / fps.numerator
    study.rows(
        "UPDATE videos SET fps_num = ?, fps_den = ?, duration_s = ? WHERE video_id = ?",
        [fps.numerator, fps.denominator, float(video.n_frames / fps), video_id],
    )
    times = pa.table({"frame": np.arange(len(time_s), dtype=np.int32), "time_s": time_s})
    study.connection.register("new_times", times)
    study.rows("DELETE FROM frame_times WHERE video_id = ?", [video_id])
    study.rows("INSERT INTO frame_times SELECT ?, frame, time_s FROM new_times", [video_id])
    study.connection.unregister("new_times")
    edges_s = frame_edges(study, video_id)
    edges = pa.table({"frame": np.arange(len(edges_s), dtype=np.int32), "time_s": edges_s})
    study.connection.register("new_edges", edges)
    for column in ("start", "stop"):
        study.rows(
            f"UPDATE bouts SET {column}_s = e.time_s FROM new_edges e "
            f"WHERE video_id = ? AND {column}_frame = e.frame",
            [video_id],
        )
    study.connection.unregister("new_edges")
    return int(study.rows("SELECT count(*) FROM bouts WHERE video_id = ?", [video_id])[0][0])
