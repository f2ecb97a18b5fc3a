"""Freezing: no movement of any body part but breathing, with thresholds that can be calibrated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from llm_query.algebra.bout_algebra import window
from llm_query.bouts import Bouts
from llm_query.columns import Result
from llm_query.errors import QueryError
from llm_query.individual.bodies import median_length
from llm_query.individual.stillness import (
    Body,
    Rule,
    body_motion,
    ends_of_outline,
    known_frames,
    still_frames,
)
from llm_query.individual.threshold_search import Trial, cohen
from llm_query.recording import Recording
from llm_query.states import bouts_where
from llm_query.tools import later
from llm_query.vocabulary import word

CM_S = 0.5
LENGTHS_S = 0.06  # 5 mm/s of a mouse of 8 cm from nose to tail base
ABOVE_JITTER = {1: 4.0, 2: 3.0}  # of a part's speed, by its points; of three or more:
MEDIAN_ABOVE_JITTER = 2.0
MIN_DURATION_S = 0.9
WINDOW_S = 0.4
BRIDGE_S = 0.1
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
    min_confidence: float | None = None,
    max_gap_frames: int = 3,
    settings: Mapping[str, Any] | None = None,
) -> Bouts:
    """Bouts in which no part of the animal moves, but for breathing.

    The head (nose, ears) and the trunk (neck, back, hips, tail base), and the paws where they are
    labelled, must each be slower than max_speed, each judged by the median speed of its points. The
    tail and points of unknown role (a lamp) do not count. Of tracked outlines, these are the nose
    end, the tail base and the centre.

    max_speed: in unit/s; default 0.5 cm/s, or 0.06 body lengths/s when uncalibrated, but never
    below twice what this recording's jitter makes of rest (three times where a part of the body has
    only two points, four times where one). min_duration_s: seconds, default 0.9.
    window_s: seconds of path per speed (line fit). back_date_s: seconds by which a bout reaches
    beyond the windows that are still; default a quarter of window_s, by which such a window notices
    a stop too late. Where the path bends sharply, start and end are dated to that frame instead.
    bridge_s: interruptions up to so many seconds do not end a bout. min_confidence: 0 to 1; points
    less sure count as not seen; default 0.6, and 0.2 for the ends of an outline. max_gap_frames:
    see bouts_where. settings: what calibrate_freezing gave, in place of the defaults of the first
    two and of back_date_s.

    A point that jumps far away and back within 0.2 s counts as not seen there (Hampel's rule), and
    gaps of a point of up to max_gap_frames are crossed in a straight line.

    Source: 5 mm/s and 0.1 s of bridging as in SimBA's freezing; 5.2 mm/s and 0.9 s in the example
    of BehaviorDEPOT (Gabriel 2022, doi 10.7554/eLife.74314): the second of Anagnostaras 2010 (doi
    10.3389/fnbeh.2010.00158) less what people's edges scatter. The window and the back-dating are
    ours: with jitter of 1 px at 30 frames/s it leaves 3 px/s, and breathing (2 to 4 Hz) averages
    out; ANY-maze back-dates onsets, too. They were settled on the recording named next, where its
    agreement is flat, so expect less of another one.
    Kappa with a person's scoring of two minutes at 50 frames/s: 0.90 (experts among themselves:
    0.91 to 0.94). Of ten variants of it (25 or 30 frames/s, 23 px/cm, 0.5 to 1.5 px of jitter more,
    wild points, halves) the mean is 0.90; with 3, 4, 6, 7 mm/s 0.87, 0.89, 0.89, 0.87; with 0.8
    and 1 s 0.88 and 0.88; with windows of 0.3 and 0.5 s 0.90 and 0.87; with 0.075 and 0.125 s of
    back-dating 0.87 and 0.87; with 0 and 0.2 s of bridging 0.89 and 0.86.

    >>> t = np.arange(210) / 30  # seconds; it walks, stops from 2 to 5 s, and walks on
    >>> path = np.column_stack([100 * (np.minimum(t, 2) + np.maximum(t - 5, 0)), np.zeros(210)])
    >>> mouse = {"nose": path + [40, 0], "tail_base": path - [40, 0]}
    >>> recording = Recording.synthetic({"a": path}, points={"a": mouse}, fps=30, px_per_cm=10)
    >>> freezing(recording, "a").to_frame()[["start_s", "stop_s"]].values.tolist()
    [[2.0, 5.0]]
    """
    given = _chosen(settings)
    for name, value in (("bridge_s", bridge_s), ("back_date_s", back_date_s)):
        if value is not None and not 0 <= value < np.inf:
            raise QueryError(f"{name} is a length of time in seconds, 0 or more, not {value:g}.")
    body = body_motion(recording, animal, "Freezing", window_s, min_confidence, max_gap_frames)
    wanted = given.get("max_speed") if max_speed is None else max_speed
    limit, said = _limit(recording, animal, wanted, body)
    rule = Rule(
        limit,
        _first(min_duration_s, given.get("min_duration_s"), MIN_DURATION_S),
        _first(back_date_s, given.get("back_date_s"), window_s / 4),
        bridge_s,
    )
    if not rule.min_duration_s >= 0:
        raise QueryError(f"min_duration_s is 0 s or more, not {rule.min_duration_s:g}.")
    found = still_frames(body, recording.edges_s, rule, CORNER * window_s)
    sure = "" if min_confidence is None else f", points of a confidence >= {min_confidence:g}"
    ends = ", ends and centre of the outline," if ends_of_outline(recording, animal) else ""
    return bouts_where(
        recording, found, animal, known=known_frames(body, rule), behaviour="freezing",
        min_duration_s=rule.min_duration_s, max_gap_frames=max_gap_frames,
        definition=f"{body.said()}{ends} slower than {said} over {window_s:g} s, bouts longer by "
        f"up to {rule.back_date_s:g} s at each end, interruptions up to {bridge_s:g} s bridged, "
        f"for >= {rule.min_duration_s:g} s" + sure,
    )  # fmt: skip


@word()
def calibrate_freezing(
    recording: Recording,
    animal: str,
    scored: Bouts,
    start_s: float | None = None,
    stop_s: float | None = None,
    *,
    folds: int = 4,
    window_s: float = WINDOW_S,
    bridge_s: float = BRIDGE_S,
    min_confidence: float | None = None,
    max_gap_frames: int = 3,
) -> Result:
    """Choose the settings of freezing that agree best with some minutes a person has scored.

    scored: the person's bouts, as scored(recording, "freezing") gives them. start_s, stop_s: the
    part that was scored, in seconds; default the whole recording. About two minutes with several
    bouts are enough. folds: into how many parts of time it is cut to check the choice: each is
    judged by the settings chosen on the others. The rest as in freezing.

    Returns numbers: max_speed (unit/s), min_duration_s and back_date_s to pass to freezing, as
    freezing(recording, animal, settings=result); the kappa per frame of the part itself (kappa), of
    the parts not used for the choice (kappa_crossed), of the defaults (kappa_default), and, where
    the person scored on beyond the part, of all that (kappa_rest); a table with a row per fold.

    Where what was chosen agrees no better than the defaults in the parts not used for the choice,
    the defaults are kept.

    Source: Phobos (doi 10.3389/fnbeh.2019.00205) chooses its thresholds from two minutes of a
    person's scoring. Here, of all settings within 0.03 of the best kappa the middle ones are taken,
    so that a lucky one does not win. On the two minutes of the recording named in freezing: 0.91 in
    the parts not used for the choice.

    >>> nose = np.column_stack([40 + 20 * np.sin(np.arange(900) / 5), np.zeros(900)])
    >>> nose[60:150], nose[500:600] = nose[60], nose[500]
    >>> still = np.zeros((900, 2))
    >>> mouse = {"nose": nose, "tail_base": still - 40}
    >>> recording = Recording.synthetic({"a": still}, points={"a": mouse}, fps=30, px_per_cm=10)
    >>> person = freezing(recording, "a")
    >>> chosen = calibrate_freezing(recording, "a", person)
    >>> chosen["numbers"]["kappa"], freezing(recording, "a", settings=chosen).count
    (1.0, 2)
    """
    first = float(recording.edges_s[0]) if start_s is None else start_s
    low, high = window(recording.edges_s, first, recording.end_s if stop_s is None else stop_s)
    truth = _scored_mask(recording, animal, scored, low, high)
    body = body_motion(recording, animal, "Freezing", window_s, min_confidence, max_gap_frames)
    usual, _ = _limit(recording, animal, None, body)
    tried = Trial(_cut(body, low, high), recording.edges_s[low : high + 1], truth[low:high], usual)
    counts = tried.counts(folds, bridge_s)
    default = Rule(usual, MIN_DURATION_S, window_s / 4, bridge_s)

    def judged(rule: Rule) -> np.ndarray:
        return still_frames(body, recording.edges_s, rule, CORNER * window_s)

    crossed = np.zeros(high - low, dtype=bool)
    rows = []
    for fold, part in enumerate(np.array_split(np.arange(low, high), folds)):
        other = tried.choose(np.delete(counts, fold, axis=-2), bridge_s)
        crossed[part - low] = judged(other)[part]
        rows.append(
            {
                "start_s": recording.edges_s[part[0]], "stop_s": recording.edges_s[part[-1] + 1],
                "max_speed": other.max_speed, "min_duration_s": other.min_duration_s,
                "back_date_s": other.back_date_s,
                "kappa": cohen(truth[part], crossed[part - low]),
            }
        )  # fmt: skip
    usual_kappa = cohen(truth[low:high], judged(default)[low:high])
    better = cohen(truth[low:high], crossed) > usual_kappa
    rule = tried.choose(counts, bridge_s) if better else default
    found = judged(rule)
    rest = np.ones(len(truth), dtype=bool)
    rest[low:high] = False
    numbers = {
        "max_speed": rule.max_speed, "min_duration_s": rule.min_duration_s,
        "back_date_s": rule.back_date_s, "kappa": cohen(truth[low:high], found[low:high]),
        "kappa_crossed": cohen(truth[low:high], crossed),
        "kappa_default": usual_kappa,
        "kappa_rest": cohen(truth[rest], found[rest]) if truth[rest].any() else float("nan"),
    }  # fmt: skip
    seconds = float(recording.edges_s[high] - recording.edges_s[low])
    return Result(numbers=numbers, table=later(rows), text=_report(recording, numbers, seconds))


def _limit(recording: Recording, animal: str, given: float | None, body: Body) -> tuple[float, str]:
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
    fewest = min(len(points) for points in body.parts.values())
    above = ABOVE_JITTER.get(fewest, MEDIAN_ABOVE_JITTER)
    if limit < above * body.noise:
        limit, why = above * body.noise, f" ({above:g} times its jitter at rest)"
    return limit, f"{limit:.3g} {recording.unit}/s{why}"


def _first(*values: float | None) -> float:
    """The first value that is one."""
    return next(float(value) for value in values if value is not None)


def _chosen(settings: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The numbers that calibrate_freezing chose, from its result or a dict of them."""
    if settings is None:
        return {}
    if not isinstance(settings, Mapping):
        raise QueryError(f"settings takes what calibrate_freezing() gives, not {settings!r}.")
    numbers = settings.get("numbers", settings)
    if not any(name in numbers for name in CHOSEN):
        raise QueryError(
            f"settings needs {', '.join(CHOSEN)}, as calibrate_freezing() gives them; it has "
            f"{', '.join(map(str, numbers)) or 'nothing'}."
        )
    return numbers


def _scored_mask(
    recording: Recording, animal: str, scored: Bouts, low: int, high: int
) -> np.ndarray:
    """(n,) the frames a person scored as this animal's; refused without both kinds in the part."""
    if len(scored.pairs) > 1 or (scored.pairs and scored.pairs[0][0] in recording.animals):
        scored = scored.only(animal)
    truth = scored.mask()
    share = truth[low:high].mean()
    if share in (0, 1):
        raise QueryError(
            f"From {recording.edges_s[low]:g} s to {recording.edges_s[high]:g} s {animal} was "
            f"scored as {'always' if share else 'never'} freezing: calibrate on a part with both."
        )
    return truth


def _cut(body: Body, low: int, high: int) -> Body:
    speed, least, paths = body.speed[low:high], body.least[low:high], body.paths[low:high]
    return replace(body, speed=speed, least=least, paths=paths)


def _report(recording: Recording, numbers: Mapping[str, float], seconds: float) -> str:
    return (
        f"From {seconds:.0f} s of scoring: freezing is slower than {numbers['max_speed']:.3g} "
        f"{recording.unit}/s for {numbers['min_duration_s']:g} s or longer (kappa "
        f"{numbers['kappa']:.2f}, {numbers['kappa_crossed']:.2f} where each part was judged by the "
        f"others, {numbers['kappa_default']:.2f} by the defaults)."
    )
