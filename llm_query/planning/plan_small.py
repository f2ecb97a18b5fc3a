"""Read small words: after, before, by, it, starts, and what is not understood at all."""

from __future__ import annotations

from dataclasses import replace

from llm_query.planning.plan_asked import Asked
from llm_query.planning.plan_lexicon import need, phrases
from llm_query.planning.plan_numbers import misfit
from llm_query.planning.plan_slots import EACH, Condition, Refusal, Token
from llm_query.planning.plan_words import DOINGS

BETWEEN = ("contact", "near", "facing", "chase", "explore")  # what two animals do
SOCIAL = frozenset(("contact", "chase", "facing", "other", "eachother", "near", "closer"))
NOT_NAMES = ("sep", "animal", "region", "in", "quantity", "when", "plot")
ASKING = ("how", "what", "when", "number", "count", "which", "where")  # no name begins so


class Small(Asked):
    """Understands words that join or name what was said, and says what was not understood."""

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
            named = all(self.kind(k) not in NOT_NAMES for k in range(size))
            if size and named and not self.peek().text.startswith(ASKING):
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

    def _joined_by(self, word: str) -> bool:
        raise NotImplementedError

    def _on_after(self) -> bool:
        """Read "A after B": the bouts of A that start when B is over."""
        self.take("after")
        if not self.terms and not self.reading.measure:
            one = self.context.animals[0]
            places = [n for n in self.context.regions if n != self.context.arena] or ["the corner"]
            raise Refusal(
                "'after ...' cannot begin a question here. Ask for the one and then the other: "
                f"when does {one} leave {places[0]} and then enter {places[-1]}? Each row lasts "
                "from the one to the other."
            )
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

    def _on_from(self) -> bool:
        """Read "looks at mouse 2 from less than 10 cm away": the distance to the same animal."""
        known = bool(self.terms) and self.last_target is not None and not self.operator
        if not known or (self.kind(1), self.kind(2)) != ("cmp", "quantity"):
            return False
        self.take("from")
        if self.peek(1).value.unit in ("s", "frame"):
            return False
        return self._joined_by("and")

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
        token = self.peek()
        name, text = str(token.value), token.text
        who = self._subjects()
        having = [animal for one, animal in self.context.kept_of if one == name]
        known = phrases().get(text)
        pair = len(who) == 2 or self.kind(1) in ("animal", "other", "eachother", "with")
        others = [animal for animal in self._all_of_them(who) if animal not in having]
        done_to = known is not None and (
            known[0] in BETWEEN or (known[0] == "doing" and DOINGS[known[1]].social)
        )
        if known and ((done_to and pair) or (having and others)):
            self.tokens[self.at] = Token(*known, text)
            self.assumptions.append(
                f"'{name}' is computed anew: the bouts kept under that name are of "
                f"{', '.join(having) or 'single animals'} only."
            )
            return True
        if having and others:
            self._must_have(name, who, having)
            self.subjects = tuple(having)
        self.take("scored")
        self.assumptions.append(f"'{name}' is taken from the bouts kept in the study.")
        self._add(self._lasting(self._each_subject("scored", {"name": name})))
        return True

    def _all_of_them(self, who: tuple[str, ...]) -> tuple[str, ...]:
        """The animals that are spoken of, each by its name."""
        return self.context.animals if EACH in who else who

    def _must_have(self, name: str, who: tuple[str, ...], having: list[str]) -> None:
        """Refuse to say "never" of animals that may not have been looked at."""
        if EACH not in who:
            raise Refusal(
                f"Bouts of '{name}' are kept of {', '.join(having)} only; whether "
                f"{' and '.join(w for w in who if w not in having)} was looked at is not known. "
                f"Score it there, or run the analysis again: ethoscribe run {name}."
            )
        self.assumptions.append(
            f"Bouts of '{name}' are kept of {', '.join(having)} only; the others may never have "
            "been looked at and are left out."
        )

    def _unknown(self) -> Refusal:
        if self.kind(1) == "quantity" and self.kind() in ("cmp", "last_for"):
            return self._no_duration(self.peek().text, self.peek(1))
        if self.kind(1) == "order" and self.kind(2) == "quantity":
            return self._no_duration(f"the {self.peek(1).text}", self.peek(2))
        plain = ("unless", "except")  # what else is not known says more
        for later in sorted(self.tokens[self.at :], key=lambda token: token.text in plain):
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
            f"speeds or times, for example: {self._example()}?"
        )

    def _no_duration(self, sign: str, token: Token) -> Refusal:
        """Say what a number is that stands where only a time could."""
        said, limit = f"{sign} {token.text}", token.value
        one, place = self.context.animals[0], next(iter(self.context.regions), "the corner")
        if limit.unit == "%":
            return Refusal(
                f"'{said}' is a share of the time, which cannot be a condition here. Ask for the "
                f"share itself: what percent of the time is {one} in {place}?"
            )
        if limit.unit in ("", "s", "frame"):
            return Refusal(
                f"I do not know what '{said}' belongs to. Say it right after what lasts so long, "
                f"for example: how long is {one} in {place} for more than 3 s?"
            )
        return misfit(said, limit, f"a time here, such as {limit.value:g} s")

    def _example(self) -> str:
        """A question near to what was asked, of this study's own names."""
        kinds = {token.kind for token in self.tokens}
        one, other = self.context.animals[0], self.context.animals[-1]
        places = [n for n in self.context.regions if n != self.context.arena]
        named = next((t.value[0] for t in self.tokens if t.kind == "region"), "")
        place = named or (places[0] if places else "")
        unit = self.context.unit
        if kinds & {"move", "faster", "how_fast", "immobile"} or "speed" in {
            token.value for token in self.tokens if token.kind == "measure"
        }:
            return f"how long is {one} faster than 5 {unit}/s"
        if one != other and kinds & SOCIAL:
            return f"how often does {one} touch {other}"
        if place and kinds & {"leave", "enter", "in", "out", "region", "no_region"}:
            verb = "leave" if "leave" in kinds else "enter"
            if kinds & {"leave", "enter"}:
                return f"how often does {one} {verb} {place}"
            return f"how long is {one} in {place}"
        if one != other:
            return f"how long is {one} closer than 3 {unit} to another animal"
        return f"how long is {one} faster than 5 {unit}/s"
