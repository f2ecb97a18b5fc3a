"""Convert units, and say what a unit is of, by pint and the definitions in units.txt.

Pint takes 70 ms to import, so only a question with a unit that is not taken as it is waits for it;
its registry with our few definitions takes 3 ms, with all of its own 80 ms.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pint import UnitRegistry

LENGTH, TIME = "[length]", "[time]"
KINDS = {  # what a unit is of
    "": "a plain number",
    LENGTH: "a length",
    "[picture]": "a length",
    "[body]": "a length",
    TIME: "a duration",
    "[frames]": "a duration",
    "[angle]": "an angle",
    "[angle] / [time]": "a turning speed",
    "[angle] / [frames]": "a turning speed",
    "[mass]": "a mass",
    "[voltage]": "a voltage",
    "[temperature]": "a temperature",
    "[light]": "a brightness",
    "[share]": "a share",
    "1 / [time]": "a frequency",
    "[length] ** 3": "a volume",
}


@cache
def _registry() -> UnitRegistry:
    import pint

    text = Path(__file__).with_name("units.txt").read_text(encoding="utf-8")
    registry: UnitRegistry = pint.UnitRegistry(None)
    registry.load_definitions([line for line in text.splitlines() if line and line[0] != "#"])
    return registry


def convert(value: float, unit: str, wanted: str) -> float | None:
    """Give a value in another unit; None where the two do not measure the same.

    >>> convert(30, "cm/min", "cm/s"), convert(2, "Hz", "deg/s")
    (0.5, None)
    """
    import pint

    try:
        found = _registry().Quantity(float(value), _for_pint(unit)).to(_for_pint(wanted))
    except (pint.DimensionalityError, pint.UndefinedUnitError):
        return None
    return float(found.magnitude)


def kind_of(unit: str) -> str:
    """Say what a unit is of.

    >>> kind_of("kg"), kind_of("cm/s"), kind_of("px/frame")
    ('a mass', 'a speed', 'a speed')
    """
    dimension = "" if not unit else str(_registry().Unit(_for_pint(unit)).dimensionality)
    if dimension in KINDS:
        return KINDS[dimension]
    over = dimension.partition(" / ")[2]
    return {"[time]": "a speed", "[frames]": "a speed", "[time] ** 2": "an acceleration"}.get(
        over, "something else"
    )


def _for_pint(unit: str) -> str:
    return {"%": "percent"}.get(unit, unit.replace("/s2", "/s**2").replace("/frame2", "/frame**2"))
