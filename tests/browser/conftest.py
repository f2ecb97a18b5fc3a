"""The browser that these tests drive."""

import pytest
from browser_server import chromium
from required import missing


@pytest.fixture(scope="session")
def browser_file() -> str:
    """Where Chromium is; without it the test is skipped, and on CI it fails."""
    found = chromium()
    if found is None:
        missing("no Chromium on this machine: run sh tests/browser/install.sh")
    return found
