"""What a language model gives for a question: code with a reading, a refusal, a question back."""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from llm_query.answers import readable
from llm_query.models.model_replies import FENCED

NOTHING = frozenset(("", "none", "null", "n/a", "na", "no", "false", "empty", "-", "nothing"))
LONGEST_CODE = 50_000  # characters


class ModelAnalysis(BaseModel):
    """One reply; exactly one of code, refused and needs_definition says something.

    >>> ModelAnalysis(refused="There is no scale.", code="none").code
    ''
    """

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)

    reading: str = Field(default="", max_length=2_000)
    code: str = Field(default="", max_length=LONGEST_CODE)
    assumptions: list[str] = Field(default_factory=list, max_length=50)
    ignored: list[str] = Field(default_factory=list, max_length=50)
    refused: str = Field(default="", max_length=2_000)
    needs_definition: str = Field(default="", max_length=2_000)

    @field_validator("reading", "code", "refused", "needs_definition", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        """Small models write null, "none" or a list of lines where a text may be empty."""
        if value is None or value is False:
            return ""
        if isinstance(value, list) and all(isinstance(line, str) for line in value):
            value = "\n".join(value)
        if not isinstance(value, str):
            return value
        return "" if value.strip(" .").lower() in NOTHING else readable(value)

    @field_validator("assumptions", "ignored", mode="before")
    @classmethod
    def _list(cls, value: Any) -> Any:
        """A single text is a list of one, null an empty list."""
        if value is None:
            return []
        told = [value] if isinstance(value, str) else value
        if not isinstance(told, list):
            return told
        texts = [readable(each) if isinstance(each, str) else each for each in told]
        return [t for t in texts if not (isinstance(t, str) and t.strip(" .").lower() in NOTHING)]

    @field_validator("code", mode="after")
    @classmethod
    def _bare(cls, value: str) -> str:
        """Code without the fence around it."""
        found = FENCED.search(value)
        return (found[1] if found else value).strip("\n")

    @model_validator(mode="after")
    def _one_thing(self) -> ModelAnalysis:
        if self.refused or self.needs_definition:
            self.code = ""  # what a model doubts is not run
        elif not self.code:
            raise ValueError(
                "it says nothing: give code, or say in refused what is missing, or ask in "
                "needs_definition"
            )
        return self

    @classmethod
    def from_text(cls, text: str) -> ModelAnalysis | None:
        """Make it of a reply that holds only a block of Python, with a sentence before it."""
        for found in FENCED.finditer(text):
            if re.search(r"^def analyse\(", found[1], re.M) and len(found[1]) <= LONGEST_CODE:
                before = " ".join(text[: found.start()].split())
                return cls(reading=re.split(r"(?<=[.!?]) ", before)[0][:500], code=found[1])
        return None
