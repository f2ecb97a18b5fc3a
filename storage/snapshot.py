"""A read-only copy of one video's data, for the process that runs analysis code."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from storage.bouts import SELECT_BOUTS
from storage.learned import SELECT_LEARNED, learned_names
from storage.regions import regions
from storage.runs import COLUMNS, Run, active_run
from storage.study import Study, StudyError
from storage.tracks import read_points
from storage.videos import Video, animal_names, find_video
from storage.writing import sql_text


def write_snapshot(
    study: Study,
    video_id: int,
    folder: Path | str,
    needs_masks: bool,
    learned: Collection[str] | None = None,
) -> Path:
    """Write what an analysis may see of one video into `folder`, as read-only files.

    recording.json (video, frame rate, size, scale, animals, points, regions), time_s.parquet
    (frame, time_s), tracks, keypoints and, when `needs_masks`, masks (with animal_id and the
    animal's name), sorted by animal then frame; bouts; the learned behaviours named in `learned`
    (all of them by default). Only the active tracking run is in it.
    """
    video, folder = find_video(study, video_id), Path(folder).resolve()
    run = active_run(study, video_id)
    if run is None:
        raise StudyError(
            f"Video '{video.name}' is not tracked yet: track it first, then ask again."
        )
    tables = {
        "time_s": "SELECT frame, time_s FROM frame_times WHERE video_id = $video ORDER BY frame",
        "tracks": _rows_by_animal("tracks", "t.animal_id, t.frame"),
        "keypoints": _rows_by_animal("keypoints", "t.animal_id, t.point, t.frame"),
        "masks": _rows_by_animal("masks", "t.animal_id, t.frame"),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for table, sql in tables.items():
        file = folder / f"{table}.parquet"
        if table != "masks" or needs_masks:
            _copy(study, sql, {"video": video_id}, file)
        else:
            file.unlink(missing_ok=True)  # of an earlier snapshot
    everything = {"video": video_id, "behaviour": None}
    _copy(study, SELECT_BOUTS.format(more=""), everything, folder / "bouts.parquet")
    _copy_learned(study, learned, folder / "learned.parquet")
    _write_recording(folder / "recording.json", _recording(study, video, run))
    return folder


def _recording(study: Study, video: Video, run: Run) -> dict[str, object]:
    names = animal_names(study, video.video_id)
    return {
        "video": video.name,
        "fps_num": video.fps.numerator,
        "fps_den": video.fps.denominator,
        "n_frames": video.n_frames,
        "duration_s": video.duration_s,
        "width": video.width,
        "height": video.height,
        "px_per_cm": video.px_per_cm,
        "variable_rate": video.variable_rate,
        "share_detected": run.share_detected,
        "animals": [{"animal_id": number, "name": name} for number, name in names.items()],
        "points": read_points(study, video.video_id),
        "regions": [
            {"name": one.name, "kind": one.kind, "role": one.role, "points": list(one.points)}
            for one in regions(study, video.video_id)
        ],
    }


def _rows_by_animal(table: str, order: str) -> str:
    columns = ", ".join(f"t.{column}" for column in COLUMNS[table])
    return (
        f"SELECT {columns}, a.name AS animal FROM {table} t JOIN runs r USING (run_id) "
        "JOIN animals a ON a.video_id = t.video_id AND a.animal_id = t.animal_id "
        f"WHERE r.active AND t.video_id = $video ORDER BY {order}"
    )


def _copy(study: Study, sql: str, parameters: dict[str, Any], file: Path) -> None:
    file.unlink(missing_ok=True)  # read-only when it is an earlier snapshot's
    options = "FORMAT parquet, COMPRESSION lz4_raw"
    study.rows(f"COPY ({sql}) TO {sql_text(str(file))} ({options})", parameters)
    file.chmod(0o444)


def _copy_learned(study: Study, learned: Collection[str] | None, file: Path) -> None:
    """The models that an analysis may apply; most studies have none, and get no file."""
    names = learned_names(study) if learned is None else list(learned)
    if names:
        _copy(study, SELECT_LEARNED, {"names": names}, file)
    else:
        file.unlink(missing_ok=True)  # of an earlier snapshot


def _write_recording(file: Path, recording: dict[str, object]) -> None:
    file.unlink(missing_ok=True)
    file.write_text(json.dumps(recording, indent=1, ensure_ascii=False), encoding="utf-8")
    file.chmod(0o444)
