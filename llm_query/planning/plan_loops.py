"""Write the loops over animals around a condition, and what is returned of its bouts."""

from __future__ import annotations

from dataclasses import replace

from llm_query.planning.plan_compile import ALSO, SYMMETRIC, Emitter, quoted, scope_of
from llm_query.planning.plan_describe import phrase
from llm_query.planning.plan_slots import (
    ANY_OTHER,
    EACH,
    Condition,
    Context,
    Reading,
    Refusal,
    lone,
)
from llm_query.planning.plan_words import DOINGS

LISTS = ("time_budget", "transitions")  # plots of several behaviours


class Loops:
    """Holds the reading; writes bouts of every animal or pair that is asked about."""

    def __init__(self, reading: Reading, context: Context) -> None:
        self.context = context
        self.emit = Emitter(context)
        self.emit.in_part = reading.window is not None
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
            raise lone()
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
        if condition.kind in ("and", "or", "not", "for", "nth", "named"):
            return all(self._one_sided(part) for part in condition.parts)
        arguments = condition.arguments
        if condition.kind == "facing":
            return bool(arguments.get("mutual"))
        if condition.kind == "doing":
            return condition.target == ANY_OTHER and DOINGS[arguments["does"]].symmetric
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
        also = f", also=[{', '.join(map(quoted, asked))}]" if asked else ""
        if self.reading.order:
            also += f', which="{self.reading.order}"'
        text = f"    bouts = {bouts}\n"
        if reading.bin_s:
            return text + self._in_bins(also)
        way = [a.removesuffix("_length") for a in reading.aggregates if a.endswith("_length")]
        if way:
            named = ", start_s=start_s, stop_s=stop_s" if self.part else ""
            return f'{text}    return bout_lengths(bouts, "{way[0]}"{named})\n'
        if reading.plot in LISTS:
            return text + self._of_list(several)
        if reading.plot == "social_matrix":
            return text + self._matrix(several, also)
        if reading.plot:
            return (
                f"{text}    result = summarise(bouts{self.part}{also})\n"
                '    return result | {"figure": plot_ethogram(bouts)}\n'
            )
        return f"{text}    return summarise(bouts{self.part}{also})\n"

    def _of_list(self, several: bool) -> str:
        """Write the time budget of behaviours, or what follows what."""
        if self.reading.plot == "time_budget":
            figure, table = f"plot_time_budget(bouts{self.part})", f"time_budget(bouts{self.part})"
        elif not several:
            raise Refusal("Transitions need several behaviours or regions. Name two or more.")
        elif self.part:
            raise Refusal("Transitions are counted over the whole recording; leave the part out.")
        else:
            figure, table = "plot_transitions(bouts)", "transition_matrix(bouts)"
        result = f"summarise(bouts{self.part})"
        return f'    return {result} | {{"table": {table}, "figure": {figure}}}\n'

    def _matrix(self, several: bool, also: str) -> str:
        condition = self.reading.condition
        pairs = condition is not None and self._pairwise(condition)
        if condition is None or not pairs or several:
            raise Refusal(
                "A social matrix is of one behaviour between animals, for example: social matrix "
                "of contact."
            )
        mutual = ", mutual=True" if self._one_sided(condition) else ""
        return (
            f"    result = summarise(bouts{self.part}{also})\n"
            f'    return result | {{"figure": plot_social_matrix(bouts{mutual})}}\n'
        )

    def _undrawn(self) -> None:
        """Say that what is asked to be plotted is a table only."""
        if self.reading.plot:
            self.reading.plot = None
            self.reading.ignored.append("plot (of these time bins there is a table only)")

    def _in_bins(self, also: str) -> str:
        """Write a table with counts and seconds of every time bin."""
        self._undrawn()
        bin_s = f"{self.reading.bin_s:g}"
        self.emit.assume(
            "A bout is counted in the bin in which it starts; its seconds are divided at the edges."
        )
        return (
            f"    table = in_bins(bouts, {bin_s}{self.part})\n"
            f'    return summarise(bouts{self.part}{also}) | {{"table": table}}\n'
        )

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
            if part.kind in ("enter", "leave", "then", "after", "before"):
                raise Refusal(
                    "A moment cannot restrict a measure; name a state, such as 'in ROI0'."
                )
        for part in condition.leaves():
            if part.target == ANY_OTHER and part.subject not in (EACH, *named):
                raise Refusal(
                    f"'{part.subject} {phrase(part)}' does not say whom. Name the other animal."
                )
        condition = self._settled(_for_each(condition, named))
        expression = self.emit.bouts(condition)
        if self._pairwise(condition):
            others = "for other in recording.animals if other != animal"
            expression = f"collect([{expression} {others}]).any_target()"
        return expression

    def _one_point(self) -> str:
        if len(self.reading.points) > 1:
            raise Refusal("Name one body point for this plot.")
        return self.reading.points[0]


def _for_each(condition: Condition, named: set[str]) -> Condition:
    """Let the animal of the measure be the animal of its condition too."""
    subject = EACH if condition.subject in named else condition.subject
    return replace(
        condition, subject=subject, parts=tuple(_for_each(part, named) for part in condition.parts)
    )
