"""The people of a study as the server knows them, and their passwords."""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.errors import AppError
from storage.people import Account, people
from storage.study import DATABASE, StudyBusyError, is_study, open_study

FRESH_S = 2.0  # so long after a change a removed person may still be let in
WAIT_S = 5.0
SHORTEST = 8  # characters of a password
_COST = {"n": 2**15, "r": 8, "p": 1, "maxmem": 2**26}  # 32 MB and 60 ms for each guess
_one_at_a_time = threading.Lock()  # a flood of guesses must not take all memory


@dataclass(frozen=True)
class _Seen:
    state: tuple[int, ...]
    at: float
    people: Mapping[str, Account]


_seen: dict[Path, _Seen] = {}


def accounts(study: Path, wait_s: float = WAIT_S) -> Mapping[str, Account]:
    """Everybody who may enter a study, by name; read anew when the study has changed.

    While a job holds the database, the people of a moment ago count; where they have never been
    read, this waits up to `wait_s` seconds.
    """
    known, now = _seen.get(study), time.monotonic()
    if known and now - known.at < FRESH_S:
        return known.people
    state = _state(study)
    if known is None or state != known.state:
        try:
            known = _Seen(state, now, _read(study, wait_s if known is None else 0.3))
        except StudyBusyError:
            if known is None:
                raise
    _seen[study] = _Seen(known.state, now, known.people)
    return known.people


def forget_accounts(study: Path) -> None:
    """Read the people anew at the next question, as after a change made here."""
    _seen.pop(study, None)


def _read(study: Path, timeout_s: float) -> Mapping[str, Account]:
    if not is_study(study):
        return {}
    with open_study(study, timeout_s=timeout_s) as opened:
        return {account.name: account for account in people(opened)}


def _state(study: Path) -> tuple[int, ...]:
    """What changes whenever the database does."""
    found: list[int] = []
    for name in (DATABASE, f"{DATABASE}.wal"):
        try:
            state = (study / name).stat()
        except OSError:
            continue
        found += [state.st_mtime_ns, state.st_size]
    return tuple(found)


def hash_password(password: str) -> str:
    """What is stored instead of a password (scrypt, its own salt)."""
    if len(password) < SHORTEST:
        raise AppError(f"The password is too short: take {SHORTEST} characters or more.")
    salt = os.urandom(16)
    return f"scrypt${salt.hex()}${_scrypt(password, salt).hex()}"


def is_password(password: str, stored: str | None) -> bool:
    """Whether this is the password; as slow for a name that does not exist."""
    kind, _, rest = (stored or "").partition("$")
    salt, _, right = rest.partition("$")
    if kind != "scrypt":
        _scrypt(password, b"nobody")
        return False
    return hmac.compare_digest(_scrypt(password, bytes.fromhex(salt)).hex(), right)


def _scrypt(password: str, salt: bytes) -> bytes:
    with _one_at_a_time:
        return hashlib.scrypt(password.encode(), salt=salt, **_COST)
