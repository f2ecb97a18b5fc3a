"""The Results page in a real browser: filters, figures, and files equal to the command line's."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_server import context_of, expect, served, watched_page
from required import required
from results_scene import make_study
from typer.testing import CliRunner

from app.cli import app

pytestmark = [pytest.mark.browser, pytest.mark.slow]
playwright = required("playwright.sync_api")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_study(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def address(study: Path) -> Iterator[str]:
    with served(study) as url:
        yield url


@pytest.fixture(scope="module")
def page(browser_file: str) -> Iterator["playwright.Page"]:
    with context_of(browser_file) as context:
        yield watched_page(context)


def exported(study: Path, to: Path, *words: str) -> bytes:
    ended = CliRunner().invoke(app, ["export", *words, "-s", str(study), "-o", str(to)])
    assert ended.exit_code == 0, ended.output
    return to.read_bytes()


def downloaded(page: "playwright.Page", button: str) -> bytes:
    with page.expect_download() as started:
        page.get_by_role("button", name=button, exact=True).click()
    return Path(started.value.path()).read_bytes()


def test_a_figure_says_n_unit_and_share_and_follows_the_filters(
    page: "playwright.Page", address: str
) -> None:
    page.goto(f"{address}/results")
    expect(page.locator(".js-plotly-plot")).to_be_visible()
    expect(page.get_by_text("n = 3 animals · found in 88.9% of frames")).to_be_visible()
    page.get_by_role("combobox", name="Animals").click()
    page.get_by_role("option", name="animal3").click()
    page.keyboard.press("Escape")
    expect(page.get_by_text("n = 1 animal · found in 66.7% of frames")).to_be_visible()
    assert "animal=animal3" in page.url
    page.reload()  # the address says it all
    expect(page.get_by_text("n = 1 animal · found in 66.7% of frames")).to_be_visible()


def test_downloaded_tables_are_the_command_lines_byte_for_byte(
    page: "playwright.Page", address: str, study: Path, tmp_path: Path
) -> None:
    page.goto(f"{address}/results?view=Tables")
    expect(page.get_by_text("A row per animal, region, time bin and measure.")).to_be_visible()
    whole = exported(study, tmp_path / "m.csv", "measures")
    assert downloaded(page, "CSV") == whole
    page.goto(f"{address}/results?view=Tables&by=treatment&group=drug&bin=1")
    expect(page.get_by_text("4 of 6 animals")).to_be_visible()
    words = ("measures", "--where", "treatment=drug", "--bin", "1")
    expect(page.get_by_role("button", name="CSV", exact=True)).to_be_visible()
    assert downloaded(page, "CSV") == exported(study, tmp_path / "d.csv", *words)


def test_groups_are_compared_with_the_test_named_and_nothing_fails(
    page: "playwright.Page", address: str
) -> None:
    page.goto(f"{address}/results?view=Compare+groups&by=treatment&behaviour=rear")
    page.get_by_text("Behaviour", exact=True).first.click()
    expect(page.get_by_text("For the methods section:")).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_be_visible()
    wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    assert not wide
    assert page.troubles == []


def test_filters_survive_another_page_and_empty_ones_stay_empty(
    page: "playwright.Page", address: str
) -> None:
    page.goto(f"{address}/results")
    times = [page.get_by_label(label, exact=True) for label in ("From (s)", "To (s)")]
    expect(page.locator(".js-plotly-plot")).to_be_visible()
    for set_to in ("", "1"):
        if set_to:
            times[0].fill(set_to)
            times[0].press("Enter")
            expect(page.get_by_text("1 s to the end").first).to_be_visible()
        page.get_by_role("link", name="Set up").click()
        expect(page.get_by_text("Filters", exact=True)).to_have_count(0)
        page.get_by_role("link", name="Results").click()
        expect(page.locator(".js-plotly-plot")).to_be_visible()
        expect(times[0]).to_have_value(set_to)
        expect(times[1]).to_have_value("")
        expect(page.get_by_test_id("stAlert")).to_have_count(0)
    times[0].fill("2")
    times[0].press("Enter")
    expect(page.get_by_text("2 s to the end").first).to_be_visible()
    times[1].fill("1")
    times[1].press("Enter")
    expect(page.get_by_text("Nothing is shown until")).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(0)


@pytest.mark.parametrize("view", ["Paths", "Heat map", "Speed", "Ethogram", "Transitions"])
def test_figure_and_downloads_are_on_a_small_screen(
    page: "playwright.Page", address: str, view: str
) -> None:
    page.goto(f"{address}/results?view={view.replace(' ', '+')}")
    figure = page.locator(".js-plotly-plot")
    expect(figure).to_be_visible()
    for seen in (figure, page.get_by_role("button", name="PNG", exact=True)):
        expect(seen).to_be_visible()
        box = seen.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 768 + 12  # its lower margin is empty
