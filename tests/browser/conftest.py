"""The browser that these tests drive."""

import pytest
from browser_server import chromium
from required import missing, required


@pytest.fixture(scope="session")
def browser_file() -> str:
    """Where Chromium is; without it the test is skipped, and on CI it fails."""
    found = chromium()
    if found is None:
        missing("no Chromium on this machine: run sh tests/browser/install.sh")
    expect = required("playwright.sync_api").expect
    expect.set_options(timeout=30_000)  # a busy machine is slow, not wrong
    return found
