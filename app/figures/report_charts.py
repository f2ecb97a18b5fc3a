"""Charts of a report as plain SVG: no script, no network, colours of the page that shows them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

WIDE, LEFT, RIGHT, FOOT, TOP = 960, 56, 20, 26, 10  # px
# How sure it is who an animal is, from sure to no better than a guess, for any colour vision.
SURE = ((0.99, "#0072B2", "99 % and more"), (0.95, "#56B4E9", "95 to 99 %"),
        (0.8, "#F0E442", "80 to 95 %"), (0.6, "#E69F00", "60 to 80 %"),
        (0.0, "#D55E00", "less"))  # fmt: skip
COLOURS = ("var(--accent)", "#E69F00", "#009E73", "#CC79A7")  # of lines of different things
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200)


@dataclass(frozen=True)
class Line:
    """One line of a chart: (k,) x and y, NaN where it is broken."""

    x: np.ndarray
    y: np.ndarray
    colour: str
    name: str = ""
    fine: bool = False


@dataclass(frozen=True)
class Bar:
    """One stretch of a strip, s."""

    start_s: float
    stop_s: float
    colour: str
    words: str


def sure_colour(probability: float) -> str:
    """The colour for how sure an identity is.

    >>> sure_colour(0.995), sure_colour(0.5)
    ('#0072B2', '#D55E00')
    """
    return next(colour for least, colour, _ in SURE if probability >= least)


def line_chart(
    lines: Sequence[Line], duration_s: float, unit: str, high: float | None = None,
    height: int = 170, mark: float | None = None,
) -> str:  # fmt: skip
    """Lines over the time of a recording; `mark` is a number that a dashed line shows."""
    known = [line.y[np.isfinite(line.y)] for line in lines]
    values = np.concatenate([*known, [0.0 if mark is None else mark]])
    top = high if high is not None else float(values.max()) * 1.08
    top = top if top > 0 else 1.0
    y = _Scale(0.0, top, height - FOOT, TOP)
    x = _Scale(0.0, max(duration_s, 1e-9), LEFT, WIDE - RIGHT)
    parts = [_rules(y, unit), _times(x, duration_s, height)]
    if mark is not None:
        parts.append(
            f'<line class="mark" x1="{LEFT}" x2="{WIDE - RIGHT}" y1="{y(mark):.1f}" '
            f'y2="{y(mark):.1f}"/>'
        )
    for line in lines:
        drawn = "".join(_path(x, y, line))
        width = 1 if line.fine else 1.8
        parts.append(
            f'<path d="{drawn}" fill="none" stroke="{line.colour}" stroke-width="{width}" '
            f'stroke-linejoin="round"><title>{escape(line.name)}</title></path>'
        )
    return _svg(height, parts)


def count_chart(lines: Sequence[Line], unit: str, high: float, height: int = 170) -> str:
    """Lines over a few counts, which alone are marked below, and a dot for each."""
    counts = sorted({float(at) for line in lines for at in line.x.tolist()})
    y = _Scale(0.0, high, height - FOOT, TOP)
    x = _Scale(0.0, max(counts[-1], 1.0), LEFT, WIDE - 2 * RIGHT)
    parts = [_rules(y, unit)]
    for at in counts:
        parts.append(f'<text class="middle" x="{x(at):.1f}" y="{height - 8}">{at:g}</text>')
    for line in lines:
        parts.append(
            f'<path d="{"".join(_path(x, y, line))}" fill="none" stroke="{line.colour}" '
            f'stroke-width="1.8"><title>{escape(line.name)}</title></path>'
        )
        parts += [
            f'<circle cx="{x(at):.1f}" cy="{y(value):.1f}" r="4" fill="{line.colour}">'
            f"<title>{escape(line.name)}: {value:.3f} with {at:g} frames</title></circle>"
            for at, value in zip(line.x.tolist(), line.y.tolist(), strict=True)
            if math.isfinite(value)
        ]
    return _svg(height, parts)


def line_key(lines: Sequence[Line]) -> str:
    """Which line has which colour."""
    items = "".join(
        f'<span><i style="background:{one.colour}"></i>{escape(one.name)}</span>' for one in lines
    )
    return f'<div class="key">{items}</div>'


def strips(rows: Sequence[tuple[str, str, Sequence[Bar]]], duration_s: float) -> str:
    """One strip for each (name, colour of its dot, bars) over the time of a recording."""
    step = 20
    height = TOP + step * len(rows) + FOOT
    left = LEFT + 74
    x = _Scale(0.0, max(duration_s, 1e-9), left, WIDE - RIGHT)
    parts = [_times(x, duration_s, height)]
    for number, (name, colour, bars) in enumerate(rows):
        y = TOP + step * number
        short = name if len(name) <= 16 else f"{name[:15]}…"
        parts.append(f'<circle cx="7" cy="{y + 8}" r="4" fill="{colour}"/>')
        parts.append(f'<text x="17" y="{y + 12}">{escape(short)}</text>')
        parts.append(
            f'<rect class="empty" x="{left}" y="{y + 1}" width="{WIDE - RIGHT - left}" '
            'height="14"/>'
        )
        for bar in bars:
            start, stop = x(bar.start_s), x(bar.stop_s)
            parts.append(
                f'<rect x="{start:.1f}" y="{y + 1}" width="{max(stop - start, 0.8):.1f}" '
                f'height="14" fill="{bar.colour}"><title>{escape(bar.words)}</title></rect>'
            )
    return _svg(height, parts)


def histogram(lines: Sequence[Line], low: float, high: float, height: int = 150) -> str:
    """How often a number occurs, one line for each animal: y is the share of its frames."""
    top = max([float(line.y.max()) for line in lines if line.y.size] or [1.0]) * 1.08
    y = _Scale(0.0, top or 1.0, height - FOOT, TOP)
    x = _Scale(low, max(high, low + 1e-9), LEFT, WIDE - RIGHT)
    parts = [_rules(y, "% of frames", 100)]
    for value in _ticks(low, high, 8):
        parts.append(f'<text class="middle" x="{x(value):.1f}" y="{height - 8}">{value:g}</text>')
    for line in lines:
        drawn = "".join(_path(x, y, line))
        parts.append(
            f'<path d="{drawn}" fill="none" stroke="{line.colour}" stroke-width="1.8">'
            f"<title>{escape(line.name)}</title></path>"
        )
    return _svg(height, parts)


def clock(seconds: float) -> str:
    """Seconds as people read them.

    >>> clock(75.25), clock(3675)
    ('1:15', '1:01:15')
    """
    whole = int(seconds + 1e-6)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.stop - self.start)


def _svg(height: int, parts: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {WIDE} {height}" role="img">{"".join(parts)}</svg>'


def _path(x: _Scale, y: _Scale, line: Line) -> list[str]:
    drawn, pen = [], "M"
    for at, value in zip(line.x.tolist(), line.y.tolist(), strict=True):
        if not math.isfinite(value):
            pen = "M"
            continue
        drawn.append(f"{pen}{x(at):.1f} {y(value):.1f}")
        pen = "L"
    return drawn


def _rules(y: _Scale, unit: str, times: float = 1.0) -> str:
    """Lines across with their numbers."""
    parts = []
    for value in _ticks(y.low, y.high, 4):
        at = y(value)
        parts.append(f'<line class="rule" x1="{LEFT}" x2="{WIDE - RIGHT}" y1="{at}" y2="{at}"/>')
        shown = f"{value * times:g}"
        parts.append(f'<text class="end" x="{LEFT - 6}" y="{at + 4:.1f}">{shown}</text>')
    parts.append(f'<text x="{LEFT + 4}" y="{TOP + 4}" class="unit">{escape(unit)}</text>')
    return "".join(parts)


def _times(x: _Scale, duration_s: float, height: int) -> str:
    """The time below a chart."""
    room = (WIDE - LEFT - RIGHT) / 70
    step = next((one for one in STEPS if duration_s / one <= room), 86400)
    marks = np.arange(0, duration_s + 1e-9, step)
    return "".join(
        f'<line class="tick" x1="{x(at):.1f}" x2="{x(at):.1f}" y1="{height - FOOT}" '
        f'y2="{height - FOOT + 4}"/><text class="middle" x="{x(at):.1f}" y="{height - 8}">'
        f"{clock(at)}</text>"
        for at in marks.tolist()
    )


def _ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers between two."""
    if not high > low:
        return [low]
    rough = (high - low) / most
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * one for one in (1, 2, 5, 10) if size * one >= rough)
    first = math.ceil(low / step - 1e-9)
    count = math.floor(high / step + 1e-9) - first + 1
    return [round((first + k) * step, 10) for k in range(count)]
