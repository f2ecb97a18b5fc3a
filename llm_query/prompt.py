"""Build what a language model is told: rules, the study's own names, the words it may use, memory.

Nothing is pasted: names, units and the help of words come from where they are defined. Equal input
gives an equal prompt, and it is never longer than the budget: the help of words that have least to
do with the question goes first, then old turns, then long lists of names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from llm_query.bouts import COLUMNS, Bouts
from llm_query.models.model_settings import ModelError
from llm_query.models.prompt_words import chosen_help, methods_of
from llm_query.models.token_counts import message_tokens
from llm_query.planning.plan_slots import Context
from llm_query.recording import Recording
from llm_query.remembering.definitions import Definition, Turn, estimate_tokens
from storage.schema import migrations

MOST_NAMES = 60  # of animals, regions, ... that a prompt lists; the others are counted
FEW_NAMES = 12  # where there is little room
LONGEST_TRIED = 6000  # characters of code that is shown again
NOT_FOR_MODELS = (
    "load", "synthetic", "remember", "track", "masks", "learned", "scored", "kept", "columns",
    "from_masks", "where",
)  # fmt: skip

RULES = """\
You write Python for Ethoscribe, which measures the behaviour of animals tracked in lab video. \
Turn the biologist's question into one function that answers it.

Answer with one JSON object:
"reading": one sentence that says how you understood the question.
"code": the Python text of analyse(recording); empty if you refuse or ask back.
"assumptions": list; what you chose as the question leaves it open, thresholds with their unit.
"ignored": list; words of the question that you did not use.
"refused": empty, or what is missing to answer from these data, and how to get it.
"needs_definition": empty, or one question back if a behaviour is not defined anywhere here, as \
"What do you mean by rearing here?"
Never guess: refuse or ask back instead.

The code:
- Call the words listed below; they are there without import, as are np, pd, go (plotly), Bouts. \
Prefer a word to computing it yourself. No files, no network, no printing.
- Write names of animals, regions and body points exactly as they are listed.
- Return summarise(bouts) for bouts (collect() puts several animals side by side), a DataFrame, \
a dict of numbers whose names end in the unit ({"mean_speed_cm_s": 3.1}), a figure, or a dict of \
these.
- Arrays hold one value per frame; NaN is not seen. Use np.nanmean and the like; fill in nothing.
- Times are seconds: recording.time_s, never frame / fps. Bouts are half-open in frames.
- `a & b`, `a | b`, `~a` join bouts: both, either, neither. Bouts have .then(other, within_s), \
.at_least(s), .merge(gap_s), .within(start_s, stop_s), .starts_in(other), .first(), .count and \
.total_s.

Example, "How long is animal1 in the corner while animal2 is within 5 cm?":
def analyse(recording):
    inside = in_region(recording, "animal1", "corner")
    close = near(recording, "animal1", "animal2", 5)
    return summarise(inside.while_(close))"""


@dataclass(frozen=True)
class Tried:
    """Code of the model that did not work, and why."""

    code: str
    error: str


def build_prompt(
    question: str,
    context: Context,
    definitions: Sequence[Definition] = (),
    turns: Sequence[Turn] = (),
    budget_tokens: int = 8000,
    calibration: float = 1.0,
    *,
    tried: Sequence[Tried] = (),
) -> list[dict[str, str]]:
    """Give the messages for one question, at most `budget_tokens` long.

    definitions: those the question needs (see `recall`), all of them are told. turns: oldest first.
    calibration: how many of the server's tokens one of ours is. tried: what has failed before; the
    last one is shown. A budget that holds not even the rules and names is an error.

    >>> told = build_prompt("How fast?", Context(animals=("Mia",), regions=("nest",)))
    >>> [each["role"] for each in told], '"Mia"' in told[1]["content"]
    (['system', 'user'], True)
    """
    room = int(budget_tokens / max(calibration, 1.0))
    for most in (MOST_NAMES, FEW_NAMES):
        facts = about(context, most)
        asked = _asked(question, definitions, tried)
        left = room - message_tokens(_messages(facts, "", "", asked))
        if left >= 0:
            break
    else:
        raise ModelError(
            f"The question and what it needs are {room - left} tokens, and there is room for "
            f"{room}. Raise context_tokens under [model] in ethoscribe.toml, or ask in short."
        )
    earlier = _earlier(turns, min(left // 4, 1500))
    inside = any(name.casefold() in question.casefold() for name in context.regions)
    about_it = f"{question} in region" if inside else question
    words = _words(about_it, context.unit, left - estimate_tokens(earlier) - 2)
    return _messages(facts, words, earlier, asked)


def about(context: Context, most: int = MOST_NAMES) -> str:
    """What a video has, by name and unit, and how to get what it has not."""
    seconds = context.n_frames / context.fps if context.fps else 0.0
    points = [name for name in context.points if name != "centre"]
    objects = [name for name in context.regions if name in context.objects]
    lines = [
        f"Animals: {_names(context.animals, most)}.",
        f"Body points: {_names(('centre', *points), most)}."
        + ("" if points else " No nose, ears or tail: `ethoscribe import` brings body points in."),
        f"Regions: {_names(context.regions, most)}."
        if context.regions
        else "Regions: none; they are drawn on the page Set up or with `ethoscribe regions`.",
        f"Objects among them: {_names(objects, most)}." if objects else "",
        f"The arena is {_names([context.arena], 1)}." if context.arena else "",
        "Lengths are in cm."
        if context.unit == "cm"
        else "Lengths are in px: there is no scale, so cm cannot be had until it is set on the "
        "page Videos (px per cm). Body lengths can be used.",
        f"{context.n_frames} frames at {context.fps:.6g} per second, {seconds:.6g} s.",
        *_lacking(context),
        f"Bouts kept in the study: {_names(context.behaviours, most)}; "
        "kept_bouts(recording, name, animal) gives them."
        if context.behaviours
        else "",
    ]
    return "\n".join(line for line in lines if line)


def _lacking(context: Context) -> list[str]:
    """What of its animals a video has not measured, and what can be asked instead."""
    said = []
    if not context.has_masks:
        said.append("There are no outlines, only points: no contact of outlines, only near().")
    if not context.has_heading:
        said.append("No heading is known: heading() and facing() need front and back body points.")
    if not context.has_length:
        said.append("No body length is known: give distances and speeds in the video's own unit.")
    return said


def _asked(question: str, definitions: Sequence[Definition], tried: Sequence[Tried]) -> str:
    """The part that is never left out: definitions, the question, what failed."""
    parts = []
    if definitions:
        told = "\n".join(each.as_prompt() for each in definitions)
        parts.append(
            "Definitions of this study; they go before any other meaning. Where one has code, do "
            f"as that code does:\n{told}"
        )
    parts.append(f"Question: {' '.join(question.split())}")
    for each in tried[-1:]:
        code = each.code if len(each.code) <= LONGEST_TRIED else each.code[:LONGEST_TRIED] + "\n…"
        parts.append(
            f"You have answered with this code:\n{code}\n"
            f"It failed: {' '.join(each.error.split())}\n"
            "Mend it and give the whole JSON object again; if the data cannot answer, refuse."
        )
    return "\n\n".join(parts)


def _messages(facts: str, words: str, earlier: str, asked: str) -> list[dict[str, str]]:
    system = "\n\n".join(part for part in (RULES, words) if part)
    user = "\n\n".join(part for part in (f"The video:\n{facts}", earlier, asked) if part)
    return [{"role": "system", "content": system}, {"role": "user", "content": user}]


def _earlier(turns: Sequence[Turn], limit_tokens: int) -> str:
    """The last turns that fit, oldest first."""
    kept: list[str] = []
    left = limit_tokens - 20
    for turn in reversed(turns):
        told = f"- {turn.as_prompt()}"
        left -= estimate_tokens(told) + 1
        if left < 0:
            break
        kept.append(told)
    return "\n".join(["Asked before, the last one last:", *kept[::-1]]) if kept else ""


def _words(question: str, unit: str, room: int) -> str:
    """The help of the words, and of what bouts and the recording can do, within the room."""
    known = "\n\n".join(f"{title}:\n{text}" for title, text in _known().items())
    parts = []
    if room > 4 * estimate_tokens(known):
        parts.append(known)
        room -= estimate_tokens(known) + 4
    told = chosen_help(question, unit, room - 24) if room > 80 else ""
    return "\n\n".join([f"Words:\n{told}", *parts] if told else parts)


@cache
def _known() -> dict[str, str]:
    """What can be done with bouts and with a recording, and what their columns are, a line each."""
    kinds = {"Of bouts": Bouts, "Of the recording": Recording}
    found = {
        title: "\n".join(methods_of(kind, NOT_FOR_MODELS).values()) for title, kind in kinds.items()
    }
    said = column_comments("bouts")
    told = [f"{name}: {said[name]}" for name in COLUMNS if name in said]
    return found | {"Columns of .to_frame()": "\n".join(told)}


def column_comments(table: str) -> dict[str, str]:
    """What the study's schema says of a table's columns.

    >>> column_comments("bouts")["start_frame"]
    'First frame'
    """
    text = "\n".join(step.sql for step in migrations())
    found = re.findall(rf"COMMENT ON COLUMN {table}\.(\w+) IS\s+'((?:[^']|'')*)'", text)
    return {name: said.replace("''", "'") for name, said in found}


def _names(names: Iterable[str | None], most: int) -> str:
    """Names as Python writes them, so that no name can be taken for anything else."""
    said = [json.dumps(name, ensure_ascii=False) for name in names if name is not None]
    more = f" and {len(said) - most} more" if len(said) > most else ""
    return f"{', '.join(said[:most])}{more}"
