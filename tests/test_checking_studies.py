"""A study is damaged in one way at a time; `doctor -s` says which, and mends what is safe."""

import json
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from film import write_video
from terminal import here

from app.keeping.checking import examine, is_note
from app.keeping.mending import repair
from storage.bouts import save_bouts
from storage.checks import Fault
from storage.checks.tracking import filled_px
from storage.edits import apply
from storage.label_masks import encode
from storage.labels import label_of
from storage.networks import register_network
from storage.study import Study, open_study
from storage.tracks import read_tracks
from storage.withdrawing import withdraw_run

FRAMES = 60


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A study as people have one: a tracked film, bouts, a correction, a label, a network."""
    folder = tmp_path_factory.mktemp("made")
    clip = write_video(folder / "clip.mp4", FRAMES, size=(160, 120))
    assert here("track", clip, "-s", folder / "study", "--animals", 2).status == 0
    (folder / "weights.pt").write_bytes(bytes(range(256)))
    with open_study(folder / "study", write=True) as study:
        add = {"behaviour": "rear", "subject": "animal1", "start_frame": 3, "stop_frame": 9}
        assert apply(study, 1, "bouts.add", add, author="Ada").error is None
        gone = {"animal": "animal1", "start_frame": 20, "stop_frame": 25}
        assert apply(study, 1, "tracks.delete", gone, author="Ada").error is None
        bouts = read_tracks(study, 1).to_pandas().head(1)
        bouts = bouts.assign(subject="animal1", start_frame=2, stop_frame=5)
        save_bouts(study, 1, bouts[["subject", "start_frame", "stop_frame"]], behaviour="near")
        shape = label_of(np.ones((4, 5)), "mouse", x0=10, y0=20)
        label(study, shape)
        register_network(
            study, "mice", folder / "weights.pt", kind="pt", classes=["mouse"], author="Ada"
        )
    return folder


def label(study: Study, shape) -> None:  # type: ignore[no-untyped-def]
    """Save one labelled frame as the tables have it."""
    study.rows(
        "INSERT INTO label_revisions (revision_id, batch, video_id, frame, origin, author, made_at)"
        " VALUES (nextval('label_revision_ids'), 1, 1, 7, 'person', 'Ada', '2026-03-01')"
    )
    x0, y0, x1, y1 = shape.box
    study.rows(
        "INSERT INTO labels VALUES (1, 0, 'mouse', NULL, ?, ?, ?, ?, ?)",
        [x0, y0, x1 - x0, y1 - y0, shape.rle],
    )


@pytest.fixture
def folder(made, tmp_path) -> Path:
    """A copy of it, beside its film."""
    shutil.copytree(made, tmp_path / "lab")
    return tmp_path / "lab" / "study"


def wrong(folder: Path) -> list[Fault]:
    """What is wrong with a study, without what is only worth knowing."""
    return [one for one in examine(folder) if not is_note(one)]


def sql(folder: Path, *statements: str) -> None:
    """Damage the tables."""
    with open_study(folder, write=True) as study:
        for one in statements:
            study.rows(one)


def answers(folder: Path) -> tuple[object, ...]:
    """All rows that a person sees."""
    with open_study(folder) as study:
        tables = ("tracks", "masks", "keypoints", "bouts", "animals", "edits", "labels")
        return tuple(study.rows(f"FROM {table} ORDER BY ALL") for table in tables)


def old(path: Path) -> Path:
    """Make a file look as if it had been left yesterday."""
    day_before = time.time() - 86_400
    os.utime(path, (day_before, day_before))
    return path


def test_a_whole_study_has_no_finding(folder):
    assert examine(folder) == []
    ended = here("doctor", "-s", folder)
    assert ended.status == 0 and ended.out == "The study is whole.\n"


DAMAGES = {
    "a film is gone": (
        lambda s: (s.parent / "clip.mp4").unlink(),
        "films", "There is no file", False,
    ),
    "a film is cut short": (
        lambda s: os.truncate(s.parent / "clip.mp4", 5000),
        "films", "Another film lies at", False,
    ),
    "a film was changed, its size was not": (
        lambda s: flip(s.parent / "clip.mp4"),
        "films", "is not the film it was", False,
    ),
    "rows of a run that is not there": (
        lambda s: sql(s, "INSERT INTO tracks BY NAME SELECT * REPLACE ('lost' AS run_id) "
                         "FROM tracks WHERE frame < 3"),
        "orphans", "6 rows of tracks belong to a run", True,
    ),
    "rows of a video that is not there": (
        lambda s: sql(s, "INSERT INTO metadata VALUES (9, NULL, 'dose', '1')"),
        "orphans", "1 row of metadata belong to a video", True,
    ),
    "labels without their revision": (
        lambda s: sql(s, "INSERT INTO labels BY NAME SELECT * REPLACE (77 AS revision_id) "
                         "FROM labels"),
        "orphans", "1 row of labels belong to a label revision", True,
    ),
    "an animal without its name": (
        lambda s: sql(s, "DELETE FROM animals WHERE animal_id = 2"),
        "orphans", "60 rows of tracks of clip are of animal 2", True,
    ),
    "a frame beyond the film": (
        lambda s: sql(s, "INSERT INTO tracks BY NAME SELECT * REPLACE (60 AS frame) FROM tracks "
                         "WHERE frame = 59"),
        "frames", "2 rows of tracks of clip", True,
    ),
    "an animal that there is not": (
        lambda s: sql(s, "INSERT INTO masks BY NAME SELECT * REPLACE (3 AS animal_id) FROM masks "
                         "WHERE frame = 4 AND animal_id = 1"),
        "frames", "1 row of masks of clip", True,
    ),
    "frames without rows": (
        lambda s: sql(s, "DELETE FROM tracks WHERE frame BETWEEN 30 AND 33"),
        "gaps", "8 rows of tracks of clip", False,
    ),
    "rows twice": (
        lambda s: sql(s, "INSERT INTO tracks SELECT * FROM tracks WHERE frame = 5"),
        "twice", "2 rows of tracks of clip", True,
    ),
    "rows twice that differ": (
        lambda s: sql(s, "INSERT INTO tracks BY NAME SELECT * REPLACE (x_px + 1 AS x_px) "
                         "FROM tracks WHERE frame = 5 AND animal_id = 1"),
        "twice", "and differ", False,
    ),
    "found but nowhere": (
        lambda s: sql(s, "UPDATE tracks SET x_px = NULL, y_px = NULL WHERE frame = 8"),
        "missing values", "found, but nowhere", False,
    ),
    "half a place": (
        lambda s: sql(s, "UPDATE tracks SET y_px = 3 WHERE frame = 22 AND animal_id = 1"),
        "missing values", "have half a place", False,
    ),
    "NaN where missing is NULL": (
        lambda s: sql(s, "UPDATE tracks SET heading_deg = 'nan' WHERE frame = 8"),
        "missing values", "2 rows of tracks of clip", True,
    ),
    "the time of another frame": (
        lambda s: sql(s, "UPDATE tracks SET time_s = time_s + 1 WHERE frame = 8"),
        "times", "2 rows of tracks of clip", True,
    ),
    "frame times that go back": (
        lambda s: sql(s, "UPDATE frame_times SET time_s = 0 WHERE frame = 40",
                      "UPDATE tracks SET time_s = 0 WHERE frame = 40"),
        "times", "1 frame time of clip lie before", False,
    ),
    "frame times that lack": (
        lambda s: sql(s, "DELETE FROM frame_times WHERE frame = 40"),
        "times", "clip has 60 frames and 59 frame times", False,
    ),
    "an outline that cannot be decoded": (
        lambda s: sql(s, "UPDATE masks SET rle = '\\x01\\x00'::BLOB WHERE frame = 9"),
        "masks", "2 masks of clip", False,
    ),
    "an outline outside of the picture": (
        lambda s: sql(s, "UPDATE masks SET x0 = 158 WHERE frame = 9 AND animal_id = 1"),
        "masks", "1 mask of clip", False,
    ),
    "two active runs": (
        lambda s: sql(s, "INSERT INTO runs BY NAME SELECT * REPLACE ('other' AS run_id) FROM runs",
                      "INSERT INTO tracks BY NAME SELECT * REPLACE ('other' AS run_id) "
                         "FROM tracks"),
        "runs", "clip has 2 active runs", False,
    ),
    "a run of another film": (
        lambda s: sql(s, "UPDATE runs SET video_hash = 'beef'"),
        "runs", "was made from another film", False,
    ),
    "a doubt of a frame that there is not": (
        lambda s: sql(s, "INSERT INTO doubts SELECT run_id, 1, 99, 'jump', 70, 80, [1], 0.5, 'x' "
                         "FROM runs"),
        "identities", "1 doubts of frames", False,
    ),
    "a bout that ends before it begins": (
        lambda s: sql(s, "UPDATE bouts SET stop_frame = 1 WHERE behaviour = 'rear'"),
        "bouts", "1 bout of clip", False,
    ),
    "a log of edits with a hole": (
        lambda s: sql(s, "INSERT INTO edits (video_id, scope, kind, data, result, author, "
                         "made_at, undoes) VALUES "
                         "(1, 'setup', 'undo', '{}', '{}', 'Ada', '2026-03-01', 99)"),
        "edits", "1 undo in the log", False,
    ),
    "a correction that cannot be undone": (
        lambda s: sql(s, "DELETE FROM edit_rows"),
        "edits", "have lost the rows from before", False,
    ),
    "a label that cannot be decoded": (
        lambda s: sql(s, "UPDATE labels SET rle = '\\x01\\x00'::BLOB"),
        "labels", "a label in frame 7 of clip cannot be decoded", False,
    ),
    "a label of a frame that there is not": (
        lambda s: sql(s, "UPDATE label_revisions SET frame = 200"),
        "labels", "1 labelled frame of clip are not in the film", False,
    ),
    "weights that are gone": (
        lambda s: next((s / "networks" / "mice").iterdir()).unlink(),
        "networks", "The weights of mice:1 are not at", False,
    ),
    "weights that were changed": (
        lambda s: flip(next((s / "networks" / "mice").iterdir())),
        "networks", "are not those of mice:1", False,
    ),
    "a draft that was left": (
        lambda s: old(written(s / "jobs" / "one.tmp")),
        "drafts", "jobs/one.tmp was never finished", True,
    ),
    "a run whose folder is gone": (
        lambda s: shutil.rmtree(next((s / "runs").iterdir())),
        "runs", "the picture of the empty arena of clip", False,
    ),
    "settings of a run that was never stored": (
        lambda s: old(old(written(s / "runs" / "20260101-x" / "settings.json")).parent),
        "runs", "runs/20260101-x is of a run that was never stored", True,
    ),
    "work on a film that is not there": (
        lambda s: old(old(written(s / "shards" / "beef-1" / "0.parquet")).parent),
        "shards", "shards/beef-1 (1 piece of work)", True,
    ),
    "half an upload": (
        lambda s: old(written(s / "videos" / "half.mp4")),
        "uploads", "videos/half.mp4 is no video of the study", True,
    ),
    "bouts found in tracks that are not there": (
        lambda s: sql(s, "UPDATE runs SET active = false, withdrawn_at = finished_at"),
        "orphans", "1 bout of analyses are of videos that are not tracked", True,
    ),
}  # fmt: skip


def flip(path: Path) -> None:
    """Change one byte in the middle."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)


def written(path: Path) -> Path:
    """A small file where there was none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"half")
    return path


NOT_AS_BEFORE = ("NaN where missing is NULL", "bouts found in tracks that are not there")


@pytest.mark.parametrize("name", DAMAGES)
def test_one_damage_is_one_finding_and_what_is_safe_is_mended(folder, name):
    before = answers(folder)
    damage, check, words, safe = DAMAGES[name]
    damage(folder)
    found, damaged = wrong(folder), answers(folder)
    mine = [one for one in found if one.check == check and words in one.detail]
    assert len(mine) == 1, [one.line() for one in found]
    assert mine[0].hint and bool(mine[0].repair) == safe
    if not safe:
        assert not repair(folder, found) and answers(folder) == damaged  # left alone
        return
    mended = repair(folder, found)
    assert mended and wrong(folder) == []
    assert (answers(folder) == before) == (name not in NOT_AS_BEFORE)
    log = next((folder / "repairs").glob("*/log.jsonl"))
    noted = [json.loads(line) for line in log.read_text().splitlines()]
    assert [one["done"] for one in noted] == [one.fault.repair for one in mended]
    assert all(one.kept is None or one.kept.exists() for one in mended)


def test_the_terminal_lists_asks_mends_and_says_where_things_are(folder):
    DAMAGES["rows twice"][0](folder)
    DAMAGES["frames without rows"][0](folder)
    told = here("doctor", "-s", folder)
    assert told.status == 1 and len(told.out.splitlines()) == 3
    assert "are missing, in frames 30 to 33: every" in told.out
    asked = here("doctor", "-s", folder, "--repair")
    assert asked.status == 1 and "Nothing was mended" in asked.err
    done = here("doctor", "-s", folder, "--repair", "--yes")
    assert done.status == 1 and "1 finding mended, see repairs/. 1 finding to look at" in done.out
    record = json.loads(here("doctor", "-s", folder, "--json").out)
    assert not record["ok"] and [one["check"] for one in record["findings"]] == ["gaps"]


def test_runs_out_of_sight_are_told_and_purged_only_when_asked(folder):
    with open_study(folder, write=True) as study:
        run = study.rows("SELECT run_id FROM runs")[0][0]
        withdraw_run(study, run)
    told = here("doctor", "-s", folder)
    assert told.status == 0 and "1 run out of sight, 120 rows of tracks" in told.out
    assert "No run was deleted" in here("doctor", "-s", folder, "--purge", 1).err
    refused = here("doctor", "-s", folder, "--purge", 0)
    assert refused.status == 1 and "Nothing was removed" in refused.err
    assert (folder / "runs" / run).is_dir()
    done = here("doctor", "-s", folder, "--purge", 0, "--yes")
    assert done.status == 0 and "120 rows of tracks are gone for good" in done.err
    assert not (folder / "runs" / run).exists() and examine(folder) == []


def test_a_database_that_is_torn_is_said_in_one_line(folder):
    (folder / "study.duckdb").write_bytes(b"torn" * 5000)
    ended = here("doctor", "-s", folder)
    assert ended.status == 1 and ended.says_one_clear_line() and "backup" in ended.err


def test_repair_and_purge_need_a_study():
    assert "Say by -s which study" in here("doctor", "--repair").err


def test_run_lengths_are_counted_as_they_are_decoded():
    rng = np.random.default_rng(1)
    masks = [rng.random((int(h), int(w))) > 0.5 for h, w in rng.integers(1, 40, (50, 2))]
    assert filled_px([encode(mask) for mask in masks]).tolist() == [mask.size for mask in masks]
