"""Tell at once when a definition cannot be used in questions, and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from llm_query.each_video import reading, tracked
from llm_query.errors import QueryError
from llm_query.planner import Context, plan
from llm_query.planning.plan_lexicon import phrases
from llm_query.remembering.definitions import Definition
from storage.videos import find_video


def doubt(one: Definition, context: Context) -> str:
    """Why the offline planner cannot answer a question about a definition; "" where it can.

    >>> context = Context(animals=("Mia",), regions=("nest",))
    >>> doubt(Definition("lurk", (), "in the nest"), context)
    ''
    >>> doubt(Definition("lurk", (), "being mean"), context)[:54]
    "Without a language model 'lurk' cannot be used: 'lurk'"
    """
    known = (*(each for each in context.definitions if each.name != one.name), one)
    own = replace(context, definitions=known)
    happens = plan(f"how often does {one.name} happen?", own)
    place = plan(f"how long is {context.animals[0]} in {one.name}?", own)
    if one.name in happens.used or one.name in place.used:
        return ""
    why = happens.refused or ""
    if one.name.lower() in phrases() or not why:
        why = "questions already mean something else by this word. Choose another name."
    return f"Without a language model '{one.name}' cannot be used: {why}"


def doubt_in_study(study_folder: Path | str, one: Definition) -> str:
    """The same for the first tracked video of a study; "" where none is tracked yet."""
    from llm_query.engine import make_context
    from llm_query.memory import Memory

    try:
        names, _ = tracked(study_folder, None)
    except QueryError:
        return ""
    with reading(study_folder) as study:
        context = make_context(study, find_video(study, names[0]))
    return doubt(one, replace(context, definitions=tuple(Memory(study_folder).definitions())))
