"""`ethoscribe edit`: every correction of the pages without a browser, tried first if one likes."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from track_edit_scenes import NTSC, exported, make_study, rows_of
from typer.testing import CliRunner

from app.cli import app
from storage.edit_labels import save_labels
from storage.edits import log
from storage.labels import label_of
from storage.study import open_study
from storage.tracks import read_masks


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_study(tmp_path_factory.mktemp("command") / "study")


def run(study: Path, *words: str, author: str = "Ada") -> Result:
    return CliRunner().invoke(app, ["edit", *words, "-s", str(study), "--author", author])


def told(study: Path, *words: str, author: str = "Ada") -> dict:
    done = run(study, *words, "--json", author=author)
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


CORRECTIONS = [
    (["swap", "animal1", "animal2", "--from", "60"], {"frames": 180}),
    (["delete", "animal3", "--from", "1s", "--to", "2s"], {"frames": 30}),
    (["delete", "animal3", "--at", "9"], {"frames": 1}),
    (["delete", "animal3", "--whole"], {"bouts_taken_off": 2}),
    (["interpolate", "animal2"], {"frames": 21}),
    (["move", "2", "--at", "0:02.0", "--x", "12.5", "--y", "9"], {"frames": 1}),
    (["mask", "animal1", "--at", "12", "--polygon", "10,10 60,10 60,40 10,40"], {"frames": 1}),
    (["mask", "animal1", "--at", "12", "--clear"], {"frames": 1}),
    (["rename", "animal1", "Mickey"], {}),
    (["bout", "add", "rearing", "--subject", "animal1", "--from", "3", "--to", "9"], {}),
]


@pytest.mark.parametrize(("words", "said"), CORRECTIONS, ids=lambda one: " ".join(one)[:24])
def test_a_dry_run_says_what_would_change_and_changes_nothing(
    study: Path, words: list[str], said: dict
) -> None:
    with open_study(study) as opened:
        before = opened.rows("SELECT (SELECT sum(hash(t)) FROM tracks t), count(*) FROM edits")
    record = told(study, *words, "--dry-run")
    assert record["dry_run"] is True and record["edit_id"] is None
    assert {name: record[name] for name in said} == said
    with open_study(study) as opened:
        assert (
            opened.rows("SELECT (SELECT sum(hash(t)) FROM tracks t), count(*) FROM edits") == before
        )


def test_corrections_are_made_listed_and_taken_back_with_their_authors(tmp_path: Path) -> None:
    study = make_study(tmp_path / "study")
    before = exported(study)
    move = told(study, "move", "animal2", "--at", "110", "--x", "12.5", "--y", "9", author="Ben")
    assert (move["words"], move["author"]) == ("move animal2 in frame 110", "Ben")
    swap = run(study, "swap", "animal1", "animal2", "--from", "60", "--to", "2.5s")
    assert "clip: swap animal1 and animal2, frames 60 to 73, 14 frames" in swap.stderr
    with open_study(study) as opened:
        assert rows_of(opened, 2, "x_px, detected, edited")[110] == (12.5, True, "moved")
    done = CliRunner().invoke(app, ["edit", "list", "-s", str(study), "--json"])
    listed = json.loads(done.stdout)
    assert [(one["author"], one["stands"]) for one in listed] == [("Ben", True), ("Ada", True)]
    assert "taken back: swap" in run(study, "undo").stderr
    last = run(study, "undo")
    assert "clip: taken back: move animal2 in frame 110 (by Ben)" in last.stderr
    assert exported(study) == before
    assert told(study, "redo")["by"] == "Ben"
    former = CliRunner().invoke(app, ["edits", "log", "-s", str(study)])
    assert former.exit_code == 0 and len(former.stdout.splitlines()) == 6


def test_a_labelled_outline_becomes_that_of_the_tracks(tmp_path: Path) -> None:
    study = make_study(tmp_path / "study")
    mask = np.zeros((480, 640), np.uint8)
    mask[100:120, 200:240] = 1
    with open_study(study, write=True) as opened:
        save_labels(opened, 1, 33, [label_of(mask, "mouse", 2)], author="Ada")
    assert run(study, "mask", "animal2", "--at", "33", "--labelled").exit_code == 0
    with open_study(study) as opened:
        row = read_masks(opened, 1, 33, 34).to_pandas().query("animal_id == 2")
        x, y, area, edited = rows_of(opened, 2, "x_px, y_px, area_px, edited")[33]
    assert row[["x0", "y0", "width", "height"]].to_numpy().tolist() == [[200, 100, 40, 20]]
    assert (x, y, area, edited) == (219.5, 109.5, 800, "outline")
    wrong = run(study, "mask", "animal1", "--at", "33", "--labelled")
    assert wrong.exit_code == 1 and "no label of this animal" in wrong.stderr


def test_bouts_are_added_moved_and_removed_by_their_own_person(tmp_path: Path) -> None:
    study = make_study(tmp_path / "study")
    words = ["bout", "add", "rearing", "--subject", "animal1", "--from", "3", "--to", "1s"]
    number = told(study, *words)["bout_id"]
    moved = told(study, "bout", "move", str(number), "--to", "2s")
    assert (moved["start_frame"], moved["stop_frame"]) == (3, int(2 * NTSC))
    strange = run(study, "bout", "remove", str(number), author="Ben")
    assert strange.exit_code == 1 and "is by Ada, not by Ben" in strange.stderr
    mine = run(study, "bout", "list", "--json").stdout
    assert [one["bout_id"] for one in json.loads(mine) if one["behaviour"] == "rearing"] == [number]
    assert told(study, "bout", "remove", str(number))["deleted"] == [number]
    assert told(study, "undo", "--scope", "bouts")["by"] == "Ada"
    with open_study(study) as opened:
        assert opened.rows("SELECT stop_frame FROM bouts WHERE behaviour = 'rearing'") == [(59,)]
        assert log(opened, 1)["author"].tolist() == ["Ada"] * 2 + ["Ben"] + ["Ada"] * 2


@pytest.mark.parametrize(
    ("words", "frames"),
    [
        # Frame 151 is at 5.03837 s: 5.038 is how tables show it. The film ends at 8.008 s.
        (["--from", "5.038s", "--to", "5.072s"], (151, 152)),
        (["--from", "5.037s", "--to", "8.008s"], (150, 240)),
        (["--from", "8.007s", "--to", "9s"], (239, 240)),
        (["--from", "239"], (239, 239)),
        (["--from", "0s", "--to", "240"], (0, 240)),
    ],
    ids=lambda one: " ".join(map(str, one)),
)
def test_a_time_as_tables_show_it_means_its_frame_also_the_last_one(
    study: Path, words: list[str], frames: tuple[int, int]
) -> None:
    made = told(study, "bout", "add", "peek", "--subject", "animal1", *words, "--dry-run")
    assert (made["start_frame"], made["stop_frame"]) == frames


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["delete", "animal1"], "Say which frames"),
        (["delete", "animal1", "--at", "3", "--whole"], "Say which frames"),
        (["delete", "animal1", "--at", "soon"], "'soon' is no frame and no time"),
        (["delete", "animal1", "--at", "1:00"], "1:00 is after the end of 'clip'"),
        (["mask", "animal1", "--at", "3"], "Say what the outline is"),
        (["mask", "animal1", "--at", "3", "--polygon", "1,2 3"], "is no outline"),
        (["bout", "move", "1"], "Say what is to change"),
        (["move", "bob", "--at", "3", "--x", "1", "--y", "2"], "no animal 'bob'"),
        (["redo", "--dry-run"], "nothing to redo"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(study: Path, words: list[str], said: str) -> None:
    done = run(study, *words)
    assert done.exit_code == 1 and said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
