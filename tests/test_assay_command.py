"""`ethoscribe assay` as a person uses it: draw, run, keep, run again."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from terminal import Ended, here

from app.errors import AppError
from app.scoring.assay_job import build_code, list_assays, template
from llm_query.assays.registry import ASSAYS
from storage.bouts import read_bouts
from storage.regions import regions
from storage.study import open_study

PX_PER_CM = 8.0
# Frames at the middle of each part of a plus maze of 65 cm, drawn around (400, 300) px.
ROUTE = [
    ("closed", 0, -17.5, 50), ("centre", 0, 0, 10), ("open", 17.5, 0, 75), ("centre", 0, 0, 10),
    ("open", -17.5, 0, 25), ("centre", 0, 0, 10), ("closed", 0, 17.5, 70),
]  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of one mouse on a plus maze at 25 frames/s, with the template drawn on it."""
    folder = tmp_path_factory.mktemp("assay")
    body = np.concatenate([np.tile([x, y], (n, 1)) for _, x, y, n in ROUTE]) * PX_PER_CM
    body += np.array([400, 300])
    nose = body + np.array([8.0, 0])
    nose[70:80] = body[70:80] + np.array([0, 60])  # over the long edge of an open arm, for 0.4 s
    with (folder / "maze.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["scorer", *["net"] * 6])
        rows.writerow(["bodyparts", *["nose"] * 3, *["center"] * 3])
        rows.writerow(["coords", *["x", "y", "likelihood"] * 2])
        for i, (a, b) in enumerate(zip(nose, body, strict=True)):
            rows.writerow([i, *a, 1, *b, 1])
    made = folder / "study"
    for arguments in (
        ("import", folder / "maze.csv", "-s", made, "--fps", "25", "--px-per-cm", PX_PER_CM),
        ("assay", "plus_maze", "-s", made, "--video", "maze", "--draw", "400,300"),
    ):
        ended = here(*arguments)
        assert ended.status == 0, ended.err
    return made


def run_json(*arguments: object) -> dict:
    ended: Ended = here("assay", *arguments, "--json")
    assert ended.status == 0, ended.err
    return json.loads(ended.out)


def test_a_drawn_template_is_scaled_to_the_video(study: Path) -> None:
    with open_study(study) as opened:
        drawn = {one.name: np.array(one.points) for one in regions(opened, 1)}
    assert set(drawn) == {"centre", "closed bottom", "closed top", "open left", "open right"}
    assert drawn["centre"].min(axis=0).tolist() == [380, 280]
    assert drawn["centre"].max(axis=0).tolist() == [420, 320]
    assert drawn["open right"].max(axis=0).tolist() == [660, 320]


def test_the_plus_maze_is_answered_to_the_frame(study: Path) -> None:
    answer = run_json("plus_maze", "-s", study)
    numbers = answer["numbers"]
    assert numbers["open_arm_time_s"] == pytest.approx(100 / 25)
    assert (numbers["open_arm_visits"], numbers["closed_arm_visits"]) == (2, 2)
    assert numbers["closed_arm_entries"] == 1
    assert numbers["head_dips"] == numbers["head_dips_unprotected"] == 1
    assert numbers["head_dip_time_s"] == pytest.approx(10 / 25)
    dips = [bout for bout in answer["bouts"] if bout["behaviour"] == "head dip"]
    assert [(bout["start_frame"], bout["stop_frame"]) for bout in dips] == [(70, 80)]
    assert "run_assay(recording, 'plus_maze')" in answer["code"]
    strict = run_json("plus_maze", "-s", study, "--set", "min_dip_s=0.5", "--animal", "animal1")
    assert strict["numbers"]["head_dips"] == 0


def test_a_kept_assay_runs_again_and_its_bouts_are_not_doubled(study: Path) -> None:
    for _ in range(2):
        ended = here("assay", "plus_maze", "-s", study, "--save", "epm")
        assert ended.status == 0, ended.err
        assert "kept as epm" in ended.err
        assert "open_arm_time_s" in ended.out
    with open_study(study) as opened:
        bouts = read_bouts(opened)
    assert bouts["behaviour"].value_counts().to_dict() == {
        "epm: open arm": 2, "epm: closed arm": 2, "epm: centre": 3, "epm: head dip": 1,
    }  # fmt: skip
    again = here("run", "epm", "-s", study, "--json")
    assert again.status == 0, again.err
    assert json.loads(again.out)["numbers"]["open_arm_visits"] == 2


def test_cues_come_from_a_table(study: Path, tmp_path: Path) -> None:
    cues = tmp_path / "cues.csv"
    cues.write_text("cue;start_s;stop_s\ntone;2;4\ntone;6;8\n")
    answer = run_json("fear_conditioning", "-s", study, "--cues", cues)
    table = answer["table"]
    assert [row["cue"] for row in table] == ["baseline", "tone", "between", "tone", "after"]
    numbers = answer["numbers"]
    assert sum(row["freezing_s"] for row in table) == pytest.approx(numbers["freezing_s"])
    tones = [row["freezing_s"] for row in table if row["cue"] == "tone"]
    assert numbers["tone_freezing_percent"] == pytest.approx(100 * sum(tones) / 4)
    cues.write_text("cue,start_s\ntone,2\n")
    ended = here("assay", "fear_conditioning", "-s", study, "--cues", cues)
    assert "has no column stop_s" in ended.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "Which assay?"),
        (("plusmaze",), "no assay 'plusmaze'"),
        (("plus_maze", "--set", "arms=3"), "plus_maze has no setting 'arms'"),
        (("plus_maze", "--draw", "5", "--video", "maze"), "is not a point"),
        (("plus_maze", "--draw", "5,5"), "--draw needs --video"),
        (("plus_maze", "--set", "min_visit_s=abc"), "min_visit_s is 'abc': give a number"),
        (("plus_maze", "--set", "min_visit_s=-3"), "min_visit_s is -3: give 0 or more."),
        (("plus_maze", "--set", "min_visit_s=true"), "min_visit_s is True: give a number"),
        (("plus_maze", "--set", "rule=true"), "rule is True: give a name."),
        (("open_field", "--set", "bin_s=0"), "bin_s is 0: give above 0."),
        (("open_field", "--set", "centre_share=3"), "give above 0, at most 1."),
        (("maze_alternation", "--set", "max_gap_frames=1.5"), "give a whole number"),
        (("light_dark", "--set", "unseen_is_dark=yes"), "give true or false"),
        (("fear_conditioning",), "needs --cues CSV: a table of cue,start_s,stop_s"),
        (("fear_conditioning", "--set", "cues=a.csv"), "give the table by --cues CSV"),
        (
            ("plus_maze", "--draw", "400,300", "--video", "maze", "--save", "epm", "--animal", "m"),
            "leave out --save, --animal",
        ),
        (("plus_maze", "--draw", "400,300", "--video", "maze"), "--force draws them anew"),
        (("plus_maze", "--draw", "4000,300", "--video", "maze"), "is outside where maze was"),
        (("plus_maze", "--force"), "--force goes with --draw"),
    ],
)
def test_a_wrong_wish_is_one_line(study: Path, arguments: tuple[str, ...], says: str) -> None:
    ended = here("assay", *arguments, "-s", study)
    assert ended.status == 1
    assert ended.says_one_clear_line(), ended.err
    assert says in ended.err


def test_a_template_is_drawn_anew_by_force(study: Path) -> None:
    ended = here(
        "assay", "plus_maze", "-s", study, "--video", "maze", "--draw", "400,300", "--force"
    )
    assert ended.status == 0, ended.err
    assert "drew" in ended.err


def test_an_assay_that_fails_everywhere_keeps_nothing(study: Path) -> None:
    ended = here("assay", "light_dark", "-s", study, "--save", "box")
    assert ended.status == 1
    assert "nothing kept as box: no video gave an answer" in ended.err
    assert "0 bouts" not in ended.err
    again = here("run", "box", "-s", study)
    assert again.status == 1


def test_a_table_without_cues_is_said_to_be(study: Path, tmp_path: Path) -> None:
    cues = tmp_path / "cues.csv"
    for text in ("cue,start_s,stop_s\n", ""):
        cues.write_text(text)
        ended = here("assay", "fear_conditioning", "-s", study, "--cues", cues)
        assert ended.status == 1 and ended.says_one_clear_line(), ended.err
        assert "has no cues" in ended.err


def test_a_missing_region_is_named(study: Path) -> None:
    ended = here("assay", "light_dark", "-s", study)
    assert ended.status == 1
    assert 'for the light compartment (drawn: "centre"' in ended.err


def test_every_assay_is_listed_with_a_template_in_cm() -> None:
    listed = {name: (summary, names) for name, summary, names in list_assays()}
    assert set(listed) == set(ASSAYS)
    for name, (summary, names) in listed.items():
        assert summary.endswith(".")
        assert names
        assert all(len(region.points) >= 2 for region in template(name))
    ended = here("assay", "--list")
    assert "plus_maze" in ended.out


def test_settings_are_written_into_the_code() -> None:
    code = build_code("plus_maze", {"open_arms": "a, b", "rule": "four paws"})
    assert "open_arms=['a', 'b'], rule='four paws')" in code
    assert "masks" in code
    assert build_code("novel_object", {"stop_s": 300}, "m").splitlines()[1] == (
        "    return novel_object(recording, 'm', stop_s=300)"
    )
    with pytest.raises(AppError, match="give a number"):
        build_code("open_field", {"bin_s": float("nan")})
