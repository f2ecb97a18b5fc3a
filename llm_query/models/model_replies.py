"""Find the object that was asked for in whatever text a language model has written."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from llm_query.errors import QueryError

if TYPE_CHECKING:
    from pydantic import BaseModel

FENCED = re.compile(r"```[\w+-]*[ \t]*\r?\n(.*?)```", re.S)
SHOWN = 300  # characters of what was wrong


class InvalidReply(QueryError):
    """The reply does not hold what was asked for; the message says why, for the model."""


def without_thoughts(text: str) -> str:
    """The text without what the model has thought aloud, also where a tag is missing.

    >>> without_thoughts("<think>hm</think> yes"), without_thoughts("hm</think>yes <think>but")
    ('yes', 'yes')
    """
    text = re.sub(r"<(think(?:ing)?)>.*?</\1>", "", text, flags=re.S | re.I)
    text = re.split(r"</think(?:ing)?>", text, flags=re.I)[-1]
    return re.split(r"<think(?:ing)?>", text, flags=re.I)[0].strip()


def read_reply(text: str, schema: type[BaseModel]) -> BaseModel:
    """Read the reply as the schema has it: plain JSON, fenced, or between other words.

    A schema with a method `from_text(text)` may make its object of a reply without JSON (it gives
    None where it cannot).
    """
    from pydantic import ValidationError

    said = without_thoughts(text)
    wrong = ""
    for found in _objects(said, set(schema.model_fields)):
        try:
            return schema.model_validate(found)
        except ValidationError as error:
            wrong = wrong or _in_words(error)
    from_text = getattr(schema, "from_text", None)
    made = from_text(said) if from_text and not wrong else None
    if made is not None:
        return made
    raise InvalidReply(wrong or _what_is_wrong(said))


def _objects(text: str, names: set[str]) -> list[dict[str, Any]]:
    """Every JSON object that the text may be meant as, the likeliest first."""
    found = [_decode(text), *(_decode(block) for block in FENCED.findall(text))]
    for start in [match.start() for match in re.finditer(r"\{", text)][:20]:
        found.append(_decode(text[start:], whole=False))
    return [each for each in found if isinstance(each, dict) and names & set(each)]


def _decode(text: str, *, whole: bool = True) -> Any:
    """The JSON value in the text, None where there is none; raw line breaks in strings pass."""
    decoder = json.JSONDecoder(strict=False)
    text = text.strip()
    try:
        value, end = decoder.raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return None if whole and text[end:].strip() else value


def _what_is_wrong(text: str) -> str:
    if not text:
        return "The reply is empty."
    if "{" not in text:
        return "The reply holds no JSON object."
    return f"The JSON object is cut off or not valid: it ends with {text[-60:]!r}."


def _in_words(error: Any) -> str:
    """What pydantic has found, in one line."""
    found = [
        f"{'.'.join(str(part) for part in each['loc']) or 'the object'}: {each['msg']}"
        for each in error.errors(include_url=False, include_input=False)[:4]
    ]
    return "; ".join(found)[:SHOWN]
