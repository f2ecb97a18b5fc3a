"""What several animals do jointly: both, together, alone, nobody, anybody, starting in."""

from __future__ import annotations

from dataclasses import replace

from llm_query.planning.plan_slots import ANY_OTHER, EACH, Condition, Refusal, lone
from llm_query.planning.plan_subjects import Subjects

OWN = ("in", "immobile", "moving", "speed", "doing", "distance_place", "side", "facing_region",
       "scored", "for", "not", "explores")  # fmt: skip


COUNTABLE = ("in", "immobile", "moving", "speed", "doing", "distance_place", "side", "not")
MOST_COUNTED = 6


class Joint(Subjects):
    """Understands the words that say whether animals do something with or without others."""

    together = False  # "both", "together", "all at once": one state of all who are named

    all_together = False  # "all mice at the same time", "the animals together"

    alone = False

    nobody = False  # "no mouse is in the corner"

    anybody = False  # "at least one mouse is in the corner"

    def _on_both(self) -> bool:
        """Read "both": the two that were named, or the two whose distance it is."""
        self.take("both")
        self.together = True
        other = self.last_target
        if len(self.subjects) == 1 and self.subjects[0] != EACH:
            if other not in self.context.animals:
                raise Refusal(f"'both' of {self.subjects[0]} alone? Name the two animals.")
            self.subjects = (self.subjects[0], str(other))
        return True

    def _on_eachother(self) -> bool:
        """Read "two animals", "both mice" as who does it: any two of them, jointly."""
        self.take("eachother")
        if self.subjects not in ((), (EACH,)):
            return False
        self.subjects, self.together = (EACH,), True
        return True

    def _on_alone(self) -> bool:
        self.take("alone")
        self.alone = True
        return True

    def _on_noone(self) -> bool:
        self.take("noone")
        self.nobody, self.subjects = True, (EACH,)
        return True

    def _on_someone(self) -> bool:
        self.take("someone")
        self.anybody, self.subjects = True, (EACH,)
        return True

    terms: list[tuple[str, Condition]]

    so_many = ""  # "ge_2": at least two animals do it at once

    def _on_so_many(self) -> bool:
        """Read "exactly one mouse", "two or more mice" as who does it."""
        token = self.take("so_many")
        if self.so_many or self.terms or self.subjects:
            raise Refusal(
                "A number of animals is said once and first, for example: how long are at least "
                "two animals in the corner?"
            )
        self.so_many, self.subjects = str(token.value) if token else "", (EACH,)
        return True

    def jointly(self, condition: Condition) -> Condition:
        """Change a clause by the joint words of the question."""
        if self.nobody or self.anybody:
            return self._everybody(condition)
        if self.so_many:
            return self._counted(condition)
        if self.alone:
            return self._alone_in(condition)
        return self._all_of(condition) if self.together else condition

    def _everybody(self, condition: Condition) -> Condition:
        word = "nobody" if self.nobody else "anybody"
        if condition.kind != "in" or condition.subject != EACH:
            raise Refusal(
                f"'{word}' is known with a place only, for example: how long is no animal in the "
                "corner?"
            )
        each = [replace(condition, subject=animal) for animal in self.context.animals]
        if self.nobody:
            each = [Condition("not", part.subject, parts=(part,)) for part in each]
        if len(each) == 1:
            return each[0]
        return Condition(word, each[0].subject, None, {"place": condition}, tuple(each))

    def _counted(self, condition: Condition) -> Condition:
        """Make one state of so many animals doing something at once."""
        animals = self.context.animals
        sign, _, number = self.so_many.partition("_")
        own = all(part.target is None and part.subject == EACH for part in condition.leaves())
        if condition.kind not in COUNTABLE or not own:
            raise Refusal(
                "A number of animals is known with a place or what each does by itself, for "
                "example: how long are at least two animals in the corner?"
            )
        count = {"sign": sign, "n": int(number), "place": condition}
        if len(animals) > MOST_COUNTED:
            raise Refusal(
                f"Counting animals is known for up to {MOST_COUNTED} of them; this video has "
                f"{len(animals)}. Ask about each animal."
            )
        parts = tuple(_of(condition, animal) for animal in animals)
        return Condition("so_many", animals[0], None, count, parts)

    def _alone_in(self, condition: Condition) -> Condition:
        animals = self.context.animals
        if len(animals) < 2:
            raise lone("'alone'")
        if condition.kind == "each":
            parts = tuple(self._alone_in(part) for part in condition.parts)
            return replace(condition, parts=parts)
        if condition.kind != "in":
            raise Refusal(
                "'alone' is known with a place only. Ask for example: how long is "
                f"{animals[0]} alone in the corner, or how long is it isolated?"
            )
        whose = animals if condition.subject == EACH else (condition.subject,)
        each = tuple(self._without_others(replace(condition, subject=one)) for one in whose)
        return each[0] if len(each) == 1 else Condition("each", each[0].subject, parts=each)

    def _without_others(self, condition: Condition) -> Condition:
        others = [
            Condition("not", other, parts=(replace(condition, subject=other),))
            for other in self.context.animals
            if other != condition.subject
        ]
        place = {"place": condition}
        return Condition("alone", condition.subject, None, place, (condition, *others))

    def _all_of(self, condition: Condition) -> Condition:
        """Make one state of what several animals do at the same time."""
        if condition.kind == "each":
            if len({part.subject for part in condition.parts}) < len(condition.parts):
                raise Refusal("Several regions for several animals: ask about one region.")
            return Condition("and", condition.parts[0].subject, parts=condition.parts)
        if any(part.target for part in condition.leaves()):
            return condition  # "touching each other" is a state of both already
        animals = self.context.animals
        if condition.kind in ("enter", "leave") and condition.subject == EACH:
            raise Refusal(
                "Entries and exits are counted of each animal by itself: leave out 'together', or "
                "ask how long at least two animals are there at once."
            )
        if condition.subject != EACH or condition.kind not in OWN:
            return condition
        if len(animals) < 2:
            raise lone()
        if not self.all_together and len(animals) != 2:
            raise Refusal(
                f"'both' of {len(animals)} animals: name the two, for example "
                f"'{animals[0]} and {animals[1]} both ...', or say 'all animals at the same time'."
            )
        parts = tuple(_of(condition, animal) for animal in animals)
        return Condition("and", animals[0], parts=parts)


def _of(condition: Condition, animal: str) -> Condition:
    subject = animal if condition.subject == EACH else condition.subject
    parts = tuple(_of(part, animal) for part in condition.parts)
    return replace(condition, subject=subject, parts=parts)


def placed(condition: Condition, subject: str, target: str | None) -> Condition:
    """Put names into a kept meaning: its animal becomes `subject`, the other one `target`."""
    names = {EACH: subject, ANY_OTHER: target or ANY_OTHER}
    return replace(
        condition,
        subject=names.get(condition.subject, condition.subject),
        target=names.get(str(condition.target), condition.target),
        parts=tuple(placed(part, subject, target) for part in condition.parts),
    )
