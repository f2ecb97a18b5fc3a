"""The trajectories to look into and to take along, as `ethoscribe export tracks` writes them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from app.errors import AppError
from app.library import reading
from app.results.cache import Kept
from app.results.data import Overview
from storage.videos import find_video
from storage.writers.exports import tracks_table, write_table

HEAD = 200  # rows shown
MOST_ROWS = {"csv": 5_000_000, "parquet": 20_000_000, "xlsx": 200_000}  # in one download
_heads: Kept[pd.DataFrame] = Kept(8)


def tracked_names(seen: Overview, videos: Sequence[str]) -> list[str]:
    """The tracked ones of the chosen videos, of all where none is chosen."""
    return [
        d.video.name for d in seen.videos if d.tracked and d.video.name in (videos or seen.names)
    ]


def row_count(seen: Overview, names: Sequence[str]) -> int:
    """How many rows their tracks have: one for every animal and frame."""
    return sum(seen.data(name).video.n_frames * len(seen.data(name).animals) for name in names)


def tracks_head(seen: Overview, name: str) -> pd.DataFrame:
    """The first rows of one video's tracks."""
    one = seen.data(name)

    def read() -> pd.DataFrame:
        with reading(seen.study) as opened:
            rows = tracks_table(opened, one.video.video_id)
            return rows.relation().limit(HEAD).to_arrow_table().to_pandas()

    return _heads.get((seen.study, one.video.video_id, one.tracks_state), read)


def tracks_file(study: Path, name: str | None, file_format: str) -> bytes:
    """The tracks of one video, or of all, as the bytes of a file: csv, parquet or xlsx."""
    with tempfile.TemporaryDirectory(prefix="ethoscribe-") as folder:
        path = Path(folder) / f"tracks.{file_format}"
        with reading(study) as opened:
            video_id = find_video(opened, name).video_id if name else None
            write_table(tracks_table(opened, video_id), path, file_format)
        return path.read_bytes()


def formats(rows: int) -> list[str]:
    """The formats in which so many rows can be sent by the page.

    >>> formats(1_000_000)
    ['csv', 'parquet']
    """
    return [kind for kind, most in MOST_ROWS.items() if rows <= most]


def one_or_all(seen: Overview, videos: Sequence[str]) -> str | None:
    """The video whose tracks are meant; None means all; several but not all cannot be."""
    if not videos or set(videos) == set(seen.names):
        return None
    if len(videos) > 1:
        raise AppError("Tracks come of one video or of all: choose one under Videos, or none.")
    return videos[0]
