"""Definitions as a file, to bring them into another study."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llm_query.answer_cleaning import readable
from llm_query.errors import QueryError
from llm_query.memory import Memory, find_name
from llm_query.remembering.definitions import Definition
from llm_query.remembering.recall import chain

FORMAT = "ethoscribe definitions"
LARGEST_BYTES = 10 << 20
_TEXTS = ("name", "text", "code", "author")
_LISTS = ("aliases", "depends_on")


@dataclass(frozen=True)
class Imported:
    """What an import did: names that are new here, were known, and were left alone (with why)."""

    added: list[str]
    same: list[str]
    conflicts: list[tuple[str, str]]


def export_definitions(memory: Memory, file: Path | str, names: Sequence[str] = ()) -> list[str]:
    """Write definitions and all they depend on to a JSON file; by default everything.

    The names that were written are returned.
    """
    known = memory.definitions()
    chosen = [memory.definition(name) for name in names] or known
    ordered: list[Definition] = []
    for one in chosen:
        ordered += [each for each in chain(one, known) if each not in ordered]
    record = {"format": FORMAT, "version": 1, "definitions": [as_record(one) for one in ordered]}
    text = json.dumps(record, indent=2, ensure_ascii=False)
    Path(file).write_text(text + "\n", encoding="utf-8")
    return [one.name for one in ordered]


def import_definitions(memory: Memory, file: Path | str, *, replace: bool = False) -> Imported:
    """Bring the definitions of a file into a study.

    A name that means something else here stays as it is, and what depends on it is not brought
    in either; with `replace` the file's meaning becomes the next version.
    """
    new = read_definitions(file)
    here = memory.definitions()
    _check_dependencies(new, here)
    done = Imported([], [], [])
    for one in dict.fromkeys(each.name for top in new for each in chain(top, new)):
        given = next(each for each in new if each.name == one)
        reason = None if replace else _conflict(given, here, done)
        if reason is not None:
            done.conflicts.append((one, reason))
        elif _is_here(given, here):
            done.same.append(one)
        else:
            memory.remember(
                one, given.text, code=given.code, aliases=given.aliases,
                parameters=given.parameters, depends_on=given.depends_on, author=given.author,
            )  # fmt: skip
            done.added.append(one)
    return done


def as_record(one: Definition) -> dict[str, Any]:
    """Give a definition as plain JSON values."""
    return {
        "name": one.name, "aliases": list(one.aliases), "text": one.text, "code": one.code,
        "parameters": one.parameters, "depends_on": list(one.depends_on),
        "version": one.version, "author": one.author,
        "created_at": one.created_at.isoformat() if one.created_at else None,
        "last_used_at": one.last_used_at.isoformat() if one.last_used_at else None,
    }  # fmt: skip


def read_definitions(file: Path | str) -> list[Definition]:
    """Read and check a file that `export_definitions` wrote."""
    file = Path(file)
    if file.stat().st_size > LARGEST_BYTES:
        raise QueryError(f"{file} is larger than {LARGEST_BYTES >> 20} MB: no file of definitions.")
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise QueryError(f"{file} is no JSON that can be read ({error}).") from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise QueryError(
            f"{file} holds no definitions: give a file that `ethoscribe definitions export` wrote."
        )
    rows = record.get("definitions")
    if record.get("version") != 1 or not isinstance(rows, list):
        raise QueryError(f"{file} is from another version of Ethoscribe: update to read it.")
    found = [_definition(row, f"definition {k + 1} of {file}") for k, row in enumerate(rows)]
    for one in found:
        if sum(other.name == one.name for other in found) > 1:
            raise QueryError(f"{file} defines '{one.name}' twice: keep one.")
    return found


def _definition(row: Any, where: str) -> Definition:
    if not isinstance(row, dict):
        raise QueryError(f"The {where} is no object with a name and a text.")
    row = _readable(row)
    texts = {key: row.get(key, "") for key in _TEXTS}
    lists = {key: row.get(key, []) for key in _LISTS}
    wrong = [key for key, value in texts.items() if not isinstance(value, str)]
    wrong += [
        key
        for key, value in lists.items()
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value)
    ]
    parameters = row.get("parameters", {})
    if wrong or not isinstance(parameters, dict) or not texts["name"]:
        raise QueryError(f"The {where} has a wrong {', '.join(wrong) or 'name or parameters'}.")
    return Definition(
        texts["name"], tuple(lists["aliases"]), texts["text"], texts["code"], parameters,
        tuple(lists["depends_on"]), author=texts["author"],
    )  # fmt: skip


def _readable(value: Any) -> Any:
    """What a stranger wrote, without characters that steer a terminal or hide what it says."""
    if isinstance(value, str):
        return readable(value)
    if isinstance(value, list):
        return [_readable(each) for each in value]
    if isinstance(value, dict):
        return {readable(str(key)): _readable(each) for key, each in value.items()}
    return value


def _check_dependencies(new: Sequence[Definition], here: Sequence[Definition]) -> None:
    missing = [
        f"'{one.name}' needs '{name}'"
        for one in new
        for name in one.depends_on
        if find_name(name, [*new, *here]) is None
    ]
    if missing:
        raise QueryError(
            f"Nothing was brought in: {', '.join(missing)}, which is neither in the file nor in "
            "the study."
        )


def _conflict(given: Definition, here: Sequence[Definition], done: Imported) -> str | None:
    """Say why a definition cannot come in without changing what something means."""
    for name in given.depends_on:
        left = [conflict for conflict, _ in done.conflicts if conflict == name]
        if left:
            return f"it needs '{name}', which means something else here"
    for name in given.names:
        known = find_name(name, here)
        if known is not None and not _same(given, known):
            if known.name == given.name:
                return f"here it means: {known.text or 'its code'}"
            return f"'{name}' is '{known.name}' here"
    return None


def _is_here(given: Definition, here: Sequence[Definition]) -> bool:
    known = find_name(given.name, here)
    return known is not None and _same(given, known) and set(given.aliases) <= set(known.names)


def _same(one: Definition, other: Definition) -> bool:
    return (one.text, one.code, one.parameters) == (other.text, other.code, other.parameters)
