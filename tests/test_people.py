"""The people of a study: roles, passwords, the last owner, and what the command line says."""

import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app import workplace
from app.cli import app as command_line
from app.errors import AppError
from app.server import accounts, identity, people_work
from app.server.identity import Access, NotAllowed, Person
from app.workplace import Workplace
from storage import people
from storage.errors import StudyError
from storage.study import open_study

PASSWORD = "correct horse"


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty study that the server of this test shows."""
    folder = tmp_path / "study"
    with open_study(folder, create=True):
        pass
    monkeypatch.setattr(workplace, "_current", Workplace.of(folder))
    monkeypatch.setattr(identity, "_access", Access())
    return folder


def test_the_first_person_is_an_owner_and_the_last_owner_stays(study: Path) -> None:
    with open_study(study, write=True) as opened:
        with pytest.raises(StudyError, match="--role owner"):
            people.add_person(opened, "Vera", "viewer", "x")
        people.add_person(opened, " Ada ", "owner", "x")
        people.add_person(opened, "Vera", "viewer", "x")
        for name in ("Ada", "ada", "", "   ", "a\nb", "a\x00", "x" * 61):
            with pytest.raises(StudyError):
                people.add_person(opened, name, "viewer", "x")
        with pytest.raises(StudyError, match="choose one of viewer, annotator, owner"):
            people.set_role(opened, "Vera", "king")
        for change in (people.remove_person, lambda s, n: people.set_role(s, n, "viewer")):
            with pytest.raises(StudyError, match="only owner"):
                change(opened, "Ada")
        people.set_role(opened, "Vera", "owner")
        people.remove_person(opened, "Ada")
        people.remove_person(opened, "Vera")
        assert people.people(opened) == []


def test_passwords_are_kept_as_salted_hashes() -> None:
    first, second = accounts.hash_password(PASSWORD), accounts.hash_password(PASSWORD)
    assert first != second and PASSWORD not in first
    assert accounts.is_password(PASSWORD, first)
    for wrong, stored in (("correct hors", first), (PASSWORD, None), ("", first), (PASSWORD, "x")):
        assert not accounts.is_password(wrong, stored)
    with pytest.raises(AppError, match="8 characters"):
        accounts.hash_password("short")


def test_without_people_whoever_is_here_owns_the_study_under_a_typed_name(study: Path) -> None:
    person = identity.who({}, {})
    assert person is not None and person.role == "owner" and not person.signed_in
    named = identity.who({identity.NAME_COOKIE: "J%C3%BCrgen%20%3Cb%3E"}, {})
    assert named is not None and named.name == "Jürgen <b>"
    broken = identity.who({identity.NAME_COOKIE: "%00%0A"}, {})
    assert broken is not None and broken.name == person.name
    identity.choose_access(Access(open=False))
    assert identity.who({}, {}) is None


def test_the_first_person_shuts_the_door_for_the_others(study: Path) -> None:
    assert identity.who({}, {}) is not None
    assert people_work.add(study, "Ada", "owner", PASSWORD) == "Ada may enter as owner."
    assert identity.who({}, {}) is None
    assert people_work.add(study, "Vera", "viewer", PASSWORD) == "Vera may enter as viewer."
    assert people_work.change_role(study, "Vera", "annotator") == "Vera is annotator now."
    assert [one.name for one in people_work.listed(study)] == ["Ada", "Vera"]
    with pytest.raises(AppError, match="old password is wrong"):
        people_work.change_password(study, "Vera", "wrong horse", "another horse")
    assert "Sign in" in people_work.change_password(study, "Vera", PASSWORD, "another horse")
    assert accounts.is_password("another horse", accounts.accounts(study)["Vera"].password)
    assert people_work.remove(study, "Vera") == "Vera may not enter any more."


def test_a_change_by_another_program_is_seen_within_seconds(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "FRESH_S", 0.1)
    assert dict(accounts.accounts(study)) == {}
    with open_study(study, write=True) as opened:
        people.add_person(opened, "Ada", "owner", "x")
    time.sleep(0.15)
    assert list(accounts.accounts(study)) == ["Ada"]


def test_while_a_job_holds_the_study_the_known_people_count(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "FRESH_S", 0.0)
    people_work.add(study, "Ada", "owner", PASSWORD)
    assert list(accounts.accounts(study)) == ["Ada"]

    def busy(*_: object, **__: object) -> None:
        raise accounts.StudyBusyError("in use by somebody")

    monkeypatch.setattr(accounts, "open_study", busy)
    (study / "study.duckdb").touch()
    assert list(accounts.accounts(study)) == ["Ada"]
    accounts.forget_accounts(study)
    with pytest.raises(StudyError, match="in use"):  # never open because it could not be read
        identity.who({}, {})


def test_a_role_includes_those_before_it() -> None:
    viewer, annotator, owner = (Person(role, role) for role in people.ROLES)
    assert [viewer.may(role) for role in people.ROLES] == [True, False, False]
    assert [annotator.may(role) for role in people.ROLES] == [True, True, False]
    assert [owner.may(role) for role in people.ROLES] == [True, True, True]
    with pytest.raises(NotAllowed, match="viewer is a viewer of this study and may look"):
        viewer.need("annotator")


def test_only_this_machine_is_local() -> None:
    local = ["127.0.0.1", "127.8.8.8", "localhost", "LOCALHOST.", "::1", "[::1]"]
    others = ["0.0.0.0", "::", "192.168.1.5", "lab.example", "", "localhost.example"]
    assert [identity.is_local(host) for host in local + others] == [True] * 6 + [False] * 6


def test_the_command_adds_lists_changes_and_removes(tmp_path: Path) -> None:
    run, study = CliRunner(), str(tmp_path / "study")

    def people_command(*words: str, given: str = "") -> tuple[int, str]:
        said = run.invoke(command_line, ["people", *words, "-s", study], input=given)
        return said.exit_code, said.output

    assert people_command("add", "Vera", given=f"{PASSWORD}\n")[0] == 1
    code, said = people_command("add", "Ada", "--role", "owner", given=f"{PASSWORD}\n")
    assert (code, "Everybody signs in from now on" in said) == (0, True)
    assert people_command("add", "Vera", given="short\n")[0] == 1
    assert people_command("add", "Vera, B.", "--role", "viewer", "--no-password")[0] == 0
    assert people_command("role", "Vera, B.", "annotator")[0] == 0
    assert people_command("password", "Vera, B.", given="another horse\n")[0] == 0
    code, said = people_command("list")
    lines = said.splitlines()
    assert (lines[0], lines[2].startswith('"Vera, B.",annotator,')) == ("name,role,added_at", True)
    assert people_command("remove", "Ada")[0] == 1
    assert people_command("remove", "Vera, B.")[0] == 0
    code, said = people_command("remove", "Ada")
    assert (code, "whoever sits at this machine" in said) == (0, True)
