"""Run analysis code in a process of its own, with limits, and check what comes back.

What it does today: a separate Python process (isolated mode) with a clean environment, so that no
key or token is inherited; limits on time, memory, file size and open files; a temporary folder of
its own; the whole process group is killed when the time is over; results come back as JSON and
Arrow, checked for size and shape, never as pickle. The study's database is not handed to it, only
a read-only copy of one video's data.

What it does not do today: it does not confine what the code may read or reach. Analysis code runs
with your rights, can read your files, write where you may write and open network connections. Run
only code you would run yourself. The planner's own code is also checked by `check_code` to call
nothing but the vocabulary.
"""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from llm_query.errors import QueryError

RESULT_MB = 256  # of each file that comes back
BOOT = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); "
    "from llm_query.runner import main; sys.exit(main())"
)
KEPT_VARIABLES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
BOUT_COLUMNS = ("subject", "start_frame", "stop_frame")


@dataclass
class Result:
    """What one run gave: either `error`, or bouts, a table, numbers, a figure, a sentence."""

    bouts: pd.DataFrame = field(default_factory=pd.DataFrame)
    table: pd.DataFrame | None = None
    numbers: dict[str, float | None] = field(default_factory=dict)
    figure: dict[str, Any] | None = None
    text: str = ""
    error: str | None = None
    seconds: float = 0.0


def run_code(
    code: str,
    snapshot: Path | str,
    timeout_s: float = 60.0,
    memory_mb: int = 2048,
    *,
    prepare: Callable[[], object] | None = None,
) -> Result:
    """Run `analyse(recording)` from `code` on a snapshot folder.

    timeout_s: wall and CPU seconds. memory_mb: address space in MB (on Linux). prepare: writes the
    snapshot; called while the process starts, which takes 0.2 s. Errors of the analysis
    are in `Result.error`, they do not raise.
    """
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ethoscribe-") as folder:
        work = Path(folder)
        out = work / "out"
        out.mkdir()
        (work / "analysis.py").write_text(code, encoding="utf-8")
        ended = _run_process(work, Path(snapshot).resolve(), timeout_s, memory_mb, prepare)
        result = Result(error=ended) if ended else _read_checked(out)
    result.seconds = time.monotonic() - started
    return result


def _run_process(
    work: Path,
    snapshot: Path,
    timeout_s: float,
    memory_mb: int,
    prepare: Callable[[], object] | None,
) -> str | None:
    """Start the child and wait; give what went wrong with the process itself, if anything."""
    limits = json.dumps({"seconds": timeout_s, "memory_mb": memory_mb, "file_mb": RESULT_MB})
    root = Path(__file__).resolve().parents[1]
    command = [
        sys.executable, "-I", "-c", BOOT, str(root),
        str(snapshot), str(work / "analysis.py"), str(work / "out"), limits,
    ]  # fmt: skip
    with (work / "stderr").open("wb") as stderr:
        child = subprocess.Popen(
            command, cwd=work, env=clean_environment(work), stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=stderr, start_new_session=True,
        )  # fmt: skip
        with _lock:
            _running.add(child)
        try:
            if prepare:
                prepare()
            _release(child)
            code = child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return (
                f"The analysis took longer than {timeout_s:g} s and was stopped. Ask about a "
                "part of "
                "the recording, or simplify it."
            )
        finally:
            with _lock:
                _running.discard(child)
            _kill_group(child)
            _release(child)
    if code == 0:
        return None
    if code == -getattr(signal, "SIGXCPU", 24):
        return f"The analysis used more than {timeout_s:g} s of computing time and was stopped."
    last = (work / "stderr").read_bytes()[-2000:].decode("utf-8", "replace").strip().splitlines()
    said = f" ({last[-1]})" if last else ""
    return (
        f"The analysis process ended with code {code}{said}. It may have needed more than "
        f"{memory_mb} MB of memory."
    )


def _release(child: subprocess.Popen[bytes]) -> None:
    """Let the child begin: it waits for the end of its standard input."""
    if child.stdin:
        with suppress(BrokenPipeError):  # it has ended already
            child.stdin.close()


_running: set[subprocess.Popen[bytes]] = set()
_lock = threading.Lock()


def kill_running() -> None:
    """Kill every analysis that runs now, as when the person has pressed Ctrl-C."""
    with _lock:
        for child in _running:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    """Kill the child and everything it started; its own session makes them one group."""
    with suppress(ProcessLookupError, PermissionError):  # the group may be gone already
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def clean_environment(work: Path) -> dict[str, str]:
    """Give the child's whole environment: what Python needs and nothing else."""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
    return kept | threads | {
        "PATH": os.defpath, "LANG": "C.UTF-8", "HOME": str(work), "TMPDIR": str(work),
        "ARROW_DEFAULT_MEMORY_POOL": "system",
    }  # fmt: skip


# results


def _read_checked(out: Path) -> Result:
    """Read what the child wrote; anything unexpected is an error, not a crash."""
    try:
        return _read(out)
    except (QueryError, OSError, ValueError) as error:
        return Result(error=f"The result of the analysis cannot be read: {error}")


def _read(out: Path) -> Result:
    said = json.loads(_file(out / "result.json").read_text(encoding="utf-8"))
    if not isinstance(said, dict):
        raise QueryError("result.json is not an object.")
    if said.get("error"):
        return Result(error=str(said["error"]))
    numbers, figure = said.get("numbers") or {}, said.get("figure")
    if not isinstance(numbers, dict) or not isinstance(figure, dict | None):
        raise QueryError("numbers or figure have the wrong shape.")
    if any(isinstance(v, bool) or not isinstance(v, int | float | None) for v in numbers.values()):
        raise QueryError("a number is not a number.")
    bouts = _table(out / "bouts.arrow")
    if bouts is not None:
        _check_bouts(bouts)
    return Result(
        bouts=pd.DataFrame() if bouts is None else bouts,
        table=_table(out / "table.arrow"),
        numbers=numbers,
        figure=figure,
        text=str(said.get("text") or "")[:10_000],
    )


def _file(path: Path) -> Path:
    if path.is_symlink() or not path.is_file():
        raise QueryError(f"{path.name} is missing.")
    if path.stat().st_size > RESULT_MB << 20:
        raise QueryError(f"{path.name} is larger than {RESULT_MB} MB. Return fewer rows.")
    return path


def _table(path: Path) -> pd.DataFrame | None:
    import pyarrow as pa
    import pyarrow.feather

    if not path.exists():
        return None
    table = pyarrow.feather.read_table(str(_file(path)), memory_map=False)
    plain = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_string)
    for column in table.schema:
        if not any(test(column.type) for test in plain):
            raise QueryError(f"column {column.name} of {path.name} is a {column.type}.")
    frame = table.to_pandas()
    texts = [column.name for column in table.schema if pa.types.is_string(column.type)]
    for name in texts:
        frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    return frame


def _check_bouts(bouts: pd.DataFrame) -> None:
    missing = [name for name in BOUT_COLUMNS if name not in bouts]
    if missing:
        raise QueryError(f"the bouts have no column {', '.join(missing)}.")
    start, stop = bouts["start_frame"], bouts["stop_frame"]
    if len(bouts) and (start.dtype.kind not in "iu" or stop.dtype.kind not in "iu"):
        raise QueryError("start_frame and stop_frame must be whole numbers.")
    if len(bouts) and bool(((start < 0) | (stop < start)).any()):
        raise QueryError("a bout stops before it starts.")


# the planner's own code

ALLOWED_NODES = (
    ast.Module, ast.FunctionDef, ast.arguments, ast.arg, ast.Expr, ast.Constant, ast.Assign,
    ast.For,
    ast.If, ast.Continue, ast.Return, ast.Name, ast.Load, ast.Store, ast.Call, ast.keyword,
    ast.Attribute, ast.List, ast.Tuple, ast.Dict, ast.ListComp, ast.DictComp, ast.comprehension,
    ast.JoinedStr, ast.FormattedValue, ast.BinOp, ast.BitAnd, ast.BitOr, ast.Div, ast.Sub, ast.Add,
    ast.UnaryOp, ast.Invert, ast.USub, ast.Compare, ast.Eq, ast.NotEq, ast.In, ast.Subscript,
    ast.Slice, ast.Starred,
)  # fmt: skip
ALLOWED_BUILTINS = frozenset({"enumerate", "float"})
ALLOWED_METHODS = frozenset(
    """append named within any_target then at_least at_most first last position hypot items to_numpy
    setdefault""".split()  # noqa: SIM905 (reads better than a column of names)
)
ALLOWED_ATTRIBUTES = ALLOWED_METHODS | frozenset(
    ("animals", "fps", "duration_s", "unit", "T", "behaviour")
)


def check_code(code: str) -> None:
    """Make sure that planner code only calls the vocabulary and methods of bouts.

    >>> check_code("def analyse(recording):\\n    return open('x')")
    Traceback (most recent call last):
    llm_query.errors.QueryError: The analysis calls open, which is not part of the vocabulary.
    """
    from llm_query import vocabulary

    words = set(vocabulary.scope())
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ALLOWED_NODES):
            raise QueryError(
                f"The analysis uses {type(node).__name__}, which planner code never does."
            )
        if isinstance(node, ast.Attribute) and node.attr not in ALLOWED_ATTRIBUTES:
            raise QueryError(
                f"The analysis uses .{node.attr}, which is not part of the vocabulary."
            )
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id not in words | ALLOWED_BUILTINS:
                raise QueryError(
                    f"The analysis calls {called.id}, which is not part of the vocabulary."
                )
            if isinstance(called, ast.Attribute) and called.attr not in ALLOWED_METHODS:
                raise QueryError(f"The analysis calls .{called.attr}(), which is not allowed.")
