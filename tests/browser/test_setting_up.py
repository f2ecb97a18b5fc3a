"""The Set up page in a real browser: a scale and regions by mouse and by keys, and detection."""

import math
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser_server import WAIT_MS, expect, opened
from required import required

from app import library
from app.demo.scene import render_demo
from app.jobs.processes import latest_job
from storage.regions import Region, delete_region, regions, save_region
from storage.study import Study, open_study

pytestmark = [pytest.mark.browser, pytest.mark.slow]
playwright = required("playwright.sync_api")
NAME = "<img src=x onerror=\"document.title='hacked'\"> *bold*"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of one short demo video."""
    home = tmp_path_factory.mktemp("lab")
    render_demo(home / "demo_video", seconds=6)
    library.add(home / "study", home / "demo_video" / "demo.mp4")
    return home


@pytest.fixture(scope="module")
def page(browser_file: str, lab: Path) -> Iterator["playwright.Page"]:
    with opened(browser_file, lab / "study", "setup?video=demo") as page:
        yield page


def ready(page: "playwright.Page") -> "playwright.Locator":
    player = page.locator(".player")
    state = re.compile("paused|playing")
    expect(player).to_have_attribute("data-state", state, timeout=60_000)
    expect(player).to_have_attribute("data-frame", re.compile(r"\d+"))
    return player


def saved(page: "playwright.Page") -> None:
    """Wait until everything that was drawn is in the study."""
    expect(page.locator(".player")).to_have_attribute("data-saved", "saved", timeout=WAIT_MS)


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.2)


class Mouse:
    """The mouse in video pixels: whole numbers are the centres of pixels."""

    def __init__(self, page: "playwright.Page") -> None:
        self.page = page
        box = page.locator(".overlay").bounding_box()
        assert box is not None
        self.left, self.top, self.scale = box["x"], box["y"], box["width"] / 640

    def move(self, x: float, y: float) -> None:
        self.page.mouse.move(self.left + (x + 0.5) * self.scale, self.top + (y + 0.5) * self.scale)

    def click(self, x: float, y: float) -> None:
        self.move(x, y)
        self.page.mouse.down()
        self.page.mouse.up()

    def drag(self, *points: tuple[float, float]) -> None:
        self.move(*points[0])
        self.page.mouse.down()
        for point in points[1:]:
            self.move(*point)
        self.page.mouse.up()


def stored(lab: Path) -> dict[str, Region]:
    with open_study(lab / "study") as study:
        return {region.name: region for region in regions(study, 1)}


def tool(page: "playwright.Page", name: str) -> None:
    page.locator(".draw").get_by_role("button", name=name, exact=True).click()


def test_a_scale_and_regions_drawn_by_mouse_are_the_pixels_drawn(
    page: "playwright.Page", lab: Path
) -> None:
    ready(page)
    mouse = Mouse(page)
    tool(page, "Set…")
    mouse.drag((100, 300), (180, 300), (260, 420))
    page.keyboard.type("25")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved: 8 px/cm.")).to_be_visible()
    tool(page, "Rectangle")
    mouse.drag((20, 30), (100, 90), (220, 150))
    page.keyboard.type(NAME)
    page.keyboard.press("Enter")
    tool(page, "Polygon")
    for corner in [(400, 100), (600, 120), (560, 300)]:
        mouse.click(*corner)
    page.keyboard.press("Enter")
    page.keyboard.type("triangle")
    page.keyboard.press("Enter")
    saved(page)
    found = stored(lab)
    assert library.video_of(lab / "study", 1).px_per_cm == pytest.approx(8, rel=0.003)
    assert set(found) == {NAME, "triangle"}
    near = dict.fromkeys(("abs",), 0.51 / mouse.scale + 0.01)  # a screen's pixel is more than one
    for name, points in [
        (NAME, [(20, 30), (220, 150)]), ("triangle", [(400, 100), (600, 120), (560, 300)]),
    ]:  # fmt: skip
        for drawn, meant in zip(found[name].points, points, strict=True):
            assert drawn == pytest.approx(meant, **near)
    assert page.title() != "hacked"
    assert page.locator(".draw-list button").first.inner_text() == NAME


def test_what_was_drawn_is_moved_by_mouse_and_taken_back(
    page: "playwright.Page", lab: Path
) -> None:
    mouse, before = Mouse(page), stored(lab)["triangle"].points
    mouse.drag((540, 150), (500, 180), (520, 170))  # the whole shape
    saved(page)
    moved = stored(lab)["triangle"].points
    for (x, y), (u, v) in zip(moved, before, strict=True):
        assert (x - u, y - v) == pytest.approx((-20, 20), abs=1.0)
    mouse.drag(moved[0], (350, 150), (390, 140))  # its first corner
    saved(page)
    assert stored(lab)["triangle"].points[0] == pytest.approx((390, 140), abs=1.0)
    assert stored(lab)["triangle"].points[1:] == moved[1:]
    for points in (moved, before):
        page.keyboard.press("Control+z")
        saved(page)
        expect(page.get_by_text("Taken back: region triangle")).to_be_visible()
        page.wait_for_timeout(200)
        assert stored(lab)["triangle"].points == points
    page.keyboard.press("Control+Shift+Z")
    expect(page.get_by_text("Done again: region triangle")).to_be_visible()
    assert stored(lab)["triangle"].points == moved


def test_everything_is_done_with_the_keys_alone_to_the_pixel(
    page: "playwright.Page", lab: Path
) -> None:
    page.locator(".player").focus()
    page.mouse.move(5, 5)
    page.keyboard.press("Escape")
    page.reload()
    player = ready(page)
    player.focus()
    page.keyboard.press("r")
    for key, times in [("Shift+ArrowLeft", 10), ("ArrowDown", 4)]:
        for _ in range(times):
            page.keyboard.press(key)
    page.keyboard.press(" ")
    for _ in range(6):
        page.keyboard.press("Shift+ArrowRight")
    for _ in range(7):
        page.keyboard.press("ArrowDown")
    page.keyboard.press(" ")
    page.keyboard.type("by keys")
    page.keyboard.press("Enter")
    saved(page)
    assert stored(lab)["by keys"].points == ((220, 244), (280, 251))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("n")
    page.keyboard.press("n")
    page.keyboard.press("n")  # the lower right corner
    page.keyboard.press("ArrowDown")
    page.reload()  # at once: what was not saved yet is sent by the next page
    ready(page).focus()
    wait_until(lambda: stored(lab)["by keys"].points[0] == (221, 234))
    assert stored(lab)["by keys"].points == ((221, 234), (281, 242))
    page.keyboard.press("]")
    page.keyboard.press("]")  # the second by name
    expect(page.get_by_label("Name of the region")).to_have_value("by keys")
    page.keyboard.press("Delete")
    wait_until(lambda: "by keys" not in stored(lab))
    page.keyboard.press("Control+z")
    expect(page.get_by_text("Taken back: delete region by keys")).to_be_visible()
    wait_until(lambda: "by keys" in stored(lab))
    assert stored(lab)["by keys"].points == ((221, 234), (281, 242))


def test_after_a_reload_all_of_it_is_there_with_its_sizes(
    page: "playwright.Page", lab: Path
) -> None:
    page.reload()
    ready(page)
    listed = page.locator(".draw-list button")
    expect(listed).to_have_text([NAME, "by keys", "triangle"])
    listed.nth(1).click()
    expect(page.get_by_label("Name of the region")).to_have_value("by keys")
    scale = library.video_of(lab / "study", 1).px_per_cm
    area = f"{60 * 8 / scale**2:.4g}"
    expect(page.locator(".draw-size")).to_have_text(re.compile(rf"{area[:4]}\d* cm²"))
    expect(page.locator(".draw-scale")).to_have_text(re.compile(r"^8(\.0\d*)? px/cm|^7\.9"))


def test_two_people_who_draw_at_once_lose_nothing(page: "playwright.Page", lab: Path) -> None:
    theirs = Region("region 1", "point", "region", ((9, 9),))
    with open_study(lab / "study", write=True) as study:
        save_region(study, 1, theirs)
    mouse = Mouse(page)
    tool(page, "Rectangle")
    mouse.drag((30, 350), (60, 380), (90, 400))
    page.keyboard.type("mine")
    page.keyboard.press("Enter")
    wait_until(lambda: any(re.match(r"region 1 \d{3}", name) for name in stored(lab)))
    assert stored(lab)["region 1"] == theirs
    with open_study(lab / "study", write=True) as study:
        for name in [name for name in stored_names(study) if name.startswith("region 1")]:
            delete_region(study, 1, name)


def stored_names(study: Study) -> list[str]:
    return [region.name for region in regions(study, 1)]


def test_a_template_is_dragged_made_and_its_assay_is_named(
    page: "playwright.Page", lab: Path
) -> None:
    with open_study(lab / "study", write=True) as study:
        save_region(study, 1, Region("centre", "point", "region", ((1, 1),)))
    page.reload()
    ready(page)
    mouse = Mouse(page)
    tool(page, "Template…")
    page.get_by_label("Template").select_option("plus_maze")
    page.get_by_label("Arm length").fill("20")
    page.get_by_label("Arm length").press("Enter")
    page.wait_for_timeout(600)
    mouse.drag((319.5, 239.5), (330, 250), (299.5, 229.5))
    tool(page, "Make these regions")
    expect(page.get_by_text("This video already has “centre”.")).to_be_visible()
    tool(page, "Replace it")
    expect(page.get_by_text("5 regions made.")).to_be_visible()
    saved(page)
    found = stored(lab)
    assert {"open left", "open right", "closed top", "closed bottom"} <= set(found)
    scale = library.video_of(lab / "study", 1).px_per_cm
    left, _, right, _ = found["centre"].points
    assert math.dist(left, right) == pytest.approx(5 * scale * math.sqrt(2), abs=0.1)
    middle = [(a + b) / 2 for a, b in zip(left, right, strict=True)]
    assert middle == pytest.approx([299.5, 229.5], abs=1.0)


def test_detection_shows_masks_and_counts_and_starts_tracking(
    page: "playwright.Page", lab: Path
) -> None:
    page.get_by_text("Detection", exact=True).click()
    expect(page.get_by_text("Say how many animals the video shows")).to_be_visible()
    field = page.get_by_label("How many animals does the video show?")
    field.fill("3")
    field.press("Enter")
    said = page.get_by_text(re.compile(r"3 animals found in \d+ of \d+ sampled frames"))
    expect(said).to_be_visible(timeout=60_000)
    right, of = map(int, re.findall(r"found in (\d+) of (\d+)", said.inner_text())[0])
    assert of >= 90 and right > 0.6 * of
    expect(page.locator("[data-testid=stImage] img")).to_have_count(7)  # and the empty arena
    bars = page.locator(".stPlotlyChart .bars .point")
    expect(bars).to_have_count(of)
    slider = page.get_by_role("slider", name="Take off thin parts")
    slider.focus()
    for _ in range(16):  # no animal is as wide as that
        page.keyboard.press("ArrowRight")
    wrong = re.compile("3 animals found in 0 of|Nothing that looks")
    expect(page.get_by_text(wrong)).to_be_visible(timeout=WAIT_MS)
    page.get_by_role("button", name="Back to the automatic choice").click()
    expect(said).to_be_visible(timeout=WAIT_MS)
    page.get_by_role("button", name="Track with these settings").click()
    expect(page.get_by_text("This video is being tracked at the moment")).to_be_visible()
    job = latest_job(lab / "study", lab / "demo_video" / "demo.mp4")
    assert job is not None and job.state in ("starting", "running", "done")
    assert page.troubles == []
