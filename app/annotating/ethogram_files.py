"""Ethograms as files: those that the program ships, and JSON to give to another study."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path

from app.errors import AppError
from storage.ethogram import Behaviour, behaviour_of, problems
from storage.study import StudyError


@dataclass(frozen=True)
class Ethogram:
    """A list of behaviours with a title, and where their descriptions are from."""

    title: str
    behaviours: tuple[Behaviour, ...]
    sources: tuple[str, ...] = ()


def shipped() -> dict[str, Ethogram]:
    """The ethograms that the program brings, by name."""
    found = sorted(
        (file.name.removesuffix(".json"), file.read_text(encoding="utf-8"))
        for file in files("assets").joinpath("ethograms").iterdir()
        if file.name.endswith(".json")
    )
    return {name: parse(text, name) for name, text in found}


def shipped_ethogram(name: str) -> Ethogram:
    """One ethogram that the program brings."""
    known = shipped()
    if name not in known:
        raise AppError(f"There is no ethogram '{name}'. There are: {', '.join(known)}.")
    return known[name]


def parse(text: str, name: str) -> Ethogram:
    """Read an ethogram from JSON; AppError says what is wrong with it.

    >>> parse('{"behaviours": [{"behaviour": "rearing", "key": "r"}]}', "mine").behaviours[0].key
    'r'
    """
    try:
        record = json.loads(text)
        listed = record["behaviours"] if isinstance(record, dict) else record
        if not isinstance(listed, list):
            raise TypeError
        behaviours = tuple(behaviour_of(one, number) for number, one in enumerate(listed, 1))
    except StudyError as error:
        raise AppError(f"{name}: {error}") from error
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise AppError(
            f'{name} is no ethogram: it should be JSON with "behaviours", a list of records such '
            'as {"behaviour": "rearing", "kind": "state", "key": "r"}.'
        ) from error
    wrong = problems(behaviours)
    if wrong:
        raise AppError(f"{name}: {' '.join(wrong)}")
    facts = record if isinstance(record, dict) else {}
    sources = facts.get("sources")
    return Ethogram(
        str(facts.get("title") or name),
        behaviours,
        tuple(map(str, sources)) if isinstance(sources, list) else (),
    )


def read_file(file: Path) -> Ethogram:
    """Read an ethogram from a JSON file."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise AppError(f"{file} is no text: give an ethogram as JSON.") from error
    return parse(text, str(file))


def as_json(behaviours: list[Behaviour], title: str = "Ethogram") -> str:
    """Write an ethogram as JSON, to be read by `parse`."""
    record = {"title": title, "behaviours": [asdict(one) for one in behaviours]}
    return json.dumps(record, ensure_ascii=False, indent=2) + "\n"
