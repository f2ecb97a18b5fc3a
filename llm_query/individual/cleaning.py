"""Smoothing, gap filling and outlier removal on request, each step named and counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from llm_query.algebra.intervals import holes
from llm_query.errors import QueryError
from llm_query.individual.local_fits import curve_fit, line_fit, windows
from llm_query.recording import Recording, Track
from llm_query.vocabulary import word

Smoother = Callable[[np.ndarray, np.ndarray, float], np.ndarray]  # (n, 2), times, window_s
ERROR_S = 1.0  # s: what lasts longer is no jump
SIGMAS = 5  # a Gaussian window is so many standard deviations long


@word()
def clean(
    recording: Recording,
    *,
    smoothing: str | None = None,
    window_s: float | None = None,
    min_confidence: float | None = None,
    fill_gaps_s: float | None = None,
    max_speed: float | None = None,
    animals: Sequence[str] | None = None,
    points: Sequence[str] | None = None,
) -> Recording:
    """The same recording with its body points cleaned, and in its notes what was done.

    Nothing is cleaned unless you name it; the steps come in this order:
    min_confidence (0 to 1): points found less surely are taken out; those without a confidence
    stay. max_speed (unit/s): stretches of less than a second that cannot be reached at that speed
    from those beside them are taken out as errors of tracking; a longer one is no error of a
    moment, look for an exchange of animals or of nose and tail there.
    fill_gaps_s: gaps up to so many seconds are filled along a straight line; longer ones, and those
    at the ends, stay. smoothing: "median" (of x and of y), "line" (a straight line around every
    frame), "savgol" (a parabola), "gaussian" (a mean weighted by a bell 1/5 of the window wide) or
    "lowess" (a parabola in which near frames weigh more), over window_s seconds of real time,
    centred, never across a gap and shorter at its sides.
    animals, points: names; all by default. Headings, lengths and areas from outlines, and the
    outlines, stay as they were measured; a centre that is the mean of other points is cleaned by
    itself, not computed again. Frames not seen stay missing but for filled gaps.

    Source: the steps of movement's filtering and of EthoVision's track smoothing (its Lowess is a
    parabola, too; its Maximal distance moved is per sample, here it is a speed).

    >>> smooth = clean(example_recording(), smoothing="line", window_s=0.5)
    >>> smooth.notes
    ('smoothed by line over 0.5 s, all points of all animals: 480 samples',)
    """
    who = _names(animals, recording.animals, "animal", recording)
    what = _names(points, recording.points, "body point", recording)
    steps = _steps(recording, smoothing, window_s, min_confidence, fill_gaps_s, max_speed)
    if not steps:
        raise QueryError(
            "clean() does nothing unless told what: give smoothing and window_s, min_confidence, "
            "fill_gaps_s or max_speed."
        )
    counts = np.zeros(len(steps), dtype=int)
    tracks = dict(recording.tracks)
    for name in who:
        track, cleaned = tracks[name], {}
        for point in [point for point in track.points if point in what]:
            place = np.array(track.points[point], dtype=float)
            for number, (_, step) in enumerate(steps):
                after = step(track, point, place)
                smooths = smoothing is not None and number == len(steps) - 1
                counts[number] += (
                    np.isfinite(place[:, 0]).sum() if smooths else _touched(place, after)
                )
                place = after
            cleaned[point] = place
        tracks[name] = replace(track, points={**track.points, **cleaned})
    of = f"{_listed(points, 'points')} of {_listed(animals, 'animals')}"
    notes = [said.format(of=of, n=f"{n:,}") for (said, _), n in zip(steps, counts, strict=True)]
    return replace(recording, tracks=tracks, notes=(*recording.notes, *notes))


Step = tuple[str, Callable[[Track, str, np.ndarray], np.ndarray]]


def _steps(
    recording: Recording,
    smoothing: str | None,
    window_s: float | None,
    min_confidence: float | None,
    fill_gaps_s: float | None,
    max_speed: float | None,
) -> list[Step]:
    """What to do, in order: how to say it, and the function that does it to a point's px."""
    time_s, steps = recording.time_s, list[Step]()
    if min_confidence is not None:
        if not 0 <= min_confidence <= 1:
            raise QueryError(f"min_confidence lies from 0 to 1, not {min_confidence:g}.")
        sure = min_confidence

        def unsure(track: Track, point: str, place: np.ndarray) -> np.ndarray:
            confidence = track.confidence.get(point, np.full(len(place), np.nan))
            with np.errstate(invalid="ignore"):
                return np.where((confidence < sure)[:, None], np.nan, place)

        steps.append((f"confidence below {sure:g} taken out, {{of}}: {{n}} samples", unsure))
    if max_speed is not None:
        px_s = _above_0(max_speed, "max_speed", f"a speed in {recording.unit}/s") / recording.scale
        said = f"jumps beyond {max_speed:g} {recording.unit}/s taken out, {{of}}: {{n}} samples"
        steps.append((said, lambda _, __, place: without_jumps(place, time_s, px_s)))
    if fill_gaps_s is not None:
        longest = _above_0(fill_gaps_s, "fill_gaps_s", "a length of time in seconds")
        said = f"gaps up to {longest:g} s filled in a straight line, {{of}}: {{n}} samples"
        steps.append((said, lambda _, __, place: fill_gaps(place, time_s, longest)))
    if (smoothing is None) != (window_s is None):
        raise QueryError("Smoothing needs both: smoothing, its name, and window_s, in seconds.")
    if smoothing is not None and window_s is not None:
        if smoothing not in SMOOTHERS:
            raise QueryError(f'smoothing="{smoothing}" is unknown: {", ".join(SMOOTHERS)}.')
        long, smooth = _above_0(window_s, "window_s", "a length of time in seconds"), smoothing
        said = f"smoothed by {smooth} over {long:g} s, {{of}}: {{n}} samples"
        steps.append((said, lambda _, __, place: SMOOTHERS[smooth](place, time_s, long)))
    return steps


def fill_gaps(place: np.ndarray, time_s: np.ndarray, longest_s: float) -> np.ndarray:
    """(n, 2) with gaps of up to `longest_s` seconds filled along a straight line, by real times.

    A gap lasts from its first unseen frame to the next seen one; frames that are missing from the
    video count from the last seen frame on.
    """
    seen = np.isfinite(place).all(axis=1)
    known = np.flatnonzero(seen)
    if len(known) < 2:
        return place
    after = np.searchsorted(known, np.arange(len(place)))
    inside = ~seen & (after > 0) & (after < len(known))
    low, high = known[after[inside] - 1], known[after[inside]]
    since = np.where(holes(time_s)[low], low, low + 1)
    inside[inside] = time_s[high] - time_s[since] <= longest_s + 1e-9
    filled = place.copy()
    for column in (0, 1):
        filled[inside, column] = np.interp(time_s[inside], time_s[known], place[known, column])
    return filled


def without_jumps(place: np.ndarray, time_s: np.ndarray, max_speed: float) -> np.ndarray:
    """(n, 2) without the short stretches too far away to be reached at `max_speed` px/s.

    A path is cut where a step is too fast. The longest piece is believed, and all that last
    ERROR_S; so is every piece that can be reached in time from the last one believed, forward or
    backward.
    """
    known = np.flatnonzero(np.isfinite(place).all(axis=1))
    if len(known) < 2:
        return place
    reach = max_speed * (1 + 1e-9)
    step = np.hypot(*np.diff(place[known], axis=0).T)
    cuts = np.flatnonzero(step > reach * np.diff(time_s[known])) + 1
    first, last = np.append(0, cuts), np.append(cuts, len(known)) - 1
    sure = time_s[known[last]] - time_s[known[first]] >= ERROR_S
    sure[np.argmax(last - first)] = True
    believed = sure.copy()
    for order, near, far in ((slice(None), first, last), (slice(None, None, -1), last, first)):
        edge = -1  # the last frame believed on this way
        for piece in np.arange(len(first))[order].tolist():
            frame = known[near[piece]]
            away, lasting = np.hypot(*(place[frame] - place[edge])), time_s[frame] - time_s[edge]
            if sure[piece] or (edge >= 0 and away <= reach * abs(lasting)):
                believed[piece], edge = True, known[far[piece]]
    kept = place.copy()
    kept[known[~np.repeat(believed, last - first + 1)]] = np.nan
    return kept


def _median(place: np.ndarray, time_s: np.ndarray, window_s: float) -> np.ndarray:
    """The median of x and that of y over the window."""
    import pandas as pd

    seen = np.isfinite(place).all(axis=1)
    known, rank = np.flatnonzero(seen), np.cumsum(seen) - 1
    first, last = windows(seen, time_s, window_s)

    class Windows(pd.api.indexers.BaseIndexer):
        def get_window_bounds(
            self,
            num_values: int = 0,
            min_periods: int | None = None,
            center: bool | None = None,
            closed: str | None = None,
            step: int | None = None,
        ) -> tuple[np.ndarray, np.ndarray]:  # pandas checks the names
            return rank[first[known]], rank[last[known]] + 1

    smooth = place.copy()
    frame = pd.DataFrame(place[known])
    smooth[known] = frame.rolling(Windows(), min_periods=1).median().to_numpy()
    return smooth


def _bell(away: np.ndarray) -> np.ndarray:
    """Weight of a frame in a Gaussian window; `away` is in half windows."""
    return np.exp(-0.5 * (away * SIGMAS / 2) ** 2)


SMOOTHERS: dict[str, Smoother] = {
    "median": _median,
    "line": lambda place, time_s, window_s: line_fit(place, time_s, window_s)[0],
    "savgol": lambda place, time_s, window_s: curve_fit(place, time_s, window_s, 2, np.ones_like),
    "gaussian": lambda place, time_s, window_s: curve_fit(place, time_s, window_s, 0, _bell),
    "lowess": lambda place, time_s, window_s: curve_fit(
        place, time_s, window_s, 2, lambda away: (1 - away**3) ** 3
    ),
}


def _touched(before: np.ndarray, after: np.ndarray) -> int:
    """How many samples were taken out or filled; a smoother does neither and moves every one."""
    known, still = np.isfinite(before).all(axis=1), np.isfinite(after).all(axis=1)
    return int((known != still).sum())


def _above_0(value: float, name: str, kind: str) -> float:
    if not value > 0:
        raise QueryError(f"{name} is {kind} above 0, not {value:g}.")
    return float(value)


def _names(
    given: Sequence[str] | None, known: Sequence[str], kind: str, recording: Recording
) -> list[str]:
    names = [given] if isinstance(given, str) else list(known if given is None else given)
    for name in names:
        if name not in known:
            raise QueryError(
                f'There is no {kind} "{name}" in {recording.video}: it has {", ".join(known)}.'
            )
    return names


def _listed(given: Sequence[str] | None, kind: str) -> str:
    if given is None:
        return f"all {kind}"
    return given if isinstance(given, str) else ", ".join(given)
