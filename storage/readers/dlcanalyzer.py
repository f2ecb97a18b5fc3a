"""Labels of several raters over several videos, as DLCAnalyzer keeps them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from storage.readers.files import Head, numbers_of, read_frame
from storage.readers.scored import SECONDS, Bouts, Recording, checked, table

NAME, TITLE, GIVES = "dlcanalyzer", "DLCAnalyzer labels", "bouts"
KINDS = ("text",)  # of files
FILES = "CSV with from, to, type, Experimenter and ID, in s"
WANTED = ("from", "to", "type", "Experimenter", "ID")


def looks_like(head: Head) -> bool:
    """Whether a file is a table of labels of DLCAnalyzer."""
    return set(WANTED) <= set(head.columns)


def read(path: Path) -> Bouts:
    """Read bouts of every video (its ID) and rater."""
    frame = read_frame(path)
    if lacking := [name for name in WANTED if name not in frame]:
        raise ValueError(f"it has no column {lacking[0]}")
    start, stop = (numbers_of(frame[name], name) for name in ("from", "to"))
    empty = ~np.isfinite(start + stop) & frame["type"].isin(["", "NA"]).to_numpy()
    frame, start, stop = frame[~empty], start[~empty], stop[~empty]
    notes = [f"{int(empty.sum())} rows without a bout left out"] if empty.any() else []
    columns = zip(frame["ID"], frame["type"], frame["Experimenter"], start, stop, strict=True)
    rows = [
        {"recording": video, "behaviour": what, "annotator": who, "start": a, "stop": b}
        for video, what, who, a, b in columns
    ]
    media = frame["DLCFile"] if "DLCFile" in frame else frame["ID"]
    recordings = {
        str(video): Recording((str(file),)) for video, file in zip(frame["ID"], media, strict=True)
    }
    return checked(Bouts(NAME, SECONDS, table(rows), recordings, notes=tuple(notes)))
