"""The gate lets many read or one write, and a waiting writer goes first."""

import threading
import time
from pathlib import Path

import duckdb
import pytest

from storage.locks import SETTINGS, Gate, connect, gate_of


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
    connection.close()
