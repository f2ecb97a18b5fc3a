"""MOTChallenge: a text file per video with a box per animal and frame, frames from 1."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from storage.writers.boxes import Boxes, boxes, source_of, unboxed
from storage.writers.columns import Column
from storage.writers.taking import Taken

NAME, TITLE, ENDING = "mot", "MOTChallenge", ".txt"
HOLDS, MANY, NEEDS = ("tracks",), False, ("tracks", "keypoints", "masks")
COLUMNS = (
    Column("1 frame", "frames", "Frame number, from 1: one more than in the study"),
    Column("2 id", "", "Number of the animal; names are listed above"),
    Column("3 bb_left", "px", "Left edge of the box, 0 is the left edge of the picture"),
    Column("4 bb_top", "px", "Top edge of the box"),
    Column("5 bb_width", "px", "Width of the box"),
    Column("6 bb_height", "px", "Height of the box"),
    Column("7 conf", "", "1: the animal was found"),
    Column("8-10 x, y, z", "", "-1: no place in the world is known"),
)
SAID = {
    "corners": "boxes as they were imported",
    "outlines": "boxes around the outlines, in whole pixels",
    "points": "boxes around the body points that were seen: smaller than the animals",
}


def write(
    videos: Sequence[Taken], what: str, file: Path, step: Callable[[int, int], None]
) -> list[str]:
    """Write the boxes of one video; an animal that was not found has no line.

    Nor has one of which a single point was seen: a box of no extent is none to other programs.
    """
    (taken,) = videos
    flat = boxed = 0
    with file.open("w", encoding="ascii", newline="\n") as out:
        for number, part in enumerate(boxes(taken)):
            wide = np.all(part.xywh[:, 2:] > 0, axis=1)
            flat += int((~wide).sum())
            boxed += len(wide)
            part = Boxes(*(values[wide] for values in part))
            rows = zip(part.frame.tolist(), part.animal.tolist(), part.xywh.tolist(), strict=True)
            out.writelines(
                f"{frame + 1},{animal},{','.join(map(plain, box))},1,-1,-1,-1\n"
                for frame, animal, box in rows
            )
            step(number + 1, len(taken.starts))
    notes = [f"{flat} boxes without an extent left out: one point alone was seen"] if flat else []
    return [SAID[source_of(taken)], *notes, *unboxed(taken, boxed)]


def plain(value: float) -> str:
    """A number as short as it comes back the same within float32.

    >>> plain(12.0), plain(0.10000000149011612)
    ('12', '0.1')
    """
    return f"{value:.0f}" if value.is_integer() else f"{value:.9g}"
