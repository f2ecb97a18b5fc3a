"""The recordings of a study: their files, frame times, scale and animals' names."""

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from storage.study import Study, StudyError

_COLUMNS = (
    "video_id, name, path, content_hash, n_frames, fps_num, fps_den, duration_s, width, height, "
    "codec, pixel_format, variable_rate, browser_playable, px_per_cm, added_at, file_bytes, "
    "file_modified_ns, file_replaced"
)

NO_VIDEO = "none"  # the codec of a recording that was imported as poses, without a video


class VideoFacts(Protocol):
    """What adding a video needs to know about its file."""

    @property
    def path(self) -> Path: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def n_frames(self) -> int: ...
    @property
    def fps(self) -> Fraction: ...
    @property
    def time_s(self) -> np.ndarray: ...  # (n_frames,) float64, s, from 0
    @property
    def variable_rate(self) -> bool: ...
    @property
    def codec(self) -> str: ...
    @property
    def pixel_format(self) -> str: ...
    @property
    def duration_s(self) -> float: ...
    @property
    def content_hash(self) -> str: ...
    @property
    def browser_playable(self) -> bool: ...


@dataclass(frozen=True)
class Video:
    """One recording of a study."""

    video_id: int
    name: str
    path: Path  # absolute; the file may have moved, see `video_file`
    content_hash: str
    n_frames: int
    fps: Fraction  # frames per second, exact
    duration_s: float
    width: int  # px, as displayed
    height: int  # px, as displayed
    codec: str
    pixel_format: str
    variable_rate: bool
    browser_playable: bool
    px_per_cm: float | None
    added_at: datetime  # UTC
    file_bytes: int | None  # size of the file when it was last seen
    file_modified_ns: int | None  # time of its last change, ns since 1970
    file_replaced: bool  # another recording lies at the path by now

    @property
    def has_pictures(self) -> bool:
        """Whether there is a video to look at, and not only the poses found in one."""
        return self.codec != NO_VIDEO


def add_video(
    study: Study, info: VideoFacts, name: str | None = None, px_per_cm: float | None = None
) -> Video:
    """Add a recording, or find the one with the same content that is there already.

    A known recording keeps its scale and tracks, and its name unless `name` is given; when its
    file has moved, the new place is remembered. The name of a new one defaults to the file's name
    without its ending, with `_2` when it is taken. A recording whose file was replaced by this
    one is marked so.
    """
    path = Path(info.path).resolve()
    known = [video for video in videos(study) if video.content_hash == info.content_hash]
    if known:
        if name is not None:
            rename_video(study, known[0].video_id, name)
        return _seen_again(study, known[0], path, px_per_cm)
    _check_times(path.name, np.asarray(info.time_s, float), info.n_frames)
    _check_scale(px_per_cm)
    row = [
        _free_name(study, name or path.stem), _stored_path(study, path), info.content_hash,
        int(info.n_frames), info.fps.numerator, info.fps.denominator, float(info.duration_s),
        int(info.width), int(info.height), info.codec, info.pixel_format,
        bool(info.variable_rate), bool(info.browser_playable), px_per_cm,
        datetime.now(UTC).replace(tzinfo=None), *file_state(path), False,
    ]  # fmt: skip
    marks = ", ".join("?" * len(row))
    sql = f"INSERT INTO videos ({_COLUMNS}) VALUES (nextval('video_ids'), {marks}) "
    video_id = study.rows(f"{sql} RETURNING video_id", row)[0][0]
    _mark_replaced(study, path, video_id)
    _save_times(study, video_id, np.asarray(info.time_s, float))
    return find_video(study, video_id)


def videos(study: Study) -> list[Video]:
    """All recordings, in the order they were added."""
    rows = study.rows(f"SELECT {_COLUMNS} FROM videos ORDER BY video_id")
    return [_video(study, row) for row in rows]


def find_video(study: Study, key: str | int) -> Video:
    """The recording with this name, number, file name or content hash (8 characters or more)."""
    everything = videos(study)
    text = str(key)
    # A name goes before a number: a file may be called 74.
    for matches in (
        [video for video in everything if video.name == key],
        [video for video in everything if str(video.video_id) == text],
        [v for v in everything if Path(text).name == v.path.name and not v.file_replaced],
        [video for video in everything if len(text) >= 8 and video.content_hash.startswith(text)],
    ):
        if len(matches) == 1:
            return matches[0]
    names = ", ".join(video.name for video in everything) or "none yet, track one first"
    raise StudyError(f"The study {study.folder} has no video '{key}'. It has: {names}.")


def video_file(video: Video, hash_file: Callable[[Path], str] | None = None) -> Path:
    """The file of a recording; an error says what to do when it is not where it was.

    A file of another size is another recording. One that was only touched or copied, so that its
    time of change is another, is told apart by `hash_file`, where that is given.
    """
    size, changed = file_state(video.path)
    if size is None:
        raise StudyError(
            f"The file of video '{video.name}' is not at {video.path} any more: put it back, or "
            "let `ethoscribe relink` find where it is now (content hash "
            f"{video.content_hash})."
        )
    other = not file_is_there(video)
    if not other and changed != video.file_modified_ns and hash_file is not None:
        other = hash_file(video.path) != video.content_hash
    if other:
        raise StudyError(
            f"The file at {video.path} is not video '{video.name}' any more, but another recording "
            f"under its name: put the old file back, or track {video.path.name} as a new video."
        )
    return video.path


def file_is_there(video: Video) -> bool:
    """Whether a file of the right size lies at the path of a recording; a quick look."""
    size, _ = file_state(video.path)
    return size is not None and not video.file_replaced and video.file_bytes in (None, size)


def file_state(path: Path) -> tuple[int | None, int | None]:
    """Size in bytes and time of the last change in ns since 1970; None when there is no file."""
    try:
        state = path.stat()
    except OSError:
        return None, None
    return (state.st_size, state.st_mtime_ns) if path.is_file() else (None, None)


def place_video(study: Study, video_id: int, path: Path) -> Video:
    """Note where the file of a recording lies now; the caller has compared the content."""
    video, path = find_video(study, video_id), Path(path).resolve()
    study.rows(
        "UPDATE videos SET path = ?, file_bytes = ?, file_modified_ns = ?, file_replaced = false "
        "WHERE video_id = ?",
        [_stored_path(study, path), *file_state(path), video.video_id],
    )
    _mark_replaced(study, path, video.video_id)
    return find_video(study, video_id)


def rename_video(study: Study, video_id: int, name: str) -> None:
    """Call a recording by another name, in every table and export from now on."""
    name = name.strip()
    check_name(study, name, find_video(study, video_id).content_hash)
    study.rows("UPDATE videos SET name = ? WHERE video_id = ?", [name, video_id])


def check_name(study: Study, name: str, content_hash: str) -> None:
    """Refuse a name that is empty, or that another recording of the study has."""
    others = {video.name for video in videos(study) if video.content_hash != content_hash}
    if not name.strip() or name.strip() in others:
        raise StudyError(f"'{name}' is empty or the name of another video: choose another name.")


def set_scale(study: Study, video_id: int, px_per_cm: float | None) -> None:
    """Set the scale in px per cm; None takes it away."""
    _check_scale(px_per_cm)
    find_video(study, video_id)
    study.rows("UPDATE videos SET px_per_cm = ? WHERE video_id = ?", [px_per_cm, video_id])


def frame_times(study: Study, video_id: int) -> np.ndarray:
    """The time of every frame, (n_frames,) float64 in s from 0."""
    sql = "SELECT time_s FROM frame_times WHERE video_id = ? ORDER BY frame"
    return study.arrow(sql, [video_id])["time_s"].to_numpy()


def animal_names(study: Study, video_id: int) -> dict[int, str]:
    """The animals of a video: number (from 1) to name, in the order in which people list them."""
    sql = "SELECT animal_id, name FROM animals WHERE video_id = ? ORDER BY animal_id"
    return _listed(study.rows(sql, [video_id]))


def names_of_animals(study: Study) -> dict[int, dict[int, str]]:
    """The animals of every video that has any, by its number, as in `animal_names`."""
    found: dict[int, list[tuple[int, str]]] = {}
    sql = "SELECT video_id, animal_id, name FROM animals ORDER BY video_id, animal_id"
    for video_id, animal_id, name in study.rows(sql):
        found.setdefault(video_id, []).append((animal_id, name))
    return {video_id: _listed(rows) for video_id, rows in found.items()}


def _listed(rows: Iterable[tuple[int, str]]) -> dict[int, str]:
    """Number to name, by name as a person reads it; keys and colours follow this order.

    >>> _listed([(1, "mouse10"), (2, "mouse9"), (3, "Mouse1")])
    {3: 'Mouse1', 2: 'mouse9', 1: 'mouse10'}
    """
    return dict(sorted(rows, key=lambda row: (_as_read(row[1]), row[0])))


def _as_read(name: str) -> list[tuple[bool, int, str]]:
    """What a name is sorted by: its numbers count as numbers."""
    parts = re.split(r"([0-9]+)", name.casefold())
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]


def rename_animal(study: Study, video_id: int, animal_id: int, name: str) -> None:
    """Give an animal a name of its own; its scored bouts and its metadata follow."""
    names = animal_names(study, video_id)
    name = name.strip()
    if animal_id not in names:
        known = ", ".join(map(str, names)) or "none, track the video first"
        raise StudyError(f"Video {video_id} has no animal {animal_id}. It has: {known}.")
    if not name or name in {other for key, other in names.items() if key != animal_id}:
        raise StudyError(f"'{name}' is empty or taken in this video: choose another name.")
    study.rows(
        "UPDATE animals SET name = ? WHERE video_id = ? AND animal_id = ?",
        [name, video_id, animal_id],
    )
    for column in ("subject", "target"):
        study.rows(
            f"UPDATE bouts SET {column} = ? WHERE video_id = ? AND {column} = ?",
            [name, video_id, names[animal_id]],
        )
    study.rows(
        "UPDATE metadata SET animal = ? WHERE video_id = ? AND animal = ?",
        [name, video_id, names[animal_id]],
    )
    study.rows(
        "UPDATE watched SET subjects = [if(one = $old, $new, one) FOR one IN subjects] "
        "WHERE video_id = $video AND list_contains(subjects, $old)",
        {"old": names[animal_id], "new": name, "video": video_id},
    )


def _seen_again(study: Study, video: Video, path: Path, px_per_cm: float | None) -> Video:
    if path == video.path or video.file_replaced or not video.path.is_file():
        place_video(study, video.video_id, path)
    if px_per_cm is not None:
        set_scale(study, video.video_id, px_per_cm)
    return find_video(study, video.video_id)


def _mark_replaced(study: Study, path: Path, video_id: int) -> None:
    """Note that recordings which had their file at `path` have lost it to this one."""
    lost = [v.video_id for v in videos(study) if v.path == path and v.video_id != video_id]
    study.rows("UPDATE videos SET file_replaced = true WHERE list_contains(?, video_id)", [lost])


def _save_times(study: Study, video_id: int, time_s: np.ndarray) -> None:
    times = pa.table({"frame": np.arange(len(time_s), dtype=np.int32), "time_s": time_s})
    study.connection.register("new_times", times)
    study.rows("INSERT INTO frame_times SELECT ?, frame, time_s FROM new_times", [video_id])
    study.connection.unregister("new_times")


def _check_times(file: str, time_s: np.ndarray, n_frames: int) -> None:
    ordered = np.isfinite(time_s).all() and (np.diff(time_s) >= 0).all()
    if len(time_s) != n_frames or n_frames < 1 or not ordered:
        raise StudyError(
            f"{file} has {n_frames} frames and {len(time_s)} frame times"
            f"{'' if ordered else ', out of order'}: repair the file, for example: "
            f"ffmpeg -i {file} -c:v libx264 fixed.mp4"
        )


def _check_scale(px_per_cm: float | None) -> None:
    if px_per_cm is not None and not 0 < px_per_cm < float("inf"):
        raise StudyError(f"A scale of {px_per_cm} px per cm is not possible: give one above 0.")


def _free_name(study: Study, wanted: str) -> str:
    taken = {video.name for video in videos(study)}
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}_{number}", number + 1
    return name


def _stored_path(study: Study, path: Path) -> str:
    """Relative when the video lies beside or inside the study, so both can move together."""
    around = study.folder.parent
    if around != around.parent and path.is_relative_to(around):
        return Path(os.path.relpath(path, study.folder)).as_posix()
    return str(path)


def _video(study: Study, row: tuple[Any, ...]) -> Video:
    facts = dict(zip(_COLUMNS.split(", "), row, strict=True))
    fps = Fraction(facts.pop("fps_num"), facts.pop("fps_den"))
    # Not resolve(): the file may be gone, and a link to it may be what was meant.
    facts["path"] = Path(os.path.normpath(study.folder / facts["path"]))
    facts["added_at"] = facts["added_at"].replace(tzinfo=UTC)
    return Video(fps=fps, **facts)
