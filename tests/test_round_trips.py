"""What was read from real files comes back the same from every format that it can go to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from round_trips import (
    BOUT_FORMATS,
    POSE_FORMATS,
    BoutCase,
    PoseCase,
    cases,
    formats_page,
    put_bouts,
    put_poses,
)

from storage.readers import Bouts, Poses, read_file
from storage.readers.poses import BOX, CENTRE
from storage.scored_bouts import NO_SUBJECT
from storage.study import Study, open_study
from storage.writers.exports import bouts_table, tracks_table, write_table
from storage.writers.formats import writers
from storage.writers.taking import Taken

EVERYTHING = os.environ.get("ROUND_TRIPS") == "all"  # NWB takes as long as all others together
PARTS = ("_x", "_y", "_p")
Found = tuple[list[PoseCase], list[BoutCase]]
Made = tuple[Path, list, list[Taken]]  # study, cases, and what writers get of each


@pytest.fixture(scope="module")
def found(shared_data: Path) -> Found:
    return cases(shared_data)


@pytest.fixture(scope="module")
def poses(found: Found, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("poses")
    return folder / "s", found[0], put_poses(folder / "s", found[0], folder)


@pytest.fixture(scope="module")
def bouts(found: Found, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("bouts")
    return folder / "s", found[1], put_bouts(folder / "s", found[1], folder)


def written(opened: Study, taken: Taken, what: str, kind: str, folder: Path) -> Path:
    """The file of one video in one format."""
    if kind in ("csv", "parquet"):
        file = folder / f"{taken.video.name}.{kind}"
        table = {"tracks": tracks_table, "bouts": bouts_table}[what]
        return write_table(table(opened, taken.video.video_id), file, kind)
    writer = writers()[kind]
    file = folder / f"{taken.video.name}{writer.ending}"
    writer.write([taken], what, file, lambda done, total: None)
    return file


def courses(poses: Poses, n_frames: int) -> Iterator[tuple[tuple[str, str], np.ndarray]]:
    """By animal and point (n_frames, 3) float32: x, y, confidence where it was seen."""
    for a, animal in enumerate(poses.animals):
        for p, point in enumerate(poses.points):
            course = np.full((n_frames, 3), np.nan, np.float32)
            course[: poses.n_frames, :2] = poses.xy[:, a, p]
            course[: poses.n_frames, 2] = poses.confidence[:, a, p]
            course[~np.isfinite(course[:, :2]).all(axis=1)] = np.nan
            yield (animal, point), course


def as_poses(file: Path, kind: str, taken: Taken) -> Poses:
    """What a reader finds in the file; numbers of animals are the names they stand for."""
    poses = read_file(file, "simba-tracks" if kind == "simba" else "auto", gives="tracks")
    assert isinstance(poses, Poses)
    if kind == "simba":
        return by_number(poses, list(taken.animals.values()))
    return replace(poses, animals=tuple(named(one, kind, taken.animals) for one in poses.animals))


def by_number(poses: Poses, animals: list[str]) -> Poses:
    """Points of SimBA, whose names end with the number of their animal where there are several."""
    if len(animals) == 1:
        return replace(poses, animals=tuple(animals))
    points = tuple(dict.fromkeys(name.rpartition("_")[0] for name in poses.points))
    order = [[poses.points.index(f"{point}_{number}") for point in points]
             for number in range(1, len(animals) + 1)]  # fmt: skip
    return replace(
        poses, animals=tuple(animals), points=points, xy=poses.xy[:, 0, order],
        confidence=poses.confidence[:, 0, order],
    )  # fmt: skip


def named(animal: str, kind: str, names: dict[int, str]) -> str:
    """The name that a number of an animal stands for in a format without names."""
    number = animal.lstrip("abcdefghijklmnopqrstuvwxyz ")
    if not number.isdigit() or (animal in names.values() and kind != "mot"):
        return animal
    return names.get(int(number), animal)


@pytest.mark.parametrize("kind", POSE_FORMATS)
def test_positions_come_back_the_same_from(kind, poses, tmp_path):
    study, those, made = poses
    used = 0
    with open_study(study) as opened:
        for case, taken in zip(those, made, strict=True):
            if kind not in case.formats or (kind == "nwb" and not (case.dear or EVERYTHING)):
                continue
            back = as_poses(written(opened, taken, "tracks", kind, tmp_path), kind, taken)
            assert back.n_frames <= case.poses.n_frames, case.file
            wanted = dict(courses(case.poses, case.poses.n_frames))
            check_same(case, kind, wanted, dict(courses(back, case.poses.n_frames)))
            used += 1
    assert used > (8 if kind == "nwb" else 20)


def check_same(case: PoseCase, kind: str, wanted: dict, got: dict) -> None:
    if kind == "mot":  # boxes around what was seen: compare their edges
        wanted, got = edges_of(wanted), edges_of(got)
    missing = np.float32([[np.nan] * 3])
    for key, course in wanted.items():
        other = got.get(key, np.repeat(missing, len(course), axis=0))
        if kind == "simba":  # where the source has no confidence, SimBA gets 1
            unsaid = np.isfinite(course[:, 0]) & np.isnan(course[:, 2])
            course = np.where(unsaid[:, None] & [False, False, True], np.float32(1), course)
        parts = 2 if kind in ("coco", "mabe", "mot") or key[1] == CENTRE else 3
        assert np.array_equal(course[:, :parts], other[:, :parts], equal_nan=True), (
            case.file, kind, key, course[:3], other[:3],
        )  # fmt: skip
    strangers = {point for _, point in got} - {point for _, point in wanted} - {CENTRE, *BOX}
    assert not strangers, (case.file, kind, strangers)
    assert {animal for animal, _ in got} <= {animal for animal, _ in wanted}, (case.file, kind)


def edges_of(courses: dict) -> dict:
    """By animal the least and greatest x and y of its points, and nothing else."""
    found = {}
    for animal in dict.fromkeys(animal for animal, _ in courses):
        mine = {point: course for (who, point), course in courses.items() if who == animal}
        box = set(BOX) <= set(mine)
        mine = [c[:, :2] for point, c in mine.items() if (point in BOX if box else point != CENTRE)]
        both = np.stack(mine)
        low, high = np.fmin.reduce(both), np.fmax.reduce(both)
        flat = (low == high).any(axis=1)  # of one point: no box
        low[flat] = high[flat] = np.nan
        found[animal, "low"], found[animal, "high"] = low, high
    return found


@pytest.mark.parametrize("kind", BOUT_FORMATS)
def test_bouts_come_back_to_the_frame_from(kind, bouts, tmp_path):
    study, those, made = bouts
    used = 0
    with open_study(study) as opened:
        for case, taken in zip(those, made, strict=True):
            if kind not in case.formats or (kind == "nwb" and not (case.dear or EVERYTHING)):
                continue
            rows = from_file(written(opened, taken, "bouts", kind, tmp_path), kind, case, taken)
            wanted, got = rows_of(taken.bouts, kind), rows_of(rows, kind)
            if kind == "simba":
                wanted, got = marks_in(taken), marks_of(rows)
            assert got == wanted, (case.file, case.recording, kind)
            used += len(wanted)
    assert used > (20 if kind in ("mabe", "simba") else 100)


def marks_of(rows: pd.DataFrame) -> dict[str, set[int]]:
    """The frames of every behaviour of a table of SimBA."""
    found: dict[str, set[int]] = {name: set() for name in rows["behaviour"]}
    for row in rows.itertuples():
        found[str(row.behaviour)] |= set(range(row.start_frame, row.stop_frame))
    return found


def numbered(taken: Taken) -> dict[int, str]:
    """The numbers that subjects get where the video is not tracked: in alphabetical order."""
    return dict(enumerate(sorted(set(taken.bouts["subject"]) - {NO_SUBJECT}), start=1))


def from_file(file: Path, kind: str, case: BoutCase, taken: Taken) -> pd.DataFrame:
    """The bouts of a file in frames, with the columns of the study's table."""
    if kind == "simba":  # a project of SimBA says which columns are behaviours
        marks = [name for name in pd.read_csv(file, nrows=1).columns[1:] if name[-2:] not in PARTS]
        names = [f"target_name_{number} = {name}" for number, name in enumerate(marks)]
        file.with_name("project_config.ini").write_text("\n".join(["[SML settings]", *names]))
    back = read_file(file, gives="bouts")
    assert isinstance(back, Bouts)
    rate = float(case.fps) if back.unit == "s" else 1.0
    rows, numbers = back.rows, taken.animals or numbered(taken)
    for name in ("subject", "target"):
        rows[name] = [one and named(str(one), kind, numbers) for one in rows[name]]
    rows["start_frame"] = np.rint(rows["start"].astype(float) * rate).astype(int)
    rows["stop_frame"] = np.rint(rows["stop"].astype(float) * rate).astype(int)
    return rows


def rows_of(bouts: pd.DataFrame, kind: str) -> list[tuple]:
    """What a format holds of bouts, to be compared."""
    rows = bouts.assign(
        subject=[one if isinstance(one, str) and one else NO_SUBJECT for one in bouts["subject"]],
        target=[one if isinstance(one, str) and one else "" for one in bouts["target"]],
    )
    if kind == "mabe":
        rows = rows[(rows["kind"] == "state") & (rows["subject"] != NO_SUBJECT)]
    names = ["behaviour", "subject", "target", "kind", "start_frame", "stop_frame"]
    return sorted(rows[names].itertuples(index=False, name=None))


def marks_in(taken: Taken) -> dict[str, set[int]]:
    """The frames of every behaviour, of each animal by itself where there are several."""
    several = taken.bouts["subject"].nunique() > 1
    found: dict[str, set[int]] = {}
    for row in taken.bouts.itertuples():
        name = f"{row.behaviour}_{row.subject}" if several else str(row.behaviour)
        stop = max(row.stop_frame, row.start_frame + 1)
        found.setdefault(name, set()).update(range(row.start_frame, stop))
    return found


def test_the_page_of_formats_is_what_these_tests_went_through(found):
    page = Path(__file__).resolve().parents[1] / "docs" / "formats.md"
    assert page.read_text(encoding="utf-8") == formats_page(*found), "run: make docs"
