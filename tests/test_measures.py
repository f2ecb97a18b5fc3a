"""The vocabulary as a whole: complete, documented, and with examples that run."""

import doctest
import inspect
import pkgutil
from importlib import import_module

import numpy as np
import pytest

import llm_query
from llm_query import examples, measures, vocabulary

PROMISED = {
    "speed", "distance_moved", "heading", "acceleration", "body_length", "in_region",
    "outside_region", "enters", "leaves", "time_in_region", "region_entries",
    "latency_to_region", "distance_to_point", "distance_to_region", "distance_to_wall",
    "distance_between", "nearest_neighbour_distance", "near", "contact", "immobile", "moving",
    "speed_between", "facing", "approach", "follow", "chase", "bouts_where",
}  # fmt: skip
MODULES = [
    import_module(f"llm_query.{found.name}") for found in pkgutil.walk_packages(llm_query.__path__)
]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_example_in_the_help_runs_as_printed(module):
    names = {**vocabulary.scope(), "np": np, "example_recording": examples.example_recording}
    names |= vars(module)
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    result = doctest.testmod(module, extraglobs=names, optionflags=options)
    assert result.failed == 0


def test_every_word_can_be_imported_from_measures_and_is_in_scope():
    assert set(measures.__all__) == set(vocabulary.vocabulary()) == set(vocabulary.scope())
    assert set(measures.__all__) >= PROMISED
    assert vocabulary.scope()["speed"] is measures.speed


def test_every_word_says_what_it_is_with_an_example_and_its_unit():
    for name, word in vocabulary.vocabulary().items():
        assert word.summary.endswith("."), name
        assert ">>> " in word.doc, name
        if word.kind in ("bouts", "number", "array") and name != "collect":
            assert next(iter(inspect.signature(word.function).parameters)) == "recording"
        assert word.kind != "other", name
        if word.kind in ("number",):
            assert word.unit, name


def test_units_follow_the_recording():
    words = vocabulary.vocabulary()
    assert words["speed"].unit_for("cm") == "cm/s"
    assert words["distance_moved"].unit_for("px") == "px"
    assert words["region_entries"].unit_for("px") == "count"
    assert words["speed"].signature == "(recording, animal, point='centre', window_s=0.0)"


def test_the_help_lists_one_line_per_word():
    lines = vocabulary.describe("px").splitlines()
    assert len(lines) == len(measures.__all__)
    assert any(line.startswith("speed(recording, animal") and "[px/s]" in line for line in lines)
