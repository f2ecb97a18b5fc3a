"""A study made by the first release opens today, and answers the same."""

import json
import lzma
import shutil
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from terminal import here

from storage import schema
from storage.runs import active_run, runs
from storage.study import open_study

FIRST = Path(__file__).parent / "old_studies" / "first"


def unpacked(name: str) -> bytes:
    return lzma.decompress((FIRST / f"{name}.xz").read_bytes())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The study as the first release left it, beside its film."""
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "study.duckdb").write_bytes(unpacked("study.duckdb"))
    shutil.copyfile(FIRST / "clip.mp4", tmp_path / "clip.mp4")
    return tmp_path / "study"


def rows_of(folder: Path) -> dict[str, list[tuple]]:
    """Every row of every table, in the columns of the first release."""
    with duckdb.connect(str(folder / "study.duckdb"), read_only=True) as connection:
        names = [name for (name,) in connection.execute(TABLES).fetchall()]
        first = {name: FIRST_COLUMNS.get(name) for name in names if name in FIRST_COLUMNS}
        return {
            name: connection.execute(f"SELECT {columns} FROM {name} ORDER BY ALL").fetchall()
            for name, columns in first.items()
        }


TABLES = "SELECT table_name FROM duckdb_tables() WHERE table_name != 'schema_migrations'"


def first_columns() -> dict[str, str]:
    """What the tables of schema 1 hold, by the file that makes them."""
    with duckdb.connect() as connection:
        connection.execute(schema.BASE.read_text(encoding="utf-8"))
        sql = "SELECT table_name, string_agg(column_name, ', ') FROM duckdb_columns() GROUP BY 1"
        return dict(
            connection.execute(f"{sql} HAVING table_name != 'schema_migrations'").fetchall()
        )


FIRST_COLUMNS = first_columns()


def exported(folder: Path, what: str) -> pd.DataFrame:
    """What today's program writes."""
    file = folder / f"{what}.csv"
    assert here("export", what, "-s", folder, "-o", file).status == 0
    return pd.read_csv(file)


def test_every_row_of_the_first_release_is_there_after_all_migrations(folder):
    before = rows_of(folder)
    assert len(before["tracks"]) == 300 and len(before["runs"]) == 2
    with open_study(folder) as study:
        assert schema.version(study.connection) == schema.latest()
    assert rows_of(folder) == before


def test_its_tables_are_those_that_it_wrote_itself(folder, tmp_path):
    for what in ("tracks", "measures"):
        (tmp_path / "then.csv").write_bytes(unpacked(f"{what}.csv"))
        then, now = pd.read_csv(tmp_path / "then.csv"), exported(folder, what)
        if what == "measures":  # there are more of them today
            keys = ["animal", "region", "measure"]
            now = then[keys].merge(now, on=keys, how="left")
        pd.testing.assert_frame_equal(now[then.columns], then, check_exact=True)
    then = pd.read_csv(FIRST / "bouts.csv")
    pd.testing.assert_frame_equal(exported(folder, "bouts")[then.columns], then)


@pytest.mark.parametrize("name", ["near", "distance"])
def test_its_kept_answers_answer_the_same(folder, name):
    then = json.loads((FIRST / f"{name}.json").read_text())
    ended = here("run", name, "-s", folder, "--json")
    assert ended.status == 0, ended.err
    now = json.loads(ended.out)
    for part in ("text", "code", "bouts", "table", "numbers", "assumptions", "error"):
        assert now[part] == then[part], part


def test_nobody_invents_what_was_not_noted_then(folder):
    with open_study(folder) as study:
        old, active = runs(study)
        assert active == active_run(study, 1)
        assert active.made_by is None and active.video_hash is None
        assert not old.active and old.withdrawn_at is None
        assert study.rows("SELECT DISTINCT origin_id FROM bouts") == [(None,)]
        assert study.rows("SELECT DISTINCT drawn_by, drawn_at FROM regions") == [(None, None)]
    told = here("runs", "restore", old.run_id, "-s", folder)
    assert told.status == 1 and "gone for good" in told.err
    checked = here("doctor", "-s", folder)  # only the database was kept of that study
    assert checked.out.startswith(f"runs: runs/{active.run_id} is missing"), checked.out
    assert checked.out.endswith("1 finding to look at.\n")
    (folder / "runs" / active.run_id).mkdir(parents=True)
    checked = here("doctor", "-s", folder)
    assert checked.status == 0, checked.out


def test_each_migration_alone_leaves_a_study_that_the_next_one_takes(folder, monkeypatch):
    before, steps = rows_of(folder), schema.migrations()
    for number in range(2, len(steps) + 1):
        monkeypatch.setattr(schema, "migrations", lambda n=number: steps[:n])
        monkeypatch.setattr(schema, "latest", lambda n=number: n)
        with duckdb.connect(str(folder / "study.duckdb")) as connection:
            connection.begin()
            schema.check(connection, folder, upgrade=True)
            connection.commit()
            assert schema.version(connection) == number
    assert rows_of(folder) == before
