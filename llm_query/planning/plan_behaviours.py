"""Write behaviours of the vocabulary, with every threshold stated."""

from __future__ import annotations

import inspect

from llm_query.individual import motion
from llm_query.planning.plan_numbers import quoted
from llm_query.planning.plan_slots import (
    ANY_OTHER,
    Condition,
)
from llm_query.planning.plan_states import States
from llm_query.planning.plan_words import DOINGS, rule, rule_of
from llm_query.social import contacts as social
from llm_query.vocabulary import vocabulary

STILL, GOING = motion.IMMOBILE, motion.MOVING
RULES = {
    "immobile": f"Immobile: the centre slower than {STILL.cm_s:g} cm/s (without a scale "
    f"{STILL.lengths_s:g} body lengths/s; never below {STILL.px_s:g} px/s) over {{window_s:g}} "
    "s, for "
    "at least {min_duration_s:g} s (speed as in SimBA's freezing; 1 s as in Anagnostaras 2010).",
    "moving": f"Moving: the centre at {GOING.cm_s:g} cm/s or faster (without a scale "
    f"{GOING.lengths_s:g} body lengths/s; never below {GOING.px_s:g} px/s) over {{window_s:g}} s "
    "(EthoVision's Movement).",
    "contact": f"Touching: at most {social.TOUCH_CM:g} cm ({social.TOUCH_PX:g} px without a scale) "
    "between the two outlines (EthoVision's Body contact).",
    "facing": "Facing: the other's centre lies within {max_angle_deg:g} degrees to either side of "
    "the heading, at any distance (front is +-30 degrees, AmadeusGPT).",
    "near": "Near: centres (or the points named) at most 2 body lengths apart (the social approach "
    "of EthoVision and LMT).",
    "follow": "Following: both moving, directions less than {max_angle_deg:g} degrees apart, the "
    "other in front, within 2 body lengths, on its path of the last {path_s:g} s, for at least "
    "{min_duration_s:g} s (EthoVision's Follow after LMT).",
    "chase": "Chasing: both at 2 body lengths/s or faster, directions less than {max_angle_deg:g} "
    "degrees apart, the other in front, within 2 body lengths, on its path of the last {path_s:g} "
    "s, for at least {min_duration_s:g} s (EthoVision and LMT; the speed is ours).",
    "approach": "Approaching: the distance shrinks by its own movement, faster than the other, "
    "within 2 body lengths (EthoVision and LMT, social approach), at half of the lowest moving "
    "speed or more and by 0.1 body lengths in all, interruptions up to {merge_gap_s:g} s joined, "
    "for at least {min_duration_s:g} s.",
}


class Behaviours(States):
    """Writes calls of the vocabulary's behaviours."""

    def bouts(self, condition: Condition) -> str:
        """Write a condition as an expression that gives Bouts."""
        raise NotImplementedError

    def _default(self, function: str, condition: Condition, extra: str = "", **given: float) -> str:
        """Write a behaviour of the vocabulary and say its thresholds."""
        self.defaults(function, **given)
        who = self.name(condition.subject)
        target = f", {self.name(condition.target)}" if condition.target else ""
        return f"{function}(recording, {who}{target}{self._point(condition)}{extra})"

    def defaults(self, function: str, **given: float) -> None:
        """State the thresholds of a behaviour of the vocabulary, with units and source."""
        entry = vocabulary()[function].function
        values = {name: p.default for name, p in inspect.signature(entry).parameters.items()}
        self.assume(RULES[function].format(**(values | given)))

    def _immobile(self, condition: Condition) -> str:
        shortest = condition.arguments.get("min_s")
        extra = f", min_duration_s={self.seconds(shortest)}" if shortest else ""
        given = {"min_duration_s": self._approximate_s(shortest)} if shortest else {}
        found = self._default("immobile", condition, extra, **given)
        if not shortest:
            return found
        cut = self._cut(found)
        over = condition.arguments.get("over")
        if over or cut != found:
            found = f"{cut}.{'longer_than' if over else 'at_least'}({self.seconds(shortest)})"
        word = "more than" if over else "at least"
        return f'{found}.named("immobile for {word} {shortest}")'

    in_part = False  # only a part of the recording is asked about: start_s to stop_s

    def _cut(self, bouts: str) -> str:
        """Cut bouts at the ends of the part asked about, before their length is judged."""
        if not self.in_part:
            return bouts
        self.assume(
            "Bouts are cut at the ends of that part before their length is judged: what lies "
            "outside does not count."
        )
        return f"{bouts}.within(start_s, stop_s)"

    def _moving(self, condition: Condition) -> str:
        return self._default("moving", condition)

    def _contact(self, condition: Condition) -> str:
        return self._default("contact", condition)

    def _chase(self, condition: Condition) -> str:
        return self._default("chase", condition)

    def _follow(self, condition: Condition) -> str:
        return self._default("follow", condition)

    def _approach(self, condition: Condition) -> str:
        return self._default("approach", condition)

    def _facing(self, condition: Condition) -> str:
        angle = condition.arguments.get("angle")
        extra = f", max_angle_deg={self._degrees(angle, f'within {angle}')}" if angle else ""
        given = {"max_angle_deg": angle.value} if angle else {}
        one = self._default("facing", condition, extra, **given)
        if not condition.arguments.get("mutual"):
            return one
        turned = Condition(
            "facing", condition.target or ANY_OTHER, condition.subject, {"angle": angle}
        )
        back = self._default("facing", turned, extra, **given)
        return f'({one} & {back}).named("facing each other")'

    def _facing_region(self, condition: Condition) -> str:
        self.defaults("facing")
        region = quoted(condition.arguments["region"])
        return f"facing(recording, {self.name(condition.subject)}, {region})"

    def _near(self, condition: Condition) -> str:
        points = condition.arguments.get("points", ("centre", "centre"))
        names = zip(("point_a", "point_b"), points, strict=True)
        extra = "".join(f", {k}={quoted(p)}" for k, p in names if p != "centre")
        return self._default("near", condition, extra)

    def _doing(self, condition: Condition) -> str:
        """Write a behaviour of the vocabulary that is known by its name alone."""
        word = condition.arguments["does"]
        self.assume(rule(word))
        who = self.name(condition.subject)
        if DOINGS[word].group:
            return f"{word}(recording).only({who})"
        target = f", {self.name(condition.target)}" if condition.target else ""
        return f"{DOINGS[word].word}(recording, {who}{target}{DOINGS[word].more})"

    def _explores(self, condition: Condition) -> str:
        """Write the exploration of an object, by the rule of the vocabulary."""
        self.assume(rule_of("explores"))
        names = condition.arguments["regions"]
        listed = quoted(names[0]) if len(names) == 1 else f"[{', '.join(map(quoted, names))}]"
        return f"explores(recording, {self.name(condition.subject)}, {listed})"

    def _towards(self, condition: Condition) -> str:
        word, names = condition.arguments["way"], condition.arguments["regions"]
        self.assume(rule_of(word))
        listed = quoted(names[0]) if len(names) == 1 else f"[{', '.join(map(quoted, names))}]"
        point = self._point(condition)
        return f"{word}(recording, {self.name(condition.subject)}, {listed}{point})"

    def _make_contact(self, condition: Condition) -> str:
        """Write an approach that ends in a contact, or in a distance that is small enough."""
        self.assume(rule_of("make_contact"))
        who, other = self.name(condition.subject), self.name(condition.target or ANY_OTHER)
        near = condition.arguments["touching"]
        touching = f", touching={self.bouts(condition.parts[0])}" if near else ""
        return f"make_contact(recording, {who}, {other}{touching})"

    def _leave_approach(self, condition: Condition) -> str:
        """Write that one goes away when the other has come up to it."""
        self.assume(rule_of("leave") + " Here: after the other's approach.")
        self.defaults("approach")
        who, other = self.name(condition.subject), self.name(condition.target or ANY_OTHER)
        return f"leave(recording, {who}, {other}, after=approach(recording, {other}, {who}))"

    def _learned(self, condition: Condition) -> str:
        name = condition.arguments["name"]
        self.assume(f"'{name}' is the behaviour of that name learned from scored bouts.")
        other = f", {self.name(condition.target)}" if condition.target else ""
        return f"learned(recording, {quoted(name)}, {self.name(condition.subject)}{other})"

    def _scored(self, condition: Condition) -> str:
        name = quoted(condition.arguments["name"])
        return f"kept_bouts(recording, {name}, {self.name(condition.subject)})"
