"""Every step and jump shows exactly the frame it names: read from the picture on the screen.

Each frame of these films carries its own number as a row of black and white squares.
"""

import random
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from browser_server import QUIET, served
from required import required

from app import library

playwright = required("playwright.sync_api")

pytestmark = [pytest.mark.browser, pytest.mark.slow]
FRAMES, SQUARE, BITS = 150, 32, 8
READ = """() => {
  const all = [...document.querySelectorAll('*')];
  const root = all.find((element) => element.shadowRoot?.querySelector('.overlay')).shadowRoot;
  const image = [...root.querySelectorAll('.stage video, .stage img')].find((one) => !one.hidden);
  const canvas = new OffscreenCanvas(256, 64);
  const pen = canvas.getContext('2d');
  pen.drawImage(image, 0, 0, 256, 64);
  let number = 0;
  for (let bit = 0; bit < 8; bit++) {
    if (pen.getImageData(bit * 32 + 16, 32, 1, 1).data[0] > 128) number += 1 << bit;
  }
  return number;
}"""


def film(
    path: Path, time_of: Callable[[int], Fraction], codec: str = "libx264", **options: str
) -> Path:
    """Encode numbered frames at the given times (s)."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=30)
        stream.width, stream.height, stream.pix_fmt = BITS * SQUARE, 64, "yuv420p"
        base = Fraction(1, 30 if codec == "mpeg4" else 30000)
        stream.time_base = stream.codec_context.time_base = base
        stream.options = options
        for n in range(FRAMES):
            row = np.repeat([255 * (n >> bit & 1) for bit in range(BITS)], SQUARE)
            gray = np.broadcast_to(row[None, :, None], (64, BITS * SQUARE, 3)).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(gray), "rgb24")
            frame.pts, frame.time_base = int(time_of(n) / base), base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def ntsc(n: int) -> Fraction:
    return Fraction(1001 * n, 30000)


def uneven(n: int) -> Fraction:
    """Frames that last 20 to 100 ms, without a pattern."""
    lengths = random.Random(3).choices([600, 1000, 1500, 3000], k=FRAMES)
    return Fraction(sum(lengths[:n]), 30000)


FILMS: dict[str, Callable[[Path], Path]] = {
    "long_gop": lambda home: film(home / "long_gop.mp4", ntsc, g="250", bf="3"),
    "short_gop": lambda home: film(home / "short_gop.mp4", ntsc, g="15", bf="0"),
    "uneven": lambda home: film(home / "uneven.mp4", uneven, g="60", bf="2"),
    "late": lambda home: film(home / "late.mp4", lambda n: ntsc(n) + Fraction(1, 2), bf="2"),
    "old": lambda home: film(home / "old.avi", lambda n: Fraction(n, 30), codec="mpeg4"),
}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("films")
    for make in FILMS.values():
        library.add(home / "study", make(home))
    with served(home / "study") as url:
        yield url


@pytest.fixture(scope="module")
def page(browser_file: str) -> Iterator["playwright.Page"]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_file, args=QUIET)
        yield browser.new_page(viewport={"width": 1366, "height": 768})
        browser.close()


def settle(page: "playwright.Page", frame: int) -> int:
    """Wait until the player says it shows `frame`, then read the number in the picture."""
    player = page.locator(".player")
    playwright.expect(player).to_have_attribute("data-frame", str(frame), timeout=20_000)
    page.wait_for_timeout(60)
    return page.evaluate(READ)


@pytest.mark.parametrize("name", FILMS)
def test_the_picture_is_the_frame_that_was_asked_for(
    page: "playwright.Page", address: str, name: str
) -> None:
    page.goto(f"{address}/watch?video={name}")
    state = re.compile("paused|playing")
    playwright.expect(page.locator(".player")).to_have_attribute(
        "data-state", state, timeout=60_000
    )
    wanted = random.Random(7).sample(range(FRAMES), 25)
    shown = []
    for frame in wanted:
        page.get_by_label("Go to frame").fill(str(frame))
        page.get_by_label("Go to frame").press("Enter")
        shown.append(settle(page, frame))
    assert shown == wanted
    for _ in range(3):
        page.keyboard.press(".")
    assert settle(page, min(wanted[-1] + 3, FRAMES - 1)) == min(wanted[-1] + 3, FRAMES - 1)


def test_a_film_that_no_browser_plays_says_so_and_plays_as_pictures(
    page: "playwright.Page", address: str
) -> None:
    page.goto(f"{address}/watch?video=old&frame=3")
    playwright.expect(page.get_by_text("No browser can play this file")).to_be_visible()
    player = page.locator(".player")
    playwright.expect(player).to_have_attribute("data-frame", "3")
    page.keyboard.press(" ")
    playwright.expect(player).to_have_attribute("data-state", "playing")
    playwright.expect(player).to_have_attribute("data-frame", str(FRAMES - 1), timeout=30_000)
    playwright.expect(player).to_have_attribute("data-state", "paused")
    assert settle(page, FRAMES - 1) == FRAMES - 1
