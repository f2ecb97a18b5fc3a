"""The gate lets many read or one write, and a waiting writer goes first."""

import os
import threading
import time
from pathlib import Path

import duckdb
import pytest

from storage.locks import SETTINGS, Gate, connect, disconnect, gate_of


def soon(seconds: float = 5.0) -> float:
    return time.monotonic() + seconds


def test_every_thread_gets_the_same_gate_of_a_file(tmp_path: Path) -> None:
    assert gate_of(tmp_path / "a") is gate_of(tmp_path / "a")
    assert gate_of(tmp_path / "a") is not gate_of(tmp_path / "b")


def test_a_writer_waits_for_readers_and_readers_that_come_later_wait_for_it() -> None:
    gate, order = Gate(), []

    def write() -> None:
        with gate.writing(soon()):
            order.append("write")

    def read() -> None:
        with gate.reading(soon()):
            order.append("late read")

    with gate.reading(soon()):
        writer = threading.Thread(target=write)
        writer.start()
        time.sleep(0.1)
        reader = threading.Thread(target=read)
        reader.start()
        time.sleep(0.1)
        order.append("early read ends")
    writer.join(5)
    reader.join(5)
    assert order == ["early read ends", "write", "late read"]


def test_waiting_ends_at_the_deadline_and_leaves_the_gate_usable() -> None:
    gate, late = Gate(), []

    def write() -> None:
        began = time.monotonic()
        with pytest.raises(TimeoutError), gate.writing(soon(0.2)):
            pass
        late.append(time.monotonic() - began)

    with gate.reading(soon()):
        thread = threading.Thread(target=write)
        thread.start()
        thread.join(5)
    assert 0.2 <= late[0] < 4
    with gate.writing(soon(0)):
        pass
    with gate.reading(soon(0)), gate.reading(soon(0)):
        pass
    with gate.writing(soon(0)):
        pass


def test_a_connection_is_bounded_in_memory_and_never_loads_extensions(tmp_path: Path) -> None:
    connection = connect(tmp_path / "x.duckdb", True, soon())
    limit = connection.execute("SELECT current_setting('memory_limit')").fetchall()[0][0]
    assert (SETTINGS["memory_limit"], limit) == ("2GB", "1.8 GiB")
    with pytest.raises(duckdb.Error):
        connection.execute("COPY (SELECT 1) TO 'x.xlsx' (FORMAT xlsx)").fetchall()
    connection.close()


def test_an_error_that_is_no_lock_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "x.duckdb").write_bytes(b"no database")
    began = time.monotonic()
    with pytest.raises(duckdb.IOException, match="not a valid DuckDB"):
        connect(tmp_path / "x.duckdb", False, soon())
    assert time.monotonic() - began < 4


def test_a_connection_of_another_kind_in_this_process_is_waited_for(tmp_path: Path) -> None:
    foreign = duckdb.connect(str(tmp_path / "x.duckdb"))  # someone's own connection
    threading.Timer(0.3, foreign.close).start()
    connection = connect(tmp_path / "x.duckdb", False, soon())
    assert connection.execute("SELECT 1").fetchall() == [(1,)]
    disconnect(connection)


def made(file: Path, number: int) -> Path:
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"CREATE TABLE t AS SELECT {number} AS n")
    return file


def numbers(file: Path) -> list[tuple[int]]:
    connection = connect(file, False, soon())
    try:
        return connection.execute("SELECT n FROM t").fetchall()
    finally:
        disconnect(connection)


def test_readers_of_several_files_see_their_own_and_let_go_of_it(tmp_path: Path) -> None:
    one, two = made(tmp_path / "it's.duckdb", 1), made(tmp_path / "two.duckdb", 2)
    first, again, other = (connect(file, False, soon()) for file in (one, one, two))
    for connection, number in ((first, 1), (again, 1), (other, 2)):
        assert connection.execute("SELECT n FROM t").fetchall() == [(number,)]
        with pytest.raises(duckdb.Error, match="read-only"):
            connection.execute("DELETE FROM t")
    disconnect(first)
    assert again.execute("SELECT n FROM t").fetchall() == [(1,)]
    for connection in (again, other):
        disconnect(connection)
    for file in (one, two):  # nobody holds it any more
        with duckdb.connect(str(file)) as writer:
            writer.execute("UPDATE t SET n = n + 10")
    assert (numbers(one), numbers(two)) == ([(11,)], [(12,)])


def test_a_damaged_file_does_not_spoil_the_reading_of_others(tmp_path: Path) -> None:
    good, bad = made(tmp_path / "good.duckdb", 1), made(tmp_path / "bad.duckdb", 2)
    content = bytearray(bad.read_bytes())
    content[8192:] = bytes(len(content) - 8192)
    bad.write_bytes(content)
    reading = connect(good, False, soon())
    for _ in range(2):
        with pytest.raises(duckdb.Error):
            numbers(bad)
        assert numbers(good) == reading.execute("SELECT n FROM t").fetchall() == [(1,)]
    disconnect(reading)
    assert numbers(good) == [(1,)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_of_fork_reads_by_itself(tmp_path: Path) -> None:
    file = made(tmp_path / "x.duckdb", 1)
    reading = connect(file, False, soon())
    child = os.fork()
    if not child:
        os._exit(numbers(file) != [(1,)])
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert reading.execute("SELECT n FROM t").fetchall() == [(1,)]
    disconnect(reading)
