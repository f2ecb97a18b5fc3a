"""Rest that lasts: sleep-like bouts, and floating in a forced swim."""

from __future__ import annotations

import numpy as np

from llm_query.bouts import Bouts
from llm_query.errors import QueryError
from llm_query.individual.bodies import mobility
from llm_query.individual.kinematics import speed
from llm_query.individual.motion import WINDOW_S, Limit, immobile, speed_limit
from llm_query.recording import Recording
from llm_query.states import bouts_where
from llm_query.vocabulary import word

DRIFT = Limit(cm_s=3.0, lengths_s=0.4, px_s=6.0)


@word("s")
def asleep(
    recording: Recording,
    animal: str,
    min_duration_s: float = 40.0,
    max_speed: float | None = None,
    *,
    merge_s: float = 0.0,
    point: str = "centre",
    window_s: float = WINDOW_S,
    max_gap_frames: int = 3,
) -> Bouts:
    """Sleep-like bouts: the animal stays in place without moving for 40 s or longer.

    min_duration_s: seconds; 40 for mice, 300 for flies. max_speed: in unit/s, as in immobile.
    merge_s: interruptions up to so many seconds, seen all through, do not end a bout (0: every one
    does). point, window_s, max_gap_frames: as in immobile. Rest and sleep look alike without a
    brain signal, therefore "sleep-like".

    Source: 40 s of video immobility agree with EEG sleep of mice in Pack 2007 (doi
    10.1152/physiolgenomics.00139.2006) and Fisher 2012 (doi 10.1177/0748730411431550); 5 min for
    flies in Hendricks 2000 (doi 10.1016/S0896-6273(00)80877-6) and Shaw 2000 (doi
    10.1126/science.287.5459.1834).

    >>> path = np.column_stack([np.minimum(np.arange(600), 100), np.zeros(600)])
    >>> mouse = Recording.synthetic({"mouse": path}, fps=10, px_per_cm=10)
    >>> asleep(mouse, "mouse").to_frame()[["start_s", "stop_s"]].values.tolist()
    [[10.0, 60.0]]
    """
    if not (min_duration_s >= 0 and merge_s >= 0):
        raise QueryError(
            "min_duration_s and merge_s are lengths of time in seconds, 0 or more, not "
            f"{min_duration_s:g} and {merge_s:g}."
        )
    shortest = min(min_duration_s, 1.0) if merge_s > 0 else min_duration_s
    rest = immobile(
        recording, animal, max_speed, shortest, point=point, window_s=window_s,
        max_gap_frames=max_gap_frames,
    )  # fmt: skip
    said = f", for >= {min_duration_s:g} s (sleep-like)"
    if merge_s > 0:
        said = f", interruptions up to {merge_s:g} s joined{said}"
    definition = rest.definition.replace(f", for >= {shortest:g} s", said, 1)
    if merge_s > 0:
        rest = _joined(rest, merge_s).at_least(min_duration_s)
    return rest.named("asleep", definition)


def _joined(rest: Bouts, gap_s: float) -> Bouts:
    """The bouts without the short interruptions between them in which the animal was seen."""
    (pair,) = rest.pairs
    unseen = rest.unknown.get(pair, np.zeros(rest.n_frames, dtype=bool))
    lost = np.concatenate([[0], np.cumsum(unseen)])
    near = rest.start_s[1:] - rest.stop_s[:-1] <= gap_s + 1e-6
    near &= lost[rest.start_frame[1:]] == lost[rest.stop_frame[:-1]]
    first = np.flatnonzero(np.concatenate([[True], ~near])) if rest.count else np.empty(0, int)
    last = np.append(first[1:] - 1, rest.count - 1) if rest.count else first
    start, stop = rest.start_frame[first], rest.stop_frame[last]
    steps = np.zeros(rest.n_frames + 1, dtype=np.int64)
    np.add.at(steps, start, 1)
    np.add.at(steps, stop, -1)
    return Bouts.from_masks({pair: (np.cumsum(steps[:-1]) > 0, unseen)}, rest.edges_s)


@word("s")
def floating(
    recording: Recording,
    animal: str,
    max_mobility: float = 0.12,
    max_drift: float | None = None,
    *,
    min_duration_s: float = 1.0,
    lag_s: float = 0.2,
    window_s: float = WINDOW_S,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts of floating in a swim test, by proxy: a quiet outline that at most drifts.

    max_mobility: share (0 to 1) of the outline's area that may change within lag_s seconds, as the
    mean over window_s seconds. max_drift: speed of the centre in unit/s; default 3 cm/s, or 0.4
    body lengths/s when uncalibrated. min_duration_s: seconds. max_gap_frames: see bouts_where.
    Needs outlines from tracking. A proxy: legs that paddle under the body are not in an outline,
    and people agree among themselves by a kappa of 0.4 to 0.6 only: score some minutes, too.

    Source: immobility as in Porsolt 1977 (doi 10.1038/266730a0), by EthoVision's Mobility; the
    limits are ours.

    >>> from llm_query.outlines import Outlines
    >>> x = 50 + np.cumsum(np.where(np.arange(120) < 60, 4, 0))
    >>> path = np.column_stack([x, np.full(120, 50)])
    >>> masks = {"rat": Outlines.rectangles(np.column_stack([path, np.full((120, 2), 20)]))}
    >>> rat = Recording.synthetic({"rat": path}, fps=30, px_per_cm=5, masks=masks)
    >>> floating(rat, "rat").count
    1
    """
    if not 0 < max_mobility < 1:
        raise QueryError(f"max_mobility is a share between 0 and 1, not {max_mobility:g}.")
    limit, said = speed_limit(recording, animal, max_drift, DRIFT, "max_drift")
    changed = mobility(recording, animal, lag_s=lag_s, window_s=window_s)
    fast = speed(recording, animal, "centre", window_s)
    with np.errstate(invalid="ignore"):
        quiet = (changed < max_mobility) & (fast < limit)
    return bouts_where(
        recording, quiet, animal, known=np.isfinite(changed) & np.isfinite(fast),
        behaviour="floating", min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
        definition=f"less than {100 * max_mobility:g} % of the outline changed within {lag_s:g} s "
        f"and speed of centre < {said}, over {window_s:g} s, for >= {min_duration_s:g} s (proxy)",
    )  # fmt: skip
