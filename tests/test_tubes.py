"""Twenty tubes with a fly in each, a real recording: one animal per tube, where people see it.

The tubes were drawn by hand, and in ten frames the middle of every fly was noted by eye in enlarged
pictures (`reference/tubes_seen.csv`). Three of the flies never move in the whole minute; every tube
also holds a pale pupal case that looks much like a fly.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from app.jobs.tracking_job import track_video
from app.setting_up.arenas import arenas_of, chosen_arenas
from storage.study import open_study
from storage.tracks import read_tracks
from storage.videos import animal_names

pytestmark = pytest.mark.slow  # a minute of 1280 x 960 is tracked: 8 s
REFERENCE = Path(__file__).parent / "reference"
NEAR_PX = 8  # a fly is 28 px long
COVERED = 0.998  # of all frames, in every tube


@pytest.fixture(scope="module")
def tracks(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The tracks of all flies, with the name of each."""
    study_folder = tmp_path_factory.mktemp("tubes") / "s"
    video = shared_data / "video" / "flies20_tubes" / "arena_10x2_sortTubes.mp4"
    summary = track_video(study_folder, video, None, arenas=str(REFERENCE / "tubes.geojson"))
    assert any("tube_03, tube_07, tube_14: the animal never" in line for line in summary.warnings)
    with open_study(study_folder) as study:
        names = animal_names(study, 1)
        found = read_tracks(study, 1).to_pandas()
    return found.assign(name=found["animal_id"].map(names))


def test_there_is_one_animal_in_each_tube_in_every_frame(tracks: pd.DataFrame) -> None:
    assert sorted(tracks["name"].unique()) == [f"tube_{k:02d}" for k in range(1, 21)]
    share = tracks.groupby("name")["detected"].mean()
    assert (share >= COVERED).all(), share[share < COVERED]
    assert tracks["detected"].mean() > 0.9995


def test_nobody_is_ever_outside_its_tube(tracks: pd.DataFrame) -> None:
    arenas = arenas_of(chosen_arenas([], str(REFERENCE / "tubes.geojson")), (1280, 960))
    seen = tracks[tracks["detected"]]
    x, y = (seen[column].round().astype(int).to_numpy() for column in ("x_px", "y_px"))
    tube = np.array([place.name for place in arenas.places])[arenas.labels[y, x] - 1]
    assert (arenas.labels[y, x] > 0).all() and (tube == seen["name"].to_numpy()).all()


def test_every_fly_that_a_person_saw_is_found_there(tracks: pd.DataFrame) -> None:
    seen = pd.read_csv(REFERENCE / "tubes_seen.csv")
    assert len(seen) == 200 and seen["frame"].nunique() == 10
    seen["name"] = [f"tube_{k:02d}" for k in seen["id"]]
    both = seen.merge(tracks, on=["frame", "name"], validate="one_to_one")
    off = np.hypot(both["x"] - both["x_px"], both["y"] - both["y_px"])
    assert both["detected"].all() and off.max() < NEAR_PX and off.median() < 1.5
