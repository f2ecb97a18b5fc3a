"""A new user's whole way in one go: from an empty study to numbers equal to the command line's."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from browser_server import expect, opened
from required import required
from typer.testing import CliRunner

from app import library
from app.cli import app
from app.demo.scene import DemoScene, render_demo
from app.demo.truth import rectangle_distance, runs
from storage.bouts import watchers
from storage.regions import regions
from storage.study import open_study
from storage.tracks import read_tracks

pytestmark = [pytest.mark.browser, pytest.mark.slow]
playwright = required("playwright.sync_api")
SECONDS = 24
ETHOGRAM = {
    "behaviours": [
        {"behaviour": "corner visit", "kind": "state", "key": "v"},
        {"behaviour": "rearing", "kind": "state", "key": "r"},
        {"behaviour": "jumping", "kind": "point", "key": "j"},
    ]
}

TABLES = {"measures": "Measures", "summary": "Summary per animal", "bouts": "Bouts"}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> DemoScene:
    """The demo video with its script, in a folder without a study."""
    return render_demo(tmp_path_factory.mktemp("lab") / "demo_video", seconds=SECONDS)


@pytest.fixture(scope="module")
def study(scene: DemoScene) -> Path:
    """Where the study will be."""
    return scene.folder.parent / "study"


@pytest.fixture(scope="module")
def page(browser_file: str, study: Path) -> Iterator["playwright.Page"]:
    with opened(browser_file, study, "", viewport={"width": 1440, "height": 900}) as page:
        yield page
        assert page.troubles == []


def go(page: "playwright.Page", name: str) -> None:
    page.get_by_role("link", name=name, exact=True).click()


def player_of(page: "playwright.Page") -> "playwright.Locator":
    player = page.locator(".player")
    expect(player).to_have_attribute("data-state", re.compile("paused|playing"))
    expect(player).to_have_attribute("data-frame", re.compile(r"\d+"))
    return player


def jump(page: "playwright.Page", frame: int) -> None:
    page.get_by_label("Go to frame").fill(str(frame))
    page.get_by_label("Go to frame").press("Enter")
    expect(page.locator(".player")).to_have_attribute("data-frame", str(frame))


def saved(page: "playwright.Page") -> None:
    expect(page.locator(".player")).to_have_attribute("data-saved", "saved")


def downloaded(page: "playwright.Page", button: "playwright.Locator") -> bytes:
    with page.expect_download() as download:
        button.click()
    return Path(download.value.path()).read_bytes()


def command(*words: str) -> None:
    """Do what the command line does."""
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output


def drawn_places(study: Path) -> dict[str, list[tuple[float, float]]]:
    with open_study(study) as opened:
        return {one.name: [tuple(p) for p in one.points] for one in regions(opened, 1)}


def true_visits(scene: DemoScene, study: Path, name: str) -> dict[str, list[tuple[int, int]]]:
    """When the scripted centres are in a region as it was drawn, by the tracked animals' names."""
    truth = scene.points()
    with open_study(study) as opened:
        first = read_tracks(opened, 1, 0, 1).to_pandas()
    names = {}
    for number, one in truth[truth["frame"] == 0].groupby("id"):
        away = np.hypot(first["x_px"] - one["x"].item(), first["y_px"] - one["y"].item())
        names[number] = f"animal{first['animal_id'].iloc[int(np.argmin(away))]}"
    visits = {}
    for number, one in truth.groupby("id"):
        place = np.full((scene.n_frames, 2), np.nan)
        place[one["frame"]] = one[["x", "y"]]
        inside = rectangle_distance(place, drawn_places(study)[name]) == 0
        visits[names[number]] = runs(inside)
    return visits


def test_the_video_is_added(page: "playwright.Page") -> None:
    expect(page.get_by_text("This study is empty")).to_be_visible()
    page.get_by_role("button", name="demo_video").click()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("640 × 480 px · 29.97 fps").first).to_be_visible()


def test_the_scale_and_two_regions_are_drawn(
    page: "playwright.Page", study: Path, scene: DemoScene
) -> None:
    go(page, "Set up")
    player_of(page)
    box = page.locator(".overlay").bounding_box()
    assert box is not None
    scale = box["width"] / 640

    def drag(start: tuple[float, float], stop: tuple[float, float]) -> None:
        for step, (x, y) in enumerate((start, ((start[0] + stop[0]) / 2, start[1]), stop)):
            page.mouse.move(box["x"] + (x + 0.5) * scale, box["y"] + (y + 0.5) * scale)
            if step == 0:
                page.mouse.down()
        page.mouse.up()

    tools = page.locator(".draw")
    tools.get_by_role("button", name="Set…", exact=True).click()
    drag((40, 440), (600, 440))  # the arena is 70 cm wide
    page.keyboard.type("70")
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile(r"Saved: 8(\.0\d*)? px/cm|Saved: 7\.99"))).to_be_visible()
    for name in ("corner", "centre"):
        tools.get_by_role("button", name="Rectangle", exact=True).click()
        start, stop = next(one["points"] for one in scene.regions if one["name"] == name)
        drag(start, stop)
        page.keyboard.type(name)
        page.keyboard.press("Enter")
        saved(page)
    assert library.video_of(study, 1).px_per_cm == pytest.approx(8, rel=0.002)
    assert set(drawn_places(study)) == {"corner", "centre"}


def test_detection_is_looked_at_and_tracking_followed_to_its_end(
    page: "playwright.Page", study: Path
) -> None:
    page.get_by_text("Detection", exact=True).click()
    field = page.get_by_label("How many animals does the video show?")
    field.fill("3")
    field.press("Enter")
    found = page.get_by_text(re.compile(r"3 animals found in \d+ of \d+ sampled frames"))
    expect(found).to_be_visible()
    page.get_by_role("button", name="Track with these settings").click()
    expect(page.get_by_text("This video is being tracked at the moment")).to_be_visible()
    go(page, "Videos")
    expect(page.get_by_text(re.compile(r"3 animals, found in \d"))).to_be_visible(timeout=120_000)
    (row,) = library.list_videos(study)
    assert row.animals == ("animal1", "animal2", "animal3") and row.share_detected > 0.98


def test_two_animals_are_swapped_and_put_back(page: "playwright.Page", study: Path) -> None:
    def track() -> pd.DataFrame:
        with open_study(study) as opened:
            return read_tracks(opened, 1).to_pandas()

    before = track()
    go(page, "Review")
    player = player_of(page)
    jump(page, 100)
    player.focus()
    for key in ("1", "2", "s"):
        page.keyboard.press(key)
    expect(page.locator(".review-said")).to_contain_text("Swapped animal")
    saved(page)
    assert not track().equals(before)
    page.keyboard.press("Control+z")
    expect(page.locator(".review-said")).to_contain_text("Taken back: swap animal")
    saved(page)
    pd.testing.assert_frame_equal(track(), before)


def test_three_behaviours_are_scored_by_keyboard(
    page: "playwright.Page", study: Path, scene: DemoScene
) -> None:
    go(page, "Annotate")
    player_of(page)
    page.get_by_text("Ethogram", exact=True).click()
    page.get_by_text("Take another ethogram").click()
    content = json.dumps(ETHOGRAM).encode()
    file = {"name": "lab.json", "mimeType": "application/json", "buffer": content}
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Take these").click()
    expect(page.get_by_text("The ethogram is saved.")).to_be_visible()
    player = player_of(page)
    visits = true_visits(scene, study, "corner")
    for animal, bouts in visits.items():
        player.focus()
        page.keyboard.press(animal[-1])
        for start, stop in bouts:
            for frame in (start, stop):
                jump(page, min(frame, scene.n_frames - 1))
                player.focus()
                page.keyboard.press("v")
    page.keyboard.press("1")
    for frame, key in ((30, "r"), (60, "j"), (90, "r")):
        jump(page, frame)
        player.focus()
        page.keyboard.press(key)
    saved(page)
    kept = pd.DataFrame(library.stored_bouts(study, 1))
    assert kept["behaviour"].value_counts().to_dict() == {
        "corner visit": sum(map(len, visits.values())), "rearing": 1, "jumping": 1,
    }  # fmt: skip
    assert set(kept["subject"]) == {"animal1", *(name for name, bouts in visits.items() if bouts)}


def ask(page: "playwright.Page", question: str) -> None:
    page.get_by_label("Your question").fill(question)
    page.get_by_label("Your question").press("Enter")
    asked = page.get_by_label("Chat message from user").last
    expect(asked).to_contain_text(question)
    expect(page.get_by_text(re.compile("Answered by")).last).to_be_visible()
    expect(page.get_by_text("Working it out")).to_have_count(0)


def test_three_questions_are_answered_as_scripted_and_a_bout_opens(
    page: "playwright.Page", study: Path, scene: DemoScene
) -> None:
    go(page, "Ask")
    ask(page, "How far did animal1 move?")
    told = page.get_by_text(re.compile(r"animal1 .*\d+\.?\d* cm")).last.inner_text()
    distance = float(re.search(r"([\d.]+) cm", told).group(1))
    truth = scene.points()
    paths = [
        np.hypot(*np.diff(one[["x", "y"]].to_numpy(), axis=0).T).sum() / 8
        for _, one in truth.groupby("id")
    ]
    assert min(abs(distance / path - 1) for path in paths) < 0.05
    ask(page, "How long was animal1 in the centre?")
    told = page.get_by_text(re.compile(r"animal1 was (never )?in the centre")).last.inner_text()
    stays = true_visits(scene, study, "centre")["animal1"]
    seconds = re.search(r"([\d.]+) s(?: in total)?", told)
    assert bool(seconds) == bool(stays)
    if seconds:
        true_s = sum(stop - start for start, stop in stays) / float(scene.fps)
        assert float(seconds.group(1)) == pytest.approx(true_s, abs=0.07 * len(stays))
    ask(page, "When is each animal in the corner?")
    text = downloaded(page, page.get_by_role("button", name="Bouts as CSV").last).decode()
    (study.parent / "answer.csv").write_text(text)
    answer = pd.read_csv(study.parent / "answer.csv")
    for animal, bouts in true_visits(scene, study, "corner").items():
        mine = answer[answer["subject"] == animal]
        edges = mine[["start_frame", "stop_frame"]].to_numpy()
        assert len(edges) == len(bouts)
        assert not bouts or np.abs(edges - np.array(bouts)).max() <= 1
    page.get_by_label("Save as behaviour").last.fill("corner visit")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(
        page.get_by_text(re.compile("Saved as corner.visit|corner.*visit.*timeline"))
    ).to_be_visible()
    page.get_by_role("radio", name=re.compile(r"animal\d .* s$")).first.click()
    player_of(page)
    start, stop = map(int, re.search(r"video=demo&frame=(\d+)&stop=(\d+)", page.url).groups())
    assert start in answer["start_frame"].tolist() and stop in answer["stop_frame"].tolist()


def test_the_person_and_the_question_agree(page: "playwright.Page", study: Path) -> None:
    player_of(page)
    page.get_by_text("Bouts", exact=True).first.click()
    page.get_by_role("button", name="corner visit", exact=True).click()
    for _ in range(200):
        with open_study(study) as opened:
            if any(source == "person" for source, _ in watchers(opened, "corner visit")):
                break
        page.wait_for_timeout(100)
    page.get_by_text("Compare", exact=True).click()
    expect(page.get_by_text("Kappa (Cohen 1960)")).to_be_visible()
    agreed = page.get_by_text("They agree in every frame")
    differing = page.get_by_role("button", name="Download disagreements")
    expect(agreed.or_(differing)).to_be_visible()
    if differing.count():
        (file := study.parent / "differences.csv").write_bytes(downloaded(page, differing))
        table = pd.read_csv(file)
        assert (table["stop_frame"] - table["start_frame"]).max() == 1  # an edge, by one frame


def test_the_files_are_those_of_the_command_line(page: "playwright.Page", study: Path) -> None:
    go(page, "Results")
    page.get_by_text("Tables", exact=True).click()
    shown = page.get_by_test_id("stMainBlockContainer")
    for kind, label in TABLES.items():
        shown.get_by_role("radio", name=label, exact=True).click()
        expect(shown.get_by_text(f"ethoscribe export {kind}")).to_have_count(1)
        found = downloaded(page, shown.get_by_role("button", name="CSV", exact=True))
        command("export", kind, "-s", str(study), "-o", str(study.parent / f"{kind}.csv"))
        assert found == (study.parent / f"{kind}.csv").read_bytes()
