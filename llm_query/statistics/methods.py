"""What was done, in words for a paper: tracks, definitions, tests, from the real values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np

from llm_query.individual import motion
from llm_query.statistics.comparing import Comparison
from llm_query.statistics.effects import Effect
from llm_query.statistics.group_samples import Group


@dataclass(frozen=True)
class Tracked:
    """Where the trajectories come from."""

    videos: int
    animals: int
    duration_s: float  # of all videos together
    fps: tuple[float, ...]  # the different frame rates
    segmenters: tuple[str, ...]
    calibrated: int  # videos with a scale
    shares: tuple[float, ...]  # per video, the share of (frame, animal) pairs that were found


def describe_measure(measure: str, region: str | None = None, calibrated: bool = True) -> str:
    """The definition of one of the exported measures, with the parameters that were used.

    >>> describe_measure("visits", "corner")
    "visits: the number of separate stays of the centre in the region 'corner'"
    """
    place = f"the region '{region}'" if region else "the recording"
    still, walk = (_speed(limit, calibrated) for limit in (motion.IMMOBILE, motion.MOVING))
    least = _default(motion.immobile, "min_duration_s")
    window = f"over a window of {motion.WINDOW_S:g} s"
    inside = f"the centre in {place}"
    freezing = (
        "no part moves but for breathing, by the default limits of freezing(): judged frame by "
        "frame and not by the speed, so that it may be more than the time immobile"
    )
    texts = {
        "distance_moved": f"the path of the centre in {place}, summed from frame to frame, not "
        "smoothed and not across gaps in tracking",
        "mean_speed": "the path of the centre divided by the time over which it was tracked",
        "path_straightness": "the straight way from the first to the last place seen, divided by "
        "the path between them",
        "time_moving": f"the time with a speed of at least {walk} {window}",
        "moving_bouts": f"the number of bouts with a speed of at least {walk} {window}",
        "time_immobile": f"the time with a speed below {still} {window}, for at least {least:g} s",
        "immobile_bouts": f"the number of bouts with a speed below {still} {window}, for at least "
        f"{least:g} s",
        "time_freezing": f"the time of freezing ({freezing})",
        "freezing_bouts": f"the number of bouts of freezing ({freezing})",
        "mean_nearest_neighbour_distance": "the mean over frames of the distance from the centre "
        "to the centre of the nearest other animal",
        "mean_distance_to_region": "the mean over frames of the distance from the centre "
        f"to {place}",
        "time_in_region": f"the time with {inside}",
        "share_of_time": f"the time with {inside}, as a share of the recording's length",
        "visits": f"the number of separate stays of {inside}",
        "mean_visit": f"the mean length of the stays of {inside}",
        "longest_visit": f"the length of the longest stay of {inside}",
        "exits": f"the number of times the centre went out of {place} from inside",
        "latency_censored": f"whether the animal was never seen with {inside}",
        "latency_watched": "the time until the animal was last seen, at which a latency to "
        f"{place} is censored",
        "entries": f"the number of times the centre came into {place} from outside",
        "latency": f"the time until the first frame with {inside}, censored when the animal was "
        "last seen where there was none",
    }
    return f"{measure}: {texts[measure]}" if measure in texts else measure


def _speed(limit: motion.Limit, calibrated: bool) -> str:
    return f"{limit.cm_s:g} cm/s" if calibrated else f"{limit.lengths_s:g} body lengths/s"


def _default(function: object, name: str) -> float:
    import inspect

    return float(inspect.signature(function).parameters[name].default)  # type: ignore[arg-type]


def tell_group(group: Group, unit: str) -> str:
    """One group's numbers: "drug 12.3 ± 1.2 cm (n = 8)"."""
    unit = f" {unit}" if unit else ""
    if group.events is not None:
        median = "not reached" if math.isnan(group.median) else f"{number(group.median)}{unit}"
        return f"{group.name} median {median} (n = {group.n}, {group.events} did)"
    spread = "" if math.isnan(group.sd) else f" ± {number(group.sd)}"
    return f"{group.name} {number(group.mean)}{spread}{unit} (n = {group.n})"


def tell_comparison(found: Comparison) -> str:
    """What came out, as a sentence with the test, p, and the effect with its interval."""
    groups = ", ".join(tell_group(group, found.unit) for group in found.groups)
    parts = []
    if found.test is None:
        parts.append(f"No test: {found.reason}")
    else:
        p = p_text(found.p)
        if found.correction:
            p += f" ({p_text(found.p_adjusted)} corrected by {found.correction})"
        parts.append(f"{found.test.name} ({found.reason}): {found.test.said}, {p}")
    if found.effects:
        parts.append(", ".join(tell_effect(effect, found.confidence) for effect in found.effects))
        if len(found.groups) == 2:
            parts[-1] += f", for {found.contrast}"
    pairs = [
        f"{pair.first} - {pair.second}: {p_text(pair.p_adjusted)}, {tell_effect(pair.effect)}"
        for pair in found.pairs
    ]
    if pairs:
        parts.append(f"pairs by {found.pairs[0].test}, Holm-corrected: {'; '.join(pairs)}")
    return f"{found.measure}: {groups}. {'; '.join(parts)}."


def tell_effect(effect: Effect, confidence: float = 0.95) -> str:
    """An effect with its interval: "Hedges' g = 1.07 [0.05, 2.06]"."""
    unit = f" {effect.unit}" if effect.unit else ""
    if math.isnan(effect.value):
        return f"{effect.name} undefined"
    text = f"{effect.name} = {number(effect.value)}{unit}"
    if math.isnan(effect.low) or math.isnan(effect.high):
        return text
    return f"{text} [{number(effect.low)}, {number(effect.high)}] ({100 * confidence:g} % CI)"


def methods_paragraph(
    comparisons: Sequence[Comparison],
    group_column: str,
    *,
    tracked: Tracked | None = None,
    definitions: Sequence[str] = (),
    unit_of_analysis: str = "the animal",
    software: str = "Ethoscribe",
    more: Mapping[str, str] | None = None,
) -> str:
    """A methods paragraph from what was really done; nothing in it is a guess.

    definitions: one line per measure or behaviour. software: name and version of this program.
    more: other sentences, by topic, put at the end.
    """
    said = [] if tracked is None else [_tracks(tracked, software)]
    if definitions:
        said.append(f"Definitions: {'; '.join(definitions)}.")
    said += [_test(found, group_column) for found in comparisons]
    tested = [found for found in comparisons if found.test]
    if tested:
        said.append(f"All tests were two-sided; the unit of analysis was {unit_of_analysis}.")
    corrections = {found.correction for found in tested if found.correction}
    said += [
        f"P values were corrected for multiple testing ({each})." for each in sorted(corrections)
    ]
    if any(found.pairs for found in tested):
        said.append("P values between pairs of groups were corrected by Holm's method.")
    said += list((more or {}).values())
    said.append(
        f"Computed with {software}, SciPy {version('scipy')} and statsmodels "
        f"{version('statsmodels')}."
    )
    return " ".join(said)


def _tracks(tracked: Tracked, software: str) -> str:
    rates = " and ".join(f"{rate:.5g}" for rate in tracked.fps)
    made = ", ".join(
        f"imported from {name.removeprefix('import:')}"
        if name.startswith("import:")
        else f"made by {software} ({name} segmentation)"
        for name in tracked.segmenters
    )
    scale = {0: "none", tracked.videos: "all"}.get(tracked.calibrated, str(tracked.calibrated))
    text = (
        f"Trajectories of {tracked.animals} animals in {_count(tracked.videos, 'recording')} "
        f"({tracked.duration_s / 60:.4g} min in all, {rates} frames/s) were {made}; {scale} of "
        "the recordings were calibrated."
    )
    if tracked.shares:
        text += (
            f" Animals were found in {100 * float(np.mean(tracked.shares)):.1f} % of the frames on "
            f"average (lowest recording {100 * min(tracked.shares):.1f} %)."
        )
    return text


def _test(found: Comparison, column: str) -> str:
    groups = ", ".join(f"{group.name} n = {group.n}" for group in found.groups)
    if found.test is None:
        return f"{found.measure} by {column} ({groups}) was not tested: {found.reason}."
    effects = " and ".join(dict.fromkeys(effect.name.split(" (")[0] for effect in found.effects))
    text = f"{found.measure} was compared by {column} ({groups}) with {_name(found)}"
    if found.reason != "asked for":
        text += f" ({found.reason})"
    if effects:
        intervals = any(not math.isnan(effect.low) for effect in found.effects)
        within = f" with {100 * found.confidence:g} % confidence intervals" if intervals else ""
        text += f"; effect sizes are {effects}{within}"
    notes = [f" {note[0].upper()}{note[1:]}." for note in found.notes]
    return f"{text}.{''.join(notes)}"


def _name(found: Comparison) -> str:
    """The test with its article, which a name such as Welch's has not."""
    name = found.test.name if found.test else "no test"
    return name if name.split(" ")[0].endswith("'s") else f"the {name}"


def number(value: float) -> str:
    """A number to four digits, with a minus that is one.

    >>> number(1234.56), number(-0.01234)
    ('1235', '-0.01234')
    """
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:.6g}"


def p_text(p: float) -> str:
    """A p value as papers print it.

    >>> p_text(0.0436), p_text(0.00002), p_text(0.5)
    ('p = 0.0436', 'p < 0.001', 'p = 0.5')
    """
    if math.isnan(p):
        return "p undefined"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3g}"


def _count(items: int, noun: str) -> str:
    return f"{items} {noun}" if items == 1 else f"{items} {noun}s"
