"""What the page of definitions does: find, write down, change, copy, bring in and take out."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.errors import AppError
from app.library import reading
from llm_query.engine import make_context
from llm_query.memory import Definition, Memory
from llm_query.models.model_code import check_model_code
from llm_query.planner import plan
from llm_query.planning.handbook import Preset, presets
from llm_query.remembering.definition_files import (
    LARGEST_BYTES,
    Imported,
    export_definitions,
    import_definitions,
)
from storage.runs import active_run
from storage.videos import videos


def found(known: Sequence[Definition], asked: str) -> list[Definition]:
    """The definitions in which every word is found; by name first, then by what they say."""
    words = asked.lower().split()
    matching = [one for one in known if _has(words, (*one.names, one.text, one.code))]
    by_name = [one for one in matching if _has(words, one.names)]
    return [*by_name, *(one for one in matching if one not in by_name)]


def found_presets(asked: str) -> list[Preset]:
    """The presets of the handbook in which every word is found."""
    words = asked.lower().split()
    matching = [one for one in presets() if _has(words, (*one.names, one.text, one.source))]
    by_name = [one for one in matching if _has(words, one.names)]
    return [*by_name, *(one for one in matching if one not in by_name)]


def _has(words: Sequence[str], texts: Sequence[str]) -> bool:
    everything = " ".join(texts).lower()
    return all(word in everything for word in words)


def change(
    memory: Memory, one: Definition, *, text: str, aliases: str, code: str, parameters: str,
    depends_on: Sequence[str], author: str,
) -> Definition:  # fmt: skip
    """Keep what a form says as the next version; the same again changes nothing.

    Code that was left as it was goes when the text changes, as it says what the old text said; what
    it needs is then found in the new text.
    """
    text, code = text.strip(), code.strip("\n")
    new_text = text != one.text
    if code.strip() and code != one.code:
        check_model_code(code)
    if new_text and code == one.code:
        code = ""
    same_needs = tuple(depends_on) == one.depends_on
    return memory.remember(
        one.name, text, code=code, aliases=split(aliases),
        parameters=read_parameters(parameters),
        depends_on=None if new_text and same_needs else list(depends_on), author=author,
    )  # fmt: skip


def split(aliases: str) -> list[str]:
    """Names with commas between them.

    >>> split("pursuit, following ,")
    ['pursuit', 'following']
    """
    return [each.strip() for each in aliases.split(",") if each.strip()]


def read_parameters(lines: str) -> dict[str, float | str]:
    """One parameter a line.

    >>> read_parameters("distance_cm = 10\\nsource = own")
    {'distance_cm': 10.0, 'source': 'own'}
    """
    found: dict[str, float | str] = {}
    for line in filter(str.strip, lines.splitlines()):
        name, sign, value = (part.strip() for part in line.partition("="))
        if not (sign and name and value):
            raise AppError(f"'{line.strip()}' is no parameter: write NAME = VALUE on each line.")
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        found[name] = number if math.isfinite(number) else value
    return found


def write_parameters(parameters: Mapping[str, Any]) -> str:
    """The lines that `read_parameters` reads."""
    return "\n".join(
        f"{name} = {value:g}" if isinstance(value, float) else f"{name} = {value}"
        for name, value in parameters.items()
    )


def copy_preset(memory: Memory, preset: Preset, author: str) -> Definition:
    """Keep a preset as a definition of the study, with the study's own regions put in."""
    here = [one for one in memory.definitions() if preset.name in one.names]
    if here:
        raise AppError(f"'{preset.name}' is in this study already: edit '{here[0].name}'.")
    code, refused = "", "No video of this study is tracked yet. Track one first."
    for context in _contexts(memory):
        understood = plan(preset.name, context)
        code, refused = understood.code, understood.refused or ""
        if code:
            break
    if refused:
        raise AppError(f"It cannot be copied yet. {refused}")
    taken = {name.casefold() for one in memory.definitions() for name in one.names}
    aliases = [name for name in preset.aliases if name.casefold() not in taken]
    text = f"{preset.text} Source: {preset.source}."
    return memory.remember(preset.name, text, code=code, aliases=aliases, author=author)


def _contexts(memory: Memory) -> list[Any]:
    """What the planner may know of each tracked video, without names that hide the handbook's."""
    with reading(memory.folder) as study:
        tracked = [one for one in videos(study) if active_run(study, one.video_id) is not None]
        return [
            replace(make_context(study, video), behaviours=(), learned=(), definitions=())
            for video in tracked
        ]


def export_bytes(memory: Memory) -> bytes:
    """All definitions as the file that `ethoscribe definitions export` writes."""
    with tempfile.TemporaryDirectory(prefix="ethoscribe-") as folder:
        file = Path(folder) / "definitions.json"
        export_definitions(memory, file)
        return file.read_bytes()


def import_bytes(memory: Memory, name: str, content: bytes, *, replace_: bool) -> Imported:
    """Bring in the definitions of a file that came through the browser."""
    if len(content) > LARGEST_BYTES:
        raise AppError(f"{name} is larger than {LARGEST_BYTES >> 20} MB: no file of definitions.")
    with tempfile.TemporaryDirectory(prefix="ethoscribe-") as folder:
        file = Path(folder) / "definitions.json"
        file.write_bytes(content)
        return import_definitions(memory, file, replace=replace_)
