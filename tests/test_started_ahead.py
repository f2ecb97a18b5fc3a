"""The process of an analysis may be started before it is known what it will run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from llm_query import sandbox

PROGRAM = """
from llm_query import sandbox
sandbox.start_ahead()
print(sandbox._waiting[0].folder)
"""


def test_the_next_analysis_takes_the_process_that_was_started_ahead() -> None:
    before = sandbox.ready()
    sandbox.start_ahead()
    assert sandbox.ready() == before + 1
    taken = sandbox._take(sandbox.MEMORY_MB)
    try:
        assert sandbox.ready() == before and taken.child.pid
    finally:
        taken.close()


def test_a_process_that_was_not_needed_goes_with_its_folder() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    folder = done.stdout.strip()
    assert done.returncode == 0 and "ethoscribe-" in folder, done.stderr
    assert not Path(folder).exists()
