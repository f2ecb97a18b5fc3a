"""A study is made whole, upgraded step by step, and never touched by an older program."""

import signal
import time
from pathlib import Path

import duckdb
import pytest
from storage_samples import Info
from test_study import start, wait_ready

from storage import schema
from storage.analyses import analyses, keep
from storage.study import DATABASE, StudyError, open_study
from storage.videos import add_video, find_video, video_file

WRITE_EMPTY = schema.write_empty  # before conftest.py has it copied


@pytest.fixture(autouse=True)
def written_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Studies are written by the program, as a process of its own does it."""
    monkeypatch.setattr(schema, "write_empty", WRITE_EMPTY)


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of migrations that a later version brings."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0002_weights.sql").write_text(
        "ALTER TABLE animals ADD COLUMN weight_g DOUBLE;"
        "COMMENT ON COLUMN animals.weight_g IS 'Weight; in g';"
    )
    monkeypatch.setattr(schema, "MIGRATIONS", folder)
    return folder


def make(folder: Path) -> Path:
    with open_study(folder, create=True) as study:
        keep(study, "kept", "?", "code")
    return folder


def test_every_table_and_column_says_what_it_is(tmp_path: Path) -> None:
    with open_study(tmp_path, create=True) as study:
        tables = study.rows("SELECT table_name, comment FROM duckdb_tables()")
        columns = study.rows(
            "SELECT concat_ws('.', table_name, column_name), comment FROM duckdb_columns() "
            "WHERE NOT internal"
        )
    assert len(tables) >= 32 and len(columns) >= 280
    assert [name for name, comment in tables + columns if not comment] == []
    units = {"_s": " s", "_px": "px", "_deg": "degrees"}
    for name, comment in columns:
        for ending, unit in units.items():
            if name.endswith(ending):
                assert unit in comment or "Time of" in comment, name


def test_a_new_study_has_every_step_and_its_date(tmp_path: Path, later: Path) -> None:
    with open_study(make(tmp_path / "s")) as study:
        steps = study.rows("SELECT version, name, applied_at IS NOT NULL FROM schema_migrations")
        assert steps == [(1, "schema", True), (2, "weights", True)]
        assert schema.version(study.connection) == schema.latest() == 2


def test_an_older_study_is_upgraded_when_it_is_read(
    tmp_path: Path, later: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "MIGRATIONS", tmp_path / "none yet")
    folder = make(tmp_path / "s")
    monkeypatch.setattr(schema, "MIGRATIONS", later)
    with open_study(folder) as study:
        assert study.rows("SELECT weight_g FROM animals") == []
        assert [one.name for one in analyses(study)] == ["kept"]


def test_a_migration_that_fails_leaves_the_older_study(
    tmp_path: Path, later: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "MIGRATIONS", tmp_path / "none yet")
    folder = make(tmp_path / "s")
    (later / "0003_broken.sql").write_text("DROP TABLE analyses; SELECT * FROM nowhere;")
    monkeypatch.setattr(schema, "MIGRATIONS", later)
    with pytest.raises(StudyError, match="nowhere"), open_study(folder, write=True):
        pass
    monkeypatch.setattr(schema, "MIGRATIONS", tmp_path / "none yet")
    with open_study(folder) as study:
        assert schema.version(study.connection) == 1
        assert len(analyses(study)) == 1


def test_a_study_of_version_1_learns_about_files_and_keeps_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = schema.MIGRATIONS
    monkeypatch.setattr(schema, "MIGRATIONS", tmp_path / "none yet")
    folder = make(tmp_path / "s")
    clip = tmp_path / "clip.mp4"
    clip.write_text("pixels")
    with duckdb.connect(str(folder / DATABASE)) as old:
        old.execute(
            "INSERT INTO videos VALUES (nextval('video_ids'), 'clip', '../clip.mp4', 'cafe0123', "
            "4, 25, 1, 0.16, 640, 480, 'h264', 'yuv420p', false, true, 8.0, now()::TIMESTAMP)"
        )
    monkeypatch.setattr(schema, "MIGRATIONS", now)
    with open_study(folder) as study:
        assert schema.version(study.connection) == schema.latest() >= 2
        video = find_video(study, "clip")
        assert (video.file_bytes, video.file_modified_ns, video.file_replaced) == (
            None,
            None,
            False,
        )
        assert video.px_per_cm == 8.0 and video_file(video) == clip
        assert [one.name for one in analyses(study)] == ["kept"]
    with open_study(folder, write=True) as study:
        seen = add_video(study, Info(clip, content_hash="cafe0123"))
        assert (seen.video_id, seen.file_bytes) == (1, 6)


@pytest.mark.parametrize("write", [False, True])
def test_a_newer_study_is_refused_and_its_file_not_touched(
    tmp_path: Path, later: Path, monkeypatch: pytest.MonkeyPatch, write: bool
) -> None:
    folder = make(tmp_path / "s")
    before = (folder / DATABASE).read_bytes()
    monkeypatch.setattr(schema, "MIGRATIONS", tmp_path / "none yet")
    with pytest.raises(StudyError) as caught, open_study(folder, write=write):
        pass
    assert "made by a newer Ethoscribe (schema 2, this one knows 1)" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert (folder / DATABASE).read_bytes() == before
    assert not (folder / f"{DATABASE}.wal").exists()


def test_a_foreign_duckdb_file_is_refused_and_not_touched(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / DATABASE)) as connection:
        connection.execute("CREATE TABLE mine AS SELECT 42 AS answer")
    before = (tmp_path / DATABASE).read_bytes()
    for how in ({}, {"write": True}, {"create": True}):
        with pytest.raises(StudyError, match="holds no study"), open_study(tmp_path, **how):
            pass
    assert (tmp_path / DATABASE).read_bytes() == before


def test_migrations_with_a_gap_in_their_numbers_are_refused(later: Path) -> None:
    (later / "0004_after_a_gap.sql").write_text("SELECT 1;")
    with pytest.raises(StudyError, match=r"0004_after_a_gap.sql .* should be number 0003"):
        schema.migrations()


@pytest.mark.parametrize("moment", ["migrate", "_publish"])
def test_a_creation_killed_half_way_leaves_nothing_that_breaks_the_next(
    tmp_path: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = start(
        """
        import time
        from storage import schema
        def stop(*arguments):
            print("ready", flush=True)
            time.sleep(60)
        setattr(schema, sys.argv[2], stop)
        with open_study(sys.argv[1], create=True):
            pass
        """,
        tmp_path / "s",
        moment,
    )
    wait_ready(process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "s" / DATABASE).exists()
    drafts = list((tmp_path / "s").glob(".new-*"))
    assert drafts
    began = time.time()
    monkeypatch.setattr(time, "time", lambda: began + 7200)  # two hours later
    with open_study(tmp_path / "s", create=True) as study:
        assert analyses(study) == []
    assert [file for file in drafts if file.exists()] == []


def test_processes_that_create_the_same_study_share_it(tmp_path: Path) -> None:
    code = """
    from storage.analyses import keep
    with open_study(sys.argv[1], create=True) as study:
        keep(study, sys.argv[2], "?", "code")
    """
    processes = [start(code, tmp_path / "s", f"name {i}") for i in range(4)]
    for process in processes:
        error = process.communicate(timeout=60)[1]
        assert process.returncode == 0, error
    with open_study(tmp_path / "s") as study:
        assert {one.name for one in analyses(study)} == {f"name {i}" for i in range(4)}
    assert sorted(file.name for file in (tmp_path / "s").iterdir()) == [".queue", DATABASE]
