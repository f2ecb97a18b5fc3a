"""The demo's video: what it shows is known, and every scripted bout begins and ends at speed."""

import json
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest

from app.demo.drawing import cut_out
from app.demo.motion import Mover, follow_script, wander
from app.demo.scene import (
    FPS,
    DemoScene,
    SceneSettings,
    harder_scene,
    read_script,
    render_demo,
)
from app.demo.truth import Truth, gap_between, rectangle_distance, runs
from app.errors import AppError


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> DemoScene:
    return render_demo(tmp_path_factory.mktemp("scene"), seconds=4)


@pytest.fixture(scope="module")
def truth() -> Truth:
    """The whole script, drawn as outlines without a picture."""
    script, n_frames = read_script(), int(60 * FPS)
    motions = [
        follow_script(animal, n_frames, FPS, script["lap_s"], script["px_per_cm"])
        for animal in script["animals"]
    ]
    truth = Truth([1, 2, 3], n_frames, np.array([motion.moved for motion in motions]))
    for frame in range(n_frames):
        truth.note(
            frame,
            [
                cut_out(motion.spines[frame], animal["width_px"], 0.0, (640, 480))
                for animal, motion in zip(script["animals"], motions, strict=True)
            ],
        )
    return truth


def agree(masks: list[np.ndarray]) -> bool:
    """Whether all masks have the same bouts, every edge within one frame."""
    bouts = [np.array(runs(mask)) for mask in masks]
    return all(
        other.shape == bouts[0].shape and np.abs(other - bouts[0]).max(initial=0) <= 1
        for other in bouts
    )


def test_the_video_plays_in_a_browser_and_seeks_quickly(scene: DemoScene) -> None:
    with av.open(str(scene.video)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
    assert (stream.codec.name, stream.pix_fmt) == ("h264", "yuv420p")
    assert (stream.width, stream.height, stream.average_rate) == (640, 480, FPS)
    assert len(frames) == scene.n_frames == 119
    keys = [k for k, frame in enumerate(frames) if frame.key_frame] + [len(frames)]
    assert max(b - a for a, b in pairwise(keys)) <= 60
    assert frames[100].time == pytest.approx(100 / float(FPS))
    raw = scene.video.read_bytes()
    assert raw.index(b"moov") < raw.index(b"mdat")


def test_the_true_centres_lie_on_the_dark_bodies(scene: DemoScene) -> None:
    points = scene.points()
    assert points.columns.tolist() == ["frame", "id", "x", "y"]
    assert len(points) == 3 * scene.n_frames
    with av.open(str(scene.video)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            grey = frame.to_ndarray(format="gray")
            here = points[points["frame"] == index]
            at = grey[here["y"].round().astype(int), here["x"].round().astype(int)]
            assert (at < 110).all() and np.median(grey) > 150


def test_the_true_centre_is_the_centroid_of_the_body_in_the_picture(scene: DemoScene) -> None:
    with av.open(str(scene.video)) as container:
        grey = next(container.decode(video=0)).to_ndarray(format="gray")
    for _, point in scene.points().query("frame == 0").iterrows():
        x, y = round(point["x"]), round(point["y"])
        dark = grey[y - 50 : y + 51, x - 50 : x + 51] < 100  # the tail is lighter than that
        down, right = np.nonzero(dark)
        assert np.hypot(right.mean() - 50 + x - point["x"], down.mean() - 50 + y - point["y"]) < 1.5


def test_the_same_seed_gives_the_same_files_and_another_seed_another_picture(
    scene: DemoScene, tmp_path: Path
) -> None:
    again = render_demo(tmp_path / "again", seconds=4)
    other = render_demo(tmp_path / "other", seconds=4, seed=1)
    for name in ("demo.mp4", "truth_points.csv", "truth_bouts.csv", "regions.json"):
        assert (again.folder / name).read_bytes() == (scene.folder / name).read_bytes()
    assert other.video.read_bytes() != scene.video.read_bytes()


def test_a_finished_scene_is_kept_and_an_interrupted_one_is_rendered_again(tmp_path: Path) -> None:
    first = render_demo(tmp_path, seconds=1)
    stamp = first.video.stat().st_mtime_ns
    assert render_demo(tmp_path, seconds=1).video.stat().st_mtime_ns == stamp
    (tmp_path / "scene.json").unlink()
    assert render_demo(tmp_path, seconds=1).video.stat().st_mtime_ns > stamp
    assert render_demo(tmp_path, seconds=2).n_frames == 59
    assert not list(tmp_path.glob("*.part*"))


def test_animals_move_smoothly_and_never_jump(truth: Truth) -> None:
    steps = np.linalg.norm(np.diff(truth.centres, axis=1), axis=2)
    seen = (truth.visible == 1)[:, 1:] & (truth.visible == 1)[:, :-1]
    assert steps[seen].max() < 12  # px per frame: 45 cm/s
    assert (steps == 0).sum() > 1000


def test_the_script_has_contact_crossing_and_stillness(truth: Truth) -> None:
    assert runs(truth.gaps[0] == 0) == [(237, 406), (793, 899), (1289, 1381)]
    assert (truth.visible < 0.8).any()  # one animal walks over another
    assert truth.visible.min() > 0.7
    assert all(len(runs(~moved)) >= 6 for moved in truth.moved)


def test_region_visits_stay_the_same_when_the_centre_is_off_by_a_few_pixels(truth: Truth) -> None:
    regions = [region for region in read_script()["regions"] if region["role"] != "arena"]
    shifts = [(0, 0), (2.5, 0), (-2.5, 0), (0, 2.5), (0, -2.5)]
    for region in regions:
        limit = 40.0 if region["role"] == "object" else 0.0
        for centres in truth.centres:
            assert agree(
                [rectangle_distance(centres + shift, region["points"]) <= limit for shift in shifts]
            ), region["name"]


def test_contact_is_made_and_left_so_fast_that_the_threshold_hardly_matters(truth: Truth) -> None:
    for gaps in truth.gaps:
        assert agree([gaps <= limit for limit in (0, 1.5, 3, 5, 8)])


def test_rests_are_the_same_at_any_sensible_speed_limit(truth: Truth) -> None:
    speeds = np.linalg.norm(np.gradient(truth.centres[2], axis=0), axis=1) * float(FPS) / 8  # cm/s
    still = ~truth.moved[2] | ~np.append(truth.moved[2, 1:], True)
    assert agree([still, speeds < 0.5, speeds < 1, speeds < 2, speeds < 4])


def test_the_bouts_file_says_what_the_script_does(scene: DemoScene) -> None:
    bouts = scene.bouts()
    assert bouts.columns.tolist() == ["behaviour", "subject", "target", "start_frame", "stop_frame"]
    visit = bouts.query("behaviour == 'in_region' and subject == '1' and target == 'corner'")
    assert visit[["start_frame", "stop_frame"]].to_numpy().tolist() == [[58, 119]]
    features = json.loads((scene.folder / "regions.json").read_text())["features"]
    assert [f["properties"]["name"] for f in features] == ["centre", "corner", "lego", "arena"]
    assert scene.px_per_cm == 8.0


def test_a_harder_scene_has_look_alikes_that_wander(tmp_path: Path) -> None:
    settings = harder_scene(seed=4, seconds=2, animals=5)
    scene = render_demo(tmp_path, settings=settings)
    assert sorted(scene.points()["id"].unique()) == [1, 2, 3, 4, 5]
    assert settings.equal_shade and settings.noise > SceneSettings().noise


def test_wanderers_stay_in_the_arena_and_meet() -> None:
    motions = wander(3, 4, 1500, FPS, (40, 30, 600, 450), [63.0] * 4, 8.0)
    noses = np.array([motion.spines[:, 0] for motion in motions])
    assert (noses > (40, 30)).all() and (noses < (600, 450)).all()
    apart = np.linalg.norm(noses[:, None] - noses[None], axis=-1)
    assert (apart[np.triu_indices(4, 1)] < 30).any()
    assert np.linalg.norm(np.diff(noses, axis=1), axis=2).max() < 14


def test_an_animal_backs_off_on_its_own_trail() -> None:
    mover = Mover((200.0, 200.0), 90.0, 60.0)
    before = mover.spine()
    mover.run([(200.0, 150.0), (240.0, 120.0)], 6.0)
    while mover.busy:
        mover.step()
    ahead = mover.spine()
    length = mover.nose - 60.0 * 1.8 - 20
    mover.back(length, 6.0)
    while mover.busy:
        mover.step()
    assert np.hypot(*(ahead[0] - (240, 120))) < 0.5
    np.testing.assert_allclose(mover.spine(), before, atol=0.5)


def test_the_gap_is_measured_between_outlines() -> None:
    left, right = (Mover((x, 200.0), 0.0, 60.0).spine() for x in (200.0, 300.0))
    a, b = (cut_out(spine, 26.0, 0.0, (640, 480)) for spine in (left, right))
    assert gap_between(a, b) == pytest.approx(40, abs=1)  # nose at 200, tail base at 240
    nearer = cut_out(right - (42, 0), 26.0, 0.0, (640, 480))
    assert gap_between(a, nearer) == 0.0


def test_an_impossible_scene_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(AppError, match="at least one frame"):
        render_demo(tmp_path, seconds=0)
    with pytest.raises(AppError, match="The script has 3 animals, not 4"):
        render_demo(tmp_path, settings=SceneSettings(animals=4))
    assert pd.DataFrame(list(tmp_path.iterdir())).empty
