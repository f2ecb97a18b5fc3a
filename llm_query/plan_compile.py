"""Turn a reading into the short analysis code that a biologist reads and that is run."""

from __future__ import annotations

import inspect
import json
from dataclasses import replace
from typing import Any

from llm_query import motion, social
from llm_query.plan_describe import DISTANCE_SIGNS, SIGNS, SPEED_SIGNS, phrase
from llm_query.plan_slots import (
    ANY_OTHER,
    EACH,
    Condition,
    Context,
    Quantity,
    Refusal,
    Window,
)
from llm_query.vocabulary import vocabulary

LIMITS = {"<": "below", "<=": "at_most", ">": "above", ">=": "at_least"}
SYMMETRIC = ("distance", "contact", "facing")
SCALARS = ("distance_moved",)
ALSO = {"latency": "latency_s", "mean_bout": "mean_s", "longest": "longest_s",
        "shortest": "shortest_s", "frames": "frames"}  # fmt: skip
STILL, GOING = motion.IMMOBILE, motion.MOVING
RULES = {
    "immobile": f"Immobile: the centre slower than {STILL.cm_s:g} cm/s (without a scale "
    f"{STILL.lengths_s:g} body lengths/s; never below {STILL.px_s:g} px/s) over {{window_s:g}} "
    "s, for "
    "at least {min_duration_s:g} s (speed as in SimBA's freezing; 1 s as in Anagnostaras 2010).",
    "moving": f"Moving: the centre at {GOING.cm_s:g} cm/s or faster (without a scale "
    f"{GOING.lengths_s:g} body lengths/s; never below {GOING.px_s:g} px/s) over {{window_s:g}} s "
    "(EthoVision's Movement).",
    "contact": f"Touching: at most {social.TOUCH_CM:g} cm ({social.TOUCH_PX:g} px without a scale) "
    "between the two outlines (EthoVision's Body contact).",
    "facing": "Facing: the other's centre lies within {max_angle_deg:g} degrees to either side of "
    "the heading, at any distance (front is +-30 degrees, AmadeusGPT).",
    "near": "Near: centres (or the points named) at most 2 body lengths apart (the social approach "
    "of EthoVision and LMT).",
    "follow": "Following: both moving, directions less than {max_angle_deg:g} degrees apart, the "
    "other in front, within 2 body lengths, on its path of the last {path_s:g} s, for at least "
    "{min_duration_s:g} s (EthoVision's Follow after LMT).",
    "chase": "Chasing: following with both at 2 body lengths/s or faster, for at least "
    "{min_duration_s:g} s (EthoVision and LMT; no source gives a speed, this one is ours).",
    "approach": "Approaching: the distance shrinks by its own movement, faster than the other, "
    "within 2 body lengths (EthoVision and LMT, social approach).",
}


def quoted(text: str) -> str:
    """Write a text as a Python string with double quotes."""
    return json.dumps(text, ensure_ascii=False)


class Emitter:
    """Writes expressions for conditions and collects what had to be assumed."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.assumptions: list[str] = []

    def assume(self, text: str) -> None:
        """Note an assumption once."""
        if text not in self.assumptions:
            self.assumptions.append(text)

    # quantities

    def length(self, limit: Quantity, said: str) -> str:
        """Write a length in the recording's unit."""
        unit = limit.unit
        if unit not in ("px", "cm", "mm", "m", "body_length"):
            raise Refusal(
                f"'{said}' should be a length, such as {limit.value:g} {self.context.unit}."
            )
        self._needs_scale(unit, said)
        if unit == "body_length":
            self.assume("One body length is the median length of all outlines in the recording.")
        if unit == self.context.unit == "px":
            return f"{limit.value:g}"
        return f'length_in(recording, {limit.value:g}, "{unit}")'

    def speed(self, limit: Quantity, said: str) -> str:
        """Write a speed in the recording's unit per second."""
        unit = limit.unit
        if unit.endswith("/frame"):
            per_s = limit.value * self.context.fps
            self.assume(
                f"{limit} is {per_s:.6g} {unit.split('/')[0]}/s at {self.context.fps:.6g} frames "
                "per s."
            )
        if "/" not in unit or unit.endswith("/s2"):
            raise Refusal(
                f"'{said}' should be a speed, such as {limit.value:g} {self.context.unit}/s."
            )
        self._needs_scale(unit.split("/")[0], said)
        return f'speed_in(recording, {limit.value:g}, "{unit}")'

    def seconds(self, limit: Quantity) -> str:
        """Write a duration in seconds."""
        if limit.unit == "frame":
            return f"{limit.value:g} / float(recording.fps)"
        return f"{limit.value:g}"

    def with_units(self, condition: Condition) -> Condition:
        """Give every number without a unit the recording's own, and say so."""
        parts = tuple(self.with_units(part) for part in condition.parts)
        bounds = tuple(
            (sign, self._with_unit(condition.kind, limit))
            for sign, limit in condition.arguments.get("bounds", ())
        )
        more = {"bounds": bounds} if bounds else {}
        return replace(condition, parts=parts, arguments={**condition.arguments, **more})

    def _with_unit(self, kind: str, limit: Quantity) -> Quantity:
        if limit.unit:
            return limit
        unit = {"speed": f"{self.context.unit}/s", "angle": "deg"}.get(kind, self.context.unit)
        full = replace(limit, unit=unit)
        other = {"speed": "px/frame", "angle": ""}.get(kind, "body lengths")
        hint = (
            f" Write '{limit.value:g} {other}' or another unit if you mean that." if other else ""
        )
        whose = "" if kind == "angle" else ", the unit of this recording"
        self.assume(f"The number {limit.value:g} names no unit: read as {full}{whose}.{hint}")
        return full

    def _needs_scale(self, unit: str, said: str) -> None:
        if unit in ("cm", "mm", "m") and self.context.px_per_cm is None:
            raise Refusal(
                f"'{said}' is in {unit}, and this video has no scale. Set its px per cm, or ask "
                "in px."
            )

    def limits(self, condition: Condition, write: Any) -> str:
        """Write "above=3, below=5"."""
        words = []
        signs = {"speed": SPEED_SIGNS, "distance": DISTANCE_SIGNS}.get(condition.kind, SIGNS)
        for sign, limit in condition.arguments["bounds"]:
            words.append(f"{LIMITS[sign]}={write(limit, f'{signs[sign]} {limit}')}")
        return ", ".join(words)

    # conditions

    def bouts(self, condition: Condition) -> str:
        """Write a condition as an expression that gives Bouts."""
        return getattr(self, f"_{condition.kind}")(condition)

    def name(self, who: str) -> str:
        """Write a subject or target as a variable or a name."""
        return {EACH: "animal", ANY_OTHER: "other"}.get(who) or quoted(who)

    def _point(self, condition: Condition) -> str:
        point = condition.arguments.get("point", "centre")
        return "" if point == "centre" else f", point={quoted(point)}"

    def _in(self, condition: Condition) -> str:
        self.assume(self._point_rule(condition))
        if "overlap" in condition.arguments.get("word", ""):
            self.assume("'overlaps' is read as: that point is inside the region.")
        return self._regions("in_region", condition)

    def _point_rule(self, condition: Condition) -> str:
        point = condition.arguments.get("point", "centre")
        word = (
            "body centre (the centre of its outline)"
            if point == "centre"
            else f"body point {point}"
        )
        return f"In a region means: the {word} is inside it."

    def _regions(self, function: str, condition: Condition) -> str:
        who = self.name(condition.subject)
        point = self._point(condition)
        calls = [
            f"{function}(recording, {who}, {quoted(region)}{point})"
            for region in condition.arguments["regions"]
        ]
        if len(calls) == 1:
            return calls[0]
        return f"({' | '.join(calls)}).named({quoted(phrase(condition))})"

    def _enter(self, condition: Condition) -> str:
        return self._crossing("enters", condition)

    def _leave(self, condition: Condition) -> str:
        return self._crossing("leaves", condition)

    def _crossing(self, function: str, condition: Condition) -> str:
        self.assume(self._point_rule(condition))
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
        label = quoted(phrase(condition))
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
        return self._when(condition, values, self.limits(condition, self.length), target=True)

    def _near(self, condition: Condition) -> str:
        points = condition.arguments.get("points", ("centre", "centre"))
        names = zip(("point_a", "point_b"), points, strict=True)
        extra = "".join(f", {k}={quoted(p)}" for k, p in names if p != "centre")
        return self._default("near", condition, extra)

    def _scored(self, condition: Condition) -> str:
        name = quoted(condition.arguments["name"])
        return f"kept_bouts(recording, {name}, {self.name(condition.subject)})"

    def own_values(self, subject: str, points: tuple[str, ...]) -> str:
        """Write the distance between two points of the same animal, per frame."""
        who = self.name(subject)
        a, b = (f"recording.position({who}, {quoted(point)})" for point in points)
        return f"np.hypot(*({a} - {b}).T)"

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

    def _angle(self, condition: Condition) -> str:
        a, b = self.name(condition.subject), self.name(condition.target or ANY_OTHER)
        self.assume(
            "The head angle is between an animal's heading and the direction to the other's "
            "centre, "
            "0 to 180 degrees to either side."
        )
        limits = self.limits(condition, self._degrees)
        return self._when(condition, f"head_angle(recording, {a}, {b})", limits, target=True)

    def _degrees(self, limit: Quantity, said: str) -> str:
        if limit.unit != "deg":
            raise Refusal(f"'{said}' should be an angle in degrees.")
        return f"{limit.value:g}"

    def _default(self, function: str, condition: Condition, extra: str = "", **given: float) -> str:
        """Write a behaviour of the vocabulary and say its thresholds."""
        self.defaults(function, **given)
        who = self.name(condition.subject)
        target = f", {self.name(condition.target)}" if condition.target else ""
        return f"{function}(recording, {who}{target}{self._point(condition)}{extra})"

    def defaults(self, function: str, **given: float) -> None:
        """State the thresholds of a behaviour of the vocabulary, with units and source."""
        entry = vocabulary()[function].function
        values = {name: p.default for name, p in inspect.signature(entry).parameters.items()}
        self.assume(RULES[function].format(**(values | given)))

    def _immobile(self, condition: Condition) -> str:
        if condition.arguments.get("word") == "freezing":
            self.assume(
                "'freezing' is read as immobile: the track alone cannot tell it from resting."
            )
        shortest = condition.arguments.get("min_s")
        extra = f", min_duration_s={self.seconds(shortest)}" if shortest else ""
        given = {"min_duration_s": self._approximate_s(shortest)} if shortest else {}
        return self._default("immobile", condition, extra, **given)

    def _approximate_s(self, limit: Quantity) -> float:
        return limit.value / self.context.fps if limit.unit == "frame" else limit.value

    def _moving(self, condition: Condition) -> str:
        return self._default("moving", condition)

    def _contact(self, condition: Condition) -> str:
        return self._default("contact", condition)

    def _chase(self, condition: Condition) -> str:
        return self._default("chase", condition)

    def _follow(self, condition: Condition) -> str:
        return self._default("follow", condition)

    def _approach(self, condition: Condition) -> str:
        return self._default("approach", condition)

    def _facing(self, condition: Condition) -> str:
        angle = condition.arguments.get("angle")
        extra = f", max_angle_deg={self._degrees(angle, f'within {angle}')}" if angle else ""
        given = {"max_angle_deg": angle.value} if angle else {}
        one = self._default("facing", condition, extra, **given)
        if not condition.arguments.get("mutual"):
            return one
        turned = Condition(
            "facing", condition.target or ANY_OTHER, condition.subject, {"angle": angle}
        )
        back = self._default("facing", turned, extra, **given)
        return f'({one} & {back}).named("facing each other")'

    def _facing_region(self, condition: Condition) -> str:
        self.defaults("facing")
        region = quoted(condition.arguments["region"])
        return f"facing(recording, {self.name(condition.subject)}, {region})"

    # combinations

    def _not(self, condition: Condition) -> str:
        inner = condition.parts[0]
        if inner.kind in ("enter", "leave", "then"):
            raise Refusal(
                f"'not {phrase(inner)}' is not a stretch of time. Ask for the events instead."
            )
        if inner.kind == "in" and len(inner.arguments["regions"]) == 1:
            self.assume(self._point_rule(inner) + " Unseen frames are neither inside nor outside.")
            return self._regions("outside_region", inner)
        label = quoted(phrase(condition))
        if any(part.target == ANY_OTHER for part in inner.walk()) and self.to_anyone:
            self.assume(f"'{phrase(condition)}' means: to none of the other animals.")
            who = self.name(inner.subject)
            others = f"for other in recording.animals if other != {who}"
            return f"(~collect([{self.bouts(inner)} {others}]).any_target()).named({label})"
        return f"(~{self.bouts(inner)}).named({label})"

    to_anyone = True

    def _and(self, condition: Condition) -> str:
        return self._join(condition, " & ")

    def _or(self, condition: Condition) -> str:
        return self._join(condition, " | ")

    def _join(self, condition: Condition, sign: str) -> str:
        point = [part.kind in ("enter", "leave") for part in condition.parts]
        mixed = any(point) and (not all(point) or sign == " & ")
        if mixed and (sign == " | " or sum(point) > 1):
            raise Refusal("An entry or exit is a moment; it cannot be joined so. Ask one by one.")
        parts = f"\n            {sign.strip()} ".join(self.bouts(part) for part in condition.parts)
        return f"(\n            {parts}\n        ).named({quoted(phrase(condition))})"

    def _then(self, condition: Condition) -> str:
        first, second = condition.parts[0], condition.parts[1]
        if len(condition.parts) > 2:
            raise Refusal(
                "A sequence of more than two steps is not built yet. Ask for two of them."
            )
        limit = condition.arguments.get("limit")
        within = self.seconds(limit) if limit else "recording.duration_s"
        if not limit:
            self.assume("No limit was given between the two steps: any time later counts.")
        self.assume(
            "Each row runs from the first step to the second; the nearest ones belong together."
        )
        steps = f"{self.bouts(first)}, {self.bouts(second)}"
        return f"in_order({steps}, {within}).named({quoted(phrase(condition))})"

    def _for(self, condition: Condition) -> str:
        sign, length = condition.arguments["sign"], condition.arguments["length"]
        method = "at_least" if sign in (">", ">=") else "at_most"
        if sign in ("<", ">"):
            word = "or longer" if sign == ">" else "or shorter"
            self.assume(f"Bouts of {length} {word} are kept.")
        return f"{self.bouts(condition.parts[0])}.{method}({self.seconds(length)})"


def window_code(window: Window | None) -> str:
    """Write the part of the recording as start_s and stop_s."""
    if window is None:
        return ""
    number = {"frame": lambda v: f"{int(v)}"}.get(window.unit, lambda v: f"{v:.12g}")
    unit = {"frame": "frames", "s": "s"}.get(window.unit, "")
    if window.kind in ("first", "last"):
        words = f"{window.kind}_{unit}={number(window.stop)}"
    elif window.kind == "share":
        words = f"share=({window.start:.12g}, {window.stop:.12g})"
    else:
        unit = "frame" if window.unit == "frame" else "s"
        given = {"start": window.start, "stop": window.stop}
        words = ", ".join(f"{k}_{unit}={number(v)}" for k, v in given.items() if v is not None)
    return f"    start_s, stop_s = period(recording, {words})\n"


def scope_of(condition: Condition) -> tuple[list[str], bool, bool]:
    """Tell who is in a condition: (named animals, each animal in turn, other animals in turn)."""
    named: list[str] = []
    each = other = False
    for part in condition.walk():
        if part.parts:
            continue
        for who in (part.subject, part.target):
            each |= who == EACH
            if who not in (EACH, ANY_OTHER, None) and who not in named:
                named.append(str(who))
        other |= part.target == ANY_OTHER
    return named, each, other
