"""A full drive, or one that may only be read: one clear line, nothing lost, and later it works."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from drives import Drive, drive
from film import write_video
from starlette.applications import Starlette
from starlette.testclient import TestClient
from terminal import ethoscribe, here

from app import workplace
from app.server.edit_routes import edit_routes
from app.workplace import Workplace
from storage.checks import examine_rows
from storage.edit_labels import save_labels
from storage.errors import StudyPlaceError
from storage.labels import label_of
from storage.study import open_study
from storage.tracks import read_tracks

SAME = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"}
TROUBLES = ("full", "read-only")
POSES = """scorer,DLC,DLC,DLC
bodyparts,nose,nose,nose
coords,x,y,likelihood
""" + "".join(f"{k},{k},{k + 1},0.9\n" for k in range(400))


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A tracked film in a study, and two files to work on, kept elsewhere."""
    folder = tmp_path_factory.mktemp("made")
    clip = write_video(folder / "clip.mp4", 60, size=(96, 72))
    write_video(folder / "other.mp4", 70, size=(96, 72))
    (folder / "poses.csv").write_text(POSES)
    assert here("track", clip, "-s", folder / "study", "--animals", 2).status == 0
    return folder


@pytest.fixture
def place(tmp_path, made) -> Iterator[Drive]:
    """A drive with a copy of the study on it; the other film is elsewhere."""
    with drive(tmp_path / "drive") as one:
        shutil.copytree(made / "study", one.folder / "study")
        shutil.copyfile(made / "clip.mp4", one.folder / "clip.mp4")
        yield one


@contextmanager
def trouble(place: Drive, what: str) -> Iterator[None]:
    with place.full() if what == "full" else place.read_only():
        yield


def seen(study: Path) -> tuple[object, ...]:
    """All that a person has in the study; it is whole, too."""
    with open_study(study) as opened:
        assert not examine_rows(opened)
        tables = ("videos", "runs", "bouts", "edits", "label_revisions")
        rows = [opened.rows(f"SELECT count(*) FROM {table}")[0][0] for table in tables]
        return (*rows, read_tracks(opened, 1).to_pylist())


def commands(made: Path, study: Path) -> dict[str, tuple[object, ...]]:
    """What people do that writes."""
    return {
        "track": ("track", made / "other.mp4", "-s", study, "--animals", 2),
        "import": ("import", made / "poses.csv", "-s", study, "--fps", 25),
        "edit": ("edit", "swap", "animal1", "animal2", "--from", 5, "-s", study, "--video", "clip"),
        "export": ("export", "tracks", "-s", study, "-o", study / "tracks.csv"),
        "export a sheet": ("export", "tracks", "-s", study, "-o", study / "tracks.xlsx"),
        "delete a run": ("runs", "delete", "clip", "-s", study, "--yes"),
    }


@pytest.mark.parametrize("what", TROUBLES)
def test_every_command_says_one_line_loses_nothing_and_works_later(made, place, what):
    study = place.folder / "study"
    before = seen(study)
    for name, command in commands(made, study).items():
        with trouble(place, what):
            # A sheet's archive once told of itself after the one line, as a process ends.
            real = name == "export a sheet" and what == "full"
            ended = (ethoscribe if real else here)(*command)
            assert ended.status == 1, (name, ended.err)
            assert not real or ended.says_one_clear_line(), ended.err
            assert len(ended.error_lines) == 1 and "Traceback" not in ended.err, ended.err
            said = ended.error_lines[0]
            hints = (
                "make room",
                "full",
                "may only be read",
                "permission",
                "Permission",
                "may not write",
            )
            assert any(hint in said for hint in hints), (name, said)
        assert seen(study) == before, name
        assert not list(study.glob("tracks.*"))
    for name, command in commands(made, study).items():
        ended = here(*command)
        assert ended.status == 0, (name, ended.err)
        if name == "edit":
            assert seen(study) != before


@pytest.mark.parametrize("what", TROUBLES)
def test_a_label_is_saved_or_said_not_to_be(place, what):
    study, shape = place.folder / "study", [label_of(np.ones((9, 9)), "mouse", x0=5, y0=5)]
    before = seen(study)
    with trouble(place, what), pytest.raises(StudyPlaceError), open_study(study, write=True) as one:
        for frame in range(20):  # more than one page of the log
            save_labels(one, 1, frame, shape, origin="person", author="Ada")
    assert seen(study) == before
    with open_study(study, write=True) as one:
        save_labels(one, 1, 0, shape, origin="person", author="Ada")
    assert seen(study)[4] == 1


@pytest.mark.parametrize("what", TROUBLES)
def test_the_page_is_told_to_keep_an_edit_and_to_send_it_again(place, what, monkeypatch):
    study = place.folder / "study"
    monkeypatch.setattr(workplace, "_current", Workplace.of(study))
    app = Starlette(routes=edit_routes())
    before, browser = seen(study), TestClient(app, base_url="http://localhost", headers=SAME)
    sent = {
        "client": "tab", "name": "Ada",
        "edits": [{"seq": k, "kind": "bouts.add", "data": {
            "behaviour": f"rear{k}", "subject": "animal1", "start_frame": k, "stop_frame": k + 9,
        }} for k in range(1, 21)],
    }  # fmt: skip
    with trouble(place, what):
        told = browser.post("/data/videos/1/edits", json=sent)
        assert told.status_code == 507, told.text  # 5xx: the queue keeps what it has
        assert study.name in json.loads(told.text)["error"]
    assert seen(study) == before
    told = browser.post("/data/videos/1/edits", json=sent)
    assert told.status_code == 200 and told.json()["acknowledged"] == 20
    assert seen(study)[2] == 20
    again = browser.post("/data/videos/1/edits", json=sent)  # the answer had been lost
    assert again.status_code == 200 and seen(study)[2] == 20


def test_a_drive_with_little_room_takes_small_things(place):
    if not place.real:
        pytest.skip("only a real drive has little room")
    study = place.folder / "study"
    with place.full(left=100_000):
        ended = here("edit", "rename", "animal1", "Ada", "-s", study, "--video", "clip")
        assert ended.status == 0, ended.err
        assert here("export", "tracks", "-s", study, "-o", "/dev/full").status == 1
    with open_study(study) as opened:
        assert not examine_rows(opened)
        assert opened.rows("SELECT name FROM animals WHERE animal_id = 1") == [("Ada",)]


def test_a_whole_study_may_be_read_where_nothing_may_be_written(place):
    study = place.folder / "study"
    with place.read_only():
        assert here("runs", "-s", study).status == 0
        assert here("doctor", "-s", study).out.startswith(("The study is whole", "space:"))
        out = place.folder.parent / "tracks.csv"
        assert here("export", "tracks", "-s", study, "-o", out).status == 0
        assert os.access(out, os.R_OK) and len(out.read_text().splitlines()) == 121


def test_a_sheet_that_stops_in_the_middle_leaves_the_study_to_writers(made, tmp_path):
    study = shutil.copytree(made / "study", tmp_path / "study")
    with Drive(tmp_path, real=False).full():
        assert here("export", "tracks", "-s", study, "-o", tmp_path / "t.xlsx").status == 1
    with open_study(study, write=True, timeout_s=5) as one:  # of this very process
        assert not examine_rows(one)
