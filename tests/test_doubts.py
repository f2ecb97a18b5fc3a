"""The list that a reviewer is led through: stored with a run or found on reading, and settled."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from storage_samples import Info, add_tracked, run_of, track_shard
from track_edit_scenes import NTSC, edit, make_study, undo

from app.annotating.doubt_list import doubt_list, sentence
from app.videos.quality import quality_of
from storage.identities import crossings_table, fragments_table
from storage.identity_tables import DOUBT_KINDS
from storage.runs import ingest_run
from storage.study import StudyError, open_study
from storage.videos import add_video
from tracking.identities.doubt import KINDS, Limits
from tracking.identities.doubtful import TrackFiles, doubts_table

FRAMES = 300
FRAGMENTS = [(1, 1, 0, 100, 1.0), (2, 2, 0, 100, 1.0), (3, 3, 0, 300, 1.0), (4, 1, 130, 300, 0.7),
             (5, 2, 130, 300, 0.7)]  # fmt: skip
CROSSING = {"crossing_id": 1, "start_frame": 100, "stop_frame": 130, "animals": [1, 2],
            "probability": 0.7, "kind": "contact"}  # fmt: skip


def walk() -> np.ndarray:
    """(300, 3, 2) px: animals 1 and 2 lie together in frames 100 to 129, animal 3 has a gap."""
    along = 100 + 1.0 * np.arange(FRAMES)
    xy = np.stack([np.stack((along, np.full(FRAMES, y)), 1) for y in (100.0, 200, 300)], 1)
    xy[100:130, 1, 1] = 120
    xy[92:100, 1, 1], xy[130:138, 1, 1] = np.linspace(190, 130, 8), np.linspace(130, 190, 8)
    xy[200:210, 2] = np.nan
    return xy


def write(path: Path, rows: list[dict], schema: pa.Schema) -> Path:
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
    return path


def identities(folder: Path, tracks: Path, times: np.ndarray, **change: object) -> dict:
    """Files of fragments, crossings and doubts as tracking leaves them."""
    fragments = [
        dict(zip(("fragment_id", "animal_id", "start_frame", "stop_frame", "probability"), row,
                 strict=True), appearance=None)
        for row in FRAGMENTS
    ]  # fmt: skip
    whole, small, real = pa.int32(), pa.int16(), pa.float32()
    first = pa.schema({"fragment_id": whole, "animal_id": small, "start_frame": whole,
                       "stop_frame": whole, "probability": real, "appearance": real})  # fmt: skip
    second = pa.schema({"crossing_id": whole, "start_frame": whole, "stop_frame": whole,
                        "animals": pa.list_(small), "probability": real,
                        "kind": pa.string()})  # fmt: skip
    crossings = write(folder / "crossings.parquet", [{**CROSSING, **change}], second)
    doubts = doubts_table(TrackFiles([tracks], 3), times, pq.read_table(crossings))
    pq.write_table(doubts, folder / "doubts.parquet")
    return {
        "fragments": [write(folder / "fragments.parquet", fragments, first)],
        "crossings": [crossings],
        "doubts": [folder / "doubts.parquet"],
    }


def make(folder: Path, **change: object) -> Path:
    """A study with a run that has stored its doubts: a crossing and a gap."""
    xy, info = walk(), Info(folder / "clip.mp4", FRAMES, NTSC)
    folder.mkdir(exist_ok=True)
    tracks = track_shard(folder / "t.parquet", xy[..., 0], xy[..., 1], info.time_s)
    with open_study(folder, write=True, create=True) as study:
        video = add_video(study, info)
        made = identities(folder, tracks, info.time_s, **change)
        ingest_run(study, video.video_id, run_of("run", 3), [tracks], [], [], None, made)
    return folder


def listed(folder: Path, limits: Limits | None = None) -> list[tuple]:
    with open_study(folder) as study:
        table = doubt_list(study, 1, limits)
    return [
        (one.kind, one.frame, one.stop_frame, "+".join(one.animals), one.settled, one.checked)
        for one in table.itertuples(index=False)
    ]


GAP = ("missing", 200, 210, "animal3", False, False)
MET = ("crossing", 100, 130, "animal1+animal2", False, False)


def test_the_kinds_are_the_same_where_they_are_found_and_where_they_are_kept() -> None:
    assert KINDS == DOUBT_KINDS


def test_the_stored_list_is_shown_with_places_and_ways(tmp_path: Path) -> None:
    study = make(tmp_path / "s")
    assert listed(study) == [MET, GAP]
    with open_study(study) as opened:
        crossing, gap = doubt_list(opened, 1).to_dict("records")
    assert crossing["what"] == "lay together for 1.0 s; 70 % sure they left as said"
    assert sentence(crossing["animals"], crossing["what"]).startswith("animal1 and animal2 lay")
    assert crossing["severity"] == pytest.approx(0.6)
    assert (crossing["x_px"], crossing["y_px"]) == (200, 110)
    assert crossing["ways"] == [
        {"animal": "animal1", "entered": [199, 100], "left": [230, 100]},
        {"animal": "animal2", "entered": [199, 130], "left": [230, 130]},
    ]
    assert crossing["swap_at"] == 100
    assert (gap["x_px"], gap["y_px"], gap["ways"]) == (299, 300, None)


def test_a_correction_settles_its_place_and_an_undo_opens_it_again(tmp_path: Path) -> None:
    study = make(tmp_path / "s")
    edit(study, "tracks.swap", a="animal1", b="animal2", start_frame=130, stop_frame=None)
    assert listed(study) == [(*MET[:4], True, False), GAP]  # the jump of the swap is no doubt
    with open_study(study) as opened:
        settled = doubt_list(opened, 1).iloc[0]
    assert settled["by"] == "Ada" and settled["at_utc"].startswith("20")
    undo(study)
    assert listed(study) == [MET, GAP]
    edit(study, "tracks.interpolate", animal="animal3", start_frame=0, stop_frame=None)
    assert listed(study) == [MET, (*GAP[:4], True, False)]  # it stays in the list, looked at
    undo(study)
    assert listed(study) == [MET, GAP]


def test_what_a_correction_brought_in_is_listed_too(tmp_path: Path) -> None:
    study = make(tmp_path / "s")
    edit(study, "tracks.swap", a="animal2", b="animal3", start_frame=50, stop_frame=None)
    assert listed(study) == [
        ("jump", 50, 51, "animal2+animal3", False, False),
        ("crossing", 100, 130, "animal1+animal3", False, False),
        ("missing", 200, 210, "animal2", False, False),
    ]
    edit(study, "tracks.delete", animal="animal1", start_frame=20, stop_frame=30)
    assert listed(study)[0] == ("missing", 20, 30, "animal1", True, False)


def test_a_tick_is_by_somebody_at_some_time_and_can_be_taken_off(tmp_path: Path) -> None:
    study = make(tmp_path / "s")
    with open_study(study) as opened:
        key = doubt_list(opened, 1)["key"][1]
    assert quality_of(study, 1).places == 2
    edit(study, "tracks.checked", author="Grace", key=key, done=True)
    assert listed(study) == [MET, (*GAP[:4], False, True)]
    with open_study(study) as opened:
        assert doubt_list(opened, 1)["by"].tolist() == ["", "Grace"]
    edit(study, "tracks.checked", author="Grace", key=key, done=False)
    assert listed(study) == [MET, GAP]


def test_other_limits_find_jumps_anew_and_keep_the_rest(tmp_path: Path) -> None:
    study = make(tmp_path / "s")
    kinds = [one[0] for one in listed(study, Limits(jump_std=0.5, jump_lengths=0.2))]
    assert kinds.count("jump") > 2 and kinds.count("crossing") == kinds.count("missing") == 1
    assert listed(study, Limits(min_fall=0.4)) == [GAP]


def test_fragments_and_crossings_are_told_under_the_names_of_now(tmp_path: Path) -> None:
    study = make(tmp_path / "s")
    edit(study, "tracks.rename", animal="animal1", name="Mickey")
    edit(study, "tracks.swap", a="Mickey", b="animal3", start_frame=150, stop_frame=200)
    with open_study(study) as opened:
        fragments, crossings = fragments_table(opened, 1), crossings_table(opened, 1)
    columns = ["fragment", "animal", "start_frame", "stop_frame"]
    assert fragments[columns].to_numpy().tolist() == [
        [1, "Mickey", 0, 100], [2, "animal2", 0, 100], [3, "animal3", 0, 150],
        [3, "Mickey", 150, 200], [3, "animal3", 200, 300], [4, "Mickey", 130, 150],
        [4, "animal3", 150, 200], [4, "Mickey", 200, 300], [5, "animal2", 130, 300],
    ]  # fmt: skip
    assert fragments["duration_s"][0] == pytest.approx(100 * 1001 / 30_000)
    assert crossings["animals"].tolist() == ["Mickey + animal2"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"stop_frame": 301}, "1 crossings of frames or animals that do not exist"),
        ({"animals": [1, 4]}, "do not exist"),
        ({"animals": []}, "do not exist"),
        ({"probability": 1.5}, "1 crossings with a probability that is not from 0 to 1"),
        ({"kind": "odd"}, "crossings of the unknown kind 'odd'"),
    ],
)
def test_a_run_whose_identities_cannot_be_is_refused(
    tmp_path: Path, change: dict, said: str
) -> None:
    with pytest.raises(StudyError, match=said):
        make(tmp_path / "s", **change)


def test_tracking_again_shows_nothing_that_was_stored_of_the_old_run(tmp_path: Path) -> None:
    study = make(tmp_path / "s")
    xy = walk()
    tracks = track_shard(
        tmp_path / "t.parquet", xy[..., 0], xy[..., 1], np.arange(300) / float(NTSC)
    )
    with open_study(study, write=True) as opened:
        ingest_run(opened, 1, run_of("again", 3), [tracks], [], [])
    with open_study(study) as opened:
        for table in ("fragments", "crossings", "doubts"):
            sql = f"SELECT count(*) FROM {table} JOIN runs USING (run_id) WHERE active"
            assert opened.rows(sql) == [(0,)]
        with pytest.raises(StudyError, match="has no fragments: tracking makes them"):
            fragments_table(opened, 1)
    assert [one[0] for one in listed(study)] == ["missing"]  # found on reading


def test_the_list_of_imported_tracks_knows_what_was_corrected_and_ticked_off(
    tmp_path: Path,
) -> None:
    study, limits = make_study(tmp_path / "study"), Limits(jump_std=1000)
    with open_study(study) as opened:
        table = doubt_list(opened, 1, limits)
    assert table[["kind", "frame", "stop_frame"]].to_numpy().tolist() == [["missing", 100, 121]]
    assert table["animals"].tolist() == [["animal2"]]
    assert table["time_s"][0] == pytest.approx(100 * 1001 / 30_000)
    edit(study, "tracks.checked", key=table["key"][0], done=True)
    with open_study(study) as opened:
        assert doubt_list(opened, 1, limits)["checked"].tolist() == [True]
    edit(study, "tracks.interpolate", animal="animal2", start_frame=0, stop_frame=None)
    edit(study, "tracks.delete", animal="animal3", start_frame=30, stop_frame=40)
    with open_study(study) as opened:
        table = doubt_list(opened, 1, limits)
    assert table[["kind", "frame", "settled"]].to_numpy().tolist() == [["missing", 30, True]]


def test_an_animal_that_was_never_found_is_missing_throughout(tmp_path: Path) -> None:
    x = np.full((50, 2), np.nan)
    x[:, 0] = 100
    with open_study(tmp_path, write=True, create=True) as opened:
        add_tracked(opened, tmp_path, x, x)
        table = doubt_list(opened, 1)
    assert table[["kind", "frame", "stop_frame"]].to_numpy().tolist() == [["missing", 0, 50]]
