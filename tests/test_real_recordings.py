"""Identities on real recordings, against reference positions made by people and other tools.

Nothing but the video and the number of animals is given.
"""

import pytest

from app.jobs.tracking_job import track_video
from storage.study import open_study
from storage.tracks import read_tracks
from tracking.scoring import read_truth, score_tracks

pytestmark = pytest.mark.slow

# recording, video, animals, radius in pixels, least IDF1
RECORDINGS = [
    ("flies2_courtship", "clip.mp4", 2, 40, 0.97),
    ("mouse1_round_arena", "mouse_video.mp4", 1, 25, 0.995),
    ("zebrafish14", "zebrafish14.mp4", 14, 10, 0.70),
    # three black mice before dark walls: a plain pipeline reaches 0.58
    ("mice3_open_field", "EGS8X2MN4SSUGFWAV976.mp4", 3, 25, 0.85),
]


@pytest.mark.parametrize(("folder", "file", "animals", "radius", "least"), RECORDINGS)
def test_identities_hold_on_a_real_recording(
    shared_data, tmp_path, folder, file, animals, radius, least
):
    place = shared_data / "video" / folder
    track_video(tmp_path / "s", place / file, animals)
    with open_study(tmp_path / "s") as study:
        tracks = read_tracks(study, 1).to_pandas()
    tracks = tracks[tracks.detected].rename(
        columns={"animal_id": "id", "x_px": "x", "y_px": "y"}
    )  # fmt: skip
    score = score_tracks(read_truth(place / "gt_points.csv"), tracks, radius)
    assert score["idf1"] >= least, score
