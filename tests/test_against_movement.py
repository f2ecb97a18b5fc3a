"""Kinematics against the `movement` package, whose values reference/make_movement.py stored.

Equal to 1e-9 wherever both define a value. On purpose different, and asserted here as such: beside
a gap movement has no velocity where a one-sided difference exists, and its last displacement is 0
where no next frame exists; its turns are clockwise positive.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from reference.make_movement import ANIMALS, FPS, MICE_FRAMES, POINTS, mice, scene

from llm_query.individual.directions import directional_change, heading, turning_angle
from llm_query.individual.kinematics import (
    acceleration_vector,
    distance_moved,
    speed,
    step_length,
    velocity,
)
from llm_query.individual.paths import path_deviation, path_straightness
from llm_query.recording import Recording
from llm_query.social.contacts import distance_between

STORED = json.loads(Path(__file__).with_name("reference").joinpath("movement.json").read_text())


def recording_of(places, points, fps):
    """A recording of (n, animals, points, 2) px whose centre is the first point."""
    return Recording.synthetic(
        {name: places[:, number, 0] for number, name in enumerate(ANIMALS)},
        time_s=np.arange(len(places)) / fps,
        points={
            name: {point: places[:, number, at] for at, point in enumerate(points)}
            for number, name in enumerate(ANIMALS)
        },
    )


@pytest.fixture(scope="module")
def winding():
    return recording_of(scene(), POINTS, FPS), STORED["scene"], slice(None)


@pytest.fixture(scope="module")
def real(shared_data):
    folder = shared_data / "video" / "mice3_open_field"
    places = mice(next(folder.glob("*.h5")))
    return recording_of(places, ["nose"], 30), STORED["mice"], MICE_FRAMES


@pytest.fixture(params=["winding", "real"])
def case(request):
    """A recording, movement's values for it, and the frames these are stored for."""
    return request.getfixturevalue(request.param)


def missing_as_nan(values):
    return np.array(values, dtype=float)


def where_both(ours, theirs, at_least):
    """Assert equality to 1e-9 where both have a value, and that this is not nowhere."""
    both = np.isfinite(ours) & np.isfinite(theirs)
    assert both.sum() >= at_least
    assert ours[both] == pytest.approx(theirs[both], rel=1e-9, abs=1e-9)
    return np.isfinite(ours), np.isfinite(theirs)


@pytest.mark.parametrize("name", ANIMALS)
def test_velocity_and_speed_are_movements_and_go_on_to_the_edge_of_a_gap(case, name):
    recording, stored, frames = case
    ours, theirs = where_both(
        velocity(recording, name)[frames], missing_as_nan(stored["velocity"][name]), 20
    )
    assert (ours | ~theirs).all()  # whatever movement knows, we know
    seen = recording.seen(name)
    before, after = np.append(False, seen[:-1]), np.append(seen[1:], False)
    assert (ours[:, 0] == (seen & (before | after))[frames]).all()
    inside = seen & (before | (np.arange(len(seen)) == 0))
    inside &= after | (np.arange(len(seen)) == len(seen) - 1)
    assert (theirs[:, 0] <= inside[frames]).all()
    where_both(speed(recording, name)[frames], missing_as_nan(stored["speed"][name]), 10)


@pytest.mark.parametrize("name", ANIMALS)
def test_the_acceleration_vector_is_movements_away_from_gaps(case, name):
    recording, stored, frames = case
    ours = acceleration_vector(recording, name)[frames]
    theirs = missing_as_nan(stored["acceleration"][name])
    stretch = np.convolve(~recording.seen(name), np.ones(5), "same")[frames] == 0
    clear = stretch[:, None] & np.isfinite(theirs)
    assert clear.sum() >= 10
    assert ours[clear] == pytest.approx(theirs[clear], rel=1e-9, abs=1e-9)
    assert np.isfinite(ours[np.isfinite(theirs)]).all()


@pytest.mark.parametrize("name", ANIMALS)
def test_steps_are_the_forward_displacements_but_the_last_frame_has_none(case, name):
    recording, stored, frames = case
    theirs = np.hypot(*missing_as_nan(stored["forward_displacement"][name]).T)
    ours = step_length(recording, name)[frames]
    known, _ = where_both(ours, theirs, 5)
    is_last = np.arange(recording.n_frames)[frames] == recording.n_frames - 1
    assert (known == (np.isfinite(theirs) & ~is_last)).all()
    assert theirs[is_last & recording.seen(name)[frames]].tolist() in ([], [0.0])


@pytest.mark.parametrize("name", ANIMALS)
def test_turning_angles_are_movements_with_the_sign_turned_round(case, name):
    recording, stored, frames = case
    for key, min_step in (("turning_angle", 0.0), ("turning_angle_min_step", 1.2)):
        ours = turning_angle(recording, name, min_step=min_step)[frames]
        theirs = -missing_as_nan(stored[key][name])
        theirs[theirs == -180] = 180
        known, there = where_both(ours, theirs, 5)
        assert (known == there).all()
    ours = directional_change(recording, name)[frames]
    known, there = where_both(ours, missing_as_nan(stored["directional_change"][name]), 5)
    assert (known == there).all()


@pytest.mark.parametrize("name", ANIMALS)
def test_path_lengths_straightness_and_deviation_are_movements(case, name):
    recording, stored, frames = case
    for ours, key in (
        (distance_moved(recording, name, gaps="straight"), "path_length_ffill"),
        (distance_moved(recording, name, gaps="scale"), "path_length_scale"),
        (path_straightness(recording, name), "path_straightness"),
    ):
        assert ours == pytest.approx(stored[key][name], rel=1e-9)
    seen = np.flatnonzero(recording.seen(name))
    watched = recording.time_s[seen[-1]] - recording.time_s[seen[0]]  # movement: the whole video
    whole = recording.time_s[-1] - recording.time_s[0]
    ours = path_straightness(recording, name, gaps="scale")
    theirs = stored["path_straightness_scale"][name]
    assert ours == pytest.approx(theirs * whole / watched, rel=1e-9)
    known, there = where_both(
        path_deviation(recording, name)[frames], missing_as_nan(stored["path_deviation"][name]), 10
    )
    assert (known == there).all()


@pytest.mark.parametrize("name", ANIMALS)
def test_the_heading_from_the_ears_is_movements_head_direction(winding, name):
    recording, stored, _ = winding
    x, y = missing_as_nan(stored["head_direction"][name]).T
    ours = np.radians(heading(recording, name, left="left_ear", right="right_ear"))
    known, there = where_both(np.stack([np.cos(ours), -np.sin(ours)]), np.stack([x, y]), 50)
    assert (known == there).all()
    along = np.radians(heading(recording, name, "nose", "centre"))
    assert np.cos(along - ours)[known[0]] == pytest.approx(1)


def test_distances_between_animals_are_movements(case):
    recording, stored, frames = case
    for pair, values in stored["pairwise_distances"].items():
        ours = distance_between(recording, *pair.split("_"))[frames]
        known, there = where_both(ours, missing_as_nan(values), 10)
        assert (known == there).all()


def test_the_values_come_from_the_version_that_is_named():
    assert STORED["movement"] == "0.17.0"
    assert set(STORED) == {"movement", "scene", "mice"}
