"""The handbook of presets: measures of standard protocols by name, with their source and code.

The presets are in assets/handbook/presets.json. Their code calls the vocabulary with the study's
own regions, which are found by words in their names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from llm_query.planning.plan_names import norm, tidy
from llm_query.planning.plan_numbers import quoted
from llm_query.planning.plan_slots import Context, Refusal, lone

LEAD = re.compile(
    r"^(?:(?:please|what is|what's|what was|how much is|how long is|how high is|give me|show me|"
    r"show|get|compute|calculate|run|do|perform|analy[sz]e|report|measure|determine|find|a|an|the)\s+)+"
)
TAIL = re.compile(
    r"(?:\s*(?:,?\s*in the (?:recording|video|session)|(?:of|for|by|in) "
    r"(?:each|every|the|all|all the) (?:animals?|mouse|mice|rats?|fly|flies|fish)))+$"
)
WHOSE = re.compile(r"\s+(?:of|for|by)\s+(?P<who>[^,]+)$")


@dataclass(frozen=True)
class Preset:
    """One measure or behaviour of a protocol, as it is asked for by name."""

    name: str
    text: str  # what it is, in words
    code: str  # the body of analyse(recording), with {animals} and the regions to fill in
    source: str
    aliases: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)  # which regions it needs

    @property
    def names(self) -> tuple[str, ...]:
        """The name and the aliases."""
        return (self.name, *self.aliases)


@dataclass(frozen=True)
class Filled:
    """A preset with a study's own regions and animals put in."""

    preset: Preset
    code: str
    assumptions: tuple[str, ...]


@cache
def presets() -> tuple[Preset, ...]:
    """Give every preset.

    >>> len(presets()) >= 60, presets()[0].name
    (True, 'elevated plus maze')
    """
    text = (files("assets") / "handbook" / "presets.json").read_text(encoding="utf-8")
    return tuple(
        Preset(one["name"], one["text"], "\n".join(one["code"]), one["source"],
               tuple(one["aliases"]), one["parameters"])
        for one in json.loads(text)["presets"]
    )  # fmt: skip


@cache
def _by_name() -> dict[str, Preset]:
    return {norm(name): preset for preset in presets() for name in preset.names}


def find_preset(question: str, context: Context) -> tuple[Preset, tuple[str, ...]] | None:
    """Find the preset that a question asks for by its name alone, and of which animals.

    What a study has a meaning of its own for is not looked up here.

    >>> context = Context(animals=("mouse 1", "mouse 2"))
    >>> preset, animals = find_preset("What is the open arm time of mouse 2?", context)
    >>> preset.name, animals
    ('open arm time', ('mouse 2',))
    """
    text = re.sub(r"[?.!\s]+$", "", tidy(question))
    for one in dict.fromkeys((text, TAIL.sub("", text))):
        plain = LEAD.sub("", one)
        if preset := _known(one, context) or _known(plain, context):
            return preset, ()
        whose = WHOSE.search(plain)
        names = {norm(name): name for name in context.animals}
        if whose and norm(whose["who"]) in names:
            preset = _known(plain[: whose.start()], context)
            if preset:
                return preset, (names[norm(whose["who"])],)
    return None


def _known(words: str, context: Context) -> Preset | None:
    own = [*context.behaviours, *context.learned, *context.regions]
    own += [name for one in context.definitions for name in (one.name, *one.aliases)]
    if norm(words) in {norm(name) for name in own}:
        return None
    return _by_name().get(norm(words))


def fill(preset: Preset, context: Context, animals: tuple[str, ...] = ()) -> Filled:
    """Put the study's regions and animals into a preset's code; refuse what is missing."""
    values: dict[str, str] = {}
    notes = [f"{preset.name}: {preset.text} Source: {preset.source}."]
    for role, needed in preset.parameters.items():
        if "animals" in needed:
            if len(context.animals) < needed["animals"]:
                raise lone(f"'{preset.name}'")
            continue
        names = (
            _arena(preset, needed, context)
            if "arena" in needed
            else _drawn(preset, needed, context)
        )
        notes.append(f"{needed['what'].capitalize()}: {', '.join(names)}.")
        single = needed.get("one") or "arena" in needed
        values[role] = quoted(names[0]) if single else f"[{', '.join(map(quoted, names))}]"
    code = preset.code
    if animals:
        whole = re.compile(r"run_assay\(recording, \"(\w+)\"")
        one = quoted(animals[0])
        code = whole.sub(lambda match: f"{match[1]}(recording, {one}", code)
        if "{animals}" not in code and code == preset.code:
            raise Refusal(f"'{preset.name}' is of all animals at once. Ask for it without a name.")
    who = f"[{', '.join(map(quoted, animals))}]" if animals else "recording.animals"
    for role, value in {"animals": who, **values}.items():
        code = code.replace("{" + role + "}", value)
    return Filled(
        preset, "\n".join(f"    {line}" for line in code.split("\n")) + "\n", tuple(notes)
    )


def _arena(preset: Preset, needed: Mapping[str, Any], context: Context) -> tuple[str, ...]:
    if context.arena is None:
        raise Refusal(
            f"'{preset.name}' needs {needed['what']}. Draw it on the Set up page, give it the role "
            "arena, and ask again."
        )
    return (context.arena,)


def _drawn(preset: Preset, needed: Mapping[str, Any], context: Context) -> tuple[str, ...]:
    """The regions for a part of the protocol, by words in their names."""
    least = 1 if needed.get("one") else needed["least"]
    has, never = (re.compile("|".join(needed.get(k, ())) or "$^", re.I) for k in ("words", "not"))
    names = tuple(
        name for name in context.regions
        if name != context.arena and has.search(name.replace("_", " "))
        and not never.search(name.replace("_", " "))
    )  # fmt: skip
    if len(names) < least:
        drawn = ", ".join(context.regions) or "none yet"
        many = f"{least} regions" if least > 1 else "a region"
        raise Refusal(
            f"'{preset.name}' needs {needed['what']} (drawn: {drawn}). Draw {many} with "
            f"'{needed['words'][0]}' in the name, and ask again."
        )
    if needed.get("one") and len(names) > 1:
        raise Refusal(
            f"'{preset.name}': {needed['what']} could be any of {', '.join(names)}. Give only one "
            f"of them a name with '{needed['words'][0]}'."
        )
    return names
