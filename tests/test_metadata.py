"""Metadata of videos and animals: read whole or not at all, and given back as it was."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from storage_samples import add_tracked
from terminal import Ended
from typer.testing import CliRunner

from app.cli import app
from storage.bouts import save_bouts
from storage.metadata import animal_metadata, read_metadata, save_metadata
from storage.study import StudyError, open_study


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Two videos of two animals each, and a third with one."""
    folder = tmp_path / "study"
    with open_study(folder, create=True) as opened:
        for name, animals in (("one", 2), ("two", 2), ("74", 1)):
            places = np.full((4, animals), 50.0)
            add_tracked(opened, tmp_path, places, places, name=name)
    return folder


def run(*arguments: object) -> Ended:
    result = CliRunner().invoke(app, [str(one) for one in arguments], prog_name="ethoscribe")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ended(result.exit_code, result.stdout, result.stderr)


def save(study: Path, **columns: list) -> int:
    with open_study(study, write=True) as opened:
        return save_metadata(opened, pd.DataFrame(columns))


def known(study: Path) -> list[list]:
    with open_study(study) as opened:
        return animal_metadata(opened).values.tolist()


def test_a_fact_about_a_video_is_one_about_everybody_in_it(study):
    assert save(study, video=["one", "two"], treatment=["drug", "vehicle"]) == 2
    assert known(study) == [
        ["one", "animal1", "drug"], ["one", "animal2", "drug"], ["two", "animal1", "vehicle"],
        ["two", "animal2", "vehicle"], ["74", "animal1", None],
    ]  # fmt: skip


def test_an_animals_own_fact_goes_before_its_videos(study):
    save(study, video=["one"], treatment=["drug"])
    save(study, video=["one", "two"], animal=["animal2", "animal1"], treatment=["vehicle", "drug"])
    assert [row[2] for row in known(study)] == ["drug", "vehicle", "drug", None, None]


def test_a_later_import_replaces_its_own_columns_only(study):
    save(study, video=["one", "two"], sex=["f", "m"], dose_mg=["0.50", "2"])
    save(study, video=["one"], sex=["m"])
    save(study, video=["two"], dose_mg=[None])
    with open_study(study) as opened:
        assert read_metadata(opened).values.tolist() == [
            ["one", None, "0.50", "m"], ["two", None, None, "m"],
        ]  # fmt: skip


def test_unknown_videos_are_all_named_and_nothing_is_kept(study):
    with pytest.raises(StudyError, match="no video three, four; it has one, two, 74"):
        save(study, video=["one", "three", "four"], treatment=["a", "b", "c"])
    assert all(len(row) == 2 for row in known(study))


def test_a_number_is_no_name_of_a_video_but_where_one_is_called_so(study):
    """74 is called so; 2 in somebody's own list need not be the second of the study."""
    with open_study(study, write=True) as opened:
        save_metadata(opened, pd.DataFrame({"video": ["74"], "group": ["a"]}))
        with pytest.raises(StudyError, match="has no video 2"):
            save_metadata(opened, pd.DataFrame({"video": ["74", "2"], "group": ["b", "b"]}))
        assert read_metadata(opened).values.tolist() == [["74", None, "a"]]


def test_a_group_may_be_called_none_or_na(study, tmp_path):
    file = tmp_path / "groups.csv"
    file.write_text("video,dose,genotype\none,None,NA\ntwo,,wt\n")
    assert run("metadata", "import", file, "-s", study).status == 0
    with open_study(study) as opened:
        assert read_metadata(opened).values.tolist() == [
            ["one", None, "None", "NA"],
            ["two", None, None, "wt"],
        ]


def test_unknown_animals_and_double_rows_are_named_and_nothing_is_kept(study):
    with pytest.raises(StudyError, match="no animal animal3 in one, mouse in two"):
        save(
            study,
            video=["one", "one", "two"],
            animal=["animal1", "animal3", "mouse"],
            sex=list("fmf"),
        )
    with pytest.raises(StudyError, match="two rows about animal1 in one"):
        save(study, video=["one", "one"], animal=["animal1", "animal1"], sex=["f", "m"])
    with pytest.raises(StudyError, match="two rows about two"):
        save(study, video=["two", "two"], sex=["f", "m"])
    assert all(len(row) == 2 for row in known(study))


def test_an_animal_that_only_a_person_scored_can_have_metadata(study):
    bouts = pd.DataFrame({"subject": ["resident"], "start_frame": [0], "stop_frame": [2]})
    with open_study(study, write=True) as opened:
        save_bouts(opened, 1, bouts, behaviour="rear", source="person")
    save(study, video=["one"], animal=["resident"], sex=["m"])
    assert ["one", "resident", "m"] in known(study)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"clip": ["one"]}, "needs a column video"),
        ({"video": ["one"]}, "beside video and animal"),
        ({"video": [None], "sex": ["f"]}, "names no video"),
        ({"video": ["one"], "sex": ["f"], " sex": ["m"]}, "the same name"),
    ],
)
def test_a_table_that_says_nothing_is_refused(study, columns, says):
    with pytest.raises(StudyError, match=says):
        save(study, **columns)


def test_the_command_line_imports_lists_and_exports(study, tmp_path):
    file = tmp_path / "animals.csv"
    file.write_text("video,animal,treatment,dose\none,animal1,drug,0.50\n74,,vehicle,\n")
    ended = run("metadata", "import", file, "-s", study)
    assert ended.status == 0 and ended.err == "animals.csv: 3 facts about 2 rows\n"
    listed = run("metadata", "list", "-s", study).out
    assert listed == "video,animal,dose,treatment\none,animal1,0.50,drug\n74,,,vehicle\n"
    out = tmp_path / "again.csv"
    assert run("metadata", "export", "-s", study, "-o", out).status == 0
    assert run("metadata", "import", out, "-s", study).status == 0
    assert run("metadata", "list", "-s", study).out == listed
    file.write_text("video,sex\none,f\nnine,m\n")
    ended = run("metadata", "import", file, "-s", study)
    assert ended.status == 1 and "no video nine" in ended.err
    assert run("metadata", "list", "-s", study).out == listed


def test_a_study_without_metadata_says_how_to_get_some(study):
    ended = run("metadata", "list", "-s", study)
    assert ended.status == 0 and ended.out == "" and "metadata import" in ended.err
