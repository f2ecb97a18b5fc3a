"""Answers about animals that were never seen: nobody knows, which is neither never nor zero."""

from __future__ import annotations

import numpy as np
import pytest

from llm_query.geometry import Region
from llm_query.places.zones import in_region
from llm_query.recording import Recording
from llm_query.results import summarise
from llm_query.social.contacts import near
from llm_query.states import collect

KEYS = ("count", "total_s", "percent", "latency_s", "mean_s")


@pytest.fixture(scope="module")
def recording() -> Recording:
    """10 s at 10 frames/s: m is seen to 4 s outside of the pit, ghost never."""
    here, gone = np.full((100, 2), 5.0), np.full((100, 2), np.nan)
    here[40:] = np.nan
    pit = Region("pit", "rectangle", np.array([[20, 20], [29, 29]]))
    return Recording.synthetic({"m": here, "ghost": gone}, fps=10, regions=[pit])


def test_an_animal_that_was_never_seen_has_no_numbers(recording):
    answer = summarise(in_region(recording, "ghost", "pit"))
    assert all(np.isnan(answer["numbers"][key]) for key in KEYS)
    assert answer["text"] == "ghost was never seen so that 'in pit' could be told."
    assert not answer["table"]["censored"].any()


def test_an_animal_that_was_seen_elsewhere_never_did_it(recording):
    both = collect(in_region(recording, "m", "pit"), in_region(recording, "ghost", "pit"))
    answer = summarise(both, also=["latency_s"])
    assert answer["numbers"]["m count"] == 0 and answer["numbers"]["m total_s"] == 0
    assert np.isnan(answer["numbers"]["ghost count"])
    assert answer["text"].startswith("m was never in the pit (censored at 10.0 s). ghost was never")
    assert answer["table"]["censored"].tolist() == [True, False]


def test_it_holds_for_the_part_that_was_asked(recording):
    inside = in_region(recording, "m", "pit")
    assert summarise(inside, 3, 6)["numbers"]["count"] == 0
    late = summarise(inside, 5, 9)
    assert np.isnan(late["numbers"]["count"])
    assert late["text"] == "m was never seen in the period so that 'in pit' could be told."


def test_a_pair_is_never_seen_where_one_of_them_is_not(recording):
    text = summarise(near(recording, "m", "ghost", 5))["text"]
    assert text.startswith("m and ghost were never seen so that 'near")
