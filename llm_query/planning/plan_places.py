"""Read clauses on places: in, outside, enters, leaves, to the left of."""

from __future__ import annotations

from llm_query.planning.plan_cursor import Place
from llm_query.planning.plan_slots import Condition, Refusal, negated
from llm_query.planning.plan_subjects import Subjects


class Places(Subjects):
    """Understands predicates that name a region."""

    def _read_in(self) -> Condition | None:
        word = self.take("in")
        self.refuse_unknown_region()
        regions = self.take_regions()
        if regions is None:
            if self.kind() == "wall":
                raise Refusal("Say how close to the wall, for example: within 3 cm of the wall.")
            self.at -= 1
            return None
        return self._in(regions, word.text if word else "in")

    def _read_out(self) -> Condition | None:
        self.take("out")
        self.refuse_unknown_region()
        regions = self.take_regions()
        if regions is None:
            self.at -= 1
            return None
        if regions[1] == "and":
            raise Refusal("'Outside ... and ...' has two meanings. Ask with 'or', or one by one.")
        return negated(self._in(regions, "in"))

    def _in(self, regions: tuple[tuple[str, ...], str], word: str) -> Condition:
        points = self._use_points()
        parts = tuple(
            Condition("in", subject, arguments={"regions": group, "point": point, "word": word})
            for subject in self._subjects()
            for group in self._groups(regions)
            for point in points
        )
        how = "each" if regions[1] == "and" or len(self._subjects()) > 1 else "and"
        if how == "each" and len(points) > 1:
            raise Refusal("Several points in several regions at once: ask about them one by one.")
        return parts[0] if len(parts) == 1 else Condition(how, parts[0].subject, parts=parts)

    def _groups(self, regions: tuple[tuple[str, ...], str]) -> list[tuple[str, ...]]:
        names, how = regions
        return [(name,) for name in names] if how == "and" else [names]

    def _read_enter(self) -> Condition | None:
        return self._crossing("enter")

    def _read_leave(self) -> Condition | None:
        return self._crossing("leave")

    def _crossing(self, kind: str) -> Condition | None:
        start = self.at
        word = self.peek().text
        before = self.subjects
        self.at += 1
        if kind == "leave" and self.take("upon_approach"):
            return self._pair("leave_approach", {})
        while True:
            if animals := self.take_animals():
                self.subjects = animals
            elif not self.take("in", "to", "from"):
                break
        left = self._left_animal(kind, before)
        if left is not None:
            return left
        self.refuse_unknown_region()
        regions = self.take_regions()
        if regions is None:
            if self.at > start + 1 or self.kind() == "end":
                raise Refusal(f"Say which region it {kind}s. {self.region_list()}")
            self.at = start
            return None
        side = self.take("from_side")
        point = self._one_point()
        parts = tuple(
            Condition(
                kind,
                subject,
                arguments={
                    "regions": group,
                    "point": point,
                    "side": side.value if side else None,
                    "word": word,
                },
            )
            for subject in self._subjects()
            for group in self._groups(regions)
        )
        return parts[0] if len(parts) == 1 else Condition("each", parts[0].subject, parts=parts)

    def _left_animal(self, kind: str, before: tuple[str, ...]) -> Condition | None:
        """Read "mouse 1 leaves mouse 2" (after contact): an animal where a region could be."""
        whom = self.subjects
        if kind != "leave" or whom == before or self.kind() in ("region", "generic_region"):
            return None
        if len(whom) != 1 or self.kind() in ("unknown", "no_region"):
            return None
        self.subjects = before
        return self._with_target("doing", Place(whom[0]), {"does": "leave"})

    def _read_entry_exit(self) -> Condition | None:
        self.take("entry_exit")
        self.skip("from", "in", "to")
        regions = self.take_regions()
        if regions is None:
            raise Refusal(f"Entry to and exit from what? {self.region_list()}")
        self.assumptions.append("Each row's start is the entry and its stop the exit.")
        return self._in(regions, "in")

    def _read_side(self) -> Condition | None:
        side = self.take("side", "from_side_of")
        regions = self.take_regions()
        if regions is None or len(regions[0]) > 1:
            raise Refusal(f"'{side.text if side else ''}' needs one region. {self.region_list()}")
        return self._each_subject(
            "side",
            arguments={
                "region": regions[0][0],
                "side": side.value if side else "",
                "point": self._one_point(),
            },
        )
