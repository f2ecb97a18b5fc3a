"""What lies under the player: the table of bouts, the ethogram, and two watchers compared."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser_server import context_of, expect, served, watched_page
from film import write_video
from required import required

from app import library
from app.annotating.ethogram_table import read
from storage.bouts import read_bouts, watched_for
from storage.edits import apply
from storage.study import open_study

pytestmark = [pytest.mark.browser, pytest.mark.slow]
playwright = required("playwright.sync_api")
NASTY = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One video of 60 frames that kim and jo scored; they differ in the frames 30 to 40."""
    home = tmp_path_factory.mktemp("lab")
    library.add(home / "study", write_video(home / "clip.mp4", 60))
    with open_study(home / "study", write=True) as opened:
        for who, start, stop in (("kim", 10, 20), ("kim", 30, 50), ("jo", 10, 20), ("jo", 40, 50)):
            data = {"behaviour": NASTY, "subject": "m", "start_frame": start, "stop_frame": stop}
            assert apply(opened, 1, "bouts.add", data, author=who).error is None
        done = {"behaviour": NASTY, "done": True}
        assert apply(opened, 1, "bouts.watched", done, author="jo").error is None
    return home / "study"


@pytest.fixture(scope="module")
def page(browser_file: str, study: Path) -> Iterator["playwright.Page"]:
    large = {"width": 1440, "height": 900}
    with served(study) as url, context_of(browser_file, viewport=large) as context:
        context.add_cookies([{"name": "ethoscribe_name", "value": "kim", "url": url}])
        page = watched_page(context)
        page.on("dialog", lambda dialog: page.troubles.append(dialog.message))
        page.goto(f"{url}/annotate?video=clip")
        ready(page)
        yield page


def ready(page: "playwright.Page") -> None:
    expect(page.locator(".player")).to_have_attribute("data-state", re.compile("paused|playing"))


def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def choose_row(page: "playwright.Page", table: int, row: int) -> None:
    """Tick a row of a table, by its place: rows are painted, and are 35 px high."""
    grid = page.get_by_test_id("stDataFrame").nth(table)
    grid.click(position={"x": 17, "y": 35 + 35 * row + 17})  # scrolls there, and waits for rest


def comments(study: Path) -> list[object]:
    with open_study(study) as opened:
        return read_bouts(opened, remarks=True)["comment"].fillna("").tolist()


def test_a_chosen_bout_sends_the_player_there_and_takes_a_comment(
    page: "playwright.Page", study: Path
) -> None:
    choose_row(page, 0, 2)  # kim's second bout, from frame 30
    expect(page.locator(".player")).to_have_attribute("data-frame", "30")
    box = page.get_by_role("textbox", name="Comment on this bout")
    box.fill("looks like digging")
    box.press("Enter")
    until(lambda: comments(study) == ["", "", "looks like digging", ""])


def test_a_bout_is_deleted_and_brought_back(page: "playwright.Page", study: Path) -> None:
    page.reload()
    ready(page)
    choose_row(page, 0, 2)
    page.get_by_role("button", name="Delete bout").click()
    until(lambda: len(comments(study)) == 3)
    expect(page.get_by_role("button", name="Delete bout")).to_have_count(0)  # drawn anew
    undo = page.get_by_test_id("stMain").get_by_test_id("stButton").get_by_role(
        "button", name="Undo"
    )  # fmt: skip
    undo.click()
    until(lambda: comments(study) == ["", "", "looks like digging", ""])


def test_two_are_compared_once_both_have_watched_to_the_end(
    page: "playwright.Page", study: Path
) -> None:
    page.get_by_role("radio", name="Compare").click()
    expect(page.get_by_text("have not both watched this video to the end")).to_be_visible()
    page.get_by_role("radio", name="Bouts").click()
    page.get_by_role("button", name=NASTY).click()

    def noted() -> bool:
        with open_study(study) as opened:
            return watched_for(opened, 1, "kim") == [NASTY]

    until(noted)
    page.get_by_role("radio", name="Compare").click()
    expect(page.get_by_text("1 disagreement", exact=True)).to_be_visible()
    choose_row(page, 1, 0)
    expect(page.locator(".player")).to_have_attribute("data-frame", "30")


def test_an_empty_ethogram_offers_the_usual_ones(page: "playwright.Page", study: Path) -> None:
    page.get_by_role("radio", name="Ethogram").click()
    expect(page.get_by_text("This study has no ethogram yet")).to_be_visible()
    page.get_by_role("button", name="Open field, one mouse").click()
    until(lambda: len(read(study)) == 10)
    expect(page.get_by_text("Scored, but not in the ethogram")).to_be_visible()
    expect(page.locator(".player").get_by_text("rearing", exact=True)).to_be_visible()
    grid = page.get_by_test_id("stDataFrame").nth(0)
    said = page.get_by_text("The key l is given to 'locomotion' and 'rearing': choose another key")

    def doubled() -> bool:
        grid.click(position={"x": 290, "y": 85})  # the key of the second behaviour
        page.keyboard.type("l")
        page.keyboard.press("Enter")
        time.sleep(1.0)
        return said.is_visible()

    until(doubled)  # the page may be drawn anew between click and key
    expect(page.get_by_role("button", name="Save ethogram")).to_be_disabled()
    assert len(read(study)) == 10
    assert page.troubles == []
