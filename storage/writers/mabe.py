"""MABe 2025: Parquet tables of body points and of annotations, one file per video.

Mice are numbers there, as `mouse_id`, `agent_id` and `target_id`; who does something alone is its
own target. A stop frame is the first one after the bout.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from storage.errors import StudyError
from storage.writers.columns import Column
from storage.writers.one_watcher import check_one_watcher
from storage.writers.provenance import as_text, facts_of
from storage.writers.taking import CENTRE, Taken

NAME, TITLE, ENDING = "mabe", "MABe 2025", ".parquet"
HOLDS, MANY, NEEDS = ("tracks", "bouts"), False, ("tracks", "keypoints")
COLUMNS = (
    Column("video_frame", "frames", "Tracking: frame number, from 0"),
    Column("mouse_id", "", "Tracking: number of the animal; names are listed above"),
    Column("bodypart", "", "Tracking: name of the body point", "no row where it was not found"),
    Column("x, y", "px", "Tracking: place from the top left"),
    Column("agent_id, target_id", "", "Annotation: who does it to whom; alike for one alone"),
    Column("action", "", "Annotation: the behaviour"),
    Column("start_frame, stop_frame", "frames", "Annotation: first frame, and the one after the "
           "last"),
)  # fmt: skip
TRACKING = pa.schema(
    [("video_frame", pa.int32()), ("mouse_id", pa.int16()), ("bodypart", pa.string()),
     ("x", pa.float32()), ("y", pa.float32())]
)  # fmt: skip
ANNOTATION = pa.schema(
    [("agent_id", pa.int16()), ("target_id", pa.int16()), ("action", pa.string()),
     ("start_frame", pa.int32()), ("stop_frame", pa.int32())]
)  # fmt: skip


def write(
    videos: Sequence[Taken], what: str, file: Path, step: Callable[[int, int], None]
) -> list[str]:
    """Write the tracking or the annotation of one video."""
    (taken,) = videos
    if what == "bouts":
        return _write_annotation(taken, file)
    schema = TRACKING.with_metadata(_about(taken))
    with pq.ParquetWriter(file, schema, compression="zstd") as out:
        for number, rows in enumerate(_tracking(taken)):
            out.write_table(rows.cast(schema))
            step(number + 1, len(taken.starts))
    return []


def _tracking(taken: Taken):  # type: ignore[no-untyped-def]
    """Rows in the order of frames: body points, and the centre where there is no other."""
    own = CENTRE in taken.points and len(taken.points) == 1
    for points, tracks in zip(taken.chunks("keypoints"), taken.chunks("tracks"), strict=True):
        batch = tracks if own and not len(points) else points
        name = pa.array([CENTRE] * len(batch)) if batch is tracks else batch.column("point")
        rows = pa.table(
            [batch.column("frame"), batch.column("animal_id"), name, batch.column("x_px"),
             batch.column("y_px")],
            names=TRACKING.names,
        )  # fmt: skip
        yield rows.filter(pa.compute.is_valid(rows["x"]))


def _write_annotation(taken: Taken, file: Path) -> list[str]:
    check_one_watcher(taken, TITLE)
    numbers = {name: number for number, name in taken.animals.items()}
    bouts, notes = taken.bouts, []
    for what, drop in (
        ("moments", bouts["kind"] == "point"),
        ("bouts of no single animal", ~bouts["subject"].isin(list(numbers))),
    ):
        if drop.any():
            notes.append(f"{int(drop.sum())} {what} left out: {TITLE} has no place for them")
            bouts, drop = bouts[~drop], None
    agent = [numbers[name] for name in bouts["subject"]]
    target = [numbers.get(name, own) for name, own in zip(bouts["target"], agent, strict=True)]
    rows = pd.DataFrame(
        {"agent_id": agent, "target_id": target, "action": bouts["behaviour"].to_numpy(),
         "start_frame": bouts["start_frame"].to_numpy(),
         "stop_frame": bouts["stop_frame"].to_numpy()}
    )  # fmt: skip
    table = pa.Table.from_pandas(rows, schema=ANNOTATION, preserve_index=False)
    pq.write_table(table.replace_schema_metadata(_about(taken)), file, compression="zstd")
    return notes


def _about(taken: Taken) -> dict[str, str]:
    if not taken.animals:
        raise StudyError(
            f"Video '{taken.video.name}' has no animals with numbers: track it, or import its "
            "tracks, before its bouts go to MABe."
        )
    mice = {f"mouse{number}": name for number, name in taken.animals.items()}
    return {"ethoscribe": as_text([facts_of(taken)]), "mice": as_text([mice])}
