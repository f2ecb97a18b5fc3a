"""Definitions in a study: every version whole and for ever; turns in their order."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from test_storage_schema import make
from test_study import start

from storage import schema
from storage.errors import StudyError
from storage.memory import (
    StoredDefinition,
    StoredTurn,
    current_definitions,
    definition_versions,
    find_version,
    forget_definition,
    read_turns,
    save_definition,
    save_turn,
)
from storage.study import Study, open_study

CHASE = StoredDefinition(
    "chase", "both run, \"close\" <|x|> 'é' 40 µm", "def chase(r):\n    return 1", ("pursuit",),
    {"max_cm": 5.0, "of": ["a", None]}, ("speeding",), "Ana",
)  # fmt: skip


def changed(one: StoredDefinition, **facts) -> StoredDefinition:
    return StoredDefinition(**(vars(one) | facts))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with open_study(tmp_path / "s", create=True):
        pass
    return tmp_path / "s"


def save(study: Study, one: StoredDefinition, **how) -> StoredDefinition:
    return save_definition(study, one, **how)


def test_what_is_saved_is_found_again_whole(folder):
    with open_study(folder, write=True) as study:
        kept = save(study, CHASE)
    with open_study(folder) as study:
        assert current_definitions(study) == [kept]
    assert (kept.definition_id, kept.version, kept.meaning_since) == (1, 1, 1)
    assert changed(kept, definition_id=0, version=0, meaning_since=0, created_at=None) == CHASE
    assert abs((datetime.now(UTC) - kept.created_at).total_seconds()) < 60


def test_versions_are_kept_and_only_the_last_is_in_use(folder):
    with open_study(folder, write=True) as study:
        one = save(study, CHASE)
        two = save(study, changed(one, text="closer than 3 cm"))
        three = save(study, changed(two, name="hunt"), same_meaning=True)
        assert [two.version, three.version] == [2, 3]
        assert [two.meaning_since, three.meaning_since] == [2, 2]
        assert current_definitions(study) == [three]
        assert definition_versions(study, "chase") == [one, two, three]
        assert find_version(study, "chase", 1).text == CHASE.text


def test_a_name_and_a_version_are_never_used_twice(folder):
    with open_study(folder, write=True) as study:
        one = save(study, CHASE)
        save(study, changed(one, name="hunt"), same_meaning=True)
        again = save(study, StoredDefinition("chase", "something else"))
        assert (again.definition_id, again.version) == (2, 2)
        forget_definition(study, 2)
        anew = save(study, StoredDefinition("chase", "a third thing"))
        assert (anew.definition_id, anew.version) == (3, 3)
        pairs = study.rows("SELECT name, version FROM definitions")
        assert len(set(pairs)) == len(pairs) == 4
        assert find_version(study, "chase", 2).text == "something else"


def test_what_is_forgotten_is_out_of_use_and_still_there(folder):
    with open_study(folder, write=True) as study:
        one = save(study, CHASE)
        other = save(study, StoredDefinition("huddle", "close"))
        forget_definition(study, one.definition_id)
        assert current_definitions(study) == [other]
        assert find_version(study, "chase", 1).forgotten_at is not None


def test_a_version_that_never_was_is_told_with_those_that_were(folder):
    with open_study(folder, write=True) as study:
        save(study, CHASE)
        with pytest.raises(StudyError, match=r"no definition 'chase' version 7.*chase version 1"):
            find_version(study, "chase", 7)
        with pytest.raises(StudyError, match="none of this name"):
            find_version(study, "huddle", 1)
        with pytest.raises(StudyError, match="needs a name"):
            save(study, StoredDefinition(" "))


def test_turns_come_back_in_order_with_the_versions_they_used(folder):
    with open_study(folder, write=True) as study:
        save(study, CHASE)
        for k in range(5):
            save_turn(
                study,
                StoredTurn(
                    f"question {k}", "4 times", "code", (("chase", 1), ("rest", 0)),
                    conversation="a" if k < 4 else "b", model="m", prompt_tokens=k,
                ),
            )  # fmt: skip
        save_turn(study, StoredTurn("nothing used", conversation="a"))
    with open_study(folder) as study:
        found = read_turns(study, "a", last=3)
        assert [one.question for one in found] == ["question 2", "question 3", "nothing used"]
        assert [one.definitions for one in found] == [(("chase", 1), ("rest", 0))] * 2 + [()]
        assert (found[0].prompt_tokens, found[0].completion_tokens) == (2, None)
        assert found[0].model == "m" and found[0].asked_at.tzinfo is UTC
        assert read_turns(study) == [] and len(read_turns(study, "b")) == 1


def test_the_last_use_is_that_of_any_version_under_any_name(folder):
    early, late = (datetime(2026, 3, day, tzinfo=UTC) for day in (1, 2))
    with open_study(folder, write=True) as study:
        one = save(study, CHASE)
        assert one.last_used_at is None
        for at in (late, early):
            save_turn(study, StoredTurn("?", definitions=(("chase", 1),), asked_at=at))
        save(study, changed(one, name="hunt"), same_meaning=True)
        assert current_definitions(study)[0].last_used_at == late


def test_two_processes_that_define_at_once_make_two_versions(folder):
    code = """
    from storage.memory import *
    for k in range(5):
        with open_study(sys.argv[1], write=True) as study:
            known = current_definitions(study)
            number = known[0].definition_id if known else 0
            save_definition(study, StoredDefinition("chase", sys.argv[2] + str(k),
                                                    definition_id=number))
    """
    processes = [start(code, folder, who) for who in ("a", "b")]
    for process in processes:
        error = process.communicate(timeout=60)[1]
        assert process.returncode == 0, error
    with open_study(folder) as study:
        versions = definition_versions(study, "chase")
        assert [one.version for one in versions] == list(range(1, 11))
        assert {one.text for one in versions} == {f"{who}{k}" for who in "ab" for k in range(5)}
        assert [one.version for one in current_definitions(study)] == [10]


def test_a_study_of_before_is_brought_up_to_date(tmp_path, monkeypatch):
    before = tmp_path / "migrations"
    before.mkdir()
    for file in sorted(schema.MIGRATIONS.glob("000[2345]_*.sql")):
        (before / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    now = schema.MIGRATIONS
    monkeypatch.setattr(schema, "MIGRATIONS", before)
    older = make(tmp_path / "s")
    with open_study(older) as study:
        assert schema.version(study.connection) == 5
    monkeypatch.setattr(schema, "MIGRATIONS", now)
    with open_study(older) as study:
        assert schema.version(study.connection) == schema.latest() >= 6
        assert current_definitions(study) == [] == read_turns(study)
    with open_study(older, write=True) as study:
        assert save(study, CHASE).version == 1
