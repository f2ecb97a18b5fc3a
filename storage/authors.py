"""Who works in a study, and by which version of the program."""

from __future__ import annotations

import getpass
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.metadata import PackageNotFoundError, version

AUTHOR = "ETHOSCRIBE_AUTHOR"  # who works, for processes that somebody else starts
_TAKE_PART = ("duckdb", "numpy", "pandas", "scipy")
_acting: ContextVar[str | None] = ContextVar("acting", default=None)


@contextmanager
def acting(name: str) -> Iterator[None]:
    """Say who works in this block, where that is not who started the program."""
    before = _acting.set(name)
    try:
        yield
    finally:
        _acting.reset(before)


def act_as(name: str) -> None:
    """Say who works in this thread from now on; empty for nobody in particular."""
    _acting.set(name)


def who() -> str:
    """Who works: as said by `acting`, else by the environment, else whose login it is."""
    told = _acting.get()
    if told is not None:
        return told
    if AUTHOR in os.environ:
        return os.environ[AUTHOR]
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without names
        return ""


@cache
def versions() -> dict[str, str]:
    """Versions of this program and of what computes bouts and tables."""
    found = {"ethoscribe": _version("ethoscribe"), "python": platform.python_version()}
    return found | {name: _version(name) for name in _TAKE_PART}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # a checkout that was not installed
        return "unknown"


def program() -> str:
    """This program and its version, as rows note it."""
    return f"ethoscribe {versions()['ethoscribe']}"
