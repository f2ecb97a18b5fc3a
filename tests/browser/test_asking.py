"""Asking in a real browser: answers, bouts that play, changed code, runs on all, definitions."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from browser_server import at_rest, expect, opened
from required import required
from storage_samples import add_tracked

from app.demo.scene import render_demo
from app.jobs.tracking_job import track_video
from llm_query.memory import Memory
from storage.bouts import read_bouts
from storage.regions import Region, save_region
from storage.study import open_study
from storage.videos import set_scale

pytestmark = [pytest.mark.browser, pytest.mark.slow]
playwright = required("playwright.sync_api")
SECONDS = 6


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo, tracked, and another recording of three animals, one of them in its corner."""
    home = tmp_path_factory.mktemp("asking")
    scene = render_demo(home / "demo_video", seconds=SECONDS)
    study = home / "study"
    track_video(study, home / "demo_video" / "demo.mp4", 3)
    corner = next(one["points"] for one in scene.regions if one["name"] == "corner")
    x, y = (np.full((60, 3), 300.0) for _ in "xy")
    x[20:40, 0], y[20:40, 0] = np.mean(corner, axis=0)
    with open_study(study, write=True) as opened:
        other = add_tracked(opened, home, x, y, name="other")
        for video_id in (1, other.video_id):
            set_scale(opened, video_id, 8.0)
            for one in scene.regions:
                points = [tuple(point) for point in one["points"]]
                save_region(opened, video_id, Region(one["name"], one["kind"], one["role"], points))
    return study


@pytest.fixture(scope="module")
def page(browser_file: str, study: Path) -> Iterator["playwright.Page"]:
    with opened(browser_file, study, "ask") as page:
        yield page
        assert page.troubles == []


def ask(page: "playwright.Page", question: str) -> None:
    page.get_by_label("Your question").fill(question)
    page.get_by_label("Your question").press("Enter")
    answered(page, question)


def answered(page: "playwright.Page", question: str) -> None:
    """Wait until the last question is this one, and its answer is whole."""
    asked = page.get_by_label("Chat message from user").last
    expect(asked).to_contain_text(question)
    expect(page.get_by_text(re.compile("Answered by")).last).to_be_visible()
    expect(page.get_by_text("Working it out")).to_have_count(0)


def choose_video(page: "playwright.Page", name: str) -> None:
    page.get_by_role("combobox", name="About").click()
    page.get_by_role("option", name=name, exact=True).click()
    expect(page.get_by_role("combobox", name="About")).to_have_value(name)


def bouts(study: Path, behaviour: str) -> list[tuple[str, int]]:
    with open_study(study) as opened:
        found = read_bouts(opened, behaviour=behaviour)
    return list(zip(found["video"], found["start_frame"].tolist(), strict=True))


def test_three_questions_make_a_conversation_that_survives_a_reload(
    page: "playwright.Page",
) -> None:
    expect(page.get_by_text("Ask about the tracks in plain words")).to_be_visible()
    page.get_by_text("How far did animal1 move?").click()
    answered(page, "How far did animal1 move?")
    expect(page.get_by_role("heading", name=re.compile("^2 videos: "))).to_be_visible()
    choose_video(page, "demo")
    ask(page, "How often does animal1 sing?")
    expect(page.get_by_text("What do you mean by “sing”?")).to_be_visible()
    ask(page, "When is each animal in the corner?")
    expect(page.get_by_label("Chat message from user").last).to_contain_text("· demo")
    for _ in range(2):
        expect(page.get_by_label("Chat message from user")).to_have_count(3)
        expect(page.get_by_text("Answered by the offline planner for demo")).to_be_visible()
        page.reload()
    page.get_by_role("button", name="Show it all").first.click()
    expect(page.get_by_text("Answered by the offline planner for demo")).to_have_count(2)


def test_a_chip_opens_the_bout_at_its_first_frame(page: "playwright.Page") -> None:
    chip = page.get_by_role("radio", name=re.compile(r"animal1 .* s$")).first
    start_s = float(re.search(r"([\d.]+)–", chip.inner_text()).group(1))
    chip.click()
    player = page.locator(".player")
    expect(player).to_have_attribute("data-state", re.compile("paused|playing"))
    query = re.search(r"video=demo&frame=(\d+)&stop=(\d+)", page.url)
    start, stop = map(int, query.groups())
    assert start == round(start_s * 30000 / 1001) < stop
    expect(player).to_have_attribute("data-frame", re.compile(r"\d"))
    page.wait_for_function(
        """([start, stop]) => {
          const all = [...document.querySelectorAll('*')];
          const host = all.find((one) => one.shadowRoot?.querySelector('.player'));
          const player = (host?.shadowRoot ?? document).querySelector('.player');
          const frame = Number(player.dataset.frame);
          return frame >= start && frame <= stop;
        }""",
        arg=[start, stop],
    )
    page.go_back()
    expect(page.get_by_label("Chat message from user")).to_have_count(3)
    expect(page.get_by_label("Save as behaviour")).to_be_visible()  # the last answer is whole


def test_changed_code_is_run_again_and_says_its_own_error(page: "playwright.Page") -> None:
    def change(code: str) -> None:
        last = page.get_by_label("Chat message from assistant").last
        last.get_by_text("The code that made this answer").click()
        expect(last.locator("code").filter(has_text="analyse").last).to_be_visible()
        last.get_by_role("button", name="Edit", exact=True).click()
        last.get_by_label("Code", exact=True).fill(code)
        last.get_by_label("Code", exact=True).press("Control+Enter")
        last.get_by_role("button", name="Run again").click()

    change("def analyse(recording):\n    return 1 / 0")
    expect(
        page.get_by_text("division by zero (line 2 of the analysis: return 1 / 0)")
    ).to_be_visible()
    change('def analyse(recording):\n    return in_region(recording, "animal1", "corner")')
    expect(page.get_by_label("Chat message from user")).to_have_count(5)
    expect(page.get_by_text("Working it out")).to_have_count(0)
    expect(page.get_by_label("Save as behaviour").last).to_be_visible()


def test_a_behaviour_is_saved_and_run_on_all_videos(page: "playwright.Page", study: Path) -> None:
    last = page.get_by_label("Chat message from assistant").last
    last.get_by_label("Save as behaviour").fill("cornering")
    last.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(re.compile("Saved as cornering"))).to_be_visible()
    assert {video for video, _ in bouts(study, "cornering")} == {"demo"}
    page.get_by_role("button", name="Run on all videos").click()
    expect(page.get_by_text("Ran on 2 of 2 videos")).to_be_visible()
    assert ("other", 20) in bouts(study, "cornering")


def test_a_word_that_is_asked_back_is_kept_and_the_question_asked_again(
    page: "playwright.Page", study: Path
) -> None:
    ask(page, "How often does animal1 linger?")
    page.get_by_label("Meaning").fill("in the corner for at least 1 s")
    page.get_by_role("button", name="Save it and ask again").click()
    expect(page.get_by_text("Definitions used: linger, version 1")).to_be_visible()
    assert Memory(study).definition("linger").text == "in the corner for at least 1 s"


def test_a_definition_is_edited_renamed_and_forgotten(page: "playwright.Page", study: Path) -> None:
    page.get_by_role("link", name="Definitions").first.click()
    page.get_by_role("button", name="Edit", exact=True).click()
    page.get_by_label("Meaning").fill("in the corner for at least 0.5 s")
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_text("linger is kept as version 2")).to_be_visible()
    at_rest(page)
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("New name").fill("loiter")
    page.get_by_role("button", name="Rename it").click()
    expect(page.get_by_text("linger is now called loiter")).to_be_visible()
    kept = Memory(study).definition("loiter")
    assert (kept.text, kept.aliases) == ("in the corner for at least 0.5 s", ("linger",))
    page.get_by_text("Handbook (").click()
    page.get_by_label("Search").fill("thigmotaxis")
    page.get_by_label("Search").press("Enter")
    expect(page.locator("summary")).to_have_count(2)
    page.locator("summary").first.click()
    expect(page.get_by_text("Ask for it by its name")).to_be_visible()
    at_rest(page)
    page.get_by_role("button", name="Copy to this study and edit").click()
    expect(page.get_by_text(re.compile("is in this study now"))).to_be_visible()
    page.get_by_role("button", name="Leave it").click()
    expect(page.get_by_role("button", name="Leave it")).to_have_count(0)
    page.get_by_label("Search").fill("loiter")
    page.get_by_label("Search").press("Enter")
    expect(page.locator("summary")).to_have_count(1)
    at_rest(page)
    page.get_by_role("button", name="Forget").click()
    page.get_by_role("button", name="Forget it").click()
    expect(page.get_by_text("loiter is forgotten")).to_be_visible()
    (copied,) = Memory(study).definitions()
    assert "Source: " in copied.text and copied.code.startswith("def analyse(recording):")
