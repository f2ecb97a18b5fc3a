"""The measures table: the usual numbers of every animal, region and time bin, in long form."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from llm_query.algebra.bout_algebra import window
from llm_query.algebra.intervals import TOLERANCE_S
from llm_query.bouts import Bouts
from llm_query.errors import QueryError
from llm_query.individual.freezing import freezing
from llm_query.individual.kinematics import distance_moved, mean_speed
from llm_query.individual.motion import immobile, moving
from llm_query.individual.paths import path_straightness
from llm_query.known_time import told, watched_s
from llm_query.places.zones import distance_to_region, enters, in_region, leaves
from llm_query.recording import Recording
from llm_query.social.contacts import nearest_neighbour_distance
from storage.runs import active_run
from storage.snapshot import write_snapshot
from storage.study import open_study
from storage.videos import find_video, videos

COLUMNS = (
    "video", "animal", "region", "bin_start_s", "bin_stop_s", "measure", "value", "unit",
    "tracked_fraction",
)  # fmt: skip
MOST_BINS = 100_000
Measure = tuple[str, float, str]  # name, value (NaN: unknown), unit


def measures_of_study(
    study: Path,
    video: str | None = None,
    bin_s: float | None = None,
    *,
    start_s: float | None = None,
    stop_s: float | None = None,
) -> pd.DataFrame:
    """The measures of one video, or of every tracked one, as a table of `COLUMNS`.

    bin_s: seconds of a time bin; by default one bin is the whole recording, or the part of it from
    start_s to stop_s. Empty without videos.
    """
    tables = [measures_table(one, bin_s, start_s, stop_s) for one in _recordings(study, video)]
    return joined(tables)


def joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The tables of several recordings as one; without any, its header."""
    return pd.concat(tables, ignore_index=True) if tables else _typed([])


def measures_table(
    recording: Recording,
    bin_s: float | None = None,
    start_s: float | None = None,
    stop_s: float | None = None,
) -> pd.DataFrame:
    """The measures of one recording, a row for each animal, region, time bin and measure.

    start_s, stop_s: only this part of it, in seconds; bins are counted from its start, and a part
    after the recording's end has no row.

    The region is empty for measures of the whole arena. Bouts and visits are counted in the bin
    in which they begin, and `mean_visit` and `longest_visit` are of those, whole; seconds are
    divided at the edges. So bins add up. A region's `latency` counts from the bin's start and is
    missing (and `latency_censored` 1) when the animal never was in it until `latency_watched`, when
    it was last seen. `tracked_fraction` is the share of the bin's frames in which the animal was
    found; what could be told in no frame of the bin is missing, never 0.

    >>> from llm_query.examples import example_recording
    >>> table = measures_table(example_recording())
    >>> row = table[(table["animal"] == "animal1") & (table["measure"] == "distance_moved")].iloc[0]
    >>> round(float(row["value"]), 3), row["unit"], float(row["bin_stop_s"])
    (30.0, 'cm', 6.0)
    """
    bins, rows = _bins(recording, bin_s, start_s, stop_s), []
    for animal in recording.animals:
        seen = recording.seen(animal)
        for region in ("", *recording.regions):
            measure = _of_region(recording, animal, region) if region else _of(recording, animal)
            for begin_s, end_s in bins:
                low, high = window(recording.edges_s, begin_s, end_s)
                place = (recording.video, animal, region or None, begin_s, end_s)
                share = float(seen[low:high].mean())
                rows += [(*place, *each, share) for each in measure(begin_s, end_s)]
    return _typed(rows)


def _typed(rows: list[tuple]) -> pd.DataFrame:
    """The table with its types, also where it has no row or no region."""
    text = ("video", "animal", "region", "measure", "unit")
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype({name: "string" if name in text else "float64" for name in COLUMNS})


class _of:
    """The measures of an animal wherever it is."""

    def __init__(self, recording: Recording, animal: str) -> None:
        self.recording, self.animal = recording, animal
        states: dict[str, Callable[..., Bouts]] = {
            "moving": moving, "immobile": immobile, "freezing": freezing,
        }  # fmt: skip
        self.bouts = {name: _or_none(find, recording, animal) for name, find in states.items()}
        others = len(recording.animals) > 1
        self.nearest = nearest_neighbour_distance(recording, animal) if others else None

    def __call__(self, start_s: float, stop_s: float) -> Iterator[Measure]:
        unit = self.recording.unit
        here = (self.recording, self.animal, "centre", start_s, stop_s)
        yield "distance_moved", distance_moved(*here), unit
        yield "mean_speed", mean_speed(*here), f"{unit}/s"
        yield "path_straightness", path_straightness(*here), "fraction"
        low, high = window(self.recording.edges_s, start_s, stop_s)
        for name, bouts in self.bouts.items():
            part = None if bouts is None else bouts.within(start_s, stop_s)
            count = np.nan if bouts is None else _begin(bouts, low, high).count
            yield f"time_{name}", np.nan if part is None else told(part, part.total_s), "s"
            yield f"{name}_bouts", np.nan if part is None else told(part, count), "count"
        if self.nearest is not None:
            yield "mean_nearest_neighbour_distance", _mean(self.nearest[low:high]), unit


class _of_region:
    """The measures of an animal in, or towards, one region."""

    def __init__(self, recording: Recording, animal: str, region: str) -> None:
        self.recording, self.animal = recording, animal
        self.distance = distance_to_region(recording, animal, region)
        self.inside: Bouts | None = None
        self.entries: Bouts | None = None
        if recording.region(region).has_inside:
            self.inside = in_region(recording, animal, region)
            self.entries = enters(recording, animal, region)
            self.exits = leaves(recording, animal, region)

    def __call__(self, start_s: float, stop_s: float) -> Iterator[Measure]:
        unit = self.recording.unit
        low, high = window(self.recording.edges_s, start_s, stop_s)
        yield "mean_distance_to_region", _mean(self.distance[low:high]), unit
        if self.inside is None or self.entries is None:
            return
        part = self.inside.within(start_s, stop_s)
        here = (self.recording, self.animal, "centre", start_s, stop_s)
        latency_s = part.start_s[0] - start_s if part.count else np.nan
        begun = _begin(self.inside, low, high)
        yield "time_in_region", told(part, part.total_s), "s"
        yield "share_of_time", told(part, part.total_s / (stop_s - start_s)), "fraction"
        yield "visits", told(part, begun.count), "count"
        yield "mean_visit", begun.mean_s, "s"
        yield "longest_visit", begun.longest_s, "s"
        yield "entries", told(part, _begin(self.entries, low, high).count), "count"
        yield "exits", told(part, _begin(self.exits, low, high).count), "count"
        yield "latency", float(latency_s), "s"
        yield "latency_censored", told(part, float(not part.count)), "0 or 1"
        watched = watched_s(part) + part.edges_s[0] - start_s
        yield "latency_watched", told(part, float(watched)), "s"
        yield "distance_moved", distance_moved(*here, during=self.inside), unit
        yield "mean_speed", mean_speed(*here, during=self.inside), f"{unit}/s"


def _begin(bouts: Bouts, low: int, high: int) -> Bouts:
    """The bouts, whole, whose first frame is in [low, high)."""
    return bouts.keep((bouts.start_frame >= low) & (bouts.start_frame < high))


def _or_none(find: Callable[..., Bouts], recording: Recording, animal: str) -> Bouts | None:
    """Bouts by the default threshold, None where there is no body length to take it from."""
    try:
        return find(recording, animal)
    except QueryError:
        return None


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _bins(
    recording: Recording, bin_s: float | None, start_s: float | None, stop_s: float | None
) -> list[tuple[float, float]]:
    """Bins that hold a frame, from start to stop of a part or of all; the last may be shorter."""
    times_s = recording.edges_s
    end_s = float(times_s[-1])
    begin_s, end_s = start_s or 0.0, end_s if stop_s is None else min(stop_s, end_s)
    if bin_s is None:
        edges = np.array([begin_s, end_s])
    else:
        if not 0 < bin_s < float("inf"):
            raise QueryError(
                f"A time bin of {bin_s:g} s is not possible: give more than 0 seconds."
            )
        if (end_s - begin_s) / bin_s > MOST_BINS:
            raise QueryError(
                f"Bins of {bin_s:g} s make more than {MOST_BINS} of a recording: give longer ones."
            )
        starts = begin_s + np.arange(int(np.ceil((end_s - begin_s) / bin_s - 1e-9))) * bin_s
        edges = np.append(starts, end_s)
    if end_s <= begin_s:
        return []
    bins = list(zip(edges[:-1].tolist(), np.minimum(edges[1:], end_s).tolist(), strict=True))
    frames = np.searchsorted(times_s[:-1], np.array(bins) - TOLERANCE_S)
    return [each for each, (low, high) in zip(bins, frames, strict=True) if low < high]


def _recordings(study: Path, video: str | None) -> Iterator[Recording]:
    """The tracked recordings of a study, one at a time from a snapshot that is then removed."""
    with open_study(study) as opened:
        chosen = [find_video(opened, video)] if video else videos(opened)
        wanted = [one for one in chosen if video or active_run(opened, one.video_id)]
    for one in wanted:
        with tempfile.TemporaryDirectory(prefix="ethoscribe-") as folder:
            with open_study(study) as opened:
                write_snapshot(opened, one.video_id, folder, needs_masks=False)
            yield Recording.load(folder)
