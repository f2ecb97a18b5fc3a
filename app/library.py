"""What the pages show of a study: brief reads, ready for a table or the player."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

import numpy as np
import pandas as pd

from app.errors import AppError
from app.jobs.proxy_files import is_playable
from app.server.overlay import pack_overlay
from app.words import clock
from app.workplace import VIDEO_SUFFIXES
from storage import videos as stored
from storage.bouts import bouts_state, read_bouts
from storage.edit_setup import region_record
from storage.edit_tracks import standing_corrections, tracks_version
from storage.edits import apply
from storage.regions import regions
from storage.runs import Run, active_run, runs
from storage.scored_bouts import NO_SUBJECT
from storage.study import Study, StudyError, open_study
from storage.tracks import read_keypoints, read_masks, read_tracks
from storage.videos import Video, find_video
from tracking.video import content_hash, probe

CHUNK_FRAMES = 300  # frames per overlay request; about 10 s of video and 200 kB for three mice
WAIT_S = 5.0  # how long a page waits for a job that holds the database


@dataclass(frozen=True)
class VideoRow:
    """One video of the study as the Videos page lists it."""

    video: Video
    run_id: str | None
    animals: tuple[str, ...]  # names, in the order of their numbers
    share_detected: float | None  # of all (animal, frame) pairs, 0 to 1

    @property
    def present(self) -> bool:
        """Whether the file is where the study noted it, and not another under its name."""
        return stored.file_is_there(self.video)

    @property
    def facts(self) -> str:
        """Size, rate, length in words: `640 × 480 px · 29.97 fps · 1 801 frames · 1:00`."""
        video = self.video
        rate = f"{float(video.fps):.2f}".rstrip("0").rstrip(".")
        rate = f"{rate} fps" + (" (variable)" if video.variable_rate else "")
        frames = f"{video.n_frames:,}".replace(",", "\u2009")
        size = f"{video.width} × {video.height} px"
        return " · ".join([size, rate, f"{frames} frames", clock(video.duration_s)])


def is_busy(error: BaseException) -> bool:
    """Whether an error only says that somebody else holds the study at this moment."""
    return isinstance(error, StudyError) and " in use by " in str(error)


@contextmanager
def reading(study: Path) -> Iterator[Study]:
    """Open a study for one brief read, creating an empty one where there is none yet."""
    if not (study / "study.duckdb").exists():
        with open_study(study, write=True, create=True, timeout_s=WAIT_S):
            pass
    with open_study(study, timeout_s=WAIT_S) as opened:
        yield opened


def list_videos(study: Path) -> list[VideoRow]:
    """Every video of the study with the state of its tracks."""
    with reading(study) as opened:
        tracked = {run.video_id: run for run in runs(opened) if run.active}
        names = stored.names_of_animals(opened)
        return [
            _row(video, tracked.get(video.video_id), names.get(video.video_id, {}))
            for video in stored.videos(opened)
        ]


def _row(video: Video, run: Run | None, names: Mapping[int, str]) -> VideoRow:
    if run is None:
        return VideoRow(video, None, (), None)
    return VideoRow(video, run.run_id, tuple(names.values()), run.share_detected)


def add(study: Path, path: Path, px_per_cm: float | None = None) -> Video:
    """Put one video file into the study; a file that is there already is returned as it is."""
    info = probe(path)
    with open_study(study, write=True, create=True, timeout_s=WAIT_S) as opened:
        return stored.add_video(opened, info, px_per_cm=px_per_cm)


def keep_upload(study: Path, name: str, content: BinaryIO) -> Path:
    """Write an uploaded file into the study's own `videos` folder under a free name."""
    folder = study / "videos"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = Path(name).name
    if Path(wanted).suffix.lower() not in VIDEO_SUFFIXES:
        raise AppError(f"{wanted} does not look like a video. Choose a video file.")
    path, number = folder / wanted, 2
    while path.exists():
        path = folder / f"{Path(wanted).stem}_{number}{Path(wanted).suffix}"
        number += 1
    with path.open("wb") as file:
        shutil.copyfileobj(content, file, 1 << 20)
    return path


def save_scale(study: Path, video_id: int, px_per_cm: float | None, author: str = "") -> None:
    """Store how many pixels make one centimetre, as an edit; None forgets it."""
    with open_study(study, write=True, timeout_s=WAIT_S) as opened:
        done = apply(opened, video_id, "video.scale", {"px_per_cm": px_per_cm}, author=author)
    if done.error is not None:
        raise AppError(done.error)


def corrections_of(study: Path, video_id: int) -> int:
    """How many corrections by hand stand in the present tracks of a video."""
    with reading(study) as opened:
        return standing_corrections(opened, video_id)


def player_facts(study: Path, video_id: int) -> dict:
    """Everything the player must know at once: sizes, animals, regions, addresses."""
    with reading(study) as opened:
        names = stored.animal_names(opened, video_id)
        row = _row(find_video(opened, video_id), active_run(opened, video_id), names)
        places = regions(opened, video_id)
        state, version = bouts_state(opened, video_id), tracks_version(opened, video_id)
    video = row.video
    base = f"/data/videos/{video_id}"
    picture = quote(video.content_hash, safe="")
    return {
        "id": video_id,
        "study": hashlib.sha256(str(study.resolve()).encode()).hexdigest()[:12],
        "hash": video.content_hash,
        "name": video.name,
        "width": video.width,
        "height": video.height,
        "frames": video.n_frames,
        "fps": float(video.fps),
        "duration": video.duration_s,
        "playable": is_playable(study, video),
        "pictures": video.has_pictures,
        "perCm": video.px_per_cm,
        "run": row.run_id,
        "tracks": version,
        "share": row.share_detected,
        "chunk": CHUNK_FRAMES,
        "animals": [{"id": number, "name": name} for number, name in names.items()],
        "regions": [region_record(region) for region in places],
        "urls": {
            "file": f"{base}/file?state={picture}{'' if video.browser_playable else '-copy'}",
            "overlay": f"{base}/overlay",
            "frame": f"{base}/frame?state={picture}",
            "times": f"{base}/times?state={quote(clock_state(video), safe='')}",
            "bouts": f"{base}/bouts?state={state}",
        },
    }


def clock_state(video: Video) -> str:
    """What the times of a video's frames hang on."""
    return f"{video.content_hash}-{video.n_frames}-{float(video.fps)}-{video.duration_s}"


def bout_marks(table: pd.DataFrame) -> list[dict]:
    """Bouts as the timeline draws them, one dict each, plain JSON types only."""
    columns = [
        *("bout_id", "behaviour", "subject", "target", "kind", "start_frame", "stop_frame"),
        *("source", "annotator", "modifiers", "comment"),
    ]
    chosen = table.reindex(columns=columns)
    marks = json.loads(chosen.to_json(orient="records"))
    for mark in marks:
        mark["modifiers"] = json.loads(mark["modifiers"]) if mark["modifiers"] else None
        mark["subject"] = "" if mark["subject"] == NO_SUBJECT else mark["subject"]
    return marks


def stored_bouts(study: Path, video_id: int) -> list[dict]:
    """Every bout of one video as the timeline draws them."""
    return bouts_and_state(study, video_id)[0]


def bouts_and_state(study: Path, video_id: int) -> tuple[list[dict], str]:
    """Every bout of one video as the timeline draws them, and their state."""
    with reading(study) as opened:
        video_id = find_video(opened, video_id).video_id
        marks = bout_marks(read_bouts(opened, video_id=video_id, remarks=True))
        return marks, bouts_state(opened, video_id)


def example_questions(study: Path, row: VideoRow) -> list[str]:
    """Questions that fit a video: its animals' names, its regions and objects."""
    first, second = (*row.animals, *row.animals)[:2]
    with reading(study) as opened:
        places = regions(opened, row.video.video_id)
    found = [f"How far did {first} move?", f"When is {first} immobile for at least 1 s?"]
    for place in [place.name for place in places if place.role == "region"][:1]:
        found.append(f"How long was {first} in the {place}?")
    for place in [place.name for place in places if place.role == "object"][:1]:
        found.append(f"When is {first} within 3 cm of the {place}?")
    if first != second:
        found.append(f"When are {first} and {second} in contact?")
    return [*found, f"Show the trajectory of {first}"]


def overlay_bytes(study: Path, video_id: int, first: int, stop: int) -> tuple[bytes, str | None]:
    """Tracks, masks and points of the frames `first` to `stop` (exclusive), packed; their state."""
    with reading(study) as opened:
        video_id = find_video(opened, video_id).video_id
        run, version = active_run(opened, video_id), tracks_version(opened, video_id)
        tracks = read_tracks(opened, video_id, first, stop)
        masks = read_masks(opened, video_id, first, stop)
        points = read_keypoints(opened, video_id, first, stop)
    return pack_overlay(tracks, masks, points), f"{run.run_id}-{version}" if run else None


def times_of(study: Path, video_id: int) -> np.ndarray:
    """Time of every frame in seconds, (n_frames,) float64, the first being 0."""
    with reading(study) as opened:
        return np.asarray(
            stored.frame_times(opened, find_video(opened, video_id).video_id), dtype="<f8"
        )


def video_of(study: Path, video_id: int) -> Video:
    """One recording of the study."""
    with reading(study) as opened:
        return find_video(opened, video_id)


def video_file(study: Path, video_id: int) -> Path:
    """Where the file of a registered video lies; StudyError for any other id or another file."""
    with reading(study) as opened:
        video = find_video(opened, video_id)
    return stored.video_file(video, _hash_of)


def _hash_of(path: Path) -> str:
    """The content hash of a file, computed once for as long as the file stays as it is."""
    return _hashed(path, *stored.file_state(path))


@lru_cache(maxsize=256)
def _hashed(path: Path, size: int, changed: int) -> str:
    return content_hash(path)
