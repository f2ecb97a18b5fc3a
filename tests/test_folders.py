"""Folders of films: which videos are meant, what their names say, and which rows are about them."""

from pathlib import Path

import pandas as pd
import pytest
from film import write_video
from terminal import here

from app.errors import AppError
from app.jobs.about_videos import about_videos, unmatched_lines
from app.jobs.ahead import look_ahead
from app.jobs.estimate import Estimate, ToDo, estimate, seconds_needed
from app.jobs.folders import Found, facts_of, find_videos
from app.jobs.tracking_job import Ask
from storage.metadata import read_metadata, save_metadata
from storage.study import open_study
from storage.videos import videos

SIZE = (96, 72)


def touched(folder: Path, *names: str) -> list[Path]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return [folder / name for name in names]


def test_a_folder_stands_for_the_videos_in_it_and_below_each_once(tmp_path):
    a, b, *_ = touched(
        tmp_path, "a.mp4", "deep/b.AVI", "notes.txt", ".hidden/c.mp4", "study/study.duckdb",
        "study/proxies/d.mp4",
    )  # fmt: skip
    assert [one.path for one in find_videos([tmp_path, a])] == [a, b]
    assert [one.path for one in find_videos([tmp_path / "*.mp4"])] == [a]
    assert [one.path for one in find_videos([tmp_path / "**" / "*.AVI"])] == [b]
    assert [one.path for one in find_videos([tmp_path / "no.mp4"])] == [tmp_path / "no.mp4"]
    for nothing in (tmp_path / "study" / "proxies" / "*.mov", tmp_path / ".hidden" / "x*"):
        with pytest.raises(AppError, match="No video is called"):
            find_videos([nothing])


def test_a_pattern_passes_over_hidden_files_and_copies_in_a_study(tmp_path, monkeypatch):
    touched(tmp_path, "a/clip.mp4", "b/clip.mp4", "a/.cut.mp4", ".old/clip.mp4", "notes.txt")
    study = tmp_path / "a" / "study"
    with open_study(study, create=True):
        touched(study, "copies/clip.mp4")
    monkeypatch.chdir(tmp_path)
    # what a person gave from here is called from here
    found = [str(one.path) for one in find_videos([Path("**/*.mp4")])]
    assert found == ["a/clip.mp4", "b/clip.mp4"]
    inside = find_videos([Path("a/study/copies/*.mp4")])
    assert [str(one.path) for one in inside] == ["a/study/copies/clip.mp4"]
    above = find_videos([tmp_path / "[ab]" / "*.mp4"])
    assert [one.path for one in above] == [tmp_path / "a/clip.mp4", tmp_path / "b/clip.mp4"]
    monkeypatch.chdir(tmp_path / "a")
    assert len(find_videos([Path("../b/*.mp4")])) == 1


def test_files_whose_names_hold_brackets_are_taken_as_they_are(tmp_path):
    (odd,) = touched(tmp_path, "cage [1].mp4")
    assert [one.path for one in find_videos([odd])] == [odd]


@pytest.mark.parametrize(
    ("path", "facts", "name"),
    [
        (
            "raw/sub-01_sex-F/ses-02_date-20250131/behav/cage.mp4",
            {"subject": "01", "sex": "F", "session": "02", "date": "2025-01-31"},
            "sub-01_ses-02_cage",
        ),
        (
            "sub-M7/ses-1_datetime-20250131T093000/sub-M7_ses-1_task-open-field.mp4",
            {"subject": "M7", "session": "1", "datetime": "2025-01-31T09:30:00",
             "task": "open-field"},
            None,
        ),
        ("sub-01/ses-1_date-20251340/x.mp4", {"subject": "01", "session": "1", "date": "20251340"},
         "sub-01_ses-1_x"),
        ("films/cage-3_day-2.mp4", {}, None),
    ],
)  # fmt: skip
def test_names_of_pairs_become_facts_where_they_begin_with_a_subject(tmp_path, path, facts, name):
    assert facts_of(tmp_path / path) == facts
    (file,) = touched(tmp_path, path)
    assert [one.name for one in find_videos([file])] == [name]


def found(**names: dict[str, str]) -> list[Found]:
    return [Found(Path(f"/films/{name}.mp4"), facts) for name, facts in names.items()]


def test_a_table_is_joined_by_the_names_of_files():
    films = found(a={}, b={}, c={})
    table = pd.DataFrame({"video": ["a", "b.mp4", "films/z"], "group": ["x", "y", "z"]}, dtype=str)
    about = about_videos(films, table, "mice.csv")
    assert {p.stem: rows["group"].tolist() for p, rows in about.rows.items()} == {
        "a": ["x"], "b": ["y"],
    }  # fmt: skip
    assert unmatched_lines(about, "mice.csv") == [
        "mice.csv: no video for films/z.", "mice.csv: nothing about c.mp4.",
    ]  # fmt: skip


def test_a_table_is_joined_by_subject_and_by_session_where_it_has_them():
    films = found(
        a={"subject": "01", "session": "1"}, b={"subject": "01", "session": "2"},
        c={"subject": "M2", "session": "1"},
    )  # fmt: skip
    table = pd.DataFrame(
        {"Subject": ["1", "sub-M2", "9"], "sex": ["F", "M", "F"]}, dtype=str
    )  # fmt: skip
    about = about_videos(films, table, "mice.csv")
    assert {p.stem: rows["sex"].tolist() for p, rows in about.rows.items()} == {
        "a": ["F"], "b": ["F"], "c": ["M"],
    }  # fmt: skip
    assert about.strangers == ["9"]
    table["session"] = ["02", "1", "1"]
    about = about_videos(films, table, "mice.csv")
    assert {p.stem for p in about.rows} == {"b", "c"} and about.unsaid == ["a.mp4"]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"mouse": ["1"], "sex": ["F"]}, "needs a column video or subject"),
        ({"video": ["zzz"], "sex": ["F"]}, "No row of mice.csv is about any"),
        ({"subject": ["1"]}, "No row of mice.csv"),
        ({"video": ["a"]}, "says nothing but which videos"),
    ],
)
def test_a_table_that_cannot_be_joined_is_refused(table, said):
    with pytest.raises(AppError, match=said):
        about_videos(found(a={}), pd.DataFrame(table, dtype=str), "mice.csv")


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """Two subjects whose films have one name."""
    folder = tmp_path_factory.mktemp("project")
    for number, name in enumerate(("sub-01/ses-1_date-20250131", "sub-02/ses-1_date-20250201")):
        place = folder / name / "behav"
        place.mkdir(parents=True)
        write_video(place / "cage.mp4", 40 + number, animals=1, size=SIZE)
    return folder


def test_a_plan_says_what_would_be_done_and_changes_nothing(project, tmp_path):
    study = tmp_path / "s"
    ended = here("track", project, "-s", study, "--animals", 1, "--set", "open_px=1", "--dry-run")
    assert ended.status == 0, ended.err
    rows = [line.split() for line in ended.out.splitlines() if ".mp4" in line]
    assert [row[1:4] for row in rows[:2]] == [["40", "1", "0"], ["41", "1", "0"]]
    assert "n_animals=1 open_px=1" in ended.out
    assert "2 videos, 81 frames: 2 to do (2 chunks), 0 tracked before" in ended.out
    assert "with 1 process, as measured on cage.mp4" in ended.out
    assert "metadata: date, session, subject" in ended.out
    assert not study.exists()


def test_folders_and_a_table_become_metadata_and_a_plan_knows_what_was_done(project, tmp_path):
    study, table = tmp_path / "s", tmp_path / "mice.csv"
    table.write_text("subject,group\n1,control\n3,drug\n")
    ended = here("track", project, "-s", study, "--animals", 1, "--metadata", table)
    assert ended.status == 0, ended.err
    assert "mice.csv: no video for 3." in ended.err
    assert "mice.csv: nothing about sub-02_ses-1_cage." in ended.err
    with open_study(study, write=True) as opened:
        assert [v.name for v in videos(opened)] == ["sub-01_ses-1_cage", "sub-02_ses-1_cage"]
        wide = read_metadata(opened).set_index("video")
        assert wide["group"].tolist() == ["control", None]
        assert wide["date"].tolist() == ["2025-01-31", "2025-02-01"]
        # what a person corrects, a name of a folder does not put back
        corrected = pd.DataFrame({"video": ["sub-01_ses-1_cage"], "date": ["2025-01-30"]})
        save_metadata(opened, corrected)
    again = here("track", project, "-s", study, "--animals", 1)
    assert again.err.count("already tracked") == 2
    with open_study(study) as opened:
        assert read_metadata(opened)["date"].tolist() == ["2025-01-30", "2025-02-01"]
    plans = look_ahead(study, [(one, Ask(1)) for one in find_videos([project])])
    assert [plan.state for plan in plans] == ["tracked", "tracked"]
    forced = look_ahead(study, [(one, Ask(1, force=True)) for one in find_videos([project])])
    assert [plan.state for plan in forced] == ["tracked anew", "tracked anew"]
    assert forced[0].task is not None
    speed = estimate(study, forced[0].task)
    assert speed is not None and speed.source == "as 2 runs in this study took"
    table.write_text("subject;group\n1;control\n2;drug\n")
    told = here("track", project, "-s", study, "--animals", 1, "--metadata", table, "--dry-run")
    assert told.status == 0 and "metadata: date, group, session, subject" in told.out
    refused = here("track", project, "-s", study, "--animals", 2, "--dry-run")
    assert refused.status == 1 and "--force tracks it anew" in refused.out


def test_the_time_needed_counts_what_each_video_needs_and_the_longest_of_them(monkeypatch):
    monkeypatch.setattr("app.jobs.estimate.cores", lambda: 2)
    speed = Estimate(1e-6, 1.6, "as measured")
    short, long, begun = ToDo(1e6, 1), ToDo(40e6, 4), ToDo(1e6, 1, tuned=True)
    # 1.5 s until the process is there, 1.6 s for settings and 0.4 s to store, 1 s a million pixels
    assert seconds_needed([short] * 3, speed, 1) == pytest.approx(1.5 + 3 * 3)
    assert seconds_needed([begun], speed, 1) == pytest.approx(1.5 + 1.4)
    # two at once, of which one has to wait for the third; eight do not help two cores
    assert seconds_needed([short] * 4, speed, 2) == pytest.approx(3 + 2 * 3)
    assert seconds_needed([short] * 4, speed, 8) == pytest.approx(3 + 2 * 3)
    assert seconds_needed([short] * 4, speed, 8, here=False) == pytest.approx(3 + 3)
    # a film of four chunks is divided among four, and others are done meanwhile
    assert seconds_needed([long, short, short], speed, 8, here=False) == pytest.approx(3 + 2 + 10)
