"""Fields, objects, chambers, fear, swimming and mouse triplets with scripted answers."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from known import NTSC, Setting, every_setting, make, still

from llm_query.assays.registry import (
    explores,
    fear_conditioning,
    forced_swim,
    light_dark,
    mabe_triplet,
    novel_object,
    open_field,
    run_assay,
    three_chamber,
)
from llm_query.errors import QueryError
from llm_query.individual.motion import immobile
from llm_query.individual.rest import floating
from llm_query.outlines import Outlines
from llm_query.recording import Recording
from storage.readers.registry import read_poses

FIELD = {"field": ("rectangle", [[0, 0], [60, 60]], "arena")}


def steps(*stays: tuple[float, float, int]) -> np.ndarray:
    """(n, 2) cm: so many frames at each x, y."""
    return np.concatenate([np.tile([x, y], (frames, 1)) for x, y, frames in stays])


def fixed(path: np.ndarray):  # type: ignore[no-untyped-def]
    return lambda t: path


@every_setting
def test_an_open_field_is_divided_exactly(setting: Setting) -> None:
    # centre square from 20 to 40 cm (1/9), wall zone 10 cm, corners within 15 cm
    one = steps((30, 30, 100), (5, 30, 60), (30, 30, 40), (3, 3, 50))
    two = steps((5, 5, 250))
    paths = {"one": fixed(one), "two": fixed(two), "three": still(12, 30)}
    recording = make(setting, 250 / float(setting.fps), paths, regions=FIELD,
                     unseen={"three": (0, 200)})  # fmt: skip
    frame_s, unit = 1 / float(setting.fps), setting.unit
    made = open_field(recording, "one", bin_s=2.0)
    numbers = made["numbers"]
    assert numbers["centre_time_s"] == pytest.approx(140 * frame_s)
    assert numbers["centre_percent"] == pytest.approx(100 * 140 / 250)
    assert (numbers["centre_visits"], numbers["centre_entries"]) == (2, 1)
    assert numbers["thigmotaxis_s"] == pytest.approx(110 * frame_s)
    assert numbers["corners_s"] == pytest.approx(50 * frame_s)
    length = (25 + 25 + np.hypot(27, 27)) * unit
    assert numbers[f"distance_{recording.unit}"] == pytest.approx(length)
    table = made["table"]
    assert table["centre_s"].sum() == pytest.approx(140 * frame_s)
    assert table["thigmotaxis_s"].sum() == pytest.approx(110 * frame_s)
    assert table[f"distance_{recording.unit}"].sum() == pytest.approx(length)
    assert table["bin_stop_s"].iloc[-1] == pytest.approx(250 * frame_s)
    hidden = open_field(recording, "three")["numbers"]
    assert hidden["thigmotaxis_s"] == hidden["centre_time_s"] == 0
    assert hidden["tracked_percent"] == pytest.approx(20)
    assert open_field(recording, "two")["numbers"]["corners_s"] == pytest.approx(250 * frame_s)


def test_a_drawn_centre_goes_before_a_computed_one() -> None:
    setting = Setting(NTSC, 10.0, True)
    drawn = FIELD | {"centre": ("circle", [[30, 30], [35, 30]], "region")}
    recording = make(setting, 3, {"one": still(37, 30)}, regions=drawn)
    assert open_field(recording, "one")["numbers"]["centre_time_s"] == 0
    bare = make(setting, 3, {"one": still(37, 30)}, regions=FIELD)
    assert open_field(bare, "one")["numbers"]["centre_percent"] == pytest.approx(100)
    with pytest.raises(QueryError, match="needs one arena"):
        open_field(make(setting, 3, {"one": still(37, 30)}), "one")


OBJECTS = {
    "novel": ("circle", [[20, 20], [23, 20]], "object"),
    "familiar": ("circle", [[40, 20], [43, 20]], "object"),
}


def mouse(setting: Setting, body: np.ndarray, heading: np.ndarray, **more: object) -> Recording:
    """One mouse whose nose is 4 cm ahead of its centre."""
    turned = np.radians(heading)
    nose = body + 4 * np.column_stack([np.cos(turned), -np.sin(turned)])
    return make(
        setting, len(body) / float(setting.fps), {"mouse": fixed(body)},
        points={"mouse": {"nose": fixed(nose)}}, heading_deg={"mouse": lambda t: heading},
        regions=OBJECTS, **more,
    )  # type: ignore[arg-type]  # fmt: skip


@every_setting
def test_exploration_is_near_the_edge_heading_there_and_not_on_top(setting: Setting) -> None:
    body = steps(
        (12, 20, 60),  # nose at 16 cm, 1 cm from the edge of the novel object at 17, looking there
        (12, 20, 30),  # the same place, looking away
        (20, 20, 20),  # on top of it
        (10.5, 20, 25),  # nose 2.5 cm from the edge: too far
        (48, 20, 15),  # nose 1 cm from the familiar object's edge at 43, looking left at it
    )
    heading = np.repeat([0.0, 180.0, 0.0, 0.0, 180.0], [60, 30, 20, 25, 15])
    recording = mouse(setting, body, heading)
    near = 2 * setting.unit
    made = novel_object(recording, "mouse", max_distance=near)
    numbers, frame_s = made["numbers"], 1 / float(setting.fps)
    assert numbers["novel_s"] == pytest.approx(60 * frame_s)
    assert numbers["familiar_s"] == pytest.approx(15 * frame_s)
    assert numbers["discrimination_index"] == pytest.approx((60 - 15) / 75)
    assert numbers["preference_percent"] == pytest.approx(80)
    assert numbers["too_little_exploration"] == 1
    assert "too little to judge by" in made["text"]
    frames = made["bouts"][["behaviour", "start_frame", "stop_frame"]].values.tolist()
    assert frames == [["explores novel", 0, 60], ["explores familiar", 135, 150]]
    assert (
        novel_object(recording, "mouse", max_distance=near, min_total_s=1)["numbers"][
            "too_little_exploration"
        ]
        == 0
    )
    both = explores(recording, "mouse", ["novel", "familiar"], near)
    assert both.total_s == pytest.approx(75 * frame_s)


def test_two_cm_need_a_scale() -> None:
    body = steps((12, 20, 30))
    recording = mouse(Setting(NTSC, 7.0, False), body, np.zeros(30))
    with pytest.raises(QueryError, match="set px per cm"):
        novel_object(recording, "mouse")


ROOMS = {
    "social": ("rectangle", [[0, 0], [20, 40]], "region"),
    "middle": ("rectangle", [[20, 0], [40, 40]], "region"),
    "empty": ("rectangle", [[40, 0], [60, 40]], "region"),
    "social cup": ("circle", [[10, 10], [14, 10]], "object"),
    "empty cup": ("circle", [[50, 10], [54, 10]], "object"),
}


@every_setting
def test_three_chambers_are_timed_and_compared(setting: Setting) -> None:
    place = steps((30, 20, 40), (10, 20, 90), (30, 20, 10), (50, 20, 30))
    paths = {"a": fixed(place), "b": still(30, 20), "c": still(50, 30)}
    points = {"a": {"nose": fixed(place - [0, 5])}}
    up = {name: (lambda t: np.full(len(t), 90.0)) for name in paths}
    recording = make(setting, 170 / float(setting.fps), paths, points=points, heading_deg=up,
                     regions=ROOMS, unseen={"c": (100, 150)})  # fmt: skip
    frame_s = 1 / float(setting.fps)
    numbers = three_chamber(recording, "a", max_distance=2 * setting.unit)["numbers"]
    assert numbers["social_time_s"] == pytest.approx(90 * frame_s)
    assert numbers["empty_time_s"] == pytest.approx(30 * frame_s)
    assert numbers["middle_time_s"] == pytest.approx(50 * frame_s)
    assert (numbers["social_entries"], numbers["middle_entries"]) == (1, 1)
    assert numbers["sociability_index"] == pytest.approx(0.5)
    # the nose is at y = 15, 1 cm below the cups' rim at 14
    assert numbers["social_sniffing_s"] == pytest.approx(90 * frame_s)
    assert numbers["sniffing_index"] == pytest.approx(0.5)
    no_cups = {name: place for name, place in ROOMS.items() if "cup" not in name}
    alone = make(setting, 170 / float(setting.fps), paths, regions=no_cups,
                 unseen={"c": (100, 150)})  # fmt: skip
    b, c = (three_chamber(alone, name)["numbers"] for name in "bc")
    assert np.isnan(b["sociability_index"])
    assert c["empty_time_s"] == pytest.approx(120 * frame_s)


@every_setting
def test_freezing_is_divided_at_the_edges_of_cues(setting: Setting) -> None:
    frozen = np.zeros(setting.frame_at(60), dtype=bool)
    spans = [(5, 8), (18, 25), (38, 42), (55, 60)]
    for start_s, stop_s in spans:
        frozen[setting.frame_at(start_s) : setting.frame_at(stop_s)] = True
    recording = make(setting, 60, {"a": still(5, 5), "b": still(9, 9), "c": still(1, 1)})
    frames = np.flatnonzero(np.diff(frozen.astype(int), prepend=0, append=0)).reshape(-1, 2)
    import pyarrow as pa

    kept = pd.DataFrame({
        "behaviour": "freezing by hand", "subject": "a", "target": None, "kind": "state",
        "start_frame": frames[:, 0], "stop_frame": frames[:, 1],
    })  # fmt: skip
    from dataclasses import replace

    recording = replace(recording, kept=pa.Table.from_pandas(kept))
    cues = [{"cue": "tone", "start_s": 20, "stop_s": 30}, ("tone", 40, 50)]
    made = fear_conditioning(recording, "a", cues, behaviour="freezing by hand")
    numbers, table = made["numbers"], made["table"]

    def seconds(*parts: tuple[float, float]) -> float:
        return sum(
            float(frozen[setting.frame_at(a) : setting.frame_at(b)].sum()) for a, b in parts
        ) / float(setting.fps)

    assert table["cue"].tolist() == ["baseline", "tone", "between", "tone", "after"]
    assert numbers["tone_freezing_s"] == pytest.approx(seconds((20, 30), (40, 50)))
    assert numbers["baseline_freezing_s"] == pytest.approx(seconds((0, 20)))
    assert numbers["between_freezing_s"] == pytest.approx(seconds((30, 40)))
    assert numbers["after_freezing_s"] == pytest.approx(seconds((50, 60)))
    total = sum(numbers[f"{part}_freezing_s"] for part in ("baseline", "tone", "between", "after"))
    assert total == pytest.approx(frozen.sum() / float(setting.fps))
    cue_s = sum(setting.frame_at(b) - setting.frame_at(a) for a, b in ((20, 30), (40, 50))) / float(
        setting.fps
    )
    percent = 100 * seconds((20, 30), (40, 50)) / cue_s
    assert numbers["tone_freezing_percent"] == pytest.approx(percent)
    whole = 100 * numbers["freezing_s"] / recording.duration_s
    assert numbers["freezing_percent_of_recording"] == pytest.approx(whole)
    assert numbers["freezing_percent_of_known_time"] >= numbers["freezing_percent_of_recording"]


@pytest.mark.parametrize(
    ("cues", "says"),
    [
        ([], "needs a table of cues"),
        ([("tone", 5)], "Row 1 of the cues"),
        ([("tone", 8, 5)], "from 8 to 5 s"),
        ([("tone", 5, 8), ("tone", 90, 95)], "starts at 90 s"),
        ([("baseline", 5, 8)], 'cannot be called "baseline"'),
    ],
)
def test_a_wrong_table_of_cues_is_one_line(cues: list[tuple[object, ...]], says: str) -> None:
    recording = make(Setting(NTSC, 10.0, True), 10, {"a": still(5, 5)})
    with pytest.raises(QueryError, match=says):
        fear_conditioning(recording, "a", cues)


def test_floating_is_counted_from_the_second_to_the_sixth_minute() -> None:
    setting = Setting(NTSC, 10.0, True)
    n = setting.frame_at(400)
    x = np.cumsum(np.where((np.arange(n) > 100 * 29.97) & (np.arange(n) < 200 * 29.97), 0, 0.5))
    recording = make(setting, 400, {"a": lambda t: np.column_stack([x % 40, 0 * t])})
    numbers = forced_swim(recording, "a")["numbers"]
    assert numbers["counted_s"] == pytest.approx(240, abs=0.04)
    assert numbers["floating_s"] == pytest.approx(80, abs=0.5)  # from 120 s to 200 s
    assert numbers["latency_to_floating_s"] == pytest.approx(100, abs=0.5)
    short = make(setting, 10, {"a": still(5, 5)})
    assert forced_swim(short, "a")["numbers"]["floating_percent"] == pytest.approx(100)


@pytest.fixture(scope="module")
def triplet(shared_data: Path) -> Recording:
    poses = read_poses(shared_data / "video/mice3_open_field/EGS8X2MN4SSUGFWAV976.h5")
    points = {
        animal: {name: poses.xy[:, i, j] for j, name in enumerate(poses.points)}
        for i, animal in enumerate(poses.animals)
    }
    return Recording.synthetic(
        {animal: own["center back"] for animal, own in points.items()}, points=points, fps=30
    )


def test_mouse_triplets_are_counted_as_mabe_defines_them(triplet: Recording) -> None:
    made = mabe_triplet(triplet)
    numbers = made["numbers"]
    assert (numbers["oral_oral_pair_frames"], numbers["oral_oral_frames"]) == (222, 217)
    assert (numbers["oral_genital_pair_frames"], numbers["oral_genital_frames"]) == (287, 285)
    table = made["table"]
    assert len(table[table["behaviour"] == "oral_genital"]) == 6
    assert len(table[table["behaviour"] == "contact"]) == 3


def test_the_triplet_in_cm_with_its_scale_gives_the_same(triplet: Recording) -> None:
    from dataclasses import replace

    calibrated = replace(triplet, px_per_cm=6.0)
    chosen = ["oral_oral", "oral_genital", "oral_ear"]
    px, cm = (mabe_triplet(one, behaviours=chosen)["numbers"] for one in (triplet, calibrated))
    assert px == cm
    with pytest.raises(QueryError, match="none of the MABe behaviours"):
        mabe_triplet(triplet, behaviours=["hug"])


def test_an_approach_is_made_by_the_one_that_moves() -> None:
    comes = np.column_stack(
        [
            np.concatenate([np.full(30, 100.0), np.linspace(100, 5, 30), np.full(30, 5.0)]),
            np.zeros(90),
        ]
    )
    sits = np.zeros((90, 2))
    far = sits + 500
    paths = {"comes": comes, "sits": sits, "far": far}
    points = {name: {"nose": path} for name, path in paths.items()}
    recording = Recording.synthetic(paths, points=points, fps=30)
    made = mabe_triplet(recording, behaviours=["approach"])
    found = made["bouts"]
    assert found[["subject", "target"]].values.tolist() == [["comes", "sits"]]
    step = 95 / 29
    last_far = 30 + int(np.floor((100 - 40) / step - 1e-9))
    first_near = 30 + int(np.floor((100 - 8) / step)) + 1
    assert found[["start_frame", "stop_frame"]].values.tolist() == [[last_far, first_near + 1]]


def test_every_animal_gets_its_own_numbers() -> None:
    setting = Setting(NTSC, 10.0, True)
    paths = {"one": still(30, 30), "two": still(5, 5), "three": still(30, 5)}
    recording = make(setting, 5, paths, regions=FIELD)
    made = run_assay(recording, "open_field")
    assert made["numbers"]["one centre_percent"] == pytest.approx(100)
    assert made["numbers"]["two corner_visits"] == 1
    assert set(made["table"]["animal"]) == set(paths)
    assert set(made["bouts"]["subject"]) == set(paths)
    with pytest.raises(QueryError, match='no assay "swim"'):
        run_assay(recording, "swim")


def test_floating_with_an_outline_allows_the_drift_that_ends_immobility() -> None:
    """60 s: an outline that drifts at 1 cm/s for 40 s, then swims at 10 cm/s; px_per_cm 10."""
    n = 60 * 25
    x = 50 + np.cumsum(np.where(np.arange(n) < 1000, 0.4, 4.0)) % 400
    place = np.round(np.column_stack([x, np.full(n, 100.0)]))
    boxes = np.column_stack([place, np.full(n, 60), np.full(n, 40)]).astype(int)
    recording = Recording.synthetic(
        {"a": place + np.array([30.0, 20.0])}, fps=25, px_per_cm=10, length=60,
        masks={"a": Outlines.rectangles(boxes)},
    )  # fmt: skip
    made = forced_swim(recording, "a")
    found = floating(recording, "a")
    assert made["numbers"]["floating_s"] == found.total_s == pytest.approx(40, abs=1)
    assert made["table"]["definition"].iloc[0] == found.definition
    by_speed = forced_swim(recording, "a", max_speed=0.5)["numbers"]
    assert by_speed["floating_s"] == immobile(recording, "a", 0.5).total_s < 5
    strict = forced_swim(recording, "a", max_drift=0.5)["numbers"]
    assert strict["floating_s"] < 5
    with pytest.raises(QueryError, match="not by both"):
        forced_swim(recording, "a", 0.5, max_mobility=0.1)


SWIM = ("floating_s", "floating_percent", "floating_bouts", "latency_to_floating_s")


def test_an_animal_that_was_never_seen_is_said_to_be_and_has_no_zeros() -> None:
    setting = Setting(NTSC, 10.0, True)
    regions = (
        ROOMS
        | FIELD
        | {
            "novel": ("circle", [[10, 30], [12, 30]], "object"),
            "familiar": ("circle", [[50, 30], [52, 30]], "object"),
            "open arm": ("rectangle", [[0, 50], [20, 60]], "region"),
            "closed arm": ("rectangle", [[20, 50], [40, 60]], "region"),
            "third arm": ("rectangle", [[40, 50], [60, 60]], "region"),
            "light": ("rectangle", [[0, 0], [30, 60]], "region"),
            "dark": ("rectangle", [[30, 0], [60, 60]], "region"),
        }
    )
    points = {a: {"nose": still(10, 18), "tail_base": still(10, 24)} for a in ("a", "ghost")}
    up = {"a": lambda t: np.full(len(t), 90.0)}
    recording = make(
        setting, 12, {"a": still(10, 20), "ghost": still(np.nan, np.nan)}, points=points,
        regions=regions, heading_deg=up, length=6,
    )  # fmt: skip
    nowhere = {name: path * np.nan for name, path in recording.track("ghost").points.items()}
    recording.tracks["ghost"].points.update(nowhere)
    asked: dict[str, dict[str, object]] = {
        "plus_maze": {"open_arms": "open arm", "closed_arms": "closed arm", "centre": "middle"},
        "open_field": {"centre": "middle", "bin_s": 5.0}, "novel_object": {}, "forced_swim": {},
        "three_chamber": {"middle": "middle"}, "light_dark": {},
        "maze_alternation": {"arms": ["open arm", "closed arm", "third arm"]},
        "fear_conditioning": {"cues": [("tone", 2, 4)]},
    }  # fmt: skip
    told_anyway = ("tracked_percent", "counted_s", "chance_percent")
    for name, settings in asked.items():
        numbers = run_assay(recording, name, **settings)
        assert "ghost was never seen" in numbers["text"] and "nan" not in numbers["text"], name
        mine = {
            key.removeprefix("ghost "): value
            for key, value in numbers["numbers"].items() if key.startswith("ghost ")
        }  # fmt: skip
        assert mine.pop("tracked_percent") == 0
        assert all(np.isnan(v) for key, v in mine.items() if key not in told_anyway), (name, mine)
        table = numbers["table"]
        table = table[table["animal"] == "ghost"] if len(table) else table
        for column in ("time_s", "visits", "freezing_s", "bouts", "centre_s", *SWIM):
            assert column not in table or table[column].isna().all(), (name, column)


def test_a_pair_that_was_never_there_has_no_frames_to_count() -> None:
    there = np.zeros((60, 2))
    paths = {"a": there, "b": there + 5, "ghost": there * np.nan}
    points = {name: {"nose": path, "tail_base": path - 60} for name, path in paths.items()}
    recording = Recording.synthetic(paths, points=points, fps=30)
    made = mabe_triplet(recording, behaviours=["oral_oral"])
    table = made["table"].set_index(["animal", "other"])
    assert table.loc[("a", "b"), "frames"] == made["numbers"]["oral_oral_pair_frames"] == 60
    assert table.loc[("a", "ghost"), ["frames", "bouts", "total_s"]].isna().all()


def test_a_dark_box_under_a_roof_counts_an_animal_that_is_not_seen_as_in_it() -> None:
    setting = Setting(NTSC, 10.0, True)
    light = {"light": ("rectangle", [[0, 0], [30, 60]], "region")}
    recording = make(setting, 10, {"a": still(np.nan, np.nan)}, regions=light)
    numbers = light_dark(recording, "a", unseen_is_dark=True)["numbers"]
    assert numbers["dark_time_s"] == pytest.approx(recording.duration_s)
    assert (numbers["light_time_s"], numbers["transitions"]) == (0, 0)
