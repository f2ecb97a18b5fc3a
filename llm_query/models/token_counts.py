"""How many tokens messages are, estimated before any server has counted them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llm_query.remembering.definitions import estimate_tokens

AROUND = 4  # tokens that a server puts around every message


def message_tokens(messages: Sequence[Mapping[str, str]]) -> int:
    """Estimate the tokens of messages together, with what goes around each.

    >>> message_tokens([{"role": "user", "content": "How often does the mouse chase?"}])
    11
    """
    return sum(estimate_tokens(each["content"]) + AROUND for each in messages)
