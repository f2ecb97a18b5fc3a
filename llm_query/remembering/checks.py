"""What may be remembered: names that can be recalled, meanings that say something, no circles."""

from __future__ import annotations

import ast
import getpass
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from llm_query.errors import QueryError
from llm_query.remembering.definitions import Definition, terms
from llm_query.remembering.recall import chain, find_name, mentioned
from llm_query.remembering.synonyms import FUNCTION_WORDS
from storage.memory import StoredDefinition

LONGEST_NAME = 60  # characters
LONGEST_TEXT = 4000
LONGEST_CODE = 20_000


def check_name(name: str) -> str:
    """Give the name without decoration (`<|chase|>`, quotes), or say why it can be none.

    >>> check_name(' <|open arm|> ')
    'open arm'
    """
    plain = " ".join(name.replace("<|", " ").replace("|>", " ").strip(" \t\n\"'`“”‘’").split())
    words = terms(plain)
    if not any(letter.isalpha() for word in words for letter in word):
        raise QueryError(f"'{name}' can be no name of a definition: use a word or a few.")
    if len(plain) > LONGEST_NAME or any(sign in plain for sign in "<>|"):
        raise QueryError(
            f"The name '{plain[:LONGEST_NAME]}' must have at most {LONGEST_NAME} characters and "
            "none of < > |."
        )
    if all(word in FUNCTION_WORDS for word in words):
        raise QueryError(
            f"'{plain}' is in nearly every question, so it cannot be the name of a definition: "
            "choose another."
        )
    return plain


def as_definition(one: StoredDefinition) -> Definition:
    return Definition(
        one.name, one.aliases, one.text, one.code, dict(one.parameters or {}), one.depends_on,
        one.version, one.author, one.created_at, one.last_used_at, one.meaning_since,
    )  # fmt: skip


def known_as(name: str, stored: Sequence[StoredDefinition]) -> StoredDefinition | None:
    """Find the definition that has this name or an inflection of it; not by its aliases.

    A name in -ed is one of its own: being chased is not chasing.
    """
    nameless = [replace(one, aliases=()) for one in stored]
    found = find_name(name, [as_definition(one) for one in nameless if _is_name(name, one)])
    return next((one for one in stored if found is not None and one.name == found.name), None)


def _is_name(name: str, one: StoredDefinition) -> bool:
    known = find_name(name, [as_definition(one)])
    same = any(terms(name) == terms(each) for each in (one.name, *one.aliases))
    return same or (known is not None and not name.endswith("ed"))


def find_stored(name: str, stored: Sequence[StoredDefinition]) -> StoredDefinition:
    found = find_name(name, [as_definition(one) for one in stored])
    for one in stored:
        if found is not None and one.name == found.name:
            return one
    known = ", ".join(one.name for one in stored) or "none yet"
    raise QueryError(f"The study has no definition '{name}'. It has: {known}.")


def merge(
    old: StoredDefinition,
    text: str | None,
    code: str | None,
    aliases: Sequence[str] | None,
    parameters: Mapping[str, Any] | None,
) -> StoredDefinition:
    new = old
    if text is not None and text.strip() != old.text:
        new = replace(new, text=text.strip(), code="", parameters={})
    if code is not None:
        new = replace(new, code=code.strip())
    if aliases is not None:
        new = replace(new, aliases=tuple(dict.fromkeys(check_name(one) for one in aliases)))
    if parameters is not None:
        new = replace(new, parameters=dict(parameters))
    return new


def check(new: StoredDefinition, others: Sequence[StoredDefinition]) -> None:
    """Refuse what says nothing, is too long, is no Python, or takes a name from another."""
    if not new.text and not new.code:
        raise QueryError(f"Say what '{new.name}' means: a text, or code that computes it.")
    if len(new.text) > LONGEST_TEXT or len(new.code) > LONGEST_CODE:
        raise QueryError(
            f"The definition of '{new.name}' is too long: at most {LONGEST_TEXT} characters of "
            f"text and {LONGEST_CODE} of code. Split it into definitions that need each other."
        )
    try:
        "".join((new.name, *new.aliases, new.text, new.code)).encode()
        json.dumps(new.parameters, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise QueryError(f"'{new.name}' cannot be kept as text and numbers: {error}") from error
    try:
        ast.parse(new.code)
    except (SyntaxError, ValueError, RecursionError) as error:
        where = f" in line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise QueryError(f"The code of '{new.name}' is no Python{where}: {error}") from error
    for name in (new.name, *new.aliases):
        for other in others:
            if _is_name(name, other):
                raise QueryError(
                    f"'{name}' already is a name of '{other.name}': choose another, or take it "
                    f"from '{other.name}' first."
                )


def needs_of(
    new: StoredDefinition,
    old: StoredDefinition | None,
    text: str | None,
    asked: Sequence[str] | None,
    others: Sequence[StoredDefinition],
) -> tuple[str, ...]:
    """Give the names that the definition depends on, and refuse unknown ones and circles."""
    known = [as_definition(one) for one in others]
    if asked is None and old is not None and (text is None or text.strip() == old.text):
        return old.depends_on
    if asked is None:
        return tuple(one.name for one in mentioned(new.text, known) if not _circle(new, one, known))
    found = []
    for name in asked:
        one = find_name(name, known)
        if one is None:
            there = ", ".join(each.name for each in known) or "none yet"
            raise QueryError(
                f"'{new.name}' cannot depend on '{name}', which is not defined. There are: {there}."
            )
        if _circle(new, one, known):
            raise QueryError(
                f"'{new.name}' cannot depend on '{one.name}', which itself depends on '{new.name}'."
            )
        found.append(one.name)
    return tuple(dict.fromkeys(found))


def _circle(new: StoredDefinition, needed: Definition, known: Sequence[Definition]) -> bool:
    itself = as_definition(replace(new, depends_on=()))
    return itself in chain(needed, [*known, itself])


def meaning_of(one: StoredDefinition) -> tuple[Any, ...]:
    return one.text, one.code, one.parameters or {}, one.depends_on


def in_words(definitions: Sequence[Definition]) -> str:
    return ", ".join(f"'{one.name}'" for one in definitions)


def user_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user id without a name, as in some containers
        return ""
