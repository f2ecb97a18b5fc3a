"""Who a clause is about: the animals and points spoken of, and whom they are related to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from llm_query.planning.plan_cursor import Cursor, Place
from llm_query.planning.plan_slots import ANY_OTHER, EACH, Condition, Quantity, Refusal, lone
from llm_query.planning.plan_words import DOINGS

Bounds = tuple[tuple[str, Quantity], ...]
SYMMETRIC = frozenset({"distance", "contact"})
FLIP = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


class Subjects(Cursor):
    """Remembers what was last spoken of; `subjects` and `points` are empty at first."""

    subjects: tuple[str, ...] = ()

    points: tuple[str, ...] = ()

    last_target: str | None = None  # whom the clause before was about

    def _subjects(self) -> tuple[str, ...]:
        return self.subjects or (EACH,)

    def _use_points(self) -> tuple[str, ...]:
        return self.points or ("centre",)

    def _one_point(self) -> str:
        points = self._use_points()
        if len(points) > 1:
            raise Refusal(f"Several body points ({', '.join(points)}) in one condition: name one.")
        return points[0]

    def _each_subject(self, kind: str, arguments: dict[str, Any]) -> Condition:
        subjects = self._subjects()
        parts = tuple(Condition(kind, subject, None, arguments) for subject in subjects)
        return parts[0] if len(parts) == 1 else Condition("each", parts[0].subject, parts=parts)

    def _with_target(self, kind: str, place: Place, arguments: dict[str, Any]) -> Condition:
        subjects = self._subjects()
        target = place.animal or (self._own_target())
        if (
            target == EACH
            and kind == "distance"
            and arguments["points"][0] != arguments["points"][1]
        ):
            return Condition("own_distance", subjects[0], None, arguments)
        if target == EACH:
            target = ANY_OTHER
        self.last_target = target
        if len(subjects) == 1 and subjects[0] == target:
            raise Refusal(f"{target} cannot do this to itself: name the other animal.")
        parts = tuple(Condition(kind, s, target, arguments) for s in subjects if s != target)
        return parts[0] if len(parts) == 1 else Condition("each", parts[0].subject, parts=parts)

    def _own_target(self) -> str:
        """A body point without an owner belongs to the subject itself."""
        return EACH

    def _again(self, kind: str, arguments: dict[str, Any]) -> Condition:
        """Relate the subject with whom it was related before: "near mouse 2 without touching"."""
        return Condition(kind, self._subjects()[0], self.last_target, arguments)

    def _pair(self, kind: str, arguments: dict[str, Any]) -> Condition:
        """Relate the animals last spoken of with each other."""
        subjects = self._subjects()
        if len(self.context.animals) < 2:
            raise lone()
        ordered = kind in ("chase", "follow", "approach", "learned", "kept", "leave_approach")
        if kind == "doing":
            ordered = not DOINGS[arguments["does"]].symmetric
        if ordered:
            arguments = {**arguments, "mutual": False}
        if len(subjects) == 2 and ANY_OTHER not in subjects:
            one = Condition(kind, subjects[0], subjects[1], {**arguments, "pair": True})
            if not ordered:
                return one
            self.assumptions.append("Both directions are looked at, each by itself.")
            return Condition("each", one.subject, None, {}, (one, _turned(one)))
        if len(subjects) == 2:
            return Condition(kind, subjects[0], ANY_OTHER, arguments)
        if len(subjects) > 2:
            raise Refusal("More than two animals are named: ask about them two by two.")
        symmetric = subjects[0] == EACH
        return Condition(kind, subjects[0], ANY_OTHER, {**arguments, "pair": symmetric})


def _turned(condition: Condition) -> Condition:
    """Exchange subject and target."""
    target = str(condition.target)
    return replace(condition, subject=target, target=condition.subject)
