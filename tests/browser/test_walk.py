"""A researcher's first visit in a real browser: add a video, track it, watch it, ask about it.

With ETHOSCRIBE_SCREENSHOT set, the Annotate page is kept as docs/screenshot.png for the README.
"""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_server import REPOSITORY, context_of, drawn, expect, served, watched_page
from required import required

from app import library
from app.demo.scene import render_demo
from storage.regions import Region, save_region
from storage.study import open_study

PICTURE = REPOSITORY / "docs" / "screenshot.png"
SECONDS = 32 if "ETHOSCRIBE_SCREENSHOT" in os.environ else 8

pytestmark = [pytest.mark.browser, pytest.mark.slow]
playwright = required("playwright.sync_api")
INKED = """() => {
  const all = [...document.querySelectorAll('*')];
  const host = all.find((element) => element.shadowRoot?.querySelector('.overlay'));
  const canvas = (host?.shadowRoot ?? document).querySelector('.overlay');
  const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  const colours = {};
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 255) {
    const key = [data[i], data[i + 1], data[i + 2]].join();
    colours[key] = (colours[key] ?? 0) + 1;
  }
  return colours;
}"""
ANIMAL_COLOURS = ("230,159,0", "86,180,233", "0,158,115")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a short demo video, and an empty study beside it."""
    home = tmp_path_factory.mktemp("lab")
    render_demo(home / "demo_video", seconds=SECONDS)
    return home


@pytest.fixture(scope="module")
def address(lab: Path) -> Iterator[str]:
    """The real server on a free port, in a process of its own."""
    with served(lab / "study") as url:
        yield url


@pytest.fixture(scope="module")
def page(browser_file: str, address: str) -> Iterator["playwright.Page"]:
    with context_of(browser_file, viewport={"width": 1440, "height": 900}) as context:
        context.set_default_timeout(60_000)
        yield watched_page(context)


def player_of(page: "playwright.Page") -> "playwright.Locator":
    player = page.locator(".player")
    expect(player).to_have_attribute("data-state", re.compile("paused|playing"), timeout=60_000)
    return player


def inked(page: "playwright.Page") -> int:
    """How many opaque pixels of the three animals' colours the overlay shows."""
    colours = page.evaluate(INKED)
    return min(colours.get(colour, 0) for colour in ANIMAL_COLOURS)


def ask(page: "playwright.Page", question: str) -> None:
    page.get_by_label("Your question").fill(question)
    page.get_by_label("Your question").press("Enter")


def wait_until(condition, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def test_an_empty_study_says_what_to_do_and_takes_a_video(
    page: "playwright.Page", address: str
) -> None:
    page.goto(address)
    expect(page.get_by_text("This study is empty")).to_be_visible()
    page.get_by_role("button", name="demo_video").click()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("not tracked yet")).to_be_visible()
    expect(page.get_by_text("640 × 480 px · 29.97 fps")).to_be_visible()


def test_tracking_shows_its_progress_and_outlives_the_page(
    page: "playwright.Page", lab: Path
) -> None:
    page.get_by_role("spinbutton", name="Animals").fill("3")
    page.get_by_role("spinbutton", name="Animals").press("Enter")
    expect(page.get_by_role("button", name="Track", exact=True)).to_be_enabled()
    page.get_by_role("spinbutton", name="Pixels per cm").fill("8")
    page.get_by_role("spinbutton", name="Pixels per cm").press("Enter")
    expect(page.get_by_text("Scale saved.")).to_be_visible()
    page.get_by_role("button", name="Track", exact=True).click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    expect(page.get_by_role("progressbar").first).to_be_visible()
    page.reload()
    expect(page.get_by_text(re.compile(r"3 animals, found in \d"))).to_be_visible(timeout=120_000)
    (row,) = library.list_videos(lab / "study")
    assert row.animals == ("animal1", "animal2", "animal3")
    assert row.share_detected > 0.95
    assert row.video.px_per_cm == 8.0


def test_the_player_steps_exactly_and_draws_every_animal(
    page: "playwright.Page", address: str, lab: Path
) -> None:
    scene = render_demo(lab / "demo_video", seconds=SECONDS)
    with open_study(lab / "study", write=True) as study:
        for region in scene.regions:
            points = [tuple(point) for point in region["points"]]
            save_region(study, 1, Region(region["name"], region["kind"], region["role"], points))
    page.get_by_role("button", name="Watch", exact=True).click()
    player = player_of(page)
    expect(player).to_have_attribute("data-frame", "0")
    for key, frame in [(".", 1), ("ArrowRight", 2), ("Shift+ArrowRight", 12), (",", 11),
                       ("ArrowLeft", 10), ("End", scene.n_frames - 1), ("Home", 0)]:  # fmt: skip
        page.keyboard.press(key)
        expect(player).to_have_attribute("data-frame", str(frame))
    page.get_by_label("Go to frame").fill("100")
    page.get_by_label("Go to frame").press("Enter")
    expect(player).to_have_attribute("data-frame", "100")
    wait_until(lambda: inked(page) > 100)
    before = page.evaluate(INKED)
    page.keyboard.press("Shift+ArrowRight")
    expect(player).to_have_attribute("data-frame", "110")
    wait_until(lambda: inked(page) > 100)
    assert page.evaluate(INKED) != before


def test_switches_clear_the_overlay(page: "playwright.Page") -> None:
    for name in ("Masks", "Names", "Trails", "Points", "Regions"):
        page.get_by_role("button", name=name, exact=True).click()
    wait_until(lambda: page.evaluate(INKED) == {})
    for name in ("Masks", "Names", "Trails", "Points", "Regions"):
        page.get_by_role("button", name=name, exact=True).click()
    wait_until(lambda: inked(page) > 100)


def test_playing_moves_on_and_pausing_stops_on_a_whole_frame(page: "playwright.Page") -> None:
    player = player_of(page)
    page.locator(".player").focus()
    page.keyboard.press(" ")
    expect(player).to_have_attribute("data-state", "playing")
    wait_until(lambda: int(player.get_attribute("data-frame")) >= 130)
    page.keyboard.press(" ")
    expect(player).to_have_attribute("data-state", "paused")
    time.sleep(0.5)
    frame = int(player.get_attribute("data-frame"))
    page.keyboard.press(".")
    expect(player).to_have_attribute("data-frame", str(frame + 1))


def test_a_question_shows_sentence_code_bouts_and_picture(
    page: "playwright.Page", address: str
) -> None:
    page.get_by_role("link", name="Ask").click()
    ask(page, "When is each animal in the corner?")
    expect(page.get_by_text("Answered by the offline planner")).to_be_visible()
    page.get_by_text("The code that made this answer").click()
    expect(page.locator("code").filter(has_text="in_region").first).to_be_visible()
    expect(page.get_by_test_id("stPlotlyChart").first).to_be_visible()
    page.get_by_text(re.compile("as a table$")).click()
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Bouts as CSV").click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert text.startswith("video,behaviour,subject,target,kind,start_frame,stop_frame")


def test_a_saved_behaviour_appears_on_the_timeline(page: "playwright.Page", lab: Path) -> None:
    page.get_by_label("Save as behaviour").fill("in_corner")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(re.compile("Saved as in.*corner"))).to_be_visible()
    bouts = library.stored_bouts(lab / "study", 1)
    assert {bout["behaviour"] for bout in bouts} == {"in_corner"}
    assert {bout["subject"] for bout in bouts} <= {"animal1", "animal2", "animal3"}
    page.get_by_role("link", name="Annotate").click()
    player = player_of(page)
    line = page.locator(".timeline").bounding_box()
    start, total = bouts[0]["start_frame"], library.list_videos(lab / "study")[0].video.n_frames
    middle = (start + bouts[0]["stop_frame"]) / 2 / total
    x = 178 + middle * (line["width"] - 178 - 14)
    drawn(page, x, "in_corner: ")
    page.locator(".timeline").click(position={"x": x, "y": 9})
    expect(player).to_have_attribute("data-frame", str(start))


def test_a_word_it_does_not_know_is_refused_in_plain_words(page: "playwright.Page") -> None:
    page.get_by_role("link", name="Ask").click()
    ask(page, "When is animal1 feeling nostalgic?")
    unknown = re.compile("(What do you mean by|I do not know what) .feeling.")
    expect(page.get_by_text(unknown).last).to_be_visible()


def test_the_pages_ran_without_a_script_error(page: "playwright.Page") -> None:
    assert page.troubles == []


@pytest.mark.skipif("ETHOSCRIBE_SCREENSHOT" not in os.environ, reason="no picture asked for")
def test_the_annotate_page_makes_the_picture_of_the_readme(
    page: "playwright.Page", address: str
) -> None:
    for question, name in [
        ("When is each animal in the corner?", "in_corner"),
        ("When is each animal immobile for at least 1 s?", "immobile"),
        ("When is each animal in contact with another animal?", "contact"),
        ("When is each animal within 3 cm of the lego?", "near_lego"),
    ]:
        page.goto(f"{address}/ask")
        ask(page, question)
        page.get_by_label("Save as behaviour").last.fill(name)
        page.get_by_role("button", name="Save", exact=True).last.click()
        expect(page.get_by_text(f"Saved as {name}").last).to_be_visible()
    page.goto(f"{address}/annotate?video=demo&frame=800")
    expect(player_of(page)).to_have_attribute("data-frame", "800")
    wait_until(lambda: inked(page) > 100)
    PICTURE.parent.mkdir(exist_ok=True)
    page.screenshot(path=PICTURE)
