"""Every step and jump shows exactly the frame it names, with that frame's tracks drawn over it.

Each frame of these films carries its own number as a row of black and white squares, and the nose
of its animal stands at 10 px plus that number: both are read from the pixels on the screen.
"""

import random
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from browser_server import context_of, expect, served
from required import required
from storage_samples import point_shard, run_of, track_shard

from app import library
from storage.runs import ingest_run
from storage.study import open_study
from storage.videos import frame_times

playwright = required("playwright.sync_api")

pytestmark = [pytest.mark.browser, pytest.mark.slow]
FRAMES, SQUARE, BITS = 240, 32, 8
JUMPS = 200
# Jumps to every wanted frame inside the page and reads (picture, tracks) from what is shown.
JUMP = """async (wanted) => {
  const all = [...document.querySelectorAll('*')];
  const root = all.find((element) => element.shadowRoot?.querySelector('.overlay')).shadowRoot;
  const find = (selector) => root.querySelector(selector);
  const [player, jump, overlay] = ['.player', '.jump', '.overlay'].map(find);
  const still = find('.stage img');
  const small = new OffscreenCanvas(256, 64).getContext('2d', { willReadFrequently: true });
  const turn = () => new Promise((go) => requestAnimationFrame(() => setTimeout(go, 0)));
  const number = () => {
    small.drawImage(still.hidden ? find('video') : still, 0, 0, 256, 64);
    const row = small.getImageData(0, 32, 256, 1).data;
    let sum = 0;
    for (let bit = 0; bit < 8; bit++) if (row[(bit * 32 + 16) * 4] > 128) sum += 1 << bit;
    return sum;
  };
  const nose = () => {
    const top = Math.round((32.5 / 64) * overlay.height) - 6;
    const { data } = overlay.getContext('2d').getImageData(0, top, overlay.width, 12);
    let sum = 0, count = 0;
    for (let i = 0; i < data.length; i += 4) {
      if (data[i] + data[i + 1] + data[i + 2] + data[i + 3] < 1020) continue;
      sum += (i / 4) % overlay.width;
      count += 1;
    }
    return count ? Math.round((sum / count + 0.5) * (256 / overlay.width) - 10.5) : null;
  };
  const shown = [];
  for (const frame of wanted) {
    if (frame !== null) {
      jump.value = frame;
      jump.dispatchEvent(new Event('change'));
      const end = performance.now() + 30000;
      const there = () => [player, overlay].every((one) => one.dataset.frame === String(frame));
      while (!there() && performance.now() < end) await turn();
      await turn();
    }
    shown.push([number(), nose()]);
  }
  return shown;
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
    "constant": lambda home: film(
        home / "constant.mp4", lambda n: Fraction(n, 30), g="250", bf="3"
    ),
    "ntsc": lambda home: film(home / "ntsc.mp4", ntsc, g="15", bf="0"),
    "uneven": lambda home: film(home / "uneven.mp4", uneven, g="60", bf="2"),
    "late": lambda home: film(home / "late.mp4", lambda n: ntsc(n) + Fraction(1, 2), bf="2"),
    "old": lambda home: film(home / "old.avi", lambda n: Fraction(n, 30), codec="mpeg4"),
}


def track(study: Path, home: Path, video_id: int) -> None:
    """One animal that walks one pixel to the right with every frame."""
    with open_study(study, write=True) as opened:
        x_px = np.arange(FRAMES, dtype=float)[:, None]
        y_px = np.full_like(x_px, 32)
        tracks = track_shard(home / f"t{video_id}", x_px, y_px, frame_times(opened, video_id))
        points = point_shard(home / f"k{video_id}", x_px, y_px, ("nose",))
        run = run_of(f"run{video_id}", 1)
        ingest_run(opened, video_id, run, tracks=[tracks], masks=[], keypoints=[points])


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("films")
    for make in FILMS.values():
        video = library.add(home / "study", make(home))
        track(home / "study", home, video.video_id)
    with served(home / "study") as url:
        yield url


@pytest.fixture(scope="module")
def page(browser_file: str) -> Iterator["playwright.Page"]:
    with context_of(browser_file) as context:
        page = context.new_page()
        page.add_init_script(
            "localStorage.setItem('ethoscribe.show', JSON.stringify({masks: false, ids: false, "
            "trails: false, regions: false, points: true}))"
        )
        yield page


def open_film(page: "playwright.Page", address: str, name: str) -> "playwright.Locator":
    page.goto(f"{address}/annotate?video={name}")
    player = page.locator(".player")
    state = re.compile("paused|playing")
    expect(player).to_have_attribute("data-state", state, timeout=60_000)
    return player


@pytest.mark.parametrize("name", FILMS)
def test_picture_and_tracks_are_of_the_frame_that_was_asked_for(
    page: "playwright.Page", address: str, name: str
) -> None:
    player = open_film(page, address, name)
    jumps = {"late": 20, "old": 10}.get(name, JUMPS)
    wanted = random.Random(7).choices(range(FRAMES), k=jumps)
    shown = page.evaluate(JUMP, wanted)
    assert shown == [[frame, frame] for frame in wanted]
    player.focus()
    for _ in range(3):
        page.keyboard.press(".")
    last = min(wanted[-1] + 3, FRAMES - 1)
    expect(player).to_have_attribute("data-frame", str(last))
    page.wait_for_timeout(60)
    assert page.evaluate(JUMP, [None]) == [[last, last]]


def test_a_film_that_no_browser_plays_says_so_and_plays_as_pictures(
    page: "playwright.Page", address: str
) -> None:
    page.goto(f"{address}/annotate?video=old&frame=3")
    expect(page.get_by_text("No browser can play this file")).to_be_visible()
    player = page.locator(".player")
    expect(player).to_have_attribute("data-frame", "3")
    page.get_by_label("Playback speed").select_option("2")
    page.keyboard.press(" ")
    expect(player).to_have_attribute("data-state", "playing")
    expect(player).to_have_attribute("data-frame", str(FRAMES - 1), timeout=30_000)
    expect(player).to_have_attribute("data-state", "paused")
    page.wait_for_timeout(60)
    assert page.evaluate(JUMP, [None]) == [[FRAMES - 1, FRAMES - 1]]


def test_a_clip_plays_to_its_last_frame_and_stops_there(
    page: "playwright.Page", address: str
) -> None:
    page.goto(f"{address}/annotate?video=ntsc&frame=20&stop=50")
    player = page.locator(".player")
    expect(player).to_have_attribute("data-frame", "49", timeout=20_000)
    expect(player).to_have_attribute("data-state", "paused")
    page.wait_for_timeout(200)
    assert page.evaluate(JUMP, [None]) == [[49, 49]]


# The moment the first picture of a film that opens is there, goes to a frame, as an impatient
# person does; only afterwards the player would turn to the frame where it was left.
IMPATIENT = """(() => {
  const look = () => {
    const all = [...document.querySelectorAll('*')];
    const host = all.find((element) => element.shadowRoot?.querySelector('.player'));
    if (!host) { requestAnimationFrame(look); return; }
    const [player, jump] = ['.player', '.jump'].map((one) => host.shadowRoot.querySelector(one));
    const go = () => {
      if (player.dataset.state !== 'paused') return;
      seen.disconnect();
      jump.value = 77;
      jump.dispatchEvent(new Event('change'));
    };
    const seen = new MutationObserver(go);
    seen.observe(player, { attributes: true });
    go();
  };
  requestAnimationFrame(look);
})()"""


def test_a_jump_while_a_film_opens_is_not_lost(address: str, browser_file: str) -> None:
    with context_of(browser_file) as context:
        eager = context.new_page()
        eager.add_init_script(IMPATIENT)
        player = open_film(eager, address, "late")
        expect(player).to_have_attribute("data-frame", "77")
        eager.wait_for_timeout(700)
        assert eager.evaluate(JUMP, [None])[0][0] == 77
        expect(player).to_have_attribute("data-frame", "77")


def test_a_jump_while_a_film_plays_goes_there_and_stays(
    page: "playwright.Page", address: str
) -> None:
    player = open_film(page, address, "ntsc")
    for frame in (200, 33):
        page.keyboard.press("Home")
        expect(player).to_have_attribute("data-frame", "0")
        page.keyboard.press(" ")
        expect(player).to_have_attribute("data-state", "playing")
        assert page.evaluate(JUMP, [frame]) == [[frame, frame]]
        page.wait_for_timeout(500)
        assert page.evaluate(JUMP, [None]) == [[frame, frame]]
        expect(player).to_have_attribute("data-state", "paused")
