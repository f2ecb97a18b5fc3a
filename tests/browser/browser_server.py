"""Start the real server in a process of its own, and one browser to look at them all with."""

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from required import required

if TYPE_CHECKING:
    from playwright import sync_api as playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WAIT_MS = 60_000  # a busy machine is slow, not wrong
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


_running: dict[str, Any] = {}


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


def shared_browser(browser_file: str) -> "playwright.Browser":
    """The one Chromium of this process: a file's pages are apart by a context of their own."""
    if not _running:
        _running["driver"] = required("playwright.sync_api").sync_playwright().start()
    if "browser" not in _running or not _running["browser"].is_connected():
        launch = _running["driver"].chromium.launch
        _running["browser"] = launch(executable_path=browser_file, args=QUIET)
    return _running["browser"]


def close_browser() -> None:
    """End the Chromium of this process, if there is one."""
    for name, end in (("browser", "close"), ("driver", "stop")):
        if name in _running:
            getattr(_running.pop(name), end)()


@contextmanager
def context_of(browser_file: str, **options: Any) -> Iterator["playwright.BrowserContext"]:
    """A context of a laptop's size, in which nothing fades in and out: each frame is computed."""
    wanted = {"viewport": {"width": 1366, "height": 768}, "reduced_motion": "reduce"} | options
    with shared_browser(browser_file).new_context(**wanted) as context:
        context.set_default_timeout(WAIT_MS)
        yield context


def watched_page(context: "playwright.BrowserContext") -> "playwright.Page":
    """A new page whose script errors are in `troubles`."""
    page = context.new_page()
    page.troubles = []
    page.on("pageerror", lambda error: page.troubles.append(str(error)))
    return page


@contextmanager
def opened(
    browser_file: str, study: Path, address: str | None, **options: Any
) -> Iterator["playwright.Page"]:
    """A page on a server of its own, at an address unless that is None."""
    with served(study) as url, context_of(browser_file, base_url=url, **options) as context:
        page = watched_page(context)
        if address is not None:
            page.goto(f"{url}/{address}")
        yield page


class Expected:
    """What is expected of an element, once it is there.

    Playwright describes the whole page in words after every look that finds nothing, which takes
    as long as the page's own work: it is first waited for without that.
    """

    def __init__(self, locator: "playwright.Locator") -> None:
        self._locator = locator
        self._assertions = required("playwright.sync_api").expect(locator)

    def __getattr__(self, name: str) -> Any:
        check = getattr(self._assertions, name)
        if name.startswith("not_") or name in ("to_have_count", "to_be_hidden"):
            return check
        state = "visible" if name == "to_be_visible" else "attached"

        def wait_and_check(*given: Any, timeout: float = WAIT_MS, **more: Any) -> None:
            with suppress(required("playwright.sync_api").TimeoutError):
                self._locator.first.wait_for(state=state, timeout=timeout)
            check(*given, timeout=timeout, **more)

        return wait_and_check


def expect(locator: "playwright.Locator") -> Any:
    """Playwright's expect(), for a machine that has better things to do."""
    return Expected(locator)


def at_rest(page: "playwright.Page") -> None:
    """Wait until the page has run to its end: what is clicked next stays where it is."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def drawn(page: "playwright.Page", x: float, bout: str) -> None:
    """Wait until a bout is at this place of the timeline's first row: it comes after the video."""
    end = time.monotonic() + WAIT_MS / 1000
    while not (page.locator(".tip").text_content() or "").startswith(bout):
        assert time.monotonic() < end, f"{bout} is not at {x} px of the timeline"
        for near in (x - 1, x):
            page.locator(".timeline").hover(position={"x": near, "y": 9})
        page.wait_for_timeout(50)


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
