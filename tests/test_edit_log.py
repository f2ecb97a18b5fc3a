"""The edit log under four writers at once: it replays to the same state, and tracking's rows stay.

ETHOSCRIBE_EDITS=1000 makes it as long as a hard day; fewer edits say the same in less time.
"""

import base64
import multiprocessing
import os
import random
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from edit_replay import NUMBERS, Logged, Tracks, logged, replay, standing
from storage_samples import add_tracked

from storage.edits import apply, kinds
from storage.study import Study, open_study
from storage.track_rows import TABLES, raw_rows
from storage.tracks import read_tracks

EDITS = int(os.environ.get("ETHOSCRIBE_EDITS", "80"))
WRITERS, FRAMES, ANIMALS = 4, 300, 3
NAMES = ("Ada", "Ben", "Cleo", "Dan")
Ask = tuple[str, dict[str, object]]


def make(folder: Path, frames: int = FRAMES) -> Path:
    """A study with gaps, outlines and points; every number known from a seed."""
    pick = np.random.default_rng(3)
    wander = pick.normal(0, 2, (frames, ANIMALS, 2)).cumsum(0)
    xy = wander + np.array([[150, 150], [300, 200], [450, 300]])
    xy = np.clip(xy, 5, 400)
    xy[pick.random((frames, ANIMALS)) < 0.15] = np.nan
    with open_study(folder, write=True, create=True) as study:
        add_tracked(study, folder, xy[..., 0], xy[..., 1], fps=Fraction(30_000, 1001),
                    points=("nose", "tail_base"), masks=True)  # fmt: skip
    return folder


def outline(pick: random.Random) -> dict[str, object]:
    x0 = pick.randrange(600)
    numbers = {"x_px": x0 + 2.5, "y_px": 61.5, "heading_deg": 12.5, "length_px": 6.5,
               "width_px": 4.25, "area_px": 24.0}  # fmt: skip
    runs = base64.b64encode(np.array([0, 24], "<u2").tobytes()).decode()
    points = {"nose": [55.0, 61.0, 0.5], "tail_base": [50.0, 61.0, 0.5]}
    return {"x0": x0, "y0": 60, "width": 6, "height": 4, "rle": runs, **numbers, "points": points}


def some_edit(pick: random.Random, mine: list[int], number: int, who: int) -> Ask:
    """Any edit; now and then one that is refused."""
    if pick.random() < 0.35:
        scope = pick.choice(["tracks", "tracks", "bouts"])
        return pick.choice(["undo", "undo", "redo"]), {"scope": scope}
    one, other = pick.sample([1, 2, 3], 2)
    start = pick.randrange(FRAMES - 1)
    stop = pick.choice([None, pick.randrange(start + 1, FRAMES + 1)])
    span: dict[str, object] = {"start_frame": start, "stop_frame": stop}
    bout = {"behaviour": f"b{who}-{number}", "subject": "No focal subject", "kind": "state"}
    asks: list[Ask] = [
        ("tracks.swap", {"a": one, "b": other, **span}),
        ("tracks.delete", {"animal": one, "start_frame": start, "stop_frame": start + 1}),
        ("tracks.delete", {"animal": one, "frame": start}),
        ("tracks.interpolate", {"animal": one, **span}),
        ("tracks.move", {"animal": one, "frame": start, "x_px": start / 2, "y_px": 7.5}),
        ("tracks.rename", {"animal": one, "name": f"name{pick.randrange(9)}"}),
        ("tracks.mask", {"animal": one, "frame": start, **outline(pick)}),
        ("tracks.unmask", {"animal": one, "frame": start}),
        ("bouts.add", {**bout, "start_frame": start, "stop_frame": start + 1}),
    ]
    if number % 40 == 39:
        asks = [("tracks.remove", {"animal": one})]
    if mine:
        asks.append(("bouts.delete", {"bout_ids": [pick.choice(mine)]}))
        asks.append(("bouts.change", {"bout_id": pick.choice(mine), "start_frame": start,
                                      "stop_frame": FRAMES}))  # fmt: skip
    return pick.choice(asks)


def write(folder: Path, who: int, told: "multiprocessing.SimpleQueue") -> None:
    """One writer: edits, undo and redo at random, each in an opening of its own."""
    pick, mine, numbers = random.Random(who), [], []
    for number in range(EDITS // WRITERS):
        kind, data = some_edit(pick, mine, number, who)
        with open_study(folder, write=True, timeout_s=300) as study:
            done = apply(study, 1, kind, data, author=NAMES[who])
        if done.error is None and kind == "bouts.add":
            mine.append(done.result["bout_id"])
        numbers.append(done.edit_id)
    told.put((NAMES[who], numbers))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict, dict]:
    """A study that four processes edited at once, what each was told, and the rows before."""
    folder = make(tmp_path_factory.mktemp("log") / "study")
    with open_study(folder) as study:
        before = {"raw": raw_rows(study, 1), "state": state(study)}
    kinds()
    fork = multiprocessing.get_context("fork")
    told = fork.SimpleQueue()
    writers = [fork.Process(target=write, args=(folder, k, told)) for k in range(WRITERS)]
    for writer in writers:
        writer.start()
    acknowledged = dict(told.get() for _ in writers)
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * WRITERS
    return folder, acknowledged, before


def state(study: Study) -> Tracks:
    """The tracks as the study has them, by arrays."""
    table = study.arrow(
        f"SELECT {', '.join(NUMBERS)}, detected, edited, time_s, "
        "coalesce((SELECT x0 FROM masks m WHERE m.run_id = t.run_id AND m.frame = t.frame "
        "AND m.animal_id = t.animal_id), -1) AS outline, "
        "(SELECT count(*) FROM keypoints k WHERE k.run_id = t.run_id AND k.frame = t.frame "
        "AND k.animal_id = t.animal_id) AS points FROM tracks t ORDER BY frame, animal_id"
    ).to_pandas()
    by = {name: table[name].to_numpy().reshape(-1, ANIMALS).copy() for name in table}
    return Tracks(
        {name: by[name].astype(np.float32) for name in NUMBERS}, by["detected"].astype(bool),
        by["edited"], by["outline"].astype(int), by["points"].astype(int), by["time_s"][:, 0],
        dict(study.rows("SELECT animal_id, name FROM animals ORDER BY animal_id")),
    )  # fmt: skip


def log_of(study: Study) -> list[Logged]:
    return logged(
        study.rows(
            "SELECT edit_id, kind, data::VARCHAR, author, scope, undoes, result::VARCHAR "
            "FROM edits WHERE error IS NULL AND (inverse IS NOT NULL OR undoes IS NOT NULL) "
            "ORDER BY edit_id"
        )
    )


def assert_same(found: Tracks, wanted: Tracks) -> None:
    for name in NUMBERS:
        np.testing.assert_array_equal(found.number[name], wanted.number[name], err_msg=name)
    for name in ("detected", "outline", "points"):
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name), err_msg=name)
    assert [str(one) for one in found.edited.ravel()] == [str(one) for one in wanted.edited.ravel()]
    assert found.names == wanted.names


def test_the_log_replays_to_the_same_tracks_and_bouts(written: tuple[Path, dict, dict]) -> None:
    folder, _, before = written
    with open_study(folder) as study:
        log, found = log_of(study), state(study)
        bouts = study.rows("SELECT bout_id, start_frame, stop_frame FROM bouts ORDER BY bout_id")
    wanted = before["state"]
    stands = standing(log, "tracks")
    assert len(stands) > 3 and {one.kind for one in log} >= {"undo", "redo", "tracks.swap"}
    replay(wanted, stands)
    assert_same(found, wanted)
    mine: dict[int, tuple[int, int]] = {}
    for name in NAMES:
        for one in standing(log, "bouts", name):
            if one.kind == "bouts.delete":
                del mine[one.data["bout_ids"][0]]
            else:
                result = one.result
                mine[result["bout_id"]] = (result["start_frame"], result["stop_frame"])
    assert bouts == [(number, *span) for number, span in sorted(mine.items())]


def test_nothing_that_was_acknowledged_is_lost_and_everybody_is_named(
    written: tuple[Path, dict, dict],
) -> None:
    folder, acknowledged, _ = written
    with open_study(folder) as study:
        rows = study.rows("SELECT edit_id, author, made_at FROM edits ORDER BY edit_id")
    found = {name: [edit for edit, by, _ in rows if by == name] for name in NAMES}
    assert found == acknowledged and sum(map(len, found.values())) == EDITS // WRITERS * WRITERS
    times = [at for _, _, at in rows]
    assert times == sorted(times)


def test_the_rows_that_tracking_made_are_never_changed(written: tuple[Path, dict, dict]) -> None:
    folder, _, before = written
    with open_study(folder) as study:
        now = raw_rows(study, 1)
        changed = study.rows("SELECT count(*) FROM raw_tracks")[0][0]
    assert changed > 10
    for table in TABLES:
        assert now[table].equals(before["raw"][table]), table


def test_undo_to_the_beginning_gives_tracking_back(written: tuple[Path, dict, dict]) -> None:
    folder, _, _ = written
    with open_study(folder, write=True) as study:
        first = raw_rows(study, 1)
        while apply(study, 1, "undo", {"scope": "tracks"}, author="Eve").error is None:
            pass
        for table, order in TABLES.items():
            names = first[table].column_names
            listed = f"SELECT {', '.join(names)} FROM {table} ORDER BY {order}"
            assert study.arrow(listed).equals(first[table]), table
        assert dict(study.rows("SELECT * EXCLUDE video_id FROM animals")) == {
            1: "animal1", 2: "animal2", 3: "animal3"
        }  # fmt: skip
        assert study.rows("SELECT count(*) FROM tracks WHERE edited IS NOT NULL") == [(0,)]


def test_tracks_with_many_edits_are_read_by_the_same_scan_as_without(tmp_path: Path) -> None:
    folder, pick = make(tmp_path / "study"), random.Random(1)

    def plan(study: Study) -> tuple[int, int, pa.Table]:
        sql = (
            "EXPLAIN SELECT t.* FROM tracks t JOIN runs r USING (run_id) "
            "WHERE r.active AND t.video_id = 1"
        )
        text = study.rows(sql)[0][1]
        rows = study.rows("SELECT count(*) FROM tracks")[0][0]
        return text.count("Seq Scan"), rows, read_tracks(study, 1)

    with open_study(folder) as study:
        scans, rows, before = plan(study)
    with open_study(folder, write=True) as study:
        for number in range(60):
            kind, data = some_edit(pick, [], number, 0)
            if kind.startswith("tracks.") and kind != "tracks.remove":
                apply(study, 1, kind, data, author="Ada")
    with open_study(folder) as study:
        again = plan(study)
        lying = study.rows("SELECT frame, animal_id FROM tracks ORDER BY rowid")
    assert again[:2] == (scans, rows) == (2, FRAMES * ANIMALS)
    assert lying[0][0] == 0 and [frame for frame, _ in lying] == sorted(f for f, _ in lying)
    assert len(again[2]) == len(before)
