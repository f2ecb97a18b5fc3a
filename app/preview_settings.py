"""The settings of detection that a person may turn, with ranges that fit the video at hand."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracking.background import WIDEST

SHAPE_LIMIT = min(WIDEST, 30)  # px; wider openings leave nothing of an animal


@dataclass(frozen=True)
class Control:
    """One setting as the page offers it: a choice between words, or a slider."""

    key: str  # of BackgroundSettings
    label: str
    help: str
    options: tuple[tuple[str, str], ...] = ()  # value and its words; empty for a slider
    least: float = 0.0
    most: float = 0.0
    step: float = 1.0


CHOICES = (
    Control(
        "animals", "The animals are", "Compared with the floor they walk on.",
        (("darker", "darker"), ("brighter", "brighter")),
    ),
    Control(
        "statistic", "Empty arena from",
        "How the picture without animals is made from the sampled frames. The median fails where "
        "an animal rests for most of the video; the brightest or darkest values then do better.",
        (("median", "median"), ("masked median", "median without animals"),
         ("bright", "brightest values"), ("dark", "darkest values")),
    ),
    Control(
        "contrast", "Contrast",
        "Absolute: so many gray levels from the background. Relative: so large a share of the "
        "background's brightness, for dark animals before dark and bright places.",
        (("absolute", "absolute"), ("relative", "relative")),
    ),
)  # fmt: skip


def controls(settings: Mapping[str, Any]) -> list[Control]:
    """Every control, its range fitted to the settings that were chosen for the video."""
    relative = settings["contrast"] == "relative"
    typical = float(settings["typical_area_px"])
    small, large = float(settings["min_area_px"]), float(settings["max_area_px"])
    return [
        *CHOICES,
        Control(
            "threshold", "Threshold (share)" if relative else "Threshold (gray levels)",
            "How much a pixel must differ from the background to belong to an animal. Lower finds "
            "more of the animal, and more shadows.",
            least=0.05 if relative else 2.0, most=0.95 if relative else 150.0,
            step=0.01 if relative else 1.0,
        ),
        Control(
            "min_area_px", "Smallest animal (px²)",
            "Smaller spots are not animals. Raise it when dust or droppings are found.",
            least=1.0, most=float(round(max(2 * typical, 1.5 * small))),
        ),
        Control(
            "max_area_px", "Largest group (px²)",
            "Larger spots are neither an animal nor several that touch.",
            least=float(round(typical)), most=float(round(max(10 * typical, 1.5 * large))),
        ),
        Control(
            "open_px", "Take off thin parts (px)",
            "Takes off tails, legs and cables thinner than twice this, and specks.",
            most=SHAPE_LIMIT,
        ),
        Control(
            "close_px", "Join parts (px)", "Joins an animal that falls into parts.",
            most=SHAPE_LIMIT,
        ),
    ]  # fmt: skip


def shown_value(control: Control, settings: Mapping[str, Any]) -> Any:
    """Where a control stands for these settings, inside its range."""
    value = settings[control.key]
    if control.options:
        return value
    steps = round((float(value) - control.least) / control.step)
    snapped = round(control.least + steps * control.step, 6)
    return min(max(snapped, control.least), control.most)


def changed(by_hand: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    """The settings by hand after one was turned; a threshold belongs to its kind of contrast.

    >>> changed({"threshold": 30.0}, "contrast", "relative")
    {'contrast': 'relative'}
    """
    after = {**by_hand, key: int(value) if key in ("open_px", "close_px") else value}
    if key == "contrast":
        after.pop("threshold", None)
    return after


def command_line(video: Path, study: Path, animals: int, by_hand: Mapping[str, Any]) -> str:
    """What does the same in a terminal."""
    parts = ["ethoscribe", "track", str(video), "-s", str(study), "--animals", str(animals)]
    for key, value in by_hand.items():
        parts += ["--set", f"{key}={value:g}" if isinstance(value, float) else f"{key}={value}"]
    return shlex.join(parts)
