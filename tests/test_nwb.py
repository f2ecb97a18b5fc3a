"""Poses and intervals of NWB files that other programs wrote, and which of them are refused."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import reader_samples as made
from pynwb.epoch import TimeIntervals
from pynwb.file import Subject
from pynwb.image import ImageSeries
from terminal import here

from storage.bouts import read_bouts
from storage.readers import read_file
from storage.readers.registry import read_bouts_file, read_poses
from storage.study import StudyError, open_study
from storage.tracks import read_tracks

NOSE = {"nose": made.TRUE[:, 0]}


def refused(path: Path, *part: str) -> str:
    with pytest.raises(StudyError) as told:
        read_file(path, part=part[0] if part else None)
    assert "\n" not in str(told.value)
    return str(told.value)


def test_poses_have_the_names_rate_and_gaps_of_the_file(tmp_path: Path) -> None:
    poses = read_poses(made.nwb(tmp_path))
    assert poses.animals == ("anna", "bob") and poses.points == ("tail", "nose")
    assert (poses.fps, poses.unit, poses.scorer) == (Fraction(30000, 1001), "px", "DLC_resnet50")
    np.testing.assert_array_equal(poses.xy[:, :, 1], made.TRUE)
    np.testing.assert_array_equal(poses.xy[:, :, 0], made.TRUE - 5)
    assert (poses.confidence == made.SURE).all()


def test_metres_become_cm_and_the_only_animal_is_the_subject(tmp_path: Path) -> None:
    file = made.nwb_file()
    file.subject = Subject(subject_id="M12", species="Mus musculus")
    made.nwb_poses(file, "PoseEstimation", {"nose": made.TRUE[:, 0] / 1000}, "meters", rate=25.0,
                   starting_time=100.0)  # fmt: skip
    path = made.nwb_saved(file, tmp_path / "m.nwb")
    poses = read_poses(path)
    assert (poses.animals, poses.unit, poses.fps) == (("M12",), "cm", 25)
    np.testing.assert_allclose(poses.xy[:, 0, 0], made.TRUE[:, 0] / 10)
    assert "--px-per-cm" in here("import", path, "-s", tmp_path / "s").err
    done = here("import", path, "-s", tmp_path / "s", "--px-per-cm", "8")
    assert done.status == 0, done.err
    with open_study(tmp_path / "s") as opened:
        x_px = read_tracks(opened, 1)["x_px"].to_numpy()
    np.testing.assert_allclose(x_px, made.TRUE[:, 0, 0] / 10 * 8, rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "fps", "frames"),
    [
        (lambda i: i / 25 + 60, Fraction(25), 12),  # the clock of the session
        (lambda i: i / 25 + 0.004 * (i % 2), Fraction(25), 12),  # jitter of the camera
        (lambda i: (i + 3 * (i > 4)) / 25, Fraction(25), 15),  # three frames have no row
        (lambda i: (i + 0.45 * (i > 4)) ** 1.3 / 25, None, 12),  # at no rate
    ],
)
def test_times_say_the_frames(
    tmp_path: Path, change: Callable[[np.ndarray], np.ndarray], fps: Fraction | None, frames: int
) -> None:
    file = made.nwb_file()
    made.nwb_poses(file, "mouse", NOSE, timestamps=change(made.FRAMES))
    poses = read_poses(made.nwb_saved(file, tmp_path / "t.nwb"))
    assert poses.n_frames == frames and (poses.fps is None) == (fps is None)
    assert fps is None or poses.fps == pytest.approx(fps, rel=3e-3)
    there = np.delete(np.arange(frames), [5, 6, 7]) if frames == 15 else np.arange(12)
    np.testing.assert_array_equal(poses.xy[there, 0, 0], made.TRUE[:, 0])
    assert poses.seen.sum() == 12
    if fps is None:
        assert "--fps F, or --video V" in here("import", tmp_path / "t.nwb", "-s", tmp_path).err


def test_body_points_with_times_of_their_own_are_put_together(tmp_path: Path) -> None:
    file = made.nwb_file()
    times = made.FRAMES / 25
    made.nwb_poses(file, "anna", NOSE, timestamps=times)
    late = made.FRAMES[3:] != made.MISSING
    made.nwb_poses(file, "bob", {"nose": made.TRUE[3:, 1][late]}, timestamps=times[3:][late])
    poses = read_poses(made.nwb_saved(file, tmp_path / "t.nwb"))
    wanted = made.TRUE.copy()
    wanted[:3, 1] = np.nan
    assert poses.fps == 25
    np.testing.assert_array_equal(poses.xy[:, :, 0], wanted)


def test_of_two_cameras_one_is_chosen_by_name(tmp_path: Path) -> None:
    file = made.nwb_file()
    for name, shift in (("Left", 0), ("Right", 50)):
        film = ImageSeries(name=f"Video{name}", external_file=[f"{name}.mp4"], format="external",
                           rate=25.0, starting_frame=[0], num_samples=12, unit="n.a.")  # fmt: skip
        file.add_acquisition(film)
        camera = file.create_device(f"Camera{name}")
        one = made.nwb_poses(file, name, {"nose": made.TRUE[:, 0] + shift})
        one.device = camera
    path = made.nwb_saved(file, tmp_path / "two.nwb")
    assert "poses of 2 cameras or videos: choose one with --recording (Left, Right)" in refused(
        path
    )
    assert "has no poses 'Top': choose one of Left, Right" in refused(path, "Top")
    study = tmp_path / "s"
    for name in ("Right", "Left"):
        done = here("import", path, "-s", study, "--recording", name)
        assert done.status == 0, done.err
    with open_study(study) as opened:
        names = opened.rows("SELECT name FROM videos ORDER BY video_id")
        first = [read_tracks(opened, k)["x_px"][0].as_py() for k in (1, 2)]
    assert names == [("Right",), ("Left",)] and first == [60.25, 10.25]


def test_what_is_no_place_in_a_picture_is_refused(tmp_path: Path) -> None:
    def of(name: str, **more: Any) -> Path:
        file = made.nwb_file()
        made.nwb_poses(file, "mouse", **{"places": NOSE, **more})
        return made.nwb_saved(file, tmp_path / name)

    assert "in a.u., not in pixels" in refused(of("a.nwb", unit="a.u."))
    deep = {"nose": np.zeros((12, 3))}
    assert "the shape (12, 3), not x and y" in refused(of("b.nwb", places=deep))
    late = {"timestamps": np.r_[np.arange(11), 2.0]}
    assert "times are missing or do not go on" in refused(of("c.nwb", **late))
    empty = made.nwb_saved(made.nwb_file(), tmp_path / "d.nwb")
    assert "an NWB file without poses (PoseEstimation) or intervals" in refused(empty)


def test_intervals_are_bouts_in_seconds_and_trials_are_none(tmp_path: Path) -> None:
    found = read_bouts_file(made.nwb_bouts(tmp_path))
    rows = found.rows[["behaviour", "kind", "start", "stop"]].values.tolist()
    assert found.unit == "s" and rows == [
        ["groom", "state", 1.5, 3.0], ["rear", "point", 2.25, 2.25], ["groom", "state", 4.0, 6.5]
    ]  # fmt: skip


def test_a_file_with_both_gives_its_bouts_by_name_and_on_the_clock_of_the_video(
    tmp_path: Path,
) -> None:
    file = made.nwb_file()
    film = ImageSeries(
        name="film", external_file=["d/clip.mp4"], format="external", rate=25.0,
        starting_time=100.0, starting_frame=[0], num_samples=12, unit="n.a.",
    )  # fmt: skip
    file.add_acquisition(film)
    made.nwb_poses(file, "anna", NOSE, rate=25.0, starting_time=100.0)
    rest = TimeIntervals(name="resting", description="no movement")
    rest.add_row(start_time=100.08, stop_time=100.2)
    file.processing["behavior"].add(rest)
    path = made.nwb_saved(file, tmp_path / "both.nwb")
    study = tmp_path / "s"
    done = here("import", path, "-s", study, "--name", "clip")
    assert done.status == 0 and "--format nwb-bouts" in done.err, done.err
    done = here("import", path, "-s", study, "--format", "nwb-bouts", "--subject", "anna")
    assert done.status == 0 and "begins at 100 s of the session" in done.err, done.err
    with open_study(study) as opened:
        bouts = read_bouts(opened)
    columns = ["behaviour", "subject", "start_frame", "stop_frame"]
    assert bouts[columns].values.tolist() == [["resting", "anna", 2, 5]]
