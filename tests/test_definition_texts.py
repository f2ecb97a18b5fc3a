"""What decides about a bout is said in its definition: every parameter of every behaviour."""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any

import pytest
from any_scene import Camera

from llm_query.bouts import Bouts
from llm_query.recording import Recording
from llm_query.vocabulary import vocabulary

# a parameter's value that is not its default, in no behaviour
OTHERS = {
    "min_duration_s": 0.37, "max_gap_frames": 7, "window_s": 0.77, "max_distance": 6.5,
    "min_distance": 1.7, "max_angle_deg": 33.0, "min_speed": 3.3, "max_speed": 1.3,
    "within_s": 0.83, "path_s": 0.9, "max_path_distance": 2.2, "merge_gap_s": 0.41,
    "merge_s": 0.41, "max_gap": 0.6, "min_contact_s": 0.27, "lag_s": 0.31, "immobile_below": 0.05,
    "highly_above": 0.2, "max_length": 0.66, "near_wall": 3.3, "reach": 1.1, "min_mobility": 0.06,
    "bridge_s": 0.22, "back_date_s": 0.17, "min_confidence": 0.3, "enter_margin": 0.4,
    "exit_margin": 0.3, "enter_fraction": 0.7, "min_outside_s": 0.43, "max_mobility": 0.2,
    "max_drift": 2.0, "min_animals": 3, "max_relative_speed": 4.0, "stop_speed": 1.1,
    "low": 2.0, "high": 7.0, "within": 4.4, "radius": 4.4, "margin": 0.3, "max_between_s": 1.0,
}  # fmt: skip
GIVEN: dict[str, Any] = {
    "animal": "ann", "a": "ann", "b": "bob", "subject": "ann", "region": "corner",
    "line": "door", "object": "feeder", "within": 3.0, "radius": 3.0, "low": 1.0, "high": 5.0,
    "paw": "left_forepaw", "state": "immobile", "label": "floor",
}  # fmt: skip
WITH_CUT = ("bouts_where", "bouts_when", "scored", "kept_bouts", "learned", "collect", "from_side")
# what decides nothing here: of one point, of another state, of animals without labelled paws
IDLE = {("in_region", "need"), ("mobility_state", "highly_above"), ("grooming", "min_mobility")}
BEHAVIOURS = sorted(n for n, w in vocabulary().items() if w.kind == "bouts" and n not in WITH_CUT)


@cache
def scene() -> Recording:
    return Camera(seed=4).film()


def call(name: str, **changed: float) -> Bouts:
    """The behaviour in the scene, by its defaults but for one parameter."""
    function = vocabulary()[name].function
    needed = {
        each.name: GIVEN.get(each.name)
        for each in inspect.signature(function).parameters.values()
        if each.default is each.empty and each.kind != each.VAR_KEYWORD
    }
    needed |= {"of": "bob"} if name == "in_reach" else {}
    needed |= {"animals": ["ann", "bob", "cat"]} if "animals" in needed else {}
    needed |= {"side": "left"} if "side" in needed else {}
    if name == "head_dips":
        needed |= {"open_arms": "left arm", "closed_arms": "corner", "centre": "disc"}
    found = function(**{**needed, "recording": scene(), **changed})
    assert isinstance(found, Bouts)
    return found


def parameters(name: str) -> list[str]:
    """The numbers that decide about a bout, also those of a rule (**rule)."""
    signature = inspect.signature(vocabulary()[name].function).parameters
    rule: tuple[str, ...] = (
        "min_duration_s",
        "max_gap_frames",
        "enter_margin",
        "exit_margin",
        "min_outside_s",
    )
    more = rule if any(each.kind == each.VAR_KEYWORD for each in signature.values()) else ()
    if name == "outside_region":
        more = ("max_gap_frames", "enter_margin", "exit_margin")
    return [each for each in dict.fromkeys([*signature, *more]) if each in OTHERS]


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_every_number_that_decides_about_a_bout_is_in_its_definition(name: str) -> None:
    usual = call(name)
    assert usual.definition and usual.behaviour
    silent = [
        each
        for each in parameters(name)
        if (name, each) not in IDLE
        and call(name, **{each: OTHERS[each]}).definition == usual.definition
    ]
    assert not silent, f"{name} does not say {', '.join(silent)}: {usual.definition}"
