"""Numbers and names as the pages write them."""

from __future__ import annotations

import math
import re


def plain(text: str) -> str:
    """Escape a name so that Streamlit's Markdown shows it letter by letter."""
    return re.sub(r"([\\`*_{}\[\]()#+.!|<>$:~-])", r"\\\1", text)


def in_words(name: str) -> str:
    """Turn a measure's name into words with its unit.

    >>> in_words("time_s"), in_words("speed_cm_s"), in_words("turning_deg_s")
    ('time (s)', 'speed (cm/s)', 'turning (°/s)')
    """
    *rest, last = name.split("_")
    units = {"s": "s", "cm": "cm", "px": "px", "deg": "°", "percent": "%"}
    if last == "s" and len(rest) > 1 and rest[-1] in ("cm", "px", "deg", "mm"):
        return f"{' '.join(rest[:-1])} ({units.get(rest[-1], rest[-1])}/s)"
    if rest and last in units:
        return f"{' '.join(rest)} ({units[last]})"
    return name.replace("_", " ")


def spelled(name: str, value: object) -> str:
    """Write a number with four digits; a latency that does not exist is `never`."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "never" if "latency" in name else "none"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def clock(seconds: float) -> str:
    """Write seconds as `1:02:03` or `2:03`."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, second = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{second:02}" if hours else f"{minutes}:{second:02}"
