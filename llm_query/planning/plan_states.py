"""Write conditions on places, distances and speeds as bouts."""

from __future__ import annotations

from llm_query.planning.plan_describe import ends_text, phrase
from llm_query.planning.plan_gauges import GAUGES, rule
from llm_query.planning.plan_numbers import Numbers, misfit, quoted, written
from llm_query.planning.plan_slots import (
    ANY_OTHER,
    HEAD,
    Condition,
    Quantity,
    Refusal,
)
from llm_query.planning.plan_words import rule_of


class States(Numbers):
    """Writes one condition as an expression that gives bouts."""

    def _in(self, condition: Condition) -> str:
        self.assume(self._point_rule(condition))
        self._objects_note(condition)
        if "overlap" in condition.arguments.get("word", ""):
            self.assume("'overlaps' is read as: that point is inside the region.")
        return self._regions("in_region", condition)

    def _objects_note(self, condition: Condition) -> None:
        """A centre is hardly ever inside an object; say how to ask for being at it."""
        for name in condition.arguments["regions"]:
            if name in self.context.objects:
                self.assume(
                    f"{name} is an object, and this asks for being inside its outline. To ask for "
                    f"being at it, say a distance: within 2 cm of {name}."
                )

    def _point_rule(self, condition: Condition) -> str:
        point = condition.arguments.get("point", "centre")
        if point == HEAD:
            return "In a region means: the head is inside it, wherever the body is."
        word = (
            "body centre (the centre of its outline)"
            if point == "centre"
            else f"body point {point}"
        )
        return f"In a region means: the {word} is inside it."

    def _regions(self, function: str, condition: Condition) -> str:
        who = self.name(condition.subject)
        regions = condition.arguments["regions"]
        if condition.arguments.get("point") == HEAD:
            return self._head_in(function, condition, who, regions)
        point = self._point(condition)
        if len(regions) == 1:
            return f"{function}(recording, {who}, {quoted(regions[0])}{point})"
        if function in ("in_region", "outside_region"):
            listed = ", ".join(map(quoted, regions))
            found = f"{function}(recording, {who}, [{listed}]{point})"
            label = phrase(condition)
            label = label if function == "in_region" else f"outside {label.removeprefix('in ')}"
            return f"{found}.named({quoted(label)})"
        calls = [f"{function}(recording, {who}, {quoted(one)}{point})" for one in regions]
        return f"({' | '.join(calls)}).named({quoted(phrase(condition))})"

    def _head_in(
        self, function: str, condition: Condition, who: str, regions: tuple[str, ...]
    ) -> str:
        """Write "its head is in the cup", by the vocabulary's rule for a head."""
        if function != "in_region":
            raise Refusal("A head is known inside a region only. Ask when the head is in it.")
        self.assume(rule_of("head_in_region"))
        listed = quoted(regions[0]) if len(regions) == 1 else f"[{', '.join(map(quoted, regions))}]"
        return f"head_in_region(recording, {who}, {listed})"

    def _enter(self, condition: Condition) -> str:
        return self._crossing("enters", condition)

    def _leave(self, condition: Condition) -> str:
        return self._crossing("leaves", condition)

    def _crossing(self, function: str, condition: Condition) -> str:
        self.assume(self._point_rule(condition))
        self._objects_note(condition)
        self.assume("An animal that is inside when first seen has not entered.")
        regions, side = condition.arguments["regions"], condition.arguments["side"]
        who = self.name(condition.subject)
        if len(regions) > 1 and (side or function == "leaves"):
            raise Refusal(
                f"'{phrase(condition)}' for several regions at once: ask about one of them."
            )
        if len(regions) > 1:
            self.assume("Each entry into one of these regions is counted.")
        text = self._regions(function, condition)
        if side:
            self.assume("The side is where it was last seen, beyond the region's outermost edge.")
            where = f"{quoted(regions[0])}, {quoted(side)}{self._point(condition)}"
            text = f"from_side(recording, {text}, {who}, {where})"
        return text

    def _side(self, condition: Condition) -> str:
        arguments = condition.arguments
        self.assume(
            f"'{phrase(condition)}' means: the {arguments['point']} is beyond the outermost edge "
            "of "
            "the region on that side of the picture."
        )
        return (
            f"beside(recording, {self.name(condition.subject)}, {quoted(arguments['region'])}, "
            f"{quoted(arguments['side'])}{self._point(condition)})"
        )

    def _when(self, condition: Condition, values: str, limits: str, target: bool = False) -> str:
        who = self.name(condition.subject)
        other = f", {self.name(condition.target)}" if target and condition.target else ""
        label = quoted(phrase(condition) + (ends_text(condition) if target else ""))
        return f"bouts_when(recording, {values}, {who}{other}, {limits}, behaviour={label})"

    def distance_values(self, subject: str, target: str, points: tuple[str, str]) -> str:
        """Write the distance between two animals, per frame."""
        a, b = self.name(subject), self.name(target)
        ends = (
            "" if points == ("centre", "centre") else f", {quoted(points[0])}, {quoted(points[1])}"
        )
        if points == ("centre", "centre"):
            self.assume("Distances between animals are from centre to centre.")
        return f"distance_between(recording, {a}, {b}{ends})"

    def _distance(self, condition: Condition) -> str:
        values = self.distance_values(
            condition.subject, condition.target or ANY_OTHER, condition.arguments["points"]
        )
        values = self._smooth(condition, values)
        return self._when(condition, values, self.limits(condition, self.length), target=True)

    def own_values(self, subject: str, points: tuple[str, ...]) -> str:
        """Write the distance between two points of the same animal, per frame."""
        who = self.name(subject)
        a, b = map(quoted, points)
        return f"distance_between(recording, {who}, {who}, {a}, {b})"

    def _own_distance(self, condition: Condition) -> str:
        values = self.own_values(condition.subject, condition.arguments["points"])
        return self._when(condition, values, self.limits(condition, self.length))

    def place_values(self, subject: str, region: str | None, point: str) -> str:
        """Write the distance to a region or to the wall, per frame."""
        end = "" if point == "centre" else f", point={quoted(point)}"
        if region is None:
            if self.context.arena is None:
                raise Refusal(
                    "This video has no arena, so its wall is unknown. Draw the arena first."
                )
            self.assume(f"The wall is the outline of {self.context.arena}.")
            return f"distance_to_wall(recording, {self.name(subject)}{end})"
        self.assume("The distance to a region is to its edge, and 0 inside it.")
        return f"distance_to_region(recording, {self.name(subject)}, {quoted(region)}{end})"

    def _distance_place(self, condition: Condition) -> str:
        arguments = condition.arguments
        values = self.place_values(condition.subject, arguments["region"], arguments["point"])
        return self._when(condition, values, self.limits(condition, self.length))

    def speed_values(self, subject: str, point: str, smooth: Quantity | None = None) -> str:
        """Write the speed per frame."""
        end = "" if point == "centre" else f", point={quoted(point)}"
        if smooth is not None:
            end += f", window_s={self.seconds(smooth)}"
            self.assume(f"Speed is the slope of a straight line fitted over {smooth}.")
        else:
            self.assume("Speed is taken from the frame before to the frame after, not smoothed.")
        return f"speed(recording, {self.name(subject)}{end})"

    def _speed(self, condition: Condition) -> str:
        arguments = condition.arguments
        values = self.speed_values(condition.subject, arguments["point"], arguments.get("smooth"))
        return self._when(condition, values, self.limits(condition, self.speed))

    def _acceleration(self, condition: Condition) -> str:
        raise Refusal("A limit on acceleration is not built yet; ask for the acceleration itself.")

    def _body_length(self, condition: Condition) -> str:
        values = f"body_length(recording, {self.name(condition.subject)})"
        return self._when(condition, values, self.limits(condition, self.length))

    def _nearest_neighbour(self, condition: Condition) -> str:
        values = f"nearest_neighbour_distance(recording, {self.name(condition.subject)})"
        self.assume("Distances between animals are from centre to centre.")
        return self._when(condition, values, self.limits(condition, self.length))

    def gauge(self, condition: Condition) -> str:
        """Write a limit on a measure known by name, in the measure's own unit."""
        one = GAUGES[condition.kind]
        self.assume(rule(condition.kind))

        def plain(limit: Quantity, said: str) -> str:
            unit = one.unit.replace("{unit}", self.context.unit)
            if not limit.unit or limit.unit == unit:
                return written(limit.value)
            from llm_query.planning.plan_conversions import convert

            value = convert(limit.value, limit.unit, unit)
            if value is None:
                raise misfit(said, limit, f"in {unit}, the unit of the {one.said} here")
            return written(value)

        who = self.name(condition.subject)
        return self._when(condition, one.call(who, "other"), self.limits(condition, plain))

    def _angle(self, condition: Condition) -> str:
        a, b = self.name(condition.subject), self.name(condition.target or ANY_OTHER)
        self.assume(
            "The head angle is between an animal's heading and the direction to the other's "
            "centre, "
            "0 to 180 degrees to either side."
        )
        limits = self.limits(condition, self._degrees)
        values = self._smooth(condition, f"head_angle(recording, {a}, {b})")
        return self._when(condition, values, limits, target=True)

    def _smooth(self, condition: Condition, values: str) -> str:
        window = condition.arguments.get("smooth")
        if window is None:
            return values
        self.assume(f"Distances and angles are averaged over {window}, centred.")
        return f"smoothed(recording, {values}, {self.seconds(window)})"
