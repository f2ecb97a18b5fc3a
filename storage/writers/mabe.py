"""MABe 2025: Parquet tables of body points and of annotations, one file per video.

Mice are numbers there, as `mouse_id`, `agent_id` and `target_id`; who does something alone is its
own target. A stop frame is the first one after the bout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from storage.scored_bouts import NO_SUBJECT
from storage.writers.columns import Column
from storage.writers.one_watcher import check_one_watcher
from storage.writers.provenance import as_text, facts_of
from storage.writers.taking import CENTRE, Taken, is_keypoint

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


def _tracking(taken: Taken) -> Iterator[pa.Table]:
    """Rows in the order of frames: body points, and the centre where it is not one of them."""
    own = CENTRE in taken.points and not is_keypoint(taken, CENTRE)
    for points, tracks in zip(taken.chunks("keypoints"), taken.chunks("tracks"), strict=True):
        parts = [_rows(points, points.column("point"))]
        if own:
            parts.append(_rows(tracks, pa.array([CENTRE] * len(tracks), pa.string())))
        order = [(name, "ascending") for name in TRACKING.names[:3]]
        yield pa.concat_tables(parts).sort_by(order)


def _rows(batch: pa.RecordBatch, point: pa.Array) -> pa.Table:
    who = (batch.column("frame"), batch.column("animal_id").cast(pa.int16()))
    place = (batch.column("x_px"), batch.column("y_px"))
    rows = pa.table([*who, point, *place], schema=TRACKING)
    return rows.filter(pc.is_valid(rows["x"]))


def _write_annotation(taken: Taken, file: Path) -> list[str]:
    check_one_watcher(taken, TITLE)
    numbers = {name: number for number, name in _mice(taken).items()}
    bouts, notes = taken.bouts, []
    for what, drop in (
        ("bouts without a duration", bouts["kind"] == "point"),
        ("bouts of no single animal", ~bouts["subject"].isin(list(numbers))),
    ):
        if drop.any():
            left = int(drop.sum())
            notes.append(f"{left} {what} left out: {TITLE} has no place for them")
    bouts = bouts[(bouts["kind"] == "state") & bouts["subject"].isin(list(numbers))]
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


def _mice(taken: Taken) -> dict[int, str]:
    """The animals by their numbers; without tracks, those with bouts in alphabetical order."""
    named = sorted({str(name) for name in taken.bouts["subject"] if name != NO_SUBJECT})
    return taken.animals or dict(enumerate(named, start=1))


def _about(taken: Taken) -> dict[str, str]:
    mice = {f"mouse{number}": name for number, name in _mice(taken).items()}
    return {"ethoscribe": as_text([facts_of(taken)]), "mice": as_text([mice])}
