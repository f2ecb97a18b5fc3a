"""The tables of the results, the same for the page and for `ethoscribe export`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from app.errors import AppError
from app.library import reading
from app.results.cache import Kept
from app.results.data import (
    Overview,
    behaviours,
    overview,
    recording_of,
    scored_of,
    watcher,
)
from app.results.filters import Filters, check_known
from storage.bouts import ANALYSIS
from storage.data_state import ScoredVideo, VideoData
from storage.study import open_study
from storage.writers.exports import bouts_table, summary_table
from storage.writing import write_table

if TYPE_CHECKING:
    from llm_query.bouts import Bouts

TABLES = {
    "measures": "A row per animal, region, time bin and measure.",
    "summary": "A row per animal: share tracked, way and mean speed of the whole recording.",
    "bouts": "A row per bout.",
    "latency": "A row per animal and event: the time until it first happened, or how long it was "
    "watched in vain (censored = 1), where it was watched to the end.",
}
LATENCY = (
    "video", "animal", "event", "kind", "latency_s", "censored", "watched_s", "source",
    "annotator", "definition",
)  # fmt: skip
Kept3 = tuple["Bouts", str, str | None]  # bouts, source, annotator
Step = Callable[[int, int, str], None]  # done, of how many, name of the video that is next


def table_of(
    seen: Overview, kind: str, filters: Filters, step: Step | None = None
) -> pa.Table | pd.DataFrame:
    """One table of `TABLES` with what the filters leave, computed as far as nobody has yet."""
    makers: dict[str, Callable[..., Any]] = {
        "measures": _measures, "summary": _summary, "bouts": _bouts, "latency": _latency,
    }  # fmt: skip
    if kind not in makers:
        raise AppError(f"There is no table {kind!r}: choose {', '.join(makers)}.")
    return makers[kind](seen, filters, step or (lambda *_: None))


def export_results(
    study: Path, kind: str, filters: Filters, output: Path, file_format: str,
    step: Step | None = None, about: str | None = None,
) -> pa.Table | pd.DataFrame:  # fmt: skip
    """Write one table to a file and return it; names that the study has not are an error."""
    with open_study(study):  # says what is wrong with a folder that is no study
        pass
    seen = overview(study)
    check_known(filters, {**seen.choices, "group": seen.groups(filters.by)})
    lacking = [name for name in filters.videos if not seen.data(name).tracked]
    if kind in ("measures", "summary") and lacking:
        raise AppError(f"Video '{lacking[0]}' is not tracked yet: track it first.")
    table = table_of(seen, kind, filters, step)
    write_table(table, output, file_format, about)
    return table


def as_file(table: pa.Table | pd.DataFrame, file_format: str) -> bytes:
    """A table as the bytes of a file: csv or xlsx."""
    with tempfile.TemporaryDirectory(prefix="ethoscribe-") as folder:
        path = Path(folder) / f"table.{file_format}"
        return write_table(table, path, file_format).read_bytes()


def uncomputed(seen: Overview, kind: str, filters: Filters) -> int:
    """How many videos this table would have to be computed for first."""
    if kind == "bouts":
        return 0
    kept: Kept = _summed if kind == "summary" else _measured
    return sum(_key(seen, one, kind, filters) not in kept for one in _tracked(seen, filters))


_measured: Kept[pd.DataFrame] = Kept(1024)
_summed: Kept[pa.Table] = Kept(1024)


def _key(seen: Overview, one: VideoData, kind: str, filters: Filters) -> tuple:
    key: tuple = (seen.study, one.video.video_id, one.tracks_state)
    bin_s = filters.bin_s if kind == "measures" else None
    return key if kind == "summary" else (*key, bin_s, *filters.window)


def _tracked(seen: Overview, filters: Filters) -> list[VideoData]:
    """The tracked videos that the filters leave."""
    shown = seen.shown(filters)
    return [one for one in seen.videos if one.tracked and one.video.name in shown]


def _steps(videos: Sequence[VideoData], step: Step) -> Iterator[VideoData]:
    for number, one in enumerate(videos):
        step(number, len(videos), one.video.name)
        yield one
    step(len(videos), len(videos), "")


def measures_of(seen: Overview, one: VideoData, filters: Filters) -> pd.DataFrame:
    """The measures of one video, computed once for every state of its tracks; not to be changed."""
    from llm_query.export_measures import measures_table

    return _measured.get(
        _key(seen, one, "measures", filters),
        lambda: measures_table(recording_of(seen.study, one), filters.bin_s, *filters.window),
    )


def _measures(seen: Overview, filters: Filters, step: Step) -> pd.DataFrame:
    from llm_query.export_measures import joined

    videos = _tracked(seen, filters)
    table = joined([measures_of(seen, one, filters) for one in _steps(videos, step)])
    return table[_mine(seen, filters, list(table["video"]), list(table["animal"]))]


def _summary(seen: Overview, filters: Filters, step: Step) -> pa.Table:
    if filters.start_s is not None or filters.stop_s is not None:
        raise AppError(
            "A summary is of whole recordings: take the measures for a part of them, or no time."
        )
    videos = _tracked(seen, filters)
    keys = {one.video.name: _key(seen, one, "summary", filters) for one in videos}
    new = [one for one in videos if keys[one.video.name] not in _summed]
    if len(new) > 1:  # one look at all tracks takes less than many openings of the study
        whole = _sum(seen.study, None)
        for name, key in keys.items():
            _summed.get(key, partial(whole.filter, pc.equal(whole["video"], name)))
    tables = []
    for one in _steps(videos, step):
        key = keys[one.video.name]
        tables.append(_summed.get(key, partial(_sum, seen.study, one.video.video_id)))
    table = pa.concat_tables(tables or [_sum(seen.study, -1)])
    keep = _mine(seen, filters, table["video"].to_pylist(), table["animal"].to_pylist())
    return table.filter(pa.array(keep))


def _sum(study: Path, video_id: int | None) -> pa.Table:
    with reading(study) as opened:
        return summary_table(opened, video_id).to_arrow()


def _bouts(seen: Overview, filters: Filters, step: Step) -> pa.Table:
    with reading(seen.study) as opened:
        table = bouts_table(opened).to_arrow()
    names = {key: table[key].to_pylist() for key in ("video", "subject", "behaviour")}
    keep = _mine(seen, filters, names["video"], names["subject"])
    if filters.behaviour:
        keep &= np.isin(np.array(names["behaviour"], dtype=object), filters.behaviour)
    if filters.who:
        rows = table.select(["source", "annotator"]).to_pylist()
        keep &= np.array([watcher(row) in filters.who for row in rows], dtype=bool)
    start_s = table["start_s"].to_numpy()
    if filters.start_s is not None:
        keep &= start_s >= filters.start_s - 1e-6
    if filters.stop_s is not None:
        keep &= start_s < filters.stop_s - 1e-6
    return table.filter(pa.array(keep))


def _mine(
    seen: Overview, filters: Filters, videos: Sequence[str], animals: Sequence[str]
) -> np.ndarray:
    """(k,) bool: the rows of the videos and animals that the filters leave."""
    if not (filters.group or filters.animal or filters.videos):
        return np.ones(len(videos), dtype=bool)
    chosen = {(name, who) for name, those in seen.shown(filters).items() for who in those}
    return np.array([pair in chosen for pair in zip(videos, animals, strict=True)], dtype=bool)


def kept_of(seen: Overview, filters: Filters, name: str) -> list[Kept3]:
    """The behaviours of one video as bouts: everybody watched, each with source and annotator."""
    return next(kept for _, kept in kept_in(seen, filters, [name]))


def kept_in(
    seen: Overview,
    filters: Filters,
    names: Sequence[str],
    step: Step | None = None,
    whole: bool = False,
) -> Iterator[tuple[str, list[Kept3]]]:
    """The same of several videos; several watchers of a behaviour are told apart by their names.

    whole: only what each video was watched to the end for, so that no bout means never.
    """
    shown = seen.shown(filters)
    for number, (name, scored) in enumerate(scored_of(seen, names)):
        if step:
            step(number, len(names), name)
        yield name, _kept(seen, filters, name, shown.get(name, ()), scored, whole)


def unfinished(seen: Overview, filters: Filters, names: Sequence[str]) -> list[str]:
    """What was scored in part of a video only, in words: it is known when it was, not that never.

    As "rear in clip (Ada)".
    """
    return [
        f"{one.behaviour} in {name} ({one.who})"
        for name in names
        for one in behaviours(seen, filters, [name])
        if name not in one.whole
    ]


def _kept(
    seen: Overview,
    filters: Filters,
    name: str,
    animals: Sequence[str],
    scored: ScoredVideo,
    whole: bool,
) -> list[Kept3]:
    from llm_query.kept_states import kept_states

    watched, table = behaviours(seen, filters, [name]), scored.bouts
    many = {w.behaviour for w in watched if sum(o.behaviour == w.behaviour for o in watched) > 1}
    sight = {
        animal: ~np.isin(np.arange(len(scored.edges_s) - 1), frames)
        for animal, frames in scored.unseen.items()
        if animal in animals
    }
    found: list[Kept3] = []
    for w in watched:
        if whole and name not in w.whole:
            continue
        same = table["annotator"].isna()
        if w.annotator is not None:
            same = table["annotator"] == w.annotator
        rows = table[(table["behaviour"] == w.behaviour) & (table["source"] == w.source) & same]
        label = f"{w.behaviour} ({w.who})" if w.behaviour in many else w.behaviour
        parts = kept_states(
            rows, scored.edges_s, w.behaviour, w.watched(name, animals), name=label,
            seen=sight if w.source == ANALYSIS else {},
        )  # fmt: skip
        found += [(part, w.source, w.annotator) for part in parts]
    return found


def _latency(seen: Overview, filters: Filters, step: Step) -> pd.DataFrame:
    from llm_query.kept_states import first_times

    shown = seen.shown(filters)
    rows: list[tuple] = []
    for name, kept in kept_in(seen, filters, list(shown), step, whole=True):
        one = seen.data(name)
        for bouts, source, annotator in kept:
            behaviour = bouts.behaviour.removesuffix(f" ({annotator or source})")
            rule = bouts.definition or None
            rows += [
                (name, who, behaviour, bouts.kind, *times, source, annotator, rule)
                for who, *times in first_times(bouts, *filters.window)
            ]
        if one.tracked and not (filters.behaviour or filters.who):
            rows += _region_latencies(measures_of(seen, one, _unbinned(filters)), shown[name])
    table = pd.DataFrame(rows, columns=list(LATENCY))
    numbers = ("latency_s", "censored", "watched_s")
    return table.astype({c: "float64" if c in numbers else "string" for c in LATENCY})


def _unbinned(filters: Filters) -> Filters:
    return Filters(start_s=filters.start_s, stop_s=filters.stop_s)


def _region_latencies(measures: pd.DataFrame, animals: Sequence[str]) -> list[tuple]:
    """The latency of every animal to every region, out of its measures."""
    from llm_query.statistics.methods import describe_measure

    names = ("latency", "latency_censored", "latency_watched")
    rows = measures[measures["measure"].isin(names) & measures["animal"].isin(animals)]
    found = []
    for (video, animal, region), those in rows.groupby(["video", "animal", "region"], sort=False):
        value = dict(zip(those["measure"], those["value"], strict=True))
        rule = describe_measure("latency", str(region))
        found.append(
            (
                video,
                animal,
                f"in {region}",
                "region",
                *(value[n] for n in names),
                "tracks",
                None,
                rule,
            )
        )
    return found
