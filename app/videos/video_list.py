"""The videos of a study as a list: what is said of each, and which ones a person looks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from app.jobs.proxy_files import is_playable
from app.jobs.relink import where_is
from app.library import VideoRow, reading
from app.words import clock
from storage.metadata import KEYS, read_metadata
from storage.videos import Video

Facts = Mapping[str, str]  # column to value, or to the values of the animals


def check_line(study: Path, video: Video) -> str:
    """What a look into a new file has found: codec, rate, size, frames, length, how it plays."""
    rate = f"{float(video.fps):.3f}".rstrip("0").rstrip(".")
    even = "frame rate varies, every frame keeps its own time" if video.variable_rate else "steady"
    plays = "plays in the browser"
    if not is_playable(study, video):
        plays = "no browser plays it, a copy for the player is being made"
    parts = [video.codec, f"{rate} fps ({even})", f"{video.width} × {video.height} px"]
    parts += [f"{video.n_frames:,} frames".replace(",", "\u2009"), clock(video.duration_s), plays]
    return " · ".join(parts)


def metadata_of(study: Path) -> dict[str, Facts]:
    """What is known of each video; the different values of its animals stand beside each other."""
    with reading(study) as opened:
        wide = read_metadata(opened)
    found: dict[str, dict[str, list[str]]] = {}
    for row in wide.to_dict("records"):
        facts = found.setdefault(str(row["video"]), {})
        for name, value in row.items():
            values = facts.setdefault(str(name), [])
            if name not in KEYS and value is not None and str(value) not in values:
                values.append(str(value))
    return {
        video: {name: ", ".join(values) for name, values in facts.items() if values}
        for video, facts in found.items()
    }


def state_words(row: VideoRow) -> str:
    """How far a video is: tracked or not, and whether its file is there."""
    words = "tracked" if row.run_id is not None else "not tracked"
    if not row.video.has_pictures:
        return f"{words}, poses only"
    return words if row.present else f"{words}, {'file replaced' if _replaced(row) else 'no file'}"


def _replaced(row: VideoRow) -> bool:
    return where_is(row.video).startswith("Another")


def matching(rows: Iterable[VideoRow], facts: Mapping[str, Facts], text: str) -> list[VideoRow]:
    """The videos in which every word of `text` occurs: name, animals, state or metadata.

    `group=control` asks for a value of one column.
    """
    words = text.casefold().split()
    return [row for row in rows if all(_has(row, facts.get(row.video.name, {}), w) for w in words)]


def _has(row: VideoRow, facts: Facts, word: str) -> bool:
    column, equals, value = word.partition("=")
    if equals:
        known = {name.casefold(): text.casefold() for name, text in facts.items()}
        return value in known.get(column, "").split(", ")
    texts = [row.video.name, state_words(row), *row.animals, *facts.values()]
    return any(word in text.casefold() for text in texts)


def as_table(rows: Sequence[VideoRow], facts: Mapping[str, Facts]) -> pd.DataFrame:
    """One line per video: name, state, share found, animals, length, rate, then the metadata."""
    names = sorted({name for row in rows for name in facts.get(row.video.name, {})})
    table = pd.DataFrame(
        [
            {
                "Video": row.video.name,
                "State": state_words(row),
                "Found %": None if row.share_detected is None else 100 * row.share_detected,
                "Animals": ", ".join(row.animals),
                "Length": clock(row.video.duration_s),
                "Frames/s": float(row.video.fps),
                **{name: facts.get(row.video.name, {}).get(name, "") for name in names},
            }
            for row in rows
        ]
    )
    tracked = any(row.run_id is not None for row in rows)
    return table if tracked else table.drop(columns=["Found %", "Animals"])
