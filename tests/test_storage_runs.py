"""A run goes into the study whole and quickly, or not at all."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from storage_samples import (
    STARTED,
    Info,
    add_tracked,
    mask_shard,
    point_shard,
    run_of,
    track_shard,
)
from test_study import start, wait_ready

from storage.authors import who
from storage.bouts import analysed_bouts, read_bouts, save_bouts
from storage.runs import Run, active_run, ingest_run, runs
from storage.study import Study, StudyError, open_study
from storage.tracks import read_keypoints, read_masks, read_tracks
from storage.videos import add_video, animal_names

X = np.array([[1.0, 10.0], [2.0, np.nan], [3.0, 30.0], [4.0, 40.0]])
Y = X + 100


def counts(study: Study, video_id: int = 1) -> dict[str, int]:
    return {
        table: study.rows(f"SELECT count(*) FROM {table} WHERE video_id = ?", [video_id])[0][0]
        for table in ("tracks", "masks", "keypoints")
    }


def test_a_run_comes_back_with_everything_that_made_it(tmp_path: Path) -> None:
    run = replace(
        run_of("2026-03-01", 2),
        settings={"name": "ü 'x' \"y\"", "area_px": [10, 2.5], "invert": None},
        started_at=datetime.fromisoformat("2026-03-01T10:30:00+01:00"),
    )
    with open_study(tmp_path / "s", create=True) as study:
        info = Info(tmp_path / "a.mp4")
        video = add_video(study, info)
        assert active_run(study, video.video_id) is None
        shard = track_shard(tmp_path / "t.parquet", X, Y, info.time_s)
        stored = ingest_run(study, video.video_id, run, [shard], [], [])
    with open_study(tmp_path / "s") as study:
        found = active_run(study, 1)
        assert animal_names(study, 1) == {1: "animal1", 2: "animal2"}
    assert found == stored
    noted = {"video_hash": info.content_hash, "made_by": who()}
    assert found == replace(
        run, video_id=1, active=True, share_detected=7 / 8, started_at=STARTED, **noted
    )
    assert found.started_at.tzinfo is UTC


def test_shards_in_folders_with_odd_names_are_read_in_order(tmp_path: Path) -> None:
    folder = tmp_path / 'It\'s "Käfig" [1-9] * ?'
    with open_study(tmp_path / "s", create=True) as study:
        info = Info(tmp_path / "a.mp4")
        add_video(study, info)
        shards = [
            track_shard(
                folder / f"{first}.parquet", X[first:][:2], Y[first:][:2], info.time_s, first
            )
            for first in (0, 2)
        ]
        masks = [mask_shard(folder / "m.parquet", X, Y)]
        points = [point_shard(folder / "k.parquet", X, Y, ("nose",))]
        ingest_run(study, 1, run_of("r", 2), shards, masks, points, ["resident", "intruder"])
        assert counts(study) == {"tracks": 8, "masks": 7, "keypoints": 7}
        rows = study.rows("SELECT frame, animal_id, x_px, y_px, detected FROM tracks")
        assert animal_names(study, 1) == {1: "resident", 2: "intruder"}
    assert rows[:4] == [
        (0, 1, 1, 101, True),
        (0, 2, 10, 110, True),
        (1, 1, 2, 102, True),
        (1, 2, None, None, False),
    ]


def test_a_new_run_takes_the_place_of_the_old_one_in_its_video_only(tmp_path: Path) -> None:
    with open_study(tmp_path / "s", create=True) as study:
        add_tracked(study, tmp_path, X, Y, name="a", points=("nose",), masks=True)
        add_tracked(study, tmp_path, X, Y, name="b")
        shard = track_shard(tmp_path / "t.parquet", X[:, :1], Y[:, :1], Info(tmp_path).time_s)
        again = replace(run_of("again", 1), finished_at=STARTED + timedelta(days=1))
        ingest_run(study, 1, again, [shard], [], [])
    with open_study(tmp_path / "s") as study:
        assert len(read_tracks(study, 1)) == 4  # of the new run alone, the old one is kept aside
        assert not len(read_masks(study, 1)) and not len(read_keypoints(study, 1))
        assert counts(study, 1) == {"tracks": 12, "masks": 7, "keypoints": 7}
        assert counts(study, 2)["tracks"] == 8
        listed = [(run.run_id, run.active) for run in runs(study)]
        assert listed == [("run-a", False), ("run-b", True), ("again", True)]
        assert [run.run_id for run in runs(study, 1)] == ["run-a", "again"]
        assert animal_names(study, 1) == {1: "animal1"}


def test_bouts_computed_from_the_old_tracks_go_with_them_and_scored_ones_stay(
    tmp_path: Path,
) -> None:
    bouts = pd.DataFrame({"subject": ["animal2"], "start_frame": [0], "stop_frame": [2]})
    with open_study(tmp_path / "s", create=True) as study:
        for name in ("a", "b"):
            video = add_tracked(study, tmp_path, X, Y, name=name)
            save_bouts(study, video.video_id, bouts, behaviour="close")
        save_bouts(study, 1, bouts, behaviour="close", source="person", annotator="Ada")
        assert analysed_bouts(study, 1) == {"close": 1}
        shard = track_shard(tmp_path / "t.parquet", X[:, :1], Y[:, :1], Info(tmp_path).time_s)
        ingest_run(study, 1, run_of("again", 1), [shard], [], [])
        assert analysed_bouts(study, 1) == {}
        left = read_bouts(study)[["video", "source"]].values.tolist()
    assert left == [["a", "person"], ["b", "analysis"]]


def test_a_position_that_is_not_a_number_is_stored_as_missing(tmp_path: Path) -> None:
    with open_study(tmp_path / "s", create=True) as study:
        info = Info(tmp_path / "a.mp4", 1)
        add_video(study, info)
        shard = track_shard(tmp_path / "t.parquet", X[:1], Y[:1], info.time_s)
        table = pq.read_table(shard)
        for column in ("heading_deg", "identity_confidence"):
            place = table.schema.get_field_index(column)
            nan = pa.array([np.nan, np.inf], pa.float32(), from_pandas=False)
            table = table.set_column(place, column, nan)
        pq.write_table(table, shard)
        ingest_run(study, 1, run_of("r", 2), [shard], [], [])
        assert (
            study.rows("SELECT heading_deg, identity_confidence FROM tracks") == [(None, None)] * 2
        )


def refuse_run(
    folder: Path, words: str, run: Run, shard: Path, names: list[str] | None = None
) -> None:
    with (
        pytest.raises(StudyError, match=words),
        open_study(folder / "s", write=True) as study,
    ):
        ingest_run(study, 1, run, [shard], [], [], names)


def without(column: str) -> Callable[[pa.Table], pa.Table]:
    return lambda table: table.drop_columns([column])


def with_value(column: str, row: int, value: object) -> Callable[[pa.Table], pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        values = table[column].to_pylist()
        values[row] = value
        field = table.schema.field(column)
        return table.set_column(
            table.schema.get_field_index(column), column, pa.array(values, field.type)
        )

    return change


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (without("area_px"), "no column area_px"),
        (lambda table: table.slice(0, 7), "7 rows for 4 frames x 2 animals"),
        (with_value("frame", 0, 4), "1 rows of frames or animals that do not exist"),
        (with_value("animal_id", 0, 3), "1 rows of frames or animals that do not exist"),
        (with_value("frame", 0, 1), "1 rows twice"),
        (with_value("x_px", 0, None), "1 rows where detected and position disagree"),
        (with_value("detected", 0, False), "1 rows where detected and position disagree"),
        (with_value("time_s", 7, 0.1201), "1 rows whose time is not their frame's"),
    ],
)
def test_a_run_that_is_not_whole_is_refused_and_the_old_one_stays(
    tmp_path: Path, damage: Callable[[pa.Table], pa.Table], words: str
) -> None:
    with open_study(tmp_path / "s", create=True) as study:
        add_tracked(study, tmp_path, X, Y, masks=True, points=("nose",))
    shard = track_shard(tmp_path / "new.parquet", X, Y, Info(tmp_path).time_s)
    pq.write_table(damage(pq.read_table(shard)), shard)
    with (
        pytest.raises(StudyError, match=words) as caught,
        open_study(tmp_path / "s", write=True) as study,
    ):
        ingest_run(study, 1, run_of("new", 2), [shard], [], [])
    assert "track the video again" in str(caught.value)
    with open_study(tmp_path / "s") as study:
        assert [(run.run_id, run.active) for run in runs(study)] == [("run-clip", True)]
        assert counts(study) == {"tracks": 8, "masks": 7, "keypoints": 7}


def test_parts_of_animals_that_do_not_exist_or_twice_are_refused(tmp_path: Path) -> None:
    with open_study(tmp_path / "s", create=True) as study:
        info = Info(tmp_path / "a.mp4")
        add_video(study, info)
        tracks = [track_shard(tmp_path / "t.parquet", X[:, :1], Y[:, :1], info.time_s)]
        masks = [mask_shard(tmp_path / "m.parquet", X, Y)]
        points = [point_shard(tmp_path / "k.parquet", X[:, :1], Y[:, :1], ("nose",))]
        with pytest.raises(StudyError, match="3 masks of frames or animals that do not exist"):
            ingest_run(study, 1, run_of("r", 1), tracks, masks, points)
        with pytest.raises(StudyError, match="4 keypoints twice"):
            ingest_run(study, 1, run_of("r", 1), tracks, [], points * 2)


def test_a_damaged_missing_or_repeated_run_is_refused(tmp_path: Path) -> None:
    with open_study(tmp_path / "s", create=True) as study:
        add_tracked(study, tmp_path, X, Y)
    good = track_shard(tmp_path / "good.parquet", X, Y, Info(tmp_path).time_s)
    (tmp_path / "cut.parquet").write_bytes(good.read_bytes()[:-20])
    body = bytearray(good.read_bytes())
    body[4:400] = os.urandom(396)
    (tmp_path / "rotten.parquet").write_bytes(body)
    cases = {
        "cut": "cut.parquet is missing or damaged: track the video again",
        "nowhere": "nowhere.parquet is missing or damaged",
        "rotten": "could not be written: ",
    }
    for name, words in cases.items():
        refuse_run(tmp_path, words, run_of("new", 2), tmp_path / f"{name}.parquet")
    refuse_run(tmp_path, "run-clip is stored already", run_of("run-clip", 2), good)
    words = "2 animals need 2 different names, got: a, a"
    refuse_run(tmp_path, words, run_of("new", 2), good, ["a", "a"])
    with open_study(tmp_path / "s") as study:
        assert counts(study)["tracks"] == 8


def test_a_process_killed_while_it_stores_leaves_the_run_before(tmp_path: Path) -> None:
    """Killed before the commit, and at five moments around it."""
    rng = np.random.default_rng(3)
    x_px = rng.uniform(0, 600, (20_000, 4))
    with open_study(tmp_path / "s", create=True) as study:
        add_tracked(study, tmp_path, x_px, x_px, masks=True)
    code = """
    from pathlib import Path
    from storage.runs import ingest_run
    from storage_samples import run_of
    shards = Path(sys.argv[1]) / "shards" / "clip"
    with open_study(Path(sys.argv[1]) / "s", write=True) as study:
        tracks, masks = [shards / "t.parquet"], [shards / "m.parquet"]
        ingest_run(study, 1, run_of(sys.argv[2], 4), tracks, masks, [])
        print("ready", flush=True)
        if sys.argv[2] == "before":
            sys.stdin.readline()
    """
    for moment in ("before", *range(5)):
        process = start(code, tmp_path, moment)
        wait_ready(process)
        if moment != "before":
            time.sleep(0.02 * int(moment))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        with open_study(tmp_path / "s") as study:
            active = [run.run_id for run in runs(study) if run.active]
            for table in ("tracks", "masks"):  # every run is whole or not there
                sql = f"SELECT DISTINCT count(*) FROM {table} GROUP BY run_id"
                assert study.rows(sql) == [(80_000,)]
            assert len(read_tracks(study, 1)) == 80_000
            assert len(active) == 1 and active != ["before"]


def test_a_million_rows_are_stored_in_seconds_and_their_place_is_used_again(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(5)
    x_px = rng.uniform(0, 600, (200_000, 5))
    info = Info(tmp_path / "a.mp4", 200_000)
    shards = [
        track_shard(tmp_path / f"{first}.parquet", part, part, info.time_s, first)
        for first in range(0, 200_000, 10_000)
        for part in [x_px[first : first + 10_000]]
    ]
    sizes, seconds = [], []
    for number in range(4):
        with open_study(tmp_path / "s", create=True) as study:
            add_video(study, info)
            began = time.process_time()
            ingest_run(study, 1, run_of(f"r{number}", 5), shards, [], [])
        seconds.append(time.process_time() - began)
        sizes.append((tmp_path / "s" / "study.duckdb").stat().st_size)
    assert min(seconds) < 5  # CPU seconds, so that a busy machine passes; 1.3
    # there is place for the present run, the one it replaced, and one that is just purged
    assert sizes[3] < 1.2 * sizes[2]
