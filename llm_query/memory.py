"""The memory of a study: recent turns, and a handbook of named definitions."""

from __future__ import annotations

from collections.abc import Sequence

from llm_query.definitions import Definition, Turn, estimate_tokens
from llm_query.recall import find_name, latest, mentioned, needed_by, recall, unknown_symbols

__all__ = [
    "Definition", "Turn", "estimate_tokens", "find_name", "latest", "mentioned",
    "needed_by", "recall", "unknown_symbols", "window",
]  # fmt: skip


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
