"""Rearing and grooming proxies on constructed bodies and outlines."""

import numpy as np
import pytest
from known import every_setting, make

from llm_query.errors import QueryError
from llm_query.individual.postures import grooming, rearing
from llm_query.outlines import Outlines
from llm_query.recording import Recording


def at(x, y):
    return lambda t: np.tile([float(x), float(y)], (len(t), 1))


def rows(bouts):
    return list(zip(bouts.start_frame.tolist(), bouts.stop_frame.tolist(), strict=True))


def upright(x, y, start, stop, short=4.0):
    """Nose and tail base of an 8 cm animal that looks `short` cm long for a while."""

    def nose(t):
        reach = np.where((t >= start - 1e-9) & (t < stop - 1e-9), short, 8.0)
        return np.column_stack([x + reach, np.full(len(t), float(y))])

    return {"Nose": nose, "Tail_base": at(x, y)}


@every_setting
def test_rearing_is_a_short_body_that_goes_nowhere(setting):
    frames = [setting.frame_at(s) for s in (2.0, 4.0)]
    start, stop = (setting.time_of(f) for f in frames)

    def walk(t):
        return np.column_stack([5 + 10 * t, np.full(len(t), 30.0)])

    nose = upright(0, 0, start, stop)["Nose"]
    recording = make(
        setting, 8, {"a": at(14, 10), "b": at(14, 20), "c": walk}, length=None,
        points={
            "a": upright(10, 10, start, stop), "b": upright(10, 20, start, stop, short=6.5),
            "c": {"Nose": lambda t: walk(t) + nose(t), "Tail_base": walk},
        },
    )  # fmt: skip
    assert rows(rearing(recording, "a")) == [tuple(frames)]
    assert rearing(recording, "a").start_s.tolist() == [pytest.approx(start)]
    assert rearing(recording, "b").count == 0  # 0.81 of its length
    assert rows(rearing(recording, "b", 0.9)) == [tuple(frames)]
    assert rearing(recording, "c").count == 0  # it walks
    assert "proxy" in rearing(recording, "a").definition


@every_setting
def test_rearing_at_the_wall_only(setting):
    frames = [setting.frame_at(s) for s in (2.0, 4.0)]
    start, stop = (setting.time_of(f) for f in frames)
    recording = make(
        setting, 8, {"a": at(3, 20), "b": at(20, 20)},
        points={"a": upright(3, 20, start, stop), "b": upright(20, 20, start, stop)},
        regions={"box": ("rectangle", [[0, 0], [40, 40]], "arena")},
    )  # fmt: skip
    near = 5 * setting.unit
    assert rows(rearing(recording, "a", near_wall=near)) == [tuple(frames)]
    assert rearing(recording, "b", near_wall=near).count == 0
    assert rearing(recording, "b").count == 1


@every_setting
def test_an_unseen_animal_is_neither_rearing_nor_not(setting):
    recording = make(
        setting, 8, {"a": at(14, 10)}, points={"a": upright(10, 10, 2.0, 6.0)},
        unseen={"a": (100, 110)},
    )  # fmt: skip
    found = rearing(recording, "a")
    assert found.count == 2 and found.stop_frame[0] == 100 and found.start_frame[1] == 110
    assert not (found.mask() | (~found).mask())[100:110].any()


def test_rearing_without_a_length_and_grooming_without_points_are_refused():
    recording = Recording.synthetic({"a": np.zeros((60, 2))}, px_per_cm=10)
    with pytest.raises(QueryError, match="neither an outline nor a nose"):
        rearing(recording, "a")
    with pytest.raises(QueryError, match="labelled nose and forepaws"):
        grooming(recording, "a")


@every_setting
def test_grooming_is_a_busy_forepaw_at_the_nose_of_a_still_trunk(setting):
    def washing(t):
        busy = (t > 2) & (t < 5)
        return np.column_stack([17 + 0.8 * np.sin(2 * np.pi * 2 * t) * busy, np.full(len(t), 20.0)])

    body = {"Nose": at(18, 20), "Tail_base": at(10, 20), "Mid-Back": at(14, 20)}
    far = {"Left_forepaw": lambda t: washing(t) - [6.0, 0.0]}

    def walk(path):
        return lambda t: path(t) + np.column_stack([8 * t, np.zeros(len(t))])

    points = {
        "a": body | {"Left_forepaw": washing},
        "b": body | far,  # the paw moves away from the nose
        "c": {name: walk(path) for name, path in (body | {"Left_forepaw": washing}).items()},
        "d": body | {"Left_forepaw": at(17, 20)},  # nothing moves
    }
    paths = {name: each["Mid-Back"] for name, each in points.items()}
    recording = make(setting, 8, paths, points=points)
    found = grooming(recording, "a")
    assert found.count == 1
    assert found.start_s[0] == pytest.approx(2, abs=0.4)
    assert found.stop_s[0] == pytest.approx(5, abs=0.4)
    for name in "bcd":
        assert grooming(recording, name).count == 0


def test_grooming_by_outline_is_a_shape_that_changes_in_place():
    frame = np.arange(300)
    busy = (frame >= 90) & (frame < 210)
    size = 30 + 6 * (frame // 3 % 2) * busy
    boxes = np.column_stack([np.full((300, 2), 100), size, np.full(300, 30)])
    masks = {"a": Outlines.rectangles(boxes)}
    recording = Recording.synthetic(
        {"a": np.full((300, 2), 115.0)}, fps=30, px_per_cm=5, masks=masks
    )
    found = grooming(recording, "a")
    assert found.count == 1
    assert abs(found.start_frame[0] - 90) <= 12 and abs(found.stop_frame[0] - 210) <= 12
    assert "proxy" in found.definition
