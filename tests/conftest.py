"""Fixtures that many tests share."""

from pathlib import Path

import pytest
from required import missing

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings; without it the test is skipped, and on CI it fails."""
    if not SHARED_DATA.is_dir():
        missing(f"the real recordings are not at {SHARED_DATA}")
    return SHARED_DATA
