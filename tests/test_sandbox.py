"""Analysis code runs in its own process: limits, clean environment, checked results."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from llm_query.errors import QueryError
from llm_query.sandbox import _read_checked, check_code, run_code


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One animal, 30 frames at 30 per second, at x = frame."""
    folder = tmp_path_factory.mktemp("snapshot")
    about = {
        "video": "clip", "fps_num": 30, "fps_den": 1, "n_frames": 30, "duration_s": 1.0,
        "width": 64, "height": 48, "px_per_cm": None, "points": [], "variable_rate": False,
        "animals": [{"animal_id": 1, "name": "animal1"}],
        "regions": [{"name": "left", "kind": "rectangle", "role": "region",
                     "points": [[0, 0], [9.5, 48]]}],
    }  # fmt: skip
    (folder / "recording.json").write_text(json.dumps(about))
    frame = np.arange(30)
    pd.DataFrame({"frame": frame, "time_s": frame / 30}).to_parquet(folder / "time_s.parquet")
    tracks = {"frame": frame, "animal_id": 1, "x_px": frame * 1.0, "y_px": 10.0, "detected": True}
    pd.DataFrame(tracks).to_parquet(folder / "tracks.parquet")
    return folder


def body(*lines: str) -> str:
    return "def analyse(recording):\n" + "".join(f"    {line}\n" for line in lines)


def test_bouts_come_back_with_numbers_and_a_sentence(snapshot: Path) -> None:
    result = run_code(body('return in_region(recording, "animal1", "left")'), snapshot)
    assert result.error is None
    assert result.bouts[["start_frame", "stop_frame"]].values.tolist() == [[0, 10]]
    assert result.numbers["total_s"] == pytest.approx(1 / 3)
    assert result.text.startswith("animal1 was in the left once, for 0.333 s")


def test_numbers_tables_and_figures_are_sorted_by_type(snapshot: Path) -> None:
    code = body(
        "table = pd.DataFrame({'name': ['a', None], 'value': [1.5, np.nan]})",
        "figure = {'data': [{'y': np.array([1.0, np.nan])}], 'layout': {}}",
        "return {'answer': np.float64(42), 'none': float('nan'), 'rows': table, 'plot': figure}",
    )
    result = run_code(code, snapshot)
    assert result.error is None
    assert result.numbers == {"answer": 42.0, "none": None}
    assert result.figure == {"data": [{"y": [1.0, None]}], "layout": {}}
    assert result.table is not None
    assert result.table["name"].tolist() == ["a", None]


def test_an_array_per_frame_becomes_a_table(snapshot: Path) -> None:
    result = run_code(body('return {"speed": speed(recording, "animal1")}'), snapshot)
    assert result.table is not None
    assert list(result.table.columns) == ["frame", "time_s", "speed"]
    assert result.table["speed"].tolist() == pytest.approx([30.0] * 30)


def test_a_plotly_figure_comes_back_as_json(snapshot: Path) -> None:
    result = run_code(body("return go.Figure(go.Scatter(x=[1], y=[2]))"), snapshot)
    assert result.figure is not None
    assert result.figure["data"][0]["type"] == "scatter"


def test_no_secret_is_inherited(snapshot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    result = run_code(body("import os", "return ' '.join(os.environ)"), snapshot)
    assert "OPENAI_API_KEY" not in result.text
    assert "OMP_NUM_THREADS" in result.text


def test_endless_code_is_stopped(snapshot: Path) -> None:
    started = time.monotonic()
    result = run_code(body("while True: pass"), snapshot, timeout_s=4)
    assert time.monotonic() - started < 8
    assert result.error is not None and "longer than 4 s" in result.error


def test_too_much_memory_is_a_clear_error(snapshot: Path) -> None:
    result = run_code(body("return float(np.zeros((60000, 60000)).sum())"), snapshot)
    assert result.error is not None and "memory" in result.error


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("x = (", "not valid Python, line 1"),
        ("def other(recording): pass", "no function analyse"),
        (body("return undefined_name"), "line 2 of the analysis: return undefined_name"),
        (body("raise SystemExit(3)"), "SystemExit"),
        (body("import os", "os._exit(7)"), "ended with code 7"),
        (body('return in_region(recording, "animal9", "left")'), "animal9"),
        (body("return object()"), "Return bouts, a table"),
        (body("return pd.DataFrame({'subject': ['a'], 'start_frame': [5], 'stop_frame': [2]})"),
         "before it starts"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_said_in_a_line(snapshot: Path, code: str, words: str) -> None:
    result = run_code(code, snapshot)
    assert result.error is not None and words in result.error
    assert result.error.count("\n") == 0
    assert result.bouts.empty and result.numbers == {}


def test_an_answer_that_is_not_json_is_an_error_not_a_crash(snapshot: Path) -> None:
    code = body(
        "import os",
        "for f in range(3, 30):",
        "    try:",
        "        os.write(f, b'[1')",
        "    except OSError:",
        "        pass",
        "os._exit(0)",
    )
    result = run_code(code, snapshot)
    assert result.error is not None and "cannot be read" in result.error


@pytest.mark.parametrize(
    ("sizes", "error"),
    [("[4, 0, 0]", "not whole"), ("[2, 0, 0]", None), ("[-1, 0, 3]", "not whole"),
     ('{"a": 1}', "not whole"), ("[2.0, 0, 0]", "not whole")],
)  # fmt: skip
def test_an_answer_must_be_as_long_as_it_says(sizes: str, error: str | None) -> None:
    result = _read_checked(sizes.encode() + b"\n{}")
    assert (result.error is None) == (error is None)
    assert error is None or error in str(result.error)


def test_a_warm_answer_is_quick(snapshot: Path) -> None:
    code = body('return in_region(recording, "animal1", "left")')
    run_code(code, snapshot)
    best = min(run_code(code, snapshot).seconds for _ in range(3))
    assert best < 4  # about 0.9 s on an idle machine; tests share theirs


@pytest.mark.parametrize(
    "code",
    [
        body("return open('x')"),
        body("import os", "return 1"),
        body("return recording.tracks"),
        body("return recording.__class__"),
        body("return (lambda: 1)()"),
        body("return np.load('x', allow_pickle=True)"),
        body("return eval('1')"),
        body("while True:", "    continue"),
    ],
)
def test_planner_code_may_only_call_the_vocabulary(code: str) -> None:
    with pytest.raises(QueryError):
        check_code(code)
