"""Join the clauses of a question into one condition, and see that nothing is lost."""

from __future__ import annotations

from dataclasses import replace

from llm_query.planning.plan_clauses import Clauses
from llm_query.planning.plan_describe import phrase
from llm_query.planning.plan_joint import Joint, placed
from llm_query.planning.plan_rewording import ORDINALS
from llm_query.planning.plan_slots import (
    ANY_OTHER,
    EACH,
    Condition,
    Context,
    Quantity,
    Reading,
    Refusal,
    Token,
)

SUMMARIES = frozenset(("mean", "median", "max", "min", "std"))
SMOOTH = ("speed", "distance", "angle")
DISTANCES = ("distance", "distance_place", "own_distance", "gap")


class Tree(Joint, Clauses):
    """Holds what was read so far; conditions are added with the word that joins them."""

    def __init__(self, tokens: list[Token], context: Context) -> None:
        super().__init__(tokens, context)
        self.reading = Reading()
        self.terms: list[tuple[str, Condition]] = []
        self.operator = ""
        self.subjects = ()
        self.points = ()
        self.spoken_points: tuple[str, ...] = ()
        self.definition: Condition | None = None
        self.smooth: Quantity | None = None

    boundary = False  # a sentence or clause just ended

    sentence = False  # a sentence just ended

    limit: Quantity | None = None

    ordinal = 0  # "the second visit": 2

    late: tuple[int, tuple[str, ...]] | None = None  # "entries into the corner of mouse 1"

    measure_named = False  # the measure says itself whose it is

    implied = ""  # the summary that "how fast" or "how far apart" asks for unless another is named

    def _add(self, condition: Condition) -> None:
        if (
            condition.kind in ("each", "and")
            and self.operator == "then"
            and condition.kind == "each"
        ):
            raise Refusal("A sequence with several regions or animals at once: ask one by one.")
        sentence, self.boundary, self.sentence = self.sentence, False, False
        previous = self.terms[-1][1] if self.terms else None
        if previous is not None and self.operator in ("", ","):
            merged = self._same(previous, condition)
            if merged is None and not self.operator and self._goes_along(previous, condition):
                self.terms.append(("and", condition))
                return
            if merged is None and sentence and self.reading.name:
                self.terms.append(("and", condition))
                self.operator = ""
                self.assumptions.append("The sentences of a definition hold at the same time.")
                return
            if merged is None and self.operator == ",":
                self.terms.append((",", condition))
                self.operator = ""
                return
            if merged is None:
                raise Refusal(
                    "I see two conditions and no 'and', 'or' or 'then' between them. Join them, "
                    "or ask "
                    "one by one."
                )
            self.terms[-1] = (self.terms[-1][0], merged)
            self.operator = ""
            return
        self.terms.append((self.operator, condition))
        self.operator = ""

    def _same_place(self) -> bool:
        return bool(self.terms) and not self.operator and self.terms[-1][1].kind == "in"

    def _without_them(self, animals: tuple[str, ...]) -> Condition:
        place = self.terms[-1][1]
        if not set(animals) <= set(self.context.animals) - {place.subject}:
            raise Refusal(
                "'without' whom? Name the animal, or ask how long it is alone there, for example: "
                f"how long is {self.context.animals[0]} alone in {phrase(place).split(' ', 1)[1]}?"
            )
        self.assumptions.append(f"Without {' and '.join(animals)} means: seen outside of it.")
        away = tuple(
            Condition("not", name, parts=(replace(place, subject=name),)) for name in animals
        )
        return away[0] if len(away) == 1 else Condition("and", away[0].subject, parts=away)

    def _goes_along(self, first: Condition, second: Condition) -> bool:
        """Tell whether two clauses belong together as in "immobile in the corner"."""
        if self.without:
            self.without = False
            return True
        inner = second.parts[0] if second.kind == "not" else second
        states = ("immobile", "moving", "speed", "contact", "facing", "near", "distance", "chase",
                  "follow", "approach", "doing", "named", "scored", "learned",
                  "explores")  # fmt: skip
        bodily = ("immobile", "moving", "speed", "doing")
        if second.kind == "contact" and first.kind in bodily and first.target is None:
            return first.subject == second.subject  # "rearing in contact with mouse 2"
        if inner.kind != "in" or first.kind not in states or inner.subject != first.subject:
            return False
        if first.target is not None:
            self.assumptions.append("The place is where the animal named first is.")
        return True

    def _same(self, first: Condition, second: Condition) -> Condition | None:
        """Join a condition said twice ("at rest. Resting is inactivity of at least 1 s")."""
        frozen = first.subject == second.subject and first.arguments.get("does") == "freezing"
        if frozen and second.kind == "immobile":  # the question says what it means by freezing
            return second
        inner = second.parts[0] if second.kind == "for" else second
        if first.kind == "make_contact" and second.kind == "for" and inner.kind == "approach":
            return replace(second, parts=(first,))  # "the approach needs to be longer than 3 s"
        if first.kind != second.kind or first.subject != second.subject:
            return None
        if first.kind == "immobile":
            return second if second.arguments["min_s"] else first
        return first if first == second else None

    def _settle_measure(self) -> None:
        """Give a measure its animals and points where they were said elsewhere in the question."""
        measure = self.reading.measure
        if measure is None:
            return
        spoken = tuple(s for s in self.reading.subjects if s != ANY_OTHER)
        free = measure.subjects == (EACH,) and measure.target is None and not self.measure_named
        if free and spoken:
            measure = replace(measure, subjects=spoken)
        if measure.points == ("centre",) and self.points and measure.kind not in DISTANCES:
            measure = replace(measure, points=self.points)
        self.reading.measure = measure

    def _nothing_lost(self) -> None:
        """Refuse when a named animal or region plays no part in what was understood."""
        reading = self.reading
        used: set[str] = set(reading.subjects if reading.measure is None else ())
        if reading.condition is not None and reading.measure is None and not reading.plot:
            used = set()
        if reading.measure is not None:
            where = reading.measure.arguments.get("region")
            used |= {*reading.measure.subjects, str(reading.measure.target), str(where)}
        for part in reading.condition.walk() if reading.condition else ():
            used |= {part.subject, str(part.target), *part.arguments.get("regions", ())}
            used.add(str(part.arguments.get("region")))
        for token in self.tokens:
            names = {"animal": (token.value,), "region": token.value}.get(token.kind, ())
            lost = [name for name in names if name not in used]
            if lost:
                raise Refusal(
                    f"I do not see what '{token.text}' has to do with the rest. Say it in one "
                    "clause, "
                    f"for example: when is {self.context.animals[0]} in ...?"
                )

    def _settle_aggregates(self) -> None:
        """Let "how long on average" be about bouts where there is no measure."""
        reading = self.reading
        if self.implied and not SUMMARIES & set(reading.aggregates):
            reading.aggregates.append(self.implied)
        if reading.measure or reading.condition is None or reading.plot:
            return
        if any(":" in word for word in reading.aggregates):
            raise Refusal("A percentile is of a measure, such as the speed, not of bouts.")
        reading.condition = self._visits(reading.condition)
        several = SUMMARIES & set(reading.aggregates)
        if "count" in reading.aggregates and several:
            raise Refusal("An average or extreme of counts is not built yet; ask how often.")
        words = {"mean": "mean_bout", "max": "longest", "min": "shortest",
                 "median": "median_length", "std": "std_length"}  # fmt: skip
        reading.aggregates = [words.get(word, word) for word in reading.aggregates]

    def _numbered(self, condition: Condition) -> Condition:
        """Keep the bouts of one number: the second visit, the third contact."""
        reading, simple = self.reading, not condition.parts
        asked = set(reading.aggregates) <= {"when", "total", "latency"}
        if not (simple and asked and reading.order is None) or reading.plot or reading.measure:
            raise Refusal(
                f"'the {ORDINALS[self.ordinal]} time' is known of one thing at a time, over the "
                f"whole recording, and says when it is or how long: when does "
                f"{self.context.animals[0]} {self._numbered_example()} for the "
                f"{ORDINALS[self.ordinal]} time?"
            )
        return Condition(
            "nth", condition.subject, condition.target, {"k": self.ordinal}, (condition,)
        )

    def _numbered_example(self) -> str:
        place = next((n for n in self.context.regions if n != self.context.arena), "the corner")
        return f"enter {place}"

    def _visits(self, condition: Condition) -> Condition:
        """Let "the longest visit" be about the stay; an entry has no duration."""
        lasting = {"total", "percent", "longest", "shortest", "mean_bout", "frames", "mean",
                   "median", "std", "median_length", "std_length"}  # fmt: skip
        asked = lasting & set(self.reading.aggregates)
        if not asked or condition.kind not in ("enter", "leave"):
            return condition
        if "visit" not in condition.arguments.get("word", ""):
            raise Refusal(
                "An entry or exit is a moment and lasts no time. Ask how long it is in the "
                "region, or "
                "how often it enters."
            )
        return Condition("in", condition.subject, None, {**condition.arguments, "word": "in"})

    def _tree(self) -> Condition | None:
        if not self.terms:
            return None
        self.terms = [(sign, self.jointly(condition)) for sign, condition in self.terms]
        parts = tuple(condition for _, condition in self.terms)
        if len(parts) == 1:
            return parts[0]
        if self.reading.plot in ("time_budget", "transitions"):
            flat = [p for part in parts for p in (part.parts if part.kind == "each" else (part,))]
            return Condition("each", parts[0].subject, parts=tuple(flat))
        operators = {operator for operator, _ in self.terms[1:]}
        if "," in operators and len(operators) > 1:
            operators.discard(",")  # "a, b and c"
        if operators == {"and", "then"}:
            self._steps()
            operators = {"then"}
            parts = tuple(condition for _, condition in self.terms)
        if len(operators) > 1:
            raise Refusal(
                "'and', 'or' and 'then' are mixed, which has more than one meaning. Define the "
                "inner "
                "part first and save it, or ask one by one."
            )
        operator = operators.pop()
        if operator == ",":
            raise Refusal(
                "I see conditions with a comma between them. Join them with 'and' or 'or'."
            )
        if any(part.kind == "each" for part in parts):
            raise Refusal("Several regions or animals inside a longer condition: ask one by one.")
        if operator in ("after", "before") and len(parts) != 2:
            raise Refusal(f"'{operator}' joins two conditions here. Ask one by one.")
        arguments = {"limit": self.limit} if operator in ("then", "after", "before") else {}
        return Condition(operator, parts[0].subject, None, arguments, parts)

    def _steps(self) -> None:
        """Let "A while B then C" be two steps: what is joined by "and" is one step."""
        steps: list[tuple[str, Condition]] = []
        for sign, condition in self.terms:
            if sign == "and" and steps:
                before, first = steps[-1]
                parts = (*first.parts, condition) if first.kind == "and" else (first, condition)
                steps[-1] = (before, Condition("and", parts[0].subject, parts=parts))
            else:
                steps.append((sign, condition))
        self.terms = steps
        self.assumptions.append("What is joined by 'and' or 'while' is one step of the sequence.")

    def _smoothed(self, condition: Condition | None) -> Condition:
        found = [c for c in condition.walk() if c.kind in SMOOTH] if condition else []
        if condition is None or not found:
            raise Refusal(
                "A smoothing window is only known for speeds, distances and angles. Leave it out."
            )
        return _with_smoothing(condition, self.smooth)


def given_to(condition: Condition, animals: tuple[str, ...]) -> Condition:
    """Give a clause said without a subject to the animals named after it."""
    whole = all(part.subject in (EACH, animals[0]) for part in condition.walk())
    if len(animals) > 1 or not whole:
        raise Refusal("Say the animal first, for example: how often does animal1 enter the corner?")
    return placed(condition, animals[0], None)


def _with_smoothing(condition: Condition, smooth: Quantity | None) -> Condition:
    parts = tuple(_with_smoothing(part, smooth) for part in condition.parts)
    arguments = dict(condition.arguments)
    if condition.kind in SMOOTH:
        arguments["smooth"] = smooth
    return replace(condition, parts=parts, arguments=arguments)
