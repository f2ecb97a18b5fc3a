"""Arrow columns without pandas: the same values as by pyarrow's own conversions."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pytest
from storage_samples import add_tracked

from llm_query.columns import Later, Result, as_bytes, codes, numbers
from storage.regions import Region, save_region
from storage.snapshot import write_snapshot
from storage.study import open_study

ROOT = Path(__file__).parents[1]
CODE = """def analyse(recording):
    bouts = [in_region(recording, animal, "corner") for animal in recording.animals]
    return summarise(collect(bouts))
"""


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, 3], pa.int16()), ([1.5, None, float("nan")], pa.float32()), ([], pa.float64()),
        ([4, None, 6], pa.int32()), ([0.1] * 9, pa.float64()), ([2**40], pa.int64()),
    ],
)  # fmt: skip
def test_numbers_are_those_of_pyarrow(values: list, kind: pa.DataType) -> None:
    for column in (
        pa.chunked_array([pa.array(values, kind)]),
        pa.chunked_array([pa.array([None, *values, *values], kind)[1:], pa.array(values, kind)]),
    ):
        expected = column.to_pandas().to_numpy()
        np.testing.assert_array_equal(numbers(column), expected)


def test_bools_are_unpacked_from_any_row_on_and_unknown_is_false() -> None:
    column = pa.chunked_array([pa.array([True] * 3 + [None, False, True] * 5)[2:]])
    assert numbers(column).tolist() == [bool(value) for value in column.to_pylist()]


def test_texts_are_coded_in_the_order_of_their_first_row() -> None:
    row, texts = codes(pa.chunked_array([pa.array(["tail", "nose"]), pa.array(["nose", "é"])]))
    assert (row.tolist(), texts) == ([0, 1, 1, 2], ["tail", "nose", "é"])


def test_written_columns_read_back(tmp_path: Path) -> None:
    columns = {
        "n": [1, 2, 3], "x": np.array([0.5, np.nan, 2]), "yes": [True, False, True],
        "who": np.array(["é", None, "b"], dtype=object), "nobody": [None, None, None],
        "late": np.arange(6)[::2],
    }  # fmt: skip
    (tmp_path / "x.arrow").write_bytes(as_bytes(columns))
    read = pyarrow.feather.read_table(tmp_path / "x.arrow")
    assert read.drop_columns(["x"]).to_pydict() == {
        "n": [1, 2, 3], "yes": [True, False, True], "who": ["é", None, "b"],
        "nobody": [None] * 3, "late": [0, 2, 4],
    }  # fmt: skip
    np.testing.assert_array_equal(read["x"].to_numpy(), columns["x"])
    assert read.schema.field("nobody").type == pa.string()


def test_a_table_in_a_result_is_made_when_it_is_looked_at() -> None:
    made: list[int] = []

    def make() -> pd.DataFrame:
        made.append(1)
        return pd.DataFrame({"n": [7]})

    result = {"text": "x"} | (Result(table=Later({"n": [7]}, make)) | {"figure": None})
    assert list(result) == ["text", "table", "figure"] and "table" in result and not made
    assert result["table"]["n"].tolist() == [7] and result["table"] is result["table"]
    assert len(made) == 1
    for copy in ({**Result(table=Later({}, make))}, dict(Result(table=Later({}, make)))):
        assert isinstance(copy["table"], pd.DataFrame)
    assert Result(a=1).get("b", 2) == 2 and Result(table=Later({}, make)).pop("table").shape == (
        1,
        1,
    )


def test_a_plain_answer_needs_no_pandas(tmp_path: Path) -> None:
    with open_study(tmp_path / "study", create=True) as study:
        here = np.full((9, 2), 50.0)
        video = add_tracked(study, tmp_path, here, here, points=("nose",))
        corner = Region("corner", "rectangle", "region", [[0, 0], [100, 100]])
        save_region(study, video.video_id, corner)
        write_snapshot(study, video.video_id, tmp_path / "snapshot", needs_masks=False)
    (tmp_path / "code.py").write_text(CODE)
    program = (
        "import sys; from llm_query.runner import main; main(); "
        "print([n for n in ('pandas', 'plotly', 'scipy', 'sklearn') if n in sys.modules],"
        " file=sys.stderr)"
    )
    asked = {"snapshot": str(tmp_path / "snapshot"), "code": str(tmp_path / "code.py")}
    said = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        input=json.dumps(asked).encode() + b"\n",
        capture_output=True,
    )
    assert said.stderr.decode().strip() == "[]"
    head, _, rest = said.stdout.partition(b"\n")
    first, second, third = json.loads(head)
    assert "animal1 was in the corner" in json.loads(rest[:first])["text"]
    table = pa.ipc.open_stream(pa.BufferReader(rest[first + second :])).read_all()
    assert len(rest) == first + second + third
    assert table["subject"].to_pylist() == ["animal1", "animal2"]
