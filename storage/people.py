"""The people of a study: who may enter it, and in which role."""

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime

from storage.errors import StudyError
from storage.study import Study

__all__ = [
    "ROLES", "Account", "StudyError", "add_person", "check_name", "people", "remove_person",
    "set_password", "set_role",
]  # fmt: skip

ROLES = ("viewer", "annotator", "owner")  # each may do what those before it may
LONGEST = 60  # characters of a name


@dataclass(frozen=True)
class Account:
    """One person of a study."""

    name: str
    role: str  # viewer, annotator or owner
    password: str | None  # its hash; None where a proxy says who somebody is
    added_at: datetime  # UTC


def people(study: Study) -> list[Account]:
    """Everybody, in the order in which they were added."""
    rows = study.rows("SELECT name, role, password, added_at FROM people ORDER BY added_at, name")
    return [
        Account(name, role, password, added_at.replace(tzinfo=UTC))
        for name, role, password, added_at in rows
    ]


def add_person(study: Study, name: str, role: str, password: str | None) -> Account:
    """Let a person in; `password` is the hash of theirs. The first one must be an owner."""
    name, everybody = check_name(name), people(study)
    _check_role(role)
    if name.casefold() in {account.name.casefold() for account in everybody}:
        raise StudyError(f"'{name}' is in this study already: choose another name.")
    if not everybody and role != "owner":
        raise StudyError(
            f"The first person of a study must be able to manage it: add '{name}' with --role "
            "owner, or add an owner first."
        )
    now = datetime.now(UTC).replace(tzinfo=None)
    study.rows("INSERT INTO people VALUES (?, ?, ?, ?)", [name, role, password, now])
    return _find(study, name)


def set_role(study: Study, name: str, role: str) -> Account:
    """Give a person another role; the last owner stays one."""
    account = _find(study, name)
    _check_role(role)
    if role != "owner":
        _keep_an_owner(study, account, "another role")
    study.rows("UPDATE people SET role = ? WHERE name = ?", [role, account.name])
    return _find(study, name)


def set_password(study: Study, name: str, password: str | None) -> Account:
    """Give a person another password, as its hash; sessions made with the old one end."""
    account = _find(study, name)
    study.rows("UPDATE people SET password = ? WHERE name = ?", [password, account.name])
    return _find(study, name)


def remove_person(study: Study, name: str) -> None:
    """Let a person in no longer; what they scored stays. The last owner goes last."""
    account = _find(study, name)
    if len(people(study)) > 1:
        _keep_an_owner(study, account, "leave")
    study.rows("DELETE FROM people WHERE name = ?", [account.name])


def check_name(name: str) -> str:
    """The name as it is kept; control characters and empty or endless names are refused."""
    kept = unicodedata.normalize("NFC", name).strip()
    if not kept or len(kept) > LONGEST or not kept.isprintable():
        raise StudyError(
            f"{kept[:LONGEST]!r} cannot be a person's name: give 1 to {LONGEST} letters."
        )
    return kept


def _find(study: Study, name: str) -> Account:
    everybody = people(study)
    for account in everybody:
        if account.name == name.strip():
            return account
    known = ", ".join(account.name for account in everybody) or "nobody yet"
    raise StudyError(f"The study has no person '{name}'. It has: {known}.")


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise StudyError(f"There is no role '{role}': choose one of {', '.join(ROLES)}.")


def _keep_an_owner(study: Study, account: Account, doing: str) -> None:
    owners = [other for other in people(study) if other.role == "owner"]
    if account.role == "owner" and len(owners) == 1:
        raise StudyError(
            f"'{account.name}' is the only owner ({doing} is not possible): make somebody else "
            "an owner first."
        )
