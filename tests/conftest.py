"""Fixtures that many tests share."""

import signal
from pathlib import Path

import pytest
from required import missing

LONGEST = (  # by measured seconds
    "test_journey", "test_asking", "test_scoring_keys", "test_setting_up", "test_reviewing",
    "test_walk", "test_signing_in", "test_exact_frames", "test_long_video", "test_results_seen",
    "test_confinement", "test_kill_and_resume", "test_learning", "test_real_recordings",
    "test_conversation", "test_tracking_job", "test_demo", "test_several_arenas", "test_segmenting",
)  # fmt: skip
SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_configure() -> None:
    """Let processes that tests start be interrupted, however the tests themselves were started.

    A shell starts what it puts in the background with interrupts ignored, and that is inherited.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest: several processes then end at about the same time."""
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(place)))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings; without it the test is skipped, and on CI it fails."""
    if not SHARED_DATA.is_dir():
        missing(f"the real recordings are not at {SHARED_DATA}")
    return SHARED_DATA
