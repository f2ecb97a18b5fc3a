"""Running `ethoscribe` in tests as a person does: a process with arguments, output and a status."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

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
