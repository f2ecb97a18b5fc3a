"""Labelled frames: the outline of every animal in a frame, in revisions that are only added to.

What holds of a frame is its newest revision that nobody withdrew. A revision without labels says
that nobody is there; a frame without any revision says nothing. How revisions are added and
withdrawn is in `edit_labels`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from storage.errors import StudyError
from storage.label_masks import decode, encode, tight
from storage.study import Study
from storage.videos import find_video, videos

PERSON, POSE, BACKGROUND, CLEARED = "person", "pose", "background", "cleared"
DRAFT = "draft"  # a person's unfinished work: kept like any, not learned from
IMPORT, NETWORK = "import:", "network:"  # followed by the format, by the name of the network
# Those that a person answers for: they alone are learned from.
_CORRECTED = f"(origin IN ('{PERSON}', '{POSE}') OR starts_with(origin, '{IMPORT}'))"
# The newest revision of every frame that was not withdrawn; one that cleared its frame included.
STATES = (
    "SELECT r.* FROM label_revisions r LEFT JOIN "
    "(SELECT batch, arg_max(withdrawn, mark_id) AS gone FROM label_marks GROUP BY batch) m "
    "USING (batch) WHERE NOT coalesce(gone, false) "
    "QUALIFY row_number() OVER (PARTITION BY video_id, frame ORDER BY revision_id DESC) = 1"
)
_LABEL = "revision_id, class_name, animal_id, x0, y0, width, height, rle"


@dataclass(frozen=True)
class Label:
    """One animal in a labelled frame."""

    class_name: str  # what it is, such as mouse
    box: tuple[int, int, int, int]  # x0, y0, x1, y1 in px, end exclusive
    rle: bytes  # run lengths inside the box, as in the table masks
    animal_id: int | None = None  # as in animals

    @property
    def mask(self) -> np.ndarray:
        """(height, width) uint8 inside the box, 0 or 1."""
        x0, y0, x1, y1 = self.box
        return decode(self.rle, y1 - y0, x1 - x0)

    @property
    def area_px(self) -> int:
        """How many pixels it covers."""
        return int(np.frombuffer(self.rle, "<u2")[1::2].sum(dtype=np.int64))

    def whole(self, width: int, height: int) -> np.ndarray:
        """The mask as large as the picture, (height, width) uint8, 0 or 1."""
        x0, y0, x1, y1 = self.box
        full = np.zeros((height, width), np.uint8)
        full[y0:y1, x0:x1] = self.mask
        return full


def label_of(
    mask: np.ndarray, class_name: str, animal_id: int | None = None, x0: int = 0, y0: int = 0
) -> Label:
    """The label of a (h, w) mask whose top left pixel lies at x0, y0 of the picture.

    >>> label_of(np.array([[0, 1], [0, 1]]), "mouse", x0=10).box
    (11, 0, 12, 2)
    """
    found = tight(np.asarray(mask))
    if found is None:
        raise StudyError(f"The outline of a {class_name} is empty: draw it, or leave it out.")
    inside, left, top = found
    height, width = inside.shape
    x0, y0 = x0 + left, y0 + top
    return Label(class_name, (x0, y0, x0 + width, y0 + height), encode(inside), animal_id)


@dataclass(frozen=True)
class LabelledFrame:
    """One revision of a frame."""

    revision_id: int
    video_id: int
    frame: int
    labels: tuple[Label, ...]  # none: nobody is there
    origin: str  # person, draft, background, network:NAME, pose or import:FORMAT
    author: str
    made_at: datetime  # UTC
    sureness: float | None  # of the program that made it, 0 to 1; None for what a person made

    @property
    def corrected(self) -> bool:
        """Whether a person answers for it, so that it may be learned from."""
        return is_corrected(self.origin)


@dataclass(frozen=True)
class Revision:
    """One revision in the history of a frame."""

    found: LabelledFrame
    batch: int
    stands: bool  # not withdrawn; the newest one that stands holds


@dataclass(frozen=True)
class Proposal:
    """A frame that is worth labelling."""

    frame: int
    why: str  # diverse, uncertain, contact, ...
    score: float  # 0 to 1, among those proposed together


def is_corrected(origin: str) -> bool:
    """Whether labels of this origin are a person's.

    >>> is_corrected("import:coco"), is_corrected("network:mice")
    (True, False)
    """
    return origin in (PERSON, POSE) or origin.startswith(IMPORT)


def is_by_hand(origin: str) -> bool:
    """Whether a person made or began labels of this origin, so that no program covers them."""
    return origin == DRAFT or is_corrected(origin)


def read_labels(
    study: Study,
    video_id: int | None = None,
    frames: Collection[int] | None = None,
    *,
    corrected: bool = False,
) -> list[LabelledFrame]:
    """What holds of every labelled frame, by video and frame; `corrected`: a person's alone."""
    rows = study.rows(
        "SELECT revision_id, video_id, frame, origin, author, made_at, sureness "
        f"FROM ({STATES}) WHERE origin != '{CLEARED}' "
        "AND ($video::INTEGER IS NULL OR video_id = $video) "
        "AND ($frames::INTEGER[] IS NULL OR list_contains($frames, frame)) "
        f"AND (NOT $corrected OR {_CORRECTED}) ORDER BY video_id, frame",
        {
            "video": video_id,
            "frames": None if frames is None else [int(one) for one in frames],
            "corrected": corrected,
        },
    )
    return _frames(study, rows)


def frame_labels(study: Study, video_id: int, frame: int) -> LabelledFrame | None:
    """What holds of one frame; None when it is not labelled."""
    found = read_labels(study, video_id, [frame])
    return found[0] if found else None


def revisions(study: Study, video_id: int, frame: int) -> list[Revision]:
    """Everything that was ever said of a frame, oldest first; `cleared` ones have no labels."""
    rows = study.rows(
        "SELECT revision_id, video_id, frame, origin, author, made_at, sureness, r.batch, "
        "NOT coalesce(gone, false) FROM label_revisions r LEFT JOIN (SELECT batch, "
        "arg_max(withdrawn, mark_id) AS gone FROM label_marks GROUP BY batch) m "
        "ON r.batch = m.batch WHERE video_id = ? AND frame = ? ORDER BY revision_id",
        [video_id, frame],
    )
    found = _frames(study, [row[:7] for row in rows])
    return [Revision(one, row[7], row[8]) for one, row in zip(found, rows, strict=True)]


def find_revisions(study: Study, numbers: Collection[int]) -> list[LabelledFrame]:
    """Revisions by their numbers, as a network remembers what it was trained on."""
    rows = study.rows(
        "SELECT revision_id, video_id, frame, origin, author, made_at, sureness "
        "FROM label_revisions WHERE list_contains(?, revision_id) ORDER BY video_id, frame",
        [[int(one) for one in numbers]],
    )
    return _frames(study, rows)


def class_names(study: Study) -> list[str]:
    """The classes of all labels that hold, in the order in which they were first used."""
    rows = study.rows(
        f"SELECT class_name FROM labels JOIN ({STATES}) USING (revision_id) "
        "GROUP BY class_name ORDER BY min((revision_id, number))"
    )
    return [name for (name,) in rows]


def usual_areas(study: Study, video_id: int) -> dict[str, int]:
    """How many pixels an animal of each class covers in a video: the median of its outlines.

    Of classes with fewer than three outlines nothing is known; what is only begun does not count.
    """
    rows = study.rows(
        f"SELECT class_name, rle FROM labels JOIN ({STATES}) USING (revision_id) "
        f"WHERE video_id = ? AND origin != '{DRAFT}'",
        [video_id],
    )
    areas: dict[str, list[int]] = {}
    for name, rle in rows:
        areas.setdefault(name, []).append(int(np.frombuffer(rle, "<u2")[1::2].sum(dtype=np.int64)))
    return {name: int(np.median(of)) for name, of in areas.items() if len(of) >= 3}


def save_proposals(
    study: Study, video_id: int, proposed: Sequence[Proposal], author: str = ""
) -> int:
    """Note frames that are worth labelling, and return how many of them are new."""
    n_frames = find_video(study, video_id).n_frames
    known = {one.frame for one in open_proposals(study, video_id)}
    fresh = [one for one in proposed if one.frame not in known]
    for one in fresh:
        if not 0 <= one.frame < n_frames:
            raise StudyError(f"Frame {one.frame} is not in the video: it has {n_frames}, from 0.")
        study.rows(
            "INSERT INTO label_proposals (video_id, frame, why, score, author, made_at) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            [video_id, one.frame, one.why, float(one.score), author, utc_now()],
        )
    return len(fresh)


def open_proposals(study: Study, video_id: int) -> list[Proposal]:
    """The proposed frames that no person corrected or cleared since, by frame."""
    rows = study.rows(
        "SELECT p.frame, arg_max(why, proposal_id), arg_max(score, proposal_id) "
        f"FROM label_proposals p LEFT JOIN ({STATES}) s ON s.video_id = p.video_id "
        f"AND s.frame = p.frame WHERE p.video_id = ? AND NOT coalesce({_CORRECTED}, false) "
        f"AND NOT coalesce(origin = '{CLEARED}' AND s.made_at >= p.made_at, false) "
        "GROUP BY p.frame ORDER BY p.frame",
        [video_id],
    )
    return [Proposal(frame, why, score) for frame, why, score in rows]


def label_counts(study: Study) -> pd.DataFrame:
    """How far each video is: a row per video, also those without labels.

    Columns video, corrected (frames), waiting (frames filled by a program or begun, for a person
    to correct), proposed (frames to label, filled or not), animals (labels of corrected frames) and
    classes (names and how many, of corrected frames).
    """
    states = study.rows(f"SELECT video_id, {_CORRECTED}, origin FROM ({STATES})")
    counted = study.rows(
        f"SELECT video_id, class_name, count(*) FROM labels JOIN ({STATES}) USING (revision_id) "
        f"WHERE {_CORRECTED} GROUP BY ALL ORDER BY 3 DESC, 2"
    )
    found = []
    for video in videos(study):
        mine = [row for row in states if row[0] == video.video_id]
        classes = {name: n for one, name, n in counted if one == video.video_id}
        found.append(
            {
                "video": video.name,
                "corrected": sum(row[1] for row in mine),
                "waiting": sum(not row[1] and row[2] != CLEARED for row in mine),
                "proposed": len(open_proposals(study, video.video_id)),
                "animals": sum(classes.values()),
                "classes": ", ".join(f"{name} {n}" for name, n in classes.items()),
            }
        )
    columns = ["video", "corrected", "waiting", "proposed", "animals", "classes"]
    return pd.DataFrame(found, columns=columns)


def labels_version(study: Study, video_id: int) -> str:
    """A text that changes whenever the labels or the proposals of a video do."""
    sql = (
        "SELECT coalesce(max(revision_id), 0), (SELECT coalesce(max(mark_id), 0) FROM label_marks "
        "JOIN label_revisions USING (batch) WHERE video_id = $video), (SELECT coalesce(max("
        "proposal_id), 0) FROM label_proposals WHERE video_id = $video) "
        "FROM label_revisions WHERE video_id = $video"
    )
    return ".".join(map(str, study.rows(sql, {"video": video_id})[0]))


def utc_now() -> datetime:
    """The time as the tables keep it: UTC, without saying so."""
    return datetime.now(UTC).replace(tzinfo=None)


def _frames(study: Study, rows: Sequence[tuple[Any, ...]]) -> list[LabelledFrame]:
    """Revisions with their labels."""
    numbers = [row[0] for row in rows]
    labels: dict[int, list[Label]] = {number: [] for number in numbers}
    found = study.rows(
        f"SELECT {_LABEL} FROM labels WHERE list_contains(?, revision_id) "
        "ORDER BY revision_id, number",
        [numbers],
    )
    for number, name, animal, x0, y0, width, height, rle in found:
        labels[number].append(Label(name, (x0, y0, x0 + width, y0 + height), rle, animal))
    return [
        LabelledFrame(
            number, video_id, frame, tuple(labels[number]), origin, author,
            made_at.replace(tzinfo=UTC), sureness,
        )
        for number, video_id, frame, origin, author, made_at, sureness in rows
    ]  # fmt: skip
