"""Videos keep their exact times, a unique name, and a place that can move."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from storage_samples import Info, add_tracked

from storage.bouts import read_bouts, save_bouts
from storage.study import Study, StudyError, open_study
from storage.videos import (
    add_video,
    animal_names,
    file_is_there,
    find_video,
    frame_times,
    rename_animal,
    rename_video,
    set_scale,
    video_file,
    videos,
)


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Study]:
    with open_study(tmp_path / "lab" / "study", create=True) as opened:
        yield opened


def clip(folder: Path, name: str = "clip.mp4", content: str = "", n_frames: int = 4) -> Info:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(content or name)
    return Info(folder / name, n_frames, content_hash=f"{content or name:0<16}")


def test_a_video_comes_back_with_its_exact_rate_and_the_time_of_every_frame(
    study: Study, tmp_path: Path
) -> None:
    info = clip(tmp_path / "lab", n_frames=1000)
    info.fps = Fraction(30000, 1001)
    info.time_s = np.arange(1000) * 1001 / 30000
    info.variable_rate = True
    video = add_video(study, info, px_per_cm=12.5)
    assert video == find_video(study, "clip")
    assert video.fps == Fraction(30000, 1001)
    assert (video.video_id, video.name, video.path) == (1, "clip", tmp_path / "lab" / "clip.mp4")
    assert (video.width, video.height, video.n_frames) == (640, 480, 1000)
    assert (video.codec, video.pixel_format) == ("h264", "yuv420p")
    assert video.variable_rate and video.browser_playable and video.px_per_cm == 12.5
    assert np.array_equal(frame_times(study, 1), info.time_s)  # to the last bit


def test_a_taken_name_gets_a_number(study: Study, tmp_path: Path) -> None:
    for day in ("monday", "tuesday", "friday"):
        add_video(study, clip(tmp_path / day, content=day))
    add_video(study, clip(tmp_path, "other.mp4"), name="clip")
    assert [video.name for video in videos(study)] == ["clip", "clip_2", "clip_3", "clip_4"]


def test_a_video_is_found_by_name_number_file_name_or_hash(study: Study, tmp_path: Path) -> None:
    first = add_video(study, clip(tmp_path, "2.mp4", "aaaaaaaa"))
    second = add_video(study, clip(tmp_path, "day two.avi", "aaaaaaaabbbb"))
    assert find_video(study, "2") == first  # a name goes before a number
    assert find_video(study, 2) == second
    assert find_video(study, "day two.avi") == second
    assert find_video(study, str(tmp_path / "2.mp4")) == first
    assert find_video(study, "aaaaaaaabbb") == second


@pytest.mark.parametrize("key", ["tuesday", 7, "aaaaaaaa", "aaaaaaa", ""])
def test_an_unknown_or_ambiguous_video_lists_the_known_ones(
    study: Study, tmp_path: Path, key: str | int
) -> None:
    with pytest.raises(StudyError, match=r"has no video .*none yet, track one first"):
        find_video(study, key)
    add_video(study, clip(tmp_path, "x.mp4", "aaaaaaaa1"))
    add_video(study, clip(tmp_path, "y.mp4", "aaaaaaaa2"))
    with pytest.raises(StudyError, match=f"has no video '{key}'. It has: x, y."):
        find_video(study, key)


def test_a_video_beside_the_study_moves_with_it(tmp_path: Path) -> None:
    lab = tmp_path / "lab"
    with open_study(lab / "study", create=True) as study:
        add_video(study, clip(lab / "raw ü", "a.mp4"))
        add_video(study, clip(lab / "study" / "videos", "b.mp4"))
        add_video(study, clip(tmp_path / "elsewhere", "c.mp4"))
        stored = [path for (path,) in study.rows("SELECT path FROM videos ORDER BY video_id")]
    assert stored == ["../raw ü/a.mp4", "videos/b.mp4", str(tmp_path / "elsewhere" / "c.mp4")]
    shutil.move(lab, tmp_path / "moved")
    with open_study(tmp_path / "moved" / "study") as study:
        files = [video_file(video) for video in videos(study)]
    assert [file.read_text() for file in files] == ["a.mp4", "b.mp4", "c.mp4"]
    assert files[0] == tmp_path / "moved" / "raw ü" / "a.mp4"


def test_a_moved_video_is_named_with_its_hash_and_found_again_when_added(
    study: Study, tmp_path: Path
) -> None:
    info = clip(tmp_path / "lab", content="cafe0123")
    video = add_video(study, info, px_per_cm=8)
    new = tmp_path / "archive" / "renamed.mp4"
    new.parent.mkdir()
    info.path.rename(new)
    with pytest.raises(StudyError) as caught:
        video_file(video)
    for part in ("'clip'", str(info.path), video.content_hash, "ethoscribe relink"):
        assert part in str(caught.value)
    again = add_video(study, replace(info, path=new))
    assert (again.video_id, again.name, again.px_per_cm) == (1, "clip", 8)
    assert video_file(again) == new and len(videos(study)) == 1


def test_a_copy_of_a_known_video_adds_nothing(study: Study, tmp_path: Path) -> None:
    info = clip(tmp_path / "lab")
    video = add_video(study, info)
    copy = Path(shutil.copy(info.path, tmp_path / "copy.mp4"))
    assert add_video(study, replace(info, path=copy)) == video
    assert add_video(study, replace(info, path=copy), px_per_cm=5).px_per_cm == 5
    assert len(frame_times(study, 1)) == 4


def test_a_file_replaced_by_another_recording_is_not_taken_for_the_old_one(
    study: Study, tmp_path: Path
) -> None:
    old = add_video(study, clip(tmp_path, content="monday"))
    new = add_video(study, clip(tmp_path, content="tuesday, and longer"))
    assert [new.name, new.path] == ["clip_2", old.path]
    for video in (old, find_video(study, "clip")):  # as remembered, and as noted since
        with pytest.raises(StudyError, match=r"is not video 'clip' any more.* as a new video"):
            video_file(video)
    assert not file_is_there(find_video(study, "clip"))
    assert video_file(new) == new.path
    assert find_video(study, "clip.mp4") == new
    back = add_video(study, clip(tmp_path, content="monday"))
    assert (back.video_id, back.file_replaced) == (1, False)
    assert video_file(back) == back.path and not file_is_there(find_video(study, "clip_2"))


def test_a_file_that_was_only_touched_is_known_by_its_hash(study: Study, tmp_path: Path) -> None:
    video = add_video(study, clip(tmp_path))
    asked: list[Path] = []

    def hash_file(path: Path) -> str:
        asked.append(path)
        return hashes.pop()

    hashes = [video.content_hash]
    assert video_file(video, hash_file) == video.path and asked == []
    os.utime(video.path, (1, 1))
    assert video_file(video, hash_file) == video.path and asked == [video.path]
    hashes = ["another"]
    with pytest.raises(StudyError, match="another recording under its name"):
        video_file(video, hash_file)


def test_a_video_is_renamed_when_the_name_is_free(study: Study, tmp_path: Path) -> None:
    first = add_video(study, clip(tmp_path, "a.mp4"))
    add_video(study, clip(tmp_path, "b.mp4"))
    again = add_video(study, replace(clip(tmp_path, "a.mp4"), path=first.path), "day 1", 5.0)
    assert (again.video_id, again.name, again.px_per_cm) == (1, "day 1", 5.0)
    rename_video(study, 1, "day 1")  # its own name is free for it
    for name in ("b", " "):
        with pytest.raises(StudyError, match="choose another name"):
            rename_video(study, 1, name)


@pytest.mark.parametrize(
    "time_s", [[0.0, 0.1], [0.0, 0.2, 0.1, 0.3], [0.0, 0.1, float("nan"), 0.3]]
)
def test_frame_times_that_cannot_be_are_refused(
    study: Study, tmp_path: Path, time_s: list[float]
) -> None:
    info = clip(tmp_path)
    info.time_s = np.array(time_s)
    with pytest.raises(StudyError, match=r"clip.mp4 has 4 frames and .* ffmpeg -i clip.mp4"):
        add_video(study, info)
    assert videos(study) == []


def test_a_scale_is_positive_or_none(study: Study, tmp_path: Path) -> None:
    add_video(study, clip(tmp_path))
    set_scale(study, 1, 21.5)
    assert find_video(study, 1).px_per_cm == 21.5
    for wrong in (0.0, -3.0, float("nan"), float("inf")):
        with pytest.raises(StudyError, match="px per cm is not possible"):
            set_scale(study, 1, wrong)
    set_scale(study, 1, None)
    assert find_video(study, 1).px_per_cm is None
    with pytest.raises(StudyError, match="has no video '9'"):
        set_scale(study, 9, 1.0)


def test_a_renamed_animal_takes_its_bouts_along(study: Study, tmp_path: Path) -> None:
    still = np.ones((4, 3))
    video = add_tracked(study, tmp_path, still, still)
    scored = {"subject": ["animal1", "animal2"], "target": ["animal2", None]}
    frame = pd.DataFrame({**scored, "start_frame": [0, 1], "stop_frame": [2, 3]})
    save_bouts(study, video.video_id, frame, behaviour="approach")
    rename_animal(study, video.video_id, 2, " resident ")
    assert animal_names(study, 1) == {1: "animal1", 2: "resident", 3: "animal3"}
    bouts = read_bouts(study)
    assert list(bouts["subject"]) == ["animal1", "resident"]
    assert bouts["target"][0] == "resident" and pd.isna(bouts["target"][1])
    rename_animal(study, video.video_id, 2, "resident")  # its own name is free for it


def test_a_name_that_is_taken_or_an_animal_that_is_not_there_is_refused(
    study: Study, tmp_path: Path
) -> None:
    add_tracked(study, tmp_path, np.ones((4, 2)), np.ones((4, 2)))
    for name in ("animal1", " ", ""):
        with pytest.raises(StudyError, match=r"empty or taken"):
            rename_animal(study, 1, 2, name)
    with pytest.raises(StudyError, match=r"has no animal 3. It has: 1, 2."):
        rename_animal(study, 1, 3, "intruder")
