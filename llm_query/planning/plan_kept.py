"""Kept definitions of the study, used by their names: their words read as any other question."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from llm_query.planning.plan_asked import Asked
from llm_query.planning.plan_joint import placed
from llm_query.planning.plan_slots import ANY_OTHER, Condition, Context, Reading, Refusal

if TYPE_CHECKING:
    from llm_query.remembering.definitions import Definition

DEEPEST = 8  # definitions made of definitions


def meaning_of(text: str) -> str:
    """Leave out "define NAME as": what a definition says is what comes after it.

    >>> meaning_of("Define chase as closer than 3 cm")
    'closer than 3 cm'
    """
    return re.sub(r"(?is)^\s*(?:define|let us define)\b.*?\bas\b\s*", "", text) or text


def without(context: Context, name: str) -> Context:
    """The context in which a definition's own words are read: its name means nothing there."""
    others = tuple(each for each in context.definitions if each.name != name)
    return replace(context, definitions=others)


def says_the_same(one: Definition, context: Context) -> bool:
    """Tell whether a kept definition's code is what the planner makes of its words."""
    from llm_query.planner import plan

    if not one.code.strip():
        return True
    made = plan(meaning_of(one.text), without(context, one.name)).code
    return _body(made) == _body(one.code)


def _body(code: str) -> list[str]:
    """The lines of an analysis without its title."""
    lines = [line.strip() for line in code.strip().splitlines()]
    return [line for line in lines if line and not line.startswith(('"""', "#"))]


class Kept(Asked):
    """Understands a name of the study's handbook as the condition that it stands for."""

    depth = 0

    def reading_of(self, name: str) -> Reading:
        """Read the words that a kept definition has."""
        raise NotImplementedError

    def _on_kept_meaning(self) -> bool:
        self._add(self._lasting(self._kept()))
        return True

    def _read_kept_meaning(self) -> Condition | None:
        return self._kept()

    def _kept(self) -> Condition:
        token = self.take("kept_meaning")
        name = str(token.value) if token else ""
        one = next(each for each in self.context.definitions if each.name == name)
        if self.depth > DEEPEST:
            raise Refusal(f"The definition of '{name}' is made of itself. Define it anew.")
        if not says_the_same(one, self.context):
            raise Refusal(
                f"The code of '{name}' is not what its words say: it was changed by hand or "
                "written by a model. Ask for it by itself, or define it anew in words."
            )
        inner = self.reading_of(name)
        if inner.condition is None or inner.measure is not None or inner.condition.kind == "each":
            raise Refusal(
                f"'{name}' is kept as: {one.text or 'code without words'}. This is not a "
                "behaviour that can be part of another question; ask for it by itself."
            )
        self.reading.used |= {**inner.used, name: one.version}
        self.assumptions.append(f"'{name}' is kept in this study as: {one.text}")
        self.assumptions += inner.assumptions
        meaning = inner.condition
        social = any(part.target == ANY_OTHER for part in meaning.leaves())
        if not social:
            parts = [self._of_name(name, meaning, who, None) for who in self._subjects()]
            return (
                parts[0]
                if len(parts) == 1
                else Condition("each", parts[0].subject, parts=tuple(parts))
            )
        self.skip("with", "to")
        pairs = self._social("kept", {})
        wanted = pairs.parts if pairs.kind == "each" else (pairs,)
        made = [self._of_name(name, meaning, one.subject, one.target) for one in wanted]
        return made[0] if len(made) == 1 else replace(pairs, parts=tuple(made))

    def _of_name(
        self, name: str, meaning: Condition, subject: str, target: str | None
    ) -> Condition:
        inner = placed(meaning, subject, target)
        return Condition("named", subject, target, {"name": name}, (inner,))
