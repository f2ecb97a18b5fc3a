"""Arenas on the Set up page in a real browser: a grid on what was drawn, numbers, and detection."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from arena_scenes import MIDDLES, write_plate
from browser_server import WAIT_MS, expect, opened
from required import required

from app import library
from storage.regions import Region, regions
from storage.study import open_study

pytestmark = [pytest.mark.browser, pytest.mark.slow]
playwright = required("playwright.sync_api")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of a plate with six wells."""
    home = tmp_path_factory.mktemp("plates")
    library.add(home / "study", write_plate(home / "plate.mp4"))
    return home


@pytest.fixture(scope="module")
def page(browser_file: str, lab: Path) -> Iterator["playwright.Page"]:
    with opened(browser_file, lab / "study", "setup?video=plate") as page:
        state = re.compile("paused|playing")
        expect(page.locator(".player")).to_have_attribute("data-state", state, timeout=60_000)
        yield page


def stored(lab: Path) -> dict[str, Region]:
    with open_study(lab / "study") as study:
        return {region.name: region for region in regions(study, 1)}


def saved(page: "playwright.Page") -> None:
    expect(page.locator(".player")).to_have_attribute("data-saved", "saved", timeout=WAIT_MS)


def test_a_plate_that_was_framed_is_divided_into_its_wells(
    page: "playwright.Page", lab: Path
) -> None:
    tool = page.locator(".draw")
    tool.get_by_role("button", name="Rectangle", exact=True).click()
    box = page.locator(".overlay").bounding_box()
    assert box is not None
    scale = box["width"] / 260
    for x, y, press in [(16, 16, page.mouse.down), (244, 164, page.mouse.up)]:
        page.mouse.move(box["x"] + (x + 0.5) * scale, box["y"] + (y + 0.5) * scale, steps=3)
        press()
    page.keyboard.type("plate")
    page.keyboard.press("Enter")
    saved(page)
    tool.get_by_role("button", name="Template…", exact=True).click()
    page.get_by_label("Template").select_option("plate_24")
    for name, value in [("Rows", "2"), ("Columns", "3"), ("Well, across", "1.64")]:
        page.get_by_label(name, exact=True).fill(value)
        page.get_by_label(name, exact=True).press("Tab")
    expect(page.get_by_label("Columns", exact=True)).to_have_value("3")
    # the frame was fitted to another plate: chosen again, this one starts on the rectangle
    tool.get_by_role("button", name="Cancel", exact=True).click()
    tool.get_by_role("button", name="plate", exact=True).click()
    tool.get_by_role("button", name="Template…", exact=True).click()
    page.wait_for_timeout(500)
    tool.get_by_role("button", name="Make these regions").click()
    expect(page.get_by_text("6 arenas made. Each is tracked on its own")).to_be_visible()
    saved(page)
    found = stored(lab)
    assert {name for name, one in found.items() if one.role == "arena"} == set(MIDDLES)
    for name, middle in MIDDLES.items():
        assert found[name].points[0] == pytest.approx(middle, abs=3.0)


def test_how_many_live_in_a_well_is_typed_beside_its_name(
    page: "playwright.Page", lab: Path
) -> None:
    page.locator(".draw-list button", has_text="A3").click()
    field = page.get_by_label("Animals in it")
    field.fill("2")
    field.press("Tab")
    saved(page)
    assert stored(lab)["A3"].animals == 2 and stored(lab)["A1"].animals is None


def test_detection_says_which_arenas_are_right(page: "playwright.Page") -> None:
    page.get_by_text("Detection", exact=True).click()
    each = page.get_by_label("How many animals live in each of the 5 other arenas?")
    expect(each).to_have_value("1")
    said = page.get_by_text(re.compile(r"\d of 6 arenas show their animals in nearly every"))
    expect(said).to_contain_text("Look at A2", timeout=60_000)
    expect(page.get_by_text("A2: nothing was ever seen moving.")).to_be_visible()
    expect(page.get_by_text("6 arenas, each on its own, 7 animals in all")).to_be_visible()
    expect(page.locator(".stPlotlyChart .bars .point").first).to_be_attached()
    assert page.troubles == []
