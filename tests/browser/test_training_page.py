"""The page Train in a real browser: what is missing is said, a training is followed, networks."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from browser_server import opened
from film import write_video
from required import required

from app import library
from app.training.place import Place
from storage.edit_labels import save_labels
from storage.labels import label_of
from storage.networks import networks, register_network
from storage.study import open_study
from tracking.networks import door

pytestmark = [pytest.mark.browser, pytest.mark.slow]
playwright = required("playwright.sync_api")
expect = playwright.expect

NAME = "mice"
CURVE = [(1, 0.2), (2, 0.5), (3, 0.61)]


def epoch(number: int, ap50: float) -> dict[str, object]:
    return {
        "epoch": number, "epochs": 60, "seconds": 10.0 * number, "losses": {"train/box": 2.0},
        "ap50": ap50, "ap": ap50 / 2, "best": True, "batch": 8,
    }  # fmt: skip


def judged(ap50: float) -> dict[str, float]:
    return {
        "frames": 4, "animals": 8, "ap50": ap50, "ap": ap50 / 2, "iou": 0.8, "found": 0.9,
        "right_count": 0.75, "contact_frames": 0, "contact_ap50": None, "contact_ap": None,
    }  # fmt: skip


def add_rounds(folder: Path) -> None:
    """Two rounds of a network, as training registers them."""
    with open_study(folder, write=True) as study:
        for number, (ap50, before) in enumerate([(0.7, None), (0.9, 0.72)], 1):
            weights = folder.parent / f"{number}.pt"
            weights.write_bytes(bytes([number]))
            metrics = {
                "judged": judged(ap50), "before": judged(before) if before else None,
                "curve": [epoch(*each) for each in CURVE], "validation": "The last frames judge.",
            }  # fmt: skip
            register_network(
                study, NAME, weights, kind="pt", classes=["mouse"], author="Ada", metrics=metrics,
                trained_on=[{"video": "clip", "frame": k, "revision": k, "use": "train"}
                            for k in range(4 * number)],
                round=number, parent=f"{NAME}:1" if before else None, duration_s=60.0,
            )  # fmt: skip


def begin_training(folder: Path) -> "subprocess.Popen[bytes]":
    """A process that writes what a training writes, until it is interrupted."""
    place = Place(folder, "rats")
    place.begin({"settings": {"epochs": 60}, "started": "2026-01-01T00:00:00"})
    job = folder / "jobs" / "20260101-000000-abcdef-train.json"
    job.parent.mkdir(exist_ok=True)
    code = (
        "import sys, time\ntry:\n    time.sleep(300)\nexcept KeyboardInterrupt:\n    sys.exit(130)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, job.name])
    record = {
        "state": "running", "video": "rats", "stage": "train", "done": 3, "total": 60,
        "message": "epoch 3 of 60, AP50 0.61", "pid": process.pid, "updated_at": time.time(),
        "seconds_left": 90.0,
    }  # fmt: skip
    job.write_text(json.dumps(record))
    return process


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("training")
    library.add(home / "study", write_video(home / "clip.mp4", 40, 2))
    with open_study(home / "study", write=True) as study:
        mask = np.ones((12, 20), np.uint8)
        for frame in (0, 20):
            save_labels(study, 1, frame, [label_of(mask, "mouse", x0=9, y0=9)], author="Ada")
    add_rounds(home / "study")
    return home / "study"


@pytest.fixture(scope="module")
def page(browser_file: str, study: Path) -> Iterator["playwright.Page"]:
    with opened(browser_file, study, "train") as page:
        yield page


def test_what_can_be_learned_from_is_said_and_what_is_missing(page: "playwright.Page") -> None:
    expect(page.get_by_text("2 corrected frames with 2 animals in 1 video · mouse")).to_be_visible()
    if door.is_installed():
        expect(page.get_by_role("button", name="Start training")).to_be_enabled()
        expect(page.get_by_text("20 are a good start")).to_be_visible()
    else:
        expect(page.get_by_text("pip install 'ethoscribe[models]'")).to_be_visible()
        assert page.get_by_role("button", name="Start training").count() == 0


def test_a_network_shows_its_rounds_and_is_deleted_only_from_the_list(
    page: "playwright.Page", study: Path
) -> None:
    expect(page.locator("strong", has_text=re.compile("^mice:2$"))).to_be_visible()
    page.get_by_role("tab", name="Rounds").click()
    expect(page.locator(".js-plotly-plot .bartext")).to_have_text(["+0.180"])
    with page.expect_download() as download:
        page.get_by_role("button", name="Report").click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert "<title>mice:2: training report</title>" in text
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete mice:2").click()
    expect(page.get_by_text("mice:2 is deleted.")).to_be_visible()
    expect(page.locator("strong", has_text=re.compile("^mice:1$"))).to_be_visible()
    with open_study(study) as opened:
        assert [one.key for one in networks(opened)] == ["mice:1"]
        assert all(one.path.is_file() for one in networks(opened, withdrawn=True))


def test_a_training_is_followed_cancelled_and_thrown_away(
    page: "playwright.Page", study: Path
) -> None:
    process = begin_training(study)
    try:
        curve = Place(study, "rats").folder / "curve.jsonl"
        curve.write_text("".join(json.dumps(epoch(*each)) + "\n" for each in CURVE[:2]))
        page.reload()
        expect(page.get_by_text("epoch 3 of at most 60 · 1:30 left")).to_be_visible()
        expect(page.get_by_text("AP50 0.500 and AP50-95 0.250")).to_be_visible()
        with curve.open("a") as file:
            file.write(json.dumps(epoch(*CURVE[2])) + "\n")
        expect(page.get_by_text("AP50 0.610 and AP50-95 0.305")).to_be_visible()  # by itself
        page.get_by_role("button", name="Cancel").click()
        process.wait(20)
    finally:
        process.kill()
    expect(page.get_by_text("stopped after epoch 3 of 60")).to_be_visible()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    page.get_by_role("button", name="Throw away").click()
    page.get_by_role("button", name="Throw this training away").click()
    expect(page.get_by_text("The half training of rats is thrown away.")).to_be_visible()
    expect(page.get_by_role("button", name="Resume")).to_have_count(0)
    assert not Place(study, "rats").folder.exists()
    assert page.troubles == []
