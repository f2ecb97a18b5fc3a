"""What a test of the browser gets when it fails: one more run, alone, and its name in the log."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
SOMETIMES = """
from pathlib import Path

def test_sometimes():
    before = Path("ran").exists()
    Path("ran").touch()
    assert before or {passes}

def test_always():
    assert Path("ran").exists()
"""


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    script = REPOSITORY / "tests" / "browser" / "second_chance.py"
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, str(script), "-p", "no:cacheprovider", "."]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # half the seconds
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_what_passes_when_it_runs_again_alone_is_named_and_lets_the_whole_pass(
    tmp_path: Path,
) -> None:
    (tmp_path / "test_one.py").write_text(SOMETIMES.format(passes=False))
    (tmp_path / "test_two.py").write_text("def test_other():\n    pass\n")
    done = run(tmp_path)
    assert done.returncode == 0
    first, second = done.stdout.split("Once more, alone: test_one.py\n")
    assert "1 failed, 2 passed" in first and "2 passed" in second  # the whole file, no other
    assert second.splitlines()[-1] == "flaky: test_one.py::test_sometimes"


@pytest.mark.parametrize(("files", "again"), [(1, True), (5, False)])
def test_what_fails_again_or_in_many_files_fails(tmp_path: Path, files: int, again: bool) -> None:
    for number in range(files):
        (tmp_path / f"test_{number}.py").write_text("def test_never():\n    assert False\n")
    done = run(tmp_path)
    assert done.returncode == 1
    assert ("failed, and its files fail again: test_0.py::test_never" in done.stdout) == again
    assert "flaky" not in done.stdout
