"""Files for other programs: exact contents, where they come from, and never half a file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import h5py
import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest
from pycocotools import mask as coco_mask
from storage_samples import add_tracked
from typer.testing import CliRunner

from app.cli import app
from app.results import exporting
from app.results.filters import Filters
from storage.bouts import save_bouts
from storage.errors import StudyError
from storage.study import open_study
from storage.writers.coco import whole_runs
from storage.writers.drafts import draft_of
from storage.writers.formats import writers
from storage.writers.provenance import hash_of

X = np.array([[10, 100], [20, np.nan], [30, 120], [40, 130]], float)
BOUTS = pd.DataFrame(
    [
        ("chase", "animal1", "animal2", "state", 0, 2, "Kim"),
        ("chase", "animal1", "animal2", "state", 2, 3, "Kim"),
        ("rest", "animal2", None, "state", 1, 4, "Kim"),
        ("rest", "animal2", None, "state", 2, 3, "Lee"),
        ("peep", "animal1", None, "point", 2, 2, "Kim"),
    ],
    columns=["behaviour", "subject", "target", "kind", "start_frame", "stop_frame", "annotator"],
)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two animals in 4 frames, the second one lost in frame 1; a second video of the same."""
    folder = tmp_path_factory.mktemp("writers")
    with open_study(folder / "s", create=True) as opened:
        for name in ("clip", "other"):
            video = add_tracked(
                opened, folder, X, X + 1, name=name, points=("nose", "tail"), masks=True,
                px_per_cm=10,
            )  # fmt: skip
        save_bouts(opened, 1, BOUTS, source="person")
        opened.rows(
            'UPDATE bouts SET comment = \'fast\', modifiers = \'{"how": ["hard", "a|b"]}\' '
            "WHERE behaviour = 'rest' AND annotator = 'Kim'"
        )
        assert video.video_id == 2
    return folder / "s"


def export(study: Path, what: str, kind: str, output: Path, **chosen: tuple[str, ...]) -> Path:
    filters = Filters(**{"videos": ("clip",), **chosen})
    return exporting.export_any(study, what, kind, filters, output).files[0]


def run(*arguments: object) -> tuple[int, str]:
    ended = CliRunner().invoke(app, ["export", *map(str, arguments)])
    error = "" if ended.exception is None else str(ended.exception)
    return ended.exit_code, ended.output + error


def test_a_boris_project_has_pairs_of_events_under_what_boris_pairs_them_by(study, tmp_path):
    project = json.loads(export(study, "bouts", "boris", tmp_path / "p.boris").read_text("ascii"))
    assert project["project_format_version"] == "7.0"
    assert sorted(project["observations"]) == ["clip (Kim)", "clip (Lee)"]
    kim = project["observations"]["clip (Kim)"]
    assert kim["events"] == [
        [0.0, "animal1", "chase", "animal2", "", 0],
        [0.04, "animal2", "rest", "hard,a_b", "fast", 1],
        [0.08, "animal1", "chase", "animal2", "", 2],
        [0.08, "animal1", "chase", "animal2", "", 2],
        [0.08, "animal1", "peep", "", "", 2],
        [0.12, "animal1", "chase", "animal2", "", 3],
        [0.16, "animal2", "rest", "hard,a_b", "", 4],
    ]
    assert kim["media_info"]["fps"] == {"clip.mp4": 25.0}
    assert kim["media_info"]["length"] == {"clip.mp4": 0.16}


def test_boris_finds_nothing_to_complain_of(study, tmp_path):
    """What check_project_integrity and check_state_events_obs of BORIS 9 look at."""
    project = json.loads(export(study, "bouts", "boris", tmp_path / "p.boris").read_text("ascii"))
    conf = {one["code"]: one for one in project["behaviors_conf"].values()}
    subjects = {one["name"] for one in project["subjects_conf"].values()}
    for name, seen in project["observations"].items():
        assert name == name.strip()
        assert set(seen["file"]["1"]) == set(seen["media_info"]["length"])
        states = [e for e in seen["events"] if conf[e[2]]["type"] == "State event"]
        assert all(number % 2 == 0 for number in Counter(tuple(e[1:4]) for e in states).values())
        assert {e[1] for e in seen["events"]} <= subjects
        assert all(len(e) == 6 and isinstance(e[5], int) for e in seen["events"])
        assert seen["events"] == sorted(seen["events"])
    values = [v for one in conf.values() for s in one["modifiers"].values() for v in s["values"]]
    assert values and not any(set("(|),`~") & set(value) for value in values)


def test_bouts_that_overlap_in_everything_are_two_observations(tmp_path):
    with open_study(tmp_path / "s", create=True) as opened:
        add_tracked(opened, tmp_path, X, X)
        rows = BOUTS.iloc[[2, 3]].assign(annotator="Kim")
        save_bouts(opened, 1, rows, source="person")
    project = json.loads(export(tmp_path / "s", "bouts", "boris", tmp_path / "p.boris").read_text())
    frames = {name: [e[5] for e in one["events"]] for name, one in project["observations"].items()}
    assert frames == {"clip": [1, 4], "clip - 2": [2, 3]}


def test_a_mot_file_counts_frames_from_1_and_leaves_out_who_was_not_found(study, tmp_path):
    lines = export(study, "tracks", "mot", tmp_path / "m.txt").read_text().splitlines()
    assert lines[:3] == [
        "1,1,10,11,4,3,1,-1,-1,-1",
        "1,2,100,101,4,3,1,-1,-1,-1",
        "2,1,20,21,4,3,1,-1,-1,-1",
    ]
    assert len(lines) == 7


def test_coco_outlines_are_the_pixels_that_pycocotools_reads(study, tmp_path):
    found = json.loads(export(study, "tracks", "coco", tmp_path / "c.json").read_text())
    assert [one["track_id"] for one in found["annotations"]] == [1, 2, 1, 1, 2, 1, 2]
    last = found["annotations"][-1]
    pixels = np.argwhere(coco_mask.decode(last["segmentation"]))
    assert pixels.min(axis=0).tolist() == [131, 130] and pixels.max(axis=0).tolist() == [133, 133]
    assert (last["area"], last["bbox"], last["image_id"]) == (12, [130, 131, 4, 3], 4)
    assert last["keypoints"][3:6] == [140, 131, 2]  # the nose, 10 px beside the centre


@pytest.mark.parametrize("seed", range(5))
def test_run_lengths_of_a_whole_picture_are_those_of_pycocotools(seed):
    random = np.random.default_rng(seed)
    height, width = 9, 11
    part = random.integers(0, 2, (height - seed, 6)).astype(np.uint8)  # seed 0 fills the height
    whole = np.zeros((height, width), np.uint8)
    whole[seed:, 3:9] = part
    counts = whole_runs(part, 3, seed, height, width)
    coded = coco_mask.frPyObjects({"size": [height, width], "counts": counts}, height, width)
    assert np.array_equal(coco_mask.decode(coded), whole)


def test_outlines_are_a_table_whose_runs_pycocotools_reads(study, tmp_path):
    table = pd.read_csv(export(study, "masks", "csv", tmp_path / "m.csv"))
    row = table.iloc[1]
    coded = {"size": [row["picture_height"], row["picture_width"]], "counts": row["rle"]}
    assert (row["animal"], row["x0"], row["area_px"], len(table)) == ("animal2", 100, 12, 7)
    assert int(coco_mask.decode(coded).sum()) == 12


def test_mabe_has_numbers_of_mice_and_stops_before_the_stop_frame(study, tmp_path):
    tracks = pq.read_table(export(study, "tracks", "mabe", tmp_path / "t.parquet")).to_pandas()
    assert tracks.columns.tolist() == ["video_frame", "mouse_id", "bodypart", "x", "y"]
    assert tracks.iloc[0].tolist() == [0, 1, "centre", 10, 11]
    assert len(tracks[tracks["video_frame"] == 1]) == 3  # nothing of the animal that was lost
    kim = export(study, "bouts", "mabe", tmp_path / "b.parquet", who=("Kim",))
    assert list(pq.read_table(kim).to_pandas().itertuples(index=False, name=None)) == [
        (1, 2, "chase", 0, 2), (2, 2, "rest", 1, 4), (1, 2, "chase", 2, 3),
    ]  # fmt: skip


def test_formats_of_one_answer_ask_whose_bouts_are_meant(study, tmp_path):
    for kind in ("mabe", "simba"):
        with pytest.raises(StudyError, match=r"rest in 'clip' was found by Kim and Lee.*annotator"):
            export(study, "bouts", kind, tmp_path / "b.csv")
    assert list(tmp_path.iterdir()) == []


def test_simba_gets_zeros_for_the_missing_and_a_column_per_behaviour(study, tmp_path):
    table = pd.read_csv(export(study, "bouts", "simba", tmp_path / "s.csv", who=("Kim",)))
    assert table.loc[1, ["nose_2_x", "nose_2_y", "nose_2_p"]].tolist() == [0, 0, 0]
    assert table.loc[0, ["nose_2_x", "nose_2_y", "nose_2_p"]].tolist() == [110, 101, 0.5]
    assert table["rest_animal2"].tolist() == [0, 1, 1, 1]
    assert table["peep_animal1"].tolist() == [0, 0, 1, 0]


def test_a_netcdf_file_has_the_axes_and_words_of_movement(study, tmp_path):
    with h5py.File(export(study, "tracks", "movement", tmp_path / "m.nc")) as file:
        axes = [axis[0].name for axis in file["position"].dims]
        assert axes == ["/time", "/space", "/keypoint", "/individual"]
        assert file["position"][3, :, 1, 0].tolist() == [50, 41]
        assert np.isnan(file["position"][1, :, :, 1]).all()
        assert np.allclose(file["time"][()], [0, 0.04, 0.08, 0.12])
        said = {name: file.attrs[name] for name in ("ds_type", "time_unit", "fps", "source_file")}
    assert list(said.values()) == ["poses", "seconds", 25, "clip.mp4"]


def test_an_nwb_file_is_valid_and_has_poses_and_bouts(study, tmp_path):
    pynwb = import_module("pynwb")
    path = export(study, "tracks", "nwb", tmp_path / "n.nwb")
    assert pynwb.validate(path=str(path)) == []
    with pynwb.NWBHDF5IO(str(path), "r") as source:
        module = source.read().processing["behavior"]
        assert module["animal2"]["nose"].data[0].tolist() == [110, 101]
        assert np.isnan(module["animal2"]["nose"].data[1]).all()
        bouts = module["bouts"].to_dataframe()
    assert bouts["behaviour"].tolist() == ["chase", "rest", "peep", "chase", "rest"]
    assert bouts["target"].tolist() == ["animal2", "", "", "animal2", ""]
    assert bouts["stop_time"].max() == pytest.approx(0.16)


def test_without_the_extra_nwb_says_what_to_install(study, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ndx_pose", None)
    with pytest.raises(StudyError, match=r"extra 'formats'.*pip install 'ethoscribe\[formats\]'"):
        export(study, "tracks", "nwb", tmp_path / "n.nwb")
    assert list(tmp_path.iterdir()) == []


def in_parquet(path: Path) -> str:
    return pq.read_schema(path).metadata[b"ethoscribe"].decode()


def in_xlsx(path: Path) -> str:
    rows = openpyxl.load_workbook(path)["provenance"].iter_rows(values_only=True)
    return "\n".join(f"{fact} {value}" for _, fact, value in rows)


def in_h5(path: Path) -> str:
    with h5py.File(path) as file:
        if "provenance" in file.attrs:
            return str(file.attrs["provenance"])
        return file["provenance"][()].decode() if "provenance" in file else str(
            file["general/notes"][()].decode()
        )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "name", "told"),
    [
        ("parquet", "t.parquet", in_parquet), ("xlsx", "t.xlsx", in_xlsx),
        ("mabe", "m.parquet", in_parquet), ("sleap", "t.h5", in_h5), ("nwb", "t.nwb", in_h5),
        ("movement", "t.nc", in_h5), ("coco", "t.json", Path.read_text),
    ],
)  # fmt: skip
def test_files_with_room_say_run_settings_video_and_version(study, tmp_path, kind, name, told):
    text = told(export(study, "tracks", kind, tmp_path / name))
    with open_study(study) as opened:
        (hashed,) = opened.rows("SELECT content_hash FROM videos WHERE name = 'clip'")[0]
    for fact in ("run-clip", hash_of({"threshold": 0.2}), hashed, "2026-03-01T09:30:00", "0.1"):
        assert fact in text, fact


def test_the_same_data_give_the_same_file(study, tmp_path):
    for kind in ("coco", "sleap", "movement", "parquet", "xlsx"):
        ending = writers()[kind].ending if kind in writers() else f".{kind}"
        first = export(study, "tracks", kind, tmp_path / f"a{ending}").read_bytes()
        assert first == export(study, "tracks", kind, tmp_path / f"b{ending}").read_bytes(), kind


def test_beside_every_export_lies_what_its_columns_mean_and_where_it_is_from(study, tmp_path):
    for what in ("tracks", "bouts", "measures", "summary"):
        path = export(study, what, "csv", tmp_path / f"{what}.csv")
        text = path.with_name(path.name + ".dictionary.md").read_text()
        for column in path.read_text().splitlines()[0].split(","):
            line = next(row for row in text.splitlines() if row.startswith(f"| {column} |"))
            assert len(line.split("|")[3].strip()) > 5, (what, column, "has no meaning")
        assert "| clip | 2 | animal2 | 0.75 |" in text
        assert hash_of({"threshold": 0.2}) in text and "| clip | run-clip | background |" in text
    assert (
        "| distance_moved | the path of the centre"
        in (tmp_path / "measures.csv.dictionary.md").read_text()
    )


def test_a_folder_gets_a_file_per_video_and_one_dictionary(study, tmp_path):
    code, said = run("tracks", "-s", study, "-o", tmp_path / "poses", "--format", "movement")
    assert code == 0, said
    names = sorted(path.name for path in (tmp_path / "poses").iterdir())
    assert names == ["clip.nc", "dictionary.md", "other.nc"]
    code, said = run("tracks", "-s", study, "-o", tmp_path / "all.nc")
    assert code != 0 and "holds one video, and there are 2: give the name of a folder" in said


def test_a_format_that_cannot_hold_it_names_those_that_can(study, tmp_path):
    code, said = run("tracks", "-s", study, "-o", tmp_path / "t.boris")
    assert code != 0 and "Tracks cannot be written as 'boris': choose one of csv, parquet" in said
    code, said = run("summary", "-s", study, "-o", tmp_path / "s.nwb")
    assert code != 0 and "csv" in said
    assert list(tmp_path.iterdir()) == []


def test_a_file_appears_whole_or_stays_as_it_was(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text("before")
    with pytest.raises(RuntimeError), draft_of(file) as draft:
        draft.write_text("half")
        raise RuntimeError
    assert file.read_text() == "before"
    with draft_of(file) as draft:
        draft.write_text("whole")
        assert draft.suffix == ".csv" and file.read_text() == "before"
    assert file.read_text() == "whole"
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A writer that is interrupted half way."""
    module = import_module("storage.writers.mot")

    def stop(videos: object, what: str, file: Path, step: object) -> list[str]:
        file.write_text("1,1,10")
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "write", stop)
    yield


@pytest.mark.usefixtures("interrupted")
def test_an_interrupted_export_leaves_nothing_behind(study, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        export(study, "tracks", "mot", tmp_path / "m.txt")
    assert list(tmp_path.iterdir()) == []
