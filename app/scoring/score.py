"""How well the tracks of a study agree with a truth, per video and over all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from app.errors import AppError
from storage.study import Study, open_study

if TYPE_CHECKING:
    from storage.videos import Video

TRACK_COLUMNS = ("frame", "id", "x", "y")
_IDS_PER_VIDEO = 1_000_000  # keeps the animals of two videos apart when both are scored as one


@dataclass(frozen=True)
class Pair:
    """Truth and result of one video, in the columns that the scoring functions read."""

    video: str
    n_frames: int
    truth: pd.DataFrame
    found: pd.DataFrame


def score_tracks_of(
    study: Path,
    truth: Path,
    radius_px: float | None = None,
    video: str | None = None,
    sparse: bool = False,
) -> dict[str, Any]:
    """Score the tracks of a study against a CSV with the columns frame, id, x, y (pixels).

    Every frame from the truth's first to its last is scored; of a sparse truth, only the frames
    it lists. A truth of several videos has a `video` column. Without a radius, half the median
    body length of the tracked animals is taken.
    Returns the scores over all videos, and under `videos` those of each.
    """
    from tracking.scoring import score_tracks

    if radius_px is not None and not 0 < radius_px < float("inf"):
        raise AppError(f"--radius is {radius_px}: it is a distance in px, so more than 0.")
    table = read_truth(truth, TRACK_COLUMNS, numbers=("frame", "x", "y"))
    lengths: list[float] = []
    with open_study(study) as opened:
        pairs = [
            _track_pair(opened, chosen, part, lengths, sparse)
            for chosen, part in split_truth(opened, table, video, truth, tracked=True)
        ]
    radius = radius_px or _usual_radius(lengths)

    def score(pair: Pair) -> dict[str, Any]:
        return dict(score_tracks(pair.truth, pair.found, radius))

    return _per_video_and_all(pairs, score)


def read_truth(path: Path, columns: Sequence[str], numbers: Sequence[str]) -> pd.DataFrame:
    """Read a truth CSV and check that it has the columns, and frames in every row."""
    try:
        table = pd.read_csv(path, encoding="utf-8-sig", skipinitialspace=True)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise AppError(f"{path} is no CSV file that can be read ({error}).") from error
    if "stop_frame" not in table.columns:  # some files spell out what a stop is
        table = table.rename(columns={"stop_frame_exclusive": "stop_frame"})
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise AppError(
            f"{path} has no column {', '.join(missing)}: a truth file has the columns "
            f"{','.join(columns)} and, for several videos, video."
        )
    for column in numbers:
        given = table[column]
        table[column] = pd.to_numeric(given, errors="coerce")
        # An animal that is not there has no x and y; a word in their place is a mistake.
        wrong = table[column].isna() & (given.notna() | (column not in ("x", "y")))
        if wrong.any():
            row = int(table.index[wrong][0])
            raise AppError(f"{path}, line {row + 2}: {column} is {given[row]!r}, not a number.")
    return table


def split_truth(
    study: Study, table: pd.DataFrame, wanted: str | None, truth: Path, tracked: bool
) -> list[tuple["Video", pd.DataFrame]]:
    """Give each video of the study its part of the truth."""
    from storage.runs import active_run
    from storage.videos import find_video, videos

    if "video" in table.columns and wanted is None:
        names = [str(name) for name in table["video"].dropna().unique()]
        chosen = [find_video(study, name) for name in names]
        return [
            (one, table[table["video"].astype(str) == name])
            for one, name in zip(chosen, names, strict=True)
        ]
    if wanted is not None:
        if "video" in table.columns:
            table = table[table["video"].astype(str) == wanted]
        return [(find_video(study, wanted), table)]
    known = [v for v in videos(study) if not tracked or active_run(study, v.video_id)]
    if len(known) != 1:
        names = [one.name for one in known]
        raise AppError(
            f"The study has {len(known)} tracked videos ({', '.join(names)}): say with --video "
            f"which one {truth.name} is about."
            if known
            else "The study has no tracked video yet: track one first."
        )
    return [(known[0], table)]


def _track_pair(
    study: Study, video: "Video", truth: pd.DataFrame, lengths: list[float], sparse: bool
) -> Pair:
    from storage.tracks import read_tracks

    tracks = read_tracks(study, video.video_id).to_pandas()
    if tracks.empty:
        raise AppError(f"{video.name} has no tracks yet: track it first.")
    if truth.empty:
        raise AppError(f"The truth has no row for {video.name}.")
    scored = tracks["frame"].between(truth["frame"].min(), truth["frame"].max())
    if sparse:
        scored = tracks["frame"].isin(truth["frame"].unique())
    seen = tracks[tracks["detected"] & scored]
    lengths.extend(seen["length_px"].dropna().tolist())
    found = seen.rename(columns={"animal_id": "id", "x_px": "x", "y_px": "y"})
    found = found[list(TRACK_COLUMNS)].reset_index(drop=True)
    return Pair(video.name, video.n_frames, _numbered(truth), found)


def _numbered(truth: pd.DataFrame) -> pd.DataFrame:
    """The truth of one video with numbers for names; rows without x and y say who is not there."""
    nameless = truth["id"].isna() & truth["x"].notna() & truth["y"].notna()
    if nameless.any():
        line = int(truth.index[nameless][0]) + 2
        raise AppError(f"The truth, line {line}, has a position without an id: give it one.")
    numbers = pd.factorize(truth["id"])[0] + 1
    return truth.assign(id=numbers)[list(TRACK_COLUMNS)].reset_index(drop=True)


def _usual_radius(lengths: list[float]) -> float:
    """Half the median body length, in px."""
    if not lengths:
        raise AppError("The tracks have no body lengths to take a radius from: give --radius.")
    return round(float(pd.Series(lengths).median()) / 2, 2)


def _per_video_and_all(
    pairs: list[Pair], score: Callable[[Pair], dict[str, Any]]
) -> dict[str, Any]:
    """Score each pair, and all of them as one long recording with animals of their own."""
    each = {pair.video: score(pair) for pair in pairs}
    whole = each[pairs[0].video] if len(pairs) == 1 else score(_joined(pairs))
    return {**whole, "videos": each}


def _joined(pairs: list[Pair]) -> Pair:
    """Lay videos one after another: frames shifted, ids kept apart."""
    parts: dict[str, list[pd.DataFrame]] = {"truth": [], "found": []}
    start = 0
    for number, pair in enumerate(pairs):
        for side in parts:
            part = getattr(pair, side).copy()
            part["frame"] = part["frame"].astype("int64") + start
            part["id"] = part["id"].astype("int64") + number * _IDS_PER_VIDEO
            parts[side].append(part)
        start += max(pair.n_frames, int(pair.truth["frame"].max()) + 1)
    truth, found = (pd.concat(parts[side], ignore_index=True) for side in ("truth", "found"))
    return Pair("all", start, truth, found)
