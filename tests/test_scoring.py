"""Scores of tracks: by hand, and against the field's own programs on real recordings."""

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from required import required

from tracking.errors import TrackingError
from tracking.scoring import match_ids, read_truth, score_tracks


def walk(n_frames: int = 10, animals: int = 2) -> pd.DataFrame:
    """Animals 100 px apart that move 1 px per frame to the right."""
    return pd.DataFrame(
        [
            (frame, animal, 10.0 + frame, 100.0 * animal)
            for frame in range(n_frames)
            for animal in range(1, animals + 1)
        ],
        columns=["frame", "id", "x", "y"],
    )


def disturb(truth: pd.DataFrame, seed: int, radius: float) -> pd.DataFrame:
    """Shift, drop, invent and swap positions, as a poor tracker would."""
    rng = np.random.default_rng(seed)
    found = truth[rng.uniform(size=len(truth)) > 0.08].copy()
    found[["x", "y"]] += rng.normal(0, radius * 0.45, (len(found), 2))
    ids = np.unique(truth["id"])
    last = int(truth["frame"].max())
    for start in rng.integers(0, last, 6):
        now = found["frame"] >= start
        found.loc[now, "id"] = found.loc[now, "id"].map(
            dict(zip(ids, rng.permutation(ids), strict=True))
        )
    broken = (found["frame"] > last // 2) & (found["id"] == ids[0])
    found.loc[broken, "id"] = ids.max() + 5  # a track that ends and starts again as another
    ghosts = pd.DataFrame(
        {
            "frame": rng.integers(0, last + 40, 60),
            "id": 900 + np.arange(60),
            "x": rng.uniform(0, truth["x"].max(), 60),
            "y": rng.uniform(0, truth["y"].max(), 60),
        }
    )
    found = found[~found["frame"].between(last // 3, last // 3 + 12)]
    return pd.concat([found, ghosts], ignore_index=True)


def trackeval_scores(truth: pd.DataFrame, tracks: pd.DataFrame, radius: float) -> dict[str, float]:
    """Let TrackEval itself score the same positions."""
    hota = required("trackeval.metrics.hota")
    from trackeval.metrics.clear import CLEAR
    from trackeval.metrics.identity import Identity

    frames = range(int(truth["frame"].min()), int(truth["frame"].max()) + 1)
    tracks = tracks[tracks["frame"].isin(frames)]
    true_ids, found_ids = np.unique(truth["id"]), np.unique(tracks["id"])
    data: dict = {
        "gt_ids": [],
        "tracker_ids": [],
        "similarity_scores": [],
        "num_timesteps": len(frames),
        "num_gt_ids": len(true_ids),
        "num_tracker_ids": len(found_ids),
        "num_gt_dets": len(truth),
        "num_tracker_dets": len(tracks),
    }
    true_by = dict(list(truth.sort_values("id").groupby("frame")))
    found_by = dict(list(tracks.sort_values("id").groupby("frame")))
    for frame in frames:
        here, there = true_by.get(frame, truth[:0]), found_by.get(frame, tracks[:0])
        apart = here[["x", "y"]].to_numpy()[:, None] - there[["x", "y"]].to_numpy()[None]
        data["gt_ids"].append(np.searchsorted(true_ids, here["id"]))
        data["tracker_ids"].append(np.searchsorted(found_ids, there["id"]))
        data["similarity_scores"].append(
            np.maximum(0, 1 - np.linalg.norm(apart, axis=2) / (2 * radius))
        )
    quiet = {"PRINT_CONFIG": False}
    raw = hota.HOTA().eval_sequence(data)
    clear, identity = CLEAR(quiet).eval_sequence(data), Identity(quiet).eval_sequence(data)
    return {
        "hota": raw["HOTA"].mean(),
        "deta": raw["DetA"].mean(),
        "assa": raw["AssA"].mean(),
        "idf1": identity["IDF1"],
        "idp": identity["IDP"],
        "idr": identity["IDR"],
        "share_identified": identity["IDR"],
        "share_found": clear["CLR_Re"],
        "mota": clear["MOTA"],
        "motp": clear["MOTP"],
        "switches": clear["IDSW"],
        "fragments": clear["Frag"],
        "misses": clear["CLR_FN"],
        "false_positives": clear["CLR_FP"],
    }


RECORDINGS = [
    ("flies2_courtship", 40),
    ("zebrafish14", 10),
    ("mice3_open_field", 25),
    ("mouse1_round_arena", 25),
    ("mice2_home_cage", 60),
]


@pytest.mark.parametrize(("recording", "radius"), RECORDINGS)
def test_scores_equal_trackeval_on_disturbed_real_tracks(
    shared_data: Path, recording: str, radius: float
) -> None:
    truth = read_truth(shared_data / "video" / recording / "gt_points.csv")
    truth = truth[truth["frame"] < 600]
    for seed in range(2):
        tracks = disturb(truth, seed, radius)
        ours = score_tracks(truth, tracks, radius)
        theirs = trackeval_scores(truth, tracks, radius)
        assert {name: ours[name] for name in theirs} == pytest.approx(theirs, abs=1e-9)
        assert 0 < ours["idf1"] < 1 and ours["switches"] > 0


def test_identities_and_mota_equal_motmetrics_on_real_fish(shared_data: Path) -> None:
    motmetrics = required("motmetrics")
    truth = read_truth(shared_data / "video" / "zebrafish14" / "gt_points.csv")
    rng = np.random.default_rng(3)
    tracks = truth[rng.uniform(size=len(truth)) > 0.05].copy()
    late = tracks["frame"] > 120
    tracks.loc[late, "id"] = tracks.loc[late, "id"].replace({1: 2, 2: 1})
    radius = 10.0
    judge = motmetrics.MOTAccumulator(auto_id=False)
    for frame in range(int(truth["frame"].min()), int(truth["frame"].max()) + 1):
        here, there = truth[truth["frame"] == frame], tracks[tracks["frame"] == frame]
        apart = here[["x", "y"]].to_numpy()[:, None] - there[["x", "y"]].to_numpy()[None]
        distance = np.linalg.norm(apart, axis=2)
        distance[distance > radius] = np.nan
        judge.update(here["id"].tolist(), there["id"].tolist(), distance, frameid=frame)
    theirs = (
        motmetrics.metrics.create()
        .compute(
            judge,
            metrics=[
                "idf1",
                "idp",
                "idr",
                "mota",
                "num_switches",
                "num_misses",
                "num_false_positives",
            ],
        )
        .iloc[0]
    )
    ours = score_tracks(truth, tracks, radius)
    assert [ours[name] for name in ("idf1", "idp", "idr", "mota")] == pytest.approx(
        list(theirs[["idf1", "idp", "idr", "mota"]]), abs=1e-9
    )
    assert [ours["switches"], ours["misses"], ours["false_positives"]] == list(
        theirs[["num_switches", "num_misses", "num_false_positives"]]
    )


def test_perfect_tracks_score_one_whatever_their_ids() -> None:
    scores = score_tracks(walk(), walk().assign(id=walk()["id"] + 40), radius_px=20)
    assert [
        scores[name] for name in ("idf1", "idp", "idr", "hota", "deta", "assa", "mota", "motp")
    ] == pytest.approx([1.0] * 8)
    assert [scores[name] for name in ("switches", "fragments", "misses", "false_positives")] == [
        0,
        0,
        0,
        0,
    ]
    assert (scores["n_truth"], scores["n_tracks"], scores["frames"]) == (20, 20, 10)


def test_one_swap_halfway_is_two_switches_and_half_the_identity() -> None:
    truth = walk()
    late = truth["frame"] >= 5
    tracks = truth.assign(id=truth["id"].where(~late, 3 - truth["id"]))
    scores = score_tracks(truth, tracks, radius_px=20)
    assert scores["idf1"] == pytest.approx(0.5)
    assert scores["switches"] == 2
    assert scores["mota"] == pytest.approx(1 - 2 / 20)
    assert scores["deta"] == pytest.approx(1.0)
    assert scores["assa"] == pytest.approx(5 / 15)  # 5 frames together out of 10 + 10 - 5
    assert (scores["share_found"], scores["share_identified"]) == (1.0, 0.5)
    assert scores["fragments"] == 0


def test_a_track_that_breaks_off_twice_is_two_fragments_and_found_where_it_is() -> None:
    truth = walk(10, 2)
    broken = truth["frame"].isin([3, 4, 7]) & (truth["id"] == 1)
    scores = score_tracks(truth, truth[~broken], radius_px=20)
    assert (scores["fragments"], scores["switches"]) == (2, 0)
    assert scores["share_found"] == scores["share_identified"] == pytest.approx(0.85)


def test_a_match_reaches_as_far_as_the_radius_and_no_farther() -> None:
    truth = walk(animals=1)
    at_radius = score_tracks(truth, truth.assign(y=truth["y"] + 20.0), radius_px=20)
    beyond = score_tracks(truth, truth.assign(y=truth["y"] + 20.01), radius_px=20)
    assert (at_radius["idf1"], at_radius["motp"]) == (1.0, 0.5)
    assert (beyond["idf1"], beyond["misses"], beyond["false_positives"]) == (0.0, 10, 10)


def test_frames_inside_the_truth_without_a_row_count_and_frames_after_it_do_not() -> None:
    truth = walk(10, 1)
    truth = truth[truth["frame"] != 4]
    scores = score_tracks(truth, walk(30, 1), radius_px=20)
    assert (scores["frames"], scores["n_tracks"]) == (10, 10)
    assert (scores["false_positives"], scores["misses"]) == (1, 0)
    assert scores["idp"] == pytest.approx(0.9)


def test_what_is_found_before_the_truth_says_that_anybody_is_there_is_false() -> None:
    truth = walk(10, 1)
    truth.loc[truth["frame"] < 3, ["x", "y"]] = np.nan
    scores = score_tracks(truth, walk(10, 1), radius_px=20)
    assert (scores["frames"], scores["n_truth"], scores["false_positives"]) == (10, 7, 3)


def test_no_tracks_at_all_score_zero() -> None:
    scores = score_tracks(walk(), walk()[:0], radius_px=20)
    assert (scores["idf1"], scores["hota"], scores["mota"], scores["misses"]) == (0, 0, 0, 20)


def test_missing_positions_count_as_not_found() -> None:
    tracks = walk(10, 1)
    tracks.loc[tracks["frame"] < 3, ["x", "y"]] = np.nan
    scores = score_tracks(walk(10, 1), tracks, radius_px=20)
    assert (scores["misses"], scores["n_tracks"]) == (3, 7)


def test_the_track_of_each_animal_is_named() -> None:
    tracks = walk().replace({"id": {1: 8, 2: 4}})
    assert match_ids(walk(), tracks, radius_px=20) == {1: 8, 2: 4}


def test_ids_may_be_names() -> None:
    named = walk().replace({"id": {1: "mouse B", 2: "mouse A"}})
    assert score_tracks(named, walk(), radius_px=20)["idf1"] == 1.0
    assert match_ids(walk(), named, radius_px=20) == {1: "mouse B", 2: "mouse A"}


def test_ten_thousand_frames_take_seconds() -> None:
    truth = walk(10_000, 3)
    started = time.process_time()
    assert score_tracks(truth, truth, radius_px=20)["idf1"] == 1.0
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("frame,id,x\n0,1,2\n", "no column y"),
        ("", "Cannot read"),
        ("frame,id,x,y\n0,1,2,mouse\n", "'mouse' as y in row 1"),
        ("frame,id,x,y\n0,1,2,3\n0,1,4,5\n", "id 1 twice in frame 0"),
        ("frame,id,x,y\n0.5,1,2,3\n", "not a whole number"),
        ("frame,id,x,y\n-1,1,2,3\n", "whole number from 0"),
        ("frame,id,x,y\n1,,2,3\n", "without an id"),
        ("frame,id,x,y\n0,1,inf,3\n", "infinite"),
    ],
)
def test_a_bad_truth_file_is_one_clear_line(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "truth.csv").write_text(text)
    with pytest.raises(TrackingError, match=says) as error:
        read_truth(tmp_path / "truth.csv")
    assert "\n" not in str(error.value)


def test_a_missing_truth_file_and_a_useless_radius_are_named(tmp_path: Path) -> None:
    with pytest.raises(TrackingError, match=r"No truth file .*nowhere\.csv"):
        read_truth(tmp_path / "nowhere.csv")
    with pytest.raises(TrackingError, match="radius is 0"):
        score_tracks(walk(), walk(), radius_px=0)
    with pytest.raises(TrackingError, match="no positions"):
        score_tracks(walk()[:0], walk(), radius_px=5)
