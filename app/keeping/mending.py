"""Mending a study: only what is safe, with everything that goes set aside and logged."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.keeping.checking import examine
from storage.checks import Fault, mend, set_aside
from storage.study import open_study
from storage.withdrawing import Resting, purge_run, withdrawn_runs


@dataclass(frozen=True)
class Mended:
    """One finding that was mended, and where what went is kept."""

    fault: Fault
    kept: Path | None


def repair(folder: Path, faults: Sequence[Fault]) -> list[Mended]:
    """Mend what can be mended safely: rows in one transaction, then files."""
    at = datetime.now(UTC)
    safe = [one for one in faults if one.repair]
    done = []
    in_rows = [one for one in safe if one.path is None]
    if in_rows:
        with open_study(folder, write=True) as study:
            done += [Mended(one, mend(study, one, at)) for one in in_rows]
    with open_study(folder) as study:
        place = study.folder
    done += [Mended(one, set_aside(place, one, at)) for one in safe if one.path is not None]
    return done


def purgeable(folder: Path, days: float) -> list[Resting]:
    """The runs that were withdrawn so many days ago or longer."""
    with open_study(folder) as study:
        return withdrawn_runs(study, days)


def purge(folder: Path, runs: Sequence[Resting]) -> int:
    """Remove withdrawn runs for good, and return how many rows of tracks went."""
    rows = 0
    with open_study(folder, write=True) as study:
        for one in runs:
            rows += purge_run(study, one.run_id)
        place = study.folder
    for one in runs:
        shutil.rmtree(place / "runs" / one.run_id, ignore_errors=True)
    return rows


__all__ = ["Mended", "examine", "purge", "purgeable", "repair"]
