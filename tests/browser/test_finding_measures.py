"""The Measures page in a real browser: topics, search, and one word's help."""

import re
from pathlib import Path

import pytest
from browser_server import QUIET, served
from required import required

pytestmark = pytest.mark.browser
playwright = required("playwright.sync_api")
expect = playwright.expect


@pytest.mark.parametrize("size", [(1440, 900), (1280, 720)], ids=str)
def test_a_word_is_found_by_topic_and_by_search(
    browser_file: str, tmp_path: Path, size: tuple[int, int]
) -> None:
    with served(tmp_path / "study") as url, playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_file, args=QUIET)
        page = browser.new_page(viewport={"width": size[0], "height": size[1]})
        page.set_default_timeout(30_000)
        troubles: list[str] = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(f"{url}/measures")
        expect(page.locator("summary", has_text="acceleration —")).to_be_visible()
        page.get_by_text("Figures", exact=True).click()
        picture = page.locator("summary", has_text="plot_trajectory")
        picture.click()
        expect(page.get_by_text("Axes have equal scales").first).to_be_visible()

        search = page.get_by_label("Search")
        search.fill("freezing")
        search.press("Enter")
        expect(page.locator("summary").first).to_have_text(re.compile(r"freezing —"))
        expect(page.get_by_text("Source", exact=True).first).to_be_visible()  # opened by its name
        search.fill("zebra crossing")
        search.press("Enter")
        expect(page.get_by_text("Try a shorter one")).to_be_visible()
        wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        assert not wide and troubles == []
        browser.close()
