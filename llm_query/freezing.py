"""Freezing: no movement of any body part but breathing, with thresholds that can be calibrated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from llm_query.bout_algebra import window
from llm_query.bouts import Bouts
from llm_query.columns import Result
from llm_query.errors import QueryError
from llm_query.kinematics import median_length
from llm_query.recording import Recording
from llm_query.states import bouts_where
from llm_query.stillness import Body, Rule, body_motion, known_frames, still_frames
from llm_query.tools import later
from llm_query.vocabulary import word

CM_S = 0.5
LENGTHS_S = 0.06  # 5 mm/s of a mouse of 8 cm from nose to tail base
ABOVE_JITTER = 2.0
MIN_DURATION_S = 0.9
WINDOW_S = 0.4
BRIDGE_S = 0.1
MIN_CONFIDENCE = 0.6
CHOSEN = ("max_speed", "min_duration_s", "back_date_s")
CORNER = 0.75  # of the window: how far from an edge a sharp bend of the path may lie


@word("s")
def freezing(
    recording: Recording,
    animal: str,
    max_speed: float | None = None,
    min_duration_s: float | None = None,
    *,
    window_s: float = WINDOW_S,
    back_date_s: float | None = None,
    bridge_s: float = BRIDGE_S,
    min_confidence: float = MIN_CONFIDENCE,
    max_gap_frames: int = 3,
    settings: Mapping[str, Any] | None = None,
) -> Bouts:
    """Bouts in which no part of the animal moves, but for breathing.

    The head (nose, ears) and the trunk (neck, back, hips, tail base), and the paws where they are
    labelled, must each be slower than max_speed, each judged by the median speed of its points. The
    tail and points of unknown role (a lamp) do not count. Of tracked outlines, these are the nose
    end, the tail base and the centre.

    max_speed: in unit/s; default 0.5 cm/s, or 0.06 body lengths/s when uncalibrated, but never
    below twice what this recording's jitter makes of rest. min_duration_s: seconds, default 0.9.
    window_s: seconds of path per speed (line fit). back_date_s: seconds by which a bout reaches
    beyond the windows that are still; default a quarter of window_s, by which such a window notices
    a stop too late. Where the path bends sharply, start and end are dated to that frame instead.
    bridge_s: interruptions up to so many seconds do not end a bout. min_confidence: 0 to 1; points
    less sure count as not seen. max_gap_frames: see bouts_where. settings: what calibrate_freezing
    gave, in place of the defaults of the first two and of back_date_s.

    Source: 5 mm/s as in SimBA's freezing and 5.2 mm/s in BehaviorDEPOT, 0.9 s as there (Gabriel
    2022, doi 10.7554/eLife.74314), the second of Anagnostaras 2010 (doi 10.3389/fnbeh.2010.00158)
    less what people's edges scatter. Bridging 0.1 s as in SimBA. The window is ours: the shortest
    in which jitter of 1 px at 30 frames/s stays below 3 px/s; breathing (2 to 4 Hz) averages out.
    Kappa with a person's scoring, of two minutes at 50 frames/s: 0.90 (experts among themselves:
    0.91 to 0.94); SENSITIVITY

    >>> still = np.tile([50.0, 50.0], (180, 1))
    >>> nose = still + np.column_stack([40 + 20 * np.sin(np.arange(180) / 5), np.zeros(180)])
    >>> nose[60:150] = nose[60]
    >>> mouse = {"nose": nose, "tail_base": still - 40}
    >>> recording = Recording.synthetic({"a": still}, points={"a": mouse}, fps=30, px_per_cm=10)
    >>> freezing(recording, "a").to_frame()[["start_s", "stop_s"]].values.tolist()
    [[2.0, 5.0]]
    """
    given = _chosen(settings)
    body = body_motion(recording, animal, "Freezing", window_s, min_confidence, max_gap_frames)
    wanted = given.get("max_speed") if max_speed is None else max_speed
    limit, said = _limit(recording, animal, wanted, body)
    rule = Rule(
        limit,
        _first(min_duration_s, given.get("min_duration_s"), MIN_DURATION_S),
        _first(back_date_s, given.get("back_date_s"), window_s / 4),
        bridge_s,
    )
    found = still_frames(body, recording.edges_s, rule, CORNER * window_s)
    return bouts_where(
        recording, found, animal, known=known_frames(body, rule), behaviour="freezing",
        min_duration_s=rule.min_duration_s, max_gap_frames=max_gap_frames,
        definition=f"{body.said()} slower than {said} over {window_s:g} s, bouts longer by up to "
        f"{rule.back_date_s:g} s at each end, interruptions up to {bridge_s:g} s bridged, for "
        f">= {rule.min_duration_s:g} s",
    )  # fmt: skip


def _limit(
    recording: Recording, animal: str, given: float | None, body: Body
) -> tuple[float, str]:
    """The speed limit in unit/s and how to say it: as given, or the default for this recording."""
    if given is not None:
        if not given > 0:
            raise QueryError(f"max_speed is a speed above 0 {recording.unit}/s, not {given:g}.")
        return float(given), f"{given:.3g} {recording.unit}/s"
    if recording.px_per_cm is not None:
        limit, why = CM_S, ""
    else:
        limit = LENGTHS_S * median_length(recording, animal, "max_speed")
        why = f" ({LENGTHS_S:g} body lengths/s, uncalibrated)"
    if limit < ABOVE_JITTER * body.noise:
        limit, why = ABOVE_JITTER * body.noise, f" ({ABOVE_JITTER:g} times its jitter at rest)"
    return limit, f"{limit:.3g} {recording.unit}/s{why}"


def _first(*values: float | None) -> float:
    """The first value that is one."""
    return next(float(value) for value in values if value is not None)


def _chosen(settings: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The numbers that calibrate_freezing chose, from its result or a dict of them."""
    if settings is None:
        return {}
    numbers = settings.get("numbers", settings)
    if not any(name in numbers for name in CHOSEN):
        raise QueryError(
            f"settings needs {', '.join(CHOSEN)}, as calibrate_freezing() gives them; it has "
            f"{', '.join(map(str, numbers)) or 'nothing'}."
        )
    return numbers
