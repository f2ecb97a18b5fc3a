"""Kept definitions of the study, used by their names: their words read as any other question."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from llm_query.planning.plan_asked import Asked
from llm_query.planning.plan_joint import placed
from llm_query.planning.plan_slots import ANY_OTHER, EACH, Condition, Context, Reading, Refusal

if TYPE_CHECKING:
    from llm_query.remembering.definitions import Definition

DEEPEST = 8  # definitions made of definitions
STATED = frozenset(("when", "where", "total"))  # "the time in the corner" is a behaviour, too


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
        self.reading.ignored += inner.ignored
        meaning = _whole(name, one.text, inner)
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
        self._must_be_of(name, meaning, subject, target)
        inner = placed(meaning, subject, target)
        return Condition("named", subject, target, {"name": name}, (inner,))

    def _must_be_of(self, name: str, meaning: Condition, subject: str, target: str | None) -> None:
        """Refuse to answer for one animal with what a meaning says of another one."""
        leaves = meaning.leaves()
        own = {part.subject for part in leaves}
        whom = {str(part.target) for part in leaves if part.target} - {ANY_OTHER, EACH}
        about = " and ".join(sorted(own | whom))
        if EACH in own:
            clash = bool(whom & {subject})
        elif subject == EACH:
            self.assumptions.append(f"'{name}' is defined for {about}, and answered for it alone.")
            clash = False
        else:
            clash = subject not in own
        if target not in (None, ANY_OTHER, EACH) and whom and target not in whom:
            clash = True
        if clash:
            asked = subject if target in (None, ANY_OTHER) else f"{subject} and {target}"
            raise Refusal(
                f"'{name}' is kept as something of {about}, which says nothing of {asked}. Define "
                "it anew with 'the animal' instead of that name, or ask for it by itself."
            )


def _whole(name: str, text: str, inner: Reading) -> Condition:
    """A meaning with the part of the recording and the order it names; a question is none."""
    condition = inner.condition
    asked = set(inner.aggregates) - STATED
    if condition is None or asked or inner.bin_s or inner.plot or inner.alternatives:
        raise Refusal(
            f"'{name}' is kept as: {text}. This asks for a number or a picture and is not a "
            "behaviour that can be part of another question. Define what the animal does."
        )
    if inner.window is None and inner.order is None:
        return condition
    part = {"window": inner.window, "order": inner.order}
    return Condition("part", condition.subject, condition.target, part, (condition,))
