"""The pages Train and Label from beginning to end in a real browser, with real processes.

A network of one epoch finds nothing yet: so that there is something to see, one whose answers are
known stands beside it for tracking, as the file that would have been exported of it.
"""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from film import draw, positions, write_video
from required import missing, required

for package in ("torch", "ultralytics", "onnxruntime"):
    required(package)
sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))

from browser_server import (  # noqa: E402
    WAIT_MS,
    at_rest,
    chromium,
    close_browser,
    expect,
    opened,
)

from app import library  # noqa: E402
from app.jobs.processes import cancel_job, read_jobs  # noqa: E402
from app.training.place import Place  # noqa: E402
from storage.edit_labels import save_labels  # noqa: E402
from storage.labels import label_of, open_proposals, read_labels  # noqa: E402
from storage.networks import find_network, register_network  # noqa: E402
from storage.runs import active_run  # noqa: E402
from storage.study import open_study  # noqa: E402
from storage.tracks import read_tracks  # noqa: E402

playwright = required("playwright.sync_api")
pytestmark = pytest.mark.browser

FRAMES, SIZE = 300, (320, 240)
LABELLED = tuple(range(0, FRAMES, 30))
SECONDS = 240.0  # a busy machine is slow, not wrong


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, taught: Path) -> Path:
    """Ten labelled frames, and a network of 64 px that was trained before."""
    home = tmp_path_factory.mktemp("pages")
    video = library.add(home / "study", write_video(home / "clip.mp4", FRAMES, 2))
    places = positions(FRAMES, 2, *SIZE)
    with open_study(home / "study", write=True) as study:
        for frame in LABELLED:
            labels = [label_of(draw(one[None], *SIZE) == 45, "dark") for one in places[frame]]
            save_labels(study, video.video_id, frame, labels, author="Ann")
        register_network(
            study, "mice", taught / "weights" / "best.pt", kind="pt", classes=["dark", "white"],
            author="Ann", settings={"image_px": 64}, round=1,
        )  # fmt: skip
    return home / "study"


@pytest.fixture(scope="module")
def page(study: Path) -> Iterator["playwright.Page"]:
    """The page Train; threads of its jobs that wait for each other take no time meanwhile."""
    browser = chromium()
    if browser is None:
        missing("no Chromium on this machine: run sh tests/browser/install.sh")
    required("playwright.sync_api").expect.set_options(timeout=WAIT_MS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_WAIT_POLICY", "PASSIVE")
        with opened(browser, study, "train") as page:
            yield page
    for job in read_jobs(study):
        if job.active:
            cancel_job(study, job.job_id, hard=True)
    close_browser()


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.2)


def epochs(study: Path) -> int:
    return len(Place(study, "mice").curve())


def test_a_training_is_begun_cancelled_resumed_and_ended_from_the_page(
    page: "playwright.Page", study: Path
) -> None:
    expect(page.get_by_text("Becomes the next version of mice.")).to_be_visible()
    page.get_by_text("More settings").click()
    page.get_by_text("Learn from composites too").click()
    at_rest(page)
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text("The training of mice has begun.")).to_be_visible()
    until(lambda: epochs(study) >= 1)
    expect(page.get_by_text("of masks on the frames that judge, in epoch")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("mice stopped after epoch")).to_be_visible()
    before = epochs(study)
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("The training of mice goes on.")).to_be_visible()
    until(lambda: epochs(study) > before)
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Keep what it has").click()
    expect(page.locator("strong", has_text="mice:2")).to_be_visible(timeout=1000 * SECONDS)
    with open_study(study) as opened_study:
        made = find_network(opened_study, "mice")
    assert (made.key, made.round, made.parent) == ("mice:2", 2, "mice:1")
    assert made.metrics["stopped"] == "person"
    numbers = [one["epoch"] for one in made.metrics["curve"]]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) > before
    assert not Place(study, "mice").folder.exists()
    assert page.troubles == []


def test_it_is_tracked_with_the_network_and_its_doubtful_frames_are_proposed(
    page: "playwright.Page", study: Path, known: Path
) -> None:
    with open_study(study, write=True) as opened_study:
        register_network(
            opened_study, "mice", known, kind="onnx", classes=["mouse"], author="", version=2
        )
    page.reload()
    page.get_by_role("button", name="Track with it").click()
    page.get_by_label("Videos").click()
    page.get_by_role("option", name="clip").click()
    page.get_by_label("How many animals does each video show?").fill("2")
    page.keyboard.press("Tab")
    at_rest(page)
    page.get_by_role("button", name="Track", exact=True).click()
    expect(page.get_by_text("Tracking clip with mice:2")).to_be_visible()
    until(lambda: run_of(study))
    with open_study(study) as opened_study:
        run = active_run(opened_study, 1)
        assert run is not None and run.settings["network"]["name"] == "mice:2"
        assert len(read_tracks(opened_study, 1)) == 2 * FRAMES
    page.reload()
    page.get_by_role("button", name="Propose next frames").click()
    page.get_by_label("How many", exact=True).fill("2")
    page.keyboard.press("Tab")
    at_rest(page)
    page.get_by_role("button", name="Propose", exact=True).click()
    expect(page.locator(".labeller")).to_have_attribute("data-state", "ready")
    expect(page.get_by_text("2 frames to label were chosen.")).to_be_visible()
    expect(page.get_by_text("are kept for judging mice:2 and its next rounds")).to_be_visible()
    fresh = proposed(study)
    assert not set(fresh) & set(LABELLED)
    with open_study(study) as opened_study:
        filled = read_labels(opened_study, 1, fresh)
    assert [one.origin for one in filled] == ["network:mice:2"] * 2
    assert [len(one.labels) for one in filled] == [2, 2]
    assert page.troubles == []


def run_of(study: Path) -> object:
    with open_study(study) as opened_study:
        return active_run(opened_study, 1)


def proposed(study: Path) -> list[int]:
    with open_study(study) as opened_study:
        return [one.frame for one in open_proposals(opened_study, 1)]
