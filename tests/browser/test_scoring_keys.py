"""Scoring by keyboard in a real browser: every key press reaches the study, whatever happens."""

import json
import random
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from browser_server import REPOSITORY, context_of, drawn, expect, free_port, start_server
from film import write_video
from required import required

from app import library
from storage.edits import log
from storage.ethogram import Behaviour, Modifier, save_ethogram
from storage.study import open_study

pytestmark = [pytest.mark.browser, pytest.mark.slow]
playwright = required("playwright.sync_api")

POINTS = "abdfghijkl"  # ten moments, each with its own key
ETHOGRAM = [
    *(Behaviour(f"moment {key}", "point", key, "#56B4E9") for key in POINTS),
    Behaviour("walking", "state", "w", "#009E73", exclusive_group="motion"),
    Behaviour("resting", "state", "e", "#CC79A7", exclusive_group="motion"),
    Behaviour(
        "sniffing", "state", "s", "#D55E00", has_target=True,
        modifiers=(Modifier("where", ("face", "tail")),),
    ),
]  # fmt: skip
SESSIONS = 10
ALL_SAVED = re.compile("^saved$")


@dataclass
class Lab:
    """A study with a server that can be killed and started again."""

    study: Path
    port: int
    server: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def restart(self) -> None:
        self.server = start_server(self.study, self.port)

    def bouts(self, video_id: int) -> list[tuple[str, str, int]]:
        """(behaviour, subject, start) of the bouts that stand, in the order of their making."""
        found = library.stored_bouts(self.study, video_id)
        found.sort(key=lambda bout: bout["bout_id"])
        return [(bout["behaviour"], bout["subject"], bout["start_frame"]) for bout in found]

    def added(self, video_id: int) -> list[str]:
        """The behaviours of all bouts ever added, in the order of the log."""
        with open_study(self.study) as study:
            edits = log(study, video_id)
        return [
            (data if isinstance(data, dict) else json.loads(data))["behaviour"]
            for data in edits[(edits["kind"] == "bouts.add") & edits["error"].isna()]["data"]
        ]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    home = tmp_path_factory.mktemp("lab")
    for number in range(1, SESSIONS + 1):
        library.add(home / "study", write_video(home / f"v{number}.mp4", n_frames=400 + number))
    with open_study(home / "study", write=True) as study:
        save_ethogram(study, ETHOGRAM)
    lab = Lab(home / "study", port := free_port(), start_server(home / "study", port))
    yield lab
    lab.server.terminate()
    lab.server.wait(20)


@pytest.fixture(scope="module")
def context(browser_file: str) -> Iterator["playwright.BrowserContext"]:
    with context_of(browser_file) as context:
        yield context


def opened(context: "playwright.BrowserContext", lab: Lab, video: int) -> "playwright.Page":
    page = context.new_page()
    page.on("dialog", lambda dialog: dialog.accept())  # "not everything is saved": leave anyway
    page.goto(f"{lab.url}/annotate?video=v{video}&frame=10")
    expect(page.locator(".player")).to_have_attribute("data-frame", "10", timeout=60_000)
    return page


def press(page: "playwright.Page", keys: str, per_s: float = 20) -> list[str]:
    """Press keys at an even pace and return the names of their behaviours."""
    start = time.monotonic()
    for number, key in enumerate(keys):
        time.sleep(max(0, start + number / per_s - time.monotonic()))
        page.keyboard.press(key)
    return [f"moment {key}" for key in keys]


def saved(page: "playwright.Page") -> None:
    expect(page.locator(".player")).to_have_attribute("data-saved", ALL_SAVED, timeout=120_000)


def arrived(lab: Lab, video: int, behaviours: list[str]) -> None:
    """Wait until exactly these bouts, in this order, are in the study."""
    end = time.monotonic() + 120
    while lab.added(video) != behaviours and time.monotonic() < end:
        time.sleep(0.3)
    assert lab.added(video) == behaviours


def stepped(page: "playwright.Page", keys: str, first: int) -> list[str]:
    """Press each key on a frame of its own."""
    for number, key in enumerate(keys):
        page.keyboard.press(key)
        page.keyboard.press(".")
        frame = str(first + number + 1)
        expect(page.locator(".player")).to_have_attribute("data-frame", frame)
    return [f"moment {key}" for key in keys]


def test_sixty_keys_at_twenty_per_second_arrive_in_order_while_the_page_is_blocked(
    context: "playwright.BrowserContext", lab: Lab
) -> None:
    page = opened(context, lab, 1)
    press(page, "a")
    saved(page)
    page.keyboard.press(" ")  # it plays on while one scores
    keys = "".join(random.Random(4).sample(POINTS, 10)) * 6
    held = threading.Event()

    def hold() -> None:  # as a job does that stores its result: no page and no edit gets through
        with open_study(lab.study, write=True):
            held.set()
            time.sleep(2)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(20)
    pressed = press(page, keys)
    holder.join()
    arrived(lab, 1, ["moment a", *pressed])  # also where the page drew its player anew meanwhile
    frames = [start for _, _, start in lab.bouts(1)][1:]
    assert frames == sorted(frames) and frames[-1] > frames[0]
    page.close()


def test_states_targets_groups_undo_and_comments_by_keyboard(
    context: "playwright.BrowserContext", lab: Lab
) -> None:
    page = opened(context, lab, 2)
    for key, frame in [("w", 10), ("Shift+ArrowRight", 20), ("e", 20), ("Shift+ArrowRight", 30)]:
        page.keyboard.press(key)
        expect(page.locator(".player")).to_have_attribute("data-frame", str(frame))
    page.keyboard.press("e")
    saved(page)
    assert lab.bouts(2) == [("walking", "animal1", 10), ("resting", "animal1", 20)]
    page.keyboard.press("s")
    expect(page.get_by_text("sniffing: where")).to_be_visible()  # nobody else is there as target
    page.keyboard.press("2")
    page.reload()  # what is going on goes on
    expect(page.get_by_text("sniffing · animal1")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="End all at the last frame").click()
    saved(page)
    assert lab.bouts(2)[2:] == [("sniffing", "animal1", 30)]
    sniffing = library.stored_bouts(lab.study, 2)[2]
    assert (sniffing["stop_frame"], sniffing["modifiers"]) == (402, {"where": "tail"})
    page.keyboard.press("Control+z")
    saved(page)
    assert len(lab.bouts(2)) == 2
    page.keyboard.press("Control+y")
    saved(page)
    assert len(lab.bouts(2)) == 3
    page.keyboard.press("Escape")
    page.keyboard.press("Home")
    expect(page.locator(".player")).to_have_attribute("data-frame", "0")
    page.keyboard.press("]")
    page.keyboard.press("Enter")
    page.keyboard.type("<b>quick</b>")
    page.keyboard.press("Enter")
    saved(page)
    (walking,) = (b for b in library.stored_bouts(lab.study, 2) if b["behaviour"] == "walking")
    assert walking["comment"] == "<b>quick</b>"
    page.keyboard.press("Delete")
    saved(page)
    assert [bout[0] for bout in lab.bouts(2)] == ["resting", "sniffing"]
    page.close()


def test_an_edge_of_a_bout_is_dragged_to_another_frame(
    context: "playwright.BrowserContext", lab: Lab
) -> None:
    page = opened(context, lab, 2)
    wide = page.locator(".timeline").bounding_box()["width"] - 192
    drawn(page, 178 + 25 / 402 * wide, "resting: ")
    line = page.locator(".timeline").bounding_box()
    x = lambda frame: line["x"] + 178 + frame / 402 * wide  # noqa: E731
    page.mouse.move(x(30), line["y"] + 9)
    page.mouse.down()
    page.mouse.move(x(80), line["y"] + 9, steps=4)
    expect(page.locator(".tip")).to_contain_text("frame 80")
    page.mouse.up()
    saved(page)
    (resting,) = (b for b in library.stored_bouts(lab.study, 2) if b["behaviour"] == "resting")
    assert (resting["start_frame"], resting["stop_frame"]) == (20, 80)
    page.close()


def test_nothing_is_lost_by_a_killed_server_a_reload_or_a_second_tab(
    context: "playwright.BrowserContext", lab: Lab
) -> None:
    page = opened(context, lab, 3)
    second = opened(context, lab, 3)
    page.bring_to_front()  # a tab behind is not drawn
    pressed = stepped(page, "abdf", 10)
    lab.server.kill()
    lab.server.wait(20)
    pressed += press(page, "ghij")
    expect(page.locator(".saved")).to_contain_text("not saved yet")
    lab.restart()
    saved(page)
    assert lab.added(3) == pressed
    pressed += stepped(page, "kl", 14)  # the video is there again too
    page.keyboard.press("a")
    page.reload()  # at once after the key
    expect(page.locator(".player")).to_have_attribute("data-frame", re.compile(r"\d"))
    pressed.append("moment a")
    arrived(lab, 3, pressed)
    page.route("**/edits", lambda route: route.abort())  # this tab cannot send any more
    pressed += press(page, "bdf")
    expect(page.locator(".saved")).to_contain_text("not saved yet (3 edits)")
    page.close()
    arrived(lab, 3, pressed)  # the second tab has found and sent them
    second.close()


def go(page: "playwright.Page", frame: int) -> None:
    page.get_by_label("Go to frame").fill(str(frame))
    page.get_by_label("Go to frame").press("Enter")
    expect(page.locator(".player")).to_have_attribute("data-frame", str(frame))


def spans(lab: Lab, video: int) -> list[tuple[str, int, int]]:
    found = library.stored_bouts(lab.study, video)
    return sorted((one["behaviour"], one["start_frame"], one["stop_frame"]) for one in found)


def test_a_state_is_not_started_before_another_of_its_group_and_survives_without_storage(
    context: "playwright.BrowserContext", lab: Lab
) -> None:
    page = opened(context, lab, 5)
    go(page, 100)
    page.keyboard.press("w")
    go(page, 70)
    page.keyboard.press("e")
    expect(page.locator(".note")).to_contain_text("resting is not started: walking is going on")
    page.evaluate("localStorage.clear()")
    page.evaluate("() => { Storage.prototype.setItem = () => { throw new Error('full'); }; }")
    go(page, 120)
    page.keyboard.press("e")
    expect(page.locator(".note")).to_contain_text("memory alone")
    go(page, 130)
    page.keyboard.press("e")
    saved(page)
    assert spans(lab, 5) == [("resting", 120, 130), ("walking", 100, 120)]
    go(page, 110)
    page.keyboard.press("e")
    expect(page.locator(".note")).to_contain_text("here walking is scored, frames 100 to 119")
    page.close()


def test_undo_in_one_tab_leaves_alone_what_another_tab_did_last(
    context: "playwright.BrowserContext", lab: Lab
) -> None:
    page = opened(context, lab, 6)
    undo = page.locator(".score .acts").get_by_role("button", name="Undo", exact=True)
    expect(undo).to_be_disabled()
    page.keyboard.press("a")
    saved(page)
    second = opened(context, lab, 6)
    second.keyboard.press("b")
    saved(second)
    page.bring_to_front()
    page.keyboard.press("Control+z")
    expect(page.locator(".note")).to_contain_text("made elsewhere, it is 'moment b")
    assert [name for name, _, _ in lab.bouts(6)] == ["moment a", "moment b"]
    page.keyboard.press("Control+z")
    expect(undo).to_be_enabled()
    saved(page)
    assert [name for name, _, _ in lab.bouts(6)] == ["moment a"]
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+y")
    page.keyboard.press("Control+y")
    saved(page)
    assert [name for name, _, _ in lab.bouts(6)] == ["moment a", "moment b"]
    page.close()
    second.close()


def test_a_refused_edit_is_shown_with_the_reason_and_the_rest_goes_on(
    context: "playwright.BrowserContext", lab: Lab
) -> None:
    page = opened(context, lab, 7)
    refused = []

    def forbid(route: "playwright.Route") -> None:
        kept = [one for one in route.request.post_data_json["edits"] if one["kind"] == "bouts.add"]
        if not refused and any(one["data"]["behaviour"] == "moment a" for one in kept):
            if len(kept) == 1:
                refused.append(kept)
            route.fulfill(status=403, json={"error": "You may only look."})
        else:
            route.continue_()

    page.route("**/edits", forbid)
    press(page, "abd")
    expect(page.locator(".refused")).to_contain_text("You may only look.")
    saved(page)
    assert [name for name, _, _ in lab.bouts(7)] == ["moment b", "moment d"]
    page.reload()  # it is still there to be mended
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".refused")).to_have_count(0)
    saved(page)
    assert sorted(name for name, _, _ in lab.bouts(7)) == ["moment a", "moment b", "moment d"]
    page.close()


def test_without_locks_a_tab_that_was_taken_for_closed_loses_nothing(
    context: "playwright.BrowserContext", lab: Lab
) -> None:
    page = context.new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    page.add_init_script(  # as on a plain http address, with a clock that does not tick
        "Object.defineProperty(Navigator.prototype, 'locks', { get: () => undefined });"
        "const put = Storage.prototype.setItem; Storage.prototype.setItem = function (key, value) {"
        " if (!key.endsWith('.alive')) put.call(this, key, value); };"
    )
    page.route("**/edits", lambda route: route.abort())
    page.goto(f"{lab.url}/annotate?video=v8&frame=10")
    expect(page.locator(".player")).to_have_attribute("data-frame", "10", timeout=60_000)
    page.keyboard.press("a")
    second = context.new_page()
    second.add_init_script(
        "Object.defineProperty(Navigator.prototype, 'locks', { get: () => undefined });"
    )
    waiting: list[playwright.Route] = []
    second.route(
        "**/edits", lambda route: waiting.append(route) if not waiting else route.continue_()
    )
    second.goto(f"{lab.url}/annotate?video=v8&frame=10")
    end = time.monotonic() + 20
    while not waiting and time.monotonic() < end:
        second.wait_for_timeout(100)
    press(page, "bd")  # while the other tab sends what it found
    waiting[0].continue_()
    second.unroute("**/edits")  # nobody answers for it while this test waits
    arrived(lab, 8, ["moment a", "moment b", "moment d"])
    page.close()
    second.close()


def test_ten_people_score_ten_videos_while_a_job_tracks(
    context: "playwright.BrowserContext", lab: Lab
) -> None:
    pages = [opened(context, lab, number) for number in range(1, SESSIONS + 1)]
    before = [len(lab.added(number)) for number in range(1, SESSIONS + 1)]
    command = [sys.executable, "-m", "app.cli", "track", str(lab.study.parent / "v1.mp4")]
    command += ["-s", str(lab.study), "--animals", "2"]
    start = time.monotonic()
    with subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.DEVNULL) as job:
        for number, key in enumerate(POINTS[:6]):
            time.sleep(max(0, start + number - time.monotonic()))  # a key per second and person
            for page in pages:
                page.keyboard.press(key)
    for page in pages:
        saved(page)
    assert job.returncode == 0
    waits = [
        entry
        for page in pages
        for entry in page.evaluate(
            "performance.getEntriesByName('ethoscribe.saved').map((entry) => entry.duration)"
        )
    ]
    median = statistics.median(waits)
    sys.stdout.write(f"\nTen sessions, one job: a key is saved after {median:.0f} ms (median)\n")
    after = [lab.added(number) for number in range(1, SESSIONS + 1)]
    new = [found[had:] for found, had in zip(after, before, strict=True)]
    assert new == [[f"moment {key}" for key in POINTS[:6]]] * SESSIONS
    # below 500 ms on a machine at rest; `saved` gives up after two minutes, however busy it is
    assert len(waits) == 6 * SESSIONS
    for page in pages:
        page.close()
