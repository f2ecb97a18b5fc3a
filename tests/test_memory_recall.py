"""Definitions are there when they are needed, up to 199 turns later, in a context of 4,000 tokens.

The conversations are those of `make bench`; the memories are compared in the same run.
"""

import statistics

import pytest
from benchmarks import memory_recall
from benchmarks.memory_recall import KINDS, SEEDS, Conversation, Score, concepts, distractors

from llm_query.remembering.definitions import Definition
from llm_query.remembering.recall import mentioned


@pytest.fixture(scope="module")
def scores() -> dict[str, Score]:
    """Every memory on the same conversations."""
    return memory_recall.measure(range(SEEDS))


def test_what_is_needed_is_recalled(scores):
    ours = scores["handbook and window"]
    assert len(ours.hits) == 1600
    assert ours.recall() >= 0.97
    assert ours.recall(from_turns=150) >= 0.98
    assert max(ours.distances) == 199 and sum(d >= 150 for d in ours.distances) > 300
    for kind in ("symbol", "word", "inflection", "alias"):
        assert ours.recall(kind) == 1.0
    assert min(ours.recall(kind) for kind in KINDS) >= 0.93


def test_no_prompt_shows_an_older_meaning_or_is_too_long(scores):
    ours = scores["handbook and window"]
    assert (ours.stale, ours.over_budget) == (0, 0)
    assert scores["window only"].stale > 100  # the conversations do tempt


def test_recall_is_cheap(scores):
    ours = scores["handbook and window"]
    assert statistics.median(ours.costs) <= 80
    assert statistics.mean(ours.costs) <= 80
    idle = [cost > 0 for cost in ours.idle_costs]
    assert sum(idle) / len(idle) < 0.2 and statistics.mean(ours.idle_costs) < 10


def test_simpler_memories_forget(scores):
    assert scores["window only"].recall() < 0.1
    assert scores["two turns"].recall() < 0.05
    assert scores["symbols, two turns"].recall() < 0.3


def test_the_conversations_are_fair():
    known = [Definition(one.name, (one.alias,)) for one in concepts()]
    for one in concepts():
        for _, described in one.descriptions:
            assert mentioned(described, known) == [], described
    for question in distractors():
        assert mentioned(question, known) == [], question


def test_a_conversation_is_the_same_for_the_same_seed_and_redefines():
    talks = [Conversation(seed) for seed in (1, 1, 2)]
    said = [[talk.say(turn) for turn in range(memory_recall.TURNS)] for talk in talks]
    assert said[0] == said[1] != said[2]
    assert sum(len(versions) > 1 for versions in talks[0].handbook.values()) == 6
    assert len(talks[0].old()) >= 6
    for versions in talks[0].handbook.values():
        named = {one.name: one.alias for one in concepts()}
        assert {(one.name, one.aliases) for one in versions} == {
            (versions[0].name, (named[versions[0].name],))
        }


def test_descriptions_that_nothing_was_fitted_to_are_recalled():
    assert len(memory_recall.unseen()) >= 60
    known = [Definition(one.name, (one.alias,)) for one in concepts()]
    for name, _, question in memory_recall.unseen():
        assert name not in [one.name for one in mentioned(question, known)], question
    for size, least in ((memory_recall.CONCEPTS, 0.92), (len(concepts()), 0.9)):
        share, tokens, missed = memory_recall.recall_unseen(range(2), size)
        assert share >= least and tokens <= 80, missed
