"""SimBA's tables as behaviour: a column of 0 and 1 for each behaviour, a row per frame."""

from __future__ import annotations

from configparser import ConfigParser, Error
from pathlib import Path

import numpy as np

from storage.readers.files import Head, numbers_of, read_frame
from storage.readers.scored import FRAMES, Bouts, Recording, checked, runs, table
from storage.readers.simba_tracks import about, check_index, points_of

NAME, TITLE, GIVES = "simba", "SimBA behaviour", "bouts"
KINDS = ("text",)  # of files
FILES = "machine_results of a project, or targets_inserted with its project_config.ini"
_CHANCE = "Probability_"


def looks_like(head: Head) -> bool:
    """Whether a file is a table of SimBA in which behaviours are told."""
    if head.kind != "text" or len(points_of(head.columns)) < 2:
        return False
    return bool(_behaviours(head.path, head.columns)[0])


def read(path: Path) -> Bouts:
    """Read runs of frames in which a behaviour is 1."""
    frame = read_frame(path)
    check_index(frame)
    names, by_person = _behaviours(path, list(frame.columns))
    if not names:
        raise ValueError("it has no behaviour with its Probability_ column")
    rows = []
    for name in names:
        values = numbers_of(frame[name], name)
        if not np.isin(values, (0, 1)).all():
            raise ValueError(f"the column {name} is not all 0 or 1")
        rows += [{"behaviour": name, "start": a, "stop": b} for a, b in runs(values == 1)]
    rate, _ = about(path)
    length = len(frame) / float(rate) if rate else None
    return checked(
        Bouts(
            NAME, FRAMES, table(rows, path.stem), {path.stem: Recording((), length, rate)},
            by_person=by_person, behaviours=tuple(names),
        )
    )  # fmt: skip


def _behaviours(path: Path, columns: list[str]) -> tuple[list[str], bool]:
    """The behaviours, and whether a person said them: a classifier also gives its probability."""
    chances = [name.removeprefix(_CHANCE) for name in columns if name.startswith(_CHANCE)]
    if chances:
        if lost := [name for name in chances if name not in columns]:
            raise ValueError(f"it has {_CHANCE}{lost[0]} and no column {lost[0]}")
        return chances, False
    for folder in list(path.resolve().parents)[:4]:
        config = folder / "project_config.ini"
        if config.is_file():
            return [name for name in _targets(config) if name in columns], True
    return [], True


def _targets(config: Path) -> list[str]:
    parser = ConfigParser(interpolation=None)
    try:
        parser.read(config, encoding="utf-8")
    except Error as error:
        raise ValueError(f"{config} is damaged ({error})") from error
    if "SML settings" not in parser:
        return []
    settings = parser["SML settings"]
    return [value for name, value in settings.items() if name.startswith("target_name")]
