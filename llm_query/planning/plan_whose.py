"""Write the loops around a measure: of each animal, each pair, or the group."""

from __future__ import annotations

from llm_query.planning.plan_compile import quoted
from llm_query.planning.plan_gauges import GAUGES, PAIR_GAUGES
from llm_query.planning.plan_loops import Loops
from llm_query.planning.plan_slots import ANY_OTHER, EACH, Condition, Measure


class Whose(Loops):
    """Writes whose measure it is."""

    def _names(self, measure: Measure) -> tuple[str, ...]:
        return tuple(s for s in measure.subjects if s not in (EACH, ANY_OTHER))

    def _groups(self) -> list[Condition | None]:
        condition = self.reading.condition
        if condition is not None and condition.kind == "each":
            return list(condition.parts)
        return [condition]

    def _measure_loops(self, measure: Measure) -> tuple[str, str, str]:
        named = self._names(measure)
        who = f"[{', '.join(map(quoted, named))}]" if named else "recording.animals"
        if measure.kind in GAUGES and GAUGES[measure.kind].scope == "group":
            return '    animal = "all animals"\n', " " * 4, "animal"
        if measure.kind in ("distance", "gap", *PAIR_GAUGES):
            return self._pair_loops(measure, who, bool(named))
        if not named and len(self.context.animals) > 1:
            self.emit.assume("Each animal is answered by itself.")
        return f"    for animal in {who}:\n", " " * 8, "animal"

    def _pair_loops(self, measure: Measure, who: str, named: bool) -> tuple[str, str, str]:
        key = 'f"{animal} to {other}"'
        if measure.target not in (ANY_OTHER, None, EACH):
            skip = "" if named else f" if animal != {quoted(str(measure.target))}"
            loop = (
                f"    for animal in [a for a in {who}]:\n"
                if not skip
                else (
                    f"    for animal in [a for a in {who} if a != {quoted(str(measure.target))}]:\n"
                )
            )
            return (
                f"    other = "
                f"{quoted(str(measure.target))}\n{loop.replace('[a for a in ' + who + ']', who)}",
                " " * 8,
                key,
            )
        if named:
            return (
                f"    for animal in {who}:\n        for other in recording.animals:\n"
                "            if other == animal:\n                continue\n",
                " " * 12,
                key,
            )
        self.emit.assume("Every pair of animals is looked at once.")
        return (
            "    for i, animal in enumerate(recording.animals):\n"
            "        for other in recording.animals[i + 1 :]:\n",
            " " * 12,
            key,
        )
