"""Bad input of every kind, with real files: one clear line, the right status, the study intact."""

import os
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from film import write_sound, write_video
from terminal import Ended, environment, here

from storage.regions import Region, save_region
from storage.study import open_study
from storage.videos import videos
from storage.writers.exports import bouts_table, tracks_table


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> Path:
    """A study with one tracked video and a region."""
    folder = tmp_path_factory.mktemp("good")
    video = write_video(folder / "good.mp4", n_frames=90)
    ended = here("track", video, "-s", folder / "study", "--animals", 2)
    assert ended.status == 0, ended.err
    with open_study(folder / "study", write=True) as study:
        save_region(study, 1, Region("corner", "rectangle", "region", ((0, 0), (80, 80))))
    return folder / "study"


def content(study: Path) -> tuple[list[str], bytes, bytes]:
    """All that a person would miss in a study."""
    with open_study(study) as opened:
        names = [video.name for video in videos(opened)]
        tables = [make(opened).to_pandas() for make in (tracks_table, bouts_table)]
    return names, *(table.to_csv().encode() for table in tables)


def track_bad(study: Path, video: object, *more: object, listed: bool = False) -> Ended:
    """Track a video that cannot be tracked, and check that the study did not notice.

    `listed`: a video that can be read may stay in the list of videos, without tracks.
    """
    names, *tables = content(study)
    ended = here("track", video, "-s", study, "--animals", 2, *more)
    names_after, *tables_after = content(study)
    assert tables_after == tables
    assert names_after == names or (listed and names_after[:-1] == names)
    assert not list(study.glob("shards/*/*")), "work in progress was left behind"
    return ended


def refused(ended: Ended, *words: str) -> None:
    """Check for status 1 and one line with these words."""
    assert ended.status == 1, ended.err
    assert ended.says_one_clear_line(), ended.err
    assert ended.out == ""
    for word in words:
        assert word in ended.err


def test_a_missing_file_is_named(good):
    refused(track_bad(good, "/no/such/clip.mp4"), "/no/such/clip.mp4", "does not exist")


def test_a_folder_is_no_video(good, tmp_path):
    refused(track_bad(good, tmp_path), str(tmp_path), "folder")


def test_text_that_is_called_mp4_is_no_video(good, tmp_path):
    clip = tmp_path / "notes.mp4"
    clip.write_text("mouse 3, box 2, no video today\n" * 50)
    refused(track_bad(good, clip), "notes.mp4")


def test_zero_bytes_are_said_to_be_empty(good, tmp_path):
    clip = tmp_path / "empty.mp4"
    clip.touch()
    refused(track_bad(good, clip), "empty.mp4", "empty")


def test_a_copy_that_lost_its_end_and_index_is_refused(good, tmp_path):
    clip = write_video(tmp_path / "cut.mp4")
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    refused(track_bad(good, clip), "cut.mp4", "Copy it again")


@pytest.mark.parametrize("share", [0.35, 0.6, 0.97])
def test_a_copy_that_lost_its_end_but_has_an_index_is_refused(good, tmp_path, share):
    clip = write_video(tmp_path / "cut.mp4", moov_first=True)
    clip.write_bytes(clip.read_bytes()[: int(clip.stat().st_size * share)])
    refused(track_bad(good, clip), "cut.mp4", "Copy it again")


@pytest.mark.parametrize("name", ["sound.mp4", "sound.m4a"])
def test_sound_without_picture_is_refused(good, tmp_path, name):
    refused(track_bad(good, write_sound(tmp_path / name)), name, "only sound")


def test_one_frame_is_too_short_to_track(good, tmp_path):
    refused(track_bad(good, write_video(tmp_path / "one.mp4", n_frames=1)), "one.mp4", "1 frame")


def test_no_animals_are_refused_before_the_video_is_opened(good):
    for number in ("0", "-3"):
        ended = here("track", "clip.mp4", "-s", good, "--animals", number)
        refused(ended, f"--animals is {number}")


def test_a_number_of_animals_in_words_is_wrong_usage(good):
    ended = here("track", "clip.mp4", "-s", good, "--animals", "two")
    assert ended.status == 2 and "--animals" in ended.err and "Traceback" not in ended.err


def test_far_too_many_animals_are_refused(good, tmp_path):
    clip = write_video(tmp_path / "two.mp4")
    refused(track_bad(good, clip, "--animals", 500, listed=True), "500")


def test_an_unknown_setting_is_named(good, tmp_path):
    clip = write_video(tmp_path / "two.mp4", n_frames=30)
    refused(track_bad(good, clip, "--set", "treshold=3", listed=True), "treshold")


def test_one_bad_video_does_not_stop_the_others(tmp_path):
    first, second = (write_video(tmp_path / f"{n}.mp4", n_frames=60 + n) for n in (1, 2))
    ended = here(
        "track", first, tmp_path / "no.mp4", second, "-s", tmp_path / "study", "--animals", 2
    )
    assert ended.status == 1
    assert len(ended.error_lines) == 1 and "no.mp4" in ended.error_lines[0]
    assert "1 of 3 videos failed." in ended.err
    with open_study(tmp_path / "study") as study:
        assert [video.name for video in videos(study)] == ["1", "2"]


def test_a_failed_first_video_leaves_a_study_that_can_be_used(tmp_path):
    ended = here("track", tmp_path / "no.mp4", "-s", tmp_path / "study", "--animals", 1)
    refused(ended, "no.mp4")
    clip = write_video(tmp_path / "clip.mp4", n_frames=60, animals=1)
    ended = here("track", clip, "-s", tmp_path / "study", "--animals", 1)
    assert ended.status == 0, ended.err


def exported_times(study: Path, tmp_path: Path) -> pd.DataFrame:
    """The tracks of a study as its CSV has them."""
    ended = here("export", "tracks", "-s", study, "-o", tmp_path / "t.csv")
    assert ended.status == 0, ended.err
    return pd.read_csv(tmp_path / "t.csv")


def test_29_97_frames_per_second_do_not_drift(tmp_path):
    rate = Fraction(30000, 1001)
    clip = write_video(tmp_path / "ntsc.mp4", n_frames=100, fps=rate)
    ended = here("track", clip, "-s", tmp_path / "study", "--animals", 2)
    assert ended.status == 0, ended.err
    tracks = exported_times(tmp_path / "study", tmp_path)
    expected = tracks["frame"] * 1001 / 30000
    assert len(tracks) == 200
    assert np.abs(tracks["time_s"] - expected).max() < 1e-4
    with open_study(tmp_path / "study") as study:
        assert videos(study)[0].fps == rate


def test_a_variable_frame_rate_keeps_every_frame_time(tmp_path):
    steps = np.where(np.arange(79) % 7 == 3, 120, 40)  # a camera that drops frames
    times = [0, *np.cumsum(steps).tolist()]
    clip = write_video(tmp_path / "vfr.mp4", n_frames=80, times=times)
    ended = here("track", clip, "-s", tmp_path / "study", "--animals", 2)
    assert ended.status == 0, ended.err
    tracks = exported_times(tmp_path / "study", tmp_path)
    assert np.allclose(tracks["time_s"][tracks["animal"] == "animal1"] * 1000, times, atol=0.01)
    with open_study(tmp_path / "study") as study:
        assert videos(study)[0].variable_rate


@pytest.mark.parametrize(
    "name",
    ["mouse 1 day 2.mp4", "Käfig 3 – Männchen.mp4", 'it\'s "cage" 4.mp4', "a[1]*?.mp4", "-s.mp4"],
)
def test_strange_file_names_work_from_video_to_csv(tmp_path, name):
    folder = tmp_path / "Müller's data"
    folder.mkdir()
    clip = write_video(folder / name, n_frames=60)
    study = folder / "study ä 'x'"
    ended = here("track", clip, "-s", study, "--animals", 2)
    assert ended.status == 0, ended.err
    tracks = exported_times(study, folder)
    assert set(tracks["video"]) == {clip.stem}
    assert len(tracks) == 120


def test_a_study_made_by_a_newer_version_is_left_alone(tmp_path):
    clip = write_video(tmp_path / "clip.mp4", n_frames=60)
    study = tmp_path / "study"
    with open_study(study, create=True):
        pass
    connection = duckdb.connect(str(study / "study.duckdb"))
    columns = [row[0] for row in connection.execute("DESCRIBE schema_migrations").fetchall()]
    latest = connection.execute("SELECT max(version) FROM schema_migrations").fetchone()[0]
    rest = ", ".join(f'"{name}"' for name in columns if name != "version")
    connection.execute(
        f"INSERT INTO schema_migrations (version{', ' + rest if rest else ''}) "
        f"SELECT version + 100{', ' + rest if rest else ''} FROM schema_migrations "
        f"WHERE version = {latest}"
    )
    connection.close()
    before = (study / "study.duckdb").read_bytes()
    for arguments in (
        ("track", clip, "--animals", 2),
        ("ask", "how far did animal1 move?"),
        ("export", "tracks", "-o", tmp_path / "t.csv"),
    ):
        refused(here(*arguments, "-s", study), "newer")
    assert (study / "study.duckdb").read_bytes() == before
    assert not (tmp_path / "t.csv").exists()


AS_NOBODY = """
import os, sys
import app.cli, app.jobs.tracking_job, storage.writers.exports, storage.videos, tracking.video, cv2
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
app.cli.main()
"""


def as_nobody(*arguments: object) -> Ended:
    """Run a command as a user without rights; modules are loaded before the rights go."""
    ended = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, *map(str, arguments)],
        cwd="/",
        env=environment(HOME="/tmp"),
        capture_output=True,
        text=True,
        timeout=120,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


@pytest.fixture
def open_folder():
    """A folder that any user may enter (pytest's own may not)."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.skipif(os.name == "nt", reason="permissions are of another kind there")
def test_a_study_that_may_not_be_written_says_so(open_folder):
    clip = write_video(open_folder / "clip.mp4", n_frames=60)
    more = write_video(open_folder / "more.mp4", n_frames=70)
    study = open_folder / "study"
    assert here("track", clip, "-s", study, "--animals", 2).status == 0
    before = content(study)
    study.chmod(0o555)
    (study / "study.duckdb").chmod(0o444)
    try:
        refused(as_nobody("track", more, "-s", study, "--animals", 2), "ermission", str(study))
    finally:
        study.chmod(0o755)
        (study / "study.duckdb").chmod(0o644)
    assert content(study) == before


@pytest.mark.skipif(os.name == "nt", reason="permissions are of another kind there")
def test_a_place_where_no_study_can_be_made_says_so(open_folder):
    clip = write_video(open_folder / "clip.mp4", n_frames=60)
    locked = open_folder / "locked"
    locked.mkdir(mode=0o555)
    refused(as_nobody("track", clip, "-s", locked / "study", "--animals", 2), str(locked))


def test_a_damaged_study_is_named(tmp_path):
    study = tmp_path / "study"
    study.mkdir()
    (study / "study.duckdb").write_bytes(b"not a database at all" * 1000)
    refused(here("export", "tracks", "-s", study, "-o", tmp_path / "t.csv"), str(study))


def test_a_study_that_is_not_there_is_named(tmp_path):
    for arguments in (("ask", "how far did animal1 move?"), ("export", "bouts", "-o", "b.csv")):
        ended = here(*arguments, "-s", tmp_path / "nothing", cwd=tmp_path)
        refused(ended, str(tmp_path / "nothing"))
    assert not (tmp_path / "nothing").exists()
