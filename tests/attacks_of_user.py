"""Run every attack of test_confinement.py in the folder that is given, as whoever runs this.

Several at once, and those that leave their process whole some in one process; what is left of
them outside is looked at in the end.
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from test_confinement import (
    ALONE,
    ATTACKS,
    PARTS,
    SECRET,
    attempt,
    attempt_all,
    content,
    left_behind,
    open_world,
)

from llm_query.confinement import confinement
from llm_query.examples import write_example
from llm_query.sandbox import run_code, self_test

AT_ONCE = 3


def main(home: Path) -> None:
    """Print who tried, how many attacks, and that all were blocked; an AssertionError otherwise."""
    (home / "outside").mkdir()
    copy = write_example(home / "snapshot")
    assert confinement().complete, confinement().why
    with open_world(home / "outside") as world, ThreadPoolExecutor(AT_ONCE) as pool:
        before = content(world.folder), content(copy)
        assert self_test() == []
        benign = run_code("def analyse(recording):\n    return float(np.arange(4).sum())", copy)
        assert benign.numbers == {"value": 6.0}, benign.error
        told = "".join(pool.map(lambda name: attempt(name, world, copy), ALONE))
        told += "".join(pool.map(lambda names: attempt_all(names, world, copy), PARTS))
        assert SECRET not in told
        assert before == (content(world.folder), content(copy))
        time.sleep(0.1)
        assert world.heard == []
        assert left_behind(world) == []
    sys.stdout.write(f"{os.getuid()} {len(ATTACKS)} blocked\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
