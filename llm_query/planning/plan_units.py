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
LENGTHS = {  # pint's name of a unit, and how people write it
    "px": "px|pixel|pixels",
    "cm": "cm|centimetre|centimetres|centimeter|centimeters",
    "mm": "mm|millimetre|millimetres|millimeter|millimeters",
    "m": "m|metre|metres|meter|meters",
    "um": "um|µm|μm|micrometre|micrometres|micrometer|micrometers|micron|microns",
    "km": "km|kilometre|kilometres|kilometer|kilometers",
    "inch": "inch|inches",
    "body_length": "body length|body lengths|bodylength|bodylengths|bl|body-length|body-lengths",
}
FEET = {"foot": "ft|foot|feet"}  # after digits only: a foot may also be part of an animal
TIMES = {
    "s": "s|sec|secs|second|seconds",
    "ms": "ms|millisecond|milliseconds|msec|msecs",
    "min": "min|mins|minute|minutes",
    "h": "h|hr|hrs|hour|hours",
    "frame": "frame|frames",
}
ANGLES = {"deg": "degrees|degree|deg|°", "rad": "radians|radian|rad"}
TURNS = {"turn": "turns|turn|revolutions|revolution|revs|rev|rotations|rotation"}
OTHERS = {  # that nothing here is measured in, so that a refusal can say what they are
    "Hz": "hz|hertz", "kHz": "khz|kilohertz", "kg": "kg|kilogram|kilograms|kilos",
    "g": "g|gram|grams", "mg": "mg|milligram|milligrams", "mV": "mv|millivolt|millivolts",
    "volt": "volt|volts", "celsius": "celsius|°c|degrees celsius", "lux": "lux|lx",
    "milliliter": "ml|millilitre|millilitres|milliliter|milliliters",
}  # fmt: skip
TAKEN = ("px", "cm", "mm", "m", "body_length", "s", "frame", "deg", "%", "", *OTHERS)


def _alternatives(*tables: dict[str, str]) -> str:
    words = "|".join("|".join(table.values()) for table in tables).split("|")
    return "|".join(sorted(words, key=len, reverse=True))


LENGTH = _alternatives(LENGTHS)
TIME = _alternatives(TIMES)
PER = (  # "per second", "/min", "s-1"; "each minute" alone would be a time bin
    rf"(?:\s*/\s*|\s+(?:per|an?)\s+)(?P<per>{TIME})(?P<squared>\s?\^?2\b|²|\s+squared\b)?(?!\w)"
    r"|\s+each (?P<each>s|sec|second|frame)\b|\s*(?:\bs-1\b|\bs\^-1)(?P<inverse>)"
    r"|\s+(?:(?:across|between) frames|from frame to frame)\b(?P<frames>)"
)
DIGITS = r"-?\d+(?:\.\d+)?(?:e-?\d+)?|\d+:\d\d"
NUMBER = rf"(?:{DIGITS}|{'|'.join(NUMBER_WORDS)}|an?)"
QUANTITY = re.compile(
    rf"(?P<number>{DIGITS})\s*(?:(?P<plain>{_alternatives(TIMES, OTHERS)})\b"
    rf"|(?P<unit>(?:{_alternatives(LENGTHS, FEET)})\b|(?:{_alternatives(ANGLES)})(?!\w)"
    rf"|(?:{_alternatives(TURNS)})\b(?=\s*/|\s+per\b|\s+a\b))(?:{PER})?"
    rf"|(?P<rpm>rpm)\b|(?P<percent>%|percent\b))?"
)
ONE_LENGTH = re.compile(
    rf"\b(?P<number>{'|'.join(NUMBER_WORDS)}|an?)\s+(?P<unit>{LENGTH}|{TIME})\b"
)
WHOLE = r"(?:\s+of\s+(?:the|this|each)?\s*(?:video|recording|session|test|trial|experiment|movie))?"
LEAD = r"(?:\b(?:only\s+)?(?:in|during|for|over|within|of|from|throughout)\s+)?(?:the\s+|its\s+)?"
FRACTIONS = {"half": 2, "third": 3, "quarter": 4, "fifth": 5, "tenth": 10}
ORDINALS = {"first": 0, "second": 1, "third": 2, "fourth": 3, "initial": 0}


MOVED = _alternatives(LENGTHS, FEET, ANGLES, TURNS)  # so much per minute is a speed


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
    if match["plain"]:
        return in_own_unit(value, canonical(match["plain"], TIMES | OTHERS))
    if not match["unit"]:
        unit = "%" if match["percent"] else "turn/min" if match["rpm"] else ""
        return in_own_unit(value, unit)
    unit = canonical(match["unit"], LENGTHS | FEET | ANGLES | TURNS)
    per = match["per"] or match["each"]
    if per:
        unit += f"/{canonical(per, TIMES)}{'2' if match['squared'] else ''}"
    elif match["inverse"] is not None:
        unit += "/s"
    elif match["frames"] is not None:
        unit += "/frame"
    return in_own_unit(value, unit)


def in_own_unit(value: float, unit: str) -> Quantity:
    """Give a quantity in a unit that analyses take: inches in cm, minutes in s, turns in degrees.

    >>> in_own_unit(2, "inch/min"), in_own_unit(2, "mm")
    (Quantity(value=0.08466666666666667, unit='cm/s'), Quantity(value=2, unit='mm'))
    """
    top, _, per = unit.partition("/")
    own = top
    if top not in TAKEN:
        own = "s" if top in TIMES else "cm" if top in LENGTHS | FEET else "deg"
    if per:
        own += "/" + (per if per in ("s", "s2", "frame") else "s2" if per[-1] == "2" else "s")
    if own == unit:
        return Quantity(value, unit)
    from llm_query.planning.plan_conversions import convert

    found = convert(value, unit, own)
    if found is None:
        raise Refusal(f"I do not know the unit '{unit}'.")
    return Quantity(found, own, unit)


def _in(value: float, unit: str) -> tuple[float, str]:
    quantity = in_own_unit(value, canonical(unit, TIMES))
    return quantity.value, quantity.unit


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
    if lasting := re.search(
        rf"\b(?:for|lasts?|lasting|lasted) between {DIGITS}.*?(?:{TIME})\b", text
    ):
        raise Refusal(
            f"'{lasting[0]}' could be how long it lasts, or a part of the recording. Say 'for at "
            "least ...' or 'for at most ...', or the part by itself: 'from 10 to 20 s'."
        )
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
