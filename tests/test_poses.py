"""Reading pose files: every real file as its own program means it, and nothing unpickled."""

import json
import pickle
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from storage.errors import StudyError
from storage.pose_tracks import find_bodies, split_by_name
from storage.readers.poses import Poses, at_least
from storage.readers.registry import read_poses, readers

DEEPOF = "pose/deepof/test_"


def written_csv(path: Path, individuals: list[str], parts: list[str], values: np.ndarray) -> Path:
    """A table as DeepLabCut writes it; individuals may be empty (one animal)."""
    coords = ["x", "y", "likelihood"]
    names = [
        (who, part, coord) for who in individuals or [""] for part in parts for coord in coords
    ]
    rows = [["scorer", *["net"] * len(names)]]
    if individuals:
        rows.append(["individuals", *[who for who, _, _ in names]])
    rows += [["bodyparts", *[part for _, part, _ in names]]]
    rows += [["coords", *[coord for _, _, coord in names]]]
    rows += [[str(i), *map(str, row)] for i, row in enumerate(values)]
    path.write_text("\n".join(",".join(row) for row in rows) + "\n")
    return path


def from_pandas(path: Path, n_header: int) -> tuple[list[tuple[str, ...]], np.ndarray]:
    """Column names without the scorer, and values, as pandas reads them."""
    table = pd.read_csv(path, header=list(range(n_header)), index_col=0)
    return [name[1:] for name in table.columns], table.to_numpy(float)


@pytest.mark.parametrize(
    ("file", "n_header"),
    [
        ("behaviour/freezing/demo1/demo1_tracking.csv", 3),
        (f"{DEEPOF}single_topview/testDLC_csv_table.csv", 3),
        (f"{DEEPOF}multi_topview/testDLC_csv_table_multi.csv", 3),
        (f"{DEEPOF}madlc_topview/testDLC_csv_table_madlc.csv", 4),
    ],
)
def test_a_csv_holds_what_pandas_reads(shared_data: Path, file: str, n_header: int) -> None:
    poses = readers()["dlc"].read(shared_data / file)
    names, values = from_pandas(shared_data / file, n_header)
    assert poses.n_frames == len(values)
    for column, name in zip(values.T, names, strict=True):
        animal = 0 if n_header == 3 else poses.animals.index(name[0])
        point = poses.points.index(name[-2])
        kind = {"x": poses.xy[..., 0], "y": poses.xy[..., 1], "likelihood": poses.confidence}
        assert np.array_equal(kind[name[-1]][:, animal, point], column)


@pytest.mark.parametrize("kind", ["multi", "madlc"])
def test_the_same_table_as_csv_and_hdf5_agrees(shared_data: Path, kind: str) -> None:
    folder = shared_data / f"{DEEPOF}{kind}_topview"
    csv = read_poses(folder / f"testDLC_csv_table_{kind}.csv")
    h5 = read_poses(folder / f"testDLC_h5_table_{kind}.h5")
    assert (csv.animals, csv.points, csv.scorer) == (h5.animals, h5.points, h5.scorer)
    n = csv.n_frames  # the CSV was cut short by 2 or 3 frames
    assert np.array_equal(csv.seen, h5.seen[:n])
    np.testing.assert_allclose(csv.xy, h5.xy[:n], rtol=1e-6)
    np.testing.assert_allclose(csv.confidence, h5.confidence[:n], rtol=1e-6)


def test_absent_animals_written_as_zeros_are_missing(shared_data: Path) -> None:
    poses = read_poses(shared_data / "video/mice3_open_field/EGS8X2MN4SSUGFWAV976.h5")
    assert poses.animals == ("mouse1", "mouse2", "mouse3")
    assert poses.xy.shape == (1800, 3, 12, 2)
    absent = ~poses.seen.any(axis=2)
    assert absent.sum() == 562
    assert (~absent).all(axis=1).sum() == 1287
    assert "562 of 5400 animal-frames" in poses.notes[0]
    body = [poses.points.index(name) for name in ("neck", "center back", "tail base")]
    truth = pd.read_csv(shared_data / "video/mice3_open_field/gt_points.csv")
    mean = poses.xy[:, :, body].mean(axis=2)
    ids = {name: i for i, name in enumerate(sorted(truth["id"].unique()))}
    told = mean[truth["frame"], truth["id"].map(ids)]
    np.testing.assert_allclose(told, truth[["x", "y"]], atol=0.01)


def test_a_table_with_pickled_names_is_read_without_unpickling(shared_data: Path) -> None:
    square = read_poses(shared_data / f"{DEEPOF}square_arena_topview/testDLC_square_arena.h5")
    assert (square.n_frames, len(square.points)) == (451, 14)
    assert square.points[:3] == ("Nose", "Left_ear", "Right_ear")
    with h5py.File(shared_data / f"{DEEPOF}square_arena_topview/testDLC_square_arena.h5") as file:
        values = file["df_with_missing/table"]["values_block_0"]
    assert np.array_equal(square.xy[:, 0, 1, 0], values[:, 3])
    horse = read_poses(shared_data / "pose/horse/BrownHorseinShadow_gt.h5")
    assert (horse.n_frames, len(horse.points), horse.scorer) == (308, 22, "Byron")
    assert "labelled pictures" in horse.notes[0]


class Harmful:
    """Runs code when somebody unpickles it."""

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (Path("harmed"),))


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_pickle_that_wants_more_than_names_is_refused_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: int
) -> None:
    monkeypatch.chdir(tmp_path)
    with h5py.File("evil.h5", "w") as file:
        group = file.create_group("df_with_missing")
        group.attrs["pandas_type"] = np.bytes_(b"frame_table")
        kind = [("index", "<i8"), ("values_block_0", "<f8", (3,))]
        table = group.create_dataset("table", data=np.zeros(4, kind))
        table.attrs["values_block_0_kind"] = np.void(pickle.dumps([Harmful()], protocol))
    with pytest.raises(StudyError, match="which is not opened here: export it as CSV"):
        read_poses("evil.h5")
    assert not Path("harmed").exists()


def test_the_pictures_of_a_labelled_project_are_frames_in_order(shared_data: Path) -> None:
    folder = shared_data / "pose/sleap_dlc_small"
    several = read_poses(folder / "maudlc_testdata_v2.csv")
    assert (several.animals, several.points) == (("Animal1", "Animal2"), ("A", "B", "C"))
    assert several.xy[1, 1].tolist() == [[17.0, 18.0], pytest.approx([np.nan] * 2, nan_ok=True),
                                         [20.0, 21.0]]  # fmt: skip
    assert "left out: D, E" in several.notes[0]
    one = read_poses(folder / "dlc_testdata_v2.csv")
    assert (one.animals, one.points, one.n_frames) == (("animal1",), ("A", "B", "C"), 4)
    assert one.xy[3, 0].tolist() == [[22.0, 23.0], [24.0, 25.0], [26.0, 27.0]]


def test_sleap_tracks_are_read_in_the_order_for_matlab(shared_data: Path) -> None:
    file = shared_data / "pose/flies2_long/predictions.analysis.h5"
    poses = read_poses(file)
    assert (poses.source, poses.animals, poses.xy.shape) == (
        "sleap", ("track_0", "track_1"), (3000, 2, 13, 2),
    )  # fmt: skip
    with h5py.File(file) as h5:
        raw, there = h5["tracks"][()], h5["track_occupancy"][()]
    assert np.array_equal(poses.xy[7, 1, 4], raw[1, :, 4, 7])
    assert np.array_equal(poses.seen.any(axis=2), there > 0)
    robot = read_poses(next((shared_data / "pose/sleap_dlc_small").glob("small_robot*.h5")))
    assert (robot.animals, robot.points) == (("animal1",), ("top", "front", "rear"))
    assert robot.xy[1, 0, 0] == pytest.approx([320.97375488, 59.24647141])


def test_sleap_tracks_with_named_axes_are_read_by_these(tmp_path: Path) -> None:
    xy = np.arange(5 * 2 * 3 * 2, dtype=float).reshape(5, 2, 3, 2) + 1
    with h5py.File(tmp_path / "standard.h5", "w") as file:
        file["tracks"] = xy
        file["tracks"].attrs["dims"] = json.dumps(["frame", "track", "node", "xy"])
        file["point_scores"] = np.full((5, 2, 3), 0.5)
        file["point_scores"].attrs["dims"] = json.dumps(["frame", "track", "node"])
        occupied = np.ones((5, 2), dtype=np.uint8)
        occupied[2, 1] = 0
        file["track_occupancy"] = occupied
        file["track_occupancy"].attrs["dims"] = json.dumps(["frame", "track"])
        file["track_names"] = [b"ann", b"bob"]
        file["node_names"] = [b"a", b"b", b"c"]
    poses = read_poses(tmp_path / "standard.h5")
    assert poses.animals == ("ann", "bob")
    assert not poses.seen[2, 1].any()
    assert np.array_equal(poses.xy[poses.seen], xy[poses.seen])
    assert (poses.confidence == 0.5).all()


def test_a_file_is_known_by_its_content_and_not_its_name(shared_data: Path, tmp_path: Path) -> None:
    odd = tmp_path / "results.txt"
    odd.write_bytes((shared_data / f"{DEEPOF}madlc_topview/testDLC_h5_table_madlc.h5").read_bytes())
    assert read_poses(odd).animals == ("mouse_black_tail", "mouse_white_tail")
    with pytest.raises(StudyError, match="an HDF5 file with #refs#, hBehavior"):
        read_poses(shared_data / "behaviour/freezing/demo1/hB_demo1_manual_annotations.mat.mat")
    with pytest.raises(StudyError, match="choose one of dlc, sleap"):
        read_poses(odd, "boris")
    with pytest.raises(StudyError, match="There is no file"):
        read_poses(tmp_path / "gone.csv")


def test_single_points_at_the_corner_are_missing_unless_they_are_sure(tmp_path: Path) -> None:
    values = np.array([[5, 5, 0.9, 0, 0, 0.0], [6, 6, 0.9, 0, 0, 0.99]])
    poses = read_poses(written_csv(tmp_path / "a.csv", [], ["nose", "tail"], values))
    assert poses.seen[:, 0].tolist() == [[True, False], [True, True]]
    assert poses.notes == ("points at (0, 0) without confidence taken as 'not found': 1",)


def test_frame_numbers_are_kept_where_rows_are_missing(tmp_path: Path) -> None:
    file = written_csv(tmp_path / "a.csv", [], ["nose"], np.full((3, 3), 1.0))
    file.write_text(file.read_text().replace("\n2,", "\n5,"))
    poses = read_poses(file)
    assert poses.seen[:, 0, 0].tolist() == [True, True, False, False, False, True]


@pytest.mark.parametrize(
    ("old", "new"), [("\n2,", "\n1,"), ("\n2,", "\n-1,"), ("\n2,", "\n99000000,"),
                     ("coords,x", "coords,z"), (",1.0\n", ",word\n"), ("1.0\n2", "1.0,7\n2")],
)  # fmt: skip
def test_a_damaged_table_is_one_clear_error(tmp_path: Path, old: str, new: str) -> None:
    file = written_csv(tmp_path / "a.csv", [], ["nose"], np.full((3, 3), 1.0))
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(StudyError, match=r"a\.csv"):
        read_poses(file)


def test_doubtful_points_are_left_out_only_when_asked(tmp_path: Path) -> None:
    values = np.array([[5, 5, 0.9, 7, 7, 0.2], [6, 6, 0.6, 8, 8, 0.61]])
    poses = read_poses(written_csv(tmp_path / "a.csv", [], ["nose", "tail"], values))
    assert poses.seen.all()
    sure = at_least(poses, 0.61)
    assert sure.seen[:, 0].tolist() == [[True, False], [False, True]]
    assert "below 0.61 taken as 'not found': 2 (50.0%)" in sure.notes[-1]
    with pytest.raises(StudyError, match="give 0 to 1"):
        at_least(poses, 60)


def test_two_animals_labelled_in_a_project_for_one_are_told_apart(shared_data: Path) -> None:
    file = shared_data / f"{DEEPOF}multi_topview/testDLC_h5_table_multi.h5"
    whole = read_poses(file)
    poses = split_by_name(whole)
    assert (poses.animals, len(poses.points)) == (("B", "W"), 14)
    nose = whole.points.index("W_Nose")
    assert np.array_equal(poses.xy[:, 1, poses.points.index("Nose")], whole.xy[:, 0, nose])
    one = read_poses(shared_data / f"{DEEPOF}single_topview/testDLC_h5_table.h5")
    assert split_by_name(one) is one


def test_left_and_right_are_no_animals() -> None:
    names = [f"{side}_{part}" for side in ("Left", "Right") for part in ("ear", "hip", "paw")]
    poses = Poses("dlc", ("animal1",), tuple(names), np.zeros((2, 1, 6, 2)), np.ones((2, 1, 6)))
    assert split_by_name(poses) is poses


def posed(**points: list[tuple[float, float]]) -> Poses:
    xy = np.array(list(points.values()), dtype=float).transpose(1, 0, 2)[:, None]
    return Poses("dlc", ("a",), tuple(points), xy, np.ones(xy.shape[:3]))


def test_centre_heading_and_length_come_from_the_named_points() -> None:
    nan = float("nan")
    body = find_bodies(
        posed(
            Nose=[(40, 20), (30, 10), (nan, nan), (nan, nan)],
            Left_ear=[(35, 25), (nan, nan), (30, 40), (nan, nan)],
            Right_ear=[(35, 15), (nan, nan), (30, 60), (nan, nan)],
            Center=[(25, 20), (nan, nan), (20, 50), (nan, nan)],
            Tailbase=[(10, 20), (30, 50), (10, 50), (nan, nan)],
            Tail_tip=[(0, 0), (90, 90), (5, 5), (1, 2)],
        ),
        0,
    )
    # Where the centre is not seen: the mean of nose and tail base; at last, of anything.
    assert body.centre.tolist() == [[25, 20], [30, 30], [20, 50], [1, 2]]
    assert body.stand_in == 2
    assert body.heading_deg[:3] == pytest.approx([0, 90, 0])  # right, up the picture, ears
    assert np.isnan(body.heading_deg[3])
    assert body.length_px[:2].tolist() == [30, 40]
    assert np.isnan(body.length_px[2:]).all()


def test_values_of_another_file_are_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.bin"
    secret.write_bytes(np.arange(12, dtype="<f8").tobytes())
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["tracks"] = np.ones((1, 2, 2, 3))
    for kind in ("bytes", "link"):
        pose = tmp_path / f"{kind}.h5"
        with h5py.File(pose, "w") as file:
            if kind == "bytes":
                parts = [(str(secret), 0, 96)]
                file.create_dataset("tracks", (1, 2, 2, 3), "<f8", external=parts)
            else:
                file["tracks"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "tracks")
            file["node_names"] = [b"a", b"b"]
        with pytest.raises(StudyError, match="lies in another file"):
            read_poses(pose, "sleap")


def test_a_truncated_file_is_one_clear_error(shared_data: Path, tmp_path: Path) -> None:
    whole = (shared_data / f"{DEEPOF}madlc_topview/testDLC_h5_table_madlc.h5").read_bytes()
    cut = tmp_path / "cut.h5"
    for size in (600, 20_000, len(whole) - 5000):
        cut.write_bytes(whole[:size])
        with pytest.raises(StudyError, match=r"cut\.h5"):
            read_poses(cut)


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_file_is_read_or_refused_but_never_breaks(
    shared_data: Path, tmp_path: Path, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    file = f"{DEEPOF}square_arena_topview/testDLC_square_arena.h5"
    if seed % 2:
        file = f"{DEEPOF}madlc_topview/testDLC_h5_table_madlc.h5"
    data = np.frombuffer((shared_data / file).read_bytes(), dtype=np.uint8).copy()
    places = rng.integers(0, min(len(data), 20_000), size=10)
    data[places] = rng.integers(0, 256, size=10)
    (tmp_path / "damaged.h5").write_bytes(data.tobytes())
    try:
        poses = read_poses(tmp_path / "damaged.h5")
    except StudyError as error:
        assert "damaged.h5" in str(error)
    else:
        assert poses.n_frames
