"""What was asked on the pages, kept as files of the study: a conversation outlives tab and server.

`answers/<conversation>/<number>/turn.json` has the question and a line per video, and beside it
each video's whole answer, read only when it is looked at.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from app.errors import AppError
from llm_query.engine import Answer, plain
from llm_query.memory import Memory

FOLDER = "answers"
NAME = re.compile(r"[0-9a-z]+(-[0-9a-z]+){0,4}")
TABLES = ("bouts", "table")


@dataclass(frozen=True)
class Line:
    """One video's answer in a line."""

    video: str
    text: str = ""
    numbers: Mapping[str, float | None] | None = None
    bouts: int = 0
    failed: str = ""  # why there is no answer: an error or a refusal
    unknown: str = ""  # the words that a refusal asks the meaning of
    defined: tuple[str, int] | None = None  # name and version of what the question defines


@dataclass(frozen=True)
class Asked:
    """One question of a conversation, with a line for every video."""

    number: int  # from 1
    question: str
    at: datetime  # UTC
    lines: tuple[Line, ...] = ()
    about: str | None = None  # one video, or None for all
    model: str = ""
    trouble: str = ""  # why there is no answer at all
    code: str = ""
    whole: bool = True  # whether the videos' whole answers are kept, too


def new_conversation() -> str:
    """A name for a new conversation, which nobody can guess.

    >>> is_conversation(new_conversation()), is_conversation("../study")
    (True, False)
    """
    return f"{datetime.now(UTC):%Y%m%d-%H%M}-{uuid.uuid4().hex[:10]}"


def is_conversation(name: str) -> bool:
    """Whether a name may be a conversation's; it is the name of a folder, too."""
    return len(name) <= 60 and NAME.fullmatch(name) is not None


def keep_turn(
    study: Path, conversation: str, question: str, answers: Sequence[Answer], **more: Any
) -> Asked:
    """Keep a question and its answers as the conversation's next turn."""
    if not is_conversation(conversation):
        raise AppError(f"'{conversation}' cannot be a conversation's name.")
    home = study / FOLDER / conversation
    home.mkdir(parents=True, exist_ok=True)
    draft = home / f".{uuid.uuid4().hex}"
    draft.mkdir()
    for order, answer in enumerate(answers):
        packed = gzip.compress(json.dumps(_as_record(answer)).encode("utf-8"), 4)
        (draft / f"{order:05}.json.gz").write_bytes(packed)
    lines = tuple(_line(answer) for answer in answers)
    number = max((each.number for each in _turns(home)), default=0)
    while True:
        number += 1
        asked = Asked(number, question, datetime.now(UTC), lines, **more)
        record = asdict(asked) | {"at": asked.at.isoformat()}
        (draft / "turn.json").write_text(json.dumps(record), encoding="utf-8")
        try:
            draft.rename(home / f"{number:05}")
        except OSError:
            if not (home / f"{number:05}").exists():
                shutil.rmtree(draft, ignore_errors=True)
                raise
        else:
            return asked


def read_turns(study: Path, conversation: str, *, remembered: bool = True) -> list[Asked]:
    """The turns of a conversation, oldest first; of one held elsewhere, what is remembered."""
    if not is_conversation(conversation):
        return []
    found = _turns(study / FOLDER / conversation)
    if found or not remembered or not (study / "study.duckdb").exists():
        return found
    return [
        Asked(order, one.question, one.at or datetime.now(UTC), (Line("", one.text),),
              code=one.code, whole=False)
        for order, one in enumerate(Memory(study).turns(conversation), 1)
    ]  # fmt: skip


def read_answer(study: Path, conversation: str, number: int, order: int) -> Answer:
    """One video's whole answer of a turn; `order` is its line's place, from 0."""
    file = study / FOLDER / conversation / f"{number:05}" / f"{order:05}.json.gz"
    try:
        record = json.loads(gzip.decompress(file.read_bytes()))
    except (OSError, EOFError, ValueError) as error:
        raise AppError(f"This answer is no longer in the study ({error}). Ask again.") from error
    known = {field.name for field in fields(Answer)}
    facts = {name: value for name, value in record.items() if name in known}
    for name in TABLES:
        if facts.get(name) is not None:
            facts[name] = pd.DataFrame(facts[name]["rows"], columns=facts[name]["columns"])
    facts["definitions"] = tuple(
        (str(name), int(version)) for name, version in facts["definitions"]
    )
    facts["defined"] = tuple(facts["defined"]) if facts.get("defined") else None
    return Answer(**facts)


def conversations(study: Path, most: int = 30) -> list[tuple[str, Asked]]:
    """The last conversations by name with their first question, the newest first."""
    home = study / FOLDER
    folders = [each for each in home.glob("*") if each.is_dir() and is_conversation(each.name)]
    folders.sort(key=lambda each: each.stat().st_mtime, reverse=True)
    firsts = [(each.name, _turn(each / "00001" / "turn.json")) for each in folders[:most]]
    return [(name, first) for name, first in firsts if first is not None]


def _turns(home: Path) -> list[Asked]:
    found = [_turn(file) for file in sorted(home.glob("[0-9]*/turn.json"))]
    return [each for each in found if each is not None]


def _turn(file: Path) -> Asked | None:
    """One turn; None where the file is damaged or of another version."""
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        for line in record["lines"]:
            line["defined"] = tuple(line["defined"]) if line.get("defined") else None
        record["lines"] = tuple(Line(**line) for line in record["lines"])
        record["at"] = datetime.fromisoformat(record["at"])
        return Asked(**record)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _line(answer: Answer) -> Line:
    failed = answer.refused or answer.error or ""
    return Line(
        answer.video, "" if failed else answer.text,
        {str(name): plain(value) for name, value in answer.numbers.items()},
        len(answer.bouts), failed, answer.unknown, answer.defined,
    )  # fmt: skip


def _as_record(answer: Answer) -> dict[str, Any]:
    record = {field.name: getattr(answer, field.name) for field in fields(answer)}
    for name in TABLES:
        table = record[name]
        if table is not None:
            rows = [[plain(cell) for cell in row] for row in table.astype(object).to_numpy()]
            record[name] = {"columns": [str(each) for each in table.columns], "rows": rows}
    record["numbers"] = {str(name): plain(value) for name, value in answer.numbers.items()}
    return record
