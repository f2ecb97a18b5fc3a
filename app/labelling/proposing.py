"""Propose frames that are worth labelling, and fill them in, so that a person corrects them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from app.annotating.doubt_list import doubt_list
from app.errors import AppError
from app.labelling.filling import Fills, fill_frames
from app.labelling.reserved import Reserved, reserved
from app.library import WAIT_S, add
from storage.identities import crossings_table, has_identities
from storage.labels import Proposal as Stored
from storage.labels import open_proposals, read_labels, save_proposals
from storage.runs import active_run
from storage.study import Study, open_study
from storage.videos import Video, find_video, video_file
from storage.videos import videos as every
from tracking.networks.labelling.proposing import Candidate, Proposal, candidate_frames, look_of
from tracking.networks.labelling.proposing import propose as choose
from tracking.video import probe, read_frames_at

FEWEST_LOOKED_AT, PER_FRAME, MOST_LOOKED_AT = 60, 8, 400  # frames of a video that are decoded
MOST_DOUBTS = 60  # doubtful places, and as many crossings, of a video that are looked at
LONG = 60  # frames of a doubtful place that is looked at in three places
CONTACT_DOUBT = 0.3  # of a crossing that the run solved without doubt

OnProgress = Callable[[str, int, int], None]  # what is done, done, total


@dataclass(frozen=True)
class Proposed:
    """What was proposed of one video."""

    video: str
    frames: list[int]
    fills: Fills = field(default_factory=Fills)
    reserved: Reserved | None = None  # where nothing is proposed, since it judges a network


@dataclass(frozen=True)
class _Place:
    """A frame where the tracks are doubtful, or where animals met."""

    frame: int
    doubt: float  # 0 to 1
    contact: bool
    why: str


def propose(
    study: Path,
    count: int = 20,
    *,
    video: str | int | None = None,
    videos: Sequence[str | int] | None = None,
    animals: int | None = None,
    class_name: str | None = None,
    fill: bool = True,
    author: str = "",
    on_progress: OnProgress | None = None,
) -> list[Proposed]:
    """Choose `count` frames of some videos or of all, note them, and fill in what can be.

    Frames differ from one another and from those that are labelled or proposed already; where a
    video is tracked, those are among them in which its tracks are doubtful or animals met. None is
    of a stretch that judges a network: such a video is in the answer, if only to say so.
    `animals`: how many there are, where neither tracks nor labels say it.
    """
    if count < 1:
        raise AppError(f"{count} frames cannot be proposed: give 1 or more.")
    tell = on_progress or (lambda stage, done, total: None)
    chosen_videos = _videos(study, videos if video is None else [video])
    kept = reserved(study, chosen_videos)
    candidates: list[Candidate] = []
    known: list[Candidate] = []
    for number, one in enumerate(chosen_videos):
        tell("looking", number, len(chosen_videos))
        share = max(1, count // len(chosen_videos))
        mine, old = _candidates(study, one, share)
        candidates += [
            each for each in mine if one.name not in kept or each.frame not in kept[one.name]
        ]
        known += old
    found = choose(candidates, count, known)
    done = []
    for number, one in enumerate(chosen_videos):
        tell("filling", number, len(chosen_videos))
        mine_found = [p for p in found if p.video == one.name]
        if mine_found:
            fills = Fills()
            if fill:
                frames = sorted(p.frame for p in mine_found)
                fills = fill_frames(study, one.video_id, frames, animals, class_name, author)
            _store(study, one, mine_found, fills, author)
            frames = sorted(p.frame for p in mine_found)
            done.append(Proposed(one.name, frames, fills, kept.get(one.name)))
        elif one.name in kept:
            done.append(Proposed(one.name, [], reserved=kept[one.name]))
    tell("filling", len(chosen_videos), len(chosen_videos))
    return done


def add_films(study: Path, films: Sequence[Path]) -> list[int]:
    """Put films into a study, which is made where there is none, and return their numbers."""
    for film in films:
        probe(film)  # a damaged one is named before any is added
    return list(dict.fromkeys(add(study, film).video_id for film in films))


def _videos(study: Path, only: Sequence[str | int] | None) -> list[Video]:
    with open_study(study, timeout_s=WAIT_S) as opened:
        found = every(opened) if only is None else [find_video(opened, one) for one in only]
    if not found:
        raise AppError("There is no video in this study: add one first.")
    seen = [one for one in found if one.has_pictures]
    if not seen:
        raise AppError(f"{found[0].name} has poses and no pictures: there is nothing to label.")
    return seen


def _candidates(study: Path, video: Video, share: int) -> tuple[list[Candidate], list[Candidate]]:
    """The frames of a video that may be chosen, and those that are labelled or proposed."""
    with open_study(study, timeout_s=WAIT_S) as opened:
        places = {one.frame: one for one in _doubtful(opened, video)}
        old = {one.frame for one in read_labels(opened, video.video_id)}
        old |= {one.frame for one in open_proposals(opened, video.video_id)}
    info = probe(video_file(video))
    looked_at = min(max(FEWEST_LOOKED_AT, PER_FRAME * share), MOST_LOOKED_AT)
    spread = candidate_frames(info.n_frames, looked_at, info.keyframes)
    wanted = sorted({*spread, *places, *old})
    made: dict[int, Candidate] = {}
    for frame in read_frames_at(info, wanted):
        place = places.get(frame.index, _Place(frame.index, 0.0, False, ""))
        made[frame.index] = Candidate(
            video.name, frame.index, frame.time_s, look_of(frame.gray), place.doubt,
            place.contact, place.why,
        )  # fmt: skip
    return [made[k] for k in wanted if k not in old], [made[k] for k in sorted(old)]


def _doubtful(study: Study, video: Video) -> list[_Place]:
    """Where the present tracks are doubtful, and where animals met; [] when not tracked."""
    if active_run(study, video.video_id) is None:
        return []
    doubts = doubt_list(study, video.video_id)
    open_ones = doubts[~doubts["settled"] & ~doubts["checked"]]
    worst = open_ones.sort_values(["severity", "frame"], ascending=[False, True])[:MOST_DOUBTS]
    places = {one.frame: one for row in worst.to_dict("records") for one in _doubt(row)}
    if has_identities(study, video.video_id):
        for row in _spread(crossings_table(study, video.video_id)).to_dict("records"):
            frame = (int(row["start_frame"]) + int(row["stop_frame"])) // 2
            doubt = max(CONTACT_DOUBT, 1 - float(row["probability"]))
            why = f"{row['animals']} meet"
            if row["kind"] == "contact":
                places.setdefault(frame, _Place(frame, min(doubt, 1.0), True, why))
    return [one for one in places.values() if 0 <= one.frame < video.n_frames]


def _doubt(row: dict) -> list[_Place]:
    """The middle of a doubtful place; of a long one also what lies before and after it."""
    frame, stop = int(row["frame"]), int(row["stop_frame"])
    score = float(np.clip(row["severity"], 0, 1))
    why = f"{' + '.join(row['animals'])} {row['what']}"
    shares = (0.25, 0.5, 0.75) if stop - frame >= LONG else (0.5,)
    return [
        _Place(frame + int(share * max(stop - frame, 0)), score, row["kind"] == "crossing", why)
        for share in shares
    ]


def _spread(table: pd.DataFrame) -> pd.DataFrame:
    """At most `MOST_DOUBTS` rows, spread over the video."""
    step = max(1, -(-len(table) // MOST_DOUBTS))
    return table.iloc[::step]


def _store(study: Path, video: Video, found: Sequence[Proposal], fills: Fills, author: str) -> None:
    """Note the proposals and what was filled in, both or neither."""
    stored = [
        Stored(one.frame, "; ".join(filter(None, [one.why, fills.notes.get(one.frame)])), one.score)
        for one in found
    ]
    with open_study(study, write=True, timeout_s=6 * WAIT_S) as opened:
        save_proposals(opened, video.video_id, stored, author)
        fills.save(opened, video.video_id, author)
