"""Who is asking: the one answer that the pages and the data routes both go by.

Four ways, the first that applies: a header set by a proxy in front (only when switched on by
name), a signed-in person (as soon as the study has people), whoever sits at this machine (no
people, and the server cannot be reached from elsewhere or was opened by name), nobody.
"""

from __future__ import annotations

import getpass
import hashlib
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from app.errors import AppError
from app.server.accounts import accounts
from app.server.sign_in_cookie import SESSION, read_session
from app.workplace import workplace
from storage.people import ROLES, StudyError, check_name

NAME_COOKIE = "ethoscribe_name"
START_WAIT_S = 120.0  # for a job that stores its results while the server starts
# What an edit needs, by the first part of its kind; everything else is for owners.
EDIT_ROLES = {"bouts": "annotator", "tracks": "annotator", "labels": "annotator"}
MAY = {
    "viewer": "look at everything",
    "annotator": "look, score behaviour and correct tracks",
    "owner": "do everything: set up, track, manage people",
}


class NotAllowed(AppError):
    """Somebody without the right role asked for something."""


@dataclass(frozen=True)
class Person:
    """Who is asking, and in which role."""

    name: str
    role: str  # viewer, annotator or owner
    signed_in: bool = False  # by a password or a proxy, not only by a typed name

    def may(self, role: str) -> bool:
        """Whether this person may do what needs `role`.

        >>> Person("Ada", "annotator").may("viewer"), Person("Ada", "annotator").may("owner")
        (True, False)
        """
        return ROLES.index(self.role) >= ROLES.index(role)

    def need(self, role: str) -> None:
        """Raise NotAllowed unless this person may do what needs `role`."""
        if not self.may(role):
            raise NotAllowed(
                f"{self.name} is a {self.role} of this study and may {MAY[self.role]}. "
                f"This needs the role {role}: ask an owner of the study."
            )


class Organisation(Protocol):
    """Signing in by the lab's organisation (see app.views.organisation)."""

    def email_of(self, cookies: Mapping[str, str], /) -> str | None: ...
    def login_address(self) -> str: ...


@dataclass(frozen=True)
class Access:
    """How this server lets people in where the study has no people of its own."""

    open: bool = True  # whoever can reach the server owns the study
    header: str | None = None  # name of the header in which a proxy says who it is
    organisation: Organisation | None = None  # reads the cookie of st.login, where it is set up


_access = Access()


def choose_access(access: Access) -> None:
    """Set how this server lets people in; `app.server.serve` does this once."""
    global _access
    _access = access


def access() -> Access:
    """How this server lets people in."""
    return _access


def is_local(host: str) -> bool:
    """Whether a server at this address can be reached from its own machine only."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def check_access(study: Path, host: str, access: Access) -> None:
    """Refuse to start a server that strangers could use, with the way out."""
    people = accounts(study, START_WAIT_S)
    if access.header and not is_local(host):
        raise AppError(
            f"A header can be forged by whoever reaches {host}. With --identity-header, serve on "
            "127.0.0.1 and put the proxy on this machine."
        )
    if access.header and not people:
        raise AppError(
            "With --identity-header the study needs people, so that their roles are known: "
            "ethoscribe people add NAME --role owner --no-password"
        )
    if not people and not is_local(host) and not access.open:
        raise AppError(
            f"Everybody who reaches {host} could change this study. Add people first (ethoscribe "
            "people add NAME --role owner), or say --open if that is what you want."
        )


def who(cookies: Mapping[str, str], headers: Mapping[str, str]) -> Person | None:
    """The person behind a request or a page; None when they must sign in first."""
    study = workplace().study
    people = accounts(study)
    if _access.header:
        account = people.get(headers.get(_access.header) or "")
        return Person(account.name, account.role, True) if account else None
    if people:
        account = read_session(study, cookies.get(session_cookie(study), ""), people)
        if account is None and _access.organisation is not None:
            account = people.get(_access.organisation.email_of(cookies) or "")
        return Person(account.name, account.role, True) if account else None
    return Person(typed_name(cookies), "owner") if _access.open else None


def session_cookie(study: Path) -> str:
    """The cookie's name: cookies do not know ports, so two studies must not share one."""
    return SESSION.format(study=hashlib.sha256(str(study).encode()).hexdigest()[:10])


def typed_name(cookies: Mapping[str, str]) -> str:
    """The name that a person gave in this browser, or that of the account the server runs in."""
    try:
        return check_name(unquote(cookies.get(NAME_COOKIE, "")))
    except StudyError:
        pass
    try:
        return check_name(getpass.getuser())
    except (StudyError, OSError, KeyError):
        return "me"


def role_for_edit(kind: str, data: Mapping[str, object]) -> str:
    """The role that one edit needs.

    >>> role_for_edit("bouts.add", {}), role_for_edit("regions.save", {})
    ('annotator', 'owner')
    >>> role_for_edit("undo", {"scope": "bouts"}), role_for_edit("undo", {"scope": "setup"})
    ('annotator', 'owner')
    """
    scope = data.get("scope") if kind in ("undo", "redo") else kind.split(".")[0]
    return EDIT_ROLES.get(str(scope), "owner")


def is_same_origin(headers: Mapping[str, str]) -> bool:
    """Whether a request that changes something comes from a page of this very server.

    The browser says so itself; the Origin header decides where it does not.
    """
    site = headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        return False
    origin, host = headers.get("origin"), headers.get("host")
    if origin is None:
        return site == "same-origin"
    return bool(host) and urlsplit(origin).netloc.lower() == str(host).lower()
