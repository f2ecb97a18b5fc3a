"""What a server's error says: too long a question, a thing it cannot do, or something else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from llm_query.models.model_settings import ModelError

TOO_LONG = re.compile(
    r"context.?(length|window|size)|maximum context|context_length_exceeded|too many tokens|"
    r"prompt (is )?too long|exceeds? the (available|model'?s) context|\bn_ctx\b|max_model_len|"
    r"reduce the length",
    re.I,
)
LIMIT = re.compile(
    r"(?:maximum context length (?:is|of)|context (?:length|size|window)(?: is| of)?|n_ctx\D{0,4}|"
    r"max_model_len\D{0,4})\W{0,3}(?:only )?\(?(\d[\d,]{2,})",
    re.I,
)
CANNOT = re.compile(
    r"response_format|json_schema|json_object|stream_options|include_usage|temperature|grammar|"
    r"structured output|unrecognized request argument",
    re.I,
)
MASKED = re.compile(r"\b(sk|key|Bearer)[-_ ][\w*.-]{6,}")  # also what a server shows of a key
SHOWN = 300  # characters of what a server says


class ContextTooLong(ModelError):
    """The question does not fit what the model reads; `limit` in tokens, 0 where it is not said."""

    def __init__(self, name: str, limit: int = 0) -> None:
        room = f", {limit} tokens" if limit else ""
        super().__init__(
            f"The question is too long for what {name} reads{room}. Set context_tokens under "
            "[model] in ethoscribe.toml to what the server allows, or raise it there."
        )
        self.limit = limit


class Refused(ModelError):
    """The server does not take the request as it is."""


def explain(error: Exception, secrets: Sequence[str]) -> str:
    """What an error says, in one line, without secrets and without what looks like a key."""
    body = getattr(error, "body", None)
    text = _message(body) or _cause(error)
    for secret in secrets:
        text = text.replace(secret, "(key)")
    text = MASKED.sub("(key)", " ".join(text.split()))
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def context_limit(said: str, status: int | None) -> int | None:
    """The model's limit in tokens if it was exceeded, 0 where it is not said, else None.

    >>> context_limit("This model's maximum context length is 4096 tokens, you have 5000.", 400)
    4096
    """
    if status not in (400, 413, 422, 500, None) or not TOO_LONG.search(said):
        return None
    found = LIMIT.search(said)
    return int(found[1].replace(",", "")) if found else 0


def says_it_cannot(said: str, status: int | None) -> bool:
    """Whether the request itself is not liked: by its status, or by what the server complains of.

    >>> says_it_cannot("failed to parse grammar", 500), says_it_cannot("out of memory", 500)
    (True, False)
    """
    return status in (400, 415, 422, 501) or (status == 500 and bool(CANNOT.search(said)))


def _message(body: Any) -> str:
    """The message in the usual shapes of an error's body."""
    if isinstance(body, dict):
        inner = body.get("message") or body.get("error") or body.get("detail") or body
        return _message(inner) if isinstance(inner, dict) and inner is not body else str(inner)
    return body if isinstance(body, str) else ""


def _cause(error: Exception) -> str:
    """The innermost error: "Connection error." says less than what has caused it."""
    inner: BaseException = error
    while inner.__cause__ is not None:
        inner = inner.__cause__
    return str(inner) or type(inner).__name__
