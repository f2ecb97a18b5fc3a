"""Kept answers have versions, and the latest is the one that runs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.analyses import analyses, find_analysis, keep
from storage.study import Study, StudyError, open_study


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Study]:
    with open_study(tmp_path, create=True) as opened:
        yield opened


def test_a_kept_answer_comes_back_with_everything_that_made_it(study: Study) -> None:
    code = 'def analyse(recording):\n    return {"it\'s": "größer"}\n'
    keep(
        study, "dwell", "how long?", code,
        assumptions=["a is 1", 'b is "2"'], ignored=["please"], model="qwen",
    )  # fmt: skip
    found = find_analysis(study, "dwell")
    assert (found.analysis_id, found.name, found.version) == (1, "dwell", 1)
    assert (found.question, found.code, found.model) == ("how long?", code, "qwen")
    assert found.assumptions == ["a is 1", 'b is "2"'] and found.ignored == ["please"]
    assert abs(datetime.now(UTC) - found.created_at) < timedelta(minutes=1)


def test_another_code_is_another_version_and_the_same_is_not(study: Study) -> None:
    assert [keep(study, "dwell", "q", code) for code in ("1", "1", "2", "2", "1")] == [
        1, 1, 2, 2, 3,
    ]  # fmt: skip
    assert keep(study, "dwell", "another question", "1") == 4
    assert keep(study, "other", "q", "1") == 1
    assert find_analysis(study, "dwell").version == 4
    assert find_analysis(study, "dwell", version=2).code == "2"
    assert [one.name for one in analyses(study)] == ["dwell"] * 4 + ["other"]


def test_answers_without_a_name_are_all_kept(study: Study) -> None:
    assert [keep(study, name, "q", "code") for name in (None, None, "")] == [1, 1, 1]
    assert [one.name for one in analyses(study)] == [None, None, None]


def test_an_unknown_answer_lists_the_known_ones(study: Study) -> None:
    with pytest.raises(StudyError, match=r"'dwell'. It has: none, keep one with --save."):
        find_analysis(study, "dwell")
    for name in ("b", "a", None):
        keep(study, name, "q", "code")
    with pytest.raises(StudyError, match=r"no kept answer 'dwell'. It has: a, b."):
        find_analysis(study, "dwell")
    with pytest.raises(StudyError, match="no kept answer 'a version 2'"):
        find_analysis(study, "a", version=2)
