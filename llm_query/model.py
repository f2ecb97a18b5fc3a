"""Ask a language model over the Chat Completions protocol, and get a checked object back.

OpenAI, vLLM, Ollama, llama.cpp and LM Studio all speak it. What a server cannot do (a JSON schema,
token counts while streaming, a temperature) is left out as soon as it says so. Busy servers are
asked again, as late as they wish; a reply that is not what was asked for gets one more turn. The
key is in no message, no log and no repr.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from llm_query.models.model_refusals import ContextTooLong, Refused
from llm_query.models.model_replies import InvalidReply, read_reply
from llm_query.models.model_server import Server
from llm_query.models.model_settings import ModelError, ModelSettings, settings_from
from llm_query.models.token_counts import message_tokens
from llm_query.remembering.definitions import estimate_tokens

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ("ChatModel", "ContextTooLong", "LanguageModel", "ModelError", "ModelSettings", "Reply",
           "find_model", "settings_from")  # fmt: skip

Message = dict[str, str]
FORMS = ("json_schema", "json_object", "fenced block")  # in which an object is asked for
SHOWN_AGAIN = 1200  # characters of an invalid reply that the model sees again
SCHEMA_WORDS = ("type", "items", "anyOf", "$ref", "enum", "description")  # that all servers know
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
        self._server = Server(settings)
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
        """The names of the models that its server has."""
        return self._server.models(timeout_s)

    def _ask(
        self, messages: Sequence[Message], schema: type[BaseModel], on_text: Any
    ) -> tuple[str, tuple[int, int]]:
        """One reply; what the server refuses to take is left out, for good if that helps."""
        before = self._form, set(self._left_out)
        for _ in range(len(FORMS) + 3):
            form, left_out = self._form, frozenset(self._left_out)
            try:
                request = _request(messages, schema, form, left_out)
                text, usage = self._server.send(request, on_text)
                return text, self._count(request["messages"], text, usage)
            except Refused as refused:
                problem = refused
            if not self._give_way(str(problem), form, left_out):
                break
        with self._lock:  # it was something else
            self._form, self._left_out = before
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

    def _count(self, messages: Sequence[Message], text: str, usage: Any) -> tuple[int, int]:
        """Tokens read and written as the server says, or else as estimated."""
        guessed = message_tokens(messages)
        read = int(getattr(usage, "prompt_tokens", 0) or 0)
        written = int(getattr(usage, "completion_tokens", 0) or 0)
        if read and guessed >= FEW:  # some servers leave out what they had in their cache
            with self._lock:
                self.calibration = min(3.0, max(self.calibration, read / guessed))
        return read or guessed, written or estimate_tokens(text)


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
    """The JSON schema as strict servers want it: every key required, no others, no limits."""
    made = schema.model_json_schema()
    made["additionalProperties"] = False
    made["required"] = list(made["properties"])
    for name, each in made["properties"].items():
        made["properties"][name] = {k: v for k, v in each.items() if k in SCHEMA_WORDS}
    return made


def _repair(text: str, wrong: str) -> list[Message]:
    """What is said to a model whose reply was not valid; both sides cut to a few hundred tokens."""
    shown = text if len(text) <= SHOWN_AGAIN else f"{text[: SHOWN_AGAIN - 200]} … {text[-200:]}"
    again = f"That is not valid: {wrong} Answer again, with the one complete JSON object only."
    return [{"role": "assistant", "content": shown or "(nothing)"},
            {"role": "user", "content": again}]  # fmt: skip
