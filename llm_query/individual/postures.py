"""Postures seen from above: rearing and grooming, by proxies that say so."""

from __future__ import annotations

import numpy as np

from llm_query.body_points import points_by_role
from llm_query.bouts import Bouts
from llm_query.errors import QueryError
from llm_query.individual.bodies import body_length, median_length, mobility
from llm_query.individual.kinematics import speed
from llm_query.individual.local_fits import windows
from llm_query.individual.motion import WINDOW_S, Limit, speed_limit
from llm_query.individual.point_speed import nan_median
from llm_query.places.distances import distance_to_wall
from llm_query.recording import Recording
from llm_query.states import bouts_where
from llm_query.vocabulary import word

SLOW = Limit(cm_s=5.0, lengths_s=0.6, px_s=6.0)
STILL = Limit(cm_s=1.0, lengths_s=0.12, px_s=3.0)
FOREPAWS = ("left_forepaw", "right_forepaw")
TRUNK = ("back", "left_hip", "right_hip", "tail_base")
REACH = 0.3  # body lengths
LAG_S = 0.1  # shorter than half a stroke of the paws (3 to 7 a second)


@word("s")
def rearing(
    recording: Recording,
    animal: str,
    max_length: float = 0.7,
    max_speed: float | None = None,
    *,
    near_wall: float | None = None,
    arena: str | None = None,
    min_duration_s: float = 0.3,
    window_s: float = WINDOW_S,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts of rearing seen from above, by proxy: the body looks short while it goes nowhere.

    max_length: share of the animal's own median length (outline, else nose to tail base) below
    which it looks short. max_speed: of the centre, in unit/s; default 5 cm/s, or 0.6 body lengths/s
    when uncalibrated. near_wall: only with the centre at most so far from the wall, in unit, as
    when it leans there; arena: the region's name. min_duration_s: seconds. window_s: seconds of the
    line fit of the speed. max_gap_frames: see bouts_where.

    A proxy: an animal that curls up, grooms or turns looks short, too. Score some minutes by hand
    to see how far it holds for your camera, or train a learned behaviour.

    Source: ours; EthoVision, too, tells rearing by a body that looks contracted. People agree among
    themselves by a frame kappa of 0.64 to 0.75 and a bout F1 of 0.68 to 0.80 on it.

    >>> nose = np.tile([80.0, 0.0], (120, 1))
    >>> nose[30:60] = 40, 0
    >>> points = {"rat": {"nose": nose, "tail_base": np.zeros((120, 2))}}
    >>> rat = Recording.synthetic({"rat": np.zeros((120, 2))}, points=points, px_per_cm=10)
    >>> rearing(rat, "rat").to_frame()[["start_s", "stop_s"]].values.tolist()
    [[1.0, 2.0]]
    """
    if not 0 < max_length < 1:
        raise QueryError(f"max_length is a share between 0 and 1, not {max_length:g}.")
    length = body_length(recording, animal)
    if not np.isfinite(length).any():
        raise QueryError(
            f"Rearing is told by how long the body looks, and {animal} in {recording.video} has "
            "neither an outline nor a nose and a tail base. Track the video, or score it by hand."
        )
    limit, said = speed_limit(recording, animal, max_speed, SLOW, "max_speed")
    fast = speed(recording, animal, "centre", window_s)
    known = np.isfinite(length) & np.isfinite(fast)
    where = ""
    with np.errstate(invalid="ignore"):
        rears = (length < max_length * np.nanmedian(length)) & (fast < limit)
        if near_wall is not None:
            wall = distance_to_wall(recording, animal, arena)
            rears &= wall <= near_wall
            known &= np.isfinite(wall)
            where = f", at most {near_wall:g} {recording.unit} from the wall"
    return bouts_where(
        recording, rears, animal, known=known, behaviour="rearing",
        min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
        definition=f"body shorter than {100 * max_length:g} % of its median length and speed of "
        f"centre < {said} over {window_s:g} s{where}, for >= {min_duration_s:g} s "
        "(proxy, seen from above)",
    )  # fmt: skip


@word("s")
def grooming(
    recording: Recording,
    animal: str,
    max_speed: float | None = None,
    min_duration_s: float = 1.0,
    *,
    reach: float | None = None,
    min_mobility: float = 0.04,
    window_s: float = WINDOW_S,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts of grooming, by proxy: the trunk stays while head and paws, or the outline, move.

    With a labelled nose and forepaws: the trunk's points are slower than max_speed while a forepaw
    is within `reach` of the nose and either moves faster than that. With outlines alone: the centre
    is slower while more than min_mobility of the outline changes.

    max_speed: in unit/s; default 1 cm/s, or 0.12 body lengths/s when uncalibrated. min_duration_s:
    seconds. reach: in unit; default 0.3 of the median body length. min_mobility: share (0 to 1) of
    the outline's area changed within 0.1 s. window_s: seconds over which speeds (line fit) and
    changes (mean) are taken. max_gap_frames: see bouts_where.

    A proxy: eating and sniffing in place look alike. Source: ours; people agree among themselves by
    a frame kappa of 0.84 to 0.91 on it, so a learned behaviour may do better.

    >>> t = np.arange(150) / 30
    >>> paw = np.column_stack([70 + 8 * np.sin(9 * t) * ((t > 1) & (t < 4)), np.zeros(150)])
    >>> here = {"nose": [80, 0], "tail_base": [0, 0], "back": [40, 0]}
    >>> points = {name: np.tile(np.array(at, float), (150, 1)) for name, at in here.items()}
    >>> points = {"rat": points | {"left_forepaw": paw}}
    >>> rat = Recording.synthetic({"rat": points["rat"]["back"]}, points=points, px_per_cm=10)
    >>> grooming(rat, "rat").count
    1
    """
    limit, said = speed_limit(recording, animal, max_speed, STILL, "max_speed")
    roles = points_by_role(recording, animal)
    paws = [roles[role] for role in FOREPAWS if role in roles]
    trunk = [roles[role] for role in TRUNK if role in roles] or ["centre"]
    if "nose" in roles and paws:
        near = REACH * median_length(recording, animal, "reach") if reach is None else reach
        busy, known = _face_washing(recording, animal, roles["nose"], paws, near, limit, window_s)
        how = f"a forepaw within {near:.3g} {recording.unit} of the nose, either of them faster"
        how += f" over {window_s / 4:g} s within {window_s / 2:g} s"
    elif animal in recording.masks:
        changed = mobility(recording, animal, lag_s=LAG_S, window_s=window_s)
        with np.errstate(invalid="ignore"):
            busy, known, trunk = changed > min_mobility, np.isfinite(changed), ["centre"]
        how = f"more than {100 * min_mobility:g} % of the outline changed within {LAG_S:g} s"
    else:
        raise QueryError(
            f"Grooming needs a labelled nose and forepaws, or an outline; {animal} in "
            f"{recording.video} has only {', '.join(recording.track(animal).points)}. "
            "Track the video, import such points, or score it by hand."
        )
    rest = nan_median(np.stack([speed(recording, animal, point, window_s) for point in trunk]))
    with np.errstate(invalid="ignore"):
        grooms = busy & (rest < limit)
    return bouts_where(
        recording, grooms, animal, known=known & np.isfinite(rest), behaviour="grooming",
        min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
        definition=f"{', '.join(trunk)} slower than {said} over {window_s:g} s while {how}, for "
        f">= {min_duration_s:g} s (proxy)",
    )  # fmt: skip


def _face_washing(
    recording: Recording,
    animal: str,
    nose: str,
    paws: list[str],
    reach: float,
    limit: float,
    window_s: float,
) -> tuple[np.ndarray, np.ndarray]:
    """(n,) a forepaw at the nose, one of them on the move; and (n,) whether it could be seen."""
    head = recording.position(animal, nose)
    apart = [np.hypot(*(recording.position(animal, paw) - head).T) for paw in paws]
    # a paw that goes to and fro is slow over a long window, never over a quarter of it
    fast = [speed(recording, animal, point, window_s / 4) for point in (nose, *paws)]
    latest = np.fmax.reduce(np.stack(fast), axis=0)
    latest = _highest(latest, recording.time_s, window_s)
    with np.errstate(invalid="ignore"):
        near = np.fmin.reduce(np.stack(apart), axis=0) <= reach
        return near & (latest >= limit), np.isfinite(np.fmin.reduce(np.stack(apart), axis=0))


def _highest(values: np.ndarray, time_s: np.ndarray, window_s: float) -> np.ndarray:
    """(n,) the highest value within half a window on both sides, without NaN; real times."""
    high, frame = values.copy(), np.arange(len(values))
    _, last = windows(np.ones(len(values), dtype=bool), time_s, window_s)
    for k in range(1, int((last - frame).max(initial=0)) + 1):  # few, all frames at once
        within = last[:-k] >= frame[k:]
        high[k:] = np.where(within, np.fmax(high[k:], values[:-k]), high[k:])
        high[:-k] = np.where(within, np.fmax(high[:-k], values[k:]), high[:-k])
    return high
