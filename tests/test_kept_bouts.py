"""Bouts kept in the study, read in an analysis: a person's, and those of saved answers."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from llm_query.errors import QueryError
from llm_query.examples import example_recording
from llm_query.recording import Recording
from llm_query.states import scored
from llm_query.tools import kept_bouts

ROWS = (
    # behaviour, subject, kind, start, stop, source, annotator
    ("freezing", "animal1", "state", 10, 20, "person", "Jin"),
    ("freezing", "animal1", "state", 12, 40, "analysis", None),
    ("freezing", "animal2", "state", 50, 60, "analysis", None),
    ("dig", "animal1", "state", 0, 5, "person", "Jin"),
    ("dig", "animal1", "state", 2, 9, "person", "Sian"),
    ("asleep", "animal1", "state", 100, 110, "analysis", None),
    ("rear", "animal1", "state", 30, 36, "person", "Jin"),
    ("rear", "animal1", "point", 70, 70, "person", "Jin"),
)
NAMES = ("behaviour", "subject", "kind", "start_frame", "stop_frame", "source", "annotator")


@pytest.fixture(scope="module")
def recording() -> Recording:
    columns = {name: [row[at] for row in ROWS] for at, name in enumerate(NAMES)}
    columns["target"] = pa.nulls(len(ROWS), pa.string())
    return replace(example_recording(), kept=pa.table(columns))


def test_scored_is_what_a_person_scored_and_never_a_saved_answer(recording):
    found = scored(recording, "freezing")
    assert found.start_frame.tolist() == [10] and found.stop_frame.tolist() == [20]
    assert scored(recording, "freezing", "animal2").count == 0


def test_a_saved_answer_alone_is_not_scored(recording):
    with pytest.raises(QueryError, match=r"scored: dig, freezing, rear.*kept_bouts"):
        scored(recording, "asleep")


def test_of_two_people_one_is_chosen(recording):
    with pytest.raises(QueryError, match="Jin, Sian"):
        scored(recording, "dig")
    assert scored(recording, "dig", annotator="Sian").start_frame.tolist() == [2]
    assert scored(recording, "dig", "animal1", annotator="Jin").stop_frame.tolist() == [5]
    with pytest.raises(QueryError, match=r"Ada scored no \"dig\" here; there is that of Jin, Sian"):
        scored(recording, "dig", annotator="Ada")


def test_moments_and_stretches_of_one_name_are_not_mixed(recording):
    with pytest.raises(QueryError, match="as moments"):
        scored(recording, "rear")
    assert scored(recording, "rear", kind="state").stop_frame.tolist() == [36]
    moments = scored(recording, "rear", kind="point")
    assert moments.kind == "point" and moments.start_frame.tolist() == [70]
    with pytest.raises(QueryError, match="kept as state, not as 'point'"):
        scored(recording, "freezing", kind="point")


def test_kept_bouts_are_the_saved_answer_s(recording):
    assert kept_bouts(recording, "freezing", "animal1").stop_frame.tolist() == [40]
    assert kept_bouts(recording, "asleep", "animal2").count == 0
    person = kept_bouts(recording, "freezing", "animal1", source="person")
    assert person.stop_frame.tolist() == [20]
    assert kept_bouts(recording, "freezing", "animal1", annotator="Jin").count == 1
    with pytest.raises(QueryError, match="only from analysis, person"):
        kept_bouts(recording, "freezing", "animal1", source="import")


def test_kept_bouts_without_a_saved_answer_are_one_person_s(recording):
    assert kept_bouts(recording, "dig", "animal1", annotator="Sian").start_frame.tolist() == [2]
    with pytest.raises(QueryError, match="Jin, Sian"):
        kept_bouts(recording, "dig", "animal1")
    with pytest.raises(QueryError, match="animal1"):
        kept_bouts(recording, "asleep", "nobody")
