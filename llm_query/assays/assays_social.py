"""Three mice in an open field: the social behaviours of the MABe 2022 mouse triplets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations, permutations
from typing import Any

import numpy as np

from llm_query.assays.assay_parts import known_of, said_times
from llm_query.bouts import Bouts, collect
from llm_query.checks import check_names, check_number
from llm_query.columns import Result
from llm_query.errors import QueryError
from llm_query.figures.basic import plot_ethogram
from llm_query.individual.kinematics import speed, velocity
from llm_query.known_time import told
from llm_query.recording import Recording
from llm_query.results import summarise
from llm_query.social.contacts import head_angle
from llm_query.social.encounters import nose_contact, nose_to_ear, nose_to_tail, watching
from llm_query.social.meetings import closest_distance
from llm_query.social.pairs import distance_between_points
from llm_query.states import bouts_where
from llm_query.tools import later
from llm_query.vocabulary import word

MABE_FPS = 30.0  # the definitions count frames of this rate
PX_PER_CM = 6.0  # 15 px between noses there is 2.5 cm in LMT
FRONT_DEG = 30.0
APPROACH_S = 2.0
SYMMETRIC = ("oral_oral", "contact", "huddle")
BEHAVIOURS = (
    "oral_oral", "oral_genital", "oral_ear", "contact", "approach", "chase", "huddle", "watching",
)  # fmt: skip


@word()
def mabe_triplet(
    recording: Recording,
    scale: float | None = None,
    behaviours: Sequence[str] | None = None,
) -> Result:
    """Social behaviours of the MABe 2022 mouse triplets, of every pair of animals.

    scale: how many of the recording's unit are one pixel of the MABe video: by default 1/6 cm
    calibrated and 1 px otherwise, which is right for that camera only. behaviours: some of
    oral_oral (nose to nose < 15 px), oral_genital (nose to tail base < 15), oral_ear (nose to an
    ear < 10), contact (nearest points < 12, smoothed over 11 frames, >= 5), approach (nearest
    points from > 40 to < 8 within 2 s, by the one that moves more), chase (nearest points < 40, the
    other within 30 degrees ahead, own speed >= 3.4 px/frame, smoothed over 25, >= 30), huddle
    (centres < 50, relative speed < 4 px/frame, smoothed over 61, >= 75), watching (50 to 260 px,
    heading within 15 degrees, smoothed over 15, >= 100); by default all. Frames are those of 30
    frames/s and become seconds. Smoothed: at least half of the known frames around. Absent animals
    are in nothing (NaN: nobody was there to be told of), and no gap is bridged. oral_oral, contact
    and huddle count each pair once, the others both ways; pair_frames adds the pairs up, frames
    counts each frame once.

    Source: the MABe 2022 definitions as AmadeusGPT gives them; the time of an approach and who
    makes it are ours.

    >>> still = np.zeros((30, 2))
    >>> points = {a: {"nose": still + x, "tail_base": still - 90} for a, x in (("a", 0), ("b", 5))}
    >>> recording = Recording.synthetic({"a": still - 40, "b": still + 40}, points=points)
    >>> numbers = mabe_triplet(recording, behaviours=["oral_oral"])["numbers"]
    >>> numbers["oral_oral_pair_frames"], numbers["oral_oral_frames"]
    (30, 30)
    """
    chosen = BEHAVIOURS if behaviours is None else check_names("behaviours", behaviours)
    for name in chosen:
        if name not in BEHAVIOURS:
            raise QueryError(f'"{name}" is none of the MABe behaviours: {", ".join(BEHAVIOURS)}.')
    if len(recording.animals) < 2:
        raise QueryError(f"{recording.video} has one animal: social behaviours need two or more.")
    px = _scale(recording, scale)
    parts, rows = [], []
    numbers: dict[str, float] = {}
    for name in chosen:
        order = combinations if name in SYMMETRIC else permutations
        pairs = list(order(recording.animals, 2))
        each = [RULES[name](recording, a, b, px).named(name.replace("_", " ")) for a, b in pairs]
        found = [replace(one, pairs=(pair,)) if one.pairs != (pair,) else one
                 for one, pair in zip(each, pairs, strict=True)]  # fmt: skip
        masks = np.array([one.mask() for one in found])
        known = any(known_of(one)[1].any() for one in found)
        numbers |= {
            key: value if known else float("nan")
            for key, value in (
                (f"{name}_pair_frames", int(masks.sum())),
                (f"{name}_frames", int(masks.any(axis=0).sum())),
                (f"{name}_bouts", sum(one.count for one in found)),
                (f"{name}_s", float(sum(one.total_s for one in found))),
            )
        }
        rows += [_row(name, pair, one) for pair, one in zip(pairs, found, strict=True)]
        parts.append(collect(*found))
    said = ", ".join(
        f"{name.replace('_', ' ')} {numbers[f'{name}_pair_frames']} pair-frames in "
        f"{said_times(numbers[f'{name}_bouts'], 'bout')}"
        if np.isfinite(numbers[f"{name}_bouts"])
        else f"{name.replace('_', ' ')} unknown (seen in no frame)"
        for name in chosen
    )
    return Result(
        bouts=summarise(parts).raw()["bouts"],
        numbers=numbers,
        table=later(rows),
        text=f"All pairs: {said}.",
        figure=plot_ethogram(parts),
    )


def _scale(recording: Recording, scale: float | None) -> float:
    if scale is None:
        return 1.0 if recording.px_per_cm is None else 1 / PX_PER_CM
    check_number("scale", scale)
    if not scale > 0:
        raise QueryError(f"scale is above 0: how long one MABe pixel is here, not {scale:g}.")
    return scale


def _row(name: str, pair: tuple[str, str], found: Bouts) -> dict[str, Any]:
    return {
        "behaviour": name, "animal": pair[0], "other": pair[1],
        "frames": told(found, int(found.mask().sum())), "bouts": told(found, found.count),
        "total_s": told(found, found.total_s),
        "latency_s": found.latency_s, "censored": found.censored, "definition": found.definition,
    }  # fmt: skip


def _smoothed(recording: Recording, found: Bouts, frames: int, least: int) -> Bouts:
    """Frames around which at least half of the known ones hold; then the shortest bouts go."""
    mask, known = known_of(found)
    half = round(frames / MABE_FPS * float(recording.fps) / 2 - 0.5)
    low = np.clip(np.arange(len(mask)) - half, 0, None)
    high = np.clip(np.arange(len(mask)) + half + 1, None, len(mask))
    held, told = (np.concatenate([[0], np.cumsum(one)]) for one in (mask & known, known))
    most = 2 * (held[high] - held[low]) >= np.maximum(told[high] - told[low], 1)
    subject, target = found.pairs[0]
    made = bouts_where(
        recording, most & known, subject, target, behaviour=found.behaviour, known=known,
        max_gap_frames=0, definition=f"{found.definition}, at least half of {2 * half + 1} frames",
    )  # fmt: skip
    made = made.at_least(least / MABE_FPS)
    return made.named(made.behaviour, f"{made.definition}, for >= {least / MABE_FPS:.3g} s")


def _held(
    recording: Recording, a: str, b: str, holds: np.ndarray, known: np.ndarray, definition: str
) -> Bouts:
    return bouts_where(
        recording, holds & known, a, b, known=known, max_gap_frames=0, definition=definition
    )


def _contact(recording: Recording, a: str, b: str, px: float) -> Bouts:
    apart = closest_distance(recording, a, b)
    text = f"nearest points < {12 * px:.3g} {recording.unit}"
    found = _held(recording, a, b, apart < 12 * px, np.isfinite(apart), text)
    return _smoothed(recording, found, 11, 5)


def _chase(recording: Recording, a: str, b: str, px: float) -> Bouts:
    apart, off = closest_distance(recording, a, b), head_angle(recording, a, b)
    pace, least = speed(recording, a), 3.4 * MABE_FPS * px
    holds = (apart < 40 * px) & (off <= FRONT_DEG) & (pace >= least)
    text = (
        f"nearest points < {40 * px:.3g} {recording.unit}, {b} within {FRONT_DEG:g} degrees ahead, "
        f"speed of {a} >= {least:.3g} {recording.unit}/s"
    )
    known = np.isfinite(apart) & np.isfinite(off) & np.isfinite(pace)
    return _smoothed(recording, _held(recording, a, b, holds, known, text), 25, 30)


def _huddle(recording: Recording, a: str, b: str, px: float) -> Bouts:
    apart = distance_between_points(recording, a, b, "centre", "centre")
    pace = np.hypot(*(velocity(recording, a) - velocity(recording, b)).T)
    least = 4 * MABE_FPS * px
    text = (
        f"centres < {50 * px:.3g} {recording.unit} apart, relative speed < {least:.3g} "
        f"{recording.unit}/s"
    )
    known = np.isfinite(apart) & np.isfinite(pace)
    found = _held(recording, a, b, (apart < 50 * px) & (pace < least), known, text)
    return _smoothed(recording, found, 61, 75)


def _watching(recording: Recording, a: str, b: str, px: float) -> Bouts:
    found = watching(recording, a, b, 50 * px, 260 * px, 15.0, max_gap_frames=0)
    return _smoothed(recording, found, 15, 100)


def _approach(recording: Recording, a: str, b: str, px: float) -> Bouts:
    """From the last frame farther than 40 px to the first nearer than 8, by the one moving more."""
    apart = closest_distance(recording, a, b)
    known = np.isfinite(apart)
    frame = np.arange(len(apart))
    with np.errstate(invalid="ignore"):
        far = np.maximum.accumulate(np.where(apart > 40 * px, frame, -1))
        near = apart < 8 * px
    lost = np.maximum.accumulate(np.where(known, -1, frame))
    before = np.concatenate([[-1], np.maximum.accumulate(np.where(near, frame, -1))[:-1]])
    arrives = near & (far >= 0) & (far > before) & (far > lost)
    stop = np.flatnonzero(arrives)
    start = far[stop]
    fits = recording.time_s[stop] - recording.time_s[start] <= APPROACH_S + 1e-6
    mine, theirs = (_travelled(recording, who, start, stop) for who in (a, b))
    mask = np.zeros(len(apart), dtype=bool)
    for first, last in zip(
        start[fits & (mine > theirs)], stop[fits & (mine > theirs)], strict=True
    ):
        mask[first : last + 1] = True
    text = (
        f"nearest points from > {40 * px:.3g} to < {8 * px:.3g} {recording.unit} within "
        f"{APPROACH_S:g} s, {a} moving more than {b}"
    )
    return _held(recording, a, b, mask, known, text)


def _travelled(
    recording: Recording, animal: str, start: np.ndarray, stop: np.ndarray
) -> np.ndarray:
    """(k,) how far the animal's centre went from each start to its stop."""
    steps = np.hypot(*np.diff(recording.position(animal), axis=0).T)
    total = np.concatenate([[0], np.nancumsum(steps)])
    return total[stop] - total[start]


Rule = Callable[[Recording, str, str, float], Bouts]
RULES: dict[str, Rule] = {
    "oral_oral": lambda r, a, b, px: nose_contact(r, a, b, 15 * px, max_gap_frames=0),
    "oral_genital": lambda r, a, b, px: nose_to_tail(r, a, b, 15 * px, max_gap_frames=0),
    "oral_ear": lambda r, a, b, px: nose_to_ear(r, a, b, 10 * px, max_gap_frames=0),
    "contact": _contact,
    "approach": _approach,
    "chase": _chase,
    "huddle": _huddle,
    "watching": _watching,
}
