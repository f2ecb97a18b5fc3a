"""Proofreading in a real browser: to the doubtful frame, swapped by key, taken back, kept."""

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from browser_server import at_rest, context_of, expect, free_port, start_server, watched_page
from film import positions, write_video
from required import required
from storage_samples import run_of, track_shard
from test_doubts import identities, walk

from app import library
from storage.authors import who
from storage.edits import log
from storage.runs import ingest_run
from storage.study import open_study
from storage.track_rows import Place, exchange
from storage.tracks import read_tracks
from tracking.masks import encode

pytestmark = [pytest.mark.browser, pytest.mark.slow]
playwright = required("playwright.sync_api")

FRAMES, SIZE, RADIUS = 300, (640, 480), 9
RATE = Fraction(30_000, 1001)
SWAPPED = 120  # from here on the tracks of animals 1 and 2 are exchanged
GAP = (150, 171)  # where animal 3 is not found
COLOURS = {"230,159,0": 1, "86,180,233": 2, "0,158,115": 3}
WHERE = """() => {
  const all = [...document.querySelectorAll('*')];
  const host = all.find((element) => element.shadowRoot?.querySelector('.overlay'));
  const canvas = (host?.shadowRoot ?? document).querySelector('.overlay');
  const pen = canvas.getContext('2d');
  const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
  const places = {};
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 255) {
    const key = [data[i], data[i + 1], data[i + 2]].join(), at = (i / 4) % canvas.width;
    const place = places[key] ??= { sum: 0, n: 0 };
    place.sum += at; place.n += 1;
  }
  return Object.entries(places).filter(([, { n }]) => n > 30)
    .map(([key, { sum, n }]) => [key, sum / n / canvas.width]);
}"""


@dataclass
class Lab:
    """A study with a server that can be killed and started again."""

    study: Path
    port: int
    server: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/review"

    def restart(self) -> None:
        self.server.kill()
        self.server.wait(20)
        self.server = start_server(self.study, self.port)

    def done(self) -> list[tuple[str, bool]]:
        """The corrections that were taken, and whether they stand."""
        with open_study(self.study) as study:
            edits = log(study, 1)
        edits = edits[(edits["scope"] == "tracks") & edits["error"].isna()]
        return list(edits[["kind", "stands"]].itertuples(index=False, name=None))


def mask_shard(path: Path, x: np.ndarray, y: np.ndarray) -> Path:
    """The outline of every animal that is found: a disc."""
    rows, columns = np.mgrid[-RADIUS : RADIUS + 1, -RADIUS : RADIUS + 1]
    disc = encode((rows**2 + columns**2 <= RADIUS**2).astype(np.uint8))
    frame, animal = np.nonzero(np.isfinite(x))
    side = np.full(len(frame), 2 * RADIUS + 1, np.int16)
    table = pa.table(
        {
            "frame": frame.astype(np.int32),
            "animal_id": (animal + 1).astype(np.int16),
            "x0": (x[frame, animal] - RADIUS).astype(np.int16),
            "y0": (y[frame, animal] - RADIUS).astype(np.int16),
            "width": side,
            "height": side,
            "rle": pa.array([disc] * len(frame), pa.binary()),
        }
    )
    pq.write_table(table, path)
    return path


def make_study(home: Path) -> Path:
    """A film of three animals whose tracks have an exchange and a gap."""
    film = write_video(home / "clip.mp4", FRAMES, 3, RATE, SIZE)
    video = library.add(home / "study", film)
    x, y = np.moveaxis(positions(FRAMES, 3, *SIZE), 2, 0).copy()
    x[GAP[0] : GAP[1], 2] = y[GAP[0] : GAP[1], 2] = np.nan
    times = library.times_of(home / "study", video.video_id)
    with open_study(home / "study", write=True) as study:
        tracks = track_shard(home / "shards" / "t.parquet", x, y, times)
        masks = mask_shard(home / "shards" / "m.parquet", x, y)
        ingest_run(study, video.video_id, run_of("run-1", 3), [tracks], [masks], [])
        exchange(study, Place("run-1", video.video_id, (1, 2), SWAPPED, FRAMES))
    add_met(home)
    return home / "study"


def add_met(home: Path) -> None:
    """A second film, whose run has stored a crossing that is 70 % sure, and a gap."""
    places = np.nan_to_num(walk(), nan=300.0)
    film = write_video(home / "met.mp4", FRAMES, 3, RATE, SIZE, places=places)
    video = library.add(home / "study", film)
    times = library.times_of(home / "study", video.video_id)
    x, y = np.moveaxis(walk(), 2, 0)
    with open_study(home / "study", write=True) as study:
        tracks = track_shard(home / "met" / "t.parquet", x, y, times)
        made = identities(home / "met", tracks, times)
        masks = mask_shard(home / "met" / "m.parquet", x, y)
        ingest_run(study, video.video_id, run_of("met", 3), [tracks], [masks], [], None, made)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    study = make_study(tmp_path_factory.mktemp("lab"))
    lab = Lab(study, port := free_port(), start_server(study, port))
    yield lab
    lab.server.terminate()
    lab.server.wait(20)


@pytest.fixture(scope="module")
def page(browser_file: str, lab: Lab) -> Iterator["playwright.Page"]:
    with context_of(browser_file) as context:
        page = watched_page(context)
        page.on("response", lambda one: one.status == 404 and page.troubles.append(one.url))
        page.goto(lab.url)
        ready(page)
        yield page


def ready(page: "playwright.Page") -> "playwright.Locator":
    player = page.locator(".player")
    state = re.compile("paused|playing")
    expect(player).to_have_attribute("data-state", state, timeout=60_000)
    expect(page.locator(".review-head progress")).to_be_visible()
    player.focus()
    return player


def on_frame(page: "playwright.Page", frame: int) -> None:
    expect(page.locator(".player")).to_have_attribute("data-frame", str(frame))


def lanes(page: "playwright.Page") -> dict[int, int]:
    """Which animal's colour is in which third of the picture."""
    places = {COLOURS[key]: at for key, at in page.evaluate(WHERE) if key in COLOURS}
    return {animal: int(at * 3) + 1 for animal, at in sorted(places.items())}


def until(condition: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


RIGHT, WRONG = {1: 1, 2: 2, 3: 3}, {1: 2, 2: 1, 3: 3}


def test_n_goes_to_the_exchange_and_s_exchanges_the_colours(
    page: "playwright.Page", lab: Lab
) -> None:
    expect(page.locator(".review-count")).to_have_text("0 of 2 looked at")
    page.keyboard.press("n")
    on_frame(page, SWAPPED)
    until(lambda: lanes(page) == WRONG)
    page.keyboard.press("s")
    until(lambda: lanes(page) == RIGHT)
    expect(page.locator(".review-said")).to_have_text("Swapped animal1 and animal2.")
    expect(page.locator(".review-row")).to_have_count(1)  # the jump is gone from the list
    assert lab.done() == [("tracks.swap", True)]
    page.keyboard.press(",")
    on_frame(page, SWAPPED - 1)
    until(lambda: lanes(page) == RIGHT)


def test_undo_and_redo_by_key_say_what_they_did(page: "playwright.Page", lab: Lab) -> None:
    page.keyboard.press(".")
    on_frame(page, SWAPPED)
    page.keyboard.press("Control+z")
    until(lambda: lanes(page) == WRONG)
    words = f"swap animal1 and animal2, from frame {SWAPPED} to the end (by {who()})."
    expect(page.locator(".review-said")).to_have_text(f"Taken back: {words}")
    page.keyboard.press("Control+y")
    until(lambda: lanes(page) == RIGHT)
    expect(page.locator(".review-said")).to_have_text(f"Done again: {words}")


def test_another_tab_shows_what_was_corrected_meanwhile_once_it_is_looked_at(
    page: "playwright.Page", lab: Lab
) -> None:
    other = page.context.new_page()
    other.goto(lab.url)  # the frame is remembered
    ready(other)
    until(lambda: lanes(other) == RIGHT)
    page.bring_to_front()
    page.keyboard.press("Control+z")
    until(lambda: lanes(page) == WRONG)
    other.bring_to_front()
    other.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    until(lambda: lanes(other) == WRONG)
    other.close()
    page.keyboard.press("Control+y")
    until(lambda: lanes(page) == RIGHT)


def test_a_reload_and_a_new_server_keep_the_correction_and_its_undo(
    page: "playwright.Page", lab: Lab
) -> None:
    page.reload()
    ready(page)
    on_frame(page, SWAPPED)
    until(lambda: lanes(page) == RIGHT)
    lab.restart()
    page.goto(lab.url)
    ready(page)
    until(lambda: lanes(page) == RIGHT)
    expect(page.get_by_role("button", name="Undo", exact=True)).to_be_enabled()
    page.keyboard.press("Control+z")
    until(lambda: lanes(page) == WRONG)
    page.keyboard.press("Control+y")
    until(lambda: lanes(page) == RIGHT)


def test_a_gap_is_filled_and_ticked_off(page: "playwright.Page", lab: Lab) -> None:
    expect(page.locator(".review-row")).to_have_count(1)  # the list is that of the tracks shown
    page.keyboard.press("n")
    on_frame(page, GAP[0])
    page.keyboard.press("c")
    expect(page.locator(".review-count")).to_have_text("1 of 1 looked at")
    page.keyboard.press("f")
    expect(page.locator(".review-said")).to_contain_text("Filled 21 frames")
    with open_study(lab.study) as study:
        rows = read_tracks(study, 1, *GAP).to_pandas().query("animal_id == 3")
    assert rows["x_px"].notna().all() and not rows["detected"].any()
    until(lambda: 3 in lanes(page))  # a ring in its colour


def test_marked_frames_alone_are_exchanged(page: "playwright.Page", lab: Lab) -> None:
    jump = page.get_by_label("Go to frame")
    for frame, key in ((40, "i"), (44, "o")):
        jump.fill(str(frame))
        jump.press("Enter")
        on_frame(page, frame)
        page.keyboard.press(key)
    page.keyboard.press("3")
    page.keyboard.press("1")
    expect(page.locator(".review-hint")).to_contain_text("animal1 and animal3 from frame 40 to 44")
    page.keyboard.press("s")
    until(lambda: lanes(page) == {1: 3, 2: 2, 3: 1})
    page.keyboard.press(".")
    until(lambda: lanes(page) == RIGHT)
    page.keyboard.press("Control+z")
    page.keyboard.press("x")
    on_frame(page, 45)
    until(lambda: lab.done()[-1][0] == "undo")


def test_an_outline_is_drawn_anew_with_the_mouse(page: "playwright.Page", lab: Lab) -> None:
    page.keyboard.press("2")
    page.keyboard.press("m")
    box = page.locator(".stage").bounding_box()
    scale = box["width"] / SIZE[0]
    for x, y in ((300, 200), (340, 200), (340, 230), (300, 230)):
        page.mouse.click(box["x"] + (x + 0.5) * scale, box["y"] + (y + 0.5) * scale)
    page.keyboard.press("Enter")
    expect(page.locator(".review-said")).to_contain_text("New outline of animal2")
    with open_study(lab.study) as study:
        (row,) = (
            read_tracks(study, 1, 45, 46).to_pandas().query("animal_id == 2").to_dict("records")
        )
    assert (row["x_px"], row["y_px"]) == pytest.approx((320, 215), abs=1.5)
    assert row["area_px"] == pytest.approx(40 * 30, rel=0.1)
    page.keyboard.press("Control+z")
    until(lambda: lab.done()[-1][0] == "undo")


def test_an_outline_is_found_by_clicks_and_taken_or_dropped(
    page: "playwright.Page", lab: Lab
) -> None:
    on_frame(page, 45)
    with open_study(lab.study) as study:
        rows = read_tracks(study, 1, 45, 46).to_pandas().set_index("animal_id")
    x, y = rows.loc[3, ["x_px", "y_px"]]
    box = page.locator(".stage").bounding_box()
    scale = box["width"] / SIZE[0]
    before = len(lab.done())
    page.keyboard.press("3")
    for last in ("Escape", "Enter"):
        page.keyboard.press("k")
        expect(page.locator(".review-hint")).to_contain_text("Click on animal3")
        expect(page.locator(".review-hint")).to_contain_text("Found by: gray level")
        page.mouse.click(box["x"] + (x + 0.5) * scale, box["y"] + (y + 0.5) * scale)
        expect(page.locator(".review-hint")).to_contain_text("Enter takes this outline.")
        page.mouse.click(box["x"] + (x + 40) * scale, box["y"] + y * scale, button="right")
        expect(page.locator(".review-hint")).to_contain_text("Enter takes this outline.")
        page.keyboard.press(last)
        expect(page.locator(".review-hint")).not_to_contain_text("Found by")
        assert len(lab.done()) == before or last == "Enter"
    expect(page.locator(".review-said")).to_contain_text("New outline of animal3")
    with open_study(lab.study) as study:
        row = read_tracks(study, 1, 45, 46).to_pandas().set_index("animal_id").loc[3]
    assert (row["x_px"], row["y_px"]) == pytest.approx((x, y), abs=1.5)
    assert 50 < row["area_px"] < 1000
    page.keyboard.press("Control+z")
    until(lambda: lab.done()[-1][0] == "undo")


def test_an_animal_is_moved_its_outline_and_itself_taken_off_and_all_taken_back(
    page: "playwright.Page", lab: Lab
) -> None:
    on_frame(page, 45)
    said, before = page.locator(".review-said"), len(lab.done())
    box = page.locator(".stage").bounding_box()
    scale = box["width"] / SIZE[0]
    page.keyboard.press("2")
    page.keyboard.press("g")
    expect(page.locator(".review-hint")).to_contain_text("Click where the centre of animal2 is")
    page.mouse.click(box["x"] + 400.5 * scale, box["y"] + 100.5 * scale)
    expect(said).to_contain_text("animal2 is moved")
    with open_study(lab.study) as study:
        row = read_tracks(study, 1, 45, 46).to_pandas().set_index("animal_id").loc[2]
    assert (row["x_px"], row["y_px"]) == pytest.approx((400, 100), abs=1.5) and row["detected"]
    page.keyboard.press("Control+z")
    expect(said).to_contain_text("Taken back: move animal2 in frame 45")
    page.get_by_role("button", name="No outline").click()
    expect(said).to_contain_text("animal2 has no outline in this frame any more")
    page.keyboard.press("Control+z")
    expect(said).to_contain_text("Taken back: no outline of animal2 in frame 45")
    page.keyboard.press("Shift+D")
    expect(page.locator(".pick")).to_have_count(2)
    page.keyboard.press("Control+z")
    expect(page.locator(".pick")).to_have_count(3)
    kinds = [kind for kind, _ in lab.done()[before:]]
    assert kinds == ["tracks.move", "undo", "tracks.unmask", "undo", "tracks.remove", "undo"]
    assert page.troubles == []


def test_a_name_is_text_everywhere_and_the_log_lists_what_was_done(
    page: "playwright.Page", lab: Lab
) -> None:
    name = "<img src=x onerror=alert(1)> *b*"
    page.keyboard.press("1")
    page.keyboard.press("r")
    page.get_by_label("New name").fill(name)
    page.get_by_label("New name").press("Enter")
    expect(page.locator(".pick span").first).to_have_text(name)
    until(lambda: lab.done()[-1] == ("tracks.rename", True))
    page.locator("summary").filter(has_text="Corrections").click()
    told = page.get_by_text(f"3 corrections stand · log of {len(lab.done())} steps")
    expect(told).to_be_visible()
    at_rest(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Corrections as CSV").click()
    lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("video,edit_id,made_at,author,words")
    assert len(lines) > len(lab.done())  # the tick too
    assert page.locator("img[src='x']").count() == 0 and page.troubles == []


def test_a_stored_crossing_says_who_left_it_and_is_swapped_where_they_were_nearest(
    page: "playwright.Page", lab: Lab
) -> None:
    page.goto(f"{lab.url}?video=met")
    ready(page)
    expect(page.locator(".review-count")).to_have_text("0 of 2 looked at")
    page.keyboard.press("n")
    on_frame(page, 100)
    why = page.locator(".review-why")
    expect(why).to_contain_text("animal1 and animal2 lay together for 1.0 s; 70 % sure")
    expect(why).to_contain_text("entered at 0:03.3 (rings) and left at 0:04.3 (dots)")
    page.keyboard.press("o")  # up to here
    expect(page.locator(".review-hint")).to_contain_text("from frame 100 to 100")
    page.keyboard.press("x")
    page.keyboard.press("s")
    expect(page.locator(".review-count")).to_have_text("1 of 2 looked at")
    expect(why).to_contain_text("Corrected by")
    page.keyboard.press("Control+z")
    expect(page.locator(".review-count")).to_have_text("0 of 2 looked at")
    assert page.troubles == []
