"""Outlines as a table: a row per animal and frame, with its run lengths as a text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from storage.errors import StudyError
from storage.label_coco import pack
from storage.label_masks import decode
from storage.writers.boxes import of_masks
from storage.writers.coco import whole_runs
from storage.writers.taking import Taken
from storage.writing import Rows, sql_text, write_table

SCHEMA = pa.schema(
    [("video", pa.string()), ("frame", pa.int32()), ("time_s", pa.float64()),
     ("animal", pa.string()), ("x0", pa.int32()), ("y0", pa.int32()), ("width", pa.int32()),
     ("height", pa.int32()), ("area_px", pa.int32()), ("picture_width", pa.int32()),
     ("picture_height", pa.int32()), ("rle", pa.string())]
)  # fmt: skip


def write_outlines(
    videos: Sequence[Taken], output: Path, kind: str, about: str | None,
    step: Callable[[int, int], None],
) -> int:  # fmt: skip
    """Write the outlines of all videos as csv, parquet or xlsx; return how many there are."""
    if not any(taken.has_masks for taken in videos):
        names = ", ".join(taken.video.name for taken in videos)
        raise StudyError(f"There are no outlines in {names}: poses and trajectories have none.")
    scratch = videos[0].folder / "outlines.parquet"
    total, done, rows = sum(len(taken.starts) for taken in videos), 0, 0
    with pq.ParquetWriter(scratch, SCHEMA) as out:
        for taken in videos:
            for part in _tables(taken):
                out.write_table(part)
                done, rows = done + 1, rows + len(part)
                step(done, total)
    with closing(duckdb.connect()) as connection:
        sql = f"SELECT * FROM read_parquet({sql_text(str(scratch))})"
        write_table(Rows(connection, sql), output, kind, about)
    return rows


def _tables(taken: Taken) -> Iterator[pa.Table]:
    video = taken.video
    for batch in taken.chunks("masks"):
        part = of_masks(batch)
        box = part.xywh.astype(np.int32)
        texts, areas = [], []
        for (x0, y0, width, height), runs in zip(
            box.tolist(), batch.column("rle").to_pylist(), strict=True
        ):
            mask = decode(runs, height, width)
            texts.append(pack(whole_runs(mask, x0, y0, video.height, video.width)))
            areas.append(int(np.count_nonzero(mask)))
        n = len(box)
        names = [taken.animals[number] for number in part.animal.tolist()]
        columns = [[video.name] * n, part.frame, taken.time_s[part.frame], names, *box.T, areas,
                   [video.width] * n, [video.height] * n, texts]  # fmt: skip
        yield pa.table(
            [pa.array(each, kind.type) for each, kind in zip(columns, SCHEMA, strict=True)],
            schema=SCHEMA,
        )
