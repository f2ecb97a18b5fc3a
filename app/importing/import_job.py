"""Bring other programs' results into a study: pose files as tracks, scored bouts as bouts."""

from __future__ import annotations

import hashlib
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np

from app import __version__
from app.errors import AppError
from app.importing.import_notes import centre_notes, doubt_scale, fit, lengths_px_of, rate_notes
from app.importing.pose_file import PoseFile
from storage.bouts import analysed_bouts
from storage.frame_rates import set_frame_rate
from storage.pose_tracks import rules_of, split_by_name, write_masks, write_shards
from storage.readers.poses import Poses, at_least
from storage.readers.registry import TRACKS, format_of, parts_of, read_files
from storage.runs import Run, active_run, ingest_run
from storage.study import Study, StudyError, open_study
from storage.tracks import read_tracks
from storage.videos import (
    Video,
    add_video,
    animal_names,
    find_video,
    frame_times,
    rename_video,
    set_scale,
    videos,
)
from tracking.video import content_hash, probe


@dataclass(frozen=True)
class Wish:
    """What a person asked for with one or more pose files."""

    video: str | None = None  # the video whose tracks they are; None makes recordings of their own
    fps: Fraction | None = None
    px_per_cm: float | None = None
    format: str = "auto"
    name: str | None = None  # of the recording
    min_confidence: float | None = None
    force: bool = False
    recording: str | None = None  # the one that is meant, of several in one file


@dataclass(frozen=True)
class ImportSummary:
    """What was brought in."""

    video: str
    frames: int
    animals: tuple[str, ...]
    points: int
    share_detected: float  # of all (frame, animal) pairs, 0 to 1
    notes: tuple[str, ...] = ()
    skipped: bool = False
    removed_bouts: dict[str, int] = field(default_factory=dict)
    outlines: int = 0


def import_poses(study_folder: Path, file: Path | Sequence[Path], wish: Wish) -> ImportSummary:
    """Make a file of poses or trajectories a recording of its own, or the tracks of a video.

    Several files are the animals of one recording. All of it is stored or nothing. What was
    imported already in the same way is told and left alone, unless `wish.force`.
    """
    files = [Path(file)] if isinstance(file, str | Path) else [Path(one) for one in file]
    if lost := [one for one in files if not one.is_file()]:
        raise AppError(f"There is no file {lost[0]}: check the name and the folder.")
    if wish.video is not None and wish.fps is not None:
        raise AppError("--fps is for files without a video: a video has its own frame times.")
    if wish.format == "auto" and format_of(files[0], TRACKS) is None:
        read_files(files)  # says what the file is
    target = _target(study_folder, wish)
    part = _part(files[0], wish, target)
    print_of = _print_of(files, part)
    asked = {"file_hash": print_of, "min_confidence": wish.min_confidence, "recording": part}
    if target is None and part is not None and wish.name is None:
        wish = replace(wish, name=PureWindowsPath(part).stem)
    if not wish.force and (done := _already(study_folder, asked, target, print_of, wish)):
        return done
    found = read_files(files, wish.format, part)
    if not isinstance(found, Poses):
        raise AppError(f"{files[0]} holds scored bouts and no positions.")
    poses = _in_px(files[0], split_by_name(found), wish, target)
    if wish.min_confidence is not None:
        poses = at_least(poses, wish.min_confidence)
    if not poses.seen.any():
        raise AppError(f"{files[0]} has no body point in any frame, so nothing is stored.")
    fps = wish.fps or poses.fps
    if target is None and fps is None:
        raise AppError(f"{files[0]} does not say its frame rate: give --fps F, or --video V.")
    info = target or PoseFile(files[0].resolve(), poses, fps or Fraction(1), print_of)
    return _store(study_folder, files, poses, info, wish, asked)


def _part(file: Path, wish: Wish, target: Any) -> str | None:
    """Which recording of the file is meant: as the person says, or that of the video's name."""
    if wish.recording is not None or target is None:
        return wish.recording
    stems = {Path(target.path).stem.lower(), str(getattr(target, "name", "")).lower()}
    mine = [one for one in parts_of(file, wish.format)
            if {PureWindowsPath(one).stem.lower(), one.lower()} & stems]  # fmt: skip
    return mine[0] if len(mine) == 1 else None


def _print_of(files: Sequence[Path], part: str | None) -> str:
    """A fingerprint of the files, whatever the order in which they are given."""
    prints = sorted(content_hash(file) for file in files)
    prints += [part] if part is not None else []
    return prints[0] if len(prints) == 1 else hashlib.sha256("".join(prints).encode()).hexdigest()


def _in_px(file: Path, poses: Poses, wish: Wish, target: Any) -> Poses:
    """The poses in px: cm by the scale of the file, of the person or of the video."""
    if poses.unit == "px":
        return poses
    known = target.px_per_cm if isinstance(target, Video) else None
    scale = poses.px_per_cm or wish.px_per_cm or known
    if scale is None:
        raise AppError(
            f"{file} has positions in cm and does not say its scale: give --px-per-cm K (1 divided "
            "by cm_per_pixel in the settings of TRex), or calibrate the video first."
        )
    return poses.in_px(scale)


def _target(study_folder: Path, wish: Wish) -> Any:
    """The video that the poses belong to: one of the study, or a file that is added to it."""
    if wish.video is None:
        return None
    try:
        with open_study(study_folder) as study:
            return find_video(study, wish.video)
    except StudyError:
        if not Path(wish.video).is_file():
            raise
        return probe(wish.video)


def _already(
    study_folder: Path, asked: dict[str, Any], target: Any, print_of: str, wish: Wish
) -> ImportSummary | None:
    """What was imported before, when it is the same file in the same way."""
    if not (Path(study_folder) / "study.duckdb").is_file():
        return None
    wanted = print_of if target is None else target.content_hash
    with open_study(study_folder) as study:
        video = next((one for one in videos(study) if one.content_hash == wanted), None)
        run = active_run(study, video.video_id) if video else None
    if video is None or run is None:
        return None
    if {key: run.settings.get(key) for key in asked} == asked:
        if target is None and wish.fps not in (None, video.fps):
            raise AppError(
                f"{video.name} is imported already, at {float(video.fps):g} frames/s: --force "
                "imports it at another rate; scored bouts keep their frames, their seconds follow."
            )
        notes: list[str] = []
        if wish.px_per_cm is not None or wish.name is not None:
            video, notes = _describe(study_folder, video, wish)
        return ImportSummary(
            video.name, video.n_frames, tuple(run.settings.get("animals", ())),
            int(run.settings.get("n_points", 0)), float(run.share_detected or 0), tuple(notes),
            skipped=True,
        )  # fmt: skip
    raise AppError(
        f"{video.name} has tracks already ({run.segmenter}), made in another way: --force replaces "
        "them, and with them the bouts that analyses found in them."
    )


def _describe(study_folder: Path, video: Video, wish: Wish) -> tuple[Video, list[str]]:
    """Give a known recording the name and the scale that were asked for; what to say of them."""
    with open_study(study_folder, write=True) as study:
        if wish.name is not None and wish.name != video.name:
            rename_video(study, video.video_id, wish.name)
        if wish.px_per_cm is not None:
            set_scale(study, video.video_id, wish.px_per_cm)
        tracks = read_tracks(study, video.video_id)
        lengths_px = tracks["length_px"].to_numpy().astype(float)
        return find_video(study, video.video_id), doubt_scale(lengths_px, wish.px_per_cm)


def _store(
    study_folder: Path, files: Sequence[Path], poses: Poses, info: Any, wish: Wish,
    asked: dict[str, Any],
) -> ImportSummary:  # fmt: skip
    """Put poses into the study in one transaction, opened when everything is ready for it."""
    started = datetime.now(UTC)
    poses = poses.noting(*fit(files[0], poses, info), *centre_notes(poses))
    with tempfile.TemporaryDirectory(prefix="ethoscribe-import-") as folder:
        tracks, points = write_shards(poses, _times(study_folder, info), Path(folder))
        masks = write_masks(poses, Path(folder))
        with open_study(study_folder, create=True) as study:
            poses = poses.noting(*rate_notes(study, info))
            video = _recording(study, info, poses, wish)
            poses = poses.noting(*doubt_scale(lengths_px_of(poses), video.px_per_cm))
            removed = analysed_bouts(study, video.video_id)
            names = _names(study, video, poses)
            run = _run(files, poses, asked, started)
            stored = ingest_run(study, video.video_id, run, [tracks], masks, [points], names)
    return ImportSummary(
        video.name, video.n_frames, tuple(names), len(poses.points),
        float(stored.share_detected or 0), poses.notes, removed_bouts=removed,
        outlines=0 if poses.outlines is None else len(poses.outlines.frame),
    )  # fmt: skip


def _recording(study: Study, info: Any, poses: Poses, wish: Wish) -> Video:
    """The video of the study that gets the tracks, added when it is new."""
    scale = wish.px_per_cm if wish.px_per_cm is not None else poses.px_per_cm
    if not isinstance(info, Video):
        video = add_video(study, info, wish.name, scale)
        if video.n_frames != info.n_frames:
            raise AppError(
                f"{video.name} is in the study with {video.n_frames} frames, and the file has "
                f"{info.n_frames}: import it into another study."
            )
        if video.fps != info.fps:
            set_frame_rate(study, video.video_id, info.fps)
        return find_video(study, video.video_id)
    if wish.name is not None:
        rename_video(study, info.video_id, wish.name)
    if scale is not None:
        set_scale(study, info.video_id, scale)
    return find_video(study, info.video_id)


def _times(study_folder: Path, info: Any) -> np.ndarray:
    """(n,) s, the time of every frame of the recording that the poses are for."""
    if not isinstance(info, Video):
        return np.asarray(info.time_s, dtype=float)
    with open_study(study_folder) as study:
        return frame_times(study, info.video_id)


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _names(study: Study, video: Video, poses: Poses) -> list[str]:
    """The animals' names; an only animal without one keeps the name it was given before."""
    before = list(animal_names(study, video.video_id).values())
    nameless = poses.animals == ("animal1",) and len(before) == 1
    return before if nameless else list(poses.animals)


def _run(files: Sequence[Path], poses: Poses, asked: dict[str, Any], started: datetime) -> Run:
    return Run(
        run_id=f"{started:%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}",
        segmenter=f"import:{poses.source}",
        n_animals=len(poses.animals),
        settings={
            **asked,
            "format": poses.source,
            "file": ", ".join(file.name for file in files),
            "sha256": ", ".join(_sha256(file) for file in files),
            "scorer": poses.scorer,
            "animals": list(poses.animals),
            "points": list(poses.points),
            "n_points": len(poses.points),
            **rules_of(poses),
            "notes": list(poses.notes),
        },
        versions={"ethoscribe": __version__},
        timings={"import_s": (datetime.now(UTC) - started).total_seconds()},
        started_at=started,
        finished_at=datetime.now(UTC),
    )
