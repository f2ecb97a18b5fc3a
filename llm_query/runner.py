"""The child process that runs one analysis on one snapshot and says what it returns.

Started by `llm_query.sandbox` as `python -I` in the folder it may read. It gets one line of JSON
with its limits and the names of the snapshot and the code, and answers on standard output: a line
of JSON, then the bouts and the table as Arrow. It writes no file, and nothing is ever pickled.
"""

from __future__ import annotations

import json
import linecache
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from llm_query.columns import Later

FILENAME = "analysis"


class Lazy:
    """A module that is imported when analysis code first uses it (plotly takes a second)."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(self._name), attribute)


def scope() -> dict[str, Any]:
    """Give the names analysis code sees: the vocabulary, np, pd and go."""
    from llm_query import vocabulary
    from llm_query.bouts import Bouts
    from llm_query.errors import QueryError

    names: dict[str, Any] = {
        "np": Lazy("numpy"), "pd": Lazy("pandas"), "go": Lazy("plotly.graph_objects"),
        "Bouts": Bouts, "QueryError": QueryError, "__name__": FILENAME,
    }  # fmt: skip
    return names | vocabulary.scope()


def load_analysis(code: str) -> Callable[..., Any]:
    """Compile analysis code and give its function analyse(recording)."""
    from llm_query.errors import QueryError

    names = scope()
    linecache.cache[FILENAME] = (len(code), None, code.splitlines(keepends=True), FILENAME)
    exec(compile(code, FILENAME, "exec"), names)
    analyse = names.get("analyse")
    if not callable(analyse):
        raise QueryError(
            "The analysis has no function analyse(recording). Define it and try again."
        )
    return analyse


def explain(error: BaseException) -> str:
    """Say an error in one or two lines, with the analysis code's own line only."""
    from llm_query.errors import QueryError

    if isinstance(error, QueryError):
        return str(error)
    if isinstance(error, SyntaxError):
        line = (error.text or "").strip()
        return f"The analysis is not valid Python, line {error.lineno}: {error.msg}. {line}".strip()
    if isinstance(error, MemoryError):
        return "The analysis needs more memory than it may use. Look at fewer frames at once."
    lines = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == FILENAME]
    where = f" (line {lines[-1].lineno} of the analysis: {lines[-1].line})" if lines else ""
    return f"{type(error).__name__}: {error}{where}"


def _failure(error: BaseException) -> dict[str, Any]:
    """What is said of an error, and whether the vocabulary itself says what is missing."""
    from llm_query.errors import QueryError

    return {"error": explain(error)[:4000], "stated": isinstance(error, QueryError)}


def sort_results(returned: Any, recording: Any) -> dict[str, Any]:
    """Sort what analyse returned by type into bouts, table, numbers, figure and text."""
    from llm_query.columns import Result

    found = Result(bouts=None, table=None, numbers={}, figure=None, text="")
    parts = returned if isinstance(returned, dict) and not is_figure(returned) else {"": returned}
    for name, value in _raw(parts).items():
        _place(found, str(name), value, recording)
    return found


def is_figure(value: Any) -> bool:
    """Tell whether a value is a plotly figure or its JSON."""
    plain = isinstance(value, dict) and "data" in value and "layout" in value
    return plain or hasattr(value, "to_plotly_json")


def _place(found: dict[str, Any], name: str, value: Any, recording: Any) -> None:
    import numpy as np

    from llm_query.bouts import Bouts
    from llm_query.columns import Later
    from llm_query.errors import QueryError

    if value is None:
        return
    if isinstance(value, Bouts) or _several(value):
        _take_bouts(found, value)
    elif is_figure(value):
        found["figure"] = value if isinstance(value, dict) else json.loads(value.to_json())
    elif isinstance(value, Later) or _is_frame(value):
        frames = {"subject", "start_frame", "stop_frame"} <= set(value.columns)
        found["bouts" if frames else "table"] = value
    elif isinstance(value, str):
        found["text"] = value
    elif isinstance(value, dict):
        for inner, number in _raw(value).items():
            _place(found, str(inner), number, recording)
    elif isinstance(value, bool | int | float | np.number | np.bool_):
        whole = isinstance(value, int) and not isinstance(value, bool)
        found["numbers"][name or "value"] = value if whole else float(value)
    elif isinstance(value, np.ndarray) and value.shape == (recording.n_frames,):
        frame = {"frame": np.arange(len(value)), "time_s": recording.time_s, name or "value": value}
        found["table"] = import_module("pandas").DataFrame(frame)
    else:
        raise QueryError(
            f"analyse() returned {type(value).__name__}{f' as {name!r}' if name else ''}. Return "
            "bouts, a table (DataFrame), numbers, a figure, or a dict of them."
        )


def _raw(values: dict[str, Any]) -> dict[str, Any]:
    """The values of a dict, tables that nobody has looked at left as they are."""
    from llm_query.columns import Result

    return values.raw() if isinstance(values, Result) else values


def _is_frame(value: Any) -> bool:
    """Whether a value is a DataFrame; while pandas is not imported, nothing is."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.DataFrame)


def _several(value: Any) -> bool:
    from llm_query.bouts import Bouts

    return (
        isinstance(value, list | tuple) and bool(value) and all(isinstance(v, Bouts) for v in value)
    )


def _take_bouts(found: dict[str, Any], value: Any) -> None:
    from llm_query.results import summarise

    result = summarise(value).raw()
    found["bouts"] = result["bouts"]
    if found["table"] is None:
        found["table"] = result["table"]
    found["numbers"] = result["numbers"] | found["numbers"]
    found["text"] = found["text"] or result["text"]


def table_bytes(table: Later | pd.DataFrame | None) -> bytes:
    """A table as an Arrow stream, b"" for none; columns that are not numbers become text."""
    from llm_query.columns import Later, as_bytes

    if table is None:
        return b""
    if isinstance(table, Later):
        return as_bytes(table.columns, stream=True)
    columns = {}
    for name in table.columns:
        values = table[name]
        plain = values.dtype.kind in "ifub"
        columns[str(name)] = values.to_numpy() if plain else values.astype(object).to_numpy()
    return as_bytes(columns, stream=True)


def run(snapshot: Path, code: str) -> list[bytes]:
    """Run the analysis on the snapshot; the parts of its answer: JSON, bouts, table."""
    from llm_query.recording import Recording

    recording = Recording.load(snapshot)
    found = _raw(sort_results(load_analysis(code)(recording), recording))
    tables = [table_bytes(found[name]) for name in ("bouts", "table")]
    result = {key: found[key] for key in ("numbers", "figure", "text")}
    return [json.dumps(_plain(result)).encode(), *tables]


def _plain(value: Any) -> Any:
    """Make a value plain JSON: NaN and infinity become null, numpy numbers become numbers."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return str(value)


def main(wishes: Sequence[str] = ()) -> int:
    """Wait for the one line that says what to run, run it, answer on standard output.

    wishes: "confined" where this process is to give up the network before anything else.
    """
    if "confined" in wishes:
        import_module("llm_query.shut_door").shut_network()
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the analysis prints is not its answer
    scope()  # the slow imports, before anybody waits for them
    import_module("llm_query.snapshot")
    line = sys.stdin.readline()
    if not line:
        return 0  # nobody wants anything any more
    asked = json.loads(line)
    try:
        parts = run(Path(asked["snapshot"]), Path(asked["code"]).read_text(encoding="utf-8"))
    except (Exception, SystemExit) as error:  # noqa: BLE001 (analysis code may raise anything)
        parts = [json.dumps(_failure(error)).encode(), b"", b""]
    answer.write(f"{asked.get('mark', '')}{json.dumps([len(part) for part in parts])}\n".encode())
    for part in parts:
        answer.write(part)
    answer.close()
    return 0
