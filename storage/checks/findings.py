"""One thing that is wrong in a study, and what can be done about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TRACK_AGAIN = (
    "bring back another run (ethoscribe runs list, then runs restore), or track the video again "
    "with --force"
)


@dataclass(frozen=True)
class Fault:
    """One finding. `repair` says what `doctor --repair` would do; empty: nothing is safe."""

    check: str  # which check found it
    detail: str  # what, of which one
    hint: str  # what a person does about it
    repair: str = ""
    table: str = ""  # whose rows `where` are set aside
    where: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    update: str = ""  # SQL that mends values; the rows `where` are kept as they were
    path: Path | None = None  # a file or folder that is set aside

    def line(self) -> str:
        """The finding as one line for a terminal."""
        return f"{self.check}: {self.detail}. {self.hint}"


def stretches(frames: Sequence[int], most: int = 5) -> str:
    """Frames in words, the first few stretches of them.

    >>> stretches([3, 4, 5, 9]), stretches(range(0, 40, 2))
    ('frames 3 to 5, 9', 'frames 0, 2, 4, 6, 8 and 15 more stretches')
    """
    parts: list[list[int]] = []
    for frame in frames:
        if parts and frame == parts[-1][1] + 1:
            parts[-1][1] = frame
        else:
            parts.append([frame, frame])
    told = [f"{a} to {b}" if b > a else str(a) for a, b in parts[:most]]
    more = f" and {len(parts) - most} more stretches" if len(parts) > most else ""
    return f"frames {', '.join(told)}{more}"


def rows(n: int, noun: str = "row") -> str:
    """Count rows in words.

    >>> rows(1), rows(3, "mask")
    ('1 row', '3 masks')
    """
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"
