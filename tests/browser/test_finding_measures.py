"""The Measures page in a real browser: topics, search, and one word's help."""

import re
from pathlib import Path

import pytest
from browser_server import expect, opened
from required import required

pytestmark = pytest.mark.browser
playwright = required("playwright.sync_api")


def no_wider_than_the_window(page: "playwright.Page") -> bool:
    return not page.evaluate("document.documentElement.scrollWidth > window.innerWidth")


def test_a_word_is_found_by_topic_and_by_search(browser_file: str, tmp_path: Path) -> None:
    large = {"width": 1440, "height": 900}
    with opened(browser_file, tmp_path / "study", "measures", viewport=large) as page:
        expect(page.locator("summary", has_text="acceleration —")).to_be_visible()
        page.get_by_text("Figures", exact=True).click()
        for size in (large, {"width": 1280, "height": 720}):
            page.set_viewport_size(size)
            picture = page.locator("summary", has_text="plot_trajectory")
            picture.click()
            expect(page.get_by_text("Axes have equal scales").first).to_be_visible()
            picture.click()
            assert no_wider_than_the_window(page)

        search = page.get_by_label("Search")
        search.fill("freezing")
        search.press("Enter")
        expect(page.locator("summary").first).to_have_text(re.compile(r"freezing —"))
        expect(page.get_by_text("Source", exact=True).first).to_be_visible()  # opened by its name
        search.fill("zebra crossing")
        search.press("Enter")
        expect(page.get_by_text("Try a shorter one")).to_be_visible()
        assert no_wider_than_the_window(page) and page.troubles == []
