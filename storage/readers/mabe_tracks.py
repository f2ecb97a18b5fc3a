"""Tracking of MABe 2025: a Parquet table of one video, a row per frame, mouse and body part."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from storage.readers.files import Head, numbers_of, read_frame, whole_numbers
from storage.readers.poses import Poses, check_frames, rate_of

NAME, TITLE, GIVES = "mabe-tracks", "MABe 2025 tracking", "tracks"
KINDS = ("parquet",)  # of files
FILES = "train_tracking/lab/video.parquet, with train.csv two folders above for rate and scale"
WANTED = ["video_frame", "mouse_id", "bodypart", "x", "y"]
_LAYERS = 4


def looks_like(head: Head) -> bool:
    """Whether a file is a tracking table of MABe."""
    if head.kind != "parquet":
        return False
    from pyarrow.parquet import read_schema

    return set(WANTED) <= set(read_schema(head.path).names)


def read(path: Path) -> Poses:
    """Read one video; places are in px."""
    from pyarrow.parquet import read_table

    found = read_table(path, columns=WANTED, page_checksum_verification=True)
    named = names_of(found.schema)
    table = found.to_pandas()
    frame = whole_numbers(table["video_frame"].to_numpy(float), "video_frame")
    mice, who = np.unique(whole_numbers(table["mouse_id"].to_numpy(float), "mouse_id"),
                          return_inverse=True)  # fmt: skip
    part_codes, parts = table["bodypart"].factorize(use_na_sentinel=False)
    n = check_frames(path, np.unique(frame))
    if n * len(mice) * len(parts) > max(10_000_000, 1000 * len(frame)):
        raise ValueError(f"{len(mice)} mice and {len(parts)} body parts in {n} frames")
    cell = (frame * len(mice) + who) * len(parts) + part_codes
    if len(np.unique(cell)) < len(cell):
        raise ValueError("a body part is in a frame twice")
    xy = np.full((n, len(mice), len(parts), 2), np.nan)
    xy[frame, who, part_codes] = table[["x", "y"]].to_numpy(float)
    poses = Poses(
        NAME,
        tuple(named.get(f"mouse{mouse}", f"mouse{mouse}") for mouse in mice),
        tuple(str(part) for part in parts),
        xy,
        np.full(xy.shape[:3], np.nan),
    )
    said = described(path)
    rate = _number(said.get("frames_per_second", ""))
    scale = _number(said.get("pix_per_cm_approx", ""))
    return replace(poses, fps=rate_of(rate), px_per_cm=scale if scale > 0 else None)


def names_of(schema: Any) -> dict[str, str]:
    """The animals' own names by mouse1, mouse2, ..., in tables that were exported here."""
    said = (schema.metadata or {}).get(b"mice")
    found = json.loads(said) if said else []
    parts = found if isinstance(found, list) else [found]
    return {str(key): str(name) for part in parts for key, name in part.items()}


def described(path: Path) -> dict[str, str]:
    """What train.csv (or test.csv), in a folder above, says of the video of this name."""
    for folder in list(path.resolve().parents)[1:_LAYERS]:
        for name in ("train.csv", "test.csv"):
            if (folder / name).is_file():
                table = read_frame(folder / name)
                mine = table[table["video_id"] == path.stem] if "video_id" in table else table[:0]
                if len(mine) == 1:
                    return {str(key): str(value) for key, value in mine.iloc[0].items()}
    return {}


def _number(text: str) -> float:
    return float(numbers_of([text], "a number of train.csv")[0])
