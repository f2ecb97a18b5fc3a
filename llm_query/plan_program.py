"""Write the whole analysis: what is computed, drawn and returned."""

from __future__ import annotations

from llm_query.plan_compile import quoted, window_code
from llm_query.plan_describe import reading_text
from llm_query.plan_slots import Context, Measure, Reading, Refusal
from llm_query.plan_values import Values


def write_program(reading: Reading, context: Context) -> tuple[str, list[str]]:
    """Give the analysis code for a reading and what it assumes."""
    program = Program(reading, context)
    body = program.body()
    title = reading_text(reading).replace('"""', "'''").replace("\\", "/")
    code = f'def analyse(recording):\n    """{title}"""\n{window_code(reading.window)}{body}'
    return code, program.emit.assumptions


class Program(Values):
    """Puts the pieces of one analysis together."""

    def body(self) -> str:
        """Write what comes after the docstring."""
        reading = self.reading
        if reading.plot == "ethogram":
            return self._ethogram()
        if reading.plot in ("trajectory", "occupancy"):
            return self._picture(reading.plot)
        if reading.measure is not None:
            return self._measure(reading.measure)
        if reading.condition is not None:
            return self._bouts(reading.condition)
        if reading.plot and self.context.points:
            return self._positions()
        if "where" in reading.aggregates:
            return self._positions()
        raise Refusal(
            "I do not see what is asked for. Name a place, a distance, a speed or a behaviour, for "
            "example: when is animal1 in the corner?"
        )

    def _picture(self, kind: str) -> str:
        reading = self.reading
        if reading.measure is not None:
            raise Refusal(
                f"A {kind} plot of {reading.measure.kind}: say 'coloured by speed' instead."
            )
        before, during = self._during()
        point = self._one_point()
        colour = f', colour="{reading.colour}"' if reading.colour else ""
        animals = self._animals()
        point_text = "" if point == "centre" else f", {quoted(point)}"
        return (
            f"{before}    figure = plot_{kind}(recording, {animals}{point_text}{colour}"
            f'{self.part_by_name}{during})\n    return {{"figure": figure}}\n'
        )

    def _ethogram(self) -> str:
        reading, context = self.reading, self.context
        if reading.condition is not None:
            return self._bouts(reading.condition)
        names = (
            context.objects or context.regions if reading.colour == "object" else context.regions
        )
        names = tuple(n for n in names if n != context.arena)
        if not names:
            raise Refusal(
                "This video has no regions or objects to make an ethogram of. Draw one first."
            )
        self.emit.assume(f"The ethogram is of {', '.join(names)}, by the body centre.")
        listed = ", ".join(map(quoted, names))
        return (
            f"    bouts = []\n    for region in [{listed}]:\n"
            "        bouts.append(collect([in_region(recording, animal, region) "
            f"for animal in {self._animals()}]))\n"
            f"    result = summarise(bouts{self.part})\n"
            '    return result | {"figure": plot_ethogram(bouts)}\n'
        )

    def _positions(self) -> str:
        measure = Measure("position", self.reading.subjects, None, self.reading.points)
        with_path = "where" in self.reading.aggregates and self.reading.plot is None
        return self._measure(measure, path=with_path)
