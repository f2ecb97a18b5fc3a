"""Fixtures that many tests share."""

import os
from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings; without it the test is skipped, and on CI it fails."""
    if not SHARED_DATA.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"{SHARED_DATA} is missing: the tests on real recordings must run on CI")
        pytest.skip(f"real recordings are not at {SHARED_DATA}")
    return SHARED_DATA
