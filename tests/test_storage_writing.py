"""A table is written whole or not at all, in every format with the same content."""

import time
from pathlib import Path

import duckdb
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from storage.study import StudyError
from storage.writing import Rows, quoted, sql_text, write_table

TABLE = pa.table(
    {
        "name": ["a,b", 'the "one"', "ü\nnext", None],
        "value": pa.array([0.1, None, 1e-7, 1e20], pa.float64()),
        "short": pa.array([0.1, 1 / 3, 1234567.9, None], pa.float32()),
        "seen": [True, False, None, True],
    }
)


def test_a_csv_file_has_full_precision_and_empty_cells_for_missing(tmp_path: Path) -> None:
    file = write_table(TABLE, tmp_path / "x.csv", "csv")
    assert file.read_text(encoding="utf-8") == (
        'name,value,short,seen\n"a,b",0.1,0.1,true\n"the ""one""",,0.33333334,false\n'
        '"ü\nnext",1e-07,1234567.9,\n,1e+20,,true\n'
    )


def test_every_format_holds_the_same_rows(tmp_path: Path) -> None:
    wanted = TABLE.to_pylist()
    assert (
        pq.read_table(write_table(TABLE, tmp_path / "x.parquet", "parquet")).to_pylist() == wanted
    )
    book = openpyxl.load_workbook(write_table(TABLE, tmp_path / "x.xlsx", "xlsx"))
    rows = list(book.active.iter_rows(values_only=True))
    assert rows[0] == ("name", "value", "short", "seen")
    # a sheet holds the number that was meant, 0.1, not the nearest one in 32 bits
    assert [row[:2] + row[3:] for row in rows[1:]] == [
        (row["name"], row["value"], row["seen"]) for row in wanted
    ]
    assert [row[2] for row in rows[1:]] == [0.1, 0.33333334, 1234567.9, None]


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx"])
def test_a_table_without_rows_has_its_header(tmp_path: Path, ending: str) -> None:
    file = write_table(TABLE.slice(0, 0), tmp_path / f"x.{ending}", ending)
    readers = {"csv": pd.read_csv, "parquet": pd.read_parquet, "xlsx": pd.read_excel}
    frame = readers[ending](file)
    assert list(frame.columns) == ["name", "value", "short", "seen"] and len(frame) == 0


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx"])
def test_files_are_equal_whenever_they_are_written(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = write_table(TABLE, tmp_path / "1", ending).read_bytes()
    time.sleep(1.1 if ending == "xlsx" else 0)
    assert write_table(TABLE, tmp_path / "2", ending).read_bytes() == first


def test_a_data_frame_is_written_like_any_table(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1.5, None], "b": [None, None], "c": ["x", None]}, index=[7, 9])
    assert write_table(frame, tmp_path / "x.csv", "csv").read_text() == "a,b,c\n1.5,,x\n,,\n"


def test_rows_are_fetched_only_when_they_are_needed() -> None:
    rows = Rows(duckdb.connect(), "SELECT $n + range AS i FROM range(3)", {"n": 40})
    assert rows.columns == ["i"] and len(rows) == 3
    assert rows.to_arrow()["i"].to_pylist() == rows.to_pandas()["i"].tolist() == [40, 41, 42]


def test_a_text_in_a_sheet_is_never_a_formula_and_has_no_control_characters(
    tmp_path: Path,
) -> None:
    table = pa.table({"=a": ["=1+1", "bell\x07", "-2"], "x": [float("nan"), float("inf"), 2.0]})
    sheet = openpyxl.load_workbook(write_table(table, tmp_path / "x.xlsx", "xlsx")).active
    assert [(cell.value, cell.data_type) for cell in sheet["A"]] == [
        ("=a", "s"), ("=1+1", "s"), ("bell\ufffd", "s"), ("-2", "s"),
    ]  # fmt: skip
    assert [cell.value for cell in sheet["B"]] == ["x", None, None, 2]


def test_too_many_rows_for_a_sheet_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    rows = Rows(duckdb.connect(), "SELECT range AS i FROM range(1048576)")
    with pytest.raises(StudyError, match=r"1048576 rows do not fit .*1048575 at most.* csv or"):
        write_table(rows, tmp_path / "x.xlsx", "xlsx")
    assert list(tmp_path.iterdir()) == []
    assert len(pq.read_table(write_table(rows, tmp_path / "x.parquet", "parquet"))) == 1048576


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx"])
def test_a_failed_export_leaves_the_earlier_file(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"x.{ending}"
    file.write_text("earlier")
    sql = "SELECT CASE WHEN range = 99999 THEN error('lost') ELSE 'x' END AS a FROM range(100000)"
    with pytest.raises(StudyError, match=r"Cannot write .*lost"):
        write_table(Rows(duckdb.connect(), sql), file, ending)
    assert file.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [file]


def test_a_place_or_format_that_cannot_be_is_named(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="Cannot write 'ods': choose one of csv, parquet, xlsx"):
        write_table(TABLE, tmp_path / "x.ods", "ods")
    with pytest.raises(StudyError, match="is a folder"):
        write_table(TABLE, tmp_path, "csv")
    for ending in ("csv", "parquet", "xlsx"):
        with pytest.raises(StudyError, match=r"There is no folder .*nowhere: make it first"):
            write_table(TABLE, tmp_path / "nowhere" / f"x.{ending}", ending)
        with pytest.raises(StudyError, match=r"Cannot write .*another place or format"):
            write_table(TABLE, tmp_path / f"{'x' * 300}.{ending}", ending)


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx"])
def test_files_may_have_odd_names(tmp_path: Path, ending: str) -> None:
    folder = tmp_path / 'It\'s "Käfig" [1] *'
    folder.mkdir()
    file = write_table(TABLE, folder / f"a b'c?.{ending}", ending)
    assert file.parent == folder and file.stat().st_size > 0
    assert list(folder.iterdir()) == [file]


def test_texts_and_names_are_quoted_for_sql() -> None:
    assert sql_text("it's") == "'it''s'" and quoted('a"b') == '"a""b"'
