"""Tubes, wells and cages: each is tracked on its own, and identity is the place."""

from pathlib import Path

import numpy as np
import pytest
from arena_scenes import FPS, WELL, places, wells, write_plate
from storage_samples import Info
from terminal import here

from app.errors import AppError
from app.jobs.tracking_job import TrackSummary, track_video
from app.setting_up.arenas import arenas_of, chosen_arenas
from app.setting_up.region_files import as_geojson
from storage.regions import Region, regions, save_region
from storage.study import open_study
from storage.tracks import read_tracks
from storage.videos import add_video, animal_names
from tracking.arenas.division import Arena, Arenas
from tracking.errors import TrackingError

BOX = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0))


@pytest.fixture(scope="module")
def plate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TrackSummary]:
    """The study of a plate that was tracked with its wells from a file."""
    home = tmp_path_factory.mktemp("plate")
    (home / "wells.geojson").write_text(as_geojson(wells()))
    video = write_plate(home / "plate.mp4")
    said: list[str] = []
    summary = track_video(
        home / "s", video, None, arenas=str(home / "wells.geojson"), on_arenas=said.append
    )
    assert said == ["6 arenas, each on its own, 7 animals in all"]
    return home, summary


def followed(home: Path) -> dict[str, np.ndarray]:
    """x and y of every animal by name, (frames, 2) px; NaN where it was not found."""
    with open_study(home / "s") as study:
        names = animal_names(study, 1)
        tracks = read_tracks(study, 1).to_pandas()
    table = tracks.sort_values(["animal_id", "frame"]).set_index("animal_id")
    return {name: table.loc[[k], ["x_px", "y_px"]].to_numpy(float) for k, name in names.items()}


def test_every_animal_is_found_in_its_well_and_called_like_it(plate):
    found, truth = followed(plate[0]), places()
    assert list(found) == ["A1", "A2", "A3 animal1", "A3 animal2", "B1", "B2", "B3"]
    for name in ("A1", "B1", "B2", "B3"):
        off = np.linalg.norm(found[name] - truth[name][:, :2], axis=1)
        assert off.max() < 1.5, name
    assert float(FPS) == pytest.approx(29.97, abs=1e-3)


def test_two_in_one_well_keep_who_they_are(plate):
    found, truth = followed(plate[0]), places()
    one, other = found["A3 animal1"], found["A3 animal2"]
    way = [truth[f"A3 animal{k}"][:, :2] for k in (1, 2)]
    first = np.linalg.norm(one[0] - way[0][0]) < 9
    mine, theirs = way if first else way[::-1]
    assert np.linalg.norm(one - mine, axis=1).max() < 1.5
    assert np.linalg.norm(other - theirs, axis=1).max() < 1.5


def test_an_empty_well_stays_empty_and_is_said_to_be(plate):
    home, summary = plate
    assert np.isnan(followed(home)["A2"]).all()
    assert "A2: nothing was ever seen moving." in summary.warnings
    (still,) = [line for line in summary.warnings if "found by its looks" in line]
    assert still.startswith("B3: ") or still.startswith("B2, B3: ")


def test_arenas_of_a_file_are_drawn_on_the_video_and_tracked_again_by_themselves(plate):
    home, summary = plate
    with open_study(home / "s") as study:
        drawn = regions(study, 1)
    assert {one.name: one.animals for one in drawn} == {one.name: one.animals for one in wells()}
    assert {one.role for one in drawn} == {"arena"}
    again = track_video(home / "s", home / "plate.mp4", None)
    assert again.skipped and again.run_id == summary.run_id


def test_no_outline_reaches_out_of_its_arena():
    arenas = arenas_of(
        [Region("a", "rectangle", "arena", ((0, 0), (9, 9))),
         Region("b", "rectangle", "arena", ((10, 0), (19, 9)))], (20, 10)
    )  # fmt: skip
    labels = arenas.labels
    assert labels[5, 2] == 1 and labels[5, 17] == 2
    assert set(labels[5, 9:11].tolist()) == {0}  # so that a blob over the border falls in two
    ring = arenas_of(chosen_arenas(wells()), (260, 180)).labels
    assert np.count_nonzero(ring == 1) == pytest.approx(np.pi * WELL**2, rel=0.03)


def test_arenas_that_cannot_be_are_refused_with_a_way_out():
    with pytest.raises(TrackingError, match="one over the other"):
        _ = Arenas((Arena("a", BOX), Arena("b", BOX)), 20, 10).labels
    outside = tuple((x + 100, y) for x, y in BOX)
    with pytest.raises(TrackingError, match="inside the picture"):
        _ = Arenas((Arena("a", outside),), 20, 10).labels
    with pytest.raises(TrackingError, match="called a animal1"):
        Arenas((Arena("a", BOX, 2), Arena("a animal1", BOX)), 20, 10)


def test_one_drawn_arena_changes_nothing_unless_asked_for():
    floor = Region("arena", "rectangle", "arena", ((0, 0), (9, 9)))
    line = Region("door", "line", "region", ((0, 0), (9, 9)))
    assert chosen_arenas([floor, line]) == []
    assert chosen_arenas([floor, line], "drawn") == [floor]
    many = [Region(f"tube_{k}", "rectangle", "arena", ((k, 0), (k + 1, 9))) for k in (10, 9, 2)]
    assert [one.name for one in chosen_arenas(many)] == ["tube_2", "tube_9", "tube_10"]
    assert [one.name for one in chosen_arenas(many, "tube_1*,tube_2")] == ["tube_2", "tube_10"]
    assert chosen_arenas(many, "none") == []
    with pytest.raises(AppError, match="no region 'cage"):
        chosen_arenas(many, "cage*")
    with pytest.raises(AppError, match="door is a line"):
        chosen_arenas([line], "door")


def test_animals_are_shared_evenly_unless_a_region_says_its_own():
    many = [Region(n, "rectangle", "arena", ((k, 0), (k + 9, 9))) for k, n in ((0, "a"), (12, "b"))]
    assert [p.n_animals for p in arenas_of(many, (40, 20)).places] == [1, 1]
    assert [p.n_animals for p in arenas_of(many, (40, 20), 6).places] == [3, 3]
    with pytest.raises(AppError, match="cannot be shared evenly among 2 arenas"):
        arenas_of(many, (40, 20), 3)
    assert arenas_of(many, (40, 20), 4).names == [
        "a animal1",
        "a animal2",
        "b animal1",
        "b animal2",
    ]


def test_how_many_live_in_an_arena_is_kept_with_it(tmp_path):
    with open_study(tmp_path / "s", create=True) as study:
        video = add_video(study, Info(tmp_path / "a.mp4"))
        save_region(
            study, video.video_id, Region("cage", "rectangle", "arena", ((0, 0), (9, 9)), 3)
        )
        assert regions(study, video.video_id)[0].animals == 3
        # what is no arena any more holds nobody
        save_region(
            study, video.video_id, Region("cage", "rectangle", "region", ((0, 0), (9, 9)), 3)
        )
        assert regions(study, video.video_id)[0].animals is None


def test_an_animal_called_like_its_well_can_be_asked_about(plate):
    asked = here("ask", "How far does B1 move?", "-s", plate[0] / "s")
    assert asked.status == 0 and "B1" in asked.out and "A1" not in asked.out
