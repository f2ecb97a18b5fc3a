"""A read-only copy of one video's data, for the process that runs analysis code."""

import json
from pathlib import Path

from storage.bouts import SELECT_BOUTS
from storage.regions import regions
from storage.runs import COLUMNS, active_run
from storage.study import Study, StudyError
from storage.tracks import read_points
from storage.videos import Video, animal_names, find_video
from storage.writing import sql_text


def write_snapshot(study: Study, video_id: int, folder: Path | str, needs_masks: bool) -> Path:
    """Write what an analysis may see of one video into `folder`, as read-only files.

    recording.json (video, frame rate, size, scale, animals, points, regions), time_s.parquet
    (frame, time_s), tracks, keypoints and, when `needs_masks`, masks (with animal_id and the
    animal's name), sorted by animal then frame; bouts. Only the active tracking run is in it.
    """
    video, folder = find_video(study, video_id), Path(folder).resolve()
    if active_run(study, video_id) is None:
        raise StudyError(
            f"Video '{video.name}' is not tracked yet: track it first, then ask again."
        )
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(_recording(study, video), indent=1, ensure_ascii=False)
    _replace(folder / "recording.json").write_text(text, encoding="utf-8")
    times = "SELECT frame, time_s FROM frame_times WHERE video_id = ? ORDER BY frame"
    _copy(study, times, [video_id], folder / "time_s.parquet")
    for table in ("tracks", "keypoints", *(["masks"] if needs_masks else [])):
        _copy(study, _rows_by_animal(table), [video_id], folder / f"{table}.parquet")
    bouts = SELECT_BOUTS.format(more="")
    _copy(study, bouts, [video_id, video_id, None, None], folder / "bouts.parquet")
    for file in folder.iterdir():
        file.chmod(0o444)
    return folder


def _recording(study: Study, video: Video) -> dict[str, object]:
    run = active_run(study, video.video_id)
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
        "share_detected": run.share_detected if run else None,
        "animals": [{"animal_id": number, "name": name} for number, name in names.items()],
        "points": read_points(study, video.video_id),
        "regions": [
            {"name": one.name, "kind": one.kind, "role": one.role, "points": list(one.points)}
            for one in regions(study, video.video_id)
        ],
    }


def _rows_by_animal(table: str) -> str:
    columns = ", ".join(f"t.{column}" for column in COLUMNS[table])
    order = {"keypoints": "t.animal_id, t.point, t.frame"}.get(table, "t.animal_id, t.frame")
    return (
        f"SELECT {columns}, a.name AS animal FROM {table} t JOIN runs r USING (run_id) "
        "JOIN animals a ON a.video_id = t.video_id AND a.animal_id = t.animal_id "
        f"WHERE r.active AND t.video_id = ? ORDER BY {order}"
    )


def _copy(study: Study, sql: str, parameters: list[object], file: Path) -> None:
    target = sql_text(str(_replace(file)))
    study.rows(f"COPY ({sql}) TO {target} (FORMAT parquet, COMPRESSION lz4_raw)", parameters)


def _replace(file: Path) -> Path:
    # An earlier snapshot's file is read-only.
    file.unlink(missing_ok=True)
    return file
