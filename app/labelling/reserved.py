"""Frames that judge a network, and those around them: as no round learns there, none is proposed.

Labelling such a frame would be work for nothing as long as rounds go on from that network.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from app.library import reading
from app.training.lineage import used
from app.training.material import AROUND_S
from storage.networks import networks
from storage.videos import Video


@dataclass(frozen=True)
class Reserved:
    """A stretch of a video that is kept free of frames to learn from."""

    video: str
    first: int
    last: int  # frames, both included
    network: str  # NAME:VERSION that is judged there

    def __contains__(self, frame: int) -> bool:
        return self.first <= frame <= self.last

    @property
    def words(self) -> str:
        """Why nothing is proposed there."""
        return (
            f"{self.video}: frames {self.first} to {self.last} are kept for judging {self.network} "
            "and its next rounds, so none of them is proposed."
        )


def reserved(study: Path, chosen: Iterable[Video]) -> dict[str, Reserved]:
    """The stretches of these videos that judge the network that was trained last, by video."""
    with reading(study) as opened:
        trained = [one for one in networks(opened) if one.kind == "pt" and one.trained_on]
    if not trained:
        return {}
    last = max(trained, key=lambda one: (one.made_at, one.network_id))
    judging = used(study, last, "validation")
    found = {}
    for video in chosen:
        frames = [frame for name, frame in judging if name == video.name]
        if frames:
            around = max(1, round(AROUND_S * float(video.fps)))
            first, end = max(min(frames) - around, 0), max(frames) + around
            found[video.name] = Reserved(video.name, first, min(end, video.n_frames - 1), last.key)
    return found
