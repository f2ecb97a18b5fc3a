"""Mazes whose every visit and head dip is scripted: the answers are exact to the frame."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
from known import NTSC, Setting, every_setting, make

from llm_query.assays.registry import head_dips, light_dark, maze_alternation, plus_maze
from llm_query.errors import QueryError
from llm_query.geometry import Region
from llm_query.outlines import Outlines
from llm_query.places.zones import in_region
from llm_query.recording import Recording

MAZE = {
    "open left": ("rectangle", [[0, 32.5], [32.5, 37.5]], "region"),
    "open right": ("rectangle", [[37.5, 32.5], [70, 37.5]], "region"),
    "closed top": ("rectangle", [[32.5, 0], [37.5, 32.5]], "region"),
    "closed bottom": ("rectangle", [[32.5, 37.5], [37.5, 70]], "region"),
    "centre": ("rectangle", [[32.5, 32.5], [37.5, 37.5]], "region"),
}
PLACES = {
    "open left": (15.0, 35.0), "open right": (55.0, 35.0), "closed top": (35.0, 15.0),
    "closed bottom": (35.0, 55.0), "centre": (35.0, 35.0),
}  # fmt: skip
ARMS = [name for name in PLACES if name != "centre"]
N_FRAMES, OPEN_VISITS, DIPS = 15_075, 34, 36


@dataclass
class Script:
    """What the mouse does: its place and its nose frame by frame, and what must come out."""

    places: list[str] = field(default_factory=list)  # one per frame
    over: list[bool] = field(default_factory=list)  # whether the nose is over the edge
    dips: list[tuple[int, int, str]] = field(default_factory=list)  # frames, and from where

    def stay(self, place: str, frames: int, dip: tuple[int, int] | None = None) -> None:
        """Stay somewhere; with `dip`, the nose is over the edge from and to these frames of it."""
        over = np.zeros(frames, dtype=bool)
        if dip is not None:
            over[slice(*dip)] = True
            self.dips.append((len(self.places) + dip[0], len(self.places) + dip[1], place))
        self.places += [place] * frames
        self.over += over.tolist()

    def flick(self, place: str, frames: int, over: int) -> None:
        """Stay somewhere with the nose over the edge for too short a time to be a dip."""
        self.stay(place, frames)
        self.over[-frames + 5 : -frames + 5 + over] = [True] * over

    def runs(self, *kinds: str) -> list[tuple[int, int]]:
        """The frames of every visit to these places."""
        inside = np.isin(self.places, [name for name in PLACES if name.startswith(kinds)])
        edges = np.flatnonzero(np.diff(inside.astype(int), prepend=0, append=0))
        return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def scripted(fps: float) -> Script:
    """34 visits of open arms and 36 head dips in 15,075 frames, 26 of them from an open arm."""
    rng, script = np.random.default_rng(7), Script()
    shortest, flick = int(np.ceil(0.2 * fps - 1e-6)), int(0.2 * fps) - 2
    script.stay("closed top", 100)
    for visit in range(OPEN_VISITS):
        dips_here = (shortest + visit % 5, 8) if visit < DIPS - OPEN_VISITS + 24 else None
        # one dip at most in the centre or on the arm; the first 26 visits have one on the arm
        if visit < 10:
            script.stay("centre", 40, (10, 10 + shortest + visit % 3))
        elif visit < 20:
            script.flick("centre", 40, flick)
        else:
            script.stay("centre", int(rng.integers(3, 60)))
        arm = ("open left", "open right")[visit % 2]
        length = int(rng.integers(60, 330))
        script.stay(arm, length, None if dips_here is None else (20, 20 + dips_here[0]))
        script.stay("centre", int(rng.integers(2, 40)))
        if visit % 2:
            script.stay(("closed top", "closed bottom")[visit // 2 % 2], int(rng.integers(50, 300)))
    script.stay("centre", 30)
    script.stay("closed bottom", N_FRAMES - len(script.places))
    return script


def as_paths(script: Script) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Body, nose and tail base of the script in cm: the nose goes over the long edge of an arm."""
    centre = np.array([PLACES[place] for place in script.places])
    across = np.array([(1, 0) if place.startswith("closed") else (0, 1) for place in script.places])
    over = np.array(script.over)[:, None]
    nose = centre + np.where(over, 6.0, 1.0) * np.where(over, [[0, 1]], across)
    corner = np.array([place == "centre" for place in script.places])[:, None] & over
    nose = np.where(corner, centre + 6.0, nose)  # from the centre, over the corner between arms
    return {"centre": lambda _: centre, "nose": lambda _: nose, "tail_base": lambda _: centre - 0.5}


def maze(setting: Setting, script: Script, **more: object) -> Recording:
    paths = as_paths(script)
    points = {"mouse": {name: path for name, path in paths.items() if name != "centre"}}
    seconds = len(script.places) / float(setting.fps)
    return make(setting, seconds, {"mouse": paths["centre"]}, points=points, regions=MAZE, **more)  # type: ignore[arg-type]


@every_setting
def test_a_plus_maze_of_15075_frames_is_exact_to_the_frame(setting: Setting) -> None:
    script = scripted(float(setting.fps))
    recording = maze(setting, script)
    assert recording.n_frames == N_FRAMES
    opened, closed = script.runs("open"), script.runs("closed")
    made = plus_maze(recording, "mouse")
    numbers = made["numbers"]
    frame_s = 1 / float(setting.fps)
    open_s = sum(b - a for a, b in opened) * frame_s
    assert len(opened) == OPEN_VISITS
    assert len(script.dips) == DIPS
    assert numbers["open_arm_visits"] == numbers["open_arm_entries"] == OPEN_VISITS
    assert numbers["open_arm_time_s"] == pytest.approx(open_s, abs=1e-6)
    assert numbers["open_arm_latency_s"] == pytest.approx(opened[0][0] * frame_s)
    assert numbers["closed_arm_visits"] == len(closed)
    assert numbers["closed_arm_entries"] == len(closed) - 1  # it starts in a closed arm
    closed_s = sum(b - a for a, b in closed) * frame_s
    share = 100 * open_s / (open_s + closed_s)
    assert numbers["open_time_of_arms_percent"] == pytest.approx(share)
    assert numbers["head_dips"] == DIPS
    assert numbers["head_dips_unprotected"] == sum(w != "centre" for _, _, w in script.dips) == 26
    assert numbers["head_dips_protected"] == 10
    dip_s = sum(b - a for a, b, _ in script.dips) * frame_s
    assert numbers["head_dip_time_s"] == pytest.approx(dip_s, abs=1e-6)
    bouts = made["bouts"]
    for behaviour, truth in (
        ("open arm", opened), ("closed arm", closed), ("centre", script.runs("centre")),
        ("head dip", [dip[:2] for dip in script.dips]),
    ):  # fmt: skip
        found = bouts[bouts["behaviour"] == behaviour]
        rows = found[["start_frame", "stop_frame"]].to_numpy().tolist()
        assert rows == [list(one) for one in truth], behaviour


@every_setting
def test_the_two_open_arms_add_up_and_nothing_is_doubled(setting: Setting) -> None:
    recording = maze(setting, scripted(float(setting.fps)))
    made = plus_maze(recording, "mouse")
    arms = made["table"][made["table"]["part"] == "open arm"]
    assert arms["region"].tolist() == ["open left", "open right"]
    assert arms["time_s"].sum() == pytest.approx(made["numbers"]["open_arm_time_s"])
    assert arms["visits"].tolist() == [OPEN_VISITS // 2] * 2
    left = in_region(recording, "mouse", "open left")
    assert (left & left).count == left.count
    assert (left & in_region(recording, "mouse", "open right")).count == 0
    assert not made["bouts"].duplicated(["behaviour", "start_frame"]).any()


@every_setting
def test_a_long_gap_ends_a_visit_and_a_short_one_does_not(setting: Setting) -> None:
    script = Script()
    script.stay("centre", 10)
    script.stay("open left", 100)
    script.stay("centre", 10)
    for unseen, visits, frames in (((50, 53), 1, 100), ((50, 70), 2, 80)):
        numbers = plus_maze(maze(setting, script, unseen={"mouse": unseen}), "mouse")["numbers"]
        assert numbers["open_arm_visits"] == visits
        assert numbers["open_arm_entries"] == 1  # the second visit was not seen to begin
        assert numbers["open_arm_time_s"] == pytest.approx(frames / float(setting.fps))


def test_protected_and_unprotected_dips_are_told_by_where_the_body_is() -> None:
    script = Script()
    script.stay("centre", 60, (10, 30))
    script.stay("open right", 60, (5, 20))
    script.stay("closed top", 60)
    script.over[-30:-10] = [True] * 20  # over the wall of a closed arm is no dip
    recording = maze(Setting(NTSC, 10.0, True), script)
    assert head_dips(recording, "mouse", kind="protected").start_frame.tolist() == [10]
    assert head_dips(recording, "mouse", kind="unprotected").start_frame.tolist() == [65]
    assert head_dips(recording, "mouse").count == 2
    assert head_dips(recording, "mouse", min_duration_s=0.6).start_frame.tolist() == [10]
    with pytest.raises(QueryError, match='"all", "protected" or "unprotected"'):
        head_dips(recording, "mouse", kind="deep")


def test_four_paws_are_all_labelled_paws() -> None:
    script = Script()
    script.stay("centre", 20)
    script.stay("open left", 40)
    script.stay("centre", 20)
    paths = as_paths(script)
    hind = paths["centre"](np.zeros(0)).copy()
    hind[20:30] = PLACES["centre"]  # the hind paws follow ten frames later
    paws = {"left_forepaw": paths["centre"], "right_forepaw": paths["centre"],
            "left_hindpaw": lambda _: hind, "right_hindpaw": lambda _: hind}  # fmt: skip
    recording = make(
        Setting(NTSC, 10.0, True), 80 * 1001 / 30000, {"mouse": paths["centre"]},
        points={"mouse": paws}, regions=MAZE,
    )  # fmt: skip
    by_centre = plus_maze(recording, "mouse")
    by_paws = plus_maze(recording, "mouse", rule="four paws")
    frames = [
        made["bouts"]
        .query("behaviour == 'open arm'")[["start_frame", "stop_frame"]]
        .values.tolist()
        for made in (by_centre, by_paws)
    ]
    assert frames == [[[20, 60]], [[30, 60]]]
    assert "Head dips need a nose" in by_paws["text"]


def test_four_paws_of_an_outline_are_85_percent_in_and_below_50_out() -> None:
    # A body of 10 x 4 px slides by 1 px a frame from the centre (x from 100 on) into the arm.
    boxes = np.array(
        [[110 - i, 50, 10, 4] for i in range(20)] + [[90 + i, 50, 10, 4] for i in range(20)]
    )
    middle = boxes[:, :2] + [4.5, 1.5]
    regions = {"open": [[0, 40], [99.5, 60]], "closed": [[140, 40], [160, 60]],
               "centre": [[99.5, 40], [130, 60]]}  # fmt: skip

    recording = Recording.synthetic(
        {"mouse": middle}, masks={"mouse": Outlines.rectangles(boxes)},
        regions=[Region(n, "rectangle", np.array(c, float)) for n, c in regions.items()],
    )  # fmt: skip
    made = plus_maze(recording, "mouse", rule="four paws")
    visit = made["bouts"].query("behaviour == 'open arm'")
    # in when 9 of 10 columns are left of x = 99.5 (8 are less than 85 %), out when 4 of 10 are left
    assert visit[["start_frame", "stop_frame"]].values.tolist() == [[19, 26]]


def test_what_is_not_drawn_is_said_in_one_line() -> None:
    script = Script()
    script.stay("centre", 10)
    recording = maze(Setting(NTSC, 10.0, True), script)
    few = Recording.synthetic({"mouse": np.zeros((5, 2))})
    with pytest.raises(QueryError, match=r"the open arms of a plus maze \(drawn: none yet\)"):
        plus_maze(few, "mouse")
    with pytest.raises(QueryError, match='There is no region "north"'):
        plus_maze(recording, "mouse", open_arms=["north"])
    with pytest.raises(QueryError, match="cannot be two parts"):
        plus_maze(recording, "mouse", open_arms=["open left"], closed_arms=["open left"])
    with pytest.raises(QueryError, match='take "centre" or "four paws"'):
        plus_maze(recording, "mouse", rule="two paws")
    with pytest.raises(QueryError, match="needs labelled paws or outlines"):
        plus_maze(recording, "mouse", rule="four paws")


Y = {
    "arm A": ("rectangle", [[0, 0], [10, 10]], "region"),
    "arm B": ("rectangle", [[20, 0], [30, 10]], "region"),
    "arm C": ("rectangle", [[40, 0], [50, 10]], "region"),
}
AT = {"A": 5.0, "B": 25.0, "C": 45.0, "-": 15.0}


def wander(order: str, frames: int) -> Callable[[np.ndarray], np.ndarray]:
    x = np.repeat([AT[place] for place in "-".join(order)], frames)
    return lambda t: np.column_stack([x[: len(t)], np.full(len(x[: len(t)]), 5.0)])


@every_setting
def test_alternation_counts_triads_of_different_arms(setting: Setting) -> None:
    # ABC BCA CAB ABC = 4 of the 8 triads; A to A is a return
    orders = {"one": "ABCABAABCB", "two": "ABABABABAB", "three": "ABCABCABCA"}
    frames = 20
    paths = {name: wander(order, frames) for name, order in orders.items()}
    seconds = (2 * 10 - 1) * frames / float(setting.fps)
    recording = make(setting, seconds, paths, regions=Y)
    expected = {"one": (4, 1), "two": (0, 0), "three": (8, 0)}
    for name, (alternations, returns) in expected.items():
        made = maze_alternation(recording, name)
        numbers = made["numbers"]
        assert numbers["entries"] == 10
        assert numbers["possible_alternations"] == 8
        assert numbers["alternations"] == alternations
        assert numbers["alternation_percent"] == pytest.approx(100 * alternations / 8)
        assert numbers["same_arm_returns"] == returns
        table = made["table"]
        assert "".join(name[-1] for name in table["region"]) == orders[name]
        assert table["visit_start_frame"].tolist() == [2 * frames * i for i in range(10)]
        assert table["alternation"].sum() == alternations


def test_a_triad_across_a_gap_is_not_judged() -> None:
    setting = Setting(NTSC, 10.0, True)
    recording = make(
        setting,
        19 * 20 / float(NTSC),
        {"one": wander("ABCABCABCA", 20)},
        regions=Y,
        unseen={"one": (185, 195)},
    )  # fmt: skip  (between the fifth entry and the sixth)
    numbers = maze_alternation(recording, "one")["numbers"]
    assert numbers["entries"] == 10
    assert numbers["possible_alternations"] == numbers["alternations"] == 6


BOX = {
    "light": ("rectangle", [[0, 0], [20, 20]], "region"),
    "dark": ("rectangle", [[20, 0], [40, 20]], "region"),
}


@every_setting
def test_light_and_dark_are_timed_and_changes_counted(setting: Setting) -> None:
    x = np.repeat([10.0, 30.0, 10.0, 30.0], [60, 90, 30, 20])
    paths = {
        "one": lambda t: np.column_stack([x, np.full(200, 10.0)]),
        "two": lambda t: np.column_stack([np.full(200, 10.0), np.full(200, 10.0)]),
        "three": lambda t: np.column_stack([40 - x, np.full(200, 10.0)]),
    }
    recording = make(setting, 200 / float(setting.fps), paths, regions=BOX)
    frame_s = 1 / float(setting.fps)
    one, two, three = (light_dark(recording, name)["numbers"] for name in paths)
    assert one["light_time_s"] == pytest.approx(90 * frame_s)
    assert one["dark_time_s"] == pytest.approx(110 * frame_s)
    assert (one["transitions"], one["entries_into_dark"], one["entries_into_light"]) == (3, 2, 1)
    assert one["latency_to_dark_s"] == pytest.approx(60 * frame_s)
    assert one["first_return_to_light_s"] == pytest.approx(150 * frame_s)
    assert (two["transitions"], two["dark_time_s"]) == (0, 0)
    assert np.isnan(two["latency_to_dark_s"])
    assert three["latency_to_light_s"] == pytest.approx(60 * frame_s)
    # dark, light (its first time there), dark, light again
    assert three["first_return_to_light_s"] == pytest.approx(180 * frame_s)
    assert np.isnan(two["first_return_to_light_s"])


@every_setting
def test_the_first_time_in_the_light_is_no_return(setting: Setting) -> None:
    x = np.repeat([30.0, 10.0], [50, 100])
    recording = make(
        setting, 150 / float(setting.fps),
        {"one": lambda t: np.column_stack([x, np.full(150, 10.0)])}, regions=BOX,
    )  # fmt: skip
    numbers = light_dark(recording, "one")["numbers"]
    assert numbers["latency_to_light_s"] == pytest.approx(50 / float(setting.fps))
    assert numbers["entries_into_light"] == 1
    assert np.isnan(numbers["first_return_to_light_s"])


@every_setting
def test_percent_in_the_light_says_of_what_and_visits_after_a_gap_are_told_apart(
    setting: Setting,
) -> None:
    # 40 frames light, 20 unseen, 60 light, 30 in neither, 30 dark, 20 unseen
    x = np.repeat([10.0, np.nan, 10.0, 60.0, 30.0, np.nan], [40, 20, 60, 30, 30, 20])
    recording = make(
        setting, 200 / float(setting.fps),
        {"one": lambda t: np.column_stack([x, np.full(200, 10.0)])}, regions=BOX,
    )  # fmt: skip
    made = light_dark(recording, "one")
    numbers = made["numbers"]
    assert numbers["light_percent_of_recording"] == pytest.approx(50)
    assert numbers["light_percent_of_time_in_boxes"] == pytest.approx(100 * 100 / 130)
    assert (numbers["light_visits"], numbers["light_visits_after_gap"]) == (2, 1)
    assert (numbers["dark_visits"], numbers["dark_visits_after_gap"]) == (1, 0)
    assert "(50.0 % of the recording) and changed compartments 1 time;" in made["text"]


def test_a_roofed_dark_compartment_is_where_nothing_is_seen() -> None:
    setting = Setting(NTSC, 10.0, True)
    place = {"one": lambda t: np.column_stack([np.full(len(t), 10.0), np.full(len(t), 10.0)])}
    only_light = {"light": BOX["light"]}
    recording = make(
        setting, 200 / float(NTSC), place, regions=only_light, unseen={"one": (60, 150)}
    )
    numbers = light_dark(recording, "one", unseen_is_dark=True)["numbers"]
    assert numbers["dark_time_s"] == pytest.approx(90 / float(NTSC))
    assert numbers["light_time_s"] == pytest.approx(110 / float(NTSC))
    assert numbers["transitions"] == 2
    with pytest.raises(QueryError, match="the dark compartment"):
        light_dark(recording, "one")
