"""Doubtful frames of tracks with errors that were built in, each at a known place."""

from pathlib import Path

import numpy as np
import pytest
from storage_samples import add_tracked
from track_edit_scenes import NTSC, edit, make_study

from storage.doubts import Doubt, Limits, Paths, doubts, find_doubts
from storage.study import StudyError, open_study

FRAMES = 300
NOWHERE = np.zeros((FRAMES, 3), bool)


def walk() -> np.ndarray:
    """(300, 3, 2) px: three animals on parallel lines, 2 px further in every frame."""
    along = 100 + 2.0 * np.arange(FRAMES)
    return np.stack([np.stack((along, np.full(FRAMES, y)), 1) for y in (100, 200, 300)], 1)


def paths(xy: np.ndarray, confidence: np.ndarray | float = 1.0, **other: object) -> Paths:
    """Tracks at 29.97 frames per second of animals 40 px long."""
    known = {
        "time_s": np.arange(FRAMES) / float(NTSC),
        "xy": xy,
        "filled": np.zeros((FRAMES, 3), bool),
        "confidence": np.broadcast_to(confidence, (FRAMES, 3)).astype(float),
        "length": 40.0,
        "animals": (1, 2, 3),
        "names": ("a", "b", "c"),
    }
    return Paths(**{**known, **other})  # type: ignore[arg-type]


def found(tracks: Paths, limits: Limits | None = None, settled: np.ndarray = NOWHERE) -> list:
    return list(find_doubts(tracks, limits or Limits(), settled))


def place(one: Doubt) -> tuple:
    return one.kind, one.frame, one.stop_frame, one.who


def test_steady_animals_leave_no_doubt() -> None:
    assert found(paths(walk())) == []


def test_exchanged_animals_jump_once_and_together() -> None:
    xy = walk()
    xy[120:, [0, 1]] = xy[120:, [1, 0]]
    (jump,) = found(paths(xy))
    assert place(jump) == ("jump", 120, 121, (0, 1))
    assert jump.what.startswith("100 px in one frame")
    assert found(paths(xy), Limits(jump_std=40)) == []


def test_a_step_is_compared_with_the_true_time_it_took() -> None:
    xy, time_s = walk(), np.arange(FRAMES) / 30
    xy[150:, :, 0] += 60  # a pause of the camera, in which everybody walked on
    time_s[150:] += 1.0
    assert found(paths(xy, time_s=time_s)) == []
    assert [one.kind for one in found(paths(xy))] == ["jump"]


def test_a_gap_is_missing_until_it_is_filled() -> None:
    xy = walk()
    xy[50:54, 1] = np.nan
    xy[90:93, 2] = np.nan  # three frames: measures bridge them
    (gap,) = found(paths(xy))
    assert place(gap) == ("missing", 50, 54, (1,)) and gap.xy == (198.0, 200.0)
    assert gap.what == "not found for 4 frames (0.13 s)"
    filled = np.zeros((FRAMES, 3), bool)
    filled[50:54, 1] = True
    assert found(paths(xy, filled=filled)) == []


def test_a_crossing_is_where_the_confidence_falls() -> None:
    xy, confidence = walk(), np.ones((FRAMES, 3))
    xy[100:160, 1, 1] = 125  # 25 px from the first animal
    assert {one.kind for one in found(paths(xy, confidence))} <= {"jump"}
    confidence[130:, :2] = 0.7
    (crossing,) = [one for one in found(paths(xy, confidence)) if one.kind == "crossing"]
    assert place(crossing) == ("crossing", 130, 131, (0, 1))
    assert crossing.severity == pytest.approx(0.3)
    settled = NOWHERE.copy()
    settled[130, :2] = True
    assert "crossing" not in {one.kind for one in found(paths(xy, confidence), settled=settled)}


def test_without_confidence_only_close_encounters_count() -> None:
    xy, none = walk(), np.full((FRAMES, 3), np.nan)
    xy[100:160, 1, 1] = 130
    assert "crossing" not in {one.kind for one in found(paths(xy, none))}
    xy[120:125, 1, 1] = 110
    places = [place(one) for one in found(paths(xy, none)) if one.kind == "crossing"]
    assert places == [("crossing", 100, 160, (0, 1))]


def test_two_animals_at_one_place_are_a_duplicate() -> None:
    xy = walk()
    xy[200:210, 2] = xy[200:210, 1] + [0, 3]
    kinds = {one.kind: place(one) for one in found(paths(xy))}
    assert kinds["duplicate"] == ("duplicate", 200, 210, (1, 2))


def test_low_confidence_begins_once() -> None:
    confidence = np.ones((FRAMES, 3))
    confidence[80:, 2] = 0.3
    (low,) = found(paths(walk(), confidence))
    assert place(low) == ("low confidence", 80, 81, (2,)) and low.severity == pytest.approx(0.7)


def test_the_key_of_a_place_outlives_a_swap() -> None:
    xy = walk()
    xy[120:, [0, 1]] = xy[120:, [1, 0]]
    before = [one.key for one in found(paths(xy))]
    assert [one.key for one in found(paths(xy[:, [1, 0, 2]]))] == before


@pytest.mark.parametrize("wrong", [{"jump_std": -1}, {"close_lengths": float("nan")}])
def test_impossible_limits_are_refused(wrong: dict) -> None:
    with pytest.raises(StudyError, match="give a number"):
        Limits(**wrong)


def test_the_list_of_a_study_knows_what_was_corrected_and_ticked_off(tmp_path: Path) -> None:
    study = make_study(tmp_path / "study")
    with open_study(study) as opened:
        table = doubts(opened, 1, Limits(jump_std=1000))
    assert table[["kind", "frame", "stop_frame"]].to_numpy().tolist() == [["missing", 100, 121]]
    assert table["animals"].tolist() == [["animal2"]]
    assert table["time_s"][0] == pytest.approx(100 * 1001 / 30_000)
    edit(study, "tracks.checked", key=table["key"][0], done=True)
    with open_study(study) as opened:
        assert doubts(opened, 1, Limits(jump_std=1000))["checked"].tolist() == [True]
    edit(study, "tracks.interpolate", animal="animal2", start_frame=0, stop_frame=None)
    edit(study, "tracks.delete", animal="animal3", start_frame=30, stop_frame=40)
    with open_study(study) as opened:
        table = doubts(opened, 1, Limits(jump_std=1000))
    assert table[["kind", "frame", "settled"]].to_numpy().tolist() == [["missing", 30, True]]


def test_an_animal_that_was_never_found_is_missing_throughout(tmp_path: Path) -> None:
    x = np.full((50, 2), np.nan)
    x[:, 0] = 100
    with open_study(tmp_path, write=True, create=True) as opened:
        add_tracked(opened, tmp_path, x, x)
        table = doubts(opened, 1)
    assert table[["kind", "frame", "stop_frame"]].to_numpy().tolist() == [["missing", 0, 50]]
