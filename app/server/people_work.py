"""What an owner does with the people of a study from the pages."""

from __future__ import annotations

from pathlib import Path

from app.errors import AppError
from app.server.accounts import accounts, forget_accounts, hash_password, is_password
from storage import people
from storage.people import Account
from storage.study import open_study

WAIT_S = 5.0


def listed(study: Path) -> list[Account]:
    """Everybody, in the order in which they were added."""
    return list(accounts(study).values())


def add(study: Path, name: str, role: str, password: str) -> str:
    """Let a person in; returns what to say."""
    hashed = hash_password(password)
    with open_study(study, write=True, timeout_s=WAIT_S) as opened:
        account = people.add_person(opened, name, role, hashed)
    forget_accounts(study)
    return f"{account.name} may enter as {account.role}."


def change_role(study: Path, name: str, role: str) -> str:
    """Give a person another role; returns what to say."""
    with open_study(study, write=True, timeout_s=WAIT_S) as opened:
        account = people.set_role(opened, name, role)
    forget_accounts(study)
    return f"{account.name} is {account.role} now."


def change_password(study: Path, name: str, old: str, new: str) -> str:
    """Give a person who knows their old password another one; returns what to say."""
    account = accounts(study).get(name)
    if account is None or not is_password(old, account.password):
        raise AppError("The old password is wrong. An owner of the study can set another one.")
    hashed = hash_password(new)
    with open_study(study, write=True, timeout_s=WAIT_S) as opened:
        people.set_password(opened, name, hashed)
    forget_accounts(study)
    return "The password is changed. Sign in with it."


def remove(study: Path, name: str) -> str:
    """Let a person in no longer; returns what to say."""
    with open_study(study, write=True, timeout_s=WAIT_S) as opened:
        people.remove_person(opened, name)
    forget_accounts(study)
    return f"{name} may not enter any more."
