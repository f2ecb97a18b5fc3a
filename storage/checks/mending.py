"""Mending what is safe: rows and files are set aside in repairs/, never thrown away."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

from storage.authors import program, who
from storage.checks.findings import Fault
from storage.errors import StudyError
from storage.study import Study
from storage.ways import forget_ways
from storage.writing import write_table

FOLDER = "repairs"


def mend(study: Study, fault: Fault, at: datetime | None = None) -> Path | None:
    """Mend one finding in the database; the rows as they were are kept, and the log says so.

    Returns the file with the rows; None where there was none to keep.
    """
    place = _place(study.folder, at or datetime.now(UTC))
    kept = None
    if fault.table and fault.where:
        asked = f"SELECT * FROM {fault.table} WHERE {fault.where}"
        rows = study.arrow(asked, dict(fault.parameters))
        kept = write_table(rows, _free(place / f"{fault.table}.parquet"), "parquet")
    if fault.update:
        study.rows(fault.update, dict(fault.parameters))
    elif fault.table:
        study.rows(f"DELETE FROM {fault.table} WHERE {fault.where}", dict(fault.parameters))
    if fault.table == "tracks" and "run" in fault.parameters:
        forget_ways(study, fault.parameters["run"])  # sums of the rows as they were
    note(place, fault, kept)
    return kept


def set_aside(folder: Path, fault: Fault, at: datetime | None = None) -> Path:
    """Move a file or folder of the study that nobody needs into repairs/."""
    if fault.path is None:
        raise StudyError(f"There is no file to set aside for: {fault.detail}.")
    place = _place(folder, at or datetime.now(UTC))
    kept = _free(place / fault.path.name.lstrip("."))
    try:
        shutil.move(fault.path, kept)
    except OSError as error:
        raise StudyError(f"{fault.path} cannot be moved to {kept} ({error.strerror}).") from error
    note(place, fault, kept)
    return kept


def note(place: Path, fault: Fault, kept: Path | None) -> None:
    """Write what was mended into the log of its repair."""
    record = {
        "check": fault.check, "found": fault.detail, "done": fault.repair,
        "kept": kept.name if kept else None, "by": who(), "program": program(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "from": str(fault.path) if fault.path else None,
    }  # fmt: skip
    with (place / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps(record, ensure_ascii=False) + "\n")


def _place(folder: Path, at: datetime) -> Path:
    place = folder / FOLDER / f"{at:%Y%m%d-%H%M%S}"
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StudyError(f"Cannot make {place} ({error.strerror}): nothing was mended.") from error
    return place


def _free(path: Path) -> Path:
    number, found = 2, path
    while found.exists():
        found = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    return found
