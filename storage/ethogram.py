"""The behaviours that people of a study score: names, keys, colours, and what is asked for each."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from storage.errors import StudyError
from storage.study import Study

# Okabe and Ito's colours as everywhere in the program, then Tol's; all told apart by everybody.
COLOURS = (
    "#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#D55E00", "#0072B2", "#F0E442", "#882255",
    "#44AA99", "#DDCC77", "#332288", "#999999",
)  # fmt: skip
# The player plays, steps, zooms and helps with these.
TAKEN = {
    " ": "space plays", ",": "a comma steps", ".": "a full stop steps", "<": "< steps",
    ">": "> steps", "[": "brackets jump to bouts", "]": "brackets jump to bouts", "+": "plus zooms",
    "-": "minus zooms", "?": "the question mark shows the help",
    **{digit: "digits choose the animal" for digit in "0123456789"},
}  # fmt: skip
MOST, LONGEST, LONGEST_TEXT = 200, 200, 2000


@dataclass(frozen=True)
class Modifier:
    """One thing that can be said more closely of a bout."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Behaviour:
    """One line of an ethogram."""

    behaviour: str
    kind: str = "state"  # state or point
    key: str | None = None  # one character in lower case
    colour: str = ""  # #rrggbb
    has_subject: bool = True  # False: about the whole scene
    has_target: bool = False
    modifiers: tuple[Modifier, ...] = ()
    exclusive_group: str | None = None  # states of one group end one another
    description: str = ""


def read_ethogram(study: Study) -> list[Behaviour]:
    """The behaviours of the study, in their order."""
    names = ", ".join(field.name for field in fields(Behaviour))
    rows = study.rows(f"SELECT {names} FROM ethogram ORDER BY position, behaviour")
    records = [dict(zip(names.split(", "), row, strict=True)) for row in rows]
    return [
        behaviour_of({**record, "modifiers": json.loads(record["modifiers"])}) for record in records
    ]


def save_ethogram(
    study: Study, behaviours: Sequence[Behaviour], before: Sequence[Behaviour] | None = None
) -> None:
    """Make this the study's ethogram; StudyError names everything that is wrong with it.

    `before` is what the person saw who changed it: what somebody else saved meanwhile is not
    written over. Bouts that were scored stay, also of behaviours that are not in it any more.
    """
    if before is not None and list(before) != read_ethogram(study):
        raise StudyError(
            "Somebody else has changed the ethogram since you opened it: load the page anew and "
            "make your changes again."
        )
    wrong = problems(behaviours)
    if wrong:
        raise StudyError(" ".join(wrong))
    study.rows("DELETE FROM ethogram")
    for position, one in enumerate(behaviours, 1):
        row = asdict(one) | {"modifiers": json.dumps([asdict(each) for each in one.modifiers])}
        study.rows(
            f"INSERT INTO ethogram ({', '.join(row)}, position) "
            f"VALUES ({', '.join('?' * len(row))}, ?)",
            [*row.values(), position],
        )


def behaviour_of(record: Mapping[str, Any], position: int = 1) -> Behaviour:
    """A behaviour from a record of a file or a table; missing facts are the usual ones."""
    if not isinstance(record, Mapping):
        raise StudyError(f"Behaviour {position} of the ethogram is no record of its facts.")
    name = _text(record.get("behaviour")).strip()
    key = _text(record.get("key"))
    return Behaviour(
        behaviour=name,
        kind=str(record.get("kind") or "state").strip().lower(),
        key=(key.lower() if key.strip() else " ") if key else None,
        colour=_text(record.get("colour")).strip() or COLOURS[(position - 1) % len(COLOURS)],
        has_subject=_flag(record.get("has_subject"), True),
        has_target=_flag(record.get("has_target"), False),
        modifiers=_modifiers(record.get("modifiers"), name),
        exclusive_group=_text(record.get("exclusive_group")).strip() or None,
        description=_text(record.get("description")).strip(),
    )


def problems(behaviours: Sequence[Behaviour]) -> list[str]:
    """Everything that is wrong with an ethogram, one sentence each."""
    found = [sentence for one in behaviours for sentence in _of_one(one)]
    if len(behaviours) > MOST:
        found.append(f"{len(behaviours)} behaviours are more than the {MOST} that fit.")
    for name in _doubled(one.behaviour.casefold() for one in behaviours):
        found.append(f"'{name}' is there twice: take one out, or call it otherwise.")
    for key in _doubled(one.key for one in behaviours if one.key):
        names = " and ".join(f"'{one.behaviour}'" for one in behaviours if one.key == key)
        found.append(f"The key {key} is given to {names}: choose another key for one.")
    return found


def _of_one(one: Behaviour) -> list[str]:
    name, found = f"'{one.behaviour}'", []
    if not one.behaviour or len(one.behaviour) > LONGEST or not one.behaviour.isprintable():
        return [f"{name} is no name: give every behaviour one line of 1 to {LONGEST} letters."]
    if one.kind not in ("state", "point"):
        found.append(f"{name} is a '{one.kind}': choose state (lasts) or point (a moment).")
    if one.key is not None and one.key in TAKEN:
        found.append(f"{name} cannot have the key '{one.key}', {TAKEN[one.key]}: choose a letter.")
    elif one.key is not None and (len(one.key) != 1 or not one.key.isprintable()):
        found.append(f"{name} has the key '{one.key}': a key is one letter or sign.")
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", one.colour):
        found.append(f"{name} has the colour '{one.colour}': write it as #E69F00.")
    if one.exclusive_group is not None and one.kind == "point":
        found.append(f"{name} is a moment, it ends no state: leave its group empty.")
    texts = [one.exclusive_group or "", *(each.name for each in one.modifiers)]
    texts += [value for each in one.modifiers for value in each.values]
    if len(one.description) > LONGEST_TEXT or any(len(text) > LONGEST for text in texts):
        found.append(f"{name} has a text that is too long: {LONGEST_TEXT} letters at most.")
    if any(not each.name or not each.values for each in one.modifiers):
        found.append(f"{name}: write its modifiers as 'where: head, tail; hand: left, right'.")
    if any(not text.isprintable() or set(text) & set(":;,") for text in texts[1:]):
        found.append(f"{name}: the names in its modifiers go without : ; and line breaks.")
    for doubled in _doubled(each.name for each in one.modifiers):
        found.append(f"{name} has the modifier '{doubled}' twice: make them one.")
    return found


def _doubled(texts: Iterable[str | None]) -> list[str]:
    return [text for text, number in Counter(texts).items() if text and number > 1]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _flag(value: object, usual: bool) -> bool:
    return usual if value is None or value != value else bool(value)


def _modifiers(value: object, name: str) -> tuple[Modifier, ...]:
    """Modifiers as a list of {name, values}, or in one text as people write them."""
    if value is None or value != value:
        return ()
    if isinstance(value, str):
        return spoken_modifiers(value)
    try:
        return tuple(
            Modifier(str(one["name"]).strip(), tuple(str(each).strip() for each in one["values"]))
            for one in value  # type: ignore[attr-defined]
        )
    except (LookupError, TypeError) as error:
        raise StudyError(
            f"The modifiers of '{name}' are no list of names with their values."
        ) from error


def spoken_modifiers(text: str) -> tuple[Modifier, ...]:
    """Read modifiers as a person writes them.

    >>> spoken_modifiers("where: head, tail; hand: left, right")[0]
    Modifier(name='where', values=('head', 'tail'))
    """
    parts = [part.partition(":") for part in text.split(";") if part.strip()]
    return tuple(
        Modifier(name.strip(), tuple(each.strip() for each in values.split(",") if each.strip()))
        for name, _, values in parts
    )


def in_one_line(modifiers: Iterable[Modifier]) -> str:
    """Write modifiers as a person does, the reverse of `spoken_modifiers`."""
    return "; ".join(f"{one.name}: {', '.join(one.values)}" for one in modifiers)
