"""Identities on real recordings, against reference positions made by people and other tools.

Nothing but the video and the number of animals is given.
"""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from app.jobs.tracking_job import track_video
from storage.study import open_study
from storage.tracks import read_tracks
from tracking.scoring import read_truth, score_tracks

pytestmark = pytest.mark.slow

# recording: video, animals, radius in pixels
RECORDINGS = {
    "flies2_courtship": ("clip.mp4", 2, 40),
    "mouse1_round_arena": ("mouse_video.mp4", 1, 25),
    "zebrafish14": ("zebrafish14.mp4", 14, 10),
    "mice3_open_field": ("EGS8X2MN4SSUGFWAV976.mp4", 3, 25),
}
# recording, least IDF1, most switches. Three black mice before dark walls: a plain pipeline
# reaches 0.58
PROMISED = [
    ("flies2_courtship", 0.995, 0),
    ("mouse1_round_arena", 0.998, 0),
    ("zebrafish14", 0.88, 10),
    ("mice3_open_field", 0.85, 6),
]
SEVERAL = 130  # px; single fish of that reference have 60 to 110

Tracked = Callable[[str], pd.DataFrame]


@pytest.fixture(scope="module")
def tracked(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Tracked:
    """The positions found in a recording; each is tracked once."""
    known: dict[str, pd.DataFrame] = {}

    def positions(name: str) -> pd.DataFrame:
        if name not in known:
            file, animals, _ = RECORDINGS[name]
            folder = tmp_path_factory.mktemp(name) / "s"
            track_video(folder, shared_data / "video" / name / file, animals)
            with open_study(folder) as study:
                tracks = read_tracks(study, 1).to_pandas()
            known[name] = tracks[tracks["detected"]].rename(
                columns={"animal_id": "id", "x_px": "x", "y_px": "y"}
            )
        return known[name]

    return positions


@pytest.mark.parametrize(("name", "least", "most"), PROMISED)
def test_identities_hold_on_a_real_recording(
    tracked: Tracked, shared_data: Path, name: str, least: float, most: int
) -> None:
    truth = read_truth(shared_data / "video" / name / "gt_points.csv")
    score = score_tracks(truth, tracked(name), RECORDINGS[name][2])
    assert score["idf1"] >= least, score
    assert score["switches"] <= most, score


def test_fish_that_the_reference_sees_apart_are_not_exchanged(
    tracked: Tracked, shared_data: Path
) -> None:
    """Where fish overlap the reference lists one of them, in the middle of all: such a row is
    nobody's place. Its own areas tell: there they are those of several fish. And its fish 1 and 8
    (areas 70 and 98 px) come out of their contact as 8 and 1."""
    place = shared_data / "video" / "zebrafish14"
    truth = read_truth(place / "gt_points.csv")
    listed = pd.read_csv(place / "tracking.txt", sep="\t").rename(columns={"imageNumber": "frame"})
    truth = truth.merge(listed[["frame", "id", "areaBody"]], on=["frame", "id"], validate="1:1")
    truth = truth[truth["areaBody"] < SEVERAL]
    after = truth["frame"] >= 61
    usual = truth.groupby([after, "id"])["areaBody"].median()
    small, large = (usual[False, 1], usual[True, 8]), (usual[False, 8], usual[True, 1])
    assert max(small) < 0.85 * min(large)
    truth["id"] = truth["id"].where(~after, truth["id"].replace({1: 8, 8: 1}))
    score = score_tracks(truth[["frame", "id", "x", "y"]], tracked("zebrafish14"), 10)
    assert score["switches"] == 0, score
