"""A study opens briefly, waits for others, and says in one line what is wrong."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.analyses import analyses, keep
from storage.study import DATABASE, Study, StudyBusyError, StudyError, is_study, open_study

ROOT = Path(__file__).resolve().parents[1]


def start(code: str, *arguments: object) -> "subprocess.Popen[str]":
    """Run code in a process of its own; it prints `ready` once and may then wait."""
    paths = f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'tests')!r}]\n"
    program = paths + "from storage.study import *\n" + textwrap.dedent(code)
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )


def wait_ready(process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n", process.communicate()[1]


def refuse(words: str, folder: Path, **how: bool) -> str:
    """Opening the folder must fail with one line that holds these words."""
    with pytest.raises(StudyError, match=words) as caught, open_study(folder, **how):
        pass
    assert "\n" not in str(caught.value)
    return str(caught.value)


HOLD = """
with open_study(sys.argv[1], write=sys.argv[2] == "write") as study:
    print("ready", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "Étude 'A' \"B\" [1]"
    with open_study(folder, create=True):
        pass
    return folder


@pytest.fixture
def holder(study: Path) -> Iterator["subprocess.Popen[str]"]:
    process = start(HOLD, study, "write")
    wait_ready(process)
    yield process
    process.kill()
    process.communicate()


def names(study: Study) -> list[str | None]:
    return [one.name for one in analyses(study)]


def test_what_is_written_is_there_when_the_study_is_opened_again(study: Path) -> None:
    with open_study(study, write=True) as opened:
        keep(opened, "dwell", "how long in the corner?", "code")
    with open_study(study) as opened:
        assert names(opened) == ["dwell"]
        assert opened.folder == study.resolve()
    assert sorted(file.name for file in study.iterdir()) == [".queue", DATABASE]


def test_an_error_inside_a_write_undoes_all_of_it(study: Path) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        open_study(study, write=True) as opened,
    ):
        keep(opened, "half", "?", "code")
        raise ZeroDivisionError
    with open_study(study) as opened:
        assert names(opened) == []


def test_a_mistake_of_the_database_becomes_a_study_error(study: Path) -> None:
    with (
        pytest.raises(StudyError, match=r"could not be written: .*nothing"),
        open_study(study, write=True) as opened,
    ):
        keep(opened, "lost", "?", "code")
        opened.rows("SELECT * FROM nothing")
    with open_study(study) as opened:
        assert names(opened) == []


def test_a_study_opened_for_reading_cannot_be_changed(study: Path) -> None:
    with pytest.raises(StudyError, match="could not be read"), open_study(study) as opened:
        keep(opened, "x", "?", "code")


@pytest.mark.parametrize("write", [False, True])
def test_a_process_that_writes_is_named_when_waiting_was_in_vain(
    study: Path, holder: "subprocess.Popen[str]", write: bool
) -> None:
    began = time.monotonic()
    with pytest.raises(StudyBusyError) as caught, open_study(study, write=write, timeout_s=0.4):
        pass
    assert 0.4 <= time.monotonic() - began < 5
    assert f"in use by process {holder.pid} (python" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_reader_waits_until_the_writing_process_has_finished(
    study: Path, holder: "subprocess.Popen[str]"
) -> None:
    assert holder.stdin is not None
    letting_go = threading.Timer(0.5, lambda: print("go", file=holder.stdin, flush=True))
    letting_go.start()
    began = time.monotonic()
    with open_study(study, timeout_s=20) as opened:
        assert names(opened) == []
    assert time.monotonic() - began >= 0.45
    letting_go.join()


def test_the_lock_of_a_killed_process_is_free_at_once(
    study: Path, holder: "subprocess.Popen[str]"
) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with open_study(study, write=True, timeout_s=1) as opened:
        keep(opened, "after", "?", "code")


def test_two_processes_that_write_at_the_same_time_both_finish(study: Path) -> None:
    writer = """
    from storage.analyses import keep
    print("ready", flush=True)
    for number in range(15):
        with open_study(sys.argv[1], write=True) as study:
            keep(study, f"{sys.argv[2]} {number}", "?", "code")
    """
    processes = [start(writer, study, name) for name in ("one", "two")]
    for process in processes:
        error = process.communicate(timeout=60)[1]
        assert process.returncode == 0, error
    with open_study(study) as opened:
        wanted = {f"{name} {number}" for name in ("one", "two") for number in range(15)}
        assert set(names(opened)) == wanted


def test_readers_without_pause_do_not_keep_a_writer_out(study: Path) -> None:
    reader = """
    import time
    end = time.monotonic() + 30
    print("ready", flush=True)
    while time.monotonic() < end:
        with open_study(sys.argv[1]) as study:
            time.sleep(0.02)
    """
    processes = [start(reader, study) for _ in range(3)]
    for process in processes:
        wait_ready(process)
    with open_study(study, write=True, timeout_s=10) as opened:
        keep(opened, "in time", "?", "code")
    for process in processes:
        assert process.poll() is None  # they were all reading meanwhile
        process.kill()
        process.communicate()


def test_threads_of_one_process_read_and_write_the_same_study(study: Path) -> None:
    failures: list[BaseException] = []

    def work(name: str) -> None:
        try:
            for number in range(6):
                with open_study(study, write=True) as opened:
                    keep(opened, f"{name} {number}", "?", "code")
                with open_study(study) as opened:
                    assert f"{name} {number}" in names(opened)
        except BaseException as error:  # noqa: BLE001  a thread's error must reach the test
            failures.append(error)

    threads = [threading.Thread(target=work, args=(f"t{i}",)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    with open_study(study) as opened:
        assert len(names(opened)) == 36


def test_threads_read_at_the_same_time(study: Path) -> None:
    meeting = threading.Barrier(4, timeout=10)

    def read() -> None:
        with open_study(study) as opened:
            meeting.wait()  # passes only when all four are inside
            assert names(opened) == []

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not meeting.broken


def test_a_thread_that_waits_in_vain_for_another_thread_is_told_so(study: Path) -> None:
    told: list[str] = []

    def wait() -> None:
        with pytest.raises(StudyBusyError) as caught, open_study(study, timeout_s=0.2):
            pass
        told.append(str(caught.value))

    with open_study(study, write=True):
        thread = threading.Thread(target=wait)
        thread.start()
        thread.join(10)
    assert f"another part of this program (process {os.getpid()})" in told[0]


def test_a_read_inside_a_write_sees_what_was_just_written(study: Path) -> None:
    with open_study(study, write=True) as outer:
        keep(outer, "new", "?", "code")
        with open_study(study) as inner:
            assert names(inner) == ["new"]


def test_a_read_inside_a_read_does_not_wait_for_a_waiting_writer(study: Path) -> None:
    def write() -> None:
        with open_study(study, write=True) as opened:
            keep(opened, "later", "?", "code")

    here = threading.Thread(target=write)
    with open_study(study):
        there = start(HOLD, study, "write")
        here.start()
        time.sleep(0.5)
        began = time.monotonic()
        with open_study(study, timeout_s=10) as inner:
            assert names(inner) == []
        assert time.monotonic() - began < 5
    wait_ready(there)
    there.communicate("go\n")
    here.join(20)
    with open_study(study) as opened:
        assert names(opened) == ["later"]


@pytest.mark.parametrize("outer_writes", [False, True])
def test_a_write_inside_another_open_is_refused_at_once(study: Path, outer_writes: bool) -> None:
    with open_study(study, write=outer_writes):
        refuse(r"already open in this piece of work", study, write=True)


def test_a_missing_folder_or_a_folder_without_study_is_named(tmp_path: Path) -> None:
    refuse(r"There is no folder .*nowhere", tmp_path / "nowhere")
    refuse(r"is no study \(no study.duckdb in it\)", tmp_path, write=True)
    assert not is_study(tmp_path) and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"no database", b"x" * 20_000])
def test_a_file_that_is_no_database_is_named_and_kept(tmp_path: Path, content: bytes) -> None:
    (tmp_path / DATABASE).write_bytes(content)
    for write in (False, True):
        refuse(r"is damaged or no DuckDB file", tmp_path, write=write, create=write)
    assert (tmp_path / DATABASE).read_bytes() == content


def test_a_cut_off_database_is_called_damaged(study: Path) -> None:
    database = study / DATABASE
    database.write_bytes(database.read_bytes()[:6000])
    refuse(r"is damaged .*backup", study)


def test_a_log_without_its_database_is_not_mixed_into_a_new_study(tmp_path: Path) -> None:
    (tmp_path / f"{DATABASE}.wal").write_bytes(b"someone's last changes")
    refuse(r"belongs to a database that is gone", tmp_path, create=True)
    assert not is_study(tmp_path)


def test_a_place_where_no_study_can_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    for folder in (tmp_path / "file", tmp_path / "file" / "inside", tmp_path / "why?"):
        refuse(r"study", folder, create=True)


# Root may write anywhere, so the process gives its rights up before it tries.
WITHOUT_RIGHTS = """
import os, duckdb, numpy, pandas, pyarrow.parquet, storage.analyses
if os.getuid() == 0:
    os.setgid(65534); os.setuid(65534)
def attempt(**how):
    try:
        with open_study(sys.argv[1], **how) as study:
            print("opened", len(storage.analyses.analyses(study)))
    except StudyError as error:
        print(error)
attempt(); attempt(write=True); attempt(create=True)
"""


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that other users can reach; pytest's own are closed to them."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    with open_study(place / "study", create=True):
        pass
    yield place / "study"
    (place / "study").chmod(0o755)
    shutil.rmtree(place)


def test_without_permission_to_write_a_study_can_still_be_read(public: Path) -> None:
    (public / DATABASE).chmod(0o444)
    public.chmod(0o555)
    output, error = start(WITHOUT_RIGHTS, public).communicate(timeout=60)
    lines = output.splitlines()
    assert lines[0] == "opened 0", error
    assert lines[1].startswith(f"No permission to write the study {public}")
    assert lines[2] == lines[1]


def test_without_permission_to_look_the_folder_is_named(public: Path) -> None:
    public.chmod(0o000)
    output, error = start(WITHOUT_RIGHTS, public).communicate(timeout=60)
    assert output.startswith(f"Cannot look into {public}: Permission denied."), error
    assert output.splitlines()[2].startswith(f"Cannot make a study in {public}"), error


def test_a_name_that_no_folder_can_have_is_refused() -> None:
    folder = Path("/tmp") / ("x" * 300)
    refuse(r"Cannot look into .*: File name too long", folder)
    refuse(r"Cannot make a study in", folder, create=True)
    assert not is_study(folder)


def test_without_permission_to_make_a_folder_the_place_is_named(public: Path) -> None:
    output, error = start(WITHOUT_RIGHTS, public.parent / "new").communicate(timeout=60)
    assert f"Cannot make a study in {public.parent / 'new'}" in output.splitlines()[2], error


def test_ctrl_c_in_the_middle_of_a_query_is_ctrl_c_and_no_error_of_the_study(tmp_path):
    with open_study(tmp_path / "s", create=True):
        pass
    interrupt = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt), open_study(tmp_path / "s", write=True) as study:
        study.connection.execute("CREATE TABLE half (x INTEGER)")
        interrupt.start()
        study.rows("SELECT count(*) FROM range(100_000_000_000) a WHERE hash(a) = 1")
    with pytest.raises(StudyError, match="half"), open_study(tmp_path / "s") as study:
        study.rows("FROM half")
