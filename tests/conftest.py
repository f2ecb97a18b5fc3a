"""Fixtures that many tests share."""

import signal
from pathlib import Path

import pytest
from required import missing

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_configure() -> None:
    """Let processes that tests start be interrupted, however the tests themselves were started.

    A shell starts what it puts in the background with interrupts ignored, and that is inherited.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings; without it the test is skipped, and on CI it fails."""
    if not SHARED_DATA.is_dir():
        missing(f"the real recordings are not at {SHARED_DATA}")
    return SHARED_DATA
