"""Which language model answers, where it is, and what it may cost: environment and ethoscribe.toml.

    [model]                                    # in the study folder, or where you work
    name = "qwen2.5-coder:14b"
    base_url = "http://localhost:11434/v1"     # any server with Chat Completions
    api_key = ""                               # local servers need none
    context_tokens = 16384                     # what the model reads and writes at most
    timeout_s = 120
    price_in = 0.0                             # per million tokens
    price_out = 0.0

    [analysis]                                 # in the study folder only
    run_unconfined_model_code = false

Ollama reads 4096 tokens unless its OLLAMA_CONTEXT_LENGTH says otherwise, and leaves out the rest
without a word: give it 16384, or context_tokens what it has.

OPENAI_BASE_URL, OPENAI_API_KEY and ETHOSCRIBE_MODEL go before the file. A key of the environment is
sent only to the address of the environment or to OpenAI's own: a study that somebody else made
cannot lead it elsewhere.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from llm_query.errors import QueryError

FILE = "ethoscribe.toml"
OPENAI = "https://api.openai.com/v1"
CONTEXT_TOKENS = 16_384  # what questions need; a model that has more is not paid to read more
LEAST_CONTEXT = 3_000
TIMEOUT_S = 120.0
KINDS: dict[str, type] = {
    "name": str, "base_url": str, "api_key": str, "context_tokens": int, "timeout_s": float,
    "price_in": float, "price_out": float,
}  # fmt: skip


class ModelError(QueryError):
    """A language model cannot be reached, or does not answer as it should."""


@dataclass(frozen=True)
class ModelSettings:
    """One model on one server; prices are per million tokens, None where nobody gave them."""

    base_url: str = OPENAI
    model: str = ""
    api_key: str = field(default="", repr=False)
    context_tokens: int = CONTEXT_TOKENS
    timeout_s: float = TIMEOUT_S  # for one reply
    price_in: float | None = None
    price_out: float | None = None

    @property
    def host(self) -> str:
        """The server's name without anything secret that its address may hold."""
        try:
            parts = urlsplit(self.base_url)
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            return "an address that cannot be read"
        return f"{parts.hostname}{port}" if parts.hostname else "an address that cannot be read"

    @property
    def secrets(self) -> list[str]:
        """What may be shown nowhere: the key, and what else an address may hold."""
        try:
            parts = urlsplit(self.base_url)
            told = [self.api_key, parts.password, parts.username, parts.query]
        except ValueError:
            told = [self.api_key, self.base_url]
        return [each for each in told if each]

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        """What so many tokens cost, in the currency of the prices; None without prices.

        >>> ModelSettings(price_in=0.5, price_out=2.0).cost(10_000, 1_000)
        0.007
        """
        if self.price_in is None or self.price_out is None:
            return None
        return (prompt_tokens * self.price_in + completion_tokens * self.price_out) / 1e6


def settings_from(
    environment: Mapping[str, str], study: Path | str | None = None, folder: Path | str = "."
) -> ModelSettings | None:
    """The model that is set up for a study, or None where no endpoint is.

    folder: where the person works; its ethoscribe.toml counts where the study's names no model.
    """
    told = _model_table(study, folder)
    url, key = environment.get("OPENAI_BASE_URL", ""), environment.get("OPENAI_API_KEY", "")
    if not (told or url.strip() or key.strip()):
        return None
    address = url.strip() or told.get("base_url", "").strip() or OPENAI
    own = not url.strip() and bool(told.get("base_url"))  # the file's own address
    trusted = not own or urlsplit(address)[:2] == urlsplit(OPENAI)[:2]
    keys = [key if trusted else "", "" if url.strip() else told.get("api_key", "")]
    return ModelSettings(
        base_url=address,
        model=environment.get("ETHOSCRIBE_MODEL", "").strip() or told.get("name", ""),
        api_key=next((one.strip() for one in keys if one.strip()), ""),
        **{name: told[name] for name in list(KINDS)[3:] if name in told},
    )


def may_run_unconfined(study: Path | str) -> bool:
    """Whether the study's owner lets code that a model wrote run where nothing confines it."""
    file = Path(study) / FILE
    switch = _table(file, "analysis").get("run_unconfined_model_code", False)
    if not isinstance(switch, bool):
        raise ModelError(f"{file}: run_unconfined_model_code must be true or false.")
    return switch


def _model_table(study: Path | str | None, folder: Path | str) -> dict[str, Any]:
    """The first table [model] there is, checked."""
    for place in (study, folder):
        file = Path(place) / FILE if place is not None else None
        told = _table(file, "model") if file else {}
        if file and told:
            return {name: _checked(file, name, value) for name, value in told.items()}
    return {}


def _table(file: Path, name: str) -> dict[str, Any]:
    """One table of the file; nothing where there is no file."""
    try:
        told = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{file} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ModelError(f"{file} is not valid TOML: {error}. Mend that line.") from None
    table = told.get(name, {})
    if not isinstance(table, dict):
        raise ModelError(f"{file}: {name} must be a table, so write [{name}] on a line.")
    return table


def _checked(file: Path, name: str, value: Any) -> Any:
    """One setting with the right type and a sensible value."""
    if name not in KINDS:
        raise ModelError(f"{file}: [model] has no '{name}'. It has: {', '.join(KINDS)}.")
    kind = KINDS[name]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = isinstance(value, kind) or (kind is float and number)
    if not fits or isinstance(value, bool):
        what = {str: "a text", int: "a whole number", float: "a number"}[kind]
        raise ModelError(f"{file}: {name} of [model] must be {what}.")
    least = {"context_tokens": LEAST_CONTEXT, "timeout_s": 1.0, "price_in": 0.0, "price_out": 0.0}
    if name in least and not least[name] <= value < math.inf:
        raise ModelError(f"{file}: {name} of [model] must be {least[name]:g} or more.")
    return value
