"""Doubtful frames of tracks with errors that were built in, each at a known place."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from storage_samples import track_shard
from track_edit_scenes import NTSC

from tracking.errors import TrackingError
from tracking.following.exchanges import Exchange
from tracking.identities.doubtful import (
    KINDS,
    Doubt,
    Limits,
    Part,
    TrackFiles,
    doubts_table,
    find_doubts,
)
from tracking.identities.fragments import crossings_of

FRAMES = 300
TIMES = np.arange(FRAMES) / float(NTSC)
NONE = pa.table({name: [] for name in
                 ("start_frame", "stop_frame", "animals", "probability", "kind")})  # fmt: skip


def walk() -> np.ndarray:
    """(300, 3, 2) px: three animals on parallel lines, 2 px further in every frame."""
    along = 100 + 2.0 * np.arange(FRAMES)
    return np.stack([np.stack((along, np.full(FRAMES, y)), 1) for y in (100, 200, 300)], 1)


def parts(xy: np.ndarray, confidence: np.ndarray | float = 1.0, **other: np.ndarray) -> list[Part]:
    """Tracks at 29.97 frames per second of animals 40 px long."""
    shape = xy.shape[:2]
    sure = np.broadcast_to(confidence, shape).astype(float)
    return [Part(0, xy, sure, np.full(shape, 40.0), **other)]


def found(tracks: list[Part], limits: Limits | None = None, time_s: np.ndarray = TIMES) -> list:
    return find_doubts(tracks, time_s, None, limits)


def place(one: Doubt) -> tuple:
    return one.kind, one.frame, one.stop_frame, one.who


def met(*rows: tuple) -> pa.Table:
    """A table of crossings: start, stop, animals, probability, kind."""
    names = ("start_frame", "stop_frame", "animals", "probability", "kind")
    return pa.table({name: [row[k] for row in rows] for k, name in enumerate(names)})


def cut(whole: Part, *at: int) -> list[Part]:
    """The same tracks in parts."""
    edges = [0, *at, FRAMES]
    return [
        Part(a, whole.xy[a:b], whole.confidence[a:b], whole.lengths[a:b])
        for a, b in pairwise(edges)
    ]


def test_steady_animals_leave_no_doubt() -> None:
    assert found(parts(walk())) == []


def test_exchanged_animals_jump_once_and_together() -> None:
    xy = walk()
    xy[120:, [0, 1]] = xy[120:, [1, 0]]
    (jump,) = found(parts(xy))
    assert place(jump) == ("jump", 120, 121, (0, 1))
    assert jump.why.startswith("moved 2.5 body lengths in one frame") and 0.5 < jump.score < 1
    assert found(parts(xy), Limits(jump_std=40)) == []


def test_a_step_is_compared_with_the_true_time_it_took() -> None:
    xy, time_s = walk(), np.arange(FRAMES) / 30
    xy[150:, :, 0] += 60  # a pause of the camera, in which everybody walked on
    time_s[150:] += 1.0
    assert found(parts(xy), time_s=time_s) == []
    assert [one.kind for one in found(parts(xy))] == ["jump"]


def test_a_gap_is_missing_until_it_is_filled() -> None:
    xy = walk()
    xy[50:54, 1] = np.nan
    xy[90:93, 2] = np.nan  # three frames: measures bridge them
    (gap,) = found(parts(xy))
    assert place(gap) == ("missing", 50, 54, (1,)) and gap.xy == (198.0, 200.0)
    assert gap.why == "was not found for 4 frames (0.13 s)" and gap.score < 0.5
    filled = np.zeros((FRAMES, 3), bool)
    filled[50:54, 1] = True
    assert found(parts(xy, filled=filled)) == []


def test_without_a_table_a_crossing_is_where_the_confidence_falls() -> None:
    xy, confidence = walk(), np.ones((FRAMES, 3))
    xy[100:160, 1, 1] = 125  # 25 px from the first animal
    assert {one.kind for one in found(parts(xy, confidence))} <= {"jump"}
    confidence[130:, :2] = 0.9
    (crossing,) = [one for one in found(parts(xy, confidence)) if one.kind == "crossing"]
    assert place(crossing) == ("crossing", 130, 131, (0, 1))
    assert crossing.score == pytest.approx(0.2)
    settled = np.zeros((FRAMES, 3), bool)
    settled[130, :2] = True
    again = found(parts(xy, confidence, settled=settled))
    assert "crossing" not in {one.kind for one in again}


def test_without_confidence_only_close_encounters_count() -> None:
    xy, none = walk(), np.full((FRAMES, 3), np.nan)
    xy[100:160, 1, 1] = 130
    assert "crossing" not in {one.kind for one in found(parts(xy, none))}
    xy[120:125, 1, 1] = 110
    places = [place(one) for one in found(parts(xy, none)) if one.kind == "crossing"]
    assert places == [("crossing", 100, 160, (0, 1))]


def test_two_animals_at_one_place_are_a_duplicate() -> None:
    xy = walk()
    xy[200:210, 2] = xy[200:210, 1] + [0, 3]
    kinds = {one.kind: place(one) for one in found(parts(xy))}
    assert kinds["duplicate"] == ("duplicate", 200, 210, (1, 2))


def test_low_confidence_is_one_stretch_and_not_told_where_a_crossing_explains_it() -> None:
    confidence = np.ones((FRAMES, 3))
    confidence[80:140, 2] = 0.7
    confidence[100, 2] = 0.3
    (low,) = found(parts(walk(), confidence))
    assert place(low) == ("low_confidence", 80, 140, (2,)) and low.score == pytest.approx(0.7)
    assert low.why == "may be another animal for 2.0 s; 30 % sure at the least"
    table = met((70, 81, [2, 3], 0.7, "contact"))
    kinds = [one.kind for one in find_doubts(parts(walk(), confidence), TIMES, table)]
    assert kinds == ["crossing"]
    after = met((130, 150, [2, 3], 0.7, "contact"))  # it is sure who they are from then on
    kinds = [one.kind for one in find_doubts(parts(walk(), confidence), TIMES, after)]
    assert kinds == ["crossing"]
    sure = met((80, 140, [2, 3], 0.99, "contact"))  # who is who in it is open, and over with it
    assert find_doubts(parts(walk(), confidence), TIMES, sure) == []
    short = met((80, 139, [2, 3], 0.99, "contact"))
    assert [one.kind for one in find_doubts(parts(walk(), confidence), TIMES, short)] == [
        "low_confidence"
    ]


def test_crossings_of_a_table_are_told_as_far_as_they_are_unsure() -> None:
    table = met(
        (30, 126, [1, 2], 0.71, "contact"),
        (140, 150, [2, 3], 0.96, "contact"),
        (160, 190, [1, 3], 0.5, "lost"),
        (200, 200, [1, 2, 3], 0.2, "contact"),
        (290, 300, [1, 2], 0.9, "contact"),
    )
    crossings = find_doubts(parts(walk()), TIMES, table)
    assert [place(one)[1:] for one in crossings] == [
        (30, 126, (0, 1)), (160, 190, (0, 2)), (200, 201, (0, 1, 2)), (290, 300, (0, 1)),
    ]  # fmt: skip
    assert [one.score for one in crossings] == pytest.approx([0.58, 1.0, 1.0, 0.2])
    assert crossings[0].why == "lay together for 3.2 s; 71 % sure they left as said"
    assert "could not all be seen for 1.0 s; 50 % sure" in crossings[1].why
    assert "one step could be of either; 20 % sure" in crossings[2].why
    assert "for 0.3 s" in crossings[3].why


def test_the_list_is_the_same_however_the_tracks_were_cut() -> None:
    random = np.random.default_rng(4)
    xy, confidence = walk(), np.ones((FRAMES, 3))
    xy += random.normal(0, 0.4, xy.shape)
    xy[95:130, 1] = np.nan
    xy[148:153, 2] = xy[148:153, 0] + 2
    xy[200:, [0, 1]] = xy[200:, [1, 0]]
    confidence[90:160, 0] = np.linspace(0.9, 0.4, 70)
    (whole,) = parts(xy, confidence)
    table = met((60, 100, [2, 3], 0.7, "contact"))
    once = doubts_table([whole], TIMES, table)
    assert {*once["kind"].to_pylist()} == set(KINDS)
    for at in ((100,), (150,), (200,), (96, 97, 149, 151, 199), tuple(range(1, FRAMES))):
        again = doubts_table(cut(whole, *at), TIMES, table)
        assert again.drop_columns("score") == once.drop_columns("score"), at
        np.testing.assert_allclose(again["score"], once["score"], rtol=1e-6)


def test_finished_files_of_tracks_are_read_one_at_a_time(tmp_path: Path) -> None:
    xy = walk()
    xy[140:160, 1] = np.nan
    files = [
        track_shard(tmp_path / f"{a}.parquet", xy[a : a + 100, :, 0], xy[a : a + 100, :, 1],
                    TIMES, a)
        for a in (0, 100, 200)
    ]  # fmt: skip
    tracks = TrackFiles(files, 3)
    assert [part.start for part in tracks] == [0, 100, 200]
    table = doubts_table(tracks, TIMES, NONE)
    listed = table.select(["doubt_id", "kind", "start_frame", "stop_frame", "animals"]).to_pylist()
    assert listed == [
        {"doubt_id": 1, "kind": "missing", "start_frame": 140, "stop_frame": 160, "animals": [2]}
    ]


def test_an_animal_that_was_never_found_is_missing_throughout() -> None:
    xy = walk()
    xy[:, 1] = np.nan
    assert [place(one) for one in found(parts(xy))] == [("missing", 0, FRAMES, (1,))]
    nowhere = np.full((FRAMES, 2, 2), np.nan)
    assert len(found(parts(nowhere, np.nan))) == 2


def test_the_key_of_a_place_outlives_a_swap() -> None:
    xy = walk()
    xy[120:, [0, 1]] = xy[120:, [1, 0]]
    before = [one.key for one in found(parts(xy))]
    assert [one.key for one in found(parts(xy[:, [1, 0, 2]]))] == before


@pytest.mark.parametrize("wrong", [{"jump_std": -1}, {"close_lengths": float("nan")}])
def test_impossible_limits_are_refused(wrong: dict) -> None:
    with pytest.raises(TrackingError, match="give a number"):
        Limits(**wrong)


def test_a_step_in_doubt_is_not_called_lying_together() -> None:
    (step,) = crossings_of([Exchange(120, 120, 0, 1, 1.0)])
    table = met((step.start, step.stop, [1, 2], 0.7, "contact"))
    (crossing,) = find_doubts(parts(walk()), TIMES, table)
    assert (
        crossing.why == "passed so close that one step could be of either; 70 % sure they left "
        "as said"
    )
