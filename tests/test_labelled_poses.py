"""Labelled poses of DeepLabCut and SLEAP are read as those programs keep them."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from storage.errors import StudyError
from storage.labelled_poses import is_labelled_poses, read_labelled_poses

POINT = [("x", "<f8"), ("y", "<f8"), ("visible", "?"), ("complete", "?")]
FRAME = [("frame_id", "<u8"), ("video", "<u4"), ("frame_idx", "<u8"),
         ("instance_id_start", "<u8"), ("instance_id_end", "<u8")]  # fmt: skip
INSTANCE = [("instance_id", "<i8"), ("instance_type", "u1"), ("frame_id", "<u8"),
            ("skeleton", "<u4"), ("track", "<i4"), ("from_predicted", "<i8"), ("score", "<f4"),
            ("point_id_start", "<u8"), ("point_id_end", "<u8")]  # fmt: skip


def sleap_file(
    path: Path, format_id: float = 1.2, types: tuple[int, ...] = (0, 1, 0),
    films: tuple[dict, ...] = (), of: tuple[int, int] = (0, 0),
) -> Path:  # fmt: skip
    """Frames 4 (two instances) and 9 (one) of C:\\films\\cage.mp4, three nodes in another order.

    Given ``films``, they are of those of the numbers ``of``.

    The first link of the skeleton is a symmetry, the second an edge of the body.
    """
    named = [{"name": name, "weight": 1.0} for name in ("tail", "nose", "ear")]
    made = {"py/reduce": [{"py/type": "sleap.skeleton.EdgeType"}, {"py/tuple": [2]}]}
    body = {"py/reduce": [{"py/type": "sleap.skeleton.EdgeType"}, {"py/tuple": [1]}]}
    links = [
        {"source": 1, "target": 2, "type": made},
        {"source": 1, "target": 0, "type": body},
        {"source": 2, "target": 1, "type": {"py/id": 1}},
        {"source": 1, "target": 2, "type": {"py/id": 2}},
    ]
    skeleton = {"nodes": [{"id": 1}, {"id": 2}, {"id": 0}], "links": links}
    instances, points, predicted = [], [], []
    for k, (kind, frame, track) in enumerate(zip(types, (0, 0, 1), (1, 0, -1), strict=True)):
        rows = points if kind == 0 else predicted
        first = len(rows)
        rows += [(10 * k + 1.5, 2.5, True, True), (10 * k + 3, 4, False, True),
                 (10 * k + 5, 6, True, True)]  # fmt: skip
        instances.append((k, kind, frame, 0, track, -1, 1.0, first, first + 3))
    with h5py.File(path, "w") as file:
        group = file.create_group("metadata")
        group.attrs["format_id"] = format_id
        group.attrs["json"] = json.dumps({"skeletons": [skeleton], "nodes": named})
        file["frames"] = np.array([(0, of[0], 4, 0, 2), (1, of[1], 9, 2, 3)], FRAME)
        file["instances"] = np.array(instances, INSTANCE)
        file["points"] = np.array(points, POINT)
        file["pred_points"] = np.array(predicted, [*POINT, ("score", "<f8")][:4])
        film = {"filename": "C:\\films\\cage.mp4", "backend": {}}
        file["videos_json"] = [json.dumps(one).encode() for one in films or (film,)]
        file["tracks_json"] = [json.dumps([0, name]).encode() for name in ("kim", "lee")]
    return path


def test_instances_placed_by_hand_are_taken_and_predicted_ones_left(tmp_path: Path) -> None:
    found = read_labelled_poses(sleap_file(tmp_path / "a.slp"))
    assert (found.format, found.nodes) == ("sleap", ("nose", "ear", "tail"))
    assert found.edges == ((0, 2), (0, 1)) and found.notes == ()
    first, second = found.images
    assert (first.video, first.frame, second.frame) == ("cage.mp4", 4, 9)
    assert (first.animals, second.animals) == (("lee",), (None,))
    expected = [[1.5, 2.5], [np.nan, np.nan], [5, 6]]
    np.testing.assert_array_equal(first.points, [expected])
    assert second.points[0, 0].tolist() == [21.5, 2.5]


def test_where_nobody_placed_any_predicted_ones_are_taken_and_it_is_said(tmp_path: Path) -> None:
    found = read_labelled_poses(sleap_file(tmp_path / "a.slp", types=(1, 1, 1)))
    assert [len(one.animals) for one in found.images] == [2, 1]
    assert found.notes[0].startswith("2 frames have predicted poses") and not found.by_hand
    assert read_labelled_poses(sleap_file(tmp_path / "b.slp")).by_hand


def test_films_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    films = [{"backend": {"filename": f"{place}/0.mp4"}} for place in ("/day1", "/day2")]
    found = read_labelled_poses(sleap_file(tmp_path / "a.slp", films=(*films,), of=(0, 1)))
    assert [(one.video, one.frame) for one in found.images] == [
        ("/day1/0.mp4", 4), ("/day2/0.mp4", 9)]  # fmt: skip


def test_pictures_inside_a_package_are_frames_of_the_films_they_are_from(tmp_path: Path) -> None:
    films = tuple(
        {"filename": "all.pkg.slp", "backend": {"filename": ".", "dataset": f"video{n}/video"}}
        for n in (2, 5)
    )
    made = sleap_file(tmp_path / "all.pkg.slp", films=films, of=(5, 2))
    with h5py.File(made, "a") as file:
        for number, name in ((2, "cage"), (5, "yard")):
            told = {"filename": f"D:\\films\\{name}.mp4", "backend": {"shape": [9, 8, 8, 1]}}
            file.create_group(f"video{number}/source_video").attrs["json"] = json.dumps(told)
    found = read_labelled_poses(made)
    assert [(one.video, one.frame) for one in found.images] == [("yard.mp4", 4), ("cage.mp4", 9)]


def test_loose_pictures_are_known_by_their_own_names_not_by_their_place_in_the_list(
    tmp_path: Path,
) -> None:
    names = [f"labeled-data/cage/img{30 * k:04d}.png" for k in range(10)]
    made = sleap_file(tmp_path / "a.slp", films=({"backend": {"filenames": names}},))
    found = read_labelled_poses(made)
    assert [(one.name, one.video, one.frame) for one in found.images] == [
        (names[4], None, None), (names[9], None, None)]  # fmt: skip


def test_older_files_count_from_the_corner_of_a_pixel(tmp_path: Path) -> None:
    found = read_labelled_poses(sleap_file(tmp_path / "a.slp", format_id=1.0))
    assert found.images[0].points[0, 0].tolist() == [1.0, 2.0]


def without_points(path: Path) -> Path:
    with h5py.File(path, "r+") as file:
        del file["points"]
        file["points"] = np.empty(0, POINT)
    return path


def csv_file(folder: Path, text: str) -> Path:
    place = folder / "labeled-data" / "cage"
    place.mkdir(parents=True)
    (place / "CollectedData_kim.csv").write_text(text)
    return folder


def test_a_project_with_several_animals_and_newer_columns(tmp_path: Path) -> None:
    made = csv_file(
        tmp_path,
        "scorer,,,kim,kim,kim,kim,kim,kim\nindividuals,,,m1,m1,m2,m2,single,single\n"
        "bodyparts,,,nose,nose,nose,nose,corner,corner\ncoords,,,x,y,x,y,x,y\n"
        "labeled-data,cage,img0012.png,1,2,3,4,9,9\nlabeled-data,cage,img0030.png,,,5,6,9,9\n",
    )
    (tmp_path / "config.yaml").write_text("skeleton:\n- - nose\n  - tail\n")
    assert is_labelled_poses(made)
    for path in (made, made / "config.yaml", made / "labeled-data" / "cage"):
        found = read_labelled_poses(path)
        assert found.nodes == ("nose",) and found.edges == ()
        assert [(one.video, one.frame) for one in found.images] == [("cage", 12), ("cage", 30)]
        assert [one.animals for one in found.images] == [("m1", "m2"), ("m2",)]
        assert found.images[1].points.tolist() == [[[5.0, 6.0]]]
        assert found.notes == ("1 body parts that belong to nobody left out",)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: folder / "none.slp", "There is no file"),
        (lambda folder: folder, "no CollectedData"),
        (lambda folder: csv_file(folder, "a,b\n1,2\n"), "names no bodyparts"),
        (lambda folder: csv_file(folder, "scorer,k,k\nbodyparts,a,a\ncoords,x,y\nz.png,q,1\n"),
         "could not convert"),
        (lambda folder: without_points(sleap_file(folder / "a.slp")), "other nodes"),
    ],
)  # fmt: skip
def test_what_is_no_file_of_poses_is_one_line(tmp_path: Path, make, said: str) -> None:
    with pytest.raises(StudyError, match=said) as raised:
        read_labelled_poses(make(tmp_path))
    assert "\n" not in str(raised.value)


def test_a_file_that_is_no_hdf5_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.slp").write_bytes(b"SLEAP")
    with pytest.raises(StudyError, match="no file of SLEAP"):
        read_labelled_poses(tmp_path / "a.slp")


def test_the_labels_of_a_real_project_are_read_as_they_are(shared_data: Path) -> None:
    found = read_labelled_poses(shared_data / "video" / "mouse1_open_field")
    assert found.nodes == ("snout", "leftear", "rightear", "tailbase") and found.edges == ()
    assert len(found.images) == 116
    assert all(one.points.shape == (1, 4, 2) and one.picture for one in found.images)
    assert found.images[0].points[0, 0].tolist() == [21.521, 265.428]
    assert (found.images[0].video, found.images[0].frame) == ("m4s1", 0)


def test_the_poses_of_real_files_of_sleap_are_read_as_they_are(shared_data: Path) -> None:
    mice = read_labelled_poses(shared_data / "video" / "mice2_home_cage" / "proofread.slp")
    assert len(mice.images) == 96 and sum(len(one.animals) for one in mice.images) == 173
    assert mice.nodes[:4] == ("Nose", "Ear_R", "Ear_L", "TTI") and len(mice.edges) == 14
    assert set(mice.images[0].animals) == {"track_0", "track_1"}
    flies = read_labelled_poses(shared_data / "video" / "flies2_courtship" / "clip.slp")
    assert len(flies.images) == 1500 and flies.notes == ()
    assert flies.nodes[:3] == ("head", "thorax", "abdomen") and flies.edges[2] == (1, 0)
    assert flies.images[0].points[0, 0].tolist() == [335.25, 444.75]
    assert flies.images[0].animals == ("male", "female")
