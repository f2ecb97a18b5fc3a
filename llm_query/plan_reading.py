"""Read a whole question into slots, or refuse with the word that was not understood."""

from __future__ import annotations

import re
from dataclasses import replace

from llm_query.plan_kept import Kept
from llm_query.plan_lexicon import need
from llm_query.plan_slots import (
    ANY_OTHER,
    EACH,
    Condition,
    Context,
    Reading,
    Refusal,
    Token,
)
from llm_query.plan_tokens import join_aliases, lex
from llm_query.plan_tree import given_to

NOT_NAMES = ("sep", "animal", "region", "in", "agg", "quantity", "when", "plot")


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


def _meaning(text: str) -> str:
    """Leave out "define NAME as": what a definition says is what comes after it."""
    return re.sub(r"(?is)^\s*(?:define|let us define)\b.*?\bas\b\s*", "", text) or text


def _meaningful(tokens: list[Token]) -> list[Token]:
    """Drop stop words; keep commas and sentence ends as "sep"."""
    kept = []
    for token in tokens:
        if token.kind == "punctuation":
            token = Token("sep", token.text, token.text)
        if token.kind != "stop":
            kept.append(token)
    return kept


class Reader(Kept):
    """Fills a Reading from left to right."""

    def read(self) -> Reading:
        """Consume every token or refuse."""
        self._definition_name()
        while self.kind() != "end":
            if not self._step():
                raise self._unknown()
        return self._finish()

    def reading_of(self, name: str) -> Reading:
        """Read the words that a kept definition has; the name itself means nothing inside."""
        one = next(each for each in self.context.definitions if each.name == name)
        others = tuple(each for each in self.context.definitions if each.name != name)
        if not one.text.strip():
            raise Refusal(
                f"'{name}' is kept as code without words, which cannot be part of another "
                "question. Ask for it by itself, or say in words what it means."
            )
        try:
            return read(_meaning(one.text), replace(self.context, definitions=others))
        except Refusal as refusal:
            raise Refusal(f"I cannot read the kept definition of '{name}': {refusal}") from refusal

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
        else:
            size = next((k for k in range(1, 6) if self.peek(k).text == ":"), 0)
            if size and all(self.kind(k) not in NOT_NAMES for k in range(size)):
                words = [t.text for t in self.tokens[self.at : self.at + size]]
                self.at += size + 1
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
        if self.kind(2) in ("after", "before") and self.terms and not self.operator:
            self.take("in")
            self.limit = self.take_quantity()
            return True
        if not self.terms or self.terms[-1][0] != "then" or self.limit is not None:
            raise Refusal(
                f"'{self.peek().text} {self.peek(1).text}' fits nothing here. A part of the "
                "recording "
                "is said as 'between 10 and 20 s'."
            )
        self.take("in")
        self.limit = self.take_quantity()
        return True

    def _on_sep(self) -> bool:
        token = self.take("sep")
        self.boundary = True
        self.sentence = self.sentence or bool(token and token.text in (".", ";"))
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
        if self.operator in ("and", "or", "then", "after", "before") and self.operator != word:
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

    def _on_after(self) -> bool:
        """Read "A after B": the bouts of A that start when B is over."""
        self.take("after")
        return bool(self.terms) and self._joined_by("after")

    def _on_before(self) -> bool:
        self.take("before")
        return bool(self.terms) and self._joined_by("before")

    def _on_start(self) -> bool:
        """Read "how often did the chases start in the corner?"."""
        self.take("start")
        if not self.terms or self.kind() != "in":
            return False
        before = self.terms.pop()
        place = self.take_condition()
        if place is None or place.kind != "in" or before[1].kind in ("each", "enter", "leave"):
            return False
        place = replace(place, subject=before[1].subject)
        self.terms.append(
            (before[0], Condition("starts_in", before[1].subject, None, {}, (before[1], place)))
        )
        self.assumptions.append("The place is where the animal named first is at the start.")
        return True

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
        told = self.terms or self.reading.measure or self.reading.aggregates
        return named and not self.subjects and bool(told)

    def _on_whole(self) -> bool:
        self.take("whole")
        return True

    def _on_mutual(self) -> bool:
        """Read "at the same time": one state of all who are named."""
        self.take("mutual")
        self.together = self.all_together = True
        return bool(self.terms or self.subjects)

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

    def _on_animals(self) -> bool:
        start = self.at
        self.all_said = self.all_said or self.peek().text.startswith("all ")
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

    all_said = False  # "all mice": each one, or all at once?

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

    def _on_learned(self) -> bool:
        """A behaviour learned from scored bouts, alone or towards another animal."""
        token = self.take("learned")
        arguments = {"name": token.value if token else ""}
        if self.kind() in ("animal", "other", "eachother"):
            self._add(self._lasting(self._social("learned", arguments)))
        else:
            self._add(self._lasting(self._each_subject("learned", arguments)))
        return True

    def _on_scored(self) -> bool:
        """A behaviour kept in the study, scored by hand or saved from an answer."""
        token = self.take("scored")
        name = token.value if token else ""
        self.assumptions.append(f"'{name}' is taken from the bouts kept in the study.")
        self._add(self._lasting(self._each_subject("scored", {"name": name})))
        return True

    def _finish(self) -> Reading:
        reading = self.reading
        reading.subjects = self.first_subjects or self.subjects or (EACH,)
        if self.operator not in ("", ","):
            raise Refusal("The question ends in 'and', 'or' or 'then'. Say what comes after it.")
        if self.late is not None and self.late[0] == len(self.terms):
            self.terms = [(sign, given_to(c, self.late[1])) for sign, c in self.terms]
        reading.condition = self._tree()
        reading.points = self.points or self.spoken_points or ("centre",)
        self._settle_aggregates()
        if self.smooth is not None:
            reading.condition = self._smoothed(reading.condition)
        alone = reading.condition is not None and reading.condition.target is None
        if (
            self.all_said
            and alone
            and not (self.together or self.alone)
            and reading.measure is None
            and reading.plot is None
        ):
            raise Refusal(
                "'all' could mean each one by itself or all at once. Say 'each animal', or "
                f"'{self.context.animals[0]} ... while {self.context.animals[-1]} ...'."
            )
        self._settle_measure()
        self._nothing_lost()
        return reading

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
            f"speeds or times, for example: how long is {self.context.animals[0]} closer than "
            "3 cm to another animal?"
        )
