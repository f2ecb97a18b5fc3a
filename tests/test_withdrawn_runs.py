"""Runs are deleted and brought back with all that rests on them, and every number says its run."""

import json
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import track_edit_scenes
from storage_samples import Info, add_tracked, run_of, track_shard
from terminal import here
from track_edit_scenes import exported

from app.scoring.compared_behaviour import values_of_behaviour
from storage.authors import acting
from storage.bouts import read_bouts, save_bouts
from storage.checks import examine_rows
from storage.doubts import read_paths
from storage.edits import apply
from storage.metadata import save_metadata
from storage.provenance import imported_from, provenance_of
from storage.run_summary import area_counts, over_time, per_animal
from storage.runs import active_run, ingest_run
from storage.snapshot import write_snapshot
from storage.study import Study, StudyError, open_study
from storage.track_rows import raw_rows
from storage.tracks import measured, read_keypoints, read_masks, read_points, read_tracks
from storage.videos import animal_names, rename_animal
from storage.withdrawing import purge_run, restore_run, withdraw_run, withdrawn_runs

X = np.arange(80, dtype=float).reshape(40, 2)
CLOSE = pd.DataFrame({"subject": ["Ada"], "start_frame": [3], "stop_frame": [9]})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A tracked film with an analysis' bouts, a person's bout, a correction and metadata."""
    with open_study(tmp_path / "s", create=True) as study, acting("kim"):
        add_tracked(study, tmp_path, X, X, masks=True, points=("nose",))
        rename_animal(study, 1, 1, "Ada")
        swap = {"a": "Ada", "b": "animal2", "start_frame": 30, "stop_frame": None}
        assert apply(study, 1, "tracks.swap", swap, author="kim").error is None
        save_bouts(study, 1, CLOSE, behaviour="close", definition="near")
        scored = {"behaviour": "rear", "subject": "Ada", "start_frame": 1, "stop_frame": 5}
        assert apply(study, 1, "bouts.add", scored, author="kim").error is None
    return tmp_path / "s"


def everything(folder: Path) -> dict[str, object]:
    """All that a person sees of the film."""
    with open_study(folder) as study:
        seen = {
            "tracks": read_tracks(study, 1).to_pylist(),
            "masks": read_masks(study, 1).to_pylist(),
            "points": read_keypoints(study, 1).to_pylist(),
            "bouts": read_bouts(study, 1).to_dict("records"),
            "names": animal_names(study, 1),
            "watched": study.rows("SELECT * EXCLUDE watched_at FROM watched ORDER BY ALL"),
        }
    return seen


def track_again(folder: Path, run_id: str = "again") -> None:
    """Store another run of the same film, with one animal."""
    with open_study(folder, write=True) as study:
        shard = track_shard(folder / "t.parquet", X[:, :1], X[:, :1], Info(folder, 40).time_s)
        ingest_run(study, 1, run_of(run_id, 1), [shard], [], [])


def test_a_deleted_run_is_out_of_sight_and_comes_back_with_all_that_rests_on_it(folder):
    before = everything(folder)
    with open_study(folder, write=True) as study, acting("lee"):
        gone = withdraw_run(study, "run-clip")
    assert (gone.rows, gone.bouts, gone.corrections) == (80, 1, 1)
    hidden = everything(folder)
    assert hidden["tracks"] == hidden["masks"] == hidden["points"] == [] and not hidden["names"]
    assert [bout["behaviour"] for bout in hidden["bouts"]] == ["rear"]  # a person saw it
    with open_study(folder) as study:
        assert active_run(study, 1) is None
        assert [one.run_id for one in withdrawn_runs(study)] == ["run-clip"]
        assert study.rows("SELECT withdrawn_by FROM runs") == [("lee",)]
    with open_study(folder, write=True) as study:
        restore_run(study, "run-clip")
    assert everything(folder) == before
    with open_study(folder, write=True) as study:  # corrections stand again, and can be undone
        assert apply(study, 1, "undo", {"scope": "tracks"}, author="kim").error is None
        assert not withdrawn_runs(study)


def test_a_run_that_tracking_replaced_comes_back_in_exchange(folder):
    before = everything(folder)
    track_again(folder)
    assert len(everything(folder)["tracks"]) == 40
    with open_study(folder, write=True) as study:
        back = restore_run(study, "run-clip")
    assert back.replaced == "again" and everything(folder) == before
    with open_study(folder, write=True) as study:
        assert restore_run(study, "again").replaced == "run-clip"
    assert everything(folder)["names"] == {1: "animal1"}


def test_what_a_person_scored_follows_an_animal_that_another_run_called_otherwise(folder):
    def scored() -> list[tuple[str, str | None]]:
        with open_study(folder) as study:
            return study.rows(
                "SELECT subject, target FROM bouts WHERE source = 'person' ORDER BY start_frame"
            )

    def rename(animal: str, name: str) -> None:
        with open_study(folder, write=True) as study:
            data = {"animal": animal, "name": name}
            assert apply(study, 1, "tracks.rename", data, author="kim").error is None

    def restore(run_id: str) -> None:
        with open_study(folder, write=True) as study:
            restore_run(study, run_id)

    facts = pd.DataFrame({"video": ["clip"], "animal": ["Ada"], "treatment": ["drug"]})
    with open_study(folder, write=True) as study:
        save_metadata(study, facts)
        shard = track_shard(folder / "t.parquet", X, X, Info(folder, 40).time_s)
        ingest_run(study, 1, run_of("again", 2), [shard], [], [], ["Ada", "animal2"])
    rename("Ada", "Eve")
    rename("animal2", "Ada")
    with open_study(folder, write=True) as study:
        later = {"behaviour": "sniff", "subject": "Eve", "target": "Ada", "start_frame": 9,
                 "stop_frame": 12}  # fmt: skip
        assert apply(study, 1, "bouts.add", later, author="lee").error is None
    assert scored() == [("Eve", None), ("Eve", "Ada")]
    restore("run-clip")  # there they are Ada and animal2
    assert scored() == [("Ada", None), ("Ada", "animal2")]
    with open_study(folder) as study:
        assert study.rows("SELECT animal, value FROM metadata") == [("Ada", "drug")]
    rename("Ada", "Zoe")
    restore("again")
    assert scored() == [("Eve", None), ("Eve", "Ada")]


def test_of_replaced_runs_the_last_stays_and_those_corrected_by_hand(folder):
    for run_id in ("second", "third", "fourth"):
        track_again(folder, run_id)
    with open_study(folder) as study:
        kept = [one.run_id for one in withdrawn_runs(study)]
        assert kept == ["run-clip", "third"]
        stored = study.rows("SELECT DISTINCT run_id FROM tracks ORDER BY 1")
        assert stored == [("fourth",), ("run-clip",), ("third",)]


def test_what_is_purged_is_gone_for_good_and_said_to_be(folder):
    with open_study(folder, write=True) as study:
        with pytest.raises(StudyError, match="is in use: delete it first"):
            purge_run(study, "run-clip")
        withdraw_run(study, "run-clip")
        assert withdrawn_runs(study, older_than_days=1) == []
        assert purge_run(study, "run-clip") == 80
        assert tables_of_run(study, "run-clip") == {"runs", "edits", "origins"}
        assert study.rows("SELECT count(*) FROM edit_rows") == [(0,)]
        with pytest.raises(StudyError, match="gone for good: track the video again"):
            restore_run(study, "run-clip")
        assert len(study.rows("FROM edits")) == 2 and not withdrawn_runs(study)


def tables_of_run(study: Study, run_id: str) -> set[str]:
    """Every table that has a row of this run, whichever tables there are."""
    found = study.rows("SELECT table_name FROM duckdb_columns() WHERE column_name = 'run_id'")
    count = "SELECT count(*) FROM {} WHERE run_id = ?"
    return {name for (name,) in found if study.rows(count.format(name), [run_id])[0][0]}


def corrected(folder: Path) -> Path:
    """A study of three animals whose run has a correction of every kind."""
    study = track_edit_scenes.make_study(folder)
    for kind, data in {
        "tracks.interpolate": {"animal": 2, "start_frame": 95, "stop_frame": 125},
        "tracks.swap": {"a": 1, "b": 2, "start_frame": 30, "stop_frame": None},
        "tracks.move": {"animal": 1, "frame": 5, "x_px": 9, "y_px": 9},
        "tracks.unmask": {"animal": 1, "frame": 6},
        "tracks.delete": {"animal": 2, "start_frame": 50, "stop_frame": 60},
        "tracks.rename": {"animal": 1, "name": "Ada"},
        "tracks.remove": {"animal": 3},
    }.items():
        done = track_edit_scenes.edit(study, kind, **data)
        assert done.error is None, (kind, done.error)
    return study


def replace_run(study: Path) -> None:
    """Track the three animals anew, as two that are elsewhere."""
    x = np.arange(2.0 * track_edit_scenes.FRAMES).reshape(-1, 2)
    with open_study(study, write=True) as opened:
        info = Info(study, len(x), track_edit_scenes.NTSC)
        shards = [track_shard(study / "shards" / "n.parquet", x, x, info.time_s)]
        ingest_run(opened, 1, run_of("new", 2), shards, [], [])


def answers(study: Path) -> dict[str, object]:
    """Everything that tables, pages and questions read of the tracks."""
    with open_study(study) as one:
        assert not examine_rows(one)  # rows of an animal that was taken off are no orphans
        write_snapshot(one, 1, study / "snapshot", needs_masks=True)
        found = {
            "animals": per_animal(one, 1).to_dict(),
            "time": over_time(one, 1, 4).to_dict(),
            "areas": area_counts(one, 1, 4).to_dict(),
            "paths": [np.asarray(part).tolist() for part in astuple(read_paths(one, 1))],
            "has": (measured(one, 1), read_points(one), animal_names(one, 1)),
            "compared": values_of_behaviour(one, "grooming", "count", "Ada").table.to_dict(),
            "raw": {name: rows.to_pylist() for name, rows in raw_rows(one, 1).items()},
        }
    told = exported(study)
    files = [*(study / "snapshot").glob("*.parquet"), *study.glob("*.parquet")]
    tables = {str(one.relative_to(study)): pq.read_table(one).to_pylist() for one in files}
    found |= tables | {name: told[name] for name in ("share", "names")}
    return {name: repr(one) for name, one in found.items()}


def test_nothing_reads_a_run_out_of_sight_and_it_comes_back_as_it_was(tmp_path):
    study = corrected(tmp_path / "s")
    before = answers(study)
    replace_run(study)
    other = track_edit_scenes.make_study(tmp_path / "other")  # where the run was never corrected
    track_edit_scenes.edit(other, "tracks.rename", animal=1, name="Ada")  # of its bouts, too
    with open_study(other, write=True) as one:
        withdraw_run(one, "run-clip")
        purge_run(one, "run-clip")
    replace_run(other)
    shown, alone = answers(study), answers(other)
    assert {name for name in alone if shown[name] != alone[name]} == set()
    with open_study(study, write=True) as one:
        restore_run(one, "run-clip")
    back = answers(study)
    assert {name for name in before if back[name] != before[name]} == set()
    with open_study(study, write=True) as one:
        assert {"raw_tracks", "raw_masks", "raw_keypoints"} <= tables_of_run(one, "run-clip")
        assert "animal_ways" in tables_of_run(one, "new")
        purge_run(one, "new")
        withdraw_run(one, "run-clip")
        purge_run(one, "run-clip")
        assert tables_of_run(one, "new") == {"runs"}
        assert tables_of_run(one, "run-clip") == {"runs", "edits", "origins"}


def test_what_cannot_be_deleted_or_restored_says_why(folder):
    with open_study(folder, write=True) as study:
        with pytest.raises(StudyError, match="is the active one already"):
            restore_run(study, "run-clip")
        with pytest.raises(StudyError, match="has no run 'nobody'"):
            withdraw_run(study, "nobody")
        withdraw_run(study, "run-clip")
        with pytest.raises(StudyError, match="deleted or replaced already"):
            withdraw_run(study, "run-clip")


def test_every_bout_says_its_run_film_versions_person_and_time(folder):
    with (
        open_study(folder, write=True) as study,
        acting("lee"),
        imported_from(file="boris.csv", file_hash="abc"),
    ):
        save_bouts(study, 1, CLOSE, behaviour="sniff", source="person", annotator="Bo")
    with open_study(folder) as study:
        facts = provenance_of(study, "clip")
    by = {one["behaviour"]: one for one in facts["bouts"]}
    assert {name: one["kind"] for name, one in by.items()} == {
        "close": "analysis", "rear": "person", "sniff": "import",
    }  # fmt: skip
    for one in by.values():
        assert one["run_id"] == "run-clip" and one["bouts"] == 1 and one["made_at"]
        assert one["content_hash"] == facts["video"]["content_hash"]
        assert one["versions"]["ethoscribe"] == "0.1.0"
    assert [by[name]["author"] for name in ("close", "rear", "sniff")] == ["kim", "kim", "lee"]
    assert by["sniff"]["settings"]["file"] == "boris.csv"
    run = facts["run"]
    assert run["seconds"] == 9.5 and run["made_by"] == "kim" and run["settings"]["threshold"] == 0.2
    assert run["video_hash"] == facts["video"]["content_hash"] and run["corrections"] == 1
    json.dumps(facts)  # plain values only


def test_rows_from_before_it_was_noted_say_that_nobody_noted_it(folder):
    with open_study(folder, write=True) as study:
        study.rows("UPDATE bouts SET origin_id = NULL")
        study.rows("UPDATE runs SET made_by = NULL, video_hash = NULL")
    ended = here("runs", "show", "clip", "-s", folder)
    assert "Made by: not noted" in ended.out and "Hash of the film: not noted" in ended.out
    assert "Bouts of close: 1 by analysis, version not noted, time not noted" in ended.out


def test_the_terminal_asks_before_it_deletes_and_brings_back(folder):
    before = everything(folder)
    refused = here("runs", "delete", "clip", "-s", folder)  # nobody answers
    assert refused.status == 1 and "Delete run run-clip: 80 rows of tracks of clip" in refused.err
    assert "Nothing was deleted" in refused.err and everything(folder) == before
    done = here("runs", "delete", "clip", "-s", folder, "--yes")
    assert done.status == 0 and "1 bout that analyses found in them and 1 correction" in done.err
    assert "ethoscribe runs restore run-clip" in done.err
    listed = json.loads(here("runs", "-s", folder, "--json").out)
    assert [(one["run"], one["state"]) for one in listed] == [("run-clip", "withdrawn")]
    assert here("runs", "restore", "clip", "-s", folder).status == 0
    assert everything(folder) == before
    lines = here("runs", "list", "-s", folder).out.splitlines()
    assert lines[0].startswith("run,video,state") and lines[1].startswith("run-clip,clip,active")


def test_a_run_is_shown_wholly(folder):
    facts = json.loads(here("runs", "show", "run-clip", "-s", folder, "--json").out)
    assert facts["settings"] == {"threshold": 0.2} and facts["timings"] == {"segment_s": 9.5}
    assert facts["versions"] == {"ethoscribe": "0.1"} and facts["made_by"] == "kim"
    assert {one["behaviour"] for one in facts["bouts"]} == {"close", "rear"}
    told = here("runs", "show", "clip", "-s", folder).out
    assert "Took: 9.5 s" in told and "Setting threshold: 0.2" in told
    assert here("runs", "show", "nobody", "-s", folder).error_lines


def test_a_study_said_before_the_word_is_not_silently_another_one(folder):
    ended = here("runs", "-s", folder, "delete", "clip", "--yes")
    assert ended.status == 1 and "Put -s behind the word" in ended.err
    assert everything(folder)["tracks"]


def test_metadata_stays_with_the_film(folder):
    with open_study(folder, write=True) as study:
        frame = pd.DataFrame({"video": ["clip"], "animal": ["Ada"], "dose": ["2"]})
        save_metadata(study, frame)
        withdraw_run(study, "run-clip")
        assert study.rows("SELECT animal, value FROM metadata") == [("Ada", "2")]
