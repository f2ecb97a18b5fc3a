"""A cursor over tokens, and the noun phrases every clause is made of: animals, points, regions."""

from __future__ import annotations

import re
from dataclasses import dataclass

from llm_query.planning.plan_names import norm
from llm_query.planning.plan_slots import ANY_OTHER, EACH, Context, Quantity, Refusal, Token

JOINS = ("and", "or")


@dataclass(frozen=True)
class Place:
    """A body point of an animal: the target or one end of a distance."""

    animal: str
    point: str = "centre"


class Cursor:
    """Walks over tokens; each take_ method consumes what it understands or nothing."""

    def __init__(self, tokens: list[Token], context: Context) -> None:
        self.tokens = tokens
        self.context = context
        self.at = 0
        self.assumptions: list[str] = []

    def peek(self, ahead: int = 0) -> Token:
        """Give the token `ahead` places on, or an end mark."""
        place = self.at + ahead
        return self.tokens[place] if place < len(self.tokens) else Token("end", "", "")

    def kind(self, ahead: int = 0) -> str:
        """Give the kind of a coming token."""
        return self.peek(ahead).kind

    def take(self, *kinds: str) -> Token | None:
        """Consume the next token if it is one of these kinds."""
        if self.kind() in kinds:
            self.at += 1
            return self.tokens[self.at - 1]
        return None

    def skip(self, *kinds: str) -> None:
        """Consume every next token of these kinds."""
        while self.take(*kinds):
            pass

    def take_quantity(self) -> Quantity | None:
        """Consume a number with its unit."""
        token = self.take("quantity")
        return token.value if token else None

    def take_animals(self) -> tuple[str, ...]:
        """Consume "mouse 1", "mouse 1 and mouse 2", "the animals", "other animals"."""
        found: list[str] = []
        while True:
            token = self.take("animal", "subject", "other", "nobody")
            if token is None:
                break
            name = {"animal": token.value, "subject": EACH}.get(token.kind, ANY_OTHER)
            if name not in found:
                found.append(name)
            joined = self._lists() or self.peek().text == ","
            if not (joined and self.kind(1) in ("animal", "other")):
                break
            self._no_mixture(self.peek(), found)
            self.at += 1
        return tuple(found)

    def _no_mixture(self, join: Token, found: list[str]) -> None:
        if join.kind == "or" and found:
            raise Refusal(
                f"'{found[0]} or {self.peek(1).text}' could be either animal or both together. "
                "Ask for one of them, or for each animal."
            )

    def _lists(self) -> bool:
        """Tell whether the next word joins names; "while" and "but" begin another clause."""
        return self.kind() in JOINS and self.peek().text in ("and", "&", "or", "as well as", "plus")

    def take_points(self) -> tuple[str, ...]:
        """Consume "nose", "nose and hip", "all keypoints"."""
        if self.take("all_points"):
            return tuple(self.context.points)
        found: list[str] = []
        while token := self.take("point"):
            found.append(token.value)
            listed = self._lists() or self.peek().text in (",", ";")
            extra = 1 if listed and self.peek(1).text == "and" else 0
            if listed and self.kind(1 + extra) == "point":
                self.at += 1 + extra
        return tuple(found)

    def take_place(self) -> Place | None:
        """Consume "mouse 2", "the nose of mouse 2", "mouse 2's nose", "its own tail_base"."""
        start = self.at
        own = self.take("own")
        points = [self.take("point")]
        animal = self.take("animal", "subject", "other", "nobody", "eachother")
        if points[0] is None:
            self.skip("own")
            points = [self.take("point")]
        point = points[0].value if points[0] else "centre"
        if animal is None and points[0] is None:
            self.at = start
            return None
        if animal is None:
            return Place("" if not own else EACH, point)
        name = {"animal": animal.value, "subject": EACH}.get(animal.kind, ANY_OTHER)
        return Place(name, point)

    def take_regions(self) -> tuple[tuple[str, ...], str] | None:
        """Consume regions; give (names, how) where how is "one", "or" or "and"."""
        self.refuse_it()
        self._skip_generic_before_name()
        token = self.take("region")
        if token is None:
            return self._generic_region()
        names, how = list(token.value), "or" if len(token.value) > 1 else "one"
        if self.kind() == "in" and self.kind(1) == "wall":  # "the food cup in the wall"
            self.assumptions.append(f"'{self.peek(1).text}' only says where {names[0]} is.")
            self.at += 2
        self._skip_generic()
        if self.kind() == "region" and self.peek().value == (self.context.arena,):
            del self.tokens[self.at]  # "the centre of the arena"
        while (self._lists() or self.kind() == "sep") and self._region_follows():
            join = self.take(*JOINS, "sep")
            extra = self.take(*JOINS)
            self._skip_generic_before_name()
            self.skip("in") if self.kind(1) == "region" else None
            new_how = (extra or join).kind if join else "and"
            new_how = "and" if new_how == "sep" else new_how
            if how not in ("one", new_how):
                raise Refusal(
                    "The regions are joined by both 'and' and 'or'. Ask about them in turn."
                )
            how = new_how
            names += self.take("region").value  # type: ignore[union-attr]
            self._skip_generic()
        return tuple(dict.fromkeys(names)), how

    def refuse_it(self) -> None:
        """Refuse "it" where a name is needed: it may be an animal or a place."""
        if self.kind() == "it":
            raise Refusal("'it' could be several things here. Name the animal or the region.")

    def _region_follows(self) -> bool:
        ahead = 1 + (self.kind() == "sep" and self.kind(1) in JOINS)
        if self.kind() == "sep" and self.peek().text != ",":
            return False
        while self.kind(ahead) == "generic_region":
            ahead += 1
        return self.kind(ahead) == "region"

    def _skip_generic(self) -> None:
        self.skip("generic_region")

    def _skip_generic_before_name(self) -> None:
        ahead = 0
        while self.kind(ahead) == "generic_region":
            ahead += 1
        if self.kind(ahead) == "region":
            self.at += ahead

    def _generic_region(self) -> tuple[tuple[str, ...], str] | None:
        """Read "the ROI": the only one there is, or with several "a region": each of them."""
        token = self.take("generic_region")
        if token is None:
            return None
        self._skip_generic()
        word = token.text.rstrip("s")
        several = token.text.endswith("s") or token.value == "each"
        names = self.context.objects if word == "object" else self.context.regions
        names = tuple(n for n in names if n != self.context.arena) or names
        if len(names) == 1:
            self.assumptions.append(f"'{token.text}' is {names[0]}, the only one in this study.")
            return names, "one"
        if not names:
            raise Refusal(
                f"'{token.text}': this video has no {word}s yet. Draw one on the Set up page, "
                "name it, "
                "and ask again."
            )
        if not several:
            raise Refusal(
                f"'{token.text}' could be any of {', '.join(names)}. Ask again with one of these "
                "names."
            )
        return names, "and"

    def region_list(self) -> str:
        """Say which regions there are."""
        names = ", ".join(self.context.regions)
        if not names:
            return "This video has no regions yet. Draw one on the Set up page, or import them."
        return f"The regions of this video are {names}."

    def refuse_unknown_region(self) -> None:
        """Refuse when the next words are a place this study does not have; allow a clear typo."""
        if self.kind() not in ("unknown", "no_region", "no_point", "point"):
            return
        if self.kind() == "point" and self.kind(1) not in (
            "end",
            "sep",
            "and",
            "or",
            "then",
            "not",
        ):
            return
        if self.kind() == "point" or not self._mend_typo():
            raise self.unknown_region()

    def _mend_typo(self) -> bool:
        """Take a misspelt region name for the one it is closest to, and say so."""
        for size in (3, 2, 1):
            run = self.tokens[self.at : self.at + size]
            if len(run) < size or any(t.kind not in ("unknown", "no_point") for t in run):
                continue
            said = " ".join(t.text for t in run)
            close = [n for n in self.context.regions if alike(said, n)]
            if len(close) == 1:
                self.assumptions.append(f"'{said}' is read as the region {close[0]}.")
                self.tokens[self.at : self.at + size] = [Token("region", (close[0],), said)]
                return True
        return False

    def unknown_region(self) -> Refusal:
        """Make the refusal for a place this study does not have."""
        words = []
        while self.kind() in ("unknown", "no_region", "no_point", "soft", "point"):
            words.append(self.peek().text)
            self.at += 1
        todo = "Use one of these names, or draw" if self.context.regions else "Draw"
        return Refusal(
            f"I do not know a region called '{' '.join(words)}'. {self.region_list()} "
            f"{todo} and name that region first."
        )


def alike(said: str, name: str) -> bool:
    """Tell whether a word is clearly a misspelt name: long enough, same digits, nearly the same."""
    from rapidfuzz import fuzz

    a, b = norm(said), norm(name)
    same_digits = re.sub(r"\D", "", a) == re.sub(r"\D", "", b)
    return len(b) >= 5 and same_digits and fuzz.ratio(a, b) >= 80
