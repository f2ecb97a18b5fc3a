"""Start the real server in a process of its own, and find a browser to look at it with."""

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from required import required

if TYPE_CHECKING:
    from playwright import sync_api as playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WAIT_MS = 30_000
REPOSITORY = Path(__file__).parents[2]
QUIET = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def chromium() -> str | None:
    """The browser of this machine, if there is one."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def served(study: Path) -> Iterator[str]:
    """Run `ethoscribe ui` for a study and give its address."""
    port = free_port()
    server = start_server(study, port)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


@contextmanager
def opened(browser_file: str, study: Path, address: str) -> Iterator["playwright.Page"]:
    """A page of a laptop's size on a server of its own; its script errors are in `troubles`."""
    driving = required("playwright.sync_api").sync_playwright()
    with served(study) as url, driving as driver:
        browser = driver.chromium.launch(executable_path=browser_file, args=QUIET)
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        page.set_default_timeout(WAIT_MS)
        page.troubles = []
        page.on("pageerror", lambda error: page.troubles.append(str(error)))
        page.goto(f"{url}/{address}")
        yield page
        browser.close()


def start_server(study: Path, port: int) -> subprocess.Popen[bytes]:
    """Run `ethoscribe ui` at a port and wait until it answers."""
    log_file = study.parent / "server.log"
    command = [sys.executable, "-m", "app.cli", "ui", "-s", str(study), "--port", str(port)]
    with log_file.open("wb") as log:
        server = subprocess.Popen(command, cwd=REPOSITORY, stdout=log, stderr=log)
    wait_for(server, port, log_file)
    return server


def wait_for(server: subprocess.Popen[bytes], port: int, log_file: Path) -> None:
    """Wait until a server that was started answers at its port."""
    for _ in range(300):
        if server.poll() is not None:
            raise RuntimeError(log_file.read_text())
        if answers(f"http://127.0.0.1:{port}/_stcore/health"):
            break
        time.sleep(0.2)


def answers(url: str) -> bool:
    """Whether a server answers at this address."""
    try:
        urllib.request.urlopen(url, timeout=1).close()
    except OSError:
        return False
    return True
