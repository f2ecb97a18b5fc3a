"""Every format that can be written: what it holds, and which module writes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from storage.errors import StudyError
from storage.writers.columns import Column
from storage.writers.taking import Taken

# One module per format of another program; each has NAME, TITLE, ENDING, HOLDS, MANY, NEEDS,
# COLUMNS and write(videos, what, file, step).
MODULES = ("boris", "coco", "mabe", "mot", "movement", "nwb", "simba", "sleap")
TABLES = {"csv": "CSV", "parquet": "Parquet", "xlsx": "Excel"}  # of storage.writing
Report = Callable[[int, int], None]  # steps done, of how many


@dataclass(frozen=True)
class Writer:
    """A format of another program."""

    name: str  # as --format takes it
    title: str
    ending: str  # of its files, with the full stop
    holds: tuple[str, ...]  # tracks, bouts
    many: bool  # whether one file holds several videos
    needs: tuple[str, ...]  # tables to take out of the study
    columns: tuple[Column, ...]  # what is in the file, for the data dictionary
    write: Callable[[Sequence[Taken], str, Path, Report], list[str]]  # returns what to say of it


def writers(holds: str | None = None) -> dict[str, Writer]:
    """Every format by name; with `holds`, those that hold tracks or bouts.

    >>> sorted(writers("bouts"))
    ['boris', 'mabe', 'nwb', 'simba']
    """
    found = [import_module(f"storage.writers.{name}") for name in MODULES]
    known = [
        Writer(
            one.NAME, one.TITLE, one.ENDING, one.HOLDS, one.MANY, one.NEEDS, one.COLUMNS, one.write
        )
        for one in found
    ]
    return {one.name: one for one in known if holds in (None, *one.holds)}


def writer_of(name: str, holds: str) -> Writer:
    """The writer of a format; StudyError says which formats hold tracks or bouts."""
    fitting = writers(holds)
    if name not in fitting:
        raise StudyError(
            f"{holds.title()} cannot be written as '{name}': choose one of "
            f"{', '.join([*TABLES, *fitting])}."
        )
    return fitting[name]
