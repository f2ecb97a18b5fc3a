"""Write the whole analysis: what is computed, drawn and returned."""

from __future__ import annotations

from llm_query.planning.plan_compile import quoted, window_code
from llm_query.planning.plan_describe import reading_text
from llm_query.planning.plan_loops import LISTS
from llm_query.planning.plan_slots import EACH, Context, Measure, Reading, Refusal
from llm_query.planning.plan_values import Values
from llm_query.planning.plan_wanted import not_offered
from llm_query.planning.plan_words import rule_of


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
        if reading.wanted and (reading.measure is None or reading.measure.kind == "position"):
            self._own_unit()
        if reading.bin_s and reading.plot not in (None, "any", "timecourse"):
            raise Refusal(
                f"A picture such as a {reading.plot.replace('_', ' ')} is not drawn in time bins. "
                "Ask for it without them, or of a part: in the first 60 s."
            )
        if reading.plot == "ethogram":
            return self._ethogram()
        if reading.plot in LISTS and reading.condition is None:
            return self._region_list()
        if reading.plot == "social_matrix" and reading.condition is None:
            raise Refusal("A social matrix of what? Name a behaviour, for example: of contact.")
        if reading.plot in ("trajectory", "occupancy"):
            return self._picture(reading.plot)
        if reading.plot in ("rose", "speeds"):
            return self._named_picture(reading.plot)
        if reading.plot in ("pca", "umap"):
            return self._embedding(reading.plot)
        if reading.plot == "gait":
            return self._gait()
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

    def _own_unit(self) -> None:
        """Refuse another unit than that of times; of a position or a picture any."""
        wanted, timed = self.reading.wanted, self.reading.condition is not None
        if timed and "frames" not in self.reading.aggregates and wanted == "s":
            return
        if timed:
            raise not_offered(wanted, "time", "s")
        if wanted != self.context.unit:
            raise not_offered(wanted, "place", self.context.unit)

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

    def _named_picture(self, kind: str) -> str:
        """Write a heading rose, or how fast the animals were and for how long."""
        reading = self.reading
        measure = {"rose": "heading", "speeds": "speed"}[kind]
        function = {"rose": "plot_heading", "speeds": "plot_speed_distribution"}[kind]
        if reading.measure is not None and reading.measure.kind != measure:
            raise Refusal(f"This plot is of the {measure}. Ask for one plot at a time.")
        before, during = self._during()
        point = self._one_point()
        if kind == "rose" and point != "centre":
            raise Refusal("A heading is of the whole body here. Leave out the body point.")
        at = "" if point == "centre" else f", {quoted(point)}"
        call = f"{function}(recording, {self._animals()}{at}{self.part_by_name}{during})"
        return f'{before}    return {{"figure": {call}}}\n'

    def _embedding(self, method: str) -> str:
        """Write an embedding of postures, or of the measures and points that are named."""
        reading = self.reading
        if reading.condition is not None or reading.window is not None:
            raise Refusal("An embedding is of the whole recording here. Leave out the rest.")
        more = ', method="umap"' if method == "umap" else ""
        if method == "umap":
            self.emit.assume("Where umap-learn is not installed, PCA is drawn, and says so.")
        if reading.measure is not None:
            if reading.measure.kind not in ("speed", "acceleration"):
                raise Refusal("An embedding is of postures, the speed or the acceleration here.")
            more += f', features=["{reading.measure.kind}"]'
        elif reading.points != ("centre",):
            raise Refusal(
                "An embedding takes all body points here. Ask for an embedding of postures."
            )
        else:
            self.emit.assume("A dot per frame: the body points seen from the animal itself.")
        return f'    return {{"figure": plot_embedding(recording, {self._animals()}{more})}}\n'

    def _gait(self) -> str:
        """Write the strides of the paws named, and where the points named are over time."""
        reading, paws = self.reading, [p for p in self.reading.points if is_paw(p)]
        if reading.condition is not None or reading.measure is not None or reading.window:
            raise Refusal("A gait analysis is of the whole recording here. Leave out the rest.")
        if not paws:
            raise Refusal(
                "A gait analysis needs a paw or foot: name its body point, for example: gait "
                f"analysis of the left_hindpaw. This video has {', '.join(self.context.points)}."
            )
        self.emit.assume(rule_of("strides"))
        several = len(self.context.animals) > 1
        if several and (len(reading.subjects) > 1 or reading.subjects[0] == EACH):
            raise Refusal("A gait analysis is of one animal at a time. Name the animal.")
        animal = quoted(reading.subjects[0] if several else self.context.animals[0])
        lines = f"    animal = {animal}\n    columns = {{}}\n"
        for point in reading.points:
            lines += (
                f"    x, y = recording.position(animal, {quoted(point)}).T\n"
                f"    columns[{quoted(point + ' x')}] = x\n"
                f"    columns[{quoted(point + ' y')}] = y\n"
            )
        tables = ", ".join(f"strides(recording, animal, {quoted(paw)})" for paw in paws)
        return (
            f"{lines}    path = series(recording, columns)\n"
            f"    table = stack_tables([{tables}])\n"
            '    figure = plot_timecourse(path, f"place ({recording.unit})")\n'
            '    return {"table": table, "figure": figure}\n'
        )

    def _region_list(self) -> str:
        names = tuple(n for n in self.context.regions if n != self.context.arena)
        if len(names) < 2:
            raise Refusal(
                "Name the behaviours or regions, for example: time budget of freezing and moving."
            )
        self.emit.assume(f"It is of the regions {', '.join(names)}, by the body centre.")
        listed = ", ".join(map(quoted, names))
        return (
            f"    bouts = []\n    for region in [{listed}]:\n"
            "        bouts.append(collect([in_region(recording, animal, region) "
            f"for animal in {self._animals()}]))\n" + self._of_list(several=True)
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


def is_paw(point: str) -> bool:
    """Tell whether a body point is put down in walking: a paw, a foot, a hoof.

    >>> is_paw("Offfrontfoot"), is_paw("left_hindpaw"), is_paw("Elbow")
    (True, True, False)
    """
    return point.lower().rstrip("0123456789_ ").endswith(("foot", "paw", "hoof", "toe", "tarsus"))
