"""Kept answers: questions and the code that answers them, by name and version."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from storage.study import Study, StudyError

_COLUMNS = "analysis_id, name, version, question, code, assumptions, ignored, model, created_at"


@dataclass(frozen=True)
class Analysis:
    """One version of a kept answer."""

    analysis_id: int
    name: str | None
    version: int  # from 1
    question: str
    code: str
    assumptions: list[str]
    ignored: list[str]
    model: str
    created_at: datetime  # UTC


def keep(
    study: Study,
    name: str | None,
    question: str,
    code: str,
    *,
    assumptions: Sequence[str] = (),
    ignored: Sequence[str] = (),
    model: str = "offline",
) -> int:
    """Keep an answer under a name and return its version.

    The same question and code under the same name stay one version; anything else is the next.
    """
    latest = _versions(study, name)[-1:] if name else []
    if latest and (latest[0].question, latest[0].code) == (question, code):
        return latest[0].version
    version = latest[0].version + 1 if latest else 1
    study.rows(
        f"INSERT INTO analyses ({_COLUMNS}) "
        "VALUES (nextval('analysis_ids'), ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            name or None, version, question, code, json.dumps(list(assumptions)),
            json.dumps(list(ignored)), model, datetime.now(UTC).replace(tzinfo=None),
        ],
    )  # fmt: skip
    return version


def find_analysis(study: Study, name: str, version: int | None = None) -> Analysis:
    """A kept answer by name: the latest version, or the one asked for."""
    found = [one for one in _versions(study, name) if version in (None, one.version)]
    if found:
        return found[-1]
    known = ", ".join(sorted({one.name for one in analyses(study) if one.name}))
    asked = name if version is None else f"{name} version {version}"
    raise StudyError(
        f"The study has no kept answer '{asked}'. It has: {known or 'none, keep one with --save'}."
    )


def analyses(study: Study) -> list[Analysis]:
    """All kept answers and their versions, oldest first."""
    rows = study.rows(f"SELECT {_COLUMNS} FROM analyses ORDER BY analysis_id")
    return [_analysis(row) for row in rows]


def _versions(study: Study, name: str | None) -> list[Analysis]:
    rows = study.rows(f"SELECT {_COLUMNS} FROM analyses WHERE name = ? ORDER BY version", [name])
    return [_analysis(row) for row in rows]


def _analysis(row: tuple[Any, ...]) -> Analysis:
    facts = dict(zip(_COLUMNS.split(", "), row, strict=True))
    for column in ("assumptions", "ignored"):
        facts[column] = json.loads(facts[column])
    facts["created_at"] = facts["created_at"].replace(tzinfo=UTC)
    return Analysis(**facts)
