"""Body points by what they are: the names that pose files use."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from pose_files import MICE3, read_mabe

from llm_query.body_points import find_point, role_of, roles_of
from llm_query.errors import QueryError
from llm_query.recording import Recording

FREEZING = "behaviour/freezing/demo1/demo1_tracking.csv"
DEEPOF_MULTI = "pose/deepof/test_multi_topview/testDLC_csv_table_multi.csv"
DEEPOF_SLEAP = "pose/deepof/test_single_topview/testDLC_sleap.analysis.h5"
HOME_CAGE = "video/mice2_home_cage/proofread.slp"
FLIES = "pose/flies2_long/predictions.analysis.h5"
JABS = (
    "NOSE", "LEFT_EAR", "RIGHT_EAR", "BASE_NECK", "LEFT_FRONT_PAW", "RIGHT_FRONT_PAW",
    "CENTER_SPINE", "LEFT_REAR_PAW", "RIGHT_REAR_PAW", "BASE_TAIL", "MID_TAIL", "TIP_TAIL",
)  # fmt: skip


def dlc_points(path: Path) -> list[str]:
    """The points in the header of a DeepLabCut csv."""
    with path.open() as lines:
        names = next(line for line in lines if line.startswith("bodyparts")).strip().split(",")
    return list(dict.fromkeys(names[1:]))


def test_a_mouse_with_legs_and_a_tail(shared_data: Path) -> None:
    assert roles_of(dlc_points(shared_data / FREEZING)) == {
        "nose": "Nose", "left_ear": "Left Ear", "right_ear": "Right Ear", "back": "Mid-Back",
        "left_hip": "Left Leg", "right_hip": "Right Leg", "tail_base": "Tailbase",
        "tail_middle": "Tail",
    }  # fmt: skip


def test_of_several_points_of_the_spine_and_tail_the_best_one_is_taken(shared_data: Path) -> None:
    with h5py.File(shared_data / DEEPOF_SLEAP) as file:
        names = [name.decode() for name in file["node_names"][:]]
    assert roles_of(names) == {
        "nose": "Nose", "left_ear": "Left_ear", "right_ear": "Right_ear", "back": "Center",
        "left_shoulder": "Left_fhip", "right_shoulder": "Right_fhip", "left_hip": "Left_bhip",
        "right_hip": "Right_bhip", "tail_base": "Tail_base", "tail_middle": "Tail_2",
        "tail_tip": "Tail_tip",
    }  # fmt: skip


def test_an_animals_letter_before_the_name_does_not_matter(shared_data: Path) -> None:
    names = dlc_points(shared_data / DEEPOF_MULTI)
    black = roles_of([name for name in names if name.startswith("B_")])
    assert black["nose"] == "B_Nose" and black["right_ear"] == "B_Right_ear"
    assert black["tail_base"] == "B_Tail_base" and len(black) == 11
    assert role_of("Nose_1") == role_of("mouse2_nose") == role_of("mouse.snout") == "nose"
    assert role_of("Lat_left_2") == "left_hip"


def test_a_home_cage_skeleton_has_its_tail_base_at_the_torso(shared_data: Path) -> None:
    with h5py.File(shared_data / HOME_CAGE) as file:
        nodes = json.loads(file["metadata"].attrs["json"])["nodes"]
    found = roles_of([node["name"] for node in nodes])
    assert found["tail_base"] == "TTI" and found["back"] == "Trunk"
    assert found["left_ear"] == "Ear_L" and found["right_hip"] == "Haunch_right"
    assert found["left_shoulder"] == "Shoulder_left" and found["tail_middle"] == "Tail_2"


def test_flies_have_a_head_and_a_thorax_and_no_nose(shared_data: Path) -> None:
    with h5py.File(shared_data / FLIES) as file:
        names = [name.decode() for name in file["node_names"][:]]
    assert roles_of(names) == {"head": "head", "back": "thorax"}


def test_the_names_of_mabe_and_of_jabs_all_have_a_role(shared_data: Path) -> None:
    names = list(read_mabe(shared_data / MICE3)["mouse1"])
    found = roles_of(names)
    assert set(found.values()) == set(names) - {"centre"}
    assert found["back"] == "center back" and found["tail_middle"] == "tail middle"
    assert set(roles_of(JABS).values()) == set(JABS)
    assert roles_of(JABS)["left_hindpaw"] == "LEFT_REAR_PAW"


@pytest.mark.parametrize("name", ["rear", "Rear", "REAR", "led", "A", "front", "centre"])
def test_what_is_not_surely_a_body_point_has_no_role(name: str) -> None:
    assert role_of(name) is None


@pytest.mark.parametrize("name", ["R_ear", "r-ear", "REar", "rEar", "R Ear", "ear_R", "rightEar"])
def test_a_right_ear_is_told_from_the_rear_end(name: str) -> None:
    assert role_of(name) == "right_ear"


def test_rear_beside_lear_is_the_right_ear() -> None:
    assert roles_of(["lear", "rear", "nose"])["right_ear"] == "rear"
    assert "right_ear" not in roles_of(["top", "front", "rear"])


def test_a_point_is_found_by_role_or_exact_name_and_its_lack_is_said() -> None:
    points = {"a": {"Snout": np.zeros((2, 2)), "nose cone": np.ones((2, 2))}}
    recording = Recording.synthetic({"a": np.zeros((2, 2))}, points=points)
    assert find_point(recording, "a", "nose") == "Snout"
    assert find_point(recording, "a", "nose cone") == "nose cone"
    with pytest.raises(QueryError, match=r'no body point "tail_base".*only centre, Snout'):
        find_point(recording, "a", "tail_base")
