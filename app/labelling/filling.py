"""Fill frames with outlines that a person corrects: of a network's tracks, or by thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.errors import AppError
from app.library import WAIT_S
from storage.edit_labels import save_many
from storage.labels import (
    BACKGROUND,
    NETWORK,
    Label,
    class_names,
    is_by_hand,
    label_of,
    read_labels,
)
from storage.runs import Run, active_run
from storage.study import Study, open_study
from storage.tracks import read_masks, read_tracks
from storage.videos import Video, find_video, video_file
from tracking.errors import TrackingError
from tracking.networks.labelling.filling import Filler
from tracking.video import probe, read_frames_at

CLASS = "animal"  # what an outline is called until somebody names it
COUNT_OFF = 0.3  # of the sureness is left where a run did not find everybody
UNSURE = 0.3  # of the sureness is left of outlines that tracking parted by itself
MOST = 0.25  # of the picture, for all animals: outlines of more are of the floor


@dataclass(frozen=True)
class Fills:
    """Outlines for a person to correct, by frame."""

    labels: dict[int, list[Label]] = field(default_factory=dict)
    sureness: dict[int, float] = field(default_factory=dict)  # 0 to 1
    notes: dict[int, str] = field(default_factory=dict)  # what a person has to do
    origin: str = BACKGROUND
    said: str = ""  # what to expect of them, or why there are none

    def save(self, study: Study, video_id: int, author: str) -> list[int]:
        """Store them where no person labelled the frame, and return the frames."""
        if not self.labels:
            return []
        return save_many(
            study, video_id, self.labels, author=author, origin=self.origin, sureness=self.sureness
        )


def fill(
    study: Path,
    video: str | int,
    frames: Sequence[int],
    *,
    animals: int | None = None,
    class_name: str | None = None,
    author: str = "",
) -> tuple[Fills, list[int]]:
    """Fill frames of a video in and store that; the frames that a person labelled are left alone.

    Returns what was found, and the frames that were filled in.
    """
    with open_study(study, timeout_s=WAIT_S) as opened:
        found_video = find_video(opened, video)
        video_id = found_video.video_id
        _check_frames(found_video, frames)
        by_hand = {
            one.frame for one in read_labels(opened, video_id, frames) if is_by_hand(one.origin)
        }
    wanted = sorted(set(frames) - by_hand)
    found = fill_frames(study, video_id, wanted, animals, class_name, author)
    with open_study(study, write=True, timeout_s=6 * WAIT_S) as opened:
        return found, found.save(opened, video_id, author)


def _check_frames(video: Video, frames: Sequence[int]) -> None:
    wrong = [frame for frame in frames if not 0 <= frame < video.n_frames]
    if wrong:
        raise AppError(f"{video.name} has no frame {wrong[0]}: it has {video.n_frames}, from 0.")


def fill_frames(
    study: Path,
    video_id: int,
    frames: Sequence[int],
    animals: int | None,
    class_name: str | None,
    author: str,
) -> Fills:
    """Outlines for the frames of a video; nothing is stored.

    Where the present tracks come from a network, they are that network's, with the animals they
    were given to; else they come from background subtraction, tuned to the video. Where that is
    of no use, what the tracks were parted into is there to be corrected, and called unsure.
    """
    with open_study(study, timeout_s=WAIT_S) as opened:
        video, run = find_video(opened, video_id), active_run(opened, video_id)
        name = class_name or usual_class(opened)
        animals = animals or (run.n_animals if run else _most_labelled(opened, video_id))
        tracked = _of_tracks(opened, video, run, frames, name) if run is not None else Fills()
    if tracked.labels and tracked.origin != BACKGROUND:
        return tracked
    if animals is None:
        return Fills(said="say how many animals there are (--animals N) to have frames filled in")
    most_px = MOST * video.width * video.height / max(1, animals)
    found = _believed(_by_thresholds(video, frames, animals, name), most_px)
    return _with_tracks(found, _believed(tracked, most_px))


def usual_class(study: Study) -> str:
    """What outlines are called that nobody named: as all others of the study, if they agree."""
    names = class_names(study)
    return names[0] if len(names) == 1 else CLASS


def _most_labelled(study: Study, video_id: int) -> int | None:
    """How many animals there are as far as labels say it."""
    counts = [len(one.labels) for one in read_labels(study, video_id) if is_by_hand(one.origin)]
    return max(counts, default=0) or None


def _by_thresholds(video: Video, frames: Sequence[int], animals: int, name: str) -> Fills:
    info = probe(video_file(video))
    try:
        filler = Filler.learn(info, animals)
    except TrackingError as error:
        return Fills(said=str(error))
    fills = Fills(said=filler.why)
    if not filler.usable:
        return fills
    for frame in read_frames_at(info, sorted(frames)):
        found = filler.fill(frame.gray)
        if found.note:
            fills.notes[frame.index] = found.note
        if found.masks:
            fills.labels[frame.index] = [
                label_of(one.mask, name, None, one.x0, one.y0) for one in found.masks
            ]
            fills.sureness[frame.index] = found.sureness
    return fills


def _believed(fills: Fills, most_px: float) -> Fills:
    """Without outlines that cover more of the picture than an animal can."""
    small = {
        frame: [one for one in found if one.area_px <= most_px]
        for frame, found in fills.labels.items()
    }
    return replace(fills, labels={frame: found for frame, found in small.items() if found})


def _with_tracks(fills: Fills, tracked: Fills) -> Fills:
    """What thresholds left out, as the tracks have it: only to be corrected."""
    missing = set(tracked.labels) - set(fills.labels)
    if missing and not fills.labels:
        fills = Fills(said="The outlines are those of the tracks: look closely where animals touch")
    for frame in missing:
        fills.labels[frame] = tracked.labels[frame]
        fills.sureness[frame] = UNSURE * tracked.sureness[frame]
        fills.notes[frame] = "outlines of the tracks: look closely where animals touch"
    return fills


def _of_tracks(study: Study, video: Video, run: Run, frames: Sequence[int], name: str) -> Fills:
    """What the present run found in the frames, with the animals it is of."""
    by_network = run.segmenter != BACKGROUND
    said = f"outlines of the tracks, which {run.segmenter} found"
    fills = Fills(origin=f"{NETWORK}{_network_name(run)}" if by_network else BACKGROUND, said=said)
    classes = _classes_of_animals(study, video.video_id)
    for frame in sorted(frames):
        rows = read_masks(study, video.video_id, frame, frame + 1).to_pylist()
        sure = read_tracks(study, video.video_id, frame, frame + 1)["identity_confidence"]
        if not rows:
            continue
        fills.labels[frame] = [
            _label(row, classes.get(int(row["animal_id"]), name)) for row in rows
        ]
        least = min((one for one in sure.to_pylist() if one is not None), default=0.0)
        whole = len(rows) == run.n_animals
        fills.sureness[frame] = float(min(max(least, 0.0), 1.0)) * (1.0 if whole else COUNT_OFF)
        if not whole:
            fills.notes[frame] = f"{len(rows)} of {run.n_animals} animals are outlined"
    return fills


def _classes_of_animals(study: Study, video_id: int) -> dict[int, str]:
    """What a person called each animal of a video last: tracks do not keep the classes."""
    return {
        label.animal_id: label.class_name
        for one in read_labels(study, video_id, corrected=True)
        for label in one.labels
        if label.animal_id is not None
    }


def _label(row: dict, name: str) -> Label:
    x0, y0 = int(row["x0"]), int(row["y0"])
    box = (x0, y0, x0 + int(row["width"]), y0 + int(row["height"]))
    return Label(name, box, row["rle"], int(row["animal_id"]))


def _network_name(run: Run) -> str:
    said = run.settings.get("network")
    return str(said.get("name") or "network") if isinstance(said, dict) else run.segmenter
