"""Labelling in a real browser: outlined by click, corrected by line and brush, taken back, kept."""

import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from browser_server import context_of, expect, free_port, start_server, watched_page
from film import positions, write_video
from required import required

from app import library
from storage.edit_labels import save_labels, save_many
from storage.labels import (
    LabelledFrame,
    Proposal,
    frame_labels,
    label_of,
    open_proposals,
    save_proposals,
)
from storage.regions import regions
from storage.study import open_study

pytestmark = [pytest.mark.browser, pytest.mark.slow]
playwright = required("playwright.sync_api")

FRAMES, SIZE, RADIUS = 120, (320, 240), 9
EMPTY, FILLED, MERGED, LAST = 5, 40, 60, 90  # the proposed frames
PLACES = positions(FRAMES, 2, *SIZE)


@dataclass
class Lab:
    """A study with a server that can be killed and started again."""

    study: Path
    port: int
    server: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/label"

    def holds(self, frame: int) -> LabelledFrame | None:
        with open_study(self.study) as study:
            return frame_labels(study, 1, frame)


def disc(x: float, y: float, radius: float = RADIUS) -> np.ndarray:
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
    return (columns - x) ** 2 + (rows - y) ** 2 <= radius**2


def bar() -> np.ndarray:
    """An outline that holds both animals, joined by a thin bridge."""
    (x0, y0), (x1, y1) = PLACES[MERGED]
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
    along = np.clip((columns - x0) / (x1 - x0), 0, 1)
    bridge = (np.abs(rows - (y0 + along * (y1 - y0))) <= 1.5) & (along > 0) & (along < 1)
    return disc(x0, y0) | disc(x1, y1) | bridge


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    home = tmp_path_factory.mktemp("labelling")
    film = write_video(home / "clip.mp4", FRAMES, 2, size=SIZE)
    video_id = library.add(home / "study", film).video_id
    with open_study(home / "study", write=True) as study:
        frames = (EMPTY, FILLED, MERGED, LAST)
        save_proposals(study, video_id, [Proposal(one, "different", 0.5) for one in frames])
        filled = {
            FILLED: [label_of(disc(*place), "mouse") for place in PLACES[FILLED]],
            MERGED: [label_of(bar(), "mouse")],
        }
        sure = {FILLED: 0.9, MERGED: 0.2}
        save_many(study, video_id, filled, author="", origin="background", sureness=sure)
    lab = Lab(home / "study", port := free_port(), start_server(home / "study", port))
    yield lab
    lab.server.terminate()
    lab.server.wait(20)


@pytest.fixture(scope="module")
def page(browser_file: str, lab: Lab) -> Iterator["playwright.Page"]:
    with context_of(browser_file, viewport={"width": 1280, "height": 720}) as context:
        page = watched_page(context)
        page.goto(lab.url)
        on_frame(page, EMPTY)
        yield page


def on_frame(page: "playwright.Page", frame: int) -> None:
    editor = page.locator(".labeller")
    expect(editor).to_have_attribute("data-frame", f"1-{frame}", timeout=60_000)
    expect(editor).to_have_attribute("data-state", "ready")
    editor.focus()


def spot(page: "playwright.Page", x: float, y: float) -> tuple[float, float]:
    """Where a place of the video is on the screen."""
    box = page.locator(".label-stage").bounding_box()
    scale = min(box["width"] / SIZE[0], box["height"] / SIZE[1])
    left, top = (box[side] / 2 - scale * size / 2
                 for side, size in zip(("width", "height"), SIZE, strict=True))  # fmt: skip
    return box["x"] + left + (x + 0.5) * scale, box["y"] + top + (y + 0.5) * scale


def drag(page: "playwright.Page", *places: tuple[float, float]) -> None:
    page.mouse.move(*spot(page, *places[0]))
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*spot(page, *place), steps=6)
    page.mouse.up()


def outlines(page: "playwright.Page", count: int) -> None:
    expect(page.locator(".label-animal")).to_have_count(count)
    expect(page.locator(".labeller .saved")).to_have_text("saved")


def until(condition: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def areas(lab: Lab, frame: int) -> list[int]:
    found = lab.holds(frame)
    return [one.area_px for one in found.labels] if found else []


def test_a_click_on_each_animal_outlines_it_and_enter_ends_the_frame(
    page: "playwright.Page", lab: Lab
) -> None:
    for place in PLACES[EMPTY]:
        page.mouse.click(*spot(page, *place))
    outlines(page, 2)
    found = lab.holds(EMPTY)
    assert found is not None and found.origin == "draft" and not found.corrected
    for label, (x, y) in zip(found.labels, PLACES[EMPTY], strict=True):
        mask, truth = label.whole(*SIZE).astype(bool), disc(x, y)
        assert (mask & truth).sum() / (mask | truth).sum() >= 0.85
    expect(page.locator(".label-count")).to_have_text("0 of 4 corrected")
    page.keyboard.press("Enter")
    on_frame(page, FILLED)
    expect(page.locator(".label-count")).to_have_text("1 of 4 corrected")
    until(lambda: lab.holds(EMPTY).corrected)
    assert lab.holds(EMPTY).labels == found.labels


def test_a_proposal_that_is_right_is_taken_as_it_is(page: "playwright.Page", lab: Lab) -> None:
    before = lab.holds(FILLED)
    outlines(page, 2)
    expect(page.locator(".label-state")).to_contain_text("outlined, and sure")
    page.keyboard.press("Enter")
    on_frame(page, MERGED)
    until(lambda: lab.holds(FILLED).corrected)
    after = lab.holds(FILLED)
    assert after.labels == before.labels and after.origin == "person" and after.author != ""


def test_two_animals_in_one_outline_are_parted_by_a_click_with_shift(
    page: "playwright.Page", lab: Lab
) -> None:
    expect(page.locator(".label-animal")).to_have_count(1)
    (x0, y0), (x1, y1) = PLACES[MERGED]
    page.keyboard.press("1")
    page.keyboard.down("Shift")
    page.mouse.click(*spot(page, x1, y1))
    page.keyboard.up("Shift")
    until(lambda: sum(areas(lab, MERGED)) < bar().sum())
    page.mouse.click(*spot(page, x1, y1))
    outlines(page, 2)
    until(lambda: len(areas(lab, MERGED)) == 2)
    first, second = (one.whole(*SIZE).astype(bool) for one in lab.holds(MERGED).labels)
    assert not (first & second).any()  # a pixel is of one animal
    assert first[round(y0), round(x0)] and second[round(y1), round(x1)]


def test_line_brush_and_box_change_outlines_and_every_step_is_taken_back(
    page: "playwright.Page", lab: Lab
) -> None:
    start = areas(lab, MERGED)
    page.keyboard.press("a")
    drag(page, (20, 20), (60, 20), (60, 50), (20, 50))
    until(lambda: len(areas(lab, MERGED)) == 3)
    drawn = areas(lab, MERGED)[2]
    assert drawn == pytest.approx(40 * 30, rel=0.1)
    said = page.locator(".labeller .note")
    times = drawn / disc(100, 100).sum()
    expect(said).to_contain_text(f"This outline covers {times:.2g} times a usual mouse")
    said.get_by_role("button", name="Undo").click()
    outlines(page, 2)
    assert areas(lab, MERGED) == start
    page.keyboard.press("Control+Shift+z")
    outlines(page, 3)
    page.keyboard.press("3")
    page.keyboard.press("b")
    drag(page, (60, 35), (90, 35))
    until(lambda: areas(lab, MERGED)[2] > drawn + 200)
    page.keyboard.press("e")
    drag(page, (30, 30), (50, 30))
    until(lambda: (areas(lab, MERGED)[2] - drawn) < 200)
    page.keyboard.press("Delete")
    until(lambda: areas(lab, MERGED) == start)
    for more in (1, 2, 3):
        page.keyboard.press("Control+z")
        expect(page.locator(".label-animal")).to_have_count(3)
        if more == 3:
            until(lambda: areas(lab, MERGED) == [*start, drawn])
    page.keyboard.press("u")
    until(lambda: areas(lab, MERGED) == start)
    page.keyboard.press("Control+Shift+z")
    until(lambda: areas(lab, MERGED) == [*start, drawn])
    expect(page.locator(".label-animal")).to_have_count(3)
    page.keyboard.press("3")
    page.keyboard.press("Delete")
    page.keyboard.press("2")
    page.keyboard.press("Delete")
    until(lambda: areas(lab, MERGED) == start[:1])
    x, y = PLACES[MERGED][1]
    page.keyboard.press("x")
    drag(page, (x - 16, y - 16), (x + 16, y + 16))
    outlines(page, 2)
    until(lambda: len(areas(lab, MERGED)) == 2)
    assert areas(lab, MERGED)[1] == pytest.approx(np.pi * RADIUS**2, rel=0.15)


def test_what_is_done_while_the_server_is_gone_is_saved_when_it_is_back(
    page: "playwright.Page", lab: Lab
) -> None:
    lab.server.kill()
    lab.server.wait(20)
    page.keyboard.press("k")
    page.keyboard.press("1")
    page.keyboard.press("Delete")
    expect(page.locator(".labeller .saved")).to_contain_text("not saved yet")
    lab.server = start_server(lab.study, lab.port)
    until(lambda: len(areas(lab, MERGED)) == 1, 40)
    page.goto(lab.url)
    on_frame(page, MERGED)
    outlines_there = page.locator(".label-animal")
    expect(outlines_there).to_have_count(1)
    expect(page.locator(".label-state")).to_contain_text("begun")
    page.keyboard.press("u")  # also after a restart
    expect(outlines_there).to_have_count(2)


def test_a_stroke_does_not_cover_what_a_colleague_corrected_meanwhile(
    page: "playwright.Page", lab: Lab
) -> None:
    page.keyboard.press("n")
    on_frame(page, LAST)
    theirs = [label_of(disc(*place), "mouse") for place in PLACES[LAST]]
    with open_study(lab.study, write=True) as study:
        save_labels(study, 1, LAST, theirs, author="bob")
    page.keyboard.press("k")
    page.mouse.click(*spot(page, *PLACES[LAST][0]))
    expect(page.locator(".labeller .note")).to_contain_text("bob corrected frame")
    expect(page.locator(".label-animal")).to_have_count(2)  # bob's, not the one just clicked
    found = lab.holds(LAST)
    assert (found.author, found.corrected, found.labels) == ("bob", True, tuple(theirs))
    page.keyboard.press("p")
    on_frame(page, MERGED)


def test_nobody_here_is_said_with_one_key_and_frames_go_off_the_list(
    page: "playwright.Page", lab: Lab
) -> None:
    page.keyboard.press("n")
    on_frame(page, LAST)
    page.keyboard.press("0")
    until(lambda: (found := lab.holds(LAST)) is not None and found.labels == ())
    assert lab.holds(LAST).corrected
    expect(page.locator(".label-count")).to_have_text("3 of 4 corrected")
    page.keyboard.press("p")
    on_frame(page, MERGED)
    page.get_by_role("button", name="Off the list").click()
    expect(page.locator(".label-count")).to_have_text("3 of 3 corrected")
    until(lambda: lab.holds(MERGED) is None)


def proposed(lab: Lab) -> list[int]:
    with open_study(lab.study) as study:
        return [one.frame for one in open_proposals(study, 1)]


def test_frames_are_proposed_and_opened_from_the_page(page: "playwright.Page", lab: Lab) -> None:
    page.get_by_role("button", name="Propose frames").click()
    page.get_by_label("How many", exact=True).fill("2")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Propose", exact=True).click()
    todo = page.locator(".label-list button:not([data-state=corrected], [data-state=off])")
    expect(todo).to_have_count(2, timeout=60_000)
    fresh = proposed(lab)
    assert len(fresh) == 2 and not {EMPTY, FILLED, MERGED, LAST} & set(fresh)
    on_frame(page, fresh[0])
    assert page.troubles == []


def test_a_click_in_set_up_outlines_an_object_as_a_region(
    page: "playwright.Page", lab: Lab
) -> None:
    page.goto(lab.url.replace("/label", "/setup"))
    player = page.locator(".player")
    expect(player).to_have_attribute("data-frame", "0")
    player.focus()
    page.keyboard.press("k")
    box = page.locator(".overlay").bounding_box()
    scale = box["width"] / SIZE[0]
    x, y = PLACES[0][1]
    page.mouse.click(box["x"] + (x + 0.5) * scale, box["y"] + (y + 0.5) * scale)
    expect(player).to_have_attribute("data-saved", "saved")
    expect(page.get_by_label("Role of the region")).to_have_value("object")
    with open_study(lab.study) as study:
        (place,) = regions(study, 1)
    assert (place.name, place.kind, place.role) == ("object 1", "polygon", "object")
    corners = np.array(place.points)
    assert corners.mean(0) == pytest.approx((x, y), abs=1.5) and len(corners) < 40
    assert np.ptp(corners, axis=0) == pytest.approx((2 * RADIUS + 1,) * 2, abs=2.5)
    assert page.troubles == []
