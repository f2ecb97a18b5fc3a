"""The Measures page in a real browser: topics, search, and one word's help."""

import re
from collections.abc import Iterator

import pytest
from browser_server import QUIET, served
from required import required

pytestmark = pytest.mark.browser
playwright = required("playwright.sync_api")
expect = playwright.expect


@pytest.fixture(scope="module")
def browser_and_url(
    browser_file: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple["playwright.Browser", str]]:
    study = tmp_path_factory.mktemp("measures") / "study"
    with served(study) as url, playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_file, args=QUIET)
        yield browser, url
        browser.close()


@pytest.mark.parametrize("size", [(1440, 900), (1280, 720)], ids=str)
def test_a_word_is_found_by_topic_and_by_search(
    browser_and_url: tuple["playwright.Browser", str], size: tuple[int, int]
) -> None:
    browser, url = browser_and_url
    with browser.new_context(viewport={"width": size[0], "height": size[1]}) as context:
        page = context.new_page()
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
