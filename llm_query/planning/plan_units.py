"""Read numbers, their units and parts of the recording ("first 1000 frames") from plain text."""

from __future__ import annotations

import re

from llm_query.planning.plan_slots import Quantity, Refusal, Window

NUMBER_WORDS = {
    word: float(n)
    for n, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
        ]
    )
} | {"half a": 0.5, "twenty": 20.0, "thirty": 30.0, "sixty": 60.0, "hundred": 100.0}
LENGTHS = {
    "px": "px|pixel|pixels",
    "cm": "cm|centimetre|centimetres|centimeter|centimeters",
    "mm": "mm|millimetre|millimetres|millimeter|millimeters",
    "m": "m|metre|metres|meter|meters",
    "inch": "inch|inches",
    "body_length": "body length|body lengths|bodylength|bodylengths|bl|body-length|body-lengths",
}
TIMES = {
    "s": "s|sec|secs|second|seconds",
    "ms": "ms|millisecond|milliseconds|msec",
    "min": "min|mins|minute|minutes",
    "h": "h|hour|hours",
    "frame": "frame|frames",
}
CM_PER_INCH = 2.54
SECONDS = {"s": 1.0, "ms": 0.001, "min": 60.0, "h": 3600.0}
PER = {
    "s": r"\s*/\s*(?:s|sec|second)\b|\s+(?:per|a|each) (?:s|sec|second)\b|\s+s-1\b|\s*s\^-1",
    "frame": r"\s*/\s*frames?\b|\s+(?:per|a|each) frame\b|\s+(?:across|between) frames\b"
    r"|\s+from frame to frame\b",
    "min": r"\s*/\s*min\b|\s+per min(?:ute)?\b",
}


def _alternatives(table: dict[str, str]) -> str:
    return "|".join(sorted("|".join(table.values()).split("|"), key=len, reverse=True))


LENGTH = _alternatives(LENGTHS)
TIME = _alternatives(TIMES)
DIGITS = r"-?\d+(?:\.\d+)?(?:e-?\d+)?|\d+:\d\d"
NUMBER = rf"(?:{DIGITS}|{'|'.join(NUMBER_WORDS)}|an?)"
QUANTITY = re.compile(
    rf"(?P<number>{DIGITS})\s*(?:(?P<length>{LENGTH})\b(?:(?P<squared>\s*/\s*s(?:\^?2|²)"
    rf"|\s+per second squared)|(?P<per_s>{PER['s']})|(?P<per_frame>{PER['frame']})"
    rf"|(?P<per_min>{PER['min']}))?|(?P<time>{TIME})\b|(?P<angle>degrees?|deg|°)"
    rf"(?P<turn>\s*/\s*s(?:ec)?\b|\s+per s(?:ec(?:ond)?)?\b)?"
    rf"|(?P<percent>%|percent))?"
)
ONE_LENGTH = re.compile(
    rf"\b(?P<number>{'|'.join(NUMBER_WORDS)}|an?)\s+(?P<unit>{LENGTH}|{TIME})\b"
)
WHOLE = r"(?:\s+of\s+(?:the|this|each)?\s*(?:video|recording|session|test|trial|experiment|movie))?"
LEAD = r"(?:\b(?:only\s+)?(?:in|during|for|over|within|of|from|throughout)\s+)?(?:the\s+|its\s+)?"
FRACTIONS = {"half": 2, "third": 3, "quarter": 4, "fifth": 5, "tenth": 10}
ORDINALS = {"first": 0, "second": 1, "third": 2, "fourth": 3, "initial": 0}


def canonical(unit: str, table: dict[str, str]) -> str:
    """Give the short name of a unit: "pixels" is px."""
    for name, words in table.items():
        if unit in words.split("|"):
            return name
    raise Refusal(f"I do not know the unit '{unit}'.")


def number(text: str) -> float:
    """Read digits, a number word or minutes:seconds (in s)."""
    if text in ("a", "an"):
        return 1.0
    if text in NUMBER_WORDS:
        return NUMBER_WORDS[text]
    if ":" in text:
        minutes, seconds = text.split(":")
        return int(minutes) * 60.0 + int(seconds)
    return float(text)


def read_quantity(match: re.Match[str]) -> Quantity:
    """Turn a match of QUANTITY into a number with a unit such as cm/s or px/frame."""
    value = number(match["number"])
    if match["length"]:
        unit = canonical(match["length"], LENGTHS)
        if unit == "inch":
            value, unit = value * CM_PER_INCH, "cm"
        if match["squared"]:
            unit += "/s2"
        elif match["per_s"]:
            unit += "/s"
        elif match["per_frame"]:
            unit += "/frame"
        elif match["per_min"]:
            return Quantity(value / 60.0, unit + "/s")
        return Quantity(value, unit)
    if match["time"]:
        unit = canonical(match["time"], TIMES)
        return Quantity(value, "frame") if unit == "frame" else Quantity(value * SECONDS[unit], "s")
    if match["angle"]:
        return Quantity(value, "deg/s" if match["turn"] else "deg")
    return Quantity(value, "%" if match["percent"] else "")


def _in(value: float, unit: str) -> tuple[float, str]:
    short = canonical(unit, TIMES)
    return (value, "frame") if short == "frame" else (value * SECONDS[short], "s")


def _ends(match: re.Match[str]) -> Window:
    which = "first" if match["which"] in ("first", "initial") else "last"
    value, unit = _in(number(match["n"] or "1"), match["unit"])
    return Window(which, 0.0, value, unit, match[0].strip())


def _fraction(match: re.Match[str]) -> Window:
    pieces = FRACTIONS[match["piece"]]
    index = pieces - 1 if match["which"] in ("last", "final") else ORDINALS[match["which"]]
    if index >= pieces:
        raise Refusal(f"'{match[0].strip()}' is not a part of the recording.")
    return Window("share", index / pieces, (index + 1) / pieces, "share", match[0].strip())


def _percent(match: re.Match[str]) -> Window:
    share = number(match["n"]) / 100.0
    span = (0.0, share) if match["which"] in ("first", "initial") else (1.0 - share, 1.0)
    return Window("share", *span, "share", match[0].strip())


def _between(match: re.Match[str]) -> Window:
    words = match.groupdict()
    frames = words.get("frames")
    unit_a = words.get("unit_a") or words.get("unit") or ("frame" if frames else "s")
    unit_b = words.get("unit") or unit_a
    if ":" in match["a"] or ":" in match["b"]:
        unit_a = unit_b = "s"
    (start, unit), (stop, unit_stop) = (
        _in(number(match["a"]), unit_a),
        _in(number(match["b"]), unit_b),
    )
    if unit != unit_stop or stop <= start:
        raise Refusal(f"'{match[0].strip()}' is not a span of time: give start, then a later stop.")
    return Window("between", start, stop, unit, match[0].strip())


def _after(match: re.Match[str]) -> Window:
    value, unit = _in(number(match["n"]), match["unit"] or ("frame" if match["frames"] else "s"))
    before = match["which"] in ("before", "until", "up to")
    start, stop = (None, value) if before else (value, None)
    return Window("between", start, stop, unit, match[0].strip())


WINDOWS = (
    (
        rf"\bafter\s+(?:the\s+)?(?P<which>first)\s+(?:(?P<n>{NUMBER})\s+)?(?P<unit>{TIME})\b{WHOLE}",
        "after_first",
    ),
    (
        rf"{LEAD}\b(?P<which>first|last|initial|final)\s+(?:(?P<n>{NUMBER})\s*-?\s*)?"
        rf"(?P<unit>{TIME})\b{WHOLE}",
        "ends",
    ),
    (
        rf"{LEAD}\b(?P<which>first|second|third|fourth|last|final|initial)\s+"
        rf"(?P<piece>half|third|quarter|fifth|tenth)\b{WHOLE}",
        "fraction",
    ),
    (
        rf"{LEAD}\b(?P<which>first|last|initial|final)\s+(?P<n>{DIGITS})\s*(?:%|percent){WHOLE}",
        "percent",
    ),
    (
        rf"(?:\bonly\s+plot\s+)?{LEAD}\b(?P<frames>frame)\s+range\s+(?:of\s+)?[(\[]?\s*(?P<a>\d+)\s*"
        r"(?:,|-|to)\s*(?P<b>\d+)\s*[)\]]?",
        "between",
    ),
    (
        r"(?:\b(?:between|from|in|during|for)\s+)?\b(?P<frames>frames?)\s+(?P<a>\d+)\s*"
        r"(?:and|to|-|until|till)\s*(?:frame\s+)?(?P<b>\d+)",
        "between",
    ),
    (
        rf"\b(?:between|from)\s+(?P<a>{DIGITS})\s*(?P<unit_a>{TIME})?\s*(?:and|to|-|until|till)\s*"
        rf"(?P<b>{DIGITS})\s*(?P<unit>{TIME})\b",
        "between",
    ),
    (
        r"\b(?:between|from)\s+(?P<a>\d+:\d\d)\s*(?:and|to|-|until|till)\s*(?P<b>\d+:\d\d)",
        "between",
    ),
    (
        r"\b(?P<which>after|before|until|up to)\s+(?:(?P<frames>frame)\s+(?P<n>\d+)(?P<unit>\b)"
        r"|(?!x)x)",
        "after",
    ),
    (
        rf"\b(?P<which>after|before|until)\s+(?P<frames>)(?P<n>{DIGITS})\s*(?P<unit>{TIME})\b",
        "after",
    ),
)


def joined(windows: list[Window]) -> list[Window]:
    """Make one span of "after 20 s" and "before 40 s"."""
    if len(windows) != 2 or len({window.unit for window in windows}) > 1:
        return windows
    late = [w for w in windows if w.kind == "between" and w.stop is None]
    early = [w for w in windows if w.kind == "between" and w.start is None]
    if not late or not early:
        return windows
    one, other = late[0], early[0]
    if not (one.start is not None and other.stop is not None and one.start < other.stop):
        raise Refusal(f"'{one.text}' and '{other.text}' leave no time between them.")
    text = f"{one.text} and {other.text}"
    return [Window("between", one.start, other.stop, one.unit, text)]


def read_windows(text: str) -> tuple[str, list[Window]]:
    """Take every part of the recording out of the text; give the rest and the windows.

    >>> read_windows("plot the path in the first 1000 frames")[1][0].stop
    1000.0
    """
    makers = {
        "ends": _ends,
        "fraction": _fraction,
        "percent": _percent,
        "between": _between,
        "after": _after,
    }
    found: list[Window] = []
    for pattern, maker in WINDOWS:
        while match := re.search(pattern, text):
            if maker == "after_first":
                value, unit = _in(number(match["n"] or "1"), match["unit"])
                found.append(Window("between", value, None, unit, match[0].strip()))
            else:
                found.append(makers[maker](match))
            text = f"{text[: match.start()]} , {text[match.end() :]}"
    return re.sub(r" ,\s+and\s+, ", " , ", text), found
