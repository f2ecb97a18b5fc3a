"""Detection before a long run: what is shown is what tracking does, and it does not lie."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from film import positions, write_video

from app.errors import AppError
from app.jobs import processes as jobs
from app.jobs.preview_live import latest_picture
from app.jobs.tracking_job import track_video
from app.setting_up.preview import Previews, Waiting, Wish, count_table, verdict
from app.setting_up.preview_chart import RIGHT, WRONG, count_strip
from app.setting_up.preview_settings import by_hand, command_line, controls_of, start_of
from app.setting_up.preview_work import Preview, look, spread
from storage.runs import active_run
from storage.study import open_study
from storage.tracks import read_tracks
from tracking.segmenting import detections_file
from tracking.shards import read_shard, write_shard
from tracking.subtraction.background import BackgroundSegmenter
from tracking.subtraction.tuning import tune
from tracking.video import content_hash, probe, read_frames


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two discs of radius 9 that circle in lanes of their own for 150 frames."""
    return write_video(tmp_path_factory.mktemp("film") / "discs.mp4", 150)


def wish(video: Path, animals: int = 2, **settings: object) -> Wish:
    return Wish(video, content_hash(video), animals, tuple(sorted(settings.items())))


@pytest.fixture(scope="module")
def found(video: Path) -> Preview:
    return look(wish(video))


@pytest.fixture
def process() -> Iterator[Previews]:
    previews = Previews()
    yield previews
    previews.close()


def answer(process: Previews, about: Wish) -> Preview:
    made = process.ask(about, 30)
    assert isinstance(made, Preview)
    return made


def test_known_discs_are_counted_in_every_sampled_frame(found: Preview) -> None:
    assert len(found.frames) == 100 and found.frames[0] == 0 and found.frames[-1] == 149
    assert found.counts == [2] * 100
    assert found.times_s == pytest.approx([frame / 25 for frame in found.frames])
    assert verdict(found) == ("2 animals found in 100 of 100 sampled frames.", True)


def test_the_masks_lie_on_the_animals_and_the_arena_is_empty(found: Preview) -> None:
    place, data = found.pictures[3]
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).astype(int)
    colourful = np.ptp(picture, axis=2) > 25
    for x, y in positions(150, 2, 320, 240)[found.frames[place]]:
        assert colourful[int(y), int(x)]
    assert 2 * np.pi * 6**2 < colourful.sum() < 2 * np.pi * 13**2
    arena = cv2.imdecode(np.frombuffer(found.background, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert 170 < arena.min() <= arena.max() < 200  # discs are 45


def test_what_is_shown_is_what_tracking_then_does(video: Path, tmp_path: Path) -> None:
    hand = by_hand(look(wish(video)).settings, shown(video, open_px=1.0))
    seen = look(Wish(video, content_hash(video), 2, tuple(hand.items())))
    summary = track_video(tmp_path / "study", video, 2, settings=hand)
    assert {key: summary.settings[key] for key in seen.settings} == seen.settings
    with open_study(tmp_path / "study") as study:
        assert active_run(study, 1) is not None
        rows = read_tracks(study, 1, 0, 150)
    each = rows["detected"].to_numpy().reshape(150, 2).sum(axis=1)
    assert each[seen.frames].tolist() == seen.counts


def shown(video: Path, **turned: float) -> dict:
    """Where the controls stand before and after some were turned."""
    settings = look(wish(video)).settings
    every = controls_of(settings, settings["contrast"])
    return {one.key: start_of(one, settings, settings["contrast"]) for one in every} | turned


def test_untouched_controls_set_nothing_and_a_turned_one_fixes_all_that_is_shown(
    video: Path, found: Preview
) -> None:
    assert by_hand(found.settings, shown(video)) == {}
    hand = by_hand(found.settings, shown(video, min_area_px=50.0))
    assert hand["min_area_px"] == 50.0
    assert {key: hand[key] for key in ("threshold", "max_area_px", "statistic")} == {
        key: found.settings[key] for key in ("threshold", "max_area_px", "statistic")
    }
    for control in controls_of(found.settings, found.settings["contrast"]):
        if not control.options:
            value = start_of(control, found.settings, found.settings["contrast"])
            assert control.least <= value <= control.most
    line = command_line(Path("a clip.mp4"), Path("study"), 2, {"open_px": 1, "threshold": 30.5})
    assert line == (
        "ethoscribe track 'a clip.mp4' -s study --animals 2 --set open_px=1 --set threshold=30.5"
    )


def test_a_wrong_number_is_said_and_coloured_and_its_frames_are_shown(video: Path) -> None:
    three = look(Wish(video, content_hash(video), 3, doubtful=True))
    said, good = verdict(three)
    assert not good and said.startswith("3 animals found in 0 of 100 sampled frames.")
    assert "check the number of animals" in said and "--" not in said
    assert len(three.pictures) == 6
    assert set(count_strip(three, 6.0).data[0].marker.color) == {WRONG}
    two = look(Wish(video, content_hash(video), 2, doubtful=True, focus=7))
    assert two.pictures == [] and two.focus is not None and two.focus[0] == 7
    assert set(count_strip(two, 6.0).data[0].marker.color) == {RIGHT}
    assert count_table(two).columns.tolist() == ["frame", "time_s", "animals", "right"]


def test_a_page_never_waits_and_an_answer_is_worked_out_once(
    process: Previews, video: Path, found: Preview
) -> None:
    first = process.ask(wish(video))
    assert isinstance(first, Waiting) and 0 <= first.share <= 1
    assert answer(process, wish(video)) == found
    assert process.ask(wish(video)) == found  # and not Waiting once more


def test_trouble_is_one_line_and_the_next_question_is_answered(
    process: Previews, video: Path, tmp_path: Path, found: Preview
) -> None:
    with pytest.raises(AppError, match="must lie between 0 and 255"):
        process.ask(wish(video, threshold=300, contrast="absolute"), 30)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    with pytest.raises(AppError, match=r"broken\.mp4"):
        process.ask(Wish(broken, "0" * 64, 1), 30)
    assert answer(process, wish(video)) == found


def test_a_process_that_was_killed_is_started_again(process: Previews, video: Path) -> None:
    assert answer(process, wish(video)).animals == 2
    assert process._looker is not None
    process._looker.process.kill()
    process._looker.process.wait()
    assert answer(process, wish(video, open_px=1)).settings["open_px"] == 1


def test_samples_spread_evenly_unless_decoding_would_be_long() -> None:
    every = spread(18_000, np.arange(0, 18_000, 250), 100)
    assert len(every) == 100 and abs(np.diff(every) - 181.8).max() < 120
    long = spread(200_000, np.arange(0, 200_000, 250), 100)
    assert len(long) == 100 and long[-1] > 199_000


def test_the_live_picture_shows_the_newest_frame_that_is_segmented(
    video: Path, tmp_path: Path
) -> None:
    job = jobs.Job("one", "running", str(video))
    assert latest_picture(tmp_path, job) is None
    info, tuning = probe(video), tune(probe(video), 2)
    folder = tmp_path / "shards" / f"{info.content_hash[:16]}-abc"
    folder.mkdir(parents=True)
    segmenter = BackgroundSegmenter(tuning.background, tuning.settings)
    found = [segmenter.segment_gray(frame.gray) for frame in read_frames(info, 0, 40)]
    write_shard(detections_file(folder, 0), 0, found)
    assert len(read_shard(detections_file(folder, 0), 0, 40).frame) == 80
    data = latest_picture(tmp_path, job)
    assert data is not None
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).astype(int)
    for x, y in positions(150, 2, 320, 240)[39]:
        assert np.ptp(picture[int(y), int(x)]) > 25
    assert latest_picture(tmp_path, jobs.Job("gone", "running", str(tmp_path / "no.mp4"))) is None


def test_settings_by_hand_go_into_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []

    class Started:
        pid = 1

        def __init__(self, command: list[str], **_: object) -> None:
            seen.append(command)

        def poll(self) -> int:
            return 0

    monkeypatch.setattr(jobs.subprocess, "Popen", Started)
    settings = {"threshold": 30.5, "statistic": "masked median"}
    jobs.start_track_job(tmp_path, Path("clip.mp4"), 2, settings=settings)
    assert {"--set=threshold=30.5", '--set=statistic="masked median"'} < set(seen[0])
