"""The browser that these tests drive."""

from collections.abc import Iterator

import pytest
from browser_server import WAIT_MS, chromium, close_browser
from required import missing, required


@pytest.fixture(scope="session")
def browser_file() -> Iterator[str]:
    """Where Chromium is; without it the test is skipped, and on CI it fails."""
    found = chromium()
    if found is None:
        missing("no Chromium on this machine: run sh tests/browser/install.sh")
    expect = required("playwright.sync_api").expect
    expect.set_options(timeout=WAIT_MS)
    yield found
    close_browser()
