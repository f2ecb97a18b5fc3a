"""Read one clause: "not in the corner", "closer than 3 cm to mouse 2", "faster than 3 px/frame"."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from llm_query.plan_cursor import Cursor, Place
from llm_query.plan_slots import ANY_OTHER, EACH, Condition, Quantity, Refusal

Bounds = tuple[tuple[str, Quantity], ...]
SYMMETRIC = frozenset({"distance", "contact"})
FLIP = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


class Clauses(Cursor):
    """Understands predicates; `subjects` and `points` are what was last spoken of."""

    subjects: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    last_target: str | None = None  # whom the clause before was about
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

    # places

    def _read_in(self) -> Condition | None:
        word = self.take("in")
        if self.kind() == "quantity" and self.peek().value.unit != "deg":
            return self._distance_to((("<=", self.take_quantity()),))
        self.refuse_unknown_region()
        regions = self.take_regions()
        if regions is None:
            if self.kind() == "wall":
                raise Refusal("Say how close to the wall, for example: within 3 cm of the wall.")
            self.at -= 1
            return None
        return self._in(regions, word.text if word else "in")

    def _read_out(self) -> Condition | None:
        self.take("out")
        self.refuse_unknown_region()
        regions = self.take_regions()
        if regions is None:
            self.at -= 1
            return None
        if regions[1] == "and":
            raise Refusal("'Outside ... and ...' has two meanings. Ask with 'or', or one by one.")
        inside = self._in(regions, "in")
        return Condition("not", inside.subject, parts=(inside,))

    def _in(self, regions: tuple[tuple[str, ...], str], word: str) -> Condition:
        points = self._use_points()
        parts = tuple(
            Condition("in", subject, arguments={"regions": group, "point": point, "word": word})
            for subject in self._subjects()
            for group in self._groups(regions)
            for point in points
        )
        how = "each" if regions[1] == "and" or len(self._subjects()) > 1 else "and"
        if how == "each" and len(points) > 1:
            raise Refusal("Several points in several regions at once: ask about them one by one.")
        return parts[0] if len(parts) == 1 else Condition(how, parts[0].subject, parts=parts)

    def _groups(self, regions: tuple[tuple[str, ...], str]) -> list[tuple[str, ...]]:
        names, how = regions
        return [(name,) for name in names] if how == "and" else [names]

    def _read_enter(self) -> Condition | None:
        return self._crossing("enter")

    def _read_leave(self) -> Condition | None:
        return self._crossing("leave")

    def _crossing(self, kind: str) -> Condition | None:
        start = self.at
        word = self.peek().text
        self.at += 1
        while True:
            if animals := self.take_animals():
                self.subjects = animals
            elif not self.take("in", "to", "from"):
                break
        self.refuse_unknown_region()
        regions = self.take_regions()
        if regions is None:
            if self.at > start + 1 or self.kind() == "end":
                raise Refusal(f"Say which region it {kind}s. {self.region_list()}")
            self.at = start
            return None
        side = self.take("from_side")
        point = self._one_point()
        parts = tuple(
            Condition(
                kind,
                subject,
                arguments={
                    "regions": group,
                    "point": point,
                    "side": side.value if side else None,
                    "word": word,
                },
            )
            for subject in self._subjects()
            for group in self._groups(regions)
        )
        return parts[0] if len(parts) == 1 else Condition("each", parts[0].subject, parts=parts)

    def _read_entry_exit(self) -> Condition | None:
        self.take("entry_exit")
        self.skip("from", "in", "to")
        regions = self.take_regions()
        if regions is None:
            raise Refusal(f"Entry to and exit from what? {self.region_list()}")
        self.assumptions.append("Each row's start is the entry and its stop the exit.")
        return self._in(regions, "in")

    def _read_side(self) -> Condition | None:
        side = self.take("side", "from_side_of")
        regions = self.take_regions()
        if regions is None or len(regions[0]) > 1:
            raise Refusal(f"'{side.text if side else ''}' needs one region. {self.region_list()}")
        return self._each_subject(
            "side",
            arguments={
                "region": regions[0][0],
                "side": side.value if side else "",
                "point": self._one_point(),
            },
        )

    # distances

    def _read_closer(self) -> Condition | None:
        sign = self.take("closer")
        quantity = self.take_quantity()
        if quantity is None:
            raise Refusal(f"'{sign.text if sign else ''}' needs a distance, for example 3 cm.")
        return self._distance_to(((sign.value if sign else "<", quantity),))

    def _read_near(self) -> Condition | None:
        word = self.take("near")
        target = self._take_target()
        if target is not None and target["what"] != "animal":
            raise Refusal(
                f"'{word.text if word else 'near'}' has no fixed distance here. Say how near, for "
                f"example: closer than 3 cm to {target.get('region', 'the wall')}."
            )
        if target is None:
            return self._pair("near", {}) if self.last_target is None else self._again("near", {})
        place: Place = target["place"]
        return self._with_target("near", place, {"points": (self._one_point(), place.point)})

    def _read_cmp(self) -> Condition | None:
        """Read "more than 5 cm from the wall" (a comparison with no measure before it)."""
        ahead = 2 if self.kind(1) == "quantity" else 99
        if self.kind(ahead) not in ("away", "from", "to"):
            return None
        return self._distance_to(self.take_bounds())

    def _distance_to(self, bounds: Any) -> Condition:
        self.skip("away")
        self.skip("from", "to")
        self.skip("away")
        return self._distance(bounds, self._take_target())

    def _take_target(self) -> dict[str, Any] | None:
        """Consume what a distance goes to: an animal, a region, the wall."""
        self.skip("to", "from")
        self.refuse_it()
        if self.take("wall"):
            return {"what": "wall"}
        self.refuse_unknown_region()
        regions = self.take_regions()
        if regions is not None:
            if len(regions[0]) > 1:
                raise Refusal("A distance to several regions at once: ask about them one by one.")
            return {"what": "region", "region": regions[0][0]}
        place = self.take_place()
        return {"what": "animal", "place": place} if place else None

    def _distance(self, bounds: Bounds, target: dict[str, Any] | None) -> Condition:
        point = self._one_point()
        if target is None:
            return self._pair("distance", {"bounds": bounds, "points": (point, point)})
        if target["what"] != "animal":
            arguments = {"bounds": bounds, "point": point, "region": target.get("region")}
            return self._each_subject("distance_place", arguments=arguments)
        place: Place = target["place"]
        return self._with_target(
            "distance", place, {"bounds": bounds, "points": (point, place.point)}
        )

    def take_bounds(self) -> Bounds:
        """Consume "less than 260 and larger than 50", "between 5 and 10 cm"."""
        bounds: list[tuple[str, Quantity]] = []
        if self.take("between"):
            low, _, high = self.take_quantity(), self.take("and"), self.take_quantity()
            if low is None or high is None:
                raise Refusal("'between' needs two numbers, for example: between 5 and 10 cm.")
            low = replace(low, unit=low.unit or high.unit)
            return ((">=", low), ("<=", high))
        while True:
            self.skip("to")
            sign = self.take("cmp")
            if sign is None:
                break
            quantity = self.take_quantity()
            if quantity is None:
                raise Refusal(f"'{sign.text}' needs a number with a unit after it.")
            bounds.append((sign.value, quantity))
            if (
                self.kind() == "and"
                and self.kind(1) == "cmp"
                and self.kind(3) not in ("away", "from", "to")
            ):
                self.take("and")
                continue
            break
        return tuple(bounds)

    # movement

    def _read_faster(self) -> Condition | None:
        sign = self.take("faster")
        quantity = self.take_quantity()
        if quantity is None:
            raise Refusal(f"'{sign.text if sign else ''}' needs a speed, for example 5 cm/s.")
        return self.speed_condition(((sign.value if sign else ">", quantity),))

    def _read_move(self) -> Condition | None:
        start = self.at
        self.take("move")
        if self.kind() == "in" and self.kind(1) in ("cmp", "measure"):
            self.take("in")
            self.take("measure")
        if self.kind() == "faster":
            return self._read_faster()
        if (
            self.kind() == "cmp"
            and self.peek(1).kind == "quantity"
            and "/" in self.peek(1).value.unit
        ):
            return self.speed_condition(self.take_bounds())
        if self.kind() in ("from", "from_side_of"):
            return self._from_to()
        if self.kind() in ("to",):
            self.at = start
            raise Refusal(
                "'moves to' is read only as 'moves from A to B'; or ask when it enters B."
            )
        return self._each_subject("moving", arguments={"point": self._one_point()})

    def _from_to(self) -> Condition:
        self.take("from")
        if self.kind() in ("side", "from_side_of"):
            word = self.peek().text
            first = self._read_side()
            self.take("to")
            second = self._read_side() if self.kind() == "side" else None
            if first is None or second is None:
                raise Refusal(f"'{word} ...' needs a place it goes to.")
        else:
            first = self._place_of_move("leave")
            self.take("to")
            second = self._place_of_move("enter")
        return Condition("then", first.subject, parts=(first, second))

    def _place_of_move(self, kind: str) -> Condition:
        self.refuse_unknown_region()
        regions = self.take_regions()
        if regions is None or regions[1] == "and":
            raise Refusal(f"'moves from A to B' needs two regions. {self.region_list()}")
        arguments = {"regions": regions[0], "point": self._one_point(), "side": None}
        return self._each_subject(kind, arguments=arguments)

    def _read_immobile(self) -> Condition | None:
        word = self.take("immobile")
        return self._each_subject(
            "immobile", arguments={"word": word.value if word else "immobile", "min_s": None}
        )

    def speed_condition(self, bounds: Bounds) -> Condition:
        """Make the condition on a speed, of each subject and its point."""
        return self._each_subject("speed", arguments={"bounds": bounds, "point": self._one_point()})

    # social

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
        animals = self.take_animals()
        if not animals and self.last_target is not None:
            return self._again(kind, {**arguments, "mutual": False})
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

    def _again(self, kind: str, arguments: dict[str, Any]) -> Condition:
        """Relate the subject with whom it was related before: "near mouse 2 without touching"."""
        return Condition(kind, self._subjects()[0], self.last_target, arguments)

    def _own_target(self) -> str:
        """A body point without an owner belongs to the subject itself."""
        return EACH

    def _pair(self, kind: str, arguments: dict[str, Any]) -> Condition:
        """Relate the animals last spoken of with each other."""
        subjects = self._subjects()
        if len(self.context.animals) < 2:
            raise Refusal("This needs two animals, and this video has only one tracked.")
        if kind in ("chase", "follow", "approach"):
            arguments = {**arguments, "mutual": False}
        if len(subjects) == 2 and ANY_OTHER not in subjects:
            one = Condition(kind, subjects[0], subjects[1], {**arguments, "pair": True})
            if kind not in ("chase", "follow", "approach"):
                return one
            self.assumptions.append("Both directions are looked at, each by itself.")
            return Condition("each", one.subject, None, {}, (one, _turned(one)))
        if len(subjects) == 2:
            return Condition(kind, subjects[0], ANY_OTHER, arguments)
        if len(subjects) > 2:
            raise Refusal("More than two animals are named: ask about them two by two.")
        symmetric = subjects[0] == EACH
        return Condition(kind, subjects[0], ANY_OTHER, {**arguments, "pair": symmetric})

    def _lasting(self, condition: Condition) -> Condition:
        """Attach "for at least 2 s", "lasting more than 1 s" to the clause it follows."""
        start = self.at
        self.skip("last_for")
        if self.kind() == "cmp" and self.kind(1) == "quantity":
            sign, quantity = self.peek().value, self.peek(1).value
            if quantity.unit in ("s", "frame") and self.kind(2) not in ("away", "from", "to"):
                self.at += 2
                if condition.kind == "immobile" and sign in (">", ">="):
                    self.assumptions.append(f"Shortest rest counted: {quantity} (as asked).")
                    arguments = {**condition.arguments, "min_s": quantity}
                    return replace(condition, arguments=arguments)
                return Condition(
                    "for", condition.subject, None, {"sign": sign, "length": quantity}, (condition,)
                )
        self.at = start
        return condition

    # subjects

    def _each_subject(self, kind: str, arguments: dict[str, Any]) -> Condition:
        subjects = self._subjects()
        parts = tuple(Condition(kind, subject, None, arguments) for subject in subjects)
        return parts[0] if len(parts) == 1 else Condition("each", parts[0].subject, parts=parts)

    def _subjects(self) -> tuple[str, ...]:
        return self.subjects or (EACH,)

    def _use_points(self) -> tuple[str, ...]:
        return self.points or ("centre",)

    def _one_point(self) -> str:
        points = self._use_points()
        if len(points) > 1:
            raise Refusal(f"Several body points ({', '.join(points)}) in one condition: name one.")
        return points[0]


def _turned(condition: Condition) -> Condition:
    """Exchange subject and target."""
    target = str(condition.target)
    return replace(condition, subject=target, target=condition.subject)
