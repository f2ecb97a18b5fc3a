"""A table of bouts exported here is imported elsewhere with every bout where it belongs."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from storage_samples import add_tracked
from terminal import here
from track_edit_scenes import NTSC

from storage.bouts import COLUMNS, read_bouts, save_bouts
from storage.scored_bouts import NO_SUBJECT
from storage.study import open_study

X = np.full((40, 2), 10.0)
SCORED = pd.DataFrame(
    [
        ("groom", "animal1", None, "state", 0, 1, "Kim"),
        ("groom", "animal1", None, "state", 1, 10, "Kim"),
        ("chase", "animal1", "animal2", "state", 39, 40, "Kim"),
        ("peep", "animal2", None, "point", 39, 39, "Lee"),
        ("noise", NO_SUBJECT, None, "state", 5, 6, "Kim"),
    ],
    columns=["behaviour", "subject", "target", "kind", "start_frame", "stop_frame", "annotator"],
)
FOUND = pd.DataFrame({"subject": ["animal2"], "start_frame": [7], "stop_frame": [9]})


def make(folder: Path, *names: str) -> Path:
    with open_study(folder, create=True) as study:
        for name in names:
            add_tracked(study, folder, X, X, name=name, fps=NTSC)
    return folder


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bouts of two videos, of people and of an analysis."""
    folder = tmp_path_factory.mktemp("tables")
    with open_study(make(folder / "s", "one", "two"), write=True) as study:
        save_bouts(study, 1, SCORED, source="person")
        save_bouts(study, 2, SCORED.iloc[:2].assign(start_frame=[20, 30], stop_frame=[30, 33]),
                   source="person")  # fmt: skip
        save_bouts(study, 2, FOUND, behaviour="fast", definition="faster than 5 cm/s")
    here("export", "bouts", "-s", folder / "s", "-o", folder / "bouts.csv")
    return folder / "bouts.csv"


def bouts_of(study: Path) -> pd.DataFrame:
    with open_study(study) as opened:
        return read_bouts(opened)[list(COLUMNS)]


def test_every_bout_goes_to_the_video_that_its_row_names(table: Path, tmp_path: Path) -> None:
    study = make(tmp_path / "s", "two", "one")
    said = here("import", table, "-s", study).err
    assert "one: 5 bouts" in said and "two: 3 bouts" in said
    there, now = pd.read_csv(table), bouts_of(study).sort_values("video", kind="stable")
    plain = there.astype(object).where(there.notna(), None)
    foreign = plain["source"].eq("analysis")
    plain.loc[foreign, "source"] = "bouts"  # no analysis of this study, which an edit would undo
    assert now.astype(object).where(now.notna(), None).values.tolist() == plain.values.tolist()
    assert "are there already" in here("import", table, "-s", study).err


def test_of_a_table_of_several_videos_one_gets_its_own_bouts_alone(
    table: Path, tmp_path: Path
) -> None:
    study = make(tmp_path / "s", "one")
    here("import", table, "-s", study, "--video", "one", "--annotator", "Zoe")
    now = bouts_of(study)
    assert now["start_frame"].tolist() == [0, 1, 5, 39, 39]
    assert set(now["annotator"]) == {"Kim", "Lee"}


def test_a_part_of_a_frame_is_no_frame(table: Path, tmp_path: Path) -> None:
    study, wrong = make(tmp_path / "s", "one"), tmp_path / "wrong.csv"
    wrong.write_text("video,behaviour,subject,start_frame,stop_frame\none,groom,animal1,3.7,9\n")
    ended = here("import", wrong, "-s", study)
    assert ended.status == 1 and "start_frame is 3.7 in row 1" in ended.err
