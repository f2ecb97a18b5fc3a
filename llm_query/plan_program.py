"""Write the whole analysis: loops over animals, the part of the recording, what is returned."""

from __future__ import annotations

from dataclasses import replace

from llm_query.plan_compile import ALSO, SYMMETRIC, Emitter, quoted, scope_of, window_code
from llm_query.plan_describe import MEASURES, reading_text
from llm_query.plan_slots import ANY_OTHER, EACH, Condition, Context, Measure, Reading, Refusal

REDUCE = ("mean", "median", "max", "min")
ARRAYS = {
    "speed": "speed", "acceleration": "acceleration", "heading": "heading",
    "body_length": "body_length", "nearest_neighbour": "nearest_neighbour_distance",
}  # fmt: skip
UNITS = {"speed": "/s", "acceleration": "/s2"}


def write_program(reading: Reading, context: Context) -> tuple[str, list[str]]:
    """Give the analysis code for a reading and what it assumes."""
    program = Program(reading, context)
    body = program.body()
    title = reading_text(reading).replace('"""', "'''").replace("\\", "/")
    code = f'def analyse(recording):\n    """{title}"""\n{window_code(reading.window)}{body}'
    return code, program.emit.assumptions


class Program:
    """Puts the pieces of one analysis together."""

    def __init__(self, reading: Reading, context: Context) -> None:
        self.context = context
        self.emit = Emitter(context)
        self.reading = reading
        if reading.condition is not None:
            reading.condition = self.emit.with_units(reading.condition)
        self.part = ", start_s, stop_s" if reading.window else ""
        self.part_by_name = ", start_s=start_s, stop_s=stop_s" if reading.window else ""
        self._window_notes()

    def _window_notes(self) -> None:
        window = self.reading.window
        if window is None:
            return
        if window.unit == "frame" and window.kind == "between":
            self.emit.assume("Frames count from 0; the first one given is in, the last one is not.")
        frames = (
            window.stop if window.kind in ("first", "last") and window.unit == "frame" else None
        )
        if frames and self.context.n_frames and frames > self.context.n_frames:
            self.emit.assume(
                f"The recording has only {self.context.n_frames} frames: all of it is used."
            )

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

    # bouts

    def _bouts(self, condition: Condition) -> str:
        groups = list(condition.parts) if condition.kind == "each" else [condition]
        if len({g.subject for g in groups}) > 1 and not any(g.target for g in groups):
            self.emit.assume("Each animal is answered by itself, whatever the other one does.")
        if len(groups) == 1:
            loops, expression = self._loop(groups[0])
            if not loops:
                return self._result(expression.replace("\n        ", "\n    "))
            return self._gather(groups[0], "found") + self._result("collect(found)")
        text, names = "", []
        for number, group in enumerate(groups, 1):
            text += self._gather(group, f"found_{number}")
            names.append(f"collect(found_{number})")
        return text + self._result(f"[{', '.join(names)}]", several=True)

    def _gather(self, condition: Condition, name: str) -> str:
        """Write the loop over animals that fills a list of bouts."""
        loops, expression = self._loop(condition)
        indent = " " * 4 * (1 + loops.count("for "))
        expression = expression.replace("\n        ", "\n" + indent)
        return f"    {name} = []\n{loops}{indent}{name}.append({expression})\n"

    def _loop(self, condition: Condition) -> tuple[str, str]:
        """Write the loop over animals ("" for named ones) and the bouts inside it."""
        condition = self._settled(condition)
        return self._loops(condition)[0], self.emit.bouts(condition)

    def _settled(self, condition: Condition) -> Condition:
        """Decide what "another animal" in a negated part means, and check who is the subject."""
        _, _, other = scope_of(condition)
        for part in condition.walk():
            if part.subject == ANY_OTHER and not part.parts:
                raise Refusal("Say which animal does it: name it, or say 'each animal'.")
        if other and len(self.context.animals) < 2:
            raise Refusal("This needs two animals, and this video has only one tracked.")
        self.emit.to_anyone = not self._pairwise(condition)
        return condition

    def _pairwise(self, condition: Condition) -> bool:
        """Tell whether some part that is not negated is about another animal in turn."""
        if condition.kind == "not":
            return False
        if condition.parts:
            return any(self._pairwise(part) for part in condition.parts)
        return condition.target == ANY_OTHER

    def _loops(self, condition: Condition) -> tuple[str, str]:
        named, each, _ = scope_of(condition)
        other = self._pairwise(condition)
        if each and self._one_sided(condition) and other and len(self.context.animals) > 1:
            self.emit.assume("Every pair of animals is looked at once.")
            return (
                "    for i, animal in enumerate(recording.animals):\n"
                "        for other in recording.animals[i + 1 :]:\n",
                " " * 12,
            )
        text, indent = "", "    "
        if each:
            text += f"{indent}for animal in recording.animals:\n"
            indent += "    "
            if named:
                listed = ", ".join(map(quoted, named))
                text += f"{indent}if animal in ({listed},):\n{indent}    continue\n"
            if len(self.context.animals) > 1 and not named:
                self.emit.assume("Each animal is answered by itself.")
        if other:
            first = "animal" if each else quoted(named[0])
            text += f"{indent}for other in recording.animals:\n"
            indent += "    "
            text += f"{indent}if other == {first}:\n{indent}    continue\n"
            if each:
                self.emit.assume("Every animal is looked at with every other one, both ways round.")
        return text, indent

    def _one_sided(self, condition: Condition) -> bool:
        """Tell whether a pair needs looking at from one side only."""
        if condition.kind in ("and", "or", "not", "for"):
            return all(self._one_sided(part) for part in condition.parts)
        arguments = condition.arguments
        if condition.kind == "facing":
            return bool(arguments.get("mutual"))
        points = arguments.get("points", ("centre", "centre"))
        same = points[0] == points[1]
        return condition.kind in (*SYMMETRIC, "near") and condition.target == ANY_OTHER and same

    def _result(self, bouts: str, several: bool = False) -> str:
        reading = self.reading
        if reading.window is not None:
            self.emit.assume("Bouts are cut at the ends of that part; one already running counts.")
        if reading.order and reading.window:
            reading = replace(reading, order=f"within(start_s, stop_s).{reading.order}")
        if reading.order:
            bouts = (
                f"[bouts.{reading.order}() for bouts in {bouts}]"
                if several
                else f"{bouts}.{reading.order}()"
            )
        asked = [ALSO[a] for a in dict.fromkeys(reading.aggregates) if a in ALSO]
        if reading.order and reading.order.endswith("first") and "latency_s" not in asked:
            asked.append("latency_s")
        also = f", also=[{', '.join(map(quoted, asked))}]" if asked else ""
        text = f"    bouts = {bouts}\n"
        if reading.plot:
            return (
                f"{text}    result = summarise(bouts{self.part}{also})\n"
                '    return result | {"figure": plot_ethogram(bouts)}\n'
            )
        return f"{text}    return summarise(bouts{self.part}{also})\n"

    # pictures

    def _animals(self) -> str:
        named = [s for s in self.reading.subjects if s not in (EACH, ANY_OTHER)]
        return f"[{', '.join(map(quoted, named))}]" if named else "recording.animals"

    def _during(self, indent: str = "    ") -> tuple[str, str]:
        """Write the bouts by animal that restrict a picture or measure, and how to pass them."""
        condition = self.reading.condition
        if condition is None:
            return "", ""
        return (
            f"{indent}during = {{}}\n{indent}for animal in {self._animals()}:\n"
            f"{indent}    during[animal] = {self._restriction(condition)}\n",
            ", during=during",
        )

    def _restriction(self, condition: Condition) -> str:
        """Write the bouts that restrict a measure, for the animal in turn."""
        measure = self.reading.measure
        whose = self.reading.subjects if measure is None else measure.subjects
        named = {s for s in whose if s not in (EACH, ANY_OTHER)}
        for part in condition.walk():
            if part.kind in ("enter", "leave", "then"):
                raise Refusal(
                    "A moment cannot restrict a measure; name a state, such as 'in ROI0'."
                )
        condition = self._settled(_for_each(condition, named))
        expression = self.emit.bouts(condition)
        if self._pairwise(condition):
            others = "for other in recording.animals if other != animal"
            expression = f"collect([{expression} {others}]).any_target()"
        return expression

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

    def _one_point(self) -> str:
        if len(self.reading.points) > 1:
            raise Refusal("Name one body point for this plot.")
        return self.reading.points[0]

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

    # measures

    def _positions(self) -> str:
        measure = Measure("position", self.reading.subjects, None, self.reading.points)
        with_path = "where" in self.reading.aggregates and self.reading.plot is None
        return self._measure(measure, path=with_path)

    def _measure(self, measure: Measure, path: bool = False) -> str:
        reading = self.reading
        reduce = [a for a in reading.aggregates if a in REDUCE]
        odd = [a for a in reading.aggregates if a not in (*REDUCE, "when", "where")]
        if "frames" in odd or "count" in odd or "latency" in odd:
            raise Refusal(f"'{odd[0]}' does not fit {MEASURES.get(measure.kind, measure.kind)}.")
        if measure.kind == "distance_moved":
            return self._numbers(measure, "distance travelled", [])
        if reduce and reading.plot in (None, "any"):
            return self._numbers(measure, "", reduce)
        return self._series(measure, path)

    def _names(self, measure: Measure) -> tuple[str, ...]:
        return tuple(s for s in measure.subjects if s not in (EACH, ANY_OTHER))

    def _groups(self) -> list[Condition | None]:
        condition = self.reading.condition
        if condition is not None and condition.kind == "each":
            return list(condition.parts)
        return [condition]

    def _numbers(self, measure: Measure, name: str, reduce: list[str]) -> str:
        """Write one number per animal (and region)."""
        unit = self._unit(measure)
        groups = self._groups()
        loops, indent, pair = self._measure_loops(measure)
        if measure.kind == "heading" or measure.kind == "position":
            raise Refusal(
                f"An average {measure.kind} is not built yet; ask for the {measure.kind} itself."
            )
        if len(reduce) > 1:
            raise Refusal("Ask for one of mean, median, maximum or minimum at a time.")
        label = name or f"{reduce[0]} {MEASURES.get(measure.kind, measure.kind)}"
        text = "    values = {}\n" + loops
        for group in groups:
            key = pair
            during = ""
            if group is not None:
                text += f"{indent}during = {self._restriction(group)}\n"
                during = ", during=during"
            if len(groups) > 1:
                key = 'f"{animal} {during.behaviour}"'
            for point in (
                measure.points
                if measure.kind in ("speed", "distance_moved", "acceleration")
                else ("",)
            ):
                full = key if len(measure.points) == 1 or not point else f'f"{{animal}} {point}"'
                call = self._number_call(measure, point, reduce, during)
                text += f"{indent}values[{full}] = {call}\n"
        figure = f' | {{"figure": plot_bars(values, {quoted(label)})}}' if self.reading.plot else ""
        return f"{text}    return tell({quoted(label)}, values, {unit}){figure}\n"

    def _number_call(self, measure: Measure, point: str, reduce: list[str], during: str) -> str:
        at = "" if point in ("", "centre") else f", point={quoted(point)}"
        if measure.kind == "distance_moved":
            self.emit.assume(
                "Distance is the sum of the steps between frames, not smoothed, never across a gap."
            )
            return f"distance_moved(recording, animal{at}{self.part_by_name}{during})"
        if measure.kind == "speed" and reduce == ["mean"]:
            self.emit.assume("Mean speed is the distance travelled over the time it was tracked.")
            return f"mean_speed(recording, animal{at}{self.part_by_name}{during})"
        values = self._values(measure, "animal", point or "centre")
        return f"{reduce[0]}_of(recording, {values}{self.part}{during})"

    def _measure_loops(self, measure: Measure) -> tuple[str, str, str]:
        named = self._names(measure)
        who = f"[{', '.join(map(quoted, named))}]" if named else "recording.animals"
        if measure.kind in ("distance", "gap"):
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

    def _values(self, measure: Measure, who: str, point: str) -> str:
        """Write the (n,) values of a measure for the animal in turn."""
        emit, kind = self.emit, measure.kind
        if kind in ("speed", "acceleration"):
            at = "" if point == "centre" else f", point={quoted(point)}"
            if kind == "speed":
                return emit.speed_values(EACH, point)
            emit.assume("Acceleration is the change of speed, not smoothed.")
            return f"acceleration(recording, {who}{at})"
        if kind in ARRAYS:
            return f"{ARRAYS[kind]}(recording, {who})"
        if kind == "distance":
            return emit.distance_values(EACH, ANY_OTHER, (measure.points[0], measure.points[-1]))
        if kind == "gap":
            return "gap_between(recording, animal, other)"
        if kind == "own_distance":
            return emit.own_values(EACH, measure.points)
        if kind == "distance_place":
            return emit.place_values(EACH, measure.arguments["region"], measure.points[0])
        raise Refusal(f"'{kind}' cannot be computed here yet.")

    def _unit(self, measure: Measure) -> str:
        if measure.kind == "heading":
            return '"deg"'
        tail = UNITS.get(measure.kind, "")
        return f'f"{{recording.unit}}{tail}"' if tail else "recording.unit"

    def _series(self, measure: Measure, path: bool = False) -> str:
        """Write one value per frame and animal, as a table, and a plot if asked."""
        reading = self.reading
        loops, indent, key = self._measure_loops(measure)
        label = MEASURES.get(measure.kind, measure.kind)
        during = f"{indent}during[name] = {{}}\n"
        text = "    columns = {}\n" + ("    during = {}\n" if reading.condition else "") + loops
        for point in (
            measure.points if measure.kind in ("speed", "acceleration", "position") else ("centre",)
        ):
            shown = "" if point == "centre" and len(measure.points) == 1 else f" {point}"
            column = key if not shown else f'f"{{{key}}}{shown}"' if key == "animal" else key
            names = self._columns(measure, point, column, indent)
            text += names
        if reading.condition is not None:
            if len(self._groups()) > 1:
                raise Refusal("Several regions for a value per frame: ask about one of them.")
            text += f"{indent}inside = {self._restriction(reading.condition)}\n"
            text += f"{indent}for name in columns:\n{indent}    during.setdefault(name, inside)\n"
        del during
        passed = ", during=during" if reading.condition is not None else ""
        text += f"    table = series(recording, columns{self.part}{passed})\n"
        return text + self._series_result(measure, label, path)

    def _columns(self, measure: Measure, point: str, column: str, indent: str) -> str:
        if measure.kind == "position":
            at = "" if point == "centre" else f", {quoted(point)}"
            base = f"{{animal}} {point}"
            return (
                f"{indent}x, y = recording.position(animal{at}).T\n"
                f'{indent}columns[f"{base} x"], columns[f"{base} y"] = x, y\n'
            )
        return f"{indent}columns[{column}] = {self._values(measure, 'animal', point)}\n"

    def _series_result(self, measure: Measure, label: str, path: bool) -> str:
        reading = self.reading
        unit = self._unit(measure)
        unit = (
            unit[2:-1]
            if unit.startswith("f")
            else "{recording.unit}"
            if unit == "recording.unit"
            else unit[1:-1]
        )
        shown = f'f"{label} ({unit})"'
        if reading.plot == "histogram":
            return (
                "    values = {name: table[name].to_numpy() for name in columns}\n"
                f'    return {{"table": table, "figure": plot_histogram(values, {shown})}}\n'
            )
        if path:
            return (
                f"    figure = plot_trajectory(recording, {self._animals()}{self.part_by_name})\n"
                '    return {"table": table, "figure": figure}\n'
            )
        if reading.plot:
            flip = ", invert_y=True" if reading.invert_y else ""
            return (
                f'    return {{"table": table, "figure": plot_timecourse(table, {shown}{flip})}}\n'
            )
        if measure.kind in ("position", "heading"):
            return '    return {"table": table}\n'
        self.emit.assume(
            f"No summary was asked for: the mean {label} over known frames, and every frame's "
            "value."
        )
        mean = "{name: mean_of(recording, v" + self.part + ") for name, v in columns.items()}"
        if reading.condition is not None:
            mean = (
                "{name: mean_of(recording, v"
                + self.part
                + ", during=during[name]) for name, v in columns.items()}"
            )
        return (
            f"    means = {mean}\n"
            f'    return tell("mean {label}", means, f"{unit}") | {{"table": table}}\n'
        )


def _for_each(condition: Condition, named: set[str]) -> Condition:
    """Let the animal of the measure be the animal of its condition too."""
    subject = EACH if condition.subject in named else condition.subject
    return replace(
        condition, subject=subject, parts=tuple(_for_each(part, named) for part in condition.parts)
    )
