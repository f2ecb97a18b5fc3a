"""Read a whole question into slots, or refuse with the word that was not understood."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from llm_query.plan_clauses import Clauses
from llm_query.plan_cursor import Place
from llm_query.plan_lexicon import need
from llm_query.plan_slots import (
    ANY_OTHER,
    EACH,
    Condition,
    Context,
    Measure,
    Quantity,
    Reading,
    Refusal,
    Token,
)
from llm_query.plan_tokens import join_aliases, lex

PER_FRAME = ("speed", "acceleration", "heading", "body_length", "nearest_neighbour", "head_angle")
DISTANCES = ("distance", "distance_place", "own_distance", "gap")
DIMENSION = {
    "speed": "speed",
    "acceleration": "acceleration",
    "body_length": "length",
    "nearest_neighbour": "length",
    "head_angle": "angle",
}


def read(question: str, context: Context) -> Reading:
    """Read the question; raises Refusal where a word or a combination is not understood."""
    tokens, windows, names = lex(question, context)
    if len(windows) > 1:
        raise Refusal(
            f"There are several times in this question ({'; '.join(w.text for w in windows)}). "
            "Ask about them one by one."
        )
    reader = Reader(_meaningful(join_aliases(tokens, names)), context)
    reading = reader.read()
    reading.window = windows[0] if windows else None
    reading.assumptions = [*names.assumptions, *reader.assumptions]
    return reading


def _meaningful(tokens: list[Token]) -> list[Token]:
    """Drop stop words; keep commas and sentence ends as "sep"."""
    kept = []
    for token in tokens:
        if token.kind == "punctuation":
            token = Token("sep", token.text, token.text)
        if token.kind != "stop":
            kept.append(token)
    return kept


class Reader(Clauses):
    """Fills a Reading from left to right."""

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

    def read(self) -> Reading:
        """Consume every token or refuse."""
        self._definition_name()
        while self.kind() != "end":
            if not self._step():
                raise self._unknown()
        return self._finish()

    def _definition_name(self) -> None:
        """Read "define NAME as ..." and "NAME: ..." and know NAME afterwards."""
        words: list[str] = []
        if self.kind() == "define":
            size = 1
            while self.kind(size) not in ("as_behaviour", "end", "sep"):
                size += 1
            if self.kind(size) != "as_behaviour":
                self.at += 1
                return
            words = [t.text for t in self.tokens[self.at + 1 : self.at + size]]
            self.at += size + 1
        elif self.peek(1).text == ":":
            words, self.at = [self.peek().text], self.at + 2
        if words:
            self.reading.name = "_".join(words)
            self._learn(words)

    def _learn(self, words: list[str]) -> None:
        """Mark later mentions of the defined name."""
        out, place, size = self.tokens[: self.at], self.at, len(words)
        while place < len(self.tokens):
            if [t.text for t in self.tokens[place : place + size]] == words:
                out.append(Token("defined", " ".join(words), " ".join(words)))
                place += size
            else:
                out.append(self.tokens[place])
                place += 1
        self.tokens = out

    def _step(self) -> bool:
        kind = self.kind()
        handler = getattr(self, f"_on_{kind}", None)
        if handler is not None:
            return bool(handler())
        if kind in ("animal", "subject", "other", "nobody"):
            return self._on_animals()
        if self._late_limit():
            return True
        condition = self.take_condition()
        if condition is None:
            return False
        self._add(condition)
        return True

    def _late_limit(self) -> bool:
        """Read "leaves A then enters B within 5 s"."""
        timed = self.kind() == "in" and self.kind(1) == "quantity"
        if not timed or self.peek(1).value.unit not in ("s", "frame"):
            return False
        if not self.terms or self.terms[-1][0] != "then" or self.limit is not None:
            raise Refusal(
                f"'{self.peek().text} {self.peek(1).text}' fits nothing here. A part of the "
                "recording "
                "is said as 'between 10 and 20 s'."
            )
        self.take("in")
        self.limit = self.take_quantity()
        return True

    # joints

    boundary = False  # a sentence or clause just ended

    def _on_sep(self) -> bool:
        token = self.take("sep")
        self.boundary = True
        if token and token.text == "," and self.terms and not self.operator:
            self.operator = ","
        return True

    def _on_with(self) -> bool:
        """Read "the path with the events that ..." as while; before a number it means nothing."""
        self.take("with")
        if self.kind() in ("cmp", "measure", "smooth", "faster"):
            self.operator = self.operator or ("and" if self.terms else "")
            return True
        return bool(self.reading.plot or self.reading.measure)

    def _on_and(self) -> bool:
        self.take("and")
        return self._joined_by("and")

    def _on_or(self) -> bool:
        self.take("or")
        return self._joined_by("or")

    def _joined_by(self, word: str) -> bool:
        if self.operator in ("and", "or", "then") and self.operator != word:
            raise Refusal(f"'{self.operator} {word}' has no clear meaning. Say one of the two.")
        if self.terms:
            self.operator = word
        return True

    def _on_then(self) -> bool:
        self.take("then")
        if not self.terms:
            return False
        limit = None
        if self.kind() == "in" and self.kind(1) == "quantity":
            self.take("in")
            limit = self.take_quantity()
            if limit is None or limit.unit not in ("s", "frame"):
                raise Refusal("'then within' needs a time, for example: then within 5 s.")
        self.limit = limit
        return self._joined_by("then")

    limit: Quantity | None = None

    def _on_when(self) -> bool:
        self.take("when")
        asked = self.kind() == "defined" or (self.boundary and bool(self.terms))
        if asked or not (self.reading.measure or self.reading.plot or self.terms):
            self.reading.aggregates.append("when")
            self.operator = ""
        elif self.terms:
            self.operator = self.operator or "and"
        return True

    def _on_where(self) -> bool:
        self.take("where")
        if not self.reading.measure and not self.terms and not self.reading.aggregates:
            self.reading.aggregates.append("where")
        return True

    def _on_to(self) -> bool:
        self.take("to")
        return True

    def _on_it(self) -> bool:
        self.take("it")
        return True

    def _on_by(self) -> bool:
        """Read "distance travelled by mouse 1", "entries into the corner by mouse 1"."""
        self.take("by")
        named = self.kind() in ("animal", "subject")
        return named and not self.subjects and bool(self.terms or self.reading.measure)

    def _on_whole(self) -> bool:
        self.take("whole")
        return True

    def _on_mutual(self) -> bool:
        self.take("mutual")
        return bool(self.terms)

    def _on_soft(self) -> bool:
        token = self.take("soft")
        self.reading.ignored.append(token.text if token else "")
        return True

    def _on_generic_region(self) -> bool:
        """Let "the ROI" stand alone only where a region was named before."""
        return False

    def _on_like_example(self) -> bool:
        """An example ("like from frame 675 ...") is not part of the question."""
        words = []
        while self.kind() != "end":
            words.append(self.peek().text)
            self.at += 1
        if not self.terms and not self.reading.measure:
            return False
        self.reading.ignored.append(" ".join(words))
        return True

    # who

    def _on_animals(self) -> bool:
        start = self.at
        animals = self.take_animals()
        if animals == (ANY_OTHER,) and self.subjects and not self._verb_next():
            self.at = start
            return False
        if self.terms and not self.subjects and not self.operator:
            self.late = (len(self.terms), animals)
        if not self.terms and not self.first_subjects:
            self.first_subjects = animals
        self.subjects = animals
        self.last_target = None
        points = self._subject_points()
        if len(points) == 1 and self.kind() == "to" and self.kind(1) in ("own", "point"):
            return self._own_distance(points)
        if points or self.terms:
            self.points = points
        return True

    first_subjects: tuple[str, ...] = ()  # whose plot or measure it is
    late: tuple[int, tuple[str, ...]] | None = None  # "entries into the corner of mouse 1"
    measure_named = False  # the measure says itself whose it is

    def _verb_next(self) -> bool:
        return self.kind() in (
            "in",
            "out",
            "contact",
            "near",
            "closer",
            "facing",
            "front",
            "and",
            "not",
        )

    def _subject_points(self) -> tuple[str, ...]:
        """Consume body points said right after the animal: "the mouse's nose"."""
        if self.kind() in ("point", "all_points"):
            return self.take_points()
        points, self.spoken_points = self.spoken_points, ()
        return points

    def _on_point(self) -> bool:
        points = self.take_points()
        if self.kind() == "to" and self.kind(1) in ("own", "point"):
            return self._own_distance(points)
        if self.kind() in ("animal", "subject"):
            self.spoken_points = points
            return True
        self.points = points
        if self.reading.measure:
            self.reading.measure = replace(self.reading.measure, points=points)
        return True

    def _on_all_points(self) -> bool:
        return self._on_point()

    def _on_own(self) -> bool:
        self.take("own")
        return self.kind() in ("point", "measure")

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

    # what is asked for

    def _on_agg(self) -> bool:
        token = self.take("agg")
        self.reading.aggregates.append(token.value if token else "")
        if self.operator in ("and", ","):
            self.operator = ""
        return True

    def _on_how_many(self) -> bool:
        """Read "how many entries"; how many animals at a time is another question."""
        self.take("how_many")
        events = ("enter", "leave", "contact", "chase", "facing", "immobile", "defined", "scored")
        if self.kind() not in events:
            raise Refusal(
                f"I can count bouts, times, entries or contacts, not '{self.peek().text}'. Ask for "
                "example: how many times is each animal in the corner?"
            )
        self.reading.aggregates.append("count")
        return True

    def _on_order(self) -> bool:
        token = self.take("order")
        self.reading.order = token.value if token else None
        return True

    def _on_plot(self) -> bool:
        self.take("plot")
        self.reading.plot = self.reading.plot or "any"
        return True

    def _on_plot_kind(self) -> bool:
        token = self.take("plot_kind")
        if (
            token
            and token.value == "timecourse"
            and self.reading.plot in ("trajectory", "occupancy")
        ):
            raise Refusal(
                f"A {self.reading.plot} plot 'over time': say 'coloured by time' instead."
            )
        self.reading.plot = token.value if token else None
        if self.kind() == "plot":
            self.take("plot")
        if self.reading.plot == "ethogram":
            self._ethogram_rest(token)
        return True

    def _ethogram_rest(self, token: Token | None) -> None:
        """Consume "that shows overlapping relationship between animals and objects"."""
        self.reading.colour = "object" if token and "object" in token.text else None
        words = ("shows", "showing", "relationship", "relationships", "relation", "relations")
        while self.kind() != "end":
            here = self.peek()
            plain = here.kind in ("in", "between", "subject", "and", "sep", "generic_region")
            if not plain and here.text not in words:
                break
            self.at += 1

    def _on_colour(self) -> bool:
        self.take("colour")
        token = self.take("agg", "measure")
        value = "time" if token and token.kind == "agg" and token.text == "time" else None
        value = token.value if token and token.kind == "measure" else value
        if value not in ("time", "speed"):
            raise Refusal("A plot can be coloured by time or by speed. Ask for one of these.")
        self.reading.colour = value
        return True

    def _on_invert_y(self) -> bool:
        self.take("invert_y")
        self.reading.invert_y = True
        return True

    def _on_smooth(self) -> bool:
        self.take("smooth")
        self.smooth = self.take_quantity()
        if self.smooth is None or self.smooth.unit not in ("", "s", "frame"):
            raise Refusal("A smoothing window needs a length, for example 0.2 s or 5 frames.")
        if not self.smooth.unit:
            self.smooth = replace(self.smooth, unit="frame")
            self.assumptions.append(
                f"The smoothing window of {self.smooth.value:g} names no unit: read as frames."
            )
        return True

    def _on_how_fast(self) -> bool:
        self.take("how_fast")
        self.reading.aggregates.append("mean")
        self._measure_of("speed")
        self.take("move")
        return True

    def _on_how_far(self) -> bool:
        self.take("how_far")
        animals = self.take_animals()
        if animals:
            self.subjects = animals
        if self.kind() in ("from", "away"):
            self.reading.aggregates.append("mean")
            return self._distance_measure()
        self.take("move")
        self.reading.measure = Measure("distance_moved", self._subjects(), None, self._use_points())
        return True

    def _on_how_far_apart(self) -> bool:
        token = self.take("how_far_apart")
        self.reading.aggregates.append("min" if token and "close" in token.text else "mean")
        return self._distance_measure()

    def _on_define(self) -> bool:
        self.take("define")
        return True

    def _on_as_behaviour(self) -> bool:
        self.take("as_behaviour")
        return bool(self.terms) or bool(self.reading.name)

    def _on_defined(self) -> bool:
        self.take("defined")
        return bool(self.terms)

    def _on_last_for(self) -> bool:
        return False

    def _on_scored(self) -> bool:
        """A behaviour kept in the study, scored by hand or saved from an answer."""
        token = self.take("scored")
        name = token.value if token else ""
        self.assumptions.append(f"'{name}' is taken from the bouts kept in the study.")
        self._add(self._lasting(self._each_subject("scored", {"name": name})))
        return True

    # measures

    def _on_measure(self) -> bool:
        kind = self.peek().value
        if kind in ("distance", "closest_distance", "gap"):
            self.take("measure")
            return self._distance_measure(kind)
        self.take("measure")
        if kind == "distance_moved":
            self._measure_of(kind)
            self.take("move")
            return True
        return self._measure_of(kind)

    def _measure_of(self, kind: str) -> bool:
        """Consume whose measure it is, then a comparison if there is one."""
        points = self.take_points() or self.points
        self.skip("own")
        between = self.take("between")
        if between:
            self.take("and")
        if animals := self.take_animals():
            self.subjects = (EACH,) if between and animals == (ANY_OTHER,) else animals
            self.first_subjects = self.first_subjects or self.subjects
            self.measure_named = not between
            points = self.take_points() or points
        if kind == "head_angle":
            return self._head_angle(bool(between))
        if between:
            return False
        bounds = self.take_bounds() if self.kind() in ("cmp", "between", "to") else ()
        if bounds and kind not in DIMENSION:
            raise Refusal(f"'{kind.replace('_', ' ')}' cannot be compared with a number here.")
        if not bounds:
            self._set_measure(Measure(kind, self._subjects(), None, points or ("centre",)))
            return True
        if len(points) > 1:
            raise Refusal("Several body points in one comparison: name one of them.")
        arguments = {"bounds": bounds, "point": points[0] if points else "centre"}
        self._add(self._each_subject(kind, arguments))
        return True

    def _head_angle(self, between: bool) -> bool:
        bounds = self.take_bounds()
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
        what = "gap" if kind == "gap" else "distance"
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
        if self.kind() in ("to", "from"):
            ends = self._take_target()
            if ends is None:
                return None, ("centre", "centre")
            if ends["what"] != "animal":
                return ends, (self._one_point(), "centre")
            place = ends["place"]
            return place.animal or EACH, (self._one_point(), place.point)
        first = self.take_place()
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
        if first.animal == EACH:
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
            raise Refusal("This needs two animals, and this video has only one tracked.")
        subjects: tuple[str, ...] = (subject,)
        if self.reading.measure and self.reading.measure.kind == kind:
            subjects = (*self.reading.measure.subjects, subject)
        self._set_measure(Measure(kind, subjects, target, points, arguments=arguments))

    # conditions

    def _add(self, condition: Condition) -> None:
        if (
            condition.kind in ("each", "and")
            and self.operator == "then"
            and condition.kind == "each"
        ):
            raise Refusal("A sequence with several regions or animals at once: ask one by one.")
        self.boundary = False
        previous = self.terms[-1][1] if self.terms else None
        if previous is not None and self.operator in ("", ","):
            merged = self._same(previous, condition)
            if merged is None and not self.operator and self._goes_along(previous, condition):
                self.terms.append(("and", condition))
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

    def _goes_along(self, first: Condition, second: Condition) -> bool:
        """Tell whether two clauses belong together as in "immobile in the corner"."""
        if self.without:
            self.without = False
            return True
        inner = second.parts[0] if second.kind == "not" else second
        states = ("immobile", "moving", "speed", "contact", "facing", "near", "distance", "chase",
                  "follow", "approach")  # fmt: skip
        if inner.kind != "in" or first.kind not in states or inner.subject != first.subject:
            return False
        if first.target is not None:
            self.assumptions.append("The place is where the animal named first is.")
        return True

    def _same(self, first: Condition, second: Condition) -> Condition | None:
        """Join a condition said twice ("at rest. Resting is inactivity of at least 1 s")."""
        if first.kind != second.kind or first.subject != second.subject:
            return None
        if first.kind == "immobile":
            return second if second.arguments["min_s"] else first
        return first if first == second else None

    def _finish(self) -> Reading:
        reading = self.reading
        reading.subjects = self.first_subjects or self.subjects or (EACH,)
        if self.operator not in ("", ","):
            raise Refusal("The question ends in 'and', 'or' or 'then'. Say what comes after it.")
        if self.late is not None and self.late[0] == len(self.terms):
            self.terms = [(sign, _given_to(c, self.late[1])) for sign, c in self.terms]
        reading.condition = self._tree()
        reading.points = self.points or self.spoken_points or ("centre",)
        self._settle_aggregates()
        if self.smooth is not None:
            reading.condition = self._smoothed(reading.condition)
        self._settle_measure()
        self._nothing_lost()
        return reading

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
        if reading.measure or reading.condition is None or reading.plot:
            return
        reading.condition = self._visits(reading.condition)
        words = {"mean": "mean_bout", "max": "longest", "min": "shortest"}
        if "median" in reading.aggregates:
            raise Refusal(
                "A median of bouts is not built yet; ask for the mean, or look at the table."
            )
        reading.aggregates = [words.get(word, word) for word in reading.aggregates]

    def _visits(self, condition: Condition) -> Condition:
        """Let "the longest visit" be about the stay; an entry has no duration."""
        lasting = {"total", "percent", "longest", "shortest", "mean_bout", "frames"}
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
        operators = {operator for operator, _ in self.terms[1:]}
        if "," in operators and len(operators) > 1:
            operators.discard(",")  # "a, b and c"
        if len(operators) > 1:
            raise Refusal(
                "'and', 'or' and 'then' are mixed, which has more than one meaning. Define the "
                "inner "
                "part first and save it, or ask one by one."
            )
        parts = tuple(condition for _, condition in self.terms)
        if len(parts) == 1:
            return parts[0]
        operator = operators.pop()
        if operator == ",":
            raise Refusal(
                "I see conditions with a comma between them. Join them with 'and' or 'or'."
            )
        if any(part.kind == "each" for part in parts):
            raise Refusal("Several regions or animals inside a longer condition: ask one by one.")
        arguments = {"limit": self.limit} if operator == "then" else {}
        return Condition(operator, parts[0].subject, None, arguments, parts)

    def _smoothed(self, condition: Condition | None) -> Condition:
        speeds = [c for c in condition.walk() if c.kind == "speed"] if condition else []
        if condition is None or not speeds:
            raise Refusal("A smoothing window is only known for speeds here. Leave it out.")
        return _with_smoothing(condition, self.smooth)

    def _unknown(self) -> Refusal:
        for later in self.tokens[self.at :]:
            advice = need(later.text) if later.kind in ("unknown", "no_point") else None
            if advice:
                return Refusal(f"I do not know what '{later.text}' means here: {advice}.")
        token = self.peek()
        if token.kind in ("no_region", "generic_region"):
            if token.kind == "generic_region":
                return Refusal(f"What about '{token.text}'? {self.region_list()}")
            return self.unknown_region()
        if token.kind == "no_point":
            return Refusal(
                f"This video has no body point '{token.text}'; it has "
                f"{', '.join(self.context.points)}. "
                "Import pose data with that point, or ask about one of these."
            )
        if token.kind == "quantity":
            return Refusal(
                f"I do not know what the number {token.text} belongs to. Say it in full."
            )
        return Refusal(
            f"I do not know what '{token.text}' means here. Say it with places, distances, "
            "speeds or "
            "times, for example: define it as closer than 3 cm to another animal."
        )


def _given_to(condition: Condition, animals: tuple[str, ...]) -> Condition:
    """Give a clause said without a subject to the animals named after it."""
    if len(animals) > 1 or condition.parts:
        raise Refusal("Say the animal first, for example: how often does animal1 enter the corner?")
    return replace(condition, subject=animals[0])


def _with_smoothing(condition: Condition, smooth: Quantity | None) -> Condition:
    parts = tuple(_with_smoothing(part, smooth) for part in condition.parts)
    arguments = dict(condition.arguments)
    if condition.kind == "speed":
        arguments["smooth"] = smooth
    return replace(condition, parts=parts, arguments=arguments)
