"""What the readers of NWB share: the groups of a file by their type, its clock and its video.

Read by h5py: what is wanted lies in plain groups, and the classes that a file brings along need
not be built.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import PureWindowsPath
from typing import Any, NamedTuple

import h5py
import numpy as np

from storage.readers.files import Head, read_values, text_of
from storage.readers.poses import rate_of

OURS = "ethoscribe"
_HALF = 0.5  # of a frame; times that are even are nowhere further from those of their frames
_TOLD = 0.01  # of a frame; times that are further from even ones are told
_NEAR = 0.2  # of a frame; by so much a step may differ from a whole number of frames


class Clock(NamedTuple):
    """When the rows of a series were."""

    time_s: np.ndarray  # (n,) s on the clock of the session; NaN where nothing says so
    rate: float  # rows per second, where it says that instead of times, else NaN


class Times(NamedTuple):
    """What the times of a file's rows say."""

    frame: np.ndarray  # (n,) the frames of all times together
    fps: Fraction | None  # None where the times are uneven or there are none
    start_s: float  # of the first row, on the clock of the session
    notes: tuple[str, ...] = ()
    frames: tuple[np.ndarray, ...] = ()  # of the rows of each series


def is_nwb(file: h5py.File) -> bool:
    """Whether an open file is NWB 2."""
    return "nwb_version" in file.attrs and isinstance(file.get("processing"), h5py.Group | None)


def holds(head: Head, find: Callable[[h5py.File], list[tuple[str, Any]]]) -> bool:
    """Whether a file is NWB in which `find` finds anything."""
    if head.kind != "hdf5":
        return False
    with h5py.File(head.path) as file:
        return is_nwb(file) and bool(find(file))


def kind_of(node: Any) -> str:
    """The type of a group, as NWB calls it; nothing for what has none."""
    return text_of(node.attrs.get("neurodata_type", "")) if node is not None else ""


def members(group: Any, kind: str = "") -> Iterator[tuple[str, Any]]:
    """What lies in a group of this file, by name; with `kind`, what is of that type."""
    if not isinstance(group, h5py.Group):
        return
    for name in group:
        link = group.get(name, getlink=True)
        node = group.get(name) if isinstance(link, h5py.HardLink | h5py.SoftLink) else None
        if node is not None and (not kind or kind_of(node) == kind):
            yield str(name), node


def in_modules(file: h5py.File, kind: str) -> list[tuple[str, Any]]:
    """All groups of a type in the processing modules, by name."""
    modules = [module for _, module in members(file.get("processing"))]
    return [found for module in modules for found in members(module, kind)]


def text_in(group: Any, name: str) -> str:
    """A text of a group; nothing where it has none."""
    if not isinstance(group, h5py.Group) or not isinstance(group.get(name), h5py.Dataset):
        return ""
    return text_of(np.asarray(read_values(group, name)).reshape(-1)[0])


def own_facts(file: h5py.File) -> dict[str, Any]:
    """What was written of the video by this program itself; nothing in files of others."""
    general = file.get("general")
    if OURS not in text_in(general, "source_script"):
        return {}
    try:
        found = json.loads(text_in(general, "notes"))
        return dict(found[0]["video"])
    except (ValueError, KeyError, IndexError, TypeError):
        return {}


def film_of(file: h5py.File) -> tuple[str, int, float]:
    """Name of the only video's file, its frames and the time of its first; "", 0, NaN if none."""
    films = [
        film
        for group in ("acquisition", "stimulus/presentation")
        for _, film in members(file.get(group), "ImageSeries")
        if "external_file" in film
    ]
    if len(films) != 1:
        return "", 0, float("nan")
    paths = read_values(films[0], "external_file").reshape(-1)
    name = PureWindowsPath(text_of(paths[0])).name if len(paths) == 1 else ""
    count = read_values(films[0], "num_samples") if "num_samples" in films[0] else 0
    return name, int(np.asarray(count).reshape(-1)[0]), _start_of(films[0])


def _start_of(series: Any) -> float:
    """The first time of a series, s on the clock of the session; NaN where nothing says it."""
    name = "timestamps" if series.get("timestamps") is not None else "starting_time"
    if name not in series:
        return float("nan")
    times = np.asarray(read_values(series[name].parent, name), dtype=float).reshape(-1)
    return float(times[0]) if len(times) else float("nan")


def times_of(clocks: list[Clock], n_film: int, zero_s: float | None = None) -> Times:
    """The frames of the rows of several series; the video has `n_film`, 0 where nothing says so.

    Series of the same times are rows of frames, whatever the times. Others are put together by
    their times, which then follow a rate. Frames count from the first time, or from `zero_s`.
    """
    first = clocks[0]
    if all(np.array_equal(one.time_s, first.time_s, equal_nan=True) for one in clocks):
        times = _of_one(first, n_film)
        frames = [times.frame] * len(clocks)
    else:
        times, frames = _of_several(clocks)
    shift = 0
    if zero_s is not None and times.fps is not None and np.isfinite(times.start_s):
        shift = round((times.start_s - zero_s) * float(times.fps))
    if shift < 0:
        raise ValueError("its times begin before the video does")
    return times._replace(frames=tuple(frame + shift for frame in frames))


def clock_of(series: Any, n: int) -> Clock:
    """The times of the `n` rows of a series."""
    if series.get("timestamps") is not None:
        holder = series["timestamps"].parent  # a series may point to the times of another
        time_s = read_values(holder, "timestamps").astype(float).reshape(-1)
        if len(time_s) != n:
            raise ValueError(f"it has {len(time_s)} times for {n} rows")
        if not np.isfinite(time_s).all() or (np.diff(time_s) <= 0).any():
            raise ValueError("its times are missing or do not go on")
        return Clock(time_s, float("nan"))
    if "starting_time" not in series:
        return Clock(np.full(n, np.nan), float("nan"))
    start = float(np.asarray(read_values(series, "starting_time")).reshape(-1)[0])
    rate = float(series["starting_time"].attrs.get("rate", np.nan))
    return Clock(start + np.arange(n) / rate if rate > 0 else np.full(n, np.nan), rate)


def _of_one(clock: Clock, n_film: int) -> Times:
    """The frames of rows that all series have alike."""
    time_s, rows = clock.time_s, np.arange(len(clock.time_s))
    start = float(time_s[0]) if len(time_s) else float("nan")
    if np.isfinite(clock.rate) or not np.isfinite(start) or len(rows) < 2:
        return Times(rows, rate_of(clock.rate), start)
    steps = np.diff(time_s)
    slope, first = np.polyfit(rows, time_s - start, 1)
    beside = float(np.abs(time_s - start - first - slope * rows).max())
    if beside < _HALF * slope:
        told = f"its times lie up to {beside:.2g} s beside even ones, which are taken"
        return Times(rows, rate_of(1 / slope), start, (told,) if beside > _TOLD * slope else ())
    found = None if len(rows) == n_film else _of_gaps(time_s)
    if found is not None:
        return found
    told = f"its times are uneven, {steps.min():.4g} to {steps.max():.4g} s: a row is a frame"
    return Times(rows, None, start, (told,))


def _of_gaps(time_s: np.ndarray) -> Times | None:
    """The frames of times at a rate of which some are missing; None where there is no rate."""
    steps = np.diff(time_s)
    step = float(np.median(steps))
    count = np.rint(steps / step)
    if np.abs(steps / step - count).max() >= _NEAR:
        return None
    frame = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    slope = float(np.polyfit(frame, time_s - time_s[0], 1)[0])
    missing = int(frame[-1]) + 1 - len(frame)
    told = (f"{missing} frames without a row, by the times of the others",) if missing else ()
    return Times(frame, rate_of(1 / slope), float(time_s[0]), told)


def _of_several(clocks: list[Clock]) -> tuple[Times, list[np.ndarray]]:
    """The frames of series that have times of their own."""
    micro_s = [np.rint(one.time_s * 1e6) for one in clocks]
    together = np.unique(np.concatenate(micro_s))
    found = _of_gaps(together / 1e6) if np.isfinite(together).all() and len(together) > 1 else None
    if found is None:
        lengths = sorted({len(one) for one in micro_s})
        raise ValueError(
            f"its body points have different times ({', '.join(map(str, lengths))} rows), which "
            "follow no frame rate"
        )
    return found, [found.frame[np.searchsorted(together, one)] for one in micro_s]
