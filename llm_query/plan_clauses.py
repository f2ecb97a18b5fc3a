"""Read one clause: "not in the corner", "touching mouse 2", "immobile for at least 2 s"."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from llm_query.plan_cursor import Place
from llm_query.plan_movement import Movement
from llm_query.plan_slots import ANY_OTHER, EACH, Condition, Refusal
from llm_query.plan_words import DOINGS


class Clauses(Movement):
    """Understands predicates, social ones and all others, with "not" and how long they last."""

    without = False  # "near mouse 2 without touching" needs no "and"

    def take_condition(self) -> Condition | None:
        """Consume one predicate with its arguments, negated where the text says so."""
        start = self.at
        negated = False
        while token := self.take("not"):
            negated = not negated
            self.without = token.text.startswith("without")
            self.skip("to")
            if animals := self.take_animals():
                self.subjects = animals
        reader = getattr(self, f"_read_{self.kind()}", None)
        condition = reader() if reader else None
        if condition is None:
            if negated:
                said = " ".join(t.text for t in self.tokens[start : self.at + 1])
                raise Refusal(f"I do not know what '{said}' means here. Say it in full.")
            self.at = start
            return None
        condition = self._lasting(condition)
        return Condition("not", condition.subject, parts=(condition,)) if negated else condition

    def _stay(self, condition: Condition) -> Condition:
        """Read "visits for more than 2 s" as stays; an entry or exit lasts no time."""
        if condition.kind not in ("enter", "leave"):
            return condition
        if "visit" not in condition.arguments.get("word", ""):
            raise Refusal("An entry or exit is a moment. Ask when it is in the region for so long.")
        return replace(condition, kind="in", arguments={**condition.arguments, "word": "in"})

    def _lasting(self, condition: Condition) -> Condition:
        """Attach "for at least 2 s", "lasting more than 1 s" to the clause it follows."""
        start = self.at
        self.skip("last_for")
        if self.kind() == "cmp" and self.kind(1) == "quantity":
            sign, quantity = self.peek().value, self.peek(1).value
            if quantity.unit in ("s", "frame") and self.kind(2) not in ("away", "from", "to"):
                self.at += 2
                condition = self._stay(condition)
                if condition.kind == "immobile" and sign in (">", ">="):
                    self.assumptions.append(f"Shortest rest counted: {quantity} (as asked).")
                    arguments = {**condition.arguments, "min_s": quantity}
                    return replace(condition, arguments=arguments)
                return Condition(
                    "for", condition.subject, None, {"sign": sign, "length": quantity}, (condition,)
                )
        self.at = start
        return condition

    def _read_contact(self) -> Condition | None:
        self.take("contact")
        return self._social("contact", {})

    def _read_facing(self) -> Condition | None:
        self.take("facing")
        self.skip("to")
        self.refuse_unknown_region()
        regions = self.take_regions()
        angle = None
        if regions is None:
            condition = self._social("facing", {"angle": None})
            if self.kind() == "in" and self.kind(1) == "quantity":
                self.take("in")
                angle = self.take_quantity()
                condition = replace(condition, arguments={**condition.arguments, "angle": angle})
            self.skip("mutual")
            return condition
        if len(regions[0]) > 1:
            raise Refusal("Facing several regions: ask about them one by one.")
        return self._each_subject("facing_region", arguments={"region": regions[0][0]})

    def _read_doing(self) -> Condition | None:
        """Read "freezing", "nose to nose with mouse 2"."""
        doing = DOINGS[self.peek().value]
        self.take("doing")
        if not doing.social:
            return self._each_subject("doing", {"does": doing.word})
        self.skip("to", "with")
        return self._social("doing", {"does": doing.word})

    def _read_chase(self) -> Condition | None:
        word = self.take("chase")
        kind = word.value if word else "chase"
        if self.take("by"):
            return self._passive(kind)
        self.done = bool(word and word.text.endswith("ed"))
        self.skip("to")
        if kind == "approach":
            regions = self.take_regions() if self.kind() in ("region", "generic_region") else None
            if regions is not None or self.kind() == "wall":
                raise Refusal("Approaching a region is not defined here; ask when it enters it.")
        if self.done and self.kind() not in ("animal", "subject", "other", "eachother"):
            raise Refusal(
                f"'{word.text if word else ''}' does not say who does it to whom. Ask for "
                "example: when "
                f"does {self.context.animals[0]} {kind} {self.context.animals[-1]}?"
            )
        return self._social(kind, {})

    done = False

    def _passive(self, kind: str) -> Condition:
        """Read "mouse 1 is chased by mouse 2": the second one does it."""
        doers = self.take_animals()
        subjects = self._subjects()
        if len(doers) != 1 or len(subjects) != 1 or EACH in (*doers, *subjects):
            raise Refusal(
                f"Say who does it first, for example: when does {self.context.animals[0]} {kind} "
                f"{self.context.animals[-1]}?"
            )
        if doers == (ANY_OTHER,):
            raise Refusal(f"'by another animal' is not built yet: ask when each animal {kind}s it.")
        return Condition(kind, doers[0], subjects[0], {"mutual": False})

    def _read_front(self) -> Condition | None:
        """Read "mouse 2 is in front of mouse 1": the second faces the first."""
        self.take("front")
        place = self.take_place()
        watcher = place.animal if place else EACH
        seen = self._subjects()[0] if self._subjects() else ANY_OTHER
        return Condition("facing", watcher, seen if seen != EACH else ANY_OTHER, {"angle": None})

    def _social(self, kind: str, arguments: dict[str, Any]) -> Condition:
        self.skip("between", "to")
        if kind == "contact":
            self.skip("by")
        self.refuse_it()
        if self.take("eachother"):
            return self._pair(kind, {**arguments, "mutual": True})
        if (
            self.kind() == "other"
            and self.peek().text.startswith("all ")
            and len(self.context.animals) > 2
        ):
            raise Refusal(
                f"'{self.peek().text}' could mean all at once or each in turn. Say 'any other "
                "animal' for each in turn, or ask about them one by one."
            )
        animals = self.take_animals()
        if not animals and self.last_target is not None:
            return self._again(kind, {**arguments, "mutual": False})
        social = ("contact", "facing", "chase", "near", "closer", "doing")
        if not animals and self.kind() in ("and", "or") and self.kind(1) in social:
            raise Refusal(
                "Say whom after each verb, for example: following mouse 2 or near mouse 2."
            )
        if not animals:
            return self._pair(kind, {**arguments, "mutual": kind == "facing"})
        if len(animals) == 2 and not self.subjects:
            self.subjects = animals
            return self._pair(kind, {**arguments, "mutual": False})
        if len(animals) > 1:
            raise Refusal(f"'{kind}' towards several animals at once: ask about them one by one.")
        if animals == (EACH,) and not self.subjects:
            self.subjects = (EACH,)
            return self._pair(kind, {**arguments, "mutual": False})
        return self._with_target(kind, Place(animals[0]), {**arguments, "mutual": False})
