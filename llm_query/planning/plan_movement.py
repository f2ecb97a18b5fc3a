"""Read clauses on distance and movement: closer than 3 cm to, faster than, immobile."""

from __future__ import annotations

from typing import Any

from llm_query.planning.plan_cursor import Place
from llm_query.planning.plan_places import Places
from llm_query.planning.plan_slots import Condition, Quantity, Refusal
from llm_query.planning.plan_units import in_own_unit

Bounds = tuple[tuple[str, Quantity], ...]


DONE = ("contact", "chase", "doing", "facing", "explore", "near", "towards", "kept_meaning",
        "scored", "learned")  # fmt: skip


class Movement(Places):
    """Understands predicates with a distance or a speed."""

    def _read_in(self) -> Condition | None:
        """Read "within 3 cm of" as a distance, anything else as a place."""
        if self.kind(1) == "quantity" and self.peek(1).value.unit != "deg":
            self.take("in")
            return self._distance_to((("<=", self.take_quantity()),))
        return super()._read_in()

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
        if target is None and (whom := self._spoken_of_before()):
            self.assumptions.append(f"Near means: near {whom}, whom the question is about.")
            return self._with_target("near", Place(whom), {"points": ("centre", "centre")})
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

    first_subjects: tuple[str, ...] = ()  # whose plot or measure it is

    def _spoken_of_before(self) -> str:
        """The one animal the question is about where another one was named since."""
        before, now = self.first_subjects, self._subjects()
        named = len(before) == len(now) == 1 and {*before, *now} <= set(self.context.animals)
        return before[0] if named and before != now else ""

    def _distance_to(self, bounds: Any) -> Condition:
        self.skip("away")
        self.skip("from", "to")
        self.skip("away")
        return self._distance(bounds, self._take_target())

    def _take_target(self) -> dict[str, Any] | None:
        """Consume what a distance goes to: an animal, a region, the wall."""
        self.skip("to", "from")
        self.refuse_it()
        if self.take("eachother"):
            return None
        if self.take("wall"):
            return {"what": "wall"}
        self.refuse_unknown_region()
        regions = self.take_regions()
        if regions is not None:
            if len(regions[0]) > 1:
                raise Refusal("A distance to several regions at once: ask about them one by one.")
            return {"what": "region", "region": regions[0][0]}
        several = self.kind() == "other" and means_all(self.peek().text)
        place = self.take_place()
        return {"what": "animal", "place": place, "all": several} if place else None

    def _distance(self, bounds: Bounds, target: dict[str, Any] | None) -> Condition:
        point = self._one_point()
        if target is None:
            arguments: dict[str, Any] = {"bounds": bounds, "points": (point, point)}
            known = self.last_target is not None
            return (
                self._again("distance", arguments) if known else self._pair("distance", arguments)
            )
        if target["what"] != "animal":
            arguments = {"bounds": bounds, "point": point, "region": target.get("region")}
            return self._each_subject("distance_place", arguments=arguments)
        place: Place = target["place"]
        if target["all"] and len(self.context.animals) > 2:
            return self._distance_to_all(bounds, point, place)
        return self._with_target(
            "distance", place, {"bounds": bounds, "points": (point, place.point)}
        )

    def _distance_to_all(self, bounds: Bounds, point: str, place: Place) -> Condition:
        """Read "farther than 10 cm from all other mice": the nearest one is that far away."""
        if not all(sign.startswith(">") for sign, _ in bounds):
            return self._with_target(
                "distance", place, {"bounds": bounds, "points": (point, place.point)}
            )
        if (point, place.point) != ("centre", "centre"):
            raise Refusal(
                "Far from all others is known for body centres only. Leave out the point."
            )
        self.assumptions.append("Far from the others means: far from the nearest of them.")
        return self._each_subject("nearest_neighbour", arguments={"bounds": bounds})

    def _read_between(self) -> Condition | None:
        """Read "between 5 and 10 cm from mouse 2"."""
        ends = (self.kind(1), self.kind(3)) == ("quantity", "quantity")
        if not ends or self.kind(4) not in ("away", "from", "to"):
            return None
        return self._distance_to(self.take_bounds())

    def take_bounds(self) -> Bounds:
        """Consume "less than 260 and larger than 50", "between 5 and 10 cm"."""
        bounds: list[tuple[str, Quantity]] = []
        if self.take("between"):
            low, _, high = self.take_quantity(), self.take("and"), self.take_quantity()
            if low is None or high is None:
                raise Refusal("'between' needs two numbers, for example: between 5 and 10 cm.")
            low = low if low.unit else in_own_unit(low.value, high.said or high.unit)
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
        ahead = {"cmp": 1, "between": 3}.get(self.kind(), 0)  # "between 2 and 10 cm/s"
        if ahead and self.kind(ahead) == "quantity" and "/" in self.peek(ahead).value.unit:
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
        if word and word.text == "still" and self.kind() not in ("end", "sep", "and", "or", "cmp"):
            raise Refusal("'still' could mean 'immobile' or 'yet' here. Say which.")
        if word and word.text.startswith("stop") and self.kind() in DONE:
            raise Refusal(
                f"'{word.text} {self.peek().text}' is an end. Ask when it happens: each row of the "
                "answer has its stop."
            )
        return self._each_subject(
            "immobile", arguments={"word": word.value if word else "immobile", "min_s": None}
        )

    def speed_condition(self, bounds: Bounds) -> Condition:
        """Make the condition on a speed, of each subject and its point."""
        return self._each_subject("speed", arguments={"bounds": bounds, "point": self._one_point()})


MANY = ("mice", "flies", "animals", "rats", "others", "individuals", "conspecifics", "neighbours",
        "neighbors")  # fmt: skip


def means_all(text: str) -> bool:
    """Tell whether being far from "all other mice" means from each of them at once.

    >>> means_all("any other mouse"), means_all("the other mouse")
    (True, False)
    """
    return text.startswith(("all ", "any ")) or text.endswith(MANY)
