"""The memory of a study: recent turns, and a handbook of named definitions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from llm_query.errors import QueryError
from llm_query.remembering.checks import (
    as_definition,
    check,
    check_name,
    find_stored,
    in_words,
    known_as,
    meaning_of,
    merge,
    needs_of,
    user_name,
)  # fmt: skip
from llm_query.remembering.clashes import check_free
from llm_query.remembering.definitions import Definition, Turn, estimate_tokens
from llm_query.remembering.recall import (
    find_name,
    latest,
    mentioned,
    needed_by,
    recall,
    unknown_symbols,
)
from llm_query.remembering.spoken_definitions import read_definition
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
            return [as_definition(one) for one in current_definitions(study)]

    def definition(self, name: str, version: int | None = None) -> Definition:
        """Give what a name or alias means now, or what it meant in the version of an answer."""
        with self._study() as study:
            if version is not None:
                return as_definition(find_version(study, name, version))
            return as_definition(find_stored(name, current_definitions(study)))

    def versions(self, name: str) -> list[Definition]:
        """Give all versions of a name, the oldest first, forgotten ones too."""
        with self._study() as study:
            known = find_name(name, [as_definition(one) for one in current_definitions(study)])
            return [
                as_definition(one)
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
            old = known_as(name, stored)
            others = [one for one in stored if one is not old]
            new = merge(old or StoredDefinition(name), text, code, aliases, parameters)
            check(new, others)
            known = () if old is None else (old.name, *old.aliases)
            check_free([n for n in (new.name, *new.aliases) if n not in known], study)
            new = replace(new, depends_on=needs_of(new, old, text, depends_on, others))
            if (
                old is not None
                and meaning_of(new) == meaning_of(old)
                and new.aliases == old.aliases
            ):
                return as_definition(old)
            same = old is not None and meaning_of(new) == meaning_of(old)
            new = replace(new, author=user_name() if author is None else author)
            return as_definition(save_definition(study, new, same_meaning=same))

    def hear(self, sentence: str, author: str | None = None) -> tuple[Definition, str] | None:
        """Keep what a sentence defines; give it, and what is asked with it ("" for nothing).

        None when the sentence defines nothing. author: who says so, as in remember.
        """
        spoken = read_definition(sentence)
        if spoken is None:
            return None
        known = find_name(spoken.name, self.definitions())
        aliases = [*(known.aliases if known else ()), *spoken.aliases] if spoken.aliases else None
        kept = self.remember(spoken.name, spoken.text, aliases=aliases, author=author)
        return kept, spoken.question

    def rename(self, old: str, new: str, *, keep_alias: bool = True) -> Definition:
        """Give a definition another name; the old one stays as an alias unless told otherwise."""
        new = check_name(new)
        with self._study(write=True) as study:
            stored = current_definitions(study)
            one = find_stored(old, stored)
            everything = [as_definition(each) for each in stored]
            needed = needed_by(one.name, everything)
            if needed and not keep_alias:
                raise QueryError(
                    f"{in_words(needed)} would no longer find '{one.name}': keep the old name as "
                    "an alias, or define them anew first."
                )
            before = [one.name] if keep_alias else []
            aliases = [
                name for name in (*before, *one.aliases) if name.casefold() != new.casefold()
            ]
            renamed = replace(one, name=new, aliases=tuple(dict.fromkeys(aliases)))
            check(renamed, [each for each in stored if each is not one])
            check_free([new], study)
            if renamed == one:
                return as_definition(one)
            return as_definition(save_definition(study, renamed, same_meaning=True))

    def forget(self, name: str) -> list[Definition]:
        """Take a name out of use and return the definitions that need it, which are left alone.

        Answers that used it keep the version they used.
        """
        with self._study(write=True) as study:
            stored = current_definitions(study)
            one = find_stored(name, stored)
            forget_definition(study, one.definition_id)
            return needed_by(one.name, [as_definition(each) for each in stored])

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
