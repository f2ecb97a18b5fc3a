"""The label economy of a network as a section of its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from app.figures.report_charts import COLOURS, Line, count_chart, line_key
from app.figures.report_parts import table
from app.training.economy import TOLD
from app.training.rounds import number


def economy_html(rows: Sequence[Mapping[str, Any]]) -> str:
    """A curve for each way over the number of frames, and all that was measured in a table."""
    rows = [row for row in rows if _training(row) == _training(rows[-1])]  # as measured last
    if not rows:
        return ""
    rows = sorted(rows, key=lambda row: (row["frames"], row["way"]))
    cells = [
        [str(one["frames"]), escape(one["way"]), number(one["ap50"]), number(one["ap"]),
         number(one.get("contact_ap")), f"{one['cpu_s']:.0f} s"]
        for one in rows
    ]  # fmt: skip
    head = ("Corrected frames", "How", "AP50", "AP50-95", "AP50-95 in contact", "CPU time")
    epochs, pictures, image_px, _ = _training(rows[0])
    said = (
        "<p>How good a network becomes with fewer frames. Each was trained anew, for a shorter "
        f"time ({epochs} epochs of {pictures} pictures of {image_px} px), and judged on the same "
        "frames.</p>"
    )
    lines = _lines(rows)
    several = any(len(line.x) > 1 for line in lines)
    chart = (
        "<h3>AP50-95 by corrected frames</h3>"
        + count_chart(lines, "AP", _high(lines))
        + line_key(lines)
    )
    return said + (chart if several else "") + table(head, cells, (0, 2, 3, 4, 5)) + (
        '<p class="soft">One training says little by itself: another seed moves it by '
        "some hundredths. Where more frames make nothing better, the training was too short, or "
        "the frames are too alike.</p>"
    )  # fmt: skip


def _training(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """How long it took: rows of one way of training alone can be compared."""
    return tuple(row.get(name, "?") for name in TOLD)


def _lines(rows: Sequence[Mapping[str, Any]]) -> list[Line]:
    """One line for each way; not measured is a gap."""
    made = []
    for k, way in enumerate(sorted({str(row["way"]) for row in rows})):
        mine = [row for row in rows if row["way"] == way]
        counts = np.array([row["frames"] for row in mine], float)
        values = [np.nan if row["ap"] is None else row["ap"] for row in mine]
        made.append(Line(counts, np.array(values, float), COLOURS[k % len(COLOURS)], way))
    return made


def _high(lines: Sequence[Line]) -> float:
    """A little above the best of all, so that ways lie apart."""
    known = np.concatenate([line.y[np.isfinite(line.y)] for line in lines])
    return min(1.15 * float(known.max()), 1.05) if known.size and known.max() > 0 else 1.0
