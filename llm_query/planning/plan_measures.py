"""Read measures: the speed of, the distance between, how far, compared with a number or not."""

from __future__ import annotations

from typing import Any

from llm_query.planning.plan_cursor import Place
from llm_query.planning.plan_gauges import GAUGES, PAIR_GAUGES
from llm_query.planning.plan_slots import (
    ANY_OTHER,
    EACH,
    Condition,
    Measure,
    Quantity,
    Refusal,
    lone,
)
from llm_query.planning.plan_tree import Tree

COMPARABLE = ("speed", "acceleration", "body_length", "nearest_neighbour", "head_angle",
              *(w for w, g in GAUGES.items() if g.scope == "animal" and not g.number))  # fmt: skip


class Measures(Tree):
    """Understands a measure, and a comparison of it with a number."""

    def _on_measure(self) -> bool:
        kind = self.peek().value
        if kind in ("distance", "closest_distance", "gap", *PAIR_GAUGES):
            self.take("measure")
            return self._distance_measure(kind)
        self.take("measure")
        if kind in GAUGES and GAUGES[kind].scope == "group":
            if len(self.context.animals) < 2:
                raise lone()
            self.skip("between")
            self.take_animals()
            self._set_measure(Measure(kind))
            return True
        if kind == "distance_moved":
            self._measure_of(kind)
            self.take("move")
            return True
        return self._measure_of(kind)

    def _measure_of(self, kind: str) -> bool:
        """Consume whose measure it is, then a comparison if there is one."""
        points = self.take_points() or self.points
        self.skip("own")
        between = self.take("between") if self.kind(1) != "quantity" else None
        if between:
            self.take("and")
        if animals := self.take_animals():
            self.subjects = (EACH,) if between and animals == (ANY_OTHER,) else animals
            self.first_subjects = self.first_subjects or self.subjects
            self.measure_named = not between
            points = self.take_points() or points
        if kind in ("head_angle", "angle"):
            return self._head_angle(bool(between), plain=kind == "angle")
        if between:
            return False
        bounds = self.take_bounds() if self.kind() in ("cmp", "between", "to") else ()
        if bounds and kind not in COMPARABLE:
            raise Refusal(f"'{kind.replace('_', ' ')}' cannot be compared with a number here.")
        if not bounds:
            self._set_measure(Measure(kind, self._subjects(), None, points or ("centre",)))
            return True
        if len(points) > 1:
            raise Refusal("Several body points in one comparison: name one of them.")
        arguments = {"bounds": bounds, "point": points[0] if points else "centre"}
        self._add(self._each_subject(kind, arguments))
        return True

    def _head_angle(self, between: bool, plain: bool = False) -> bool:
        if plain and not between:
            raise Refusal("The angle between what? Say the head angle, or the relative angle.")
        if plain:
            self.assumptions.append("'angle' between animals is read as the head angle.")
        target = None
        if self.kind() in ("to", "and") and self.kind(1) in ("animal", "other"):
            self.at += 1
            target = self.take_animals()
        bounds = self.take_bounds()
        if target and len(target) == 1 and bounds:
            place = Place(target[0])
            self._add(self._with_target("angle", place, {"bounds": bounds, "ordered": True}))
            return True
        if not bounds:
            raise Refusal(
                "'head angle' needs a limit, for example: head angle less than 15 degrees."
            )
        del between
        self._add(self._pair("angle", {"bounds": bounds, "ordered": True}))
        return True

    def _set_measure(self, measure: Measure) -> None:
        before = self.reading.measure
        if before is not None and before.kind != measure.kind:
            raise Refusal(
                f"Two measures in one question ({before.kind}, {measure.kind}): ask for one at a "
                "time."
            )
        self.reading.measure = measure

    def _distance_measure(self, kind: str = "distance") -> bool:
        """Read "between mouse 1 and mouse 2 (less than 3 cm)", "to the wall", "travelled"."""
        if self._travelled():
            return True
        target, points = self._distance_ends()
        bounds = self.take_bounds() if self.kind() in ("cmp", "between", "to") else ()
        if not bounds and self.kind() == "quantity":
            bounds = self._extreme_bounds()
        if kind == "closest_distance" and not bounds:
            self.reading.aggregates.append("min")
            kind = "distance"
        if target is None and bounds == () and kind == "distance":
            raise Refusal(
                "'distance' of what? Say 'distance travelled', or 'distance between mouse 1 and "
                "mouse 2', "
                "or 'distance to the wall'."
            )
        if kind == "closest_distance":
            self.assumptions.append(
                "'closest distance' is from one animal's centre to the nearest other animal's "
                "centre."
            )
        what = kind if kind == "gap" or kind in PAIR_GAUGES else "distance"
        arguments = {
            "bounds": bounds,
            "points": points,
            "pair": len(self._subjects()) == 2 or self._subjects() == (EACH,),
        }
        if isinstance(target, dict):
            arguments = {"bounds": bounds, "point": points[0], "region": target.get("region")}
            what = "distance_place"
            for subject in self._subjects():
                self._add_or_measure(what, subject, None, arguments)
            return True
        if kind in PAIR_GAUGES and (bounds or target == "own" or set(points) != {"centre"}):
            raise Refusal(
                f"The {GAUGES[kind].said} is known between two animals as a whole, without a "
                "limit. Ask for its mean, or its values."
            )
        if target == "own":
            self._add_or_measure("own_distance", self._subjects()[0], None, arguments)
            return True
        if kind == "closest_distance" and bounds and any(s[0].startswith(">") for s in bounds):
            raise Refusal(
                "'closest distance larger than' needs all animals at once: not built yet."
            )
        if target == EACH and self.terms and self.terms[-1][1].kind == "distance":
            return False
        who = self._subjects()[0]
        self._add_or_measure(what, who, target or ANY_OTHER, arguments)
        return True

    def _extreme_bounds(self) -> tuple[tuple[str, Quantity], ...]:
        """Read "the maximum distance between them is one body length" as a limit."""
        said = self.reading.aggregates[-1:]
        if said not in (["max"], ["min"]):
            return ()
        self.reading.aggregates.pop()
        quantity = self.take_quantity()
        return (("<=" if said == ["max"] else ">=", quantity),) if quantity else ()

    def _travelled(self) -> bool:
        start, subjects = self.at, self.subjects
        animals = self.take_animals()
        if animals:
            self.subjects = animals
        if self.take("move"):
            self._set_measure(Measure("distance_moved", self._subjects(), None, self._use_points()))
            return True
        self.at, self.subjects = start, subjects
        return False

    def _distance_ends(self) -> tuple[str | dict[str, Any] | None, tuple[str, str]]:
        """Consume the two ends of a distance; the first becomes the subject."""
        self.take("between")
        self.skip("away")
        start, away = self.at, bool(self.take("from"))
        first = self.take_place() if away else None
        if first is None or self.kind() not in ("to", "and"):
            self.at, first = start, None
        if first is None and self.kind() in ("to", "from"):
            ends = self._take_target()
            if ends is None:
                return None, ("centre", "centre")
            if ends["what"] != "animal":
                return ends, (self._one_point(), "centre")
            place = ends["place"]
            return place.animal or EACH, (self._one_point(), place.point)
        first = first or self.take_place()
        if first is None and self.kind() == "and" and self.kind(1) in ("other", "animal"):
            first = Place(EACH)  # "between this and other animals"
        if first is None:
            return self._pair_of_subjects()
        if self.kind() in ("and", "to", "from") and self.kind(1) not in ("cmp", "measure"):
            self.at += 1
            ends = self._take_target()
            if ends is None:
                return None, ("centre", "centre")
            self.subjects = (first.animal,) if first.animal else self._subjects()
            if ends["what"] != "animal":
                return ends, (first.point, "centre")
            second: Place = ends["place"]
            points = (first.point, second.point)
            if not first.animal and not second.animal:
                return "own", points
            if first.animal == second.animal and first.animal != EACH:
                return "own", points
            return (ANY_OTHER if second.animal in (EACH, "") else second.animal), points
        if first.animal == EACH and self.last_target and self.reading.name:
            return self.last_target, (first.point, first.point)
        if first.animal in (EACH, ANY_OTHER):
            self.subjects = (EACH,)
            return ANY_OTHER, (first.point, first.point)
        return None, ("centre", "centre")

    def _pair_of_subjects(self) -> tuple[str | None, tuple[str, str]]:
        if len(self.subjects) == 2:
            return self.subjects[1], ("centre", "centre")
        return (ANY_OTHER if self.subjects == (EACH,) else None), ("centre", "centre")

    def _add_or_measure(self, kind: str, subject: str, target: str | None, arguments: dict) -> None:
        if arguments["bounds"]:
            self._add(Condition(kind, subject, target, arguments))
            return
        one = arguments.get("point", "centre")
        points: tuple[str, ...] = arguments.get("points") or (one,)
        if target and len(self.context.animals) < 2:
            raise lone()
        subjects: tuple[str, ...] = (subject,)
        if self.reading.measure and self.reading.measure.kind == kind:
            subjects = (*self.reading.measure.subjects, subject)
        self._set_measure(Measure(kind, subjects, target, points, arguments=arguments))
        if target in self.context.animals:
            self.last_target = target  # "between mouse 1 and mouse 2 while touching"

    def _own_distance(self, points: tuple[str, ...]) -> bool:
        """Read "nose to its own tail_base distance larger than 10"."""
        self.take("to")
        place = self.take_place()
        if place is None or len(points) != 1 or self.kind() != "measure":
            return False
        self.take("measure")
        bounds = self.take_bounds()
        arguments = {"bounds": bounds, "points": (points[0], place.point)}
        self._add_or_measure("own_distance", EACH, None, arguments)
        return True
