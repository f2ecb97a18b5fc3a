"""Read what is asked for: how often, how long, a plot, an average."""

from __future__ import annotations

from dataclasses import replace

from llm_query.planning.plan_measures import Measures
from llm_query.planning.plan_slots import (
    Measure,
    Refusal,
    Token,
)

GAIT_WORDS = ("limb", "limbs", "following", "keypoint", "keypoints", "based", "on", "of", "paws",
              "points", "bodyparts", "from", "with", "chase", "in", "point")  # fmt: skip


GETS_FAR = ("run", "ran", "runs", "walk", "walked", "walks", "swim", "swam", "swims", "crawl",
            "crawled", "fly", "flew", "go", "went", "get", "got")  # fmt: skip


class Asked(Measures):
    """Understands the words that say what to do with a condition or a measure."""

    def _on_agg(self) -> bool:
        token = self.take("agg")
        self.reading.aggregates.append(token.value if token else "")
        if self.operator in ("and", ","):
            self.operator = ""
        return True

    def _on_how_many(self) -> bool:
        """Read "how many entries"; how many animals at a time is another question."""
        self.take("how_many")
        events = ("enter", "leave", "contact", "chase", "facing", "immobile", "doing", "defined",
                  "scored", "kept_meaning", "learned", "explore")  # fmt: skip
        if self.kind() not in events:
            raise Refusal(
                f"I can count bouts, times, entries or contacts, not '{self.peek().text}'. Ask for "
                "example: how many times is each animal in the corner?"
            )
        self.reading.aggregates.append("count")
        return True

    def _on_order(self) -> bool:
        token = self.take("order")
        if self.operator and self.operator != ",":
            raise Refusal(
                f"'{token.text if token else ''}' is of the whole question here, not of one part "
                "of it. Ask about the first or last time of one thing."
            )
        self.reading.order = token.value if token else None
        return True

    def _on_ordinal(self) -> bool:
        """Read "the second visit", "for the third time"."""
        token = self.take("ordinal")
        if self.ordinal or (self.operator and self.operator != ","):
            raise Refusal("One number of a time in a question, please, and of all of it.")
        self.ordinal = token.value if token else 0
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
        if self.reading.plot == "gait":
            self._gait_rest()
        return True

    def _gait_rest(self) -> None:
        """Consume "The limb is defined with the following keypoints: ...; ... and ..."."""
        points: list[str] = []
        while self.kind() not in ("end", "other", "plot"):
            here = self.peek()
            if here.kind == "animal":
                self.subjects = self.first_subjects = self.take_animals()
                continue
            if here.kind == "point":
                points.append(str(here.value))
            elif here.kind not in ("sep", "and", "subject", "with", "soft", "by", "on") and (
                here.text not in GAIT_WORDS
            ):
                break
            self.at += 1
        if points:
            self.points = tuple(dict.fromkeys(points))

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
        self.implied = "mean"
        self._measure_of("speed")
        self.take("move")
        return True

    def _on_how_far(self) -> bool:
        self.take("how_far")
        animals = self.take_animals()
        if animals:
            self.subjects = animals
        if self.kind() in ("from", "away"):
            self.implied = "mean"
            return self._distance_measure()
        while self.kind() == "move" or self.peek().text in GETS_FAR:
            self.at += 1
        self.reading.measure = Measure("distance_moved", self._subjects(), None, self._use_points())
        return True

    def _on_how_far_apart(self) -> bool:
        token = self.take("how_far_apart")
        self.implied = "min" if token and "close" in token.text else "mean"
        return self._distance_measure()
