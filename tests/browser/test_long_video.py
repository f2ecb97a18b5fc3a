"""A recording of two hours and 200 000 frames opens at once and steps without delay."""

import random
import statistics
import sys
import time
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pandas as pd
import psutil
import pytest
from browser_server import QUIET, free_port, start_server
from film import write_video
from required import required
from storage_samples import run_of, track_shard

from app import library
from storage.bouts import save_bouts
from storage.runs import ingest_run
from storage.study import open_study
from storage.videos import frame_times

pytestmark = [pytest.mark.browser, pytest.mark.slow]
playwright = required("playwright.sync_api")
expect = playwright.expect

FRAMES, PART, BOUTS = 200_000, 250, 5000
# Presses a key and waits for the next frame, forty times forwards and backwards, (ms).
STEPS = """async (first) => {
  const all = [...document.querySelectorAll('*')];
  const root = all.find((element) => element.shadowRoot?.querySelector('.overlay')).shadowRoot;
  const player = root.querySelector('.player');
  const took = [];
  for (let i = 0, frame = first; i < 40; i++) {
    const [key, way] = i < 20 ? ['.', 1] : [',', -1];
    const start = performance.now();
    frame += way;
    player.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    while (player.dataset.frame !== String(frame) && performance.now() < start + 5000) {
      await new Promise((go) => setTimeout(go, 1));
    }
    took.push(performance.now() - start);
  }
  return took;
}"""


def repeated(source: Path, path: Path) -> Path:
    """A film of 200 000 frames: one of 250, copied packet by packet, 800 times."""
    with av.open(str(source)) as short, av.open(str(path), "w") as long:
        pictures = short.streams.video[0]
        stream = long.add_stream_from_template(pictures)
        packets = [packet for packet in short.demux(pictures) if packet.pts is not None]
        step = min(b.pts - a.pts for a, b in pairwise(packets))
        whole = [(bytes(packet), packet.is_keyframe) for packet in packets]
        for number in range(FRAMES):
            data, key = whole[number % PART]
            packet = av.Packet(data)
            packet.stream, packet.time_base = stream, pictures.time_base
            packet.pts = packet.dts = number * step
            packet.duration, packet.is_keyframe = step, key
            long.mux(packet)
    return path


def long_study(home: Path) -> Path:
    """Two animals tracked over two hours, with thousands of bouts."""
    short = write_video(home / "short.mp4", n_frames=PART, fps=Fraction(25), size=(160, 120))
    video = library.add(home / "study", repeated(short, home / "long.mp4"))
    assert video.n_frames == FRAMES
    x_px = 80 + 40 * np.sin(np.arange(FRAMES)[:, None] / 50 + np.array([0, 1.5]))
    with open_study(home / "study", write=True) as study:
        tracks = track_shard(home / "t.parquet", x_px, x_px, frame_times(study, video.video_id))
        ingest_run(study, video.video_id, run_of("run", 2), tracks=[tracks], masks=[], keypoints=[])
        starts = np.sort(np.random.default_rng(2).choice(FRAMES - 40, BOUTS, replace=False))
        bouts = pd.DataFrame({"start_frame": starts, "stop_frame": starts + 20})
        bouts["subject"] = np.where(starts % 2, "animal1", "animal2")
        save_bouts(study, video.video_id, bouts, behaviour="grooming")
    return home / "study"


def test_two_hours_open_at_once_and_step_without_delay(browser_file: str, tmp_path: Path) -> None:
    study, port = long_study(tmp_path), free_port()
    server = start_server(study, port)
    try:
        with playwright.sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=browser_file, args=QUIET)
            page = browser.new_page(viewport={"width": 1366, "height": 768})
            page.goto(f"http://127.0.0.1:{port}/measures")  # the program itself is loaded
            expect(page.get_by_label("Search")).to_be_visible()
            before = psutil.Process(server.pid).memory_info().rss
            frame = random.Random(5).randrange(1000, FRAMES - 1000)
            start = time.monotonic()
            page.goto(f"http://127.0.0.1:{port}/annotate?video=long&frame={frame}")
            expect(page.locator(".player")).to_have_attribute("data-frame", str(frame))
            expect(page.locator(".overlay")).to_have_attribute("data-frame", str(frame))
            opening_s = time.monotonic() - start
            step_ms = statistics.median(page.evaluate(STEPS, frame))
            grown_mb = (psutil.Process(server.pid).memory_info().rss - before) / 1e6
            browser.close()
    finally:
        server.terminate()
        server.wait(20)
    sys.stdout.write(
        f"\n200 000 frames open in {opening_s:.1f} s, step in {step_ms:.0f} ms (median); "
        f"the server grew by {grown_mb:.0f} MB\n"
    )
    assert opening_s < 20 and step_ms < 500  # on a machine at rest below 3 s and 100 ms
    assert grown_mb < 200
