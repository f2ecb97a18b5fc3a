"""Huddles: animals that lie together and hardly move against each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from llm_query.bouts import Bouts, collect
from llm_query.errors import QueryError
from llm_query.individual.motion import MOVING, speed_limit
from llm_query.individual.sharp import sharp_velocity
from llm_query.recording import Recording
from llm_query.social.pairs import (
    at_least,
    body_size,
    distance_between_points,
    distance_limit,
    members,
    social_bouts,
)
from llm_query.vocabulary import word

if TYPE_CHECKING:
    import pandas as pd

SHORTEST_S = 2.5  # MABe 2022: 75 frames at 30 frames/s


@word("s")
def huddle(
    recording: Recording,
    animals: Sequence[str] | None = None,
    max_distance: float | None = None,
    max_relative_speed: float | None = None,
    *,
    min_animals: int = 2,
    window_s: float = 0.5,
    min_duration_s: float = SHORTEST_S,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts of every animal in which it is part of a huddle, a group that lies or walks together.

    Two animals are together when their centres are less than max_distance apart and move at less
    than max_relative_speed against each other; a huddle is min_animals or more that hang together,
    each with at least one. animals: names; default all. max_distance: in unit; default 1 body
    length (the mean of both). max_relative_speed: in unit/s; default 2 cm/s, or 0.25 body lengths
    (the mean of both) per second when uncalibrated, but 6 px/s or more. window_s: seconds of path
    for the speeds, as in approach. min_duration_s: seconds. max_gap_frames: see bouts_where. One
    animal's: .only("mouse1"); who lay with whom: huddle_groups.

    Source: MABe 2022's huddle (centres < 50 px, little relative speed, 75 frames or more); groups
    of more than two as connected components are ours.

    >>> recording = example_recording()
    >>> found = huddle(recording, max_distance=5)
    >>> sorted(set(found.subject)), found.start_s.round(3).tolist()
    (['animal1', 'animal2'], [3.0, 3.0])
    """
    names, _, size = _components(recording, animals, max_distance, max_relative_speed, window_s)
    said = _rule(recording, names, max_distance, max_relative_speed)
    least = _least(min_animals, names)
    seen = np.array([recording.seen(name) for name in names])
    others_seen = seen.all(axis=0)
    return collect(
        social_bouts(
            recording, size[i] >= least, name, None, "huddle",
            known=(size[i] >= least) | others_seen,
            min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
            definition=f"{said} over {window_s:g} s, {min_animals} animals or more",
        )
        for i, name in enumerate(names)
    )  # fmt: skip


@word("count")
def huddle_size(
    recording: Recording,
    animals: Sequence[str] | None = None,
    max_distance: float | None = None,
    max_relative_speed: float | None = None,
    *,
    window_s: float = 0.5,
) -> np.ndarray:
    """How many animals the largest huddle has in every frame; 1 when all are apart, 0 when unseen.

    animals, max_distance, max_relative_speed, window_s: as in huddle. Animals that are not seen are
    in no huddle.

    Source: as for huddle.

    >>> recording = example_recording()
    >>> huddle_size(recording, max_distance=5)[[0, 120]].tolist()
    [1, 2]
    """
    names, _, size = _components(recording, animals, max_distance, max_relative_speed, window_s)
    seen = np.array([recording.seen(name) for name in names])
    return np.where(seen, size, 0).max(axis=0)


@word()
def huddle_groups(
    recording: Recording,
    animals: Sequence[str] | None = None,
    max_distance: float | None = None,
    max_relative_speed: float | None = None,
    *,
    min_animals: int = 2,
    window_s: float = 0.5,
    min_duration_s: float = SHORTEST_S,
    max_gap_frames: int = 3,
) -> pd.DataFrame:
    """Who huddles with whom and when: one row per stretch with the same animals in one huddle.

    Columns: animals ("mouse1 + mouse2"), n_animals, start_frame, stop_frame (not included),
    start_s, stop_s, duration_s. Somebody joining or leaving begins a new row, and rows are
    min_duration_s or longer. animals, max_distance, max_relative_speed, min_animals, window_s,
    max_gap_frames: as in huddle.

    Source: as for huddle.

    >>> recording = example_recording()
    >>> huddle_groups(recording, max_distance=5)[["animals", "start_s", "stop_s"]].values.tolist()
    [['animal1 + animal2', 3.0, 6.0]]
    """
    import pandas as pd

    names, label, size = _components(recording, animals, max_distance, max_relative_speed, window_s)
    least = _least(min_animals, names)
    rows = []
    for i in range(len(names)):  # a huddle is named by its first animal
        together = (label == i) & (size[i] >= least)
        frames = np.flatnonzero(together[i])
        sets, which = np.unique(together[:, frames], axis=1, return_inverse=True)
        for number, in_it in enumerate(sets.T):
            mask = np.zeros(recording.n_frames, dtype=bool)
            mask[frames[which.reshape(-1) == number]] = True
            inside = [name for name, is_in in zip(names, in_it, strict=True) if is_in]
            known = np.all([recording.seen(name) for name in inside], axis=0)
            bouts = social_bouts(
                recording, mask, inside[0], None, "huddle", known=known,
                min_duration_s=min_duration_s, max_gap_frames=max_gap_frames, definition="",
            )  # fmt: skip
            if not bouts.count:
                continue
            table = bouts.to_frame()[
                ["start_frame", "stop_frame", "start_s", "stop_s", "duration_s"]
            ]
            table.insert(0, "animals", " + ".join(inside))
            table.insert(1, "n_animals", len(inside))
            rows.append(table)
    if not rows:
        columns = ["animals", "n_animals", "start_frame", "stop_frame"]
        return pd.DataFrame(columns=[*columns, "start_s", "stop_s", "duration_s"])
    return pd.concat(rows).sort_values(["start_frame", "animals"]).reset_index(drop=True)


def _components(
    recording: Recording,
    animals: Sequence[str] | None,
    max_distance: float | None,
    max_relative_speed: float | None,
    window_s: float,
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Names, (k, n) number of the first animal of each one's huddle, (k, n) its size."""
    names = members(recording, animals)
    links = []
    for i, a in enumerate(names):
        for j in range(i + 1, len(names)):
            near, slow = _limits(recording, a, names[j], max_distance, max_relative_speed)
            links.append((i, j, _together(recording, a, names[j], near, slow, window_s)))
    label = np.repeat(np.arange(len(names), dtype=np.int16)[:, None], recording.n_frames, axis=1)
    size = np.ones(label.shape, dtype=np.int16)
    frames = np.flatnonzero(np.any([together for _, _, together in links], axis=0))
    label[:, frames], size[:, frames] = _joined(
        label[:, frames], [(i, j, together[frames]) for i, j, together in links]
    )
    return names, label, size


def _joined(
    label: np.ndarray, links: list[tuple[int, int, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray]:
    """(k, m) the smallest number each one hangs together with, and how many share it."""
    changed = True
    while changed:  # at most as often as there are animals
        before = label.copy()
        for i, j, together in links:
            first = np.minimum(label[i], label[j])
            label[i] = np.where(together, first, label[i])
            label[j] = np.where(together, first, label[j])
        changed = bool((label != before).any())
    return label, np.array([(label == each).sum(axis=0) for each in label])


def _together(
    recording: Recording, a: str, b: str, near: float, slow: float, window_s: float
) -> np.ndarray:
    change = sharp_velocity(recording, a, window_s) - sharp_velocity(recording, b, window_s)
    with np.errstate(invalid="ignore"):
        close = distance_between_points(recording, a, b) < near - 1e-9
        return close & (np.hypot(*change.T) < at_least(slow))


def _limits(
    recording: Recording,
    a: str,
    b: str,
    max_distance: float | None,
    max_relative_speed: float | None,
) -> tuple[float, float]:
    """The distance in unit and the relative speed in unit/s below which two are together."""
    near, _ = distance_limit(recording, a, b, max_distance, 1.0, "max_distance")
    if max_relative_speed is None and recording.px_per_cm is None:
        both = [body_size(recording, each, "max_relative_speed") for each in (a, b)]
        return near, max(MOVING.lengths_s * sum(both) / 2, MOVING.px_s)
    slow, _ = speed_limit(recording, a, max_relative_speed, MOVING, "max_relative_speed")
    return near, slow


def _rule(
    recording: Recording,
    names: Sequence[str],
    max_distance: float | None,
    max_relative_speed: float | None,
) -> str:
    """The limits of every pair in words; where they depend on the pair, as a rule with a range."""
    each = [
        _limits(recording, a, b, max_distance, max_relative_speed)
        for i, a in enumerate(names)
        for b in names[i + 1 :]
    ]
    near, slow = (_range(values) for values in zip(*each, strict=True))
    near, slow = f"{near} {recording.unit}", f"{slow} {recording.unit}/s"
    if max_distance is None:
        near += " (1 body length, the mean of both)"
    if max_relative_speed is None and recording.px_per_cm is None:
        slow += f" ({MOVING.lengths_s:g} body lengths/s, the mean of both)"
    return f"centres < {near} apart, relative speed < {slow}"


def _range(values: Sequence[float]) -> str:
    low, high = f"{min(values):.3g}", f"{max(values):.3g}"
    return low if low == high else f"{low} to {high}"


def _least(min_animals: int, names: list[str]) -> int:
    if not 2 <= min_animals <= len(names):
        raise QueryError(
            f"A huddle is of 2 to {len(names)} animals here, not of {min_animals} or more."
        )
    return min_animals
