"""The truth of the hard scenes agrees with their pixels, and identities hold through them."""

import av
import cv2
import hard_scenes
import numpy as np
import pandas as pd
import pytest
from hard_judging import judge
from hard_scenes import (
    contacts_of,
    dark_walls,
    different_shades,
    equal_mice,
    film_scene,
    flies_in_contact,
    look_alikes,
    move,
    spider_and_prey,
    ten_fish,
)

from app.jobs.tracking_job import track_video
from storage.study import open_study
from storage.tracks import read_tracks

RADIUS = 25  # px within which a position is right, under half a body length
MICE = 80  # grey level below which only bodies are: tails and floor are brighter


def blobs(frame: np.ndarray, scene) -> np.ndarray:
    """Centres of the connected dark patches in the arena, larger than a dropping, (n, 2) px."""
    x0, y0, x1, y1 = (int(v) for v in scene.arena)
    dark = (frame[y0:y1, x0:x1] < MICE).astype(np.uint8)
    count, _, stats, centres = cv2.connectedComponentsWithStats(dark)
    return centres[1:][stats[1:count, cv2.CC_STAT_AREA] > 150] + (x0, y0)


def looked_at(scene, every):
    """Every so many frames: the evenly lit picture, the bodies in it, who touches somebody."""
    paths, stage = move(scene), hard_scenes._Stage(scene)
    for f in range(0, scene.n_frames, every):
        frame, bodies = stage.draw(f, paths)
        yield frame / stage.light, bodies, paths.touching[f]


@pytest.mark.parametrize("scene", [equal_mice(2, 20), look_alikes(3, 0.3)], ids=lambda s: s.name)
def test_where_nobody_touches_every_dark_patch_lies_at_a_true_centre(scene):
    seen = 0
    for frame, bodies, touching in looked_at(scene, 8):
        if touching.any():
            continue
        centres, truth = blobs(frame, scene), np.array([body.centre for body in bodies])
        assert len(centres) == scene.n_animals
        apart = np.hypot(*(centres[:, None] - truth[None]).transpose(2, 0, 1))
        assert apart.min(axis=0).max() < 2.0  # an ear may be as bright as the floor's shade
        seen += 1
    assert seen > 20


@pytest.mark.parametrize("scene", [equal_mice(4, 20), look_alikes(5, 0.3)], ids=lambda s: s.name)
def test_where_animals_touch_their_outlines_are_one(scene):
    found = [
        len(blobs(frame, scene)) < scene.n_animals
        for frame, _, touching in looked_at(scene, 4)
        if touching.any()
    ]
    assert len(found) > 20
    assert np.mean(found) > 0.8  # as a touch begins or ends, a pixel of floor may lie between


def test_a_covered_animal_keeps_its_own_centre(monkeypatch):
    scene = equal_mice(0, 20)
    paths = move(scene)
    middles = paths.joints[:, :, :8].mean(axis=2)
    deepest = np.hypot(*(middles[:, :, None] - middles[:, None]).transpose(3, 0, 1, 2))
    deepest[:, np.arange(3), np.arange(3)] = np.inf
    f, a, b = np.unravel_index(np.argmin(deepest), deepest.shape)
    assert deepest[f, a, b] < 0.4 * scene.looks[0].length
    stage = hard_scenes._Stage(scene)
    _, bodies = stage.draw(int(f), paths)
    for animal in (a, b):  # the same frame with this animal alone
        floor = stage.floor.copy()
        bodies[animal].lay(floor, 1.0, 0.0, 0.0)
        assert blobs(floor, scene)[0] == pytest.approx(bodies[animal].centre, abs=1.5)


def test_the_crossings_are_as_many_and_as_short_as_promised():
    for scene in (look_alikes(1, 1), equal_mice(1), flies_in_contact(1), ten_fish(1, seconds=15)):
        contacts = contacts_of(move(scene), scene)
        seconds = (contacts["stop"] - contacts["start"]) / float(scene.fps)
        assert len(contacts) >= 0.7 * scene.crossings
        assert seconds.max() <= scene.longest_s


def test_the_same_seed_films_the_same_pixels_and_another_seed_does_not(tmp_path):
    first, again = (film_scene(equal_mice(7, 1), tmp_path / place) for place in ("a", "b"))
    other = film_scene(equal_mice(8, 1), tmp_path / "a")
    assert first.video.read_bytes() == again.video.read_bytes() != other.video.read_bytes()
    assert first.truth.equals(again.truth)
    assert film_scene(equal_mice(7, 1), tmp_path / "a").truth.equals(first.truth)  # kept


def test_the_video_has_the_promised_frames_size_and_rate(tmp_path):
    scene = flies_in_contact(2, seconds=2)
    film = film_scene(scene, tmp_path)
    with av.open(str(film.video)) as container:
        frames = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
        assert container.streams.video[0].average_rate == scene.fps
    assert len(frames) == scene.n_frames == film.truth["frame"].nunique()
    assert frames[0].shape == (720, 720)
    x, y = film.truth.loc[0, ["x", "y"]].astype(int)
    assert frames[0][y, x] > 100 > np.median(frames[0])  # a bright fly on a dark field


def test_the_prey_is_a_small_part_of_the_spider():
    scene = spider_and_prey(0, 1)
    coats = hard_scenes._Stage(scene).coats
    assert coats[1].whole < 0.05 * coats[0].whole


def test_an_animal_that_left_or_is_under_a_hand_has_no_row(tmp_path):
    scene = equal_mice(1, 8).disturbed(leaving=0.6)
    truth = film_scene(scene, tmp_path).truth
    assert truth.groupby("frame").size().min() < 3
    assert truth["x"].min() > 0 and truth["seen"].min() >= 0.5
    hidden = equal_mice(1, 30).disturbed(hand=(0.0, 1.0))
    seen = [body.seen for _, bodies, _ in looked_at(hidden, 10) for body in bodies]
    assert min(seen) < 0.2 and max(seen) > 0.9


def test_light_walls_and_mirrors_change_what_they_should():
    plain = equal_mice(1, 4)
    paths = move(plain)

    def at(scene, share):
        frame, _ = hard_scenes._Stage(scene).draw(int(share * scene.n_frames), paths)
        return frame.astype(float)

    lamp, drift, glass = (
        plain.disturbed(**one) for one in ({"lamp_on": 0.5}, {"drift": 0.2}, {"mirror": 0.5})
    )
    assert np.median(at(lamp, 0.6)) > np.median(at(lamp, 0.4)) + 15
    assert np.median(at(drift, 0.25)) > 1.1 * np.median(at(drift, 0))
    walls = at(dark_walls(plain), 0)[:10].mean()
    assert walls == pytest.approx(min(looks.shade for looks in plain.looks), abs=12)
    assert at(glass, 0)[240, 600] > at(plain, 0)[240, 600] + 10


def tracked(scene, folder):
    """Track a scene as a person would who knows the number of animals alone; judged by truth."""
    film = film_scene(scene, folder)
    track_video(folder / "s", film.video, scene.n_animals)
    with open_study(folder / "s") as study:
        return judge(film.truth, read_tracks(study, 1).to_pandas(), RADIUS)


@pytest.mark.parametrize("seed", [1001, 1002])
def test_three_mice_of_different_shade_are_never_exchanged(tmp_path, seed):
    judged = tracked(different_shades(seed, 20), tmp_path)
    assert judged.scores["idf1"] >= 0.99
    assert judged.scores["switches"] == 0
    assert not judged.sure_right < 0.985  # NaN if it is sure of nothing


@pytest.mark.parametrize("seed", [1001, 1002])
def test_of_mice_that_look_exactly_alike_nothing_is_called_sure_that_is_wrong(tmp_path, seed):
    judged = tracked(equal_mice(seed, 20), tmp_path)
    assert judged.scores["share_found"] >= 0.94  # that they are found, whoever they are
    assert judged.sure == 0 or judged.sure_right >= 0.985
    assert (judged.rows["confidence"] < 0.9).any()  # after contacts, nobody can be sure


def test_a_row_is_right_where_the_animal_is_whose_track_it_is():
    frames = np.arange(10)
    truth = pd.DataFrame({"frame": np.tile(frames, 2), "id": np.repeat([1, 2], 10)})
    truth["x"], truth["y"] = truth["id"] * 100.0, 50.0
    tracks = truth.rename(columns={"id": "animal_id", "x": "x_px", "y": "y_px"})
    tracks = tracks.assign(animal_id=3 - tracks["animal_id"], detected=True)
    late = tracks["frame"] >= 7  # then the two are exchanged
    tracks.loc[late, "animal_id"] = 3 - tracks["animal_id"]
    tracks["identity_confidence"] = np.where(late, 0.6, 1.0)
    judged = judge(truth, tracks, RADIUS)
    assert (judged.sure, judged.sure_right) == (14, 1.0)
    assert judged.reliability() == [(0.5, 0.8, 6, 0.0), (0.99, 1.0, 14, 1.0)]
    # where the truth leaves an animal out and nobody is near, a row cannot be judged
    gone = truth[(truth["id"] == 1) | (truth["frame"] > 1)]
    assert len(judge(gone, tracks, RADIUS).rows) == 18
