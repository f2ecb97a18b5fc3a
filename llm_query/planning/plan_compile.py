"""Write a condition, with its and, or, not and then, as readable analysis code."""

from __future__ import annotations

from itertools import combinations

from llm_query.planning.plan_behaviours import Behaviours
from llm_query.planning.plan_describe import phrase, window_text
from llm_query.planning.plan_gauges import GAUGES
from llm_query.planning.plan_numbers import quoted
from llm_query.planning.plan_slots import (
    ANY_OTHER,
    EACH,
    HEAD,
    Condition,
    Refusal,
    Window,
)

SYMMETRIC = ("distance", "contact", "facing")
SCALARS = ("distance_moved",)
LASTING = {">": "longer_than", ">=": "at_least", "<": "shorter_than", "<=": "at_most"}
ALSO = {"latency": "latency_s", "mean_bout": "mean_s", "longest": "longest_s",
        "shortest": "shortest_s", "frames": "frames"}  # fmt: skip


class Emitter(Behaviours):
    """Writes whole conditions and collects what had to be assumed."""

    def bouts(self, condition: Condition) -> str:
        """Write a condition as an expression that gives Bouts."""
        if condition.kind != "in":
            points = condition.arguments.get("points", ())
            self.no_head((*points, condition.arguments.get("point", "")))
        if condition.kind in GAUGES:
            return self.gauge(condition)
        write = getattr(self, f"_{condition.kind}", None)
        if write is None:  # several animals or places inside something else
            raise Refusal("Several things at once inside a longer question: ask one by one.")
        return str(write(condition))

    def _not(self, condition: Condition) -> str:
        inner = condition.parts[0]
        if inner.kind in ("enter", "leave", "then"):
            raise Refusal(
                f"'not {phrase(inner)}' is not a stretch of time. Ask for the events instead."
            )
        if inner.kind == "in" and inner.arguments.get("point") != HEAD:
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
        first, *later = condition.parts
        limit = condition.arguments.get("limit")
        within = self.seconds(limit) if limit else "recording.duration_s"
        if not limit:
            self.assume("No limit was given between the two steps: any time later counts.")
        self.assume(
            "Each row runs from the first step to the last; the nearest ones belong together."
        )
        steps = self.bouts(first)
        for one in later:
            steps += f".then({self.bouts(one)}, {within})"
        return f"{steps}.named({quoted(phrase(condition))})"

    def _after(self, condition: Condition) -> str:
        """Write "A within 5 s after B": the bouts of A, whole, that start when B is over."""
        return self._ordered("after", condition)

    def _before(self, condition: Condition) -> str:
        return self._ordered("before", condition)

    def _ordered(self, method: str, condition: Condition) -> str:
        first, second = condition.parts
        limit = condition.arguments.get("limit")
        other = self.bouts(second)
        if not limit and method == "before":
            other += ".first()"
            self.assume(f"Before means: before the first time of '{phrase(second)}'.")
        elif not limit:
            self.assume("No limit was given: any time after counts.")
        edge = {"after": "start when one of the second is over",
                "before": "are over when one of the second starts"}[method]  # fmt: skip
        self.assume(f"Bouts of the first are kept whole that {edge}.")
        within = f", {self.seconds(limit)}" if limit else ""
        found = f"{self.bouts(first)}.{method}({other}{within})"
        return f"{found}.named({quoted(phrase(condition))})"

    def _starts_in(self, condition: Condition) -> str:
        first, second = condition.parts
        found = f"{self.bouts(first)}.starts_in({self.bouts(second)})"
        return f"{found}.named({quoted(phrase(condition))})"

    def _part(self, condition: Condition) -> str:
        """Write bouts in a part of the recording, the first or last of them where that is said."""
        window, order = condition.arguments["window"], condition.arguments["order"]
        found = self.bouts(condition.parts[0])
        if window is not None:
            self.assume(f"Counted {window_text(window)} only; bouts are cut at its ends.")
            found += f".within(*period(recording, {period_words(window)}))"
        return f"{found}.{order}()" if order else found

    def _nth(self, condition: Condition) -> str:
        """Write "for the second time": that bout of every subject and target, by its number."""
        found = f"{self.bouts(condition.parts[0])}.nth({condition.arguments['k']})"
        return f"{found}.named({quoted(phrase(condition))})"

    def _named(self, condition: Condition) -> str:
        return f"{self.bouts(condition.parts[0])}.named({quoted(condition.arguments['name'])})"

    def _alone(self, condition: Condition) -> str:
        self.assume("Alone means: every other animal was seen outside.")
        return self._of_several(condition, " & ") + f".any_target().named({self._label(condition)})"

    def _nobody(self, condition: Condition) -> str:
        self.assume("Nobody means: every animal was seen outside.")
        return self._of_several(condition, " & ") + self._group(condition)

    def _anybody(self, condition: Condition) -> str:
        return self._of_several(condition, " | ") + self._group(condition)

    def _group(self, condition: Condition) -> str:
        """Write that a state is of all the animals, and of none of them more than of another."""
        return f".of_group().named({self._label(condition)})"

    def _so_many(self, condition: Condition) -> str:
        """Write that so many of the animals do it: any of the choices of who does and who not."""
        n, sign = condition.arguments["n"], condition.arguments["sign"]
        total, parts = len(condition.parts), condition.parts
        if not 0 <= n <= total:
            raise Refusal(f"This video has {total} animals, so {n} of them cannot be counted.")
        if (sign, n) in (("ge", 0), ("le", total)):
            raise Refusal("This always holds. Ask for a number of animals that can be wrong.")
        self.assume("Animals are counted frame by frame; one that is not seen counts as neither.")
        choices = []
        chosen = list(combinations(range(total), n))
        for some in reversed(chosen) if sign == "le" else chosen:  # the animals in their order
            does = [parts[k] for k in some] if sign != "le" else []
            idle = [parts[k] for k in range(total) if k not in some] if sign != "ge" else []
            each = [*does, *(Condition("not", one.subject, parts=(one,)) for one in idle)]
            choices.append(" & ".join(self.bouts(one) for one in each))
        found = "\n            | ".join(f"({one})" for one in choices)
        return f"(\n            {found}\n        ){self._group(condition)}"

    def _label(self, condition: Condition) -> str:
        return quoted(phrase(condition))

    def _of_several(self, condition: Condition, sign: str) -> str:
        return f"({sign.join(self.bouts(part) for part in condition.parts)})"

    def _for(self, condition: Condition) -> str:
        sign, length = condition.arguments["sign"], condition.arguments["length"]
        method = LASTING[sign]
        found = self.bouts(condition.parts[0])
        found = self._cut(found) if sign in (">", ">=") else found  # cut, it is only shorter
        kept = f"{found}.{method}({self.seconds(length)})"
        return f"{kept}.named({quoted(phrase(condition))})"


def window_code(window: Window | None) -> str:
    """Write the part of the recording as start_s and stop_s."""
    if window is None:
        return ""
    return f"    start_s, stop_s = period(recording, {period_words(window)})\n"


def period_words(window: Window) -> str:
    """Write a part of the recording as what period() takes."""
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
    return words


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
