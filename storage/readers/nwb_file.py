"""What the readers of NWB share: the groups of a file by their type, its clock and its video.

Read by h5py: what is wanted lies in plain groups, and the classes that a file brings along need
not be built.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import PureWindowsPath
from typing import Any, NamedTuple

import h5py
import numpy as np

from storage.readers.files import read_values, text_of
from storage.readers.poses import rate_of

OURS = "ethoscribe"
_HALF = 0.5  # of a frame; times that are even are nowhere further from those of their frames
_TOLD = 0.01  # of a frame; times that are further from even ones are told
_NEAR = 0.2  # of a frame; by so much a step may differ from a whole number of frames


class Times(NamedTuple):
    """What the times of a file's rows say."""

    frame: np.ndarray  # (n,) the frame of every row
    fps: Fraction | None  # None where the times are uneven or there are none
    start_s: float  # of the first row, on the clock of the session
    notes: tuple[str, ...] = ()


def is_nwb(file: h5py.File) -> bool:
    """Whether an open file is NWB 2."""
    return "nwb_version" in file.attrs and isinstance(file.get("processing"), h5py.Group | None)


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
    times = _clock(films[0])
    return name, int(np.asarray(count).reshape(-1)[0]), times if isinstance(times, float) else (
        float(times[0]) if len(times) else float("nan")
    )  # fmt: skip


def times_of(series: Any, n: int, n_film: int) -> Times:
    """The frames of the `n` rows of a series; the video has `n_film`, 0 where nothing says so."""
    rows = np.arange(n)
    clock = _clock(series)
    if isinstance(clock, float):
        node = series.get("starting_time")
        rate = float(node.attrs.get("rate", np.nan)) if node is not None else float("nan")
        return Times(rows, rate_of(rate), clock)
    if len(clock) != n:
        raise ValueError(f"it has {len(clock)} times for {n} rows")
    steps = np.diff(clock)
    if not np.isfinite(clock).all() or (steps <= 0).any():
        raise ValueError("its times are missing or do not go on")
    start = float(clock[0])
    if n < 2:
        return Times(rows, None, start)
    slope, first = np.polyfit(rows, clock - start, 1)
    beside = float(np.abs(clock - start - first - slope * rows).max())
    if beside < _HALF * slope:
        told = f"its times lie up to {beside:.2g} s beside even ones, which are taken"
        return Times(rows, rate_of(1 / slope), start, (told,) if beside > _TOLD * slope else ())
    step = float(np.median(steps))
    count = np.rint(steps / step)
    if n != n_film and np.abs(steps / step - count).max() < _NEAR:
        frame = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
        slope = float(np.polyfit(frame, clock - start, 1)[0])
        told = f"{int(frame[-1]) + 1 - n} frames without a row, by the times of the others"
        return Times(frame, rate_of(1 / slope), start, (told,))
    told = f"its times are uneven, {steps.min():.4g} to {steps.max():.4g} s: a row is a frame"
    return Times(rows, None, start, (told,))


def _clock(series: Any) -> np.ndarray | float:
    """The times of a series' rows in s, or the time of the first where they follow a rate."""
    if "timestamps" in series and series.get("timestamps") is not None:
        holder = series["timestamps"].parent  # a series may point to the times of another
        return read_values(holder, "timestamps").astype(float).reshape(-1)
    if "starting_time" in series:
        return float(np.asarray(read_values(series, "starting_time")).reshape(-1)[0])
    return float("nan")
