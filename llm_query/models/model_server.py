"""One Chat Completions server: send a request, wait where it is busy, stream the reply.

Whatever goes wrong becomes one line that says what to do and holds no key.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from functools import cached_property
from importlib import import_module
from typing import Any

from llm_query.models.model_refusals import (
    ContextTooLong,
    Refused,
    context_limit,
    explain,
    says_it_cannot,
)
from llm_query.models.model_settings import ModelError, ModelSettings

TRIES = 4  # of one request, where the server is busy or fails
FIRST_WAIT_S = 0.5  # then twice as long each time
LONGEST_WAIT_S = 60.0  # a server that wants more is not waited for
LONGEST_REPLY = 200_000  # characters: a model that repeats itself for ever is stopped

OnText = Callable[[str], None]


class Server:
    """The server that the settings name."""

    def __init__(self, settings: ModelSettings) -> None:
        self.settings = settings

    def models(self, timeout_s: float = 5.0) -> list[str]:
        """The names of the models that the server has."""
        try:
            return sorted(each.id for each in self._client(timeout_s).models.list().data)
        except self._failures() as error:
            problem = self._problem(error)
        raise problem

    def send(self, request: dict[str, Any], on_text: OnText | None) -> tuple[str, Any]:
        """Send one request, again and later where the server is busy or out of order.

        Gives the text of the reply, and the server's count of tokens (None without one).
        """
        for number in range(TRIES):
            try:
                return self._stream(request, on_text)
            except self._failures() as error:
                problem = self._problem(error)
                wait_s = _wait_s(error, number)
            if isinstance(problem, ContextTooLong | Refused) or wait_s is None:
                raise problem
            if number < TRIES - 1:
                time.sleep(wait_s)
        raise problem

    def _stream(self, request: dict[str, Any], on_text: OnText | None) -> tuple[str, Any]:
        """The whole text of one reply, and the server's count of tokens, if it gives one."""
        parts: list[str] = []
        usage, size, seen = None, 0, False
        deadline = time.monotonic() + self.settings.timeout_s
        create = self._asking.chat.completions.create
        with create(model=self.settings.model, stream=True, **request) as stream:
            late = threading.Timer(self.settings.timeout_s, _end, [stream])
            late.daemon = True
            late.start()
            try:
                for chunk in stream:
                    seen = True
                    usage = getattr(chunk, "usage", None) or usage
                    for piece in _pieces(chunk):
                        parts.append(piece)
                        size += len(piece)
                        if on_text:
                            on_text(piece)
                    if size > LONGEST_REPLY or time.monotonic() > deadline:
                        break
            except self._failures():
                if time.monotonic() < deadline:
                    raise
            finally:
                late.cancel()
        if time.monotonic() > deadline:
            raise self._too_slow()
        if not seen:
            raise ModelError(
                f"{self.settings.host} answers, but not as a Chat Completions server. Check its "
                "address: it usually ends in /v1."
            )
        return "".join(parts), usage

    @cached_property
    def _asking(self) -> Any:
        """One client for all questions, so that its connection stays open between them."""
        return self._client(self.settings.timeout_s)

    def _client(self, timeout_s: float) -> Any:
        openai = import_module("openai")
        return openai.OpenAI(
            base_url=self.settings.base_url,
            api_key=self.settings.api_key or "none",  # local servers ask for none
            timeout=openai.Timeout(timeout_s, connect=min(10.0, timeout_s)),
            max_retries=0,
        )

    def _failures(self) -> tuple[type[Exception], ...]:
        """What asking a server may raise; a broken stream is the transport's own error."""
        openai = import_module("openai")
        made_of = [kind.__module__ for kind in openai.DefaultHttpxClient.__mro__]
        name = next(each for each in made_of if each.startswith("httpx"))  # or httpx2
        transport = import_module(name.partition(".")[0])
        broken = (transport.HTTPError, transport.StreamError, transport.InvalidURL)
        return (openai.OpenAIError, *broken, OSError, ValueError)

    def _problem(self, error: Exception) -> ModelError:
        """What has gone wrong, in a line that says what to do and holds no key."""
        said = explain(error, self.settings.secrets)
        status = getattr(error, "status_code", None)
        if "timeout" in type(error).__name__.lower():
            return self._too_slow()
        limit = context_limit(said, status)
        if limit is not None:
            return ContextTooLong(self.settings.model, limit)
        if says_it_cannot(said, status):
            return Refused(said)
        return ModelError(_advice(self.settings.model, self.settings.host, status, said))

    def _too_slow(self) -> ModelError:
        return ModelError(
            f"{self.settings.model} at {self.settings.host} did not answer within "
            f"{self.settings.timeout_s:g} s. Raise timeout_s under [model] in ethoscribe.toml, or "
            "choose a faster model."
        )


def _end(stream: Any) -> None:
    """Close a stream from outside: some servers send signs of life for ever, and no answer."""
    with suppress(OSError, RuntimeError):
        stream.close()


def _pieces(chunk: Any) -> Iterator[str]:
    """The text in one part of a stream; a refusal is text, too."""
    for choice in getattr(chunk, "choices", None) or []:
        for name in ("content", "refusal"):
            piece = getattr(choice.delta, name, None)
            if piece:
                yield str(piece)


def _wait_s(error: Exception, number: int) -> float | None:
    """Seconds to wait before another try; None where that is of no use."""
    status = getattr(error, "status_code", None)
    if "timeout" in type(error).__name__.lower() or isinstance(error, ModelError | ValueError):
        return None
    if getattr(error, "code", None) == "insufficient_quota":
        return None
    if status is not None and status not in (408, 409, 425, 429) and status < 500:
        return None
    wanted = _retry_after_s(getattr(getattr(error, "response", None), "headers", {}))
    wait_s = FIRST_WAIT_S * 2**number if wanted is None else wanted
    return wait_s if wait_s <= LONGEST_WAIT_S else None


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """How long the server wants to be left alone: seconds, or until a date."""
    wanted = headers.get("retry-after", "")
    with suppress(ValueError):
        return max(0.0, float(wanted))
    with suppress(ValueError, TypeError):
        return max(0.0, parsedate_to_datetime(wanted).timestamp() - time.time())
    return None


def _advice(name: str, host: str, status: int | None, said: str) -> str:
    """What to do about an error of the server."""
    if status in (401, 403):
        return f"{host} refuses the key. Check OPENAI_API_KEY, or api_key in ethoscribe.toml."
    if status == 404:
        return (
            f"{host} does not know the model '{name}', or its address lacks /v1 at the end "
            f"({said}). ethoscribe doctor lists what it has."
        )
    if status == 429:
        return f"{host} lets no more questions through now ({said}). Try again later."
    if status is None:
        return f"{host} cannot be reached ({said}). Check that it runs and its address."
    return f"{host} failed with status {status} ({said}). Try again later."
