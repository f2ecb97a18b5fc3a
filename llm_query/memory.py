"""The memory of a study: recent turns, and a handbook of named definitions."""

from __future__ import annotations

import ast
import getpass
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from llm_query.definitions import Definition, Turn, estimate_tokens, terms
from llm_query.descriptions import PLAIN_WORDS
from llm_query.errors import QueryError
from llm_query.recall import (
    chain,
    find_name,
    latest,
    mentioned,
    needed_by,
    recall,
    unknown_symbols,
)
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

__all__ = [
    "Definition", "Memory", "Turn", "estimate_tokens", "find_name", "latest", "mentioned",
    "needed_by", "recall", "unknown_symbols", "window",
]  # fmt: skip

LONGEST_NAME = 60  # characters
LONGEST_TEXT = 4000
LONGEST_CODE = 20_000


class Memory:
    """What a study remembers; every method opens the study briefly by itself.

    >>> import tempfile
    >>> from storage.study import open_study
    >>> folder = tempfile.mkdtemp()
    >>> with open_study(folder, create=True):
    ...     memory = Memory(folder)
    >>> memory.remember("chase", "both run, less than 40 px apart", aliases=["pursuit"]).version
    1
    >>> [one.name for one in recall("When do they chase?", memory.definitions(), 400)]
    ['chase']
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)

    def definitions(self) -> list[Definition]:
        """Give what every name means now, the oldest definition first."""
        with self._study() as study:
            return [_definition(one) for one in current_definitions(study)]

    def definition(self, name: str, version: int | None = None) -> Definition:
        """Give what a name or alias means now, or what it meant in the version of an answer."""
        with self._study() as study:
            if version is not None:
                return _definition(find_version(study, name, version))
            return _definition(_find(name, current_definitions(study)))

    def versions(self, name: str) -> list[Definition]:
        """Give all versions of a name, the oldest first, forgotten ones too."""
        with self._study() as study:
            known = find_name(name, [_definition(one) for one in current_definitions(study)])
            return [
                _definition(one)
                for one in definition_versions(study, known.name if known else name)
            ]

    def remember(
        self,
        name: str,
        text: str | None = None,
        *,
        code: str | None = None,
        aliases: Sequence[str] | None = None,
        parameters: Mapping[str, Any] | None = None,
        depends_on: Sequence[str] | None = None,
        author: str | None = None,
    ) -> Definition:
        """Define a name, or define it anew as the next version; return what is kept now.

        What is left out stays as it was; only code does not outlive a new text. depends_on: names
        of other definitions, by default those that the text mentions. author: by default the
        user of this computer. Saying the same again changes nothing.
        """
        name = check_name(name)
        with self._study(write=True) as study:
            stored = current_definitions(study)
            old = _known(name, stored)
            others = [one for one in stored if one is not old]
            new = _merge(old or StoredDefinition(name), text, code, aliases, parameters)
            _check(new, others)
            new = replace(new, depends_on=_needs(new, old, text, depends_on, others))
            if old is not None and _meaning(new) == _meaning(old) and new.aliases == old.aliases:
                return _definition(old)
            same = old is not None and _meaning(new) == _meaning(old)
            new = replace(new, author=_user() if author is None else author)
            return _definition(save_definition(study, new, same_meaning=same))

    def rename(self, old: str, new: str, *, keep_alias: bool = True) -> Definition:
        """Give a definition another name; the old one stays as an alias unless told otherwise."""
        new = check_name(new)
        with self._study(write=True) as study:
            stored = current_definitions(study)
            one = _find(old, stored)
            everything = [_definition(each) for each in stored]
            needed = needed_by(one.name, everything)
            if needed and not keep_alias:
                raise QueryError(
                    f"{_names(needed)} would no longer find '{one.name}': keep the old name as an "
                    "alias, or define them anew first."
                )
            before = [one.name] if keep_alias else []
            aliases = [
                name for name in (*before, *one.aliases) if name.casefold() != new.casefold()
            ]
            renamed = replace(one, name=new, aliases=tuple(dict.fromkeys(aliases)))
            _check(renamed, [each for each in stored if each is not one])
            if renamed == one:
                return _definition(one)
            return _definition(save_definition(study, renamed, same_meaning=True))

    def forget(self, name: str) -> list[Definition]:
        """Take a name out of use and return the definitions that need it, which are left alone.

        Answers that used it keep the version they used.
        """
        with self._study(write=True) as study:
            stored = current_definitions(study)
            one = _find(name, stored)
            forget_definition(study, one.definition_id)
            return needed_by(one.name, [_definition(each) for each in stored])

    def turns(self, conversation: str = "", last: int = 50) -> list[Turn]:
        """Give the last turns of a conversation, oldest first."""
        with self._study() as study:
            return [
                Turn(one.question, one.text, one.code, one.definitions, one.asked_at)
                for one in read_turns(study, conversation, last)
            ]

    def note_turn(
        self,
        question: str,
        text: str = "",
        *,
        code: str = "",
        definitions: Sequence[tuple[str, int]] = (),
        conversation: str = "",
        model: str = "",
        prompt_tokens: int | None = None,
        completion_tokens: int | None = None,
    ) -> None:
        """Keep a question and its answer, with the (name, version) of what it used."""
        turn = StoredTurn(
            question, text, code, tuple(definitions), conversation, model, prompt_tokens,
            completion_tokens,
        )  # fmt: skip
        with self._study(write=True) as study:
            save_turn(study, turn)

    @contextmanager
    def _study(self, write: bool = False) -> Iterator[Study]:
        try:
            with open_study(self.folder, write=write) as study:
                yield study
        except StudyError as error:
            raise QueryError(str(error)) from error


def check_name(name: str) -> str:
    """Give the name without decoration (`<|chase|>`, quotes), or say why it can be none.

    >>> check_name(' <|open arm|> ')
    'open arm'
    """
    plain = " ".join(name.replace("<|", " ").replace("|>", " ").strip(" \t\n\"'`“”‘’").split())
    words = terms(plain)
    if not words or not any(word.isalpha() for word in words):
        raise QueryError(f"'{name}' can be no name of a definition: use a word or a few.")
    if len(plain) > LONGEST_NAME or any(sign in plain for sign in "<>|"):
        raise QueryError(
            f"The name '{plain[:LONGEST_NAME]}' must have at most {LONGEST_NAME} characters and "
            "none of < > |."
        )
    if all(word in PLAIN_WORDS for word in words):
        raise QueryError(
            f"'{plain}' is in nearly every question, so it cannot be the name of a definition: "
            "choose another."
        )
    return plain


def window(
    turns: Sequence[Turn], limit_tokens: int, definitions: Sequence[Definition] | None = None
) -> list[Turn]:
    """Give the last turns that fit into the token budget, oldest first.

    turns: oldest first. definitions: what the study knows now; turns that used a name which has
    since got another meaning or was forgotten are left out, so that no prompt shows a stale one.

    >>> turns = [Turn(f"What is the speed of animal{k}?") for k in range(9)]
    >>> [one.question for one in window(turns, 22)]
    ['What is the speed of animal7?', 'What is the speed of animal8?']
    """
    kept: list[Turn] = []
    left = limit_tokens
    for turn in reversed(turns):
        if definitions is not None and not _current(turn, definitions):
            continue
        left -= estimate_tokens(turn.as_prompt()) + 1
        if left < 0:
            break
        kept.append(turn)
    return kept[::-1]


def _current(turn: Turn, definitions: Sequence[Definition]) -> bool:
    """Whether all that the turn used still means the same; version 0 never ages."""
    for name, version in turn.definitions:
        known = find_name(name, definitions)
        if version > 0 and (known is None or version < (known.meaning_since or known.version)):
            return False
    return True


def _definition(one: StoredDefinition) -> Definition:
    return Definition(
        one.name, one.aliases, one.text, one.code, dict(one.parameters or {}), one.depends_on,
        one.version, one.author, one.created_at, one.last_used_at, one.meaning_since,
    )  # fmt: skip


def _known(name: str, stored: Sequence[StoredDefinition]) -> StoredDefinition | None:
    """Find the definition that has this name or an inflection of it; not by its aliases."""
    found = find_name(name, [replace(_definition(one), aliases=()) for one in stored])
    return next((one for one in stored if found is not None and one.name == found.name), None)


def _find(name: str, stored: Sequence[StoredDefinition]) -> StoredDefinition:
    found = find_name(name, [_definition(one) for one in stored])
    for one in stored:
        if found is not None and one.name == found.name:
            return one
    known = ", ".join(one.name for one in stored) or "none yet"
    raise QueryError(f"The study has no definition '{name}'. It has: {known}.")


def _merge(
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


def _check(new: StoredDefinition, others: Sequence[StoredDefinition]) -> None:
    """Refuse what says nothing, is too long, is no Python, or takes a name from another."""
    if not new.text and not new.code:
        raise QueryError(f"Say what '{new.name}' means: a text, or code that computes it.")
    if len(new.text) > LONGEST_TEXT or len(new.code) > LONGEST_CODE:
        raise QueryError(
            f"The definition of '{new.name}' is too long: at most {LONGEST_TEXT} characters of "
            f"text and {LONGEST_CODE} of code. Split it into definitions that need each other."
        )
    try:
        ast.parse(new.code)
    except (SyntaxError, ValueError, RecursionError) as error:
        where = f" in line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise QueryError(f"The code of '{new.name}' is no Python{where}: {error}") from error
    for name in (new.name, *new.aliases):
        for other in others:
            if find_name(name, [_definition(other)]) is not None:
                raise QueryError(
                    f"'{name}' already is a name of '{other.name}': choose another, or take it "
                    f"from '{other.name}' first."
                )


def _needs(
    new: StoredDefinition,
    old: StoredDefinition | None,
    text: str | None,
    asked: Sequence[str] | None,
    others: Sequence[StoredDefinition],
) -> tuple[str, ...]:
    """Give the names that the definition depends on, and refuse unknown ones and circles."""
    known = [_definition(one) for one in others]
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
    itself = _definition(replace(new, depends_on=()))
    return itself in chain(needed, [*known, itself])


def _meaning(one: StoredDefinition) -> tuple[Any, ...]:
    return one.text, one.code, one.parameters or {}, one.depends_on


def _names(definitions: Sequence[Definition]) -> str:
    return ", ".join(f"'{one.name}'" for one in definitions)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user id without a name, as in some containers
        return ""
