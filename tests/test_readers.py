"""Other programs' files: each is told by its content, and its values are those that it holds."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import h5py
import numpy as np
import pytest
import reader_samples as made
from terminal import here

from storage.bouts import read_bouts
from storage.readers import Bouts, Poses, read_file, readers
from storage.readers.files import look
from storage.readers.poses import join
from storage.readers.registry import fits, read_poses
from storage.runs import active_run
from storage.study import StudyError, open_study
from storage.tracks import read_keypoints, read_tracks
from storage.videos import find_video

TWO = ("anna", "bob")


def placed(poses: Poses, point: str) -> np.ndarray:
    """(n, animals, 2) where one point of all animals is."""
    return poses.xy[:, :, poses.points.index(point)]


def refused(path: Path, format: str = "auto") -> str:
    """What is said of a file that cannot be read."""
    with pytest.raises(StudyError) as told:
        read_file(path, format)
    assert "\n" not in str(told.value)
    return str(told.value)


def bouts_of(path: Path, format: str = "auto") -> Bouts:
    """A file of scored behaviour, read."""
    found = read_file(path, format)
    assert isinstance(found, Bouts)
    return found


def rows_of(found: Bouts) -> list[tuple[object, ...]]:
    """Who did what from when to when."""
    columns = ["behaviour", "subject", "kind", "start", "stop"]
    return [tuple(row) for row in found.rows[columns].itertuples(index=False, name=None)]


@pytest.mark.parametrize("sample", [*made.TRACKS, *made.SCORES])
def test_a_made_file_is_known_by_one_reader_alone_whatever_it_is_called(
    tmp_path: Path, sample: str
) -> None:
    path = {**made.TRACKS, **made.SCORES}[sample](tmp_path)
    odd = path.with_name("data.bin")
    path.rename(odd)
    knowing = [name for name, reader in readers().items() if fits(reader, look(odd))]
    also = {"simba": ["simba", "simba-tracks"]}.get(sample, knowing[:1])
    assert knowing == also and knowing


def test_every_real_file_is_known_by_one_reader_at_most(shared_data: Path) -> None:
    files = [one for folder in ("pose", "behaviour", "trajectories")
             for one in (shared_data / folder).rglob("*") if one.is_file()]  # fmt: skip
    known = readers().values()
    counts = {one: sum(fits(reader, look(one)) for reader in known) for one in files}
    assert max(counts.values()) == 1
    read = [one.name for one, count in counts.items() if count]
    assert len(read) == 44
    assert not [one for one in read if one.endswith((".npy", ".mat", ".txt", ".html"))]


@pytest.mark.parametrize(
    ("make", "fps", "tolerance"),
    [(made.idtracker_h5, Fraction(30000, 1001), 0), (made.idtracker_wide, Fraction(25), 5e-4),
     (made.movement_nc, Fraction(25), 0)],
)  # fmt: skip
def test_named_animals_keep_their_places_and_gaps(
    tmp_path: Path, make: Callable[[Path], Path], fps: Fraction, tolerance: float
) -> None:
    poses = read_poses(make(tmp_path))
    assert (poses.animals, poses.fps, poses.unit) == (TWO, fps, "px")
    np.testing.assert_allclose(poses.xy[:, :, 0], made.TRUE, rtol=0, atol=tolerance)


def test_idtracker_says_how_sure_identities_are(tmp_path: Path) -> None:
    poses = read_poses(made.idtracker_h5(tmp_path))
    sure = np.where(np.isnan(made.TRUE[..., 0]), np.nan, made.SURE)
    np.testing.assert_array_equal(poses.whole["identity_confidence"], sure)
    tidy = read_poses(made.idtracker_tidy(tmp_path))
    assert tidy.animals == ("1", "2")
    np.testing.assert_allclose(tidy.xy[:, :, 0], made.TRUE, rtol=0, atol=5e-4)


def test_pickles_are_refused_with_the_way_out(tmp_path: Path) -> None:
    np.save(tmp_path / "trajectories.npy", {"trajectories": made.TRUE}, allow_pickle=True)  # type: ignore[arg-type]
    assert "idtrackerai_format session_x --formats h5" in refused(tmp_path / "trajectories.npy")
    (tmp_path / "t.pickle").write_bytes(b"\x80\x04\x95\x00cos\nsystem\n")
    assert "is never opened" in refused(tmp_path / "t.pickle")


def test_lost_rows_of_idtracker_do_not_move_those_after_them(tmp_path: Path) -> None:
    path = made.idtracker_wide(tmp_path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:4] + lines[5:]))
    assert "not one frame apart" in refused(path)


def test_trex_is_in_cm_from_any_frame_and_inf_is_nobody(tmp_path: Path) -> None:
    parts = [read_poses(made.trex_npz(tmp_path, animal)) for animal in (0, 1)]
    poses = join(parts, "trex")
    assert (poses.animals, poses.unit, poses.px_per_cm) == (("fish0", "fish1"), "cm", 16.0)
    assert poses.fps == 25 and poses.n_frames == made.N
    expected = made.TRUE.copy()
    expected[:3] = np.nan
    np.testing.assert_allclose(placed(poses.in_px(16.0), "centre"), expected, rtol=1e-12)
    ahead = placed(poses, "head") - placed(poses, "centre")
    np.testing.assert_allclose(ahead, np.where(np.isnan(expected), np.nan, [0.5, 0]), atol=1e-12)
    assert np.nanmax(poses.whole["area_px"], axis=0).tolist() == [40.0, 41.0]
    same = read_poses(made.trex_csv(tmp_path, 1)).in_px(16.0)
    np.testing.assert_allclose(same.xy[:, 0, 0], expected[:, 1], rtol=1e-12)


def test_a_claim_of_a_thousand_billion_rows_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "huge.h5"
    with h5py.File(path, "w") as file:
        shape = (10**12, 2, 2)
        file.create_dataset("trajectories", shape, chunks=(1000, 2, 2), dtype="f8")
    assert "claims 4000000000000 values" in refused(path)
    npz = made.trex_npz(tmp_path, 0)
    raw = npz.read_bytes()
    npz.write_bytes(raw.replace(b"'shape': (9,), ", b"'shape': (9999999999,), "[:15]))
    huge = tmp_path / "huge.csv"
    huge.write_text("frame,x,y\n0,1,1\n1000000000000,2,2\n")
    assert "no frame number" in refused(huge)


def test_boxes_become_their_centre_and_corners(tmp_path: Path) -> None:
    for make, names in (
        (made.mot, ("1", "2")), (made.annolid, TWO), (made.coco, ("mouse1", "mouse2")),
        (lambda folder: made.movement_nc(folder, "bboxes"), TWO),
    ):  # fmt: skip
        poses = read_poses(make(tmp_path))
        assert poses.animals == names, make
        np.testing.assert_allclose(placed(poses, "centre"), made.TRUE, atol=1e-9)
        size = placed(poses, "box_bottom_right") - placed(poses, "box_top_left")
        np.testing.assert_allclose(size, np.where(np.isnan(made.TRUE), np.nan, made.BOX), atol=1e-9)
        there = np.isfinite(made.TRUE[..., 0])
        assert (poses.confidence[there][:, 0] == made.SURE).all(), make


def test_coco_key_points_are_missing_where_they_are_not_labelled(tmp_path: Path) -> None:
    nose = placed(read_poses(made.coco(tmp_path)), "nose")
    assert np.isnan(nose[:, 0]).all()
    np.testing.assert_allclose(nose[:, 1], made.B + np.array([1, 0]))


def test_coco_and_labelme_without_tracks_go_to_the_command_for_labels(tmp_path: Path) -> None:
    path = made.coco(tmp_path)
    found = json.loads(path.read_text())
    for one in found["annotations"]:
        del one["track_id"]
    path.write_text(json.dumps(found))
    assert "COCO format without track ids, which ethoscribe labels import takes" in refused(path)
    path.write_text(json.dumps({"version": "6.3.1", "shapes": [], "imagePath": "a.png"}))
    assert "labels of LabelMe, which ethoscribe labels import takes" in refused(path)
    (tmp_path / "a.txt").write_text("0 0.1 0.1 0.2 0.1 0.2 0.2\n")
    assert "labels of YOLO, which ethoscribe labels import takes" in refused(tmp_path / "a.txt")


@pytest.mark.parametrize("sure", [0.9, 0.0])
def test_lightning_poses_smoothed_points_are_read_without_what_the_ensemble_says(
    tmp_path: Path, sure: float
) -> None:
    coords = ["x", "y", "likelihood", "x_ens_median", "y_ens_median", "x_ens_var", "y_ens_var",
              "x_posterior_var", "y_posterior_var"]  # fmt: skip
    head = [["scorer", *["ensemble-kalman_tracker"] * 18],
            ["bodyparts", *["nose"] * 9, *["tail"] * 9], ["coords", *coords, *coords]]  # fmt: skip
    rows = [[i, *[10 + i, 20, sure, 7, 7, 1, 1, 2, 2], *[50, 60 + i, sure, 7, 7, 1, 1, 2, 2]]
            for i in range(3)]  # fmt: skip
    path = tmp_path / "eks.csv"
    path.write_text("\n".join(",".join(map(str, line)) for line in [*head, *rows]) + "\n")
    poses = read_poses(path)
    assert poses.points == ("nose", "tail") and poses.scorer == "ensemble-kalman_tracker"
    assert poses.xy[:, 0].tolist() == [[[10 + i, 20], [50, 60 + i]] for i in range(3)]
    assert (poses.confidence == sure).all() if sure else np.isnan(poses.confidence).all()


def test_octron_pieces_are_weighted_by_area(tmp_path: Path) -> None:
    poses = join([read_poses(made.octron(tmp_path, animal)) for animal in (0, 1)], "octron")
    assert poses.animals == ("fish_1", "fish_2") and poses.video == "clip.mp4"
    np.testing.assert_allclose(placed(poses, "centre"), made.TRUE, atol=1e-9)
    assert np.nanmax(poses.whole["area_px"]) == np.nanmin(poses.whole["area_px"]) == 40
    assert any("several pieces" in note for note in poses.notes)


def test_jabs_points_are_turned_to_x_y_and_identities_kept(shared_data: Path) -> None:
    path = shared_data / "pose/jabs/sample_pose_est_v5.h5"
    poses = read_poses(path)
    with h5py.File(path) as file:
        group = file["poseest"]
        ids, masked = group["instance_embed_id"][:], group["id_mask"][:]
        points, sure = group["points"][:], group["confidence"][:]
        assert poses.px_per_cm == pytest.approx(1 / group.attrs["cm_per_pixel"])
    for frame in (0, 777, 1799):
        for place in np.flatnonzero(~masked[frame]):
            mine = poses.xy[frame, ids[frame, place] - 1]
            seen = sure[frame, place] > 0
            assert np.array_equal(mine[seen], points[frame, place][seen][:, ::-1])
            assert np.isnan(mine[~seen]).all()
    assert poses.points[9] == "base_tail" and len(poses.animals) == 3


def test_a_persons_correction_wins_over_the_prediction(shared_data: Path, tmp_path: Path) -> None:
    path = tmp_path / "corrected.slp"
    shutil.copy(shared_data / "video/flies2_courtship/clip.predictions.slp", path)
    before = read_poses(path)
    with h5py.File(path, "r+") as file:
        instances, points = file["instances"][:], file["points"]
        row = next(
            i for i, one in enumerate(instances) if one["frame_id"] == 20 and one["track"] >= 0
        )
        mine = instances[row : row + 1].copy()
        mine["instance_id"], mine["instance_type"] = len(instances), 0
        mine["from_predicted"] = instances[row]["instance_id"]
        mine["point_id_start"], mine["point_id_end"] = 0, 2
        placed_by_hand = np.zeros(2, dtype=points.dtype)
        placed_by_hand["x"], placed_by_hand["y"], placed_by_hand["visible"] = (7, 8), 9, True
        frames = file["frames"][:]
        at = int(np.flatnonzero(frames["frame_id"] == 20)[0])
        start, stop = frames[at]["instance_id_start"], frames[at]["instance_id_end"]
        everything = np.concatenate([instances[:stop], mine, instances[stop:]])
        frames["instance_id_end"][at] = stop + 1
        for later in range(at + 1, len(frames)):
            frames["instance_id_start"][later] += 1
            frames["instance_id_end"][later] += 1
        for name in ("instances", "points"):
            del file[name]
        file["instances"], file["points"], file["frames"][:] = everything, placed_by_hand, frames
    after = read_poses(path)
    who = int(instances[row]["track"])
    assert after.animals == before.animals and int(stop) > int(start)
    frame = int(frames[at]["frame_idx"])
    assert after.xy[frame, who].tolist() == [[7, 9], [8, 9]]
    assert np.isnan(after.confidence[frame, who]).all()
    others = np.ones(after.xy.shape[:2], dtype=bool)
    others[frame, who] = False
    assert np.array_equal(after.xy[others], before.xy[others], equal_nan=True)
    assert "1 of 2948 instances placed by a person" in " ".join(after.notes)


def test_of_a_project_of_two_videos_each_is_read_by_its_name(
    shared_data: Path, tmp_path: Path
) -> None:
    whole = shared_data / "video/flies2_courtship/clip.2node.slp"
    path, study = tmp_path / "labels.slp", tmp_path / "study"
    shutil.copy(whole, path)
    with h5py.File(path, "r+") as file:
        frames = file["frames"][:]
        late = frames["frame_idx"] >= 1000
        frames["video"][late], frames["frame_idx"][late] = 1, frames["frame_idx"][late] - 1000
        file["frames"][:] = frames
        listed = [json.dumps({"backend": {"filename": f"D:\\lab\\{name}"}})
                  for name in ("day1.mp4", "clip.mp4")]  # fmt: skip
        del file["videos_json"]
        file["videos_json"] = listed
    said = refused(path)
    assert (
        "labels of 2 videos: say with --recording which one is meant (day1.mp4, clip.mp4)" in said
    )
    assert "no video 'day2': choose one of day1.mp4, clip.mp4" in here(
        "import", path, "-s", study, "--fps", "25", "--recording", "day2"
    ).err  # fmt: skip
    for arguments in (("--fps", "25", "--recording", "day1"),
                      ("--video", shared_data / "video/flies2_courtship/clip.mp4")):  # fmt: skip
        ended = here("import", path, "-s", study, *arguments)
        assert ended.status == 0, ended.err  # the video's name tells which of the two it is
    true = read_poses(whole).xy
    found = read_file(path, part="clip.mp4")
    assert isinstance(found, Poses) and found.video == "clip.mp4"
    assert np.array_equal(found.xy, true[1000:], equal_nan=True)
    with open_study(study) as opened:
        first, second = (find_video(opened, name) for name in ("day1", "clip"))
        seen = [read_tracks(opened, one.video_id)["detected"].to_numpy().reshape(-1, 2)
                for one in (first, second)]  # fmt: skip
    there = np.isfinite(true).all(axis=-1).any(axis=-1)
    assert np.array_equal(seen[0], there[:1000]) and first.n_frames == 1000
    assert np.array_equal(seen[1][:500], there[1000:]) and not seen[1][500:].any()
    again = here("import", path, "-s", study, "--fps", "25", "--recording", "day1")
    assert "already imported" in again.err


def test_the_project_and_the_analysis_file_of_sleap_agree(shared_data: Path) -> None:
    folder = shared_data / "pose/flies2_long"
    project = read_poses(folder / "predictions.slp")
    analysis = read_poses(folder / "predictions.analysis.h5")
    assert project.animals == analysis.animals and project.points == analysis.points
    n = min(project.n_frames, analysis.n_frames)
    assert np.array_equal(project.xy[:n], analysis.xy[:n], equal_nan=True)


def test_mabe_tracking_takes_rate_and_scale_from_its_list_of_videos(tmp_path: Path) -> None:
    poses = read_poses(made.mabe_tracking(tmp_path))
    assert (poses.animals, poses.fps, poses.px_per_cm) == (("mouse1", "mouse2"), Fraction(30), 16)
    np.testing.assert_array_equal(placed(poses, "nose"), made.TRUE)
    np.testing.assert_array_equal(placed(poses, "tail_base"), made.TRUE - np.array([4, 0]))


def test_simba_gives_behaviour_and_with_the_other_name_positions(tmp_path: Path) -> None:
    path = made.simba(tmp_path)
    found = bouts_of(path)
    assert (found.unit, found.by_person, found.behaviours) == ("frames", False, ("Attack",))
    assert rows_of(found) == [("Attack", None, "state", 2, 5), ("Attack", None, "state", 9, 12)]
    poses = read_poses(path, "simba-tracks")
    assert (poses.fps, poses.px_per_cm) == (Fraction(30), 15.0)
    assert np.array_equal(poses.xy[:, 0], np.stack([made.A, made.A + 1], axis=1))
    human = made.simba(tmp_path / "human", chances=False)
    config = human.parents[2] / "project_config.ini"
    config.write_text("[SML settings]\nno_targets = 1\ntarget_name_1 = Attack\n")
    assert bouts_of(human).by_person and rows_of(bouts_of(human)) == rows_of(found)


def test_states_are_paired_and_what_has_no_partner_is_said(tmp_path: Path) -> None:
    found = bouts_of(made.ethovision(tmp_path))
    assert rows_of(found) == [
        ("groom", "Subject 1", "state", 1.5, 3.0), ("rear", "Subject 1", "point", 2.25, 2.25),
    ]  # fmt: skip
    assert list(found.recordings) == ["clip.mpg"]
    assert "groom of Subject 1 at 4 has no stop" in found.notes[0]
    assert rows_of(bouts_of(made.observer(tmp_path))) == [
        ("groom", "rat", "state", 1.5, 3.0), ("rear", "rat", "point", 2.25, 2.25),
    ]  # fmt: skip


def test_mabe_bouts_are_half_open_and_self_is_nobody_else(tmp_path: Path) -> None:
    found = bouts_of(made.mabe_bouts(tmp_path))
    assert found.unit == "frames"
    assert found.rows[["subject", "target", "start", "stop"]].values.tolist() == [
        ["mouse1", None, 2.0, 4.0], ["mouse1", "mouse2", 5.0, 9.0],
    ]  # fmt: skip
    submission = tmp_path / "submission.csv"
    submission.write_text(
        "row_id,video_id,agent_id,target_id,action,start_frame,stop_frame\n"
        "0,7,mouse1,self,rear,2,4\n1,8,mouse2,mouse1,sniff,5,9\n"
    )
    rows = bouts_of(submission).rows
    assert rows[["recording", "subject", "target"]].values.tolist() == [
        ["7", "mouse1", None], ["8", "mouse2", "mouse1"],
    ]  # fmt: skip


def test_boris_project_pairs_states_and_leaves_out_odd_ones(shared_data: Path) -> None:
    path = shared_data / "behaviour/boris/test.boris"
    project = json.loads(path.read_text())
    found = bouts_of(path)
    events = project["observations"]["observation #1"]["events"]
    times = [event[0] for event in events]
    assert found.of("observation #1")[["start", "stop"]].values.tolist() == [
        [times[i], times[i + 1]] for i in range(0, len(times), 2)
    ]
    odd = found.of("live not paired")
    assert set(odd["behaviour"]) == {"p"} and "s has 7 events, an odd number" in found.notes[0]
    said = found.of("modifiers")
    assert said[said["behaviour"] == "q"]["modifiers"].tolist() == [
        {"modif #1": name} for name in ("m1", "m2", "m3")
    ]


def test_boris_events_of_videos_in_a_row_are_in_each_videos_own_time(shared_data: Path) -> None:
    found = bouts_of(shared_data / "behaviour/boris/test.boris")
    project = json.loads((shared_data / "behaviour/boris/test.boris").read_text())
    observation = project["observations"]["observation #2"]
    first = float(observation["media_info"]["length"]["video_test_25fps_180s.mp4"])
    later = [e[0] for e in observation["events"] if e[2] == "p" and e[0] >= first]
    second = found.of("observation #2 / video_test_25fps_360s.mp4")
    mine = second[second["behaviour"] == "p"]["start"].tolist()
    assert mine == pytest.approx([time - first for time in sorted(later)]) and mine
    assert found.recordings["observation #2 / video_test_25fps_360s.mp4"].duration_s == 359.96


def test_borises_time_offset_is_taken_off(shared_data: Path, tmp_path: Path) -> None:
    project = json.loads((shared_data / "behaviour/boris/test.boris").read_text())
    one = project["observations"]["observation #1"]
    project["observations"] = {"observation #1": one}
    path = tmp_path / "late.boris"
    path.write_text(json.dumps(project))
    before = bouts_of(path).rows
    one["time offset"] = 100.0
    one["events"] = [[time + 100, *rest] for time, *rest in one["events"]]
    path.write_text(json.dumps(project))
    assert np.allclose(bouts_of(path).rows[["start", "stop"]].to_numpy(float),
                       before[["start", "stop"]].to_numpy(float))  # fmt: skip


def test_boris_exports_old_and_new_are_read_by_the_names_of_columns(
    shared_data: Path, tmp_path: Path
) -> None:
    folder = shared_data / "behaviour/boris"
    project = bouts_of(folder / "test.boris").of("observation #1")
    for name in ("tsv", "csv", "xlsx"):
        old = bouts_of(folder / f"test_export_events_tabular.{name}")
        assert (
            old.rows[["start", "stop"]].values.tolist()
            == project[["start", "stop"]].values.tolist()
        )
        assert list(old.recordings) == ["observation #1"]
    new = made.boris_aggregated(tmp_path)
    lines = [line.split("\t") for line in new.read_text().splitlines()]
    order = np.random.default_rng(1).permutation(len(lines[0]))
    for path in (new, tmp_path / "shuffled.tsv"):
        if path != new:
            path.write_text("\n".join("\t".join(line[i] for i in order) for line in lines))
        found = bouts_of(path)
        assert rows_of(found) == [
            ("groom", "rat", "state", 1.5, 3.0), ("rear", None, "point", 2.25, 2.25),
        ]  # fmt: skip
        assert found.rows["modifiers"].tolist() == [{"modifier 1": "long"}, None]
    assert found.recordings["o1"].fps == 25


def test_bento_bouts_hold_their_last_frame(shared_data: Path) -> None:
    found = bouts_of(shared_data / "behaviour/bento/Together_1_abridged.annot")
    attack = found.rows[found.rows["behaviour"] == "Attack"]
    lasts = (attack["stop"] - attack["start"]).to_numpy(float)
    np.testing.assert_allclose(lasts, [2.23333333333, 1.4, 5.06666666667, 2.46666666667])
    assert attack["start"].iloc[0] == pytest.approx(3.03333333333)


def test_a_wrong_file_says_what_it_is_and_what_was_expected(
    shared_data: Path, tmp_path: Path
) -> None:
    said = refused(shared_data / "behaviour/freezing/demo1/demo1_manual_annotations.mat")
    assert "an HDF5 file with #refs#" in said and "DeepLabCut, SLEAP analysis" in said
    assert "a video, which ethoscribe track takes" in refused(
        shared_data / "video/flies2_courtship/clip.mp4"
    )
    (tmp_path / "odd.csv").write_text("a,b\n1,2\n")
    said = refused(tmp_path / "odd.csv")
    assert "a table with the columns a, b (a table of positions has frame, x, y and id" in said
    said = refused(shared_data / "behaviour/boris/test_time_budget1.json")
    assert "a time budget of BORIS, which has sums and no bouts: export its events instead" in said
    whole = shared_data / "pose/deepof/test_single_topview/testDLC_h5_table.h5"
    (tmp_path / "cut.h5").write_bytes(whole.read_bytes()[:20000])
    assert "cut.h5 is damaged: it ends too early: copy it again" in refused(tmp_path / "cut.h5")
    (tmp_path / "none.csv").write_text("")
    assert "is empty" in refused(tmp_path / "none.csv")
    assert "cannot be read as BENTO (" in refused(tmp_path / "odd.csv", "bento")


def test_trex_of_two_fish_becomes_one_recording_in_px(tmp_path: Path) -> None:
    files = [made.trex_npz(tmp_path, animal) for animal in (1, 0)]
    study = tmp_path / "study"
    ended = here("import", *files, "-s", study)
    assert ended.status == 0, ended.err
    with open_study(study) as opened:
        video = find_video(opened, "clip")
        run = active_run(opened, video.video_id)
        tracks = read_tracks(opened, video.video_id).to_pandas()
    assert (video.fps, video.px_per_cm, video.n_frames) == (Fraction(25), 16.0, made.N)
    assert run is not None and run.settings["format"] == "trex"
    assert [len(one) for one in run.settings["sha256"].split(", ")] == [64, 64]
    # given as fish1, fish0: the animals keep that order
    place = tracks[["x_px", "y_px"]].to_numpy(float).reshape(made.N, 2, 2)[:, ::-1]
    expected = np.where(np.arange(made.N)[:, None, None] < 3, np.nan, made.TRUE)
    np.testing.assert_allclose(place, expected, atol=1e-4)
    again = here("import", *files[::-1], "-s", study)
    assert "already imported" in again.err


def test_cm_without_a_scale_are_refused_with_the_way_out(tmp_path: Path) -> None:
    path = made.trex_csv(tmp_path, 0)
    ended = here("import", path, "-s", tmp_path / "study", "--fps", "25")
    assert ended.status == 1 and "positions in cm" in ended.err and "--px-per-cm" in ended.err
    ended = here("import", path, "-s", tmp_path / "study", "--fps", "25", "--px-per-cm", "16")
    assert ended.status == 0, ended.err


def test_a_lone_centre_is_no_body_point_and_identities_stay_sure(tmp_path: Path) -> None:
    study = tmp_path / "study"
    ended = here("import", made.idtracker_h5(tmp_path), "-s", study)
    assert ended.status == 0, ended.err
    with open_study(study) as opened:
        video = find_video(opened, "trajectories")
        tracks = read_tracks(opened, video.video_id).to_pandas()
        assert len(read_keypoints(opened, video.video_id)) == 0
    assert video.fps == Fraction(30000, 1001)
    seen = tracks[tracks["detected"]]
    assert (seen["identity_confidence"] == np.float32(made.SURE)).all() and len(seen) == 23


def test_scores_of_a_project_go_to_the_videos_they_name(shared_data: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    made.mot(tmp_path)
    long = tmp_path / "positions.csv"
    long.write_text("frame,x,y,id\n0,5,5,a\n9000,6,6,b\n")  # 360 s at 25 frames/s
    name = "video_test_25fps_360s"
    assert here("import", long, "-s", study, "--fps", "25", "--name", name).status == 0
    project = shared_data / "behaviour/boris/test.boris"
    several = here("import", project, "-s", study, "--annotator", "Kim")
    assert several.status == 1 and "Several recordings" in several.err
    asked = ("--recording", "observation #1", "--annotator", "Kim")
    unknown = here("import", project, "-s", study, *asked)
    assert "There is no animal 'subject1'" in unknown.err and "--as 'subject1=NAME'" in unknown.err
    asked = (*asked, "--as", "subject1=a", "--as", "subject2=b")
    ended = here("import", project, "-s", study, *asked)
    assert ended.status == 0, ended.err
    with open_study(study) as opened:
        bouts = read_bouts(opened, remarks=True)
    # 3.3 s lies in the middle between the edges of 82 and 83, and 7.75 s nearest to that of 194
    assert bouts[["start_frame", "stop_frame"]].values.tolist()[:2] == [[82, 194], [247, 405]]
    assert set(bouts["annotator"]) == {"Kim"} and set(bouts["subject"]) == {"a", "b"}
    again = here("import", project, "-s", study, *asked)
    assert "are there already" in again.err


def test_bouts_after_the_end_of_the_video_are_refused(tmp_path: Path) -> None:
    study = tmp_path / "study"
    made.mot(tmp_path)
    assert here("import", tmp_path / "results.txt", "-s", study, "--fps", "25").status == 0
    path = made.boris_aggregated(tmp_path)
    ended = here("import", path, "-s", study, "--video", "results", "--as", "rat=1")
    assert ended.status == 1 and "it is of another video" in ended.err
    with open_study(study) as opened:
        assert len(read_bouts(opened)) == 0


def test_the_list_of_formats_names_every_reader() -> None:
    ended = here("import", "--formats")
    assert ended.status == 0
    lines = ended.out.splitlines()
    assert {line.split()[1] for line in lines} == set(readers())
    assert {line.split()[0] for line in lines} == {"tracks", "bouts"}
