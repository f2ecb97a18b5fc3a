"""Read one clause: "not in the corner", "touching mouse 2", "immobile for at least 2 s"."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from llm_query.planning.plan_cursor import Place
from llm_query.planning.plan_movement import Movement
from llm_query.planning.plan_slots import ANY_OTHER, EACH, Condition, Refusal, negated
from llm_query.planning.plan_words import DOINGS


class Clauses(Movement):
    """Understands predicates, social ones and all others, with "not" and how long they last."""

    without = False  # "near mouse 2 without touching" needs no "and"

    def _same_place(self) -> bool:
        """Tell whether the clause before is a place, so that "without mouse 2" is about it."""
        raise NotImplementedError

    def _without_them(self, animals: tuple[str, ...]) -> Condition:
        """Read "in the corner without mouse 2": the other one is outside of it then."""
        raise NotImplementedError

    def take_condition(self) -> Condition | None:
        """Consume one predicate with its arguments, negated where the text says so."""
        start, before = self.at, self.subjects
        animals: tuple[str, ...] = ()
        opposite = False
        while token := self.take("not"):
            opposite = not opposite
            self.without = token.text.startswith("without")
            self.skip("to")
            if animals := self.take_animals():
                self.subjects = animals
        reader = getattr(self, f"_read_{self.kind()}", None)
        condition = reader() if reader else None
        if condition is None:
            if opposite and self.without and animals and self._same_place():
                self.subjects = before
                return self._without_them(animals)
            if opposite:
                said = " ".join(t.text for t in self.tokens[start : self.at + 1])
                raise Refusal(f"I do not know what '{said}' means here. Say it in full.")
            self.at = start
            return None
        condition = self._lasting(condition)
        return negated(condition) if opposite else condition

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
                    over = "more than " if sign == ">" else ""
                    self.assumptions.append(f"Shortest rest counted: {over}{quantity} (as asked).")
                    arguments = {**condition.arguments, "min_s": quantity, "over": bool(over)}
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
        doing, said = DOINGS[self.peek().value], self.peek().text
        self.take("doing")
        if not doing.social:
            return self._each_subject("doing", {"does": doing.name or doing.word})
        self.skip("to", "with")
        named = self.kind() in ("animal", "other", "eachother", "subject", "latter")
        if said.endswith("ed") and not doing.symmetric and not named:
            raise Refusal(
                f"'{said}' does not say who does it to whom. Ask for example: how often does "
                f"{self.context.animals[0]} do it to {self.context.animals[-1]}?"
            )
        return self._social("doing", {"does": doing.name or doing.word})

    def _read_explore(self) -> Condition | None:
        """Read "exploring object 6"; of an animal it is sniffing."""
        word = self.take("explore")
        self.skip("to", "in")
        if self.kind() in ("animal", "subject", "other", "eachother"):
            return self._social("doing", {"does": "nose_to_body"})
        self.refuse_unknown_region()
        regions = self.take_regions()
        if regions is None:
            raise Refusal(
                f"'{word.text if word else ''}' what? Name the object. {self.region_list()}"
            )
        groups = self._groups(regions)
        parts = tuple(
            Condition("explores", subject, None, {"regions": group})
            for subject in self._subjects()
            for group in groups
        )
        return parts[0] if len(parts) == 1 else Condition("each", parts[0].subject, parts=parts)

    def _read_towards(self) -> Condition | None:
        """Read "moves towards the corner", "moves away from object 6"."""
        word = self.take("towards")
        value = str(word.value) if word else ""
        said = word.text if word else ""
        if self.kind() in ("animal", "other"):
            if value == "moving_away":
                raise Refusal(
                    f"'{said}' another animal is not defined here. Ask when it leaves it (going "
                    "away after contact), or for a distance."
                )
            if "directly" not in said:
                self.assumptions.append(f"'{said}' another animal is read as approaching it.")
            return self._until(self._social("approach", {}))
        self.refuse_unknown_region()
        regions = self.take_regions()
        if regions is None or regions[1] == "and":
            raise Refusal(f"'{said}' what? Name one region or animal. {self.region_list()}")
        arguments = {"regions": regions[0], "way": value, "point": self._one_point()}
        return self._each_subject("towards", arguments)

    def _until(self, condition: Condition) -> Condition:
        """Read "moves towards mouse 2 until the distance is less than 3 cm", "until they touch"."""
        if self.kind() not in ("until", "ends_with"):
            return condition
        self.at += 1
        self.skip("subject") if self.kind(1) == "contact" else None
        if self.take("contact"):
            return replace(condition, kind="make_contact", arguments={"touching": None})
        if self.kind() != "measure" or self.peek().value not in ("distance", "gap"):
            raise Refusal(
                "'until' needs a distance or a contact here, for example: until the distance is "
                "less than 3 cm."
            )
        kind = str(self.peek().value)
        self.take("measure")
        self.skip("between")
        self.skip("both", "eachother", "pair_of")
        bounds = self.take_bounds()
        if not bounds:
            raise Refusal("'until the distance ...' needs a limit, for example: less than 3 cm.")
        near = Condition(kind, condition.subject, condition.target,
                         {"bounds": bounds, "points": ("centre", "centre")})  # fmt: skip
        return Condition(
            "make_contact", condition.subject, condition.target, {"touching": near}, (near,)
        )

    def _read_chase(self) -> Condition | None:
        word = self.take("chase")
        kind = word.value if word else "chase"
        if self.take("by"):
            return self._passive(kind)
        self.done = bool(word and word.text.endswith("ed"))
        self.skip("to")
        if kind == "approach" and self.kind() in ("until", "ends_with"):
            return self._until(self._pair(kind, {}))
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
        found = self._social(kind, {})
        return self._until(found) if kind == "approach" else found

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
        if self.take("latter"):
            if self.last_target is None:
                raise Refusal("'the latter' is nobody here. Name the animal.")
            if part := self.take("no_point", "point"):
                self.assumptions.append(f"'{part.text}' is read as the animal itself, its centre.")
            return self._again(kind, {**arguments, "mutual": False})
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
        social = ("contact", "facing", "chase", "near", "closer", "doing", "kept_meaning")
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
