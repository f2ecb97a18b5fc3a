"""A film of two hours and 200 000 frames, and a study of 200 films, open at once on every page."""

import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pandas as pd
import psutil
import pytest
from browser_server import context_of, expect, free_port, start_server, watched_page
from film import write_video
from required import required
from storage_samples import add_tracked, run_of, track_shard

from app import library
from storage.bouts import save_bouts
from storage.runs import ingest_run
from storage.study import open_study
from storage.videos import frame_times

pytestmark = [pytest.mark.browser, pytest.mark.slow]
playwright = required("playwright.sync_api")

FRAMES, PART, BOUTS = 200_000, 1000, 6000
FILMS = 200
# From the key, or the number typed, to the wanted frame on the screen with its tracks, in ms.
MOVES = """async (jumps) => {
  const all = [...document.querySelectorAll('*')];
  const root = all.find((element) => element.shadowRoot?.querySelector('.overlay')).shadowRoot;
  const [player, overlay, box] = ['.player', '.overlay', '.jump'].map((s) => root.querySelector(s));
  const until = (element, frame, start) => new Promise((tell) => {
    const end = setTimeout(() => tell(10000), 10000);
    const look = () => {
      if (element.dataset.frame !== String(frame)) return;
      clearTimeout(end); watch.disconnect(); tell(performance.now() - start);
    };
    const watch = new MutationObserver(look);
    watch.observe(element, { attributes: true });
    look();
  });
  const stepped = [], jumped = [];
  let frame = Number(player.dataset.frame);
  for (let i = 0; i < 50; i++) {
    const [key, way] = i < 25 ? ['.', 1] : [',', -1];
    const done = until(player, frame += way, performance.now());
    player.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    stepped.push(await done);
  }
  for (const frame of jumps) {
    const start = performance.now();
    const both = [player, overlay].map((element) => until(element, frame, start));
    box.value = frame;
    box.dispatchEvent(new Event('change'));
    jumped.push(Math.max(...await Promise.all(both)));
  }
  return [stepped, jumped];
}"""
# How long the timeline takes to draw what a turn of the wheel wants, in ms.
TURNS = """async () => {
  const all = [...document.querySelectorAll('*')];
  const root = all.find((element) => element.shadowRoot?.querySelector('.overlay')).shadowRoot;
  const line = root.querySelector('.timeline'), took = [];
  for (let i = 0; i < 40; i++) {
    const how = i < 20 ? { deltaY: -60, ctrlKey: true } : { deltaY: 90, shiftKey: true };
    const start = performance.now();
    line.dispatchEvent(new WheelEvent('wheel', { ...how, bubbles: true, cancelable: true }));
    took.push(performance.now() - start);
    await new Promise(requestAnimationFrame);
  }
  return took;
}"""


def repeated(source: Path, path: Path) -> Path:
    """A film of 200 000 frames: one of 1000, copied packet by packet, 200 times."""
    with av.open(str(source)) as short, av.open(str(path), "w") as long:
        pictures = short.streams.video[0]
        stream = long.add_stream_from_template(pictures)
        packets = [packet for packet in short.demux(pictures) if packet.pts is not None]
        step = min(b - a for a, b in pairwise(sorted(packet.pts for packet in packets)))
        whole = [(bytes(one), one.is_keyframe, one.pts, one.dts) for one in packets]
        for number in range(FRAMES):
            data, key, pts, dts = whole[number % PART]
            packet = av.Packet(data)
            packet.stream, packet.time_base = stream, pictures.time_base
            shift = number // PART * PART * step
            packet.pts, packet.dts = pts + shift, dts + shift
            packet.duration, packet.is_keyframe = step, key
            long.mux(packet)
    return path


def long_study(home: Path) -> Path:
    """Three animals tracked over two hours, with thousands of bouts."""
    rate, rng = Fraction(30000, 1001), np.random.default_rng(2)
    short = write_video(home / "short.mp4", n_frames=PART, fps=rate, size=(160, 120))
    video = library.add(home / "study", repeated(short, home / "long.mp4"))
    assert video.n_frames == FRAMES and not video.variable_rate
    x_px = 80 + 40 * np.sin(np.arange(FRAMES)[:, None] / 50 + np.array([0, 1.5, 3]))
    x_px[rng.random(x_px.shape) < 0.01] = np.nan
    with open_study(home / "study", write=True) as study:
        tracks = track_shard(home / "t.parquet", x_px, x_px, frame_times(study, video.video_id))
        ingest_run(study, video.video_id, run_of("run", 3), tracks=[tracks], masks=[], keypoints=[])
        for behaviour in ("grooming", "rearing"):
            starts = np.sort(rng.choice(FRAMES - 40, BOUTS // 2, replace=False))
            bouts = pd.DataFrame({"start_frame": starts, "stop_frame": starts + 20})
            bouts["subject"] = [f"animal{1 + start % 3}" for start in starts]
            save_bouts(study, video.video_id, bouts, behaviour=behaviour)
    return home / "study"


def many_study(home: Path) -> Path:
    """Two hundred short films of two animals, every fifth with bouts."""
    x_px = 80 + 40 * np.sin(np.arange(60)[:, None] / 50 + np.array([0, 1.5]))
    bouts = pd.DataFrame({"start_frame": [5, 30], "stop_frame": [15, 50], "subject": "animal1"})
    with open_study(home / "study", write=True, create=True) as study:
        for number in range(FILMS):
            video = add_tracked(study, home, x_px, x_px, name=f"day{number:03d}")
            if number % 5 == 0:
                save_bouts(study, video.video_id, bouts, behaviour="grooming")
    return home / "study"


class Visit:
    """One browser at the server of a study, with the seconds that its pages took."""

    def __init__(self, page: Any, port: int, server: int) -> None:
        self.page, self.base = page, f"http://127.0.0.1:{port}"
        self.server = psutil.Process(server)

    def open(self, where: str, shown: Callable[[], None]) -> float:
        """Go to an address; the seconds until `shown` is satisfied."""
        start = time.monotonic()
        self.page.goto(f"{self.base}/{where}")
        shown()
        return time.monotonic() - start

    def memory_mb(self) -> float:
        """What the server and its own processes hold."""
        everybody = [self.server, *self.server.children(recursive=True)]
        return sum(one.memory_info().rss for one in everybody) / 1e6

    def seen(self, selector: str) -> Callable[[], None]:
        """Wait for something on the page."""
        return lambda: expect(self.page.locator(selector).first).to_be_visible()

    def at(self, frame: int) -> Callable[[], None]:
        """Wait for a frame, and for its tracks on it."""

        def both() -> None:
            for part in (".player", ".overlay"):
                expect(self.page.locator(part)).to_have_attribute("data-frame", str(frame))

        return both


@contextmanager
def visiting(study: Path, browser_file: str) -> Iterator[Visit]:
    """A browser at the server of a study; the program itself is loaded."""
    port = free_port()
    server = start_server(study, port)
    try:
        with context_of(browser_file) as context:
            page = watched_page(context)
            visit = Visit(page, port, server.pid)
            visit.open("measures", lambda: expect(page.get_by_label("Search")).to_be_visible())
            yield visit
    finally:
        server.terminate()
        server.wait(20)


def library_mb() -> float:
    """What the libraries hold that a page loads when it first needs them: that is no video."""
    code = (
        "import psutil, pandas, plotly.graph_objects\n"
        "me = psutil.Process(); before = me.memory_info().rss\n"
        "import scipy.ndimage, scipy.stats\n"
        "print((me.memory_info().rss - before) / 1e6)"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return float(told.stdout)


def said(text: str) -> None:
    sys.stdout.write(f"\n{text}\n")


def test_two_hours_open_at_once_and_step_without_delay(browser_file: str, tmp_path: Path) -> None:
    numbers = random.Random(5)
    frame, again, *jumps = (numbers.randrange(1000, FRAMES - 1000) for _ in range(22))
    with visiting(long_study(tmp_path), browser_file) as visit:
        before = visit.memory_mb()
        opening_s = visit.open(f"annotate?video=long&frame={frame}", visit.at(frame))
        again_s = visit.open(f"annotate?video=long&frame={again}", visit.at(again))
        stepped, jumped = visit.page.evaluate(MOVES, jumps)
        turned = visit.page.evaluate(TURNS)
        review_s = visit.open(f"review?video=long&frame={frame}", visit.at(frame))
        results_s = visit.open("results", visit.seen(".js-plotly-plot"))
        grown_mb = visit.memory_mb() - before - library_mb()
        ask_s = visit.open("ask", visit.seen("[data-testid=stChatInput]"))
    step, jump, turn = (statistics.median(times) for times in (stepped, jumped, turned))
    said(f"200 000 frames: Annotate in {opening_s:.1f} s, again in {again_s:.1f} s; Review "
         f"{review_s:.1f} s, Results {results_s:.1f} s, Ask {ask_s:.1f} s; a step {step:.0f} ms "
         f"(worst {max(stepped):.0f}), a far jump {jump:.0f} ms (worst {max(jumped):.0f}), the "
         f"timeline {turn:.1f} ms (worst {max(turned):.0f}); memory +{grown_mb:.0f} MB"
    )  # fmt: skip
    assert opening_s < 16 and again_s < 16  # at rest below 3 s, but other tests run beside this
    assert step < 100 and max(stepped) < 2000  # at rest 17 ms: a frame of the screen
    assert jump < 3000 and max(jumped) < 10_000 and turn < 50
    assert review_s < 24 and results_s < 40 and ask_s < 20
    assert grown_mb < 200


def test_every_page_opens_in_a_study_of_two_hundred_films(
    browser_file: str, tmp_path: Path
) -> None:
    with visiting(many_study(tmp_path), browser_file) as visit:
        pages = {
            "videos": visit.seen("[data-testid=stDataFrame]"),
            "results": visit.seen(".js-plotly-plot"),
            "ask": visit.seen("[data-testid=stChatInput]"),
        }
        first = {name: visit.open(name, shown) for name, shown in pages.items()}
        later = {name: visit.open(name, shown) for name, shown in pages.items()}
    said("; ".join(f"{n}: {first[n]:.1f} s, again {later[n]:.1f} s" for n in pages))
    assert max(later.values()) < 16 and max(first.values()) < 24  # at rest below 2 s
