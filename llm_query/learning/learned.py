"""Behaviours learned from a person's scored bouts, applied like any other behaviour."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from llm_query.bouts import Bouts, collect
from llm_query.errors import QueryError
from llm_query.learning import features as features_module
from llm_query.learning.trained import Decision, LearnedBehaviour
from llm_query.learning.trained import rule as rule
from llm_query.recording import Recording
from llm_query.vocabulary import word

behaviour_features = word()(features_module.behaviour_features)


@word()
def learned(
    recording: Recording,
    behaviour: str,
    animal: str,
    target: str | None = None,
    *,
    min_probability: float | None = None,
    min_duration_s: float | None = None,
    merge_gap_s: float | None = None,
    version: int | None = None,
) -> Bouts:
    """Bouts of a behaviour that was learned from a person's scored bouts.

    behaviour: the name given to `ethoscribe learn`. target: the other animal of a behaviour that is
    done to one; without it, bouts towards every other animal. min_probability: a frame counts from
    here on, 0 to 1. min_duration_s: shorter bouts are left out, in seconds. merge_gap_s: gaps up to
    so many seconds are joined. These three are by default as chosen in cross-validation. version:
    by default the latest. Where the animal was not seen it is unknown.

    Source: ours; a random forest on measures of this vocabulary, as in JAABA and SimBA, with
    probabilities calibrated and thresholds chosen on videos that the model had not seen.

    >>> fast = rule("fast", "speed", above=1.0, length_unit="body lengths (outline)")
    >>> recording = with_learned(example_recording(), fast)
    >>> learned(recording, "fast", "animal1").start_frame.tolist()
    [0]
    """
    found = find_learned(recording, behaviour, version)
    if found.target_kind == "animal" and target is None:
        others = [other for other in recording.animals if other != animal]
        if not others:
            raise QueryError(f"{animal} is alone in {recording.video}: nobody to {behaviour}.")
        return collect(
            learned(
                recording, behaviour, animal, other, min_probability=min_probability,
                min_duration_s=min_duration_s, merge_gap_s=merge_gap_s, version=version,
            )
            for other in others
        )  # fmt: skip
    asked = {
        "min_probability": min_probability,
        "min_duration_s": min_duration_s,
        "merge_gap_s": merge_gap_s,
    }
    decision: Decision = replace(
        found.decision, **{key: value for key, value in asked.items() if value is not None}
    )
    probability = found.probability(recording, animal, target)
    bouts = decision.bouts(recording, probability, animal, target)
    return bouts.named(behaviour, found.definition(decision))


@word("fraction")
def learned_probability(
    recording: Recording,
    behaviour: str,
    animal: str,
    target: str | None = None,
    *,
    version: int | None = None,
) -> np.ndarray:
    """How likely the animal does a learned behaviour in every frame, 0 to 1.

    Calibrated: of all frames with 0.8, a person would score about 80 % (on videos like the ones it
    was learned from). behaviour, target, version: as in learned; NaN where it could not be told.

    Source: ours; isotonic or logistic calibration (Platt 1999) on frames the model had not seen.

    >>> fast = rule("fast", "speed", above=1.0, length_unit="body lengths (outline)")
    >>> recording = with_learned(example_recording(), fast)
    >>> learned_probability(recording, "fast", "animal1")[[10, 120]].tolist()
    [1.0, 0.0]
    """
    return find_learned(recording, behaviour, version).probability(recording, animal, target)


def find_learned(
    recording: Recording, behaviour: str, version: int | None = None
) -> LearnedBehaviour:
    """The recording's learned behaviour of this name: the latest version, or the one asked for."""
    fits = [
        one for one in recording.learned if one.name == behaviour and version in (None, one.version)
    ]
    if fits:
        return max(fits, key=lambda one: one.version)
    known = ", ".join(f"{one.name} (version {one.version})" for one in recording.learned)
    asked = f'"{behaviour}"' + (f" version {version}" if version is not None else "")
    raise QueryError(
        f"No behaviour {asked} has been learned in this study (learned: {known or 'nothing yet'}). "
        "Score some bouts by hand, then: ethoscribe learn BEHAVIOUR"
    )


def named_behaviours(code: str) -> list[str] | None:
    """The learned behaviours that analysis code names; None if it may be any of them.

    >>> named_behaviours('learned(recording, "chase", "animal1")'), named_behaviours("speed")
    (['chase'], [])
    """
    calls = len(re.findall(r"\blearned(?:_probability)?\s*\(", code))
    pattern = r"""\blearned(?:_probability)?\s*\(\s*\w+\s*,\s*(?:behaviour\s*=\s*)?(["'])(.*?)\1"""
    names = [found[1] for found in re.findall(pattern, code)]
    return list(dict.fromkeys(names)) if len(names) == calls else None


def with_learned(recording: Recording, *behaviours: LearnedBehaviour) -> Recording:
    """The same recording, knowing these learned behaviours too."""
    return replace(recording, learned=(*recording.learned, *behaviours))
