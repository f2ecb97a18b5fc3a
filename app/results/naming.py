"""The order in which names are listed."""

from __future__ import annotations

import re

NUMBER = re.compile(r"(\d+)")


def natural(name: object) -> list[tuple[int, str]]:
    """A key that sorts names as people do.

    >>> sorted(["mouse10", "mouse2", "Mouse1"], key=natural)
    ['Mouse1', 'mouse2', 'mouse10']
    """
    parts = NUMBER.split(str(name).casefold())
    return [(int(part), "") if k % 2 else (-1, part) for k, part in enumerate(parts)]
