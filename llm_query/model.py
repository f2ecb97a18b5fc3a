"""Ask a language model over the Chat Completions protocol, and get a checked object back.

OpenAI, vLLM, Ollama, llama.cpp and LM Studio all speak it. What a server cannot do (a JSON schema,
token counts while streaming, a temperature) is left out as soon as it says so. Busy servers are
asked again, as late as they wish; a reply that is not what was asked for gets one more turn. The
key is in no message, no log and no repr.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from llm_query.definitions import estimate_tokens
from llm_query.model_refusals import ContextTooLong, Refused, context_limit, explain, says_it_cannot
from llm_query.model_replies import InvalidReply, read_reply
from llm_query.model_settings import ModelError, ModelSettings, settings_from
from llm_query.token_counts import message_tokens

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ("ChatModel", "ContextTooLong", "LanguageModel", "ModelError", "ModelSettings", "Reply",
           "find_model", "settings_from")  # fmt: skip

Message = dict[str, str]
TRIES = 4  # of one request, where the server is busy or fails
FIRST_WAIT_S = 0.5  # then twice as long each time
LONGEST_WAIT_S = 60.0  # a server that wants more is not waited for
LONGEST_REPLY = 200_000  # characters: a model that repeats itself for ever is stopped
FORMS = ("json_schema", "json_object", "fenced block")  # in which an object is asked for
SHOWN_AGAIN = 1200  # characters of an invalid reply that the model sees again
FEW = 500  # tokens; below it the server's own additions would spoil the calibration


@dataclass(frozen=True)
class Reply:
    """What a model has answered, and what it took."""

    value: BaseModel
    text: str
    prompt_tokens: int
    completion_tokens: int
    model: str
    seconds: float
    repaired: bool  # whether the first answer was not valid


class LanguageModel(Protocol):
    """Whoever can answer messages with an object of a pydantic class."""

    name: str

    def complete(
        self,
        messages: list[Message],
        schema: type[BaseModel],
        *,
        on_text: Callable[[str], None] | None = None,
    ) -> Reply:
        """Answer; `on_text` gets the text piece by piece while it is written."""


class ChatModel:
    """A model behind a Chat Completions server."""

    def __init__(self, settings: ModelSettings) -> None:
        self.settings = settings
        self.name = settings.model
        self.calibration = 1.0  # the server's count of tokens by ours; never below 1
        self._form = 0
        self._left_out: set[str] = set()  # options this server does not take
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<ChatModel {self.name!r} at {self.settings.host}>"

    def complete(
        self,
        messages: list[Message],
        schema: type[BaseModel],
        *,
        on_text: Callable[[str], None] | None = None,
    ) -> Reply:
        """Ask, read the object out of the reply, and ask once more where it is not valid."""
        started, wrong = time.monotonic(), ""
        asked, read, written = list(messages), 0, 0
        for _ in range(2):
            text, used = self._ask(asked, schema, on_text)
            read, written = read + used[0], written + used[1]
            try:
                value = read_reply(text, schema)
            except InvalidReply as error:
                asked = [*messages, *_repair(text, str(error))]
                wrong = str(error)
            else:
                seconds = time.monotonic() - started
                return Reply(value, text, read, written, self.name, seconds, bool(wrong))
        raise ModelError(
            f"{self.name} gave no valid answer, twice: {wrong} Ask in other words, or choose "
            "another model; --model offline needs none."
        )

    def models(self, timeout_s: float = 5.0) -> list[str]:
        """The names of the models that the server has."""
        try:
            return sorted(each.id for each in self._client(timeout_s).models.list().data)
        except self._failures() as error:
            problem = self._problem(error)
        raise problem

    def _ask(
        self, messages: Sequence[Message], schema: type[BaseModel], on_text: Any
    ) -> tuple[str, tuple[int, int]]:
        """One reply; what the server refuses to take is left out, for good."""
        for _ in range(len(FORMS) + 3):
            form, left_out = self._form, frozenset(self._left_out)
            try:
                return self._send(_request(messages, schema, form, left_out), on_text)
            except Refused as refused:
                problem = refused
            if not self._give_way(str(problem), form, left_out):
                break
        raise ModelError(f"{self.settings.host} does not take the question: {problem}")

    def _give_way(self, said: str, form: int, left_out: frozenset[str]) -> bool:
        """Do without whatever the server complains of; False where nothing is left to give."""
        options = [name for name in ("temperature", "stream_options") if name not in left_out]
        named = [name for name in options if name in said]
        with self._lock:
            if named:
                self._left_out.update(named)
            elif form < len(FORMS) - 1:
                self._form = max(self._form, form + 1)
            else:
                self._left_out.update(options)
        return bool(named or options) or form < len(FORMS) - 1

    def _send(self, request: dict[str, Any], on_text: Any) -> tuple[str, tuple[int, int]]:
        """Send one request, again and later where the server is busy or out of order."""
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

    def _stream(self, request: dict[str, Any], on_text: Any) -> tuple[str, tuple[int, int]]:
        """The whole text of one reply, and how many tokens were read and written."""
        parts: list[str] = []
        usage, size, seen = None, 0, False
        deadline = time.monotonic() + self.settings.timeout_s
        client = self._client(self.settings.timeout_s)
        with client.chat.completions.create(model=self.name, stream=True, **request) as stream:
            for chunk in stream:
                seen = True
                usage = getattr(chunk, "usage", None) or usage
                for piece in _pieces(chunk):
                    parts.append(piece)
                    size += len(piece)
                    if on_text:
                        on_text(piece)
                if time.monotonic() > deadline:
                    raise self._too_slow()
                if size > LONGEST_REPLY:
                    break
        if not seen:
            raise ModelError(
                f"{self.settings.host} answers, but not as a Chat Completions server. Check its "
                "address: it usually ends in /v1."
            )
        text = "".join(parts)
        return text, self._count(request["messages"], text, usage)

    def _count(self, messages: Sequence[Message], text: str, usage: Any) -> tuple[int, int]:
        """Tokens read and written as the server says, or else as estimated."""
        guessed = message_tokens(messages)
        read = int(getattr(usage, "prompt_tokens", 0) or 0)
        written = int(getattr(usage, "completion_tokens", 0) or 0)
        if read and guessed >= FEW:  # some servers leave out what they had in their cache
            with self._lock:
                self.calibration = min(3.0, max(self.calibration, read / guessed))
        return read or guessed, written or estimate_tokens(text)

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
            return ContextTooLong(self.name, limit)
        if says_it_cannot(said, status):
            return Refused(said)
        return ModelError(_advice(self.name, self.settings.host, status, said))

    def _too_slow(self) -> ModelError:
        return ModelError(
            f"{self.name} at {self.settings.host} did not answer within "
            f"{self.settings.timeout_s:g} s. Raise timeout_s under [model] in ethoscribe.toml, or "
            "choose a faster model."
        )


@cache
def _chat_model(settings: ModelSettings) -> ChatModel:
    """One per model and server, so that what a server cannot do is learned once."""
    return ChatModel(settings)


def find_model(
    name: str, environment: Mapping[str, str], study: Any = None, folder: Any = "."
) -> ChatModel:
    """The model of this name on the server that is set up; an error says how to set one up."""
    settings = settings_from(environment, study, folder)
    if settings is None:
        raise ModelError(
            f"There is no server for the model '{name}'. Set OPENAI_API_KEY, or OPENAI_BASE_URL "
            "for a server of your own, or write [model] into ethoscribe.toml; or use --model "
            "offline, which needs no key."
        )
    return _chat_model(ModelSettings(**{**vars(settings), "model": name}))


def _request(
    messages: Sequence[Message], schema: type[BaseModel], form: int, left_out: frozenset[str]
) -> dict[str, Any]:
    """The arguments of one call, without what this server does not take."""
    options: dict[str, Any] = {"temperature": 0, "stream_options": {"include_usage": True}}
    request = {name: value for name, value in options.items() if name not in left_out}
    request["messages"] = list(messages)
    if FORMS[form] == "json_schema":
        form_of = {"name": "answer", "schema": strict_schema(schema), "strict": True}
        return request | {"response_format": {"type": "json_schema", "json_schema": form_of}}
    how = "" if FORMS[form] == "json_object" else ", in a block that starts with ```json"
    names = ", ".join(schema.model_fields)
    *before, last = messages
    told = f"{last['content']}\n\nAnswer with one JSON object with the keys {names}{how}."
    request["messages"] = [*before, {**last, "content": told}]
    if FORMS[form] == "json_object":
        request["response_format"] = {"type": "json_object"}
    return request


def strict_schema(schema: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema as strict servers want it: every key required, no others, no defaults."""
    made = schema.model_json_schema()
    made["additionalProperties"] = False
    made["required"] = list(made["properties"])
    for each in made["properties"].values():
        each.pop("default", None)
    return made


def _pieces(chunk: Any) -> Iterator[str]:
    """The text in one part of a stream; a refusal is text, too."""
    for choice in getattr(chunk, "choices", None) or []:
        for name in ("content", "refusal"):
            piece = getattr(choice.delta, name, None)
            if piece:
                yield str(piece)


def _repair(text: str, wrong: str) -> list[Message]:
    """What is said to a model whose reply was not valid; both sides cut to a few hundred tokens."""
    shown = text if len(text) <= SHOWN_AGAIN else f"{text[: SHOWN_AGAIN - 200]} … {text[-200:]}"
    again = f"That is not valid: {wrong} Answer again, with the one complete JSON object only."
    return [{"role": "assistant", "content": shown or "(nothing)"},
            {"role": "user", "content": again}]  # fmt: skip


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
