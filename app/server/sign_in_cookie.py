"""The cookie of a signed-in person: name, end and number of the session, signed.

The key of the signature holds the person's password hash too, so that a new password ends every
session made with the old one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from app.errors import AppError
from app.server.ended_sessions import end, ended_sessions
from storage.people import Account

SESSION = "ethoscribe_session_{study}"
LASTS_S = 12 * 3600.0  # a long day in the lab
KEY_FILE = "sign_in.key"
KEY_VARIABLE = "ETHOSCRIBE_SECRET"


def new_session(study: Path, account: Account, now_s: float | None = None) -> str:
    """The value of the cookie for a person who has just signed in."""
    until = (time.time() if now_s is None else now_s) + LASTS_S
    body = _text(json.dumps([account.name, int(until), secrets.token_hex(16)]).encode())
    return f"{body}.{_signature(study, body, account)}"


def read_session(study: Path, value: str, people: Mapping[str, Account]) -> Account | None:
    """The person of a cookie; None when it is forged, out of date or signed out."""
    body, _, signature = value.partition(".")
    facts = _facts(body)
    if facts is None:
        return None
    name, until, number = facts
    account = people.get(name)
    if account is None or until < time.time() or number in ended_sessions(study):
        return None
    right = _signature(study, body, account)
    return account if hmac.compare_digest(right.encode(), signature.encode()) else None


def end_session(study: Path, value: str, people: Mapping[str, Account]) -> None:
    """Refuse this session from now on, wherever a copy of its cookie may be.

    What nobody here has signed is refused anyway, and is not written down.
    """
    facts = _facts(value.partition(".")[0])
    if facts is not None and read_session(study, value, people) is not None:
        end(study, facts[2], facts[1])


def end_cookie(study: Path, value: str) -> None:
    """Refuse a true cookie that was not made here from now on."""
    if value:
        end(study, _digest(value), time.time() + LASTS_S)


def is_ended(study: Path, value: str) -> bool:
    """Whether somebody has signed out of the session of such a cookie."""
    return _digest(value) in ended_sessions(study)


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def _facts(body: str) -> tuple[str, float, str] | None:
    try:
        name, until, number = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (ValueError, TypeError):
        return None
    right = isinstance(name, str) and isinstance(until, int) and isinstance(number, str)
    return (name, until, number) if right else None


def _signature(study: Path, body: str, account: Account) -> str:
    key = _key(study) + (account.password or "").encode()
    return _text(hmac.new(key, body.encode(), hashlib.sha256).digest())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _key(study: Path) -> bytes:
    given = os.environ.get(KEY_VARIABLE, "")
    if given and len(given) < 32:
        raise AppError(f"{KEY_VARIABLE} is too short: give 32 characters or more.")
    return given.encode() if given else _kept_key(study / KEY_FILE)


@lru_cache(maxsize=8)
def _kept_key(path: Path) -> bytes:
    """The study's own key, made at the first sign-in; nobody else on this machine may read it."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    else:
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32))
    key = path.read_bytes().strip()
    if len(key) < 32:
        raise AppError(f"{path} is no key. Delete it; everybody then signs in anew.")
    return key
