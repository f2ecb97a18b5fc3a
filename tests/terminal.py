"""Running `ethoscribe` in tests as a person does: with arguments, output and a status.

`ethoscribe` starts a process, for tests of what processes do; `here` runs the same command in this
one, which says the same and spares the second that a process takes to start.
"""

import contextlib
import os
import subprocess
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app
from llm_query import sandbox

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    status: int
    out: str
    err: str

    @property
    def error_lines(self) -> list[str]:
        """The lines that say what went wrong."""
        return [line for line in self.err.splitlines() if line.startswith("Error:")]

    def says_one_clear_line(self) -> bool:
        """Whether all that is said is one error line, without the insides of the program."""
        lines = [line for line in self.err.splitlines() if line.strip()]
        return len(lines) == 1 and lines == self.error_lines and "Traceback" not in self.err


def command(*arguments: object) -> list[str]:
    """The command line of a process that runs `ethoscribe`."""
    return [sys.executable, "-m", "app.cli", *map(str, arguments)]


def environment(**more: str) -> dict[str, str]:
    """The environment of a person who has no model endpoint and a plain terminal."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_", "ETHOSCRIBE_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "100", "NO_COLOR": "1", **more}


def ethoscribe(*arguments: object, cwd: Path | None = None, timeout_s: float = 120) -> Ended:
    """Run one command to its end."""
    ended = subprocess.run(
        command(*arguments),
        cwd=cwd or ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=timeout_s,
        stdin=subprocess.DEVNULL,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def here(*arguments: object, cwd: Path | None = None) -> Ended:
    """Run one command to its end in this process; an error nobody foresaw is told as Python does.

    It sees the environment of a person, and leaves no process that waits for the next analysis.
    """
    with pytest.MonkeyPatch.context() as patched, contextlib.chdir(cwd or ROOT):
        for name in set(os.environ) - set(environment()):
            patched.delenv(name)
        patched.setenv("COLUMNS", "100")
        patched.setenv("NO_COLOR", "1")
        result = CliRunner().invoke(app, [*map(str, arguments)], prog_name="ethoscribe")
    sandbox.keep_ready(0)
    err = result.stderr
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        err += "".join(traceback.format_exception(result.exception))
    return Ended(result.exit_code, result.stdout, err)
