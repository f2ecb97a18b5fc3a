"""What a study remembers: the versions of its definitions, and the turns of conversations."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from storage.errors import StudyError
from storage.study import Study

_COLUMNS = (
    "definition_id, version, meaning_since, name, aliases, text, code, parameters, depends_on, "
    "author, created_at, forgotten_at"
)
_SELECT = (
    f"SELECT {_COLUMNS}, (SELECT max(t.asked_at) FROM turns t JOIN turn_definitions u "
    "USING (turn_id) JOIN definitions o ON o.name = u.name AND o.version = u.version "
    "WHERE o.definition_id = d.definition_id) AS last_used_at FROM definitions d"
)
_LISTS = ("aliases", "parameters", "depends_on")
_TIMES = ("created_at", "forgotten_at", "last_used_at")


@dataclass(frozen=True)
class StoredDefinition:
    """One version of a definition, as the study keeps it."""

    name: str
    text: str = ""
    code: str = ""
    aliases: tuple[str, ...] = ()
    parameters: dict[str, Any] | None = None
    depends_on: tuple[str, ...] = ()
    author: str = ""
    definition_id: int = 0  # 0 before it is kept: a new definition
    version: int = 0
    meaning_since: int = 0
    created_at: datetime | None = None  # UTC
    forgotten_at: datetime | None = None  # UTC
    last_used_at: datetime | None = None  # UTC, of any version


@dataclass(frozen=True)
class StoredTurn:
    """One question and its answer, as the study keeps them."""

    question: str
    text: str = ""
    code: str = ""
    definitions: tuple[tuple[str, int], ...] = ()  # (name, version) used
    conversation: str = ""
    model: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    asked_at: datetime | None = None  # UTC


def save_definition(
    study: Study, new: StoredDefinition, *, same_meaning: bool = False
) -> StoredDefinition:
    """Keep the next version of a definition (of a new one when its definition_id is 0).

    same_meaning: only names changed, so answers that used the version before are not out of date.
    A version number that the name ever had is not used again.
    """
    if not new.name.strip():
        raise StudyError("A definition needs a name: give it one.")
    sql = "SELECT coalesce(max(version), 0) FROM definitions WHERE definition_id = ? OR name = ?"
    version = int(study.rows(sql, [new.definition_id, new.name])[0][0]) + 1
    number = new.definition_id or int(study.rows("SELECT nextval('definition_ids')")[0][0])
    study.rows(
        f"INSERT INTO definitions ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
        [
            number, version, new.meaning_since if same_meaning else version, new.name,
            _json(list(new.aliases)), new.text, new.code, _json(new.parameters or {}),
            _json(list(new.depends_on)), new.author, datetime.now(UTC).replace(tzinfo=None),
        ],
    )  # fmt: skip
    return _read(study, "WHERE definition_id = ? AND version = ?", [number, version])[0]


def current_definitions(study: Study) -> list[StoredDefinition]:
    """The latest version of every definition that is not forgotten, oldest definition first."""
    return _read(
        study,
        "WHERE forgotten_at IS NULL QUALIFY version = max(version) OVER (PARTITION BY "
        "definition_id) ORDER BY definition_id",
    )


def definition_versions(study: Study, name: str) -> list[StoredDefinition]:
    """Every version of every definition that ever had this name, forgotten ones too."""
    return _read(
        study,
        "WHERE definition_id IN (SELECT definition_id FROM definitions WHERE name = ?) "
        "ORDER BY definition_id, version",
        [name],
    )


def find_version(study: Study, name: str, version: int) -> StoredDefinition:
    """The version that an old answer used, by the name it had then."""
    found = _read(study, "WHERE name = ? AND version = ?", [name, version])
    if found:
        return found[0]
    known = [f"{one.name} version {one.version}" for one in definition_versions(study, name)]
    raise StudyError(
        f"The study has no definition '{name}' version {version}. It has: "
        f"{', '.join(known) or 'none of this name'}."
    )


def forget_definition(study: Study, definition_id: int) -> None:
    """Take a definition out of use; its versions stay for the answers that used them."""
    study.rows(
        "UPDATE definitions SET forgotten_at = ? WHERE definition_id = ? AND forgotten_at IS NULL",
        [datetime.now(UTC).replace(tzinfo=None), definition_id],
    )


def save_turn(study: Study, turn: StoredTurn) -> int:
    """Keep a question and its answer as the last turn of its conversation; return its number."""
    number = int(study.rows("SELECT nextval('turn_ids')")[0][0])
    at = (turn.asked_at or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None)
    study.rows(
        "INSERT INTO turns VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            number, turn.conversation, turn.question, turn.text, turn.code, turn.model,
            turn.prompt_tokens, turn.completion_tokens, at,
        ],
    )  # fmt: skip
    for name, version in dict.fromkeys(turn.definitions):
        study.rows("INSERT INTO turn_definitions VALUES (?, ?, ?)", [number, name, version])
    return number


def read_turns(study: Study, conversation: str = "", last: int = 50) -> list[StoredTurn]:
    """The last turns of a conversation, oldest first."""
    rows = study.rows(
        "SELECT turn_id, question, text, code, conversation, model, prompt_tokens, "
        "completion_tokens, asked_at FROM turns WHERE conversation = ? "
        "ORDER BY turn_id DESC LIMIT ?",
        [conversation, last],
    )[::-1]
    used: dict[int, list[tuple[str, int]]] = {}
    sql = "SELECT turn_id, name, version FROM turn_definitions WHERE turn_id >= ? ORDER BY rowid"
    for number, name, version in study.rows(sql, [rows[0][0]]) if rows else []:
        used.setdefault(number, []).append((str(name), int(version)))
    return [
        StoredTurn(
            question, text, code, tuple(used.get(number, ())), talk, model, read, wrote,
            at.replace(tzinfo=UTC),
        )
        for number, question, text, code, talk, model, read, wrote, at in rows
    ]  # fmt: skip


def find_turn(study: Study, number: int) -> StoredTurn:
    """One question and its answer, by the number that `save_turn` gave."""
    rows = study.rows(
        "SELECT question, text, code, conversation, model, prompt_tokens, completion_tokens, "
        "asked_at FROM turns WHERE turn_id = ?",
        [number],
    )
    if not rows:
        last = study.rows("SELECT max(turn_id) FROM turns")[0][0]
        known = f"the last is number {last}" if last else "it has none yet"
        raise StudyError(f"The study has no answer number {number}: {known}.")
    question, text, code, talk, model, read, wrote, at = rows[0]
    used = study.rows(
        "SELECT name, version FROM turn_definitions WHERE turn_id = ? ORDER BY rowid", [number]
    )
    definitions = tuple((str(name), int(version)) for name, version in used)
    return StoredTurn(
        question, text, code, definitions, talk, model, read, wrote, at.replace(tzinfo=UTC)
    )


def _read(study: Study, where: str, parameters: Sequence[Any] = ()) -> list[StoredDefinition]:
    names = [*_COLUMNS.split(", "), "last_used_at"]
    rows = study.rows(f"{_SELECT} {where}", parameters)
    return [_definition(dict(zip(names, row, strict=True))) for row in rows]


def _definition(facts: dict[str, Any]) -> StoredDefinition:
    for column in _LISTS:
        value = json.loads(facts[column])
        facts[column] = tuple(value) if isinstance(value, list) else value
    for column in _TIMES:
        facts[column] = facts[column] and facts[column].replace(tzinfo=UTC)
    return StoredDefinition(**facts)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
