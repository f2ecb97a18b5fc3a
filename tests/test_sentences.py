"""Answers read as a researcher would write them: number, target, never, censored, percent."""

from __future__ import annotations

from typing import Any

import pytest

from llm_query.sentences import percent, said, seconds, sentence
from llm_query.tools import tell


def row(behaviour: str, target: str | None = None, **numbers: Any) -> dict[str, Any]:
    base = {
        "behaviour": behaviour, "subject": "mouse1", "target": target, "kind": "state",
        "count": 3, "total_s": 4.2, "percent": 7.0, "mean_s": 1.4, "longest_s": 2.0,
        "shortest_s": 0.5, "latency_s": 12.5, "frames": 126, "watched_s": 60.0, "at_s": 12.5,
    }  # fmt: skip
    return base | numbers


@pytest.mark.parametrize(
    ("behaviour", "target", "words"),
    [
        ("in corner", None, "mouse1 was in the corner"),
        ("in ROI0", None, "mouse1 was in ROI0"),
        ("in corner (nose)", None, "mouse1 was in the corner (nose)"),
        ("in open arm or closed arm", None, "mouse1 was in the open arm or closed arm"),
        ("outside corner", None, "mouse1 was outside the corner"),
        ("left of lego", None, "mouse1 was left of the lego"),
        ("enters corner", None, "mouse1 entered the corner"),
        ("leaves corner", None, "mouse1 left the corner"),
        ("contact", "mouse2", "mouse1 and mouse2 were in contact"),
        ("touching", "mouse2", "mouse1 and mouse2 were in contact"),
        ("facing each other", "mouse2", "mouse1 and mouse2 were facing each other"),
        ("facing", "mouse2", "mouse1 was facing mouse2"),
        ("facing lego", None, "mouse1 was facing the lego"),
        ("near", "mouse2", "mouse1 was near mouse2"),
        ("chase", "mouse2", "mouse1 was chasing mouse2"),
        ("closer than 3 cm", "mouse2", "mouse1 was closer than 3 cm to mouse2"),
        ("within 2 body lengths", "mouse2", "mouse1 was within 2 body lengths of mouse2"),
        ("farther than 3 cm", "mouse2", "mouse1 was farther than 3 cm from mouse2"),
        ("closer than 3 cm to lego", None, "mouse1 was closer than 3 cm to the lego"),
        ("within 5 cm of the wall", None, "mouse1 was within 5 cm of the wall"),
        ("faster than 20 cm/s", None, "mouse1 was faster than 20 cm/s"),
        ("at least 20 cm/s", None, "mouse1 was moving at 20 cm/s or more"),
        ("immobile for at least 2 s", None, "mouse1 was immobile for at least 2 s,"),
        ("body length less than 7 cm", None, "mouse1 had a body length of less than 7 cm"),
        (
            "head angle less than 15 deg",
            "mouse2",
            "mouse1 had a head angle of less than 15 deg to mouse2",
        ),
        ("not touching", None, "mouse1 was not in contact with any other"),
        ("immobile and in corner", None, "mouse1 was immobile and in the corner"),
        ("touching and in corner", "mouse2", "mouse1 was in contact with mouse2 and in the corner"),
        (
            "touching mouse2 while mouse2 in corner",
            "mouse2",
            "mouse1 was in contact with mouse2 while mouse2 was in the corner",
        ),
        (
            "in corner and in corner",
            "mouse2",
            "mouse1 was in the corner while mouse2 was in the corner",
        ),
        (
            "leaves corner then enters arm within 5 s",
            None,
            "mouse1 left the corner and then entered the arm within 5 s,",
        ),
        ("wet dog shake", "mouse2", 'mouse1 did "wet dog shake" with mouse2'),
        ("dig", None, 'mouse1 did "dig"'),
        ("huddle", None, "mouse1 was in a huddle"),
        ("huddle", "mouse2+mouse3", "mouse1 was in a huddle with mouse2 and mouse3"),
        ("rearing", None, "mouse1 was rearing"),
    ],
)
def test_what_was_done_reads_as_a_sentence(behaviour: str, target: str | None, words: str) -> None:
    assert said(behaviour, "mouse1", target) == words


def test_a_state_says_how_often_how_long_and_its_share() -> None:
    text = "mouse1 and mouse2 were in contact 3 times, 4.20 s in total (7.0 % of the recording)."
    assert sentence(row("contact", "mouse2")) == text
    once = row("in corner", count=1, total_s=0.501, percent=2.5)
    text = "mouse1 was in the corner once, for 0.501 s (2.5 % of the period)."
    assert sentence(once, whole="the period") == text


def test_never_is_said_and_a_latency_that_never_came_is_censored() -> None:
    never = {"count": 0, "latency_s": float("nan")}
    assert sentence(row("contact", "mouse2", **never)) == (
        "mouse1 and mouse2 were never in contact."
    )
    censored = sentence(row("enters corner", kind="point", **never), also=["latency_s"])
    assert censored == "mouse1 never entered the corner (censored at 60.0 s)."
    assert sentence(row("dig", **never)) == 'mouse1 never did "dig".'
    short = sentence(row("in corner for less than 2 s", **never))
    assert short == "mouse1 was never in the corner for less than 2 s."
    assert said("body length less than 7 cm", "a", never=True) == (
        "a never had a body length of less than 7 cm"
    )


def test_events_and_chosen_bouts_say_when() -> None:
    event = row("enters corner", kind="point")
    assert sentence(event) == "mouse1 entered the corner 3 times, first after 12.50 s."
    assert sentence(event | {"count": 1}) == "mouse1 entered the corner once, after 12.50 s."
    first = sentence(row("in corner", count=1), which="first")
    assert first == "mouse1 was in the corner for the first time at 12.50 s, for 4.20 s."


def test_what_else_was_asked_follows_unless_the_only_bout_has_said_it() -> None:
    text = sentence(row("immobile"), also=["latency_s", "mean_s", "longest_s", "frames"])
    assert text.endswith(
        "first after 12.50 s, 1.40 s each on average, the longest 2.00 s, in 126 frames."
    )
    assert "longest" not in sentence(row("immobile", count=1), also=["longest_s"])


def test_small_numbers_are_not_rounded_away() -> None:
    assert (seconds(0.0334), seconds(437.52)) == ("0.033 s", "437.5 s")
    assert (percent(0.0123), percent(100.0)) == ("0.012 %", "100.0 %")


def test_a_measure_that_could_not_be_taken_says_so() -> None:
    text = tell("max speed", {"mouse1": 35.46, "mouse2": float("nan")}, "cm/s")["text"]
    assert text == (
        "Maximum speed: mouse1 35.46 cm/s, mouse2 unknown (no frame in which it could be measured)."
    )
