"""Run tests in a real browser; files in which one fails run once more, whole and alone.

A busy machine can make a click come at the wrong moment. What fails twice, or in many files, is
broken; what passes the second time is named "flaky", so that it is mended and not forgotten. All
arguments go to pytest: python -m tests.browser.second_chance -n 2 tests/browser
"""

import subprocess
import sys

import pytest

MOST_FILES = 4  # that fail: more is no accident


class Failures:
    """The tests that failed, as pytest tells them, from whichever process."""

    def __init__(self) -> None:
        self.tests: dict[str, None] = {}  # in the order in which they failed

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.tests[report.nodeid] = None

    @property
    def files(self) -> list[str]:
        return sorted({test.split("::")[0] for test in self.tests})


def main(asked: list[str]) -> int:
    """Run everything, then what failed once more; the second outcome decides."""
    failures = Failures()
    status = pytest.main(asked, plugins=[failures])
    if status != pytest.ExitCode.TESTS_FAILED or not 0 < len(failures.files) <= MOST_FILES:
        return int(status)
    files = failures.files
    tell(f"Once more, alone: {', '.join(files)}")
    status = subprocess.run([sys.executable, "-m", "pytest", "-rs", *files]).returncode
    for test in failures.tests:
        tell(f"flaky: {test}" if status == 0 else f"failed, and its files fail again: {test}")
    return status


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
