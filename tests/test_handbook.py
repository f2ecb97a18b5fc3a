"""The handbook of protocols: every preset answers by name on a recording whose answer is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from planner_made import AWAY, BEHIND, BODY, MEET, film, rearing_mouse, walk

from llm_query.errors import QueryError
from llm_query.geometry import Region
from llm_query.planner import Context, plan
from llm_query.planner_code import check_code
from llm_query.planning.handbook import Preset, find_preset, presets
from llm_query.recording import Recording
from llm_query.runner import load_analysis, sort_results
from llm_query.vocabulary import scope

FPS = 30
BY_NAME = {preset.name: preset for preset in presets()}


def boxes(**corners: tuple[float, float, float, float]) -> list[Region]:
    """Rectangles x0, y0, x1, y1 in px; an underscore is a space, and arena has that role."""
    return [
        Region(name.replace("_", " "), "rectangle", np.array(c, float).reshape(2, 2),
               "arena" if name == "arena" else "region")
        for name, c in corners.items()
    ]  # fmt: skip


def sitting(*stays: tuple[int, float, float]) -> np.ndarray:
    """So many frames at each place, in turn, px."""
    return np.concatenate([np.tile([x, y], (n, 1)) for n, x, y in stays]).astype(float)


def one_mouse(
    path: np.ndarray, regions: list[Region], ahead: float = 0.0, nose: np.ndarray | None = None
) -> Recording:
    """A mouse at 10 px/cm that looks right; its nose is `ahead` px before its centre."""
    nose = path + np.array([ahead, 0.0]) if nose is None else nose
    points = {"mouse": {"nose": nose, "tail_base": path - np.array([10.0, 0.0])}}
    return Recording.synthetic(
        {"mouse": path}, fps=FPS, px_per_cm=10, regions=regions, points=points, length=BODY,
        heading_deg={"mouse": np.zeros(len(path))},
    )  # fmt: skip


def plus_maze() -> Recording:
    """3 s in the centre, 2 s on an open arm, 1 s centre, 3 s closed arm, 1 s centre; one dip."""
    path = sitting((90, 500, 500), (60, 200, 500), (30, 500, 500), (90, 500, 200), (30, 500, 500))
    maze = boxes(open_left=(0, 450, 450, 550), open_right=(550, 450, 1000, 550),
                 closed_top=(450, 0, 550, 450), closed_bottom=(450, 550, 550, 1000),
                 centre=(450, 450, 550, 550))  # fmt: skip
    nose = path.copy()
    nose[100:115] = 200, 600  # over the edge
    return one_mouse(path, maze, nose=nose)


def field() -> Recording:
    """4 s at the wall, 2 s in the centre, 4 s in a corner."""
    path = sitting((120, 10, 300), (60, 300, 300), (120, 10, 10))
    return one_mouse(path, boxes(arena=(0, 0, 600, 600)))


def objects() -> Recording:
    """6 s with the nose 1 cm before the novel object, 2 s before the familiar one."""
    path = sitting((180, 270, 100), (60, 270, 300))
    things = boxes(novel_object=(300, 80, 340, 120), familiar_object=(300, 280, 340, 320))
    return one_mouse(path, things, ahead=20)


def chambers() -> Recording:
    """1 s in the middle, 6 s in the social chamber at its cup, 1 s middle, 2 s in the empty one."""
    path = sitting((30, 300, 100), (180, 120, 100), (30, 300, 100), (60, 500, 100))
    rooms = boxes(social_chamber=(0, 0, 200, 200), middle_chamber=(200, 0, 400, 200),
                  empty_chamber=(400, 0, 600, 200), social_cup=(150, 80, 190, 120),
                  empty_cup=(550, 20, 590, 40))  # fmt: skip
    return one_mouse(path, rooms, ahead=20)


def y_maze() -> Recording:
    """Arms a, b, c, a, c, a with the hub between: abc, bca, (cac no), (aca no): 2 of 4 triads."""
    place = {"a": (100, 100), "b": (300, 100), "c": (500, 100), "hub": (300, 400)}
    stays = [stay for arm in "abcaca" for stay in ((30, *place[arm]), (15, *place["hub"]))]
    arms = boxes(arm_a=(50, 50, 150, 150), arm_b=(250, 50, 350, 150), arm_c=(450, 50, 550, 150))
    return one_mouse(sitting((15, *place["hub"]), *stays), arms)


def light_box() -> Recording:
    """3 s light, 2 s dark, 1 s light, 4 s dark."""
    path = sitting((90, 100, 100), (60, 300, 100), (30, 100, 100), (120, 300, 100))
    return one_mouse(path, boxes(light=(0, 0, 200, 200), dark=(200, 0, 400, 200)))


def resting() -> Recording:
    """Walks 20 px/frame for 2 s, sits for 60 s, walks for 1 s; mouse2 sits 300 px above."""
    going = walk((0, 0, 500), (60, 1200, 500), (1860, 1200, 500), (1890, 600, 500), n=1890)
    there = np.tile([1200.0, 200.0], (1890, 1))
    make = film({"mouse": going, "mouse2": there}, {"mouse": 1, "mouse2": 1}, px_per_cm=10)
    return make()


def close_pair() -> Recording:
    """Two mice sit 45 px apart face to face for 5 s, noses 5 px apart, then 400 px apart."""
    one = np.tile([200.0, 200.0], (300, 1))
    two = sitting((150, 245, 200), (150, 600, 200))
    return film({"mouse1": one, "mouse2": two}, {"mouse1": 1, "mouse2": -1})()


def eared() -> Recording:
    """The close pair with ears 3 px behind the noses: 8 px from the other's nose for 5 s."""
    recording = close_pair()
    paths, points = {}, {}
    for animal, way in (("mouse1", 1), ("mouse2", -1)):
        own = recording.track(animal).points
        ear = own["nose"] - np.array([3.0 * way, 0.0])
        paths[animal] = own["centre"]
        points[animal] = {"nose": own["nose"], "tail_base": own["tail_base"], "left_ear": ear,
                          "right_ear": ear}  # fmt: skip
    heads = {"mouse1": np.zeros(300), "mouse2": np.full(300, 180.0)}
    return Recording.synthetic(paths, fps=FPS, points=points, heading_deg=heads, length=BODY)


def along() -> Recording:
    """Two mice lie beside each other, 12 px apart, for 10 s."""
    paths = {
        "mouse1": np.tile([200.0, 200.0], (300, 1)),
        "mouse2": np.tile([200.0, 212.0], (300, 1)),
    }
    return film(paths, {"mouse1": 1, "mouse2": 1})()


def context_of(recording: Recording) -> Context:
    arena = [name for name, region in recording.regions.items() if region.role == "arena"]
    return Context(
        animals=tuple(recording.animals), points=tuple(recording.points),
        regions=tuple(recording.regions), arena=arena[0] if arena else None,
        unit=recording.unit, px_per_cm=recording.px_per_cm, fps=float(recording.fps),
        n_frames=recording.n_frames,
    )  # fmt: skip


def answered(question: str, recording: Recording) -> dict[str, Any]:
    understood = plan(question, context_of(recording))
    assert understood.refused is None, understood.refused
    check_code(understood.code)
    return sort_results(load_analysis(understood.code)(recording), recording)


def number_of(found: dict[str, Any]) -> float:
    """The one number of an answer."""
    assert len(found["numbers"]) == 1
    return next(iter(found["numbers"].values()))


NUMBERS: dict[str, tuple[Callable[[], Recording], float]] = {
    "open arm time": (plus_maze, 2.0), "closed arm time": (plus_maze, 3.0),
    "maze centre time": (plus_maze, 5.0), "percent open arm time": (plus_maze, 40.0),
    "open arm entries": (plus_maze, 1), "closed arm entries": (plus_maze, 1),
    "percent open arm entries": (plus_maze, 50.0), "total arm entries": (plus_maze, 2),
    "open arm latency": (plus_maze, 3.0), "open arm distance": (plus_maze, 30.0),
    "number of head dips": (plus_maze, 1), "unprotected head dips": (plus_maze, 1),
    "protected head dips": (plus_maze, 0),
    "open field centre time": (field, 2.0), "percent centre time": (field, 20.0),
    "centre entries": (field, 1), "centre latency": (field, 4.0),
    "centre distance": (field, np.hypot(29, 29)), "thigmotaxis": (field, 8.0),
    "percent thigmotaxis": (field, 80.0), "corner time": (field, 4.0),
    "discrimination index": (objects, 0.5), "novelty preference": (objects, 75.0),
    "novel object exploration time": (objects, 6.0),
    "familiar object exploration time": (objects, 2.0), "total exploration time": (objects, 8.0),
    "novel object exploration bouts": (objects, 1), "latency to the novel object": (objects, 0.0),
    "sociability index": (chambers, 0.5), "social chamber time": (chambers, 6.0),
    "empty chamber time": (chambers, 2.0), "social chamber entries": (chambers, 1),
    "social sniffing time": (chambers, 6.0), "sniffing index": (chambers, 1.0),
    "alternation percent": (y_maze, 50.0), "number of alternations": (y_maze, 2),
    "Y-maze arm entries": (y_maze, 6), "same arm returns": (y_maze, 0),
    "light compartment time": (light_box, 4.0), "percent light time": (light_box, 40.0),
    "light/dark transitions": (light_box, 3), "latency to the dark": (light_box, 3.0),
}  # fmt: skip
# the seconds, or the count, of the only or of the named animal or pair
BOUTS: dict[str, tuple[Callable[[], Recording], str, float]] = {
    "contextual freezing": (resting, "mouse2 total_s", 63.0),
    "freezing latency": (resting, "mouse2 latency_s", 0.0),
    "baseline freezing": (resting, "mouse2 total_s", 63.0),
    "social approach": (MEET, "mouse1 mouse2 count", 1),
    "social following": (BEHIND, "mouse1 mouse2 count", 1),
    "social chasing": (BEHIND, "mouse1 mouse2 count", 1),
    "social leaving": (MEET, "mouse1 mouse2 count", 0),
    "making contact": (MEET, "mouse1 mouse2 total_s", 10 / 30),
    "body point contact": (close_pair, "total_s", 5.0),
    "naso-nasal contact": (close_pair, "total_s", 5.0),
    "naso-anal contact": (close_pair, "mouse1 mouse2 total_s", 0.0),
    "side by side contact": (along, "total_s", 10.0),
    "social proximity": (close_pair, "total_s", 5.0),
    "mutual gaze": (close_pair, "total_s", 10.0),
    "huddling behaviour": (along, "mouse1 total_s", 10.0),
    "social isolation time": (close_pair, "mouse1 total_s", 5.0),
    "movement time": (resting, "mouse total_s", 3.0),
    "immobility time": (resting, "mouse2 total_s", 63.0),
    "sleep time": (resting, "mouse2 total_s", 63.0),
    "rearing behaviour": (rearing_mouse, "total_s", 2.0),
}  # fmt: skip
MEASURES: dict[str, tuple[Callable[[], Recording], str, float]] = {
    "total distance moved": (resting, "mouse", 178.0), "average velocity": (resting, "mouse2", 0.0),
    "peak velocity": (resting, "mouse", 60.0),
    "path straightness index": (resting, "mouse", 62.0 / 178.0),
    "mean angular velocity": (resting, "mouse", 0.0), "mean meander": (resting, "mouse", 0.0),
    "mean nearest neighbour distance": (along, "mouse1", 12.0),
    "group cohesion": (along, "", 6.0), "group polarisation": (along, "", 1.0),
}  # fmt: skip
WHOLE: dict[str, tuple[Callable[[], Recording], str, float]] = {
    "elevated plus maze": (plus_maze, "open_arm_time_s", 2.0),
    "open field": (field, "centre_time_s", 2.0),
    "novel object recognition": (objects, "discrimination_index", 0.5),
    "three chamber test": (chambers, "sociability_index", 0.5),
    "spontaneous alternation": (y_maze, "alternation_percent", 50.0),
    "light/dark box": (light_box, "light_time_s", 4.0),
    "MABe 2022 social set": (eared, "oral_oral_frames", 150),
    "MABe oral oral": (close_pair, "oral_oral_frames", 150),
    "MABe oral genital": (close_pair, "oral_genital_frames", 0),
    "MABe oral ear": (eared, "oral_ear_frames", 150),
    "forced swim test": (resting, "mouse floating_s", 60.0),
    "MABe contact": (close_pair, "contact_frames", 150),
    "MABe huddle": (along, "huddle_frames", 300),
}  # fmt: skip
ELSEWHERE = {  # run, and equal to the word they call
    "social interaction test": close_pair, "MABe approach": MEET, "MABe chase": BEHIND,
    "MABe watching": AWAY,
}  # fmt: skip
NEEDS = {  # what a made recording without outlines or ears lacks is said
    "grooming behaviour": (resting, "forepaws"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(NUMBERS))
def test_a_measure_of_an_assay_is_as_known(name: str) -> None:
    make, value = NUMBERS[name]
    assert number_of(answered(name, make())) == pytest.approx(value, abs=0.02)


@pytest.mark.parametrize("name", sorted(BOUTS))
def test_a_behaviour_lasts_as_long_as_known(name: str) -> None:
    make, key, value = BOUTS[name]
    assert answered(name, make())["numbers"][key] == pytest.approx(value, abs=0.12)


@pytest.mark.parametrize("name", sorted(MEASURES))
def test_a_measure_of_movement_is_as_known(name: str) -> None:
    make, who, value = MEASURES[name]
    numbers = answered(name, make())["numbers"]
    found = [v for key, v in numbers.items() if key.startswith(f"{who} " if who else "")]
    assert found == [pytest.approx(value, rel=0.01, abs=0.01)]


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_a_whole_assay_gives_its_numbers(name: str) -> None:
    make, key, value = WHOLE[name]
    assert answered(name, make())["numbers"][key] == pytest.approx(value)


@pytest.mark.parametrize("name", sorted(ELSEWHERE))
def test_a_table_is_that_of_the_word_itself(name: str) -> None:
    words = scope()
    recording = ELSEWHERE[name]()
    found = answered(name, recording)
    if name == "social interaction test":
        expected = words["social_measures"](recording)
        assert found["table"].equals(expected)
        return
    kind = name.removeprefix("MABe ").replace(" ", "_")
    assert found["numbers"] == words["mabe_triplet"](recording, behaviours=[kind])["numbers"]


@pytest.mark.parametrize("name", sorted(NEEDS))
def test_what_a_recording_lacks_is_said(name: str) -> None:
    make, lacking = NEEDS[name]
    with pytest.raises(QueryError, match=lacking):
        answered(name, make())


def test_every_preset_is_tried_here() -> None:
    tried = {*NUMBERS, *BOUTS, *MEASURES, *WHOLE, *ELSEWHERE, *NEEDS}
    assert tried == set(BY_NAME)
    assert len(BY_NAME) >= 60


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.name)
def test_every_name_and_alias_finds_its_preset_and_nothing_else(preset: Preset) -> None:
    context = Context(animals=("mouse1", "mouse2"))
    for name in preset.names:
        found = find_preset(name, context)
        assert found is not None and found[0] is preset, name
    assert len(preset.text) > 20 and preset.text.endswith(".") and len(preset.source) > 10


def test_an_animal_may_be_named_and_words_around_the_name_do_not_matter() -> None:
    recording = resting()
    for question in ("What is the movement time of mouse2?", "movement time for mouse2"):
        assert answered(question, recording)["numbers"]["total_s"] == 0.0
    one = answered("Compute the open arm time of the mouse.", plus_maze())
    assert number_of(one) == pytest.approx(2.0, abs=0.02)
    context = context_of(plus_maze())
    assert 'plus_maze(recording, "mouse"' in plan("elevated plus maze of mouse", context).code


def test_missing_regions_are_refused_with_what_to_draw() -> None:
    bare = Context(animals=("mouse",), regions=("corner",))
    for question, words in (
        ("open arm time", "'open' in the name"), ("open field", "role arena"),
        ("sociability index", "'social' in the name"), ("Y-maze", "Draw 3 regions"),
        ("huddling behaviour", "two animals"),
    ):  # fmt: skip
        refused = plan(question, bare).refused
        assert refused is not None and words in refused, question


def test_two_regions_for_one_part_are_refused() -> None:
    both = Context(animals=("m",), regions=("light left", "light right", "dark"))
    assert "could be any of light left, light right" in (plan("light/dark box", both).refused or "")


def test_a_study_s_own_meaning_goes_first() -> None:
    own = Context(animals=("m", "n"), behaviours=("grooming behaviour",))
    assert "kept_bouts(" in plan("grooming behaviour", own).code
