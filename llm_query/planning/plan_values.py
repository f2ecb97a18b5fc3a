"""Write measures: one number per animal, or a value for every frame."""

from __future__ import annotations

from llm_query.planning.plan_compile import quoted
from llm_query.planning.plan_describe import MEASURES
from llm_query.planning.plan_gauges import GAUGES, rule
from llm_query.planning.plan_slots import ANY_OTHER, EACH, Measure, Refusal
from llm_query.planning.plan_wanted import one_of, short
from llm_query.planning.plan_whose import Whose

REDUCE = ("mean", "median", "max", "min", "std")
ARRAYS = {
    "speed": "speed", "acceleration": "acceleration", "heading": "heading",
    "body_length": "body_length", "nearest_neighbour": "nearest_neighbour_distance",
}  # fmt: skip
UNITS = {"speed": "/s", "acceleration": "/s2"}


class Values(Whose):
    """Writes what is computed of a measure."""

    def _measure(self, measure: Measure, path: bool = False) -> str:
        reading = self.reading
        reduce = [a for a in dict.fromkeys(reading.aggregates) if a in REDUCE or ":" in a]
        self._must_fit(measure, reduce)
        self.emit.no_head(measure.points)
        if measure.kind == "distance_moved" and not reading.bin_s:
            return self._numbers(measure, "distance travelled", [])
        if self._one_number(measure):
            return self._numbers(measure, MEASURES[measure.kind], [])
        if reading.bin_s:
            return self._binned(measure, reduce)
        if reduce and reading.plot in (None, "any"):
            return self._numbers(measure, "", reduce)
        return self._series(measure, path)

    def _binned(self, measure: Measure, reduce: list[str]) -> str:
        """Write the mean of a measure, or the distance travelled, of every time bin."""
        odd = measure.kind in ("position", "heading") or self._one_number(measure)
        if odd or reduce not in ([], ["mean"]) or len(measure.points) > 1:
            raise Refusal("In time bins there are counts, times, distances travelled and means.")
        if self.reading.condition is not None:
            raise Refusal("A measure in time bins while something else: ask for one of the two.")
        loops, indent, key = self._measure_loops(measure)
        if measure.kind == "distance_moved":
            at = "" if measure.points == ("centre",) else f", {quoted(measure.points[0])}"
            values, how = f"step_length(recording, animal{at}){self._divided(measure)}", "sum"
        else:
            values = self._values(measure, "animal", measure.points[0]) + self._divided(measure)
            how = "mean"
        self.emit.assume("A frame belongs to the bin in which it begins.")
        bins = f"recording, columns, {self.reading.bin_s:g}"
        label = f"{how} {MEASURES.get(measure.kind, measure.kind)}"
        made = (
            f"    columns = {{}}\n{loops}{indent}columns[{key}] = {values}\n"
            f'    table = values_in_bins({bins}, "{how}"{self.part})\n'
        )
        if how == "sum":
            self._undrawn()
            return f'{made}    return {{"table": table}}\n'
        drawn = f"plot_bins({bins}, {quoted(label)}{self.part_by_name})"
        return f'{made}    return {{"table": table, "figure": {drawn}}}\n'

    def _must_fit(self, measure: Measure, reduce: list[str]) -> None:
        """Refuse what cannot be said of a measure, such as when or how often it is."""
        asked = {a for a in self.reading.aggregates if a.partition(":")[0] != "quantile"}
        asked -= set(REDUCE)
        if self.reading.condition is not None:
            asked -= {"when"}  # "when mouse 1 is in the corner, how fast is it?"
        if measure.kind == "position":
            asked -= {"where"}
        name = MEASURES.get(measure.kind, measure.kind)
        if asked:
            raise Refusal(
                f"'{min(asked)}' does not fit {name}. Ask for the {name} itself, or when it is "
                "above or below a number."
            )
        if reduce and (measure.kind == "distance_moved" or self._one_number(measure)):
            raise Refusal(f"A {reduce[0]} of the {name} has several meanings; ask for the {name}.")

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
        label = name or f"{reduced(reduce[0])} {MEASURES.get(measure.kind, measure.kind)}"
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
                call = self._number_call(measure, point, reduce, during) + self._divided(measure)
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
        if self._one_number(measure):
            if during:
                raise Refusal(
                    f"The {MEASURES[measure.kind]} is of a whole path. Ask for it between two "
                    "times."
                )
            self.emit.assume(rule(measure.kind))
            return GAUGES[measure.kind].call("animal", "other", self.part_by_name)
        values = self._values(measure, "animal", point or "centre")
        way, _, share = reduce[0].partition(":")
        return f"{way}_of(recording, {values}{', ' + share if share else ''}{self.part}{during})"

    def _values(self, measure: Measure, who: str, point: str) -> str:
        """Write the (n,) values of a measure for the animal in turn."""
        emit, kind = self.emit, measure.kind
        if kind in ("speed", "acceleration"):
            at = "" if point == "centre" else f", point={quoted(point)}"
            if kind == "speed":
                return emit.speed_values(EACH, point)
            emit.assume("Acceleration is the change of speed, not smoothed.")
            return f"acceleration(recording, {who}{at})"
        if kind == "heading" and len(measure.points) == 2:
            front, back = map(quoted, measure.points)
            self.emit.assume("The heading is along the line from the second point to the first.")
            return f"heading(recording, {who}, {front}, {back})"
        if kind in ARRAYS:
            return f"{ARRAYS[kind]}(recording, {who})"
        if kind in GAUGES:
            emit.assume(rule(kind))
            if GAUGES[kind].signed and self.reading.aggregates:
                emit.assume("Its sign says which way; both ways cancel out in an average.")
            return GAUGES[kind].call(who, "other")
        if kind == "distance":
            return emit.distance_values(EACH, ANY_OTHER, (measure.points[0], measure.points[-1]))
        if kind == "gap":
            return "gap_between(recording, animal, other)"
        if kind == "own_distance":
            return emit.own_values(EACH, measure.points)
        if kind == "distance_place":
            return emit.place_values(EACH, measure.arguments["region"], measure.points[0])
        raise Refusal(f"'{kind}' cannot be computed here yet.")

    def _divided(self, measure: Measure) -> str:
        """Write the division by one of the unit that is asked for; "" for the measure's own."""
        wanted, own = self.reading.wanted, self._own(measure)
        if not wanted or wanted == own.replace("{unit}", self.context.unit):
            return ""
        name = MEASURES.get(measure.kind, measure.kind)
        return f" / {one_of(wanted, own, name, self.emit)}"

    def _own(self, measure: Measure) -> str:
        """Give the unit of a measure, where {unit} is the recording's length."""
        if measure.kind == "heading":
            return "deg"
        if measure.kind in GAUGES:
            return GAUGES[measure.kind].unit
        return "{unit}" + UNITS.get(measure.kind, "")

    def _unit(self, measure: Measure) -> str:
        if self.reading.wanted:
            return quoted(short(self.reading.wanted))
        if measure.kind == "heading":
            return '"deg"'
        if measure.kind in GAUGES:
            unit = GAUGES[measure.kind].unit
            return (
                f'f"{unit.replace("{unit}", "{recording.unit}")}"' if "{" in unit else quoted(unit)
            )
        tail = UNITS.get(measure.kind, "")
        return f'f"{{recording.unit}}{tail}"' if tail else "recording.unit"

    def _series(self, measure: Measure, path: bool = False) -> str:
        """Write one value per frame and animal, as a table, and a plot if asked."""
        reading = self.reading
        loops, indent, key = self._measure_loops(measure)
        label = MEASURES.get(measure.kind, measure.kind)
        during = f"{indent}during[name] = {{}}\n"
        text = "    columns = {}\n" + ("    during = {}\n" if reading.condition else "") + loops
        own = measure.kind in ("speed", "acceleration", "position")
        points = measure.points if own else ("centre",)
        for point in points:
            shown = "" if point == "centre" and len(points) == 1 else f" {point}"
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
        values = self._values(measure, "animal", point) + self._divided(measure)
        return f"{indent}columns[{column}] = {values}\n"

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

    def _one_number(self, measure: Measure) -> bool:
        """Tell whether a measure is one number of a path, not one per frame."""
        return measure.kind in GAUGES and GAUGES[measure.kind].number


def reduced(way: str) -> str:
    """Say a summary: "90th percentile", "standard deviation"."""
    if way.startswith("quantile:"):
        return f"{100 * float(way.partition(':')[2]):g}th percentile of the"
    return {"std": "standard deviation of the"}.get(way, way)
