"""The settings of detection that a person may turn, with ranges that fit the video at hand."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracking.subtraction.background import WIDEST

WHOLE = ("open_px", "close_px")
THRESHOLDS = {"absolute": 25.0, "relative": 0.3}
OFTEN = ("animals", "threshold", "min_area_px", "open_px")
SHAPE_LIMIT = float(min(WIDEST, 30))  # px; wider openings leave nothing of an animal


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

    @property
    def often(self) -> bool:
        """Whether it is one of the few that are turned often."""
        return self.key in OFTEN


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


def controls_of(settings: Mapping[str, Any], contrast: str) -> list[Control]:
    """Every control for one contrast, its range fitted to the automatic choice for the video."""
    relative = contrast == "relative"
    typical = float(settings.get("typical_area_px", 100.0))
    small = float(settings.get("min_area_px", 0.3 * typical))
    large = float(settings.get("max_area_px", 4 * typical))
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


def start_of(control: Control, settings: Mapping[str, Any], contrast: str) -> Any:
    """Where a control starts: at the automatic choice, as near as its steps allow."""
    value = settings[control.key]
    if control.options:
        return value
    if control.key == "threshold" and contrast != settings["contrast"]:
        value = THRESHOLDS[contrast]
    steps = round((float(value) - control.least) / control.step)
    snapped = round(control.least + steps * control.step, 6)
    return min(max(snapped, control.least), control.most)


def by_hand(settings: Mapping[str, Any], shown: Mapping[str, Any]) -> dict[str, Any]:
    """What is set by hand when the controls stand like `shown`: nothing, or everything shown.

    A control that was not turned keeps the exact automatic value, which its steps may not have.

    >>> auto = {"contrast": "absolute", "threshold": 28.0, "min_area_px": 206.5, "open_px": 2}
    >>> by_hand(auto, {"contrast": "absolute", "threshold": 28.0, "open_px": 2.0})
    {}
    >>> by_hand(auto, {"contrast": "absolute", "threshold": 28.0, "open_px": 4.0})
    {'contrast': 'absolute', 'open_px': 4, 'threshold': 28.0}
    """
    contrast = str(shown["contrast"])
    known = {control.key: control for control in controls_of(settings, contrast)}
    turned = {
        key for key, value in shown.items() if value != start_of(known[key], settings, contrast)
    }
    if contrast != settings["contrast"]:
        turned.add("threshold")
    if not turned:
        return {}
    values = {key: shown[key] if key in turned else settings[key] for key in sorted(shown)}
    return {key: int(values[key]) if key in WHOLE else values[key] for key in values}


def command_line(video: Path, study: Path, animals: int, by_hand: Mapping[str, Any]) -> str:
    """What does the same in a terminal."""
    parts = ["ethoscribe", "track", str(video), "-s", str(study), "--animals", str(animals)]
    for key, value in by_hand.items():
        parts += ["--set", f"{key}={value:g}" if isinstance(value, float) else f"{key}={value}"]
    return shlex.join(parts)
