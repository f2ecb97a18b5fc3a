"""Templates of apparatus on a known arena: the regions are where they must be, and assays run."""

import json
import math
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from storage_samples import Info
from terminal import here

from app.errors import AppError
from app.scoring.assay_job import template as shipped
from app.setting_up.facts import area_px2
from app.setting_up.region_templates import TEMPLATES, place, size_of, start_scale, template_regions
from llm_query.assays.registry import run_assay
from llm_query.geometry import Region as Place
from llm_query.recording import Recording
from storage import edits
from storage.regions import regions
from storage.study import open_study
from storage.videos import add_video


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_starts_as_the_assay_ships_it(name: str) -> None:
    """The same names and roles; the same places, apart from where the middle is."""
    made = {one.name: one for one in template_regions(name)}
    for region in shipped(name):
        ours = made[region.name]
        assert (ours.role, ours.kind) == (region.role, region.kind)
        ring = np.array(region.points)
        assert np.ptp(ring, axis=0) == pytest.approx(np.ptp(np.array(ours.points), axis=0))
    assert set(made) - {region.name for region in shipped(name)} <= {"centre"}


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_assay_of_a_template_runs_without_further_work(name: str) -> None:
    found = place(template_regions(name), (319.5, 239.5), (8, 8), 20)
    places = [Place(one.name, one.kind, np.array(one.points), one.role) for one in found]
    path = np.tile([319.5, 239.5], (200, 1))
    recording = Recording.synthetic(
        {"a": path}, fps=Fraction(30000, 1001), regions=places, px_per_cm=8,
        points={"a": {"nose": path + np.array([8, 0])}}, heading_deg={"a": np.zeros(200)},
    )  # fmt: skip
    numbers = run_assay(recording, name)["numbers"]
    where = {
        "open_field": "centre_time_s", "plus_maze": "closed_arm_time_s",
        "three_chamber": "middle_time_s", "novel_object": "total_exploration_s",
    }[name]  # fmt: skip
    expected = 200 * 1001 / 30000 if name in ("open_field", "three_chamber") else 0.0
    assert numbers[where] == pytest.approx(expected)


def test_an_open_field_of_known_size_has_known_parts() -> None:
    measures = {"width": 50, "height": 40, "centre_percent": 25, "corner": 10, "border": 5}
    found = place(template_regions("open_field", measures), (300, 200), (6, 6))
    parts = {one.name: one for one in found}
    assert parts["arena"].points == ((150, 80), (450, 80), (450, 320), (150, 320))
    assert parts["centre"].points == ((225, 140), (375, 140), (375, 260), (225, 260))
    assert parts["corner bottom right"].points[0] == (390, 260)
    assert area_px2(parts["centre"]) == pytest.approx(0.25 * 300 * 240)
    border = Place("border", "polygon", np.array(parts["border"].points))
    inside = border.inside(np.array([[151, 200], [300, 85], [300, 200], [181, 111], [449, 319]]))
    assert inside.tolist() == [True, True, False, False, True]
    assert area_px2(parts["border"]) == pytest.approx((50 * 40 - 40 * 30) * 36)


def test_a_turned_maze_keeps_its_sizes_and_turns_counter_clockwise() -> None:
    found = {one.name: one for one in place(template_regions("plus_maze"), (320, 240), (4, 4), 90)}
    middle = np.array(found["open right"].points).mean(axis=0)
    assert middle.tolist() == pytest.approx([320, 240 - 4 * 17.5])  # right has become up
    assert area_px2(found["open right"]) == pytest.approx(30 * 5 * 16)


def test_a_stretched_circle_stays_a_circle() -> None:
    cup = place(template_regions("novel_object"), (320, 240), (9, 4))[1]
    assert (cup.name, cup.kind) == ("novel", "circle")
    assert cup.points[0] == (320 - 90, 240 - 40)
    assert math.dist(*cup.points) == pytest.approx(2.5 * 6)


def test_a_template_begins_at_the_scale_of_the_video_or_fills_three_quarters() -> None:
    found = template_regions("plus_maze")
    assert size_of(found) == (65, 65)
    assert start_scale(found, 7.5, (640, 480)) == 7.5
    assert 65 * start_scale(found, None, (640, 480)) == pytest.approx(0.75 * 480)


@pytest.mark.parametrize(
    ("name", "measures", "reason"),
    [
        ("maze", {}, "no template 'maze'"),
        ("plus_maze", {"arms": 3}, "no measure 'arms'"),
        ("plus_maze", {"arm_width": 0}, "give 0.1 to 1000"),
        ("plus_maze", {"arm_width": math.nan}, "give 0.1 to 1000"),
        ("open_field", {"corner": 30}, "must fit"),
        ("three_chamber", {"cup_across": 30}, "inside the outer chambers"),
        ("novel_object", {"object_from_wall": 30}, "inside the arena"),
    ],
)
def test_measures_that_cannot_be_are_refused(name: str, measures: dict, reason: str) -> None:
    with pytest.raises(AppError, match=reason):
        template_regions(name, measures)


def test_the_command_line_puts_a_template_on_a_video_and_it_can_be_taken_back(
    tmp_path: Path,
) -> None:
    with open_study(tmp_path / "study", create=True) as study:
        add_video(study, Info(tmp_path / "clip.mp4"), px_per_cm=8)
    command = ("regions", "template", "plus_maze", "-s", tmp_path / "study", "--video", "clip")
    ended = here(*command, "--at", "320,240", "--set", "arm_length=20")
    assert ended.status == 0 and "5 regions" in ended.err
    listed = here("regions", "list", "-s", tmp_path / "study").out
    assert "clip\tcentre\tregion\tpolygon\t300,220 340,220 340,260 300,260" in listed
    again = here(*command)
    assert again.status == 1 and "--force replaces them" in again.err
    with open_study(tmp_path / "study", write=True) as study:
        edits.apply(study, 1, "undo", {"scope": "setup"}, author="")
        assert regions(study, 1) == []
    assert "arm_length=30 cm" in here("regions", "template").out


def test_player_and_program_put_a_template_in_the_same_place() -> None:
    """player_shapes.js places while one drags; the same numbers must come out."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on this machine")
    made = template_regions("three_chamber")
    source = Path(__file__).parents[1] / "assets" / "player_shapes.js"
    record = json.dumps(
        [{"name": o.name, "kind": o.kind, "role": o.role, "points": o.points} for o in made]
    )
    call = f"placed({record}, {{x: 300.5, y: 200, sx: 7, sy: 6, turn: 33}})"
    script = source.read_text() + f"\nconsole.log(JSON.stringify({call}))"
    shown = json.loads(subprocess.run([node, "-e", script], capture_output=True, check=True).stdout)
    for one, region in zip(shown, place(made, (300.5, 200), (7, 6), 33), strict=True):
        assert one["name"] == region.name
        assert np.array(one["points"]) == pytest.approx(np.array(region.points), abs=0.0051)
