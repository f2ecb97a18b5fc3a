"""Labelled poses become outlines: a body along the skeleton, refined on the picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.errors import AppError
from app.labelling.image_places import Placed
from app.library import reading
from storage.labelled_poses import LabelledPoses, PosedImage
from storage.labels import Label, label_of
from storage.videos import Video, animal_names, video_file
from tracking.video import probe, read_frames_at

LEARNED_FROM = 30  # frames from which the shape of a body is learned


@dataclass(frozen=True)
class Posing:
    """How poses become outlines."""

    class_name: str | None = None  # None: as all other labels of the study
    width_px: float | None = None  # of a body; None: learned from the pictures
    refine: bool = True  # to what is seen in the picture
    count: int | None = None  # so many frames, spread over all; None: every one
    incomplete: bool = False  # also frames in which somebody has no pose


def outline_poses(
    poses: LabelledPoses,
    placed: Sequence[Placed],
    posing: Posing,
    class_name: str,
    study: Path,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> tuple[dict[Video, dict[int, Sequence[Label]]], list[str]]:
    """Outlines by video and frame, and what was left out, in words."""
    from tracking.networks.labelling.posing import (
        PoseSettings,
        Skeleton,
        learn_body,
        masks_of_poses,
    )

    chosen, notes = _chosen(poses, placed, posing)
    some = [(gray, poses.images[one.index].points) for one, gray in
            _pictures(_spread(chosen, LEARNED_FROM))]  # fmt: skip
    body = learn_body(
        [gray for gray, _ in some], [points for _, points in some],
        Skeleton(poses.nodes, poses.edges), posing.width_px,
    )  # fmt: skip
    if posing.width_px is None:
        notes.append(f"bodies are taken to be {body.width_px:.0f} px wide, as the pictures show")
    settings = PoseSettings(posing.width_px, posing.refine)
    named = _numbers(study, {one.video for one in chosen})
    found: dict[Video, dict[int, Sequence[Label]]] = {}
    said: Counter[str] = Counter()
    for done, (one, gray) in enumerate(_pictures(chosen)):
        image = poses.images[one.index]
        made = masks_of_poses(gray, image.points, body, settings)
        said.update(filter(None, made.notes))
        if any(mask is None for mask in made.masks) and not posing.incomplete:
            said["a frame left out, with too few points of somebody to outline them"] += 1
            continue
        numbers = named[one.video]
        found.setdefault(one.video, {})[one.frame] = [
            label_of(mask.mask, class_name, numbers.get(name or ""), mask.x0, mask.y0)
            for mask, name in zip(made.masks, image.animals, strict=True)
            if mask is not None
        ]
        if on_progress:
            on_progress("outlining", done + 1, len(chosen))
    notes += [f"{count} times: {text}" for text, count in said.items()]
    if not found:
        raise AppError(f"No pose could be outlined: {'; '.join(notes) or 'there is none'}.")
    return found, notes


def _chosen(
    poses: LabelledPoses, placed: Sequence[Placed], posing: Posing
) -> tuple[list[Placed], list[str]]:
    """The frames that are wanted: with everybody in them, and so many."""
    counts = {one.index: _n_posed(poses.images[one.index]) for one in placed}
    most = max(counts.values(), default=0)
    if most == 0:
        raise AppError("There is no pose in these files: label some body points first.")
    least = 1 if posing.incomplete else most
    whole = [one for one in placed if counts[one.index] >= least]
    notes = []
    if short := len(placed) - len(whole):
        notes.append(
            f"{short} frames left out, in which not all {most} animals have a pose: what is not "
            "outlined would be learned as floor"
            if not posing.incomplete
            else f"{short} frames without any pose left out"
        )
        fewer = {one.video.name for one in placed} - {one.video.name for one in whole}
        notes += [
            f"{name} is left out whole: if fewer animals are in it, import it alone, by "
            f"--video {name}"
            for name in sorted(fewer)
        ]
    whole.sort(key=lambda one: (one.video.video_id, one.frame))
    return (_spread(whole, posing.count) if posing.count else whole), notes


def _n_posed(image: PosedImage) -> int:
    return int(np.isfinite(image.points).all(axis=2).any(axis=1).sum())


def _spread(placed: Sequence[Placed], count: int) -> list[Placed]:
    """At most `count` of them, evenly spread."""
    if count >= len(placed):
        return list(placed)
    return [placed[int((k + 0.5) * len(placed) / count)] for k in range(count)]


def _pictures(placed: Sequence[Placed]) -> Iterator[tuple[Placed, np.ndarray]]:
    """The gray pictures of frames, video by video."""
    for video in dict.fromkeys(one.video for one in placed):
        mine = {one.frame: one for one in placed if one.video == video}
        for frame in read_frames_at(probe(video_file(video)), sorted(mine)):
            yield mine[frame.index], frame.gray.copy()


def _numbers(study: Path, chosen: set[Video]) -> dict[Video, dict[str, int]]:
    """The numbers of the animals of each video by their names."""
    with reading(study) as opened:
        return {
            video: {name: n for n, name in animal_names(opened, video.video_id).items()}
            for video in chosen
        }
