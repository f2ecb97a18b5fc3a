"""Write numbers with units, names and points into analysis code, and note what is assumed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from llm_query.planning.plan_describe import DISTANCE_SIGNS, SIGNS, SPEED_SIGNS
from llm_query.planning.plan_gauges import GAUGES
from llm_query.planning.plan_slots import (
    ANY_OTHER,
    EACH,
    HEAD,
    Condition,
    Context,
    Quantity,
    Refusal,
)

LIMITS = {"<": "below", "<=": "at_most", ">": "above", ">=": "at_least"}


def quoted(text: str) -> str:
    """Write a text as a Python string with double quotes."""
    return json.dumps(text, ensure_ascii=False)


def written(value: float) -> str:
    """Write a number into code: 114.591559026, not 114.592 and not 0.30000000000000004."""
    return f"{value:.12g}"


def misfit(said: str, limit: Quantity, wanted: str) -> Refusal:
    """The refusal of a unit that does not fit, saying what it is and what is wanted."""
    from llm_query.planning.plan_conversions import kind_of

    return Refusal(f"'{said}' is {kind_of(limit.unit)}; it should be {wanted}.")


class Numbers:
    """Writes quantities in the recording's unit and collects assumptions."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.assumptions: list[str] = []

    def assume(self, text: str) -> None:
        """Note an assumption once."""
        if text not in self.assumptions:
            self.assumptions.append(text)

    def length(self, limit: Quantity, said: str) -> str:
        """Write a length in the recording's unit."""
        unit = limit.unit
        if unit not in ("px", "cm", "mm", "m", "body_length"):
            raise misfit(said, limit, f"a length, such as {limit.value:g} {self.context.unit}")
        self._needs_scale(unit, said)
        if unit == "body_length":
            self.assume("One body length is the median length of all outlines in the recording.")
        if unit == self.context.unit == "px":
            return written(limit.value)
        return f'length_in(recording, {written(limit.value)}, "{unit}")'

    def speed(self, limit: Quantity, said: str) -> str:
        """Write a speed in the recording's unit per second."""
        unit = limit.unit
        if unit.endswith("/frame"):
            per_s = limit.value * self.context.fps
            self.assume(
                f"{limit} is {per_s:.6g} {unit.split('/')[0]}/s at {self.context.fps:.6g} frames "
                "per s."
            )
        top, _, per = unit.partition("/")
        if per not in ("s", "frame") or top not in ("px", "cm", "mm", "m", "body_length"):
            raise misfit(said, limit, f"a speed, such as {limit.value:g} {self.context.unit}/s")
        self._needs_scale(top, said)
        return f'speed_in(recording, {written(limit.value)}, "{unit}")'

    def seconds(self, limit: Quantity) -> str:
        """Write a duration in seconds."""
        if limit.unit == "frame":
            return f"{limit.value:g} / float(recording.fps)"
        return written(limit.value)

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
        if kind in GAUGES:
            unit = GAUGES[kind].unit.replace("{unit}", self.context.unit)
            full = replace(limit, unit="" if unit == "fraction" else unit)
            self.assume(f"The number {limit.value:g} is read as {full}.")
            return full
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

    def _degrees(self, limit: Quantity, said: str) -> str:
        if limit.unit != "deg":
            raise misfit(said, limit, "an angle in degrees")
        return written(limit.value)

    def _approximate_s(self, limit: Quantity) -> float:
        return limit.value / self.context.fps if limit.unit == "frame" else limit.value

    def no_head(self, points: tuple[str, ...]) -> None:
        """Refuse "the head" where a body point is needed."""
        if HEAD in points:
            raise Refusal(
                f"This video has no body point 'head'; it has {', '.join(self.context.points)}. "
                "Ask about one of these, or when the head is in a region."
            )

    def name(self, who: str) -> str:
        """Write a subject or target as a variable or a name."""
        return {EACH: "animal", ANY_OTHER: "other"}.get(who) or quoted(who)

    def _point(self, condition: Condition) -> str:
        point = condition.arguments.get("point", "centre")
        self.no_head((point,))
        return "" if point == "centre" else f", point={quoted(point)}"
