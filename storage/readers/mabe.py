"""Annotations of MABe 2025, Parquet of one video, and submissions as CSV: stop is exclusive."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from storage.readers.files import Head, look, numbers_of, read_frame, whole_numbers
from storage.readers.mabe_tracks import described, names_of
from storage.readers.poses import rate_of
from storage.readers.scored import FRAMES, Bouts, Recording, checked, table

NAME, TITLE, GIVES = "mabe", "MABe 2025", "bouts"
KINDS = ("parquet", "text")  # of files
FILES = "train_annotation/lab/video.parquet, or a submission as CSV"
WANTED = ["agent_id", "target_id", "action", "start_frame", "stop_frame"]
SELF = "self"


def looks_like(head: Head) -> bool:
    """Whether a file holds annotations of MABe."""
    if head.kind == "parquet":
        from pyarrow.parquet import read_schema

        return set(WANTED) <= set(read_schema(head.path).names)
    return set(WANTED) <= set(head.columns)


def read(path: Path) -> Bouts:
    """Read bouts of an agent, done to a target where it is somebody else."""
    frame, named = _table(path)
    start = whole_numbers(numbers_of(frame["start_frame"], "start_frame"), "start_frame")
    stop = whole_numbers(numbers_of(frame["stop_frame"], "stop_frame"), "stop_frame")
    if (stop <= start).any() or (start < 0).any():
        raise ValueError("a bout stops before it starts")
    videos = frame["video_id"].astype(str) if "video_id" in frame else [path.stem] * len(frame)
    rows = []
    for row, (video, agent, target, action) in enumerate(
        zip(videos, frame["agent_id"], frame["target_id"], frame["action"], strict=True)
    ):
        subject, other = _mouse(agent, named), _mouse(target, named)
        rows.append(
            {
                "recording": video,
                "behaviour": str(action),
                "subject": subject,
                "target": None if other in (SELF, subject) else other,
                "start": start[row],
                "stop": stop[row],
            }
        )
    rate = described(path).get("frames_per_second", "")
    fps = rate_of(float(numbers_of([rate], "frames_per_second")[0]))
    recordings = {name: Recording((), None, fps) for name in dict.fromkeys(videos)}
    return checked(Bouts(NAME, FRAMES, table(rows), recordings))


def _table(path: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    """The annotations, and the animals' own names where the file has them."""
    if look(path).kind != "parquet":
        return read_frame(path), {}
    from pyarrow.parquet import read_table

    found = read_table(path, page_checksum_verification=True)
    return found.to_pandas(), names_of(found.schema)


def _mouse(value: Any, named: dict[str, str]) -> str:
    """Mice are numbers in annotations, and mouse1 or self in submissions."""
    text = str(value).strip()
    number = numbers_of([text], "a mouse")[0] if text[:1].isdigit() else None
    mouse = f"mouse{int(number)}" if number is not None else text
    return named.get(mouse, mouse)
