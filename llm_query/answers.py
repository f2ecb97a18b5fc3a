"""What an answer is: a sentence, the code behind it, and what the code found in one video."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from llm_query.answer_checks import Result
from llm_query.answer_cleaning import cleaned, readable
from storage.bouts import COLUMNS

BOUT_COLUMNS = list(COLUMNS)
OFFLINE = "offline"
PERSON = "person"  # who wrote code that somebody typed or changed


@dataclass
class Answer:
    """The answer for one video: a sentence, the code, and what the code found."""

    video: str
    text: str
    code: str = ""
    bouts: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=BOUT_COLUMNS))
    table: pd.DataFrame | None = None
    numbers: dict[str, float | None] = field(default_factory=dict)
    assumptions: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    refused: str | None = None
    model: str = OFFLINE
    error: str | None = None
    figure: dict[str, Any] | None = None
    reading: str = ""
    seconds: float = 0.0
    kept: int | None = None  # number of the turn under which the study keeps it
    question: str = ""
    needs_definition: str = ""  # what the model asks back; then it is refused, too
    unknown: str = ""  # the words that nobody has defined, where they are why it is refused
    defined: tuple[str, int] | None = None  # name and version of what the question defines
    finds_bouts: bool = False  # also when it found none
    definitions: tuple[tuple[str, int], ...] = ()  # name and version of those of the study it used
    prompt_tokens: int = 0  # read by the model for this answer; other videos share its code
    server: str = ""  # where the model is
    completion_tokens: int = 0  # written by the model
    cost: float | None = None  # in the currency of the model's prices; None without prices

    def to_json(self) -> dict[str, Any]:
        """Give the answer as plain JSON values; unknown numbers are null.

        Keys: text, code, bouts, table, numbers, assumptions, ignored, refused, model, error; then
        how it was read and what that took: reading, definitions, needs_definition, unknown, figure,
        server, prompt_tokens, completion_tokens, cost, kept.
        """
        return {
            "text": self.text,
            "code": self.code,
            "bouts": records(self.bouts),
            "table": None if self.table is None else records(self.table),
            "numbers": {name: plain(value) for name, value in self.numbers.items()},
            "assumptions": list(self.assumptions),
            "ignored": list(self.ignored),
            "refused": self.refused,
            "model": self.model,
            "error": self.error,
            "reading": self.reading,
            "definitions": [{"name": name, "version": v} for name, v in self.definitions],
            "needs_definition": self.needs_definition,
            "unknown": self.unknown,
            "figure": self.figure,
            "server": self.server,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "cost": self.cost,
            "kept": self.kept,
        }


def plain(value: Any) -> Any:
    """Make a cell plain JSON: NaN and missing become null."""
    value = value.item() if hasattr(value, "item") else value
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Give a table as one plain JSON object per row."""
    columns = {str(name): [plain(v) for v in table[name].tolist()] for name in table.columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def to_answer(name: str, code: str, result: Result) -> Answer:
    """Make the answer for one video of what its analysis gave."""
    if not result.error:
        result = cleaned(result)
    if result.error:
        error = readable(result.error)
        return Answer(name, error, code=code, error=error, seconds=result.seconds)
    return Answer(
        video=name,
        text=readable(result.text) or _numbers_text(result),
        code=code,
        bouts=_bouts(result.bouts, name),
        finds_bouts=len(result.bouts.columns) > 0,
        table=result.table,
        numbers=result.numbers,
        figure=result.figure,
        seconds=result.seconds,
    )


def _numbers_text(result: Result) -> str:
    """Say in a sentence what came out where the analysis does not say it itself."""
    said = [f"{name} {value:.4g}" for name, value in result.numbers.items() if value is not None]
    if said:
        return f"{', '.join(said)}."
    if result.figure is not None:
        title = result.figure.get("layout", {}).get("title", {})
        text = title.get("text") if isinstance(title, dict) else title
        return f"Figure: {text or 'as asked'}."
    if result.table is not None:
        return f"A table of {len(result.table)} rows."
    return "The analysis gave no result."


def _bouts(found: pd.DataFrame, video: str) -> pd.DataFrame:
    """Complete bouts to the columns of every bouts table."""
    table = found.copy()
    table["video"], table["source"], table["annotator"] = video, "analysis", None
    defaults = {"behaviour": "", "target": None, "kind": "state", "definition": ""}
    for column in BOUT_COLUMNS:
        if column not in table:
            table[column] = defaults.get(column, float("nan"))
    return table[BOUT_COLUMNS]
