"""What a study has to train a network from: its corrected frames, as pictures with masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from app.errors import AppError
from app.library import reading, video_file
from storage.labels import LabelledFrame, label_counts, read_labels
from storage.videos import Video, file_is_there, videos
from tracking.networks.samples import Placed, Sample, Source
from tracking.networks.teaching.dataset import FEWEST, SHARE, Split, split_by_time
from tracking.networks.teaching.plans import Material

START = 20  # corrected frames that are a good start
NEAR_S = 0.1  # frames nearer than this show the same; they are not on both sides of the split
AROUND_S = 2.0  # from frames that judge or were learned from, that later rounds keep: mice rest
HOW = "Label some first: `ethoscribe labels propose` chooses frames, the page Label shows them."


@dataclass(frozen=True)
class Readiness:
    """Whether training can begin."""

    frames: int  # corrected
    animals: int  # labelled in them
    videos: int  # that they are of
    waiting: int  # filled by a program, for a person to correct
    proposed: int
    classes: tuple[str, ...]
    error: str | None  # why it cannot begin
    advice: str | None


@dataclass(frozen=True)
class Chosen:
    """The revisions that a training learns from or is judged by."""

    frames: list[tuple[Video, LabelledFrame]]
    names: tuple[str, ...]  # of the classes
    notes: list[str] = field(default_factory=list)

    @property
    def sources(self) -> list[Source]:
        """Name of the video and frame of each."""
        return [(video.name, labelled.frame) for video, labelled in self.frames]

    def split(self, fixed: Sequence[Source] = (), learned: Sequence[Source] = ()) -> Split:
        """Which of them judge: those that judged before, or the last ones of each video.

        `learned` are those that the weights which training begins with have learned from.
        """
        return split_by_time(
            self.sources, self._frames_in(NEAR_S), fixed, SHARE, learned, self._frames_in(AROUND_S)
        )

    def _frames_in(self, seconds: float) -> dict[str, int]:
        return {v.name: max(1, round(seconds * float(v.fps))) for v, _ in self.frames}


def readiness(study: Path) -> Readiness:
    """Whether and with what a network can be trained in this study, without decoding anything."""
    from tracking.networks.door import EXTRA, is_installed

    with reading(study) as opened:
        table = label_counts(opened)
        labelled = read_labels(opened, corrected=True)
    names = _names(labelled)
    animals = sum(len(one.labels) for one in labelled)
    waiting, proposed = int(table["waiting"].sum()), int(table["proposed"].sum())
    error = why_not(labelled, waiting)
    if error is None and not is_installed():
        error = f"Training needs more than the base installation: {EXTRA}"
    return Readiness(
        len(labelled), animals, len({one.video_id for one in labelled}), waiting, proposed,
        names, error, _advice(len(labelled)),
    )  # fmt: skip


def why_not(labelled: Sequence[LabelledFrame], waiting: int) -> str | None:
    """Why training cannot begin with these corrected frames; None when it can."""
    inhabited = sum(bool(one.labels) for one in labelled)
    if not labelled:
        left = "1 filled frame waits" if waiting == 1 else f"{waiting} filled frames wait"
        also = f" {left} to be corrected." if waiting else ""
        return f"No frame of this study is corrected yet.{also} {HOW}"
    if not inhabited:
        return (
            f"The {len(labelled)} corrected frames of this study show no animal: nothing can be "
            f"learned from them. {HOW}"
        )
    if inhabited == 1:
        animals = sum(len(one.labels) for one in labelled)
        said = "There is only one label" if animals == 1 else "All labels are of one frame"
        return f"{said}: correct 2 frames or more, {START} are a good start. {HOW}"
    return None


def _advice(frames: int) -> str | None:
    if frames < FEWEST:
        return (
            f"{frames} frames are very few: all are learned from, and the numbers will say "
            f"nothing of other frames. {START} are a good start."
        )
    return f"{frames} frames are few: {START} are a good start." if frames < START else None


def choose(study: Path, names: Sequence[str] = ()) -> Chosen:
    """The corrected frames whose films are there; `names` are classes that are known already."""
    with reading(study) as opened:
        known = {video.video_id: video for video in videos(opened)}
        labelled = read_labels(opened, corrected=True)
        waiting = int(label_counts(opened)["waiting"].sum())
    return _chosen(known, labelled, names, waiting)


def choose_again(study: Path, revisions: Sequence[int], names: Sequence[str]) -> Chosen:
    """The very revisions that a training began with, whatever holds by now."""
    from storage.labels import find_revisions

    with reading(study) as opened:
        known = {video.video_id: video for video in videos(opened)}
        labelled = find_revisions(opened, revisions)
    return _chosen(known, labelled, names, 0)


def _chosen(
    known: dict[int, Video], labelled: Sequence[LabelledFrame], names: Sequence[str], waiting: int
) -> Chosen:
    error = why_not(labelled, waiting)
    if error:
        raise AppError(error)
    gone = {one.video_id for one in labelled if not file_is_there(known[one.video_id])}
    kept = [(known[one.video_id], one) for one in labelled if one.video_id not in gone]
    if not any(one.labels for _, one in kept):
        raise AppError(
            f"The films of the labelled frames are not where the study expects them "
            f"({known[min(gone)].name} for one): `ethoscribe relink` finds them again."
        )
    notes = [
        f"{known[one].name}: its film is not where the study expects it, so its labelled frames "
        "are left out: `ethoscribe relink` finds it again."
        for one in sorted(gone)
    ]
    advice = _advice(len(kept))
    found = _names([one for _, one in kept])
    return Chosen(kept, tuple(names) or found, notes + ([advice] if advice else []))


def _names(labelled: Sequence[LabelledFrame]) -> tuple[str, ...]:
    """The classes of labels, in the order of the alphabet, so that they do not depend on order."""
    return tuple(sorted({label.class_name for one in labelled for label in one.labels}))


def samples_of(study: Path, chosen: Chosen) -> list[Sample]:
    """The frames with their masks, decoded, in the order of `chosen`."""
    from tracking.video import probe, read_frames_at

    made: dict[Source, Sample] = {}
    for video in dict.fromkeys(video for video, _ in chosen.frames):
        mine = {one.frame: one for of, one in chosen.frames if of.video_id == video.video_id}
        for frame in read_frames_at(probe(video_file(study, video.video_id)), sorted(mine)):
            source = (video.name, frame.index)
            made[source] = sample_of_labels(
                frame.gray.copy(), mine[frame.index], chosen.names, source
            )
    return [made[source] for source in chosen.sources]


def sample_of_labels(
    gray: np.ndarray, labelled: LabelledFrame, names: Sequence[str], source: Source
) -> Sample:
    """A labelled frame as networks learn from it; a pixel of two animals is the later one's."""
    from tracking.networks.samples import place

    height, width = gray.shape
    owner = np.zeros((height, width), np.int32)
    for number, label in enumerate(labelled.labels, 1):
        owner[label.whole(width, height) > 0] = number
    masks: list[Placed] = []
    classes: list[int] = []
    for number, label in enumerate(labelled.labels, 1):
        placed = place((owner == number).astype(np.uint8))
        if placed is not None:
            masks.append(placed)
            classes.append(names.index(label.class_name))
    return Sample(gray, masks, classes, source)


def material_of(study: Path, chosen: Chosen, split: Split, composites: bool) -> Material:
    """All that training needs, decoded."""
    samples = samples_of(study, chosen)
    trained = [samples[k] for k in split.train]
    return Material(
        trained, [samples[k] for k in split.validation], chosen.names,
        _seen(study, chosen, split) if composites else {},
    )  # fmt: skip


def _seen(study: Path, chosen: Chosen, split: Split) -> dict[str, list[np.ndarray]]:
    """Frames without labels of every film that is learned from: they show what lies behind."""
    from tracking.subtraction.tuning import sample
    from tracking.video import probe

    used = dict.fromkeys(chosen.frames[k][0] for k in split.train)
    return {v.name: list(sample(probe(video_file(study, v.video_id)))) for v in used}
