"""Signing in, what each role sees, and names that try to be scripts, in a real browser."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from attacked_server import Server
from browser_server import WAIT_MS, expect, served, shared_browser, watched_page
from required import required
from test_routes import film, tables

from app import library
from app.server.accounts import hash_password
from storage import people
from storage.bouts import save_bouts
from storage.metadata import save_metadata
from storage.regions import Region, save_region
from storage.runs import Run, ingest_run
from storage.study import open_study
from storage.videos import rename_animal, rename_video

pytestmark = [pytest.mark.browser, pytest.mark.slow]
playwright = required("playwright.sync_api")

PASSWORD = "correct horse"
EVIL = "<img src=x onerror=window.hacked=1>"
OWNER = f"Ada {EVIL}"
WHERE_FROM = "Where do the numbers come from?"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study in which everything that has a name tries to run a script."""
    home = tmp_path_factory.mktemp("lab")
    study = home / "study"
    video = library.add(study, film(home / "clip.mp4"))
    parts = []
    for name, table in zip(("tracks", "masks", "points"), tables(), strict=True):
        pq.write_table(table, home / f"{name}.parquet")
        parts.append([home / f"{name}.parquet"])
    now, number = datetime.now(UTC), video.video_id
    with open_study(study, write=True) as opened:
        ingest_run(opened, number, Run("run1", "background", 1, {}, {}, {}, now, now), *parts)
        rename_video(opened, number, f"film {EVIL}")
        rename_animal(opened, number, 1, f"mouse {EVIL}")
        save_region(
            opened, number, Region(f"zone {EVIL}", "rectangle", "region", [(1, 1), (30, 30)])
        )
        bouts = pd.DataFrame({"subject": [f"mouse {EVIL}"], "start_frame": [2], "stop_frame": [5]})
        save_bouts(opened, number, bouts, behaviour=f"rest {EVIL}", source="human")
        facts = {"video": [f"film {EVIL}"], f"group {EVIL}": [f"control {EVIL}"]}
        save_metadata(opened, pd.DataFrame(facts))
        hashed = hash_password(PASSWORD)
        for name, role in ((OWNER, "owner"), ("Grace", "annotator"), ("Vera", "viewer")):
            people.add_person(opened, name, role, hashed)
    return home


@pytest.fixture(scope="module")
def address(lab: Path) -> Iterator[str]:
    with served(lab / "study") as url:
        yield url


@pytest.fixture(scope="module")
def browser(browser_file: str) -> "playwright.Browser":
    return shared_browser(browser_file)


def signed_in(browser: "playwright.Browser", address: str, name: str) -> "playwright.Page":
    """A browser of its own in which this person has signed in."""
    size = {"width": 1366, "height": 768}
    page = watched_page(browser.new_context(viewport=size, reduced_motion="reduce"))
    page.set_default_timeout(WAIT_MS)
    page.on("dialog", lambda dialog: page.troubles.append(dialog.message))
    page.goto(address)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Videos")).to_be_visible()
    return page


@pytest.fixture(scope="module")
def owner(browser: "playwright.Browser", address: str) -> Iterator["playwright.Page"]:
    page = signed_in(browser, address, OWNER)
    yield page
    page.context.close()


def drawn(page: "playwright.Page") -> None:
    """Wait until the page is whole, and pictures in it that fail have failed."""
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-script-state", "notRunning")
    page.wait_for_timeout(200)


def send_edit(page: "playwright.Page", kind: str, data: dict) -> int:
    """Send an edit from the page itself, as a forged player would."""
    return page.evaluate(
        """async ([kind, data]) => (await fetch('/data/videos/1/edits', {method: 'POST',
        headers: {'Content-Type': 'application/json'}, body: JSON.stringify({client: 'forged',
        name: 'somebody else', edits: [{seq: 1, kind, data}]})})).status""",
        [kind, data],
    )


def test_a_viewer_looks_and_cannot_change_anything(
    browser: "playwright.Browser", address: str, lab: Path
) -> None:
    page = signed_in(browser, address, "Vera")
    expect(page.get_by_role("button", name="Watch")).to_be_visible()
    expect(page.get_by_role("button", name="Track again")).to_have_count(0)
    expect(page.get_by_text("Add videos")).to_have_count(0)
    expect(page.get_by_role("link", name="Set up")).to_have_count(0)
    page.get_by_role("button", name=WHERE_FROM).click()
    expect(page.get_by_text("An owner of the study can delete a run")).to_be_visible()
    expect(page.get_by_role("button", name="Delete this run")).to_have_count(0)
    page.keyboard.press("Escape")
    bout = {"behaviour": "x", "subject": "a", "kind": "state", "start_frame": 1, "stop_frame": 2}
    assert send_edit(page, "bouts.add", bout) == 403
    assert send_edit(page, "video.scale", {"px_per_cm": 3}) == 403
    assert len(library.stored_bouts(lab / "study", 1)) == 1
    page.get_by_role("link", name="You", exact=True).click()
    expect(page.get_by_text("You are viewer of this study")).to_be_visible()
    expect(page.get_by_text("People of this study")).to_have_count(0)
    page.get_by_role("button", name="Change the password").click()
    page.get_by_label("Old password").fill(PASSWORD)
    page.get_by_label("New password").fill("another horse")
    page.get_by_role("button", name="Change", exact=True).click()
    expect(page.get_by_text("You are not signed in any more.")).to_be_visible()
    page.context.close()


def test_an_owner_changes_a_role_and_the_person_has_it_at_once(
    browser: "playwright.Browser", owner: "playwright.Page", address: str
) -> None:
    grace = signed_in(browser, address, "Grace")
    expect(grace.get_by_role("link", name="Set up")).to_have_count(0)
    assert send_edit(grace, "video.scale", {"px_per_cm": 3}) == 403
    owner.goto(f"{address}/you")
    owner.get_by_role("combobox", name="Role of Grace").click()
    owner.get_by_role("option", name="owner").click()
    expect(owner.get_by_text("Grace is owner now.")).to_be_visible()
    grace.reload()
    expect(grace.get_by_role("link", name="Set up")).to_be_visible()
    assert send_edit(grace, "video.scale", {"px_per_cm": 3}) == 200
    grace.context.close()


def test_an_owner_deletes_a_run_after_being_asked_and_brings_it_back(
    owner: "playwright.Page", address: str, lab: Path
) -> None:
    def active() -> list[tuple[str, bool]]:
        with open_study(lab / "study") as study:
            return study.rows("SELECT run_id, active FROM runs")

    owner.goto(address)
    dialog = owner.get_by_role("dialog")
    owner.get_by_role("button", name=WHERE_FROM).click()
    dialog.get_by_role("button", name="Delete this run").click()
    expect(dialog.get_by_text(re.compile("rows of tracks of .* out of sight"))).to_be_visible()
    assert active() == [("run1", True)]
    dialog.get_by_role("button", name="Delete", exact=True).click()
    alert = owner.get_by_test_id("stAlert")
    expect(alert.get_by_text("To bring it back: on the page Videos")).to_be_visible()
    expect(owner.get_by_text("not tracked yet")).to_be_visible()
    assert active() == [("run1", False)]
    owner.get_by_role("button", name=WHERE_FROM).click()
    dialog.get_by_role("button", name="Bring back").click()
    expect(alert.get_by_text("run1 is back: ")).to_be_visible()
    expect(owner.get_by_text("not tracked yet")).to_have_count(0)
    assert active() == [("run1", True)]


def test_no_name_runs_as_a_script_on_any_page(owner: "playwright.Page", address: str) -> None:
    owner.goto(address)
    expect(owner.get_by_role("heading", name=f"film {EVIL}")).to_be_visible()
    expect(owner.get_by_text(f"control {EVIL}")).to_be_visible()
    owner.get_by_text("Groups and metadata").click()
    expect(owner.get_by_test_id("stDataFrame")).to_be_visible()
    for path in ("annotate", "setup", "review", "ask", "definitions", "measures", "results", "you"):
        owner.goto(f"{address}/{path}")
        expect(owner.get_by_role("link", name="You", exact=True)).to_be_visible()
        drawn(owner)
        found = "() => [window.hacked, document.querySelectorAll('img[src=x]').length]"
        assert owner.evaluate(found) == [None, 0], path
    assert owner.troubles == []


def test_an_upload_that_is_too_large_is_refused_in_one_line(
    owner: "playwright.Page", address: str, lab: Path
) -> None:
    owner.goto(address)
    owner.get_by_text("Add videos").click()
    owner.get_by_role("tab", name="Upload").click()
    expect(owner.get_by_text("For files up to 200 MB")).to_be_visible()
    big = lab / "big.mp4"
    with big.open("wb") as file:
        file.truncate(201 * 2**20)  # a hole, no bytes on the disk
    owner.locator("input[type=file]").set_input_files(big)
    expect(owner.get_by_text(re.compile("must be 200.*MB or smaller"))).to_be_visible()
    expect(owner.get_by_role("button", name="Add the uploaded video")).to_have_count(0)
    with owner.expect_request("**/_stcore/upload_file/**") as sent:
        owner.locator("input[type=file]").set_input_files(lab / "clip.mp4")
    request = sent.value  # the same again, as a program would send it that has read the page
    server = Server(int(address.rpartition(":")[2]))
    kept = ("cookie", "x-xsrftoken", "content-type", "origin")
    headers = {k.replace("-", "_"): v for k, v in request.all_headers().items() if k in kept}
    path = request.url.removeprefix(address)
    assert server.ask(path, "PUT", b"", Content_Length=str(201 * 2**20), **headers).status == 413
    headers.pop("cookie")
    assert server.ask(path, "PUT", b"", Content_Length="0", **headers).status == 401


def test_who_signs_out_is_out_in_every_tab(owner: "playwright.Page", address: str) -> None:
    other = owner.context.new_page()
    other.goto(f"{address}/measures")
    expect(other.get_by_role("link", name="You", exact=True)).to_be_visible()
    owner.goto(f"{address}/you")
    owner.get_by_role("button", name="Sign out").click()
    expect(owner.get_by_role("heading", name="Sign in")).to_be_visible()
    assert other.evaluate("async () => (await fetch('/data/videos/1/times')).status") == 401
    other.get_by_role("link", name="Videos").click()
    expect(other.get_by_text("You are not signed in any more.")).to_be_visible()
    other.goto(f"{address}/annotate")
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
