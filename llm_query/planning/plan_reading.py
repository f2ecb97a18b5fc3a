"""Read a whole question into slots, or refuse with the word that was not understood."""

from __future__ import annotations

from dataclasses import replace

from llm_query.planning.plan_kept import Kept, meaning_of, without
from llm_query.planning.plan_slots import (
    ANY_OTHER,
    EACH,
    Context,
    Reading,
    Refusal,
    Token,
)
from llm_query.planning.plan_small import Small
from llm_query.planning.plan_tokens import join_aliases, lex
from llm_query.planning.plan_tree import given_to
from llm_query.planning.plan_units import joined

EVENTS = ("enter", "leave", "contact", "chase", "doing", "immobile", "move", "explore", "facing",
          "near", "towards", "kept_meaning", "scored", "learned", "out")  # fmt: skip


def read(question: str, context: Context) -> Reading:
    """Read the question; raises Refusal where a word or a combination is not understood."""
    tokens, windows, names = lex(question, context)
    windows = joined(windows)
    if windows and any(token.kind == "ordinal" for token in tokens):
        raise Refusal(
            f"Is it the number of the time {windows[0].text}, or of the whole recording? Ask "
            "without the part: each row of the answer says when it is."
        )
    if len(windows) > 1:
        raise Refusal(
            f"There are several times in this question ({'; '.join(w.text for w in windows)}). "
            "Ask about them one by one."
        )
    reader = Reader(_meaningful(join_aliases(tokens, names)), context)
    reading = reader.read()
    reading.window = windows[0] if windows else None
    reading.assumptions = [*names.assumptions, *reader.assumptions]
    reading.used |= names.used
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


class Reader(Small, Kept):
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
        if not one.text.strip():
            raise Refusal(
                f"'{name}' is kept as code without words, which cannot be part of another "
                "question. Ask for it by itself, or say in words what it means."
            )
        try:
            return read(meaning_of(one.text), without(self.context, name))
        except Refusal as refusal:
            raise Refusal(f"I cannot read the kept definition of '{name}': {refusal}") from refusal

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
        if self._event_at(2) and self.terms and not self.operator and self.limit is None:
            self.take("in")
            self.limit = self.take_quantity()
            self.assumptions.append(
                f"'within {self.limit} of' is read as: within {self.limit} after it."
            )
            return self._joined_by("after")
        if not self.terms or self.terms[-1][0] != "then" or self.limit is not None:
            raise self._of_what()
        self.take("in")
        self.limit = self.take_quantity()
        return True

    def _event_at(self, ahead: int) -> bool:
        """Tell whether what an animal does is said there, with or without the animal."""
        while self.kind(ahead) in ("animal", "subject", "other"):
            ahead += 1
        return self.kind(ahead) in EVENTS

    def _of_what(self) -> Refusal:
        """Ask what "within 5 s" is counted from."""
        said = f"{self.peek().text} {self.peek(1).text}"
        if self.peek().text != "within":
            limit = self.peek(1).value
            start, unit = limit.value, "frames" if limit.unit == "frame" else limit.unit
            return Refusal(
                f"'{said}' fits nothing here: a moment cannot be asked about, only a part of the "
                f"recording, such as 'between {start:g} and {start + 1:g} {unit}'."
            )
        name = self.context.animals[0]
        place = self.context.regions[0] if self.context.regions else "the corner"
        return Refusal(
            f"'{said}' of what? Say for example: how often does {name} enter {place} {said} after "
            f"leaving it; how long is {name} in {place} for less than {self.peek(1).text}; or, for "
            f"a part of the recording: in the first {self.peek(1).text}."
        )

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
        word = self.take("or")
        if word and word.text == "or in" and self.kind() == "region":
            self.tokens.insert(self.at, Token("in", "in", "in"))
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
        last = self.terms[-1][1].kind
        if self.kind() == "region" and last in ("enter", "leave"):  # "enter A and then B"
            self.tokens.insert(self.at, Token(last, last, last))
        return self._joined_by("then")

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

    def _on_animals(self) -> bool:
        start = self.at
        self.all_said = self.all_said or self.peek().text.startswith("all ")
        animals = self.take_animals()
        if animals == (ANY_OTHER,) and self.subjects and not self._verb_next():
            self.at = start
            return False
        last = self.operator == "," and self.kind() in ("end", "sep")
        meant = (
            bool(self.reading.name) and self.subjects == (EACH,) and self.kind() in ("end", "sep")
        )
        if self.terms and (not self.subjects or meant) and (not self.operator or last):
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

    def _finish(self) -> Reading:
        reading = self.reading
        reading.subjects = self.first_subjects or self.subjects or (EACH,)
        if self.operator not in ("", ","):
            raise Refusal("The question ends in 'and', 'or' or 'then'. Say what comes after it.")
        if self.late is not None and self.late[0] == len(self.terms):
            self.terms = [(sign, given_to(c, self.late[1])) for sign, c in self.terms]
        if self.alone and not self.terms and reading.measure is None and not reading.plot:
            self.alone = False
            self._add(self._each_subject("doing", {"does": "isolated"}))
        reading.condition = self._tree()
        reading.points = self.points or self.spoken_points or ("centre",)
        self._settle_aggregates()
        if self.ordinal:
            if reading.condition is None:
                raise Refusal("The second, or third, time of what? Say what the animal does.")
            reading.condition = self._numbered(reading.condition)
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
