"""Measures that are known by their name alone: what to call, for whom, in which unit."""

from __future__ import annotations

from dataclasses import dataclass

from llm_query.vocabulary import vocabulary


@dataclass(frozen=True)
class Gauge:
    """A measure: one value per frame, or one number for a part of the recording."""

    word: str  # of the vocabulary
    said: str
    scope: str = "animal"  # "animal", "pair" (two animals) or "group" (all of them)
    number: bool = False  # one number for the whole part, not one per frame
    signed: bool = False  # averages of it cancel out: say so

    @property
    def unit(self) -> str:
        """Its unit, with {unit} for the recording's own length."""
        return vocabulary()[self.word].unit

    def call(self, who: str, other: str, more: str = "") -> str:
        """Write the call of it, as vocabulary code."""
        names = {"animal": f", {who}", "pair": f", {who}, {other}", "group": ""}[self.scope]
        return f"{self.word}(recording{names}{more})"


_GAUGES = (
    Gauge("turning_speed", "turning speed", signed=True),
    Gauge("turning_angle", "turning angle", signed=True),
    Gauge("directional_change", "directional change"),
    Gauge("curvature", "body curvature", signed=True),
    Gauge("elongation", "elongation"),
    Gauge("mobility", "mobility"),
    Gauge("jerk", "jerk"),
    Gauge("meander", "meander"),
    Gauge("forward_speed", "forward speed"),
    Gauge("path_straightness", "path straightness", number=True),
    Gauge("sinuosity", "sinuosity", number=True),
    Gauge("relative_speed", "relative speed", "pair"),
    Gauge("relative_angle", "relative angle", "pair"),
    Gauge("closing_speed", "closing speed", "pair", signed=True),
    Gauge("group_spread", "spread of the group", "group"),
    Gauge("polarisation", "polarisation of the group", "group"),
    Gauge("activity", "activity", "group"),
)
GAUGES = {each.word: each for each in _GAUGES}
PAIR_GAUGES = frozenset(word for word, each in GAUGES.items() if each.scope == "pair")


def rule(word: str) -> str:
    """Say what a measure is, and its source."""
    entry = vocabulary()[word]
    source = " ".join(entry.doc.partition("Source: ")[2].partition("\n\n")[0].split())
    text = f"{GAUGES[word].said.capitalize()}: {entry.summary.rstrip('.')}."
    return text + (f" Source: {source}" if source else "")
