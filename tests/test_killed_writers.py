"""Whatever writes is killed with all its processes: nothing confirmed is lost, nothing is half.

`ETHOSCRIBE_KILLS` says how often in all; every kind of work gets its share.
"""

import lzma
import math
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow.parquet as pq
import pytest
from film import write_video
from nursery import Killed, Nursery, nursery
from storage_samples import add_tracked
from terminal import here
from test_old_studies import FIRST, rows_of

from storage import schema
from storage.checks import examine_rows
from storage.edits import log
from storage.study import open_study
from storage.tracks import read_tracks
from storage.videos import find_video
from storage.withdrawing import withdrawn_runs

pytestmark = pytest.mark.slow

KINDS = 8  # of work
EACH = math.ceil(int(os.environ.get("ETHOSCRIBE_KILLS", "24")) / KINDS)
X = np.arange(800, dtype=float).reshape(400, 2) % 97


@pytest.fixture(scope="module")
def writers(tmp_path_factory):
    """A process that forks writers; at the end, enough of them were killed in the middle."""
    with nursery(tmp_path_factory.mktemp("told"), seed=8) as one:
        yield one


def tracked(folder: Path) -> Path:
    """A study with a tracked film."""
    folder.mkdir()
    with open_study(folder / "s", create=True) as study:
        add_tracked(study, folder, X, X, masks=True, points=("nose",))
    return folder / "s"


def whole(folder: Path) -> None:
    """The study opens, and its tables fit together."""
    with open_study(folder) as study:
        assert [fault.line() for fault in examine_rows(study)] == []
        assert schema.version(study.connection) == schema.latest()


def ends(
    writers: Nursery, work: str, folder_of: Callable[[str], Path], *given: object
) -> Iterator[tuple[Path, Killed]]:
    """Every folder in which a writer of this work was killed, and how it ended; it is whole."""
    writers.whole(work, folder_of("measured"), *given)
    kills = []
    for k in range(EACH):
        folder = folder_of(str(k))
        end = writers.killed(work, folder, *given)
        kills.append(end.in_the_middle)
        whole(folder)
        yield folder, end
    hit(kills)


def hit(kills: list[bool]) -> None:
    """At least a third of the kills came while there was work to be cut off."""
    assert 3 * sum(kills) >= len(kills), kills


def test_edits(writers: Nursery, tmp_path):
    for folder, end in ends(writers, "edit", lambda name: tracked(tmp_path / name), 8):
        with open_study(folder) as study:
            made = log(study)
            assert [str(one) for one in made["edit_id"]][: len(end.acks)] == end.acks
            assert len(made) <= len(end.acks) + 1  # committed, and killed before it was said
            bouts = study.rows("SELECT count(*) FROM bouts")[0][0]
            assert bouts == (made["kind"] == "bouts.add").sum()
            moved = study.rows("SELECT count(*) FROM tracks WHERE raw_animal_id != animal_id")[0][0]
            swaps = (made["kind"] == "tracks.swap").sum() - (made["kind"] == "undo").sum()
            assert (moved > 0) == (swaps == 1)


def test_storing_runs(writers: Nursery, tmp_path):
    writers.whole("ingest", tracked(tmp_path / "measured"), 0, 4)
    folder, stored, kills = tracked(tmp_path / "s"), "run-clip", []
    for k in range(EACH):
        end = writers.killed("ingest", folder, 10 * k, 4)
        kills.append(end.in_the_middle)
        whole(folder)
        stored = (end.acks or [stored])[-1]
        with open_study(folder) as study:
            active = study.rows("SELECT run_id FROM runs WHERE active")[0][0]
            assert active in (stored, after(stored, 10 * k))
            stored = active
            x_px = set(read_tracks(study, 1)["x_px"].to_pylist())
            assert x_px == ({float(active[1:])} if active != "run-clip" else set(X.ravel()))
    hit(kills)


def after(run_id: str, first: int) -> str:
    """The run that is stored after this one."""
    known = run_id.removeprefix("r")
    following = int(known) + 1 if known.isdecimal() and int(known) >= first else first
    return f"r{following}"


def test_deleting_and_bringing_back(writers: Nursery, tmp_path):
    for folder, _ in ends(writers, "delete", lambda name: tracked(tmp_path / name), 4):
        with open_study(folder) as study:
            seen, gone = len(read_tracks(study, 1)), len(withdrawn_runs(study))
        assert (seen, gone) in ((800, 0), (0, 1))
        here("runs", "restore", "run-clip", "-s", folder)
        with open_study(folder) as study:
            assert len(read_tracks(study, 1)) == 800


def test_migrating(writers: Nursery, tmp_path):
    packed = lzma.decompress((FIRST / "study.duckdb.xz").read_bytes())

    def first(name: str) -> Path:
        (tmp_path / name).mkdir()
        (tmp_path / name / "study.duckdb").write_bytes(packed)
        return tmp_path / name

    before = rows_of(first("before"))
    for folder, _ in ends(writers, "migrate", first):
        assert rows_of(folder) == before


def test_exporting(writers: Nursery, tmp_path):
    folder, out = tracked(tmp_path / "s"), tmp_path / "out"
    out.mkdir()
    writers.whole("export", folder, out, 2)
    csv = (out / "tracks.csv").read_bytes()
    kills = []
    for _ in range(EACH):
        for file in out.iterdir():
            file.unlink()
        end = writers.killed("export", folder, out, 2)
        kills.append(end.in_the_middle)
        there = {file.name for file in out.glob("tracks.*")}
        assert there >= {f"tracks.{ack.split()[1]}" for ack in end.acks}
        if "tracks.csv" in there:
            assert (out / "tracks.csv").read_bytes() == csv
        if "tracks.parquet" in there:
            assert pq.read_table(out / "tracks.parquet").num_rows == 800
        if "tracks.xlsx" in there:
            sheet = openpyxl.load_workbook(out / "tracks.xlsx", read_only=True).worksheets[0]
            assert sum(1 for _ in sheet.iter_rows()) == 801
        strangers = [one.name for one in out.iterdir() if one.name not in there]
        assert all(name.startswith(".") for name in strangers)  # drafts, which nobody opens
        whole(folder)
    hit(kills)


def test_labelling(writers: Nursery, tmp_path):
    for folder, end in ends(writers, "label", lambda name: tracked(tmp_path / name), 10):
        with open_study(folder) as study:
            frames = study.rows(
                "SELECT frame FROM label_revisions JOIN labels USING (revision_id) ORDER BY 1"
            )
            logged = study.rows("SELECT count(*) FROM edits")[0][0]
        assert [str(frame) for (frame,) in frames][: len(end.acks)] == end.acks
        assert logged == len(frames) <= len(end.acks) + 1


def test_relinking(writers: Nursery, tmp_path):
    def filmed(name: str) -> Path:
        lab = tmp_path / name
        lab.mkdir()
        shutil.copyfile(FIRST / "clip.mp4", lab / "clip.mp4")
        (lab / "s").mkdir()
        packed = (FIRST / "study.duckdb.xz").read_bytes()
        (lab / "s" / "study.duckdb").write_bytes(lzma.decompress(packed))
        with open_study(lab / "s"):
            pass
        return lab / "s"

    for folder, _ in ends(writers, "relink", filmed, 6):
        assert here("relink", "-s", folder).status == 0
        with open_study(folder) as study:
            assert find_video(study, 1).path.is_file()


def test_tracking_with_workers(writers: Nursery, tmp_path):
    film = write_video(tmp_path / "clip.mp4", 1200, size=(96, 72))
    writers.whole("track", tmp_path / "measured", film, 2)
    expected = exported(tmp_path / "measured")
    kills, folder = [], tmp_path / "s"
    for _ in range(EACH):
        end = writers.killed("track", folder, film, 2)
        kills.append(end.in_the_middle)
        if (folder / "study.duckdb").exists():
            whole(folder)
        if end.acks:  # it had been faster: begin anew
            assert exported(folder) == expected
            shutil.rmtree(folder)
    writers.whole("track", folder, film, 2)
    assert exported(folder) == expected
    assert not list(folder.glob("shards/*/*"))
    hit(kills)


def exported(folder: Path) -> bytes:
    """The tracks as a table."""
    file = folder.parent / f"{folder.name}.csv"
    ended = here("export", "tracks", "-s", folder, "-o", file)
    assert ended.status == 0, ended.err
    return file.read_bytes()
