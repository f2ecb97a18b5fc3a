"""How far every labelled or proposed frame is, without its outlines: what a list shows."""

from __future__ import annotations

from dataclasses import dataclass, replace

from storage.labels import CLEARED, STATES, is_corrected, open_proposals
from storage.study import Study
from storage.videos import videos


@dataclass(frozen=True)
class FrameState:
    """One frame of the list."""

    video_id: int
    frame: int
    origin: str | None  # of its labels, as in LabelledFrame; None where nothing is labelled yet
    author: str  # of its labels
    revision_id: int | None
    n_labels: int
    sureness: float | None  # of the program that made the labels, 0 to 1
    why: str  # why it was proposed; empty where it was not
    score: float | None  # among those proposed together, 0 to 1

    @property
    def corrected(self) -> bool:
        """Whether a person answers for it."""
        return self.origin is not None and is_corrected(self.origin)


def frame_states(study: Study) -> list[FrameState]:
    """Every frame that is labelled or proposed, by video and frame."""
    rows = study.rows(
        "SELECT s.video_id, s.frame, s.origin, s.author, s.revision_id, count(number), s.sureness "
        f"FROM ({STATES}) s LEFT JOIN labels USING (revision_id) WHERE origin != '{CLEARED}' "
        "GROUP BY ALL"
    )
    found = {
        (video, frame): FrameState(video, frame, origin, author, revision, count, sure, "", None)
        for video, frame, origin, author, revision, count, sure in rows
    }
    for video in videos(study):
        for one in open_proposals(study, video.video_id):
            key = (video.video_id, one.frame)
            known = found.get(key) or FrameState(*key, None, "", None, 0, None, "", None)
            found[key] = replace(known, why=one.why, score=one.score)
    return [found[key] for key in sorted(found)]
