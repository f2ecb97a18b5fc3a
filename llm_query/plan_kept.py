"""Kept definitions of the study, used by their names: their words read as any other question."""

from __future__ import annotations

from dataclasses import replace

from llm_query.plan_asked import Asked
from llm_query.plan_joint import placed
from llm_query.plan_slots import ANY_OTHER, Condition, Reading, Refusal

DEEPEST = 8  # definitions made of definitions


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
