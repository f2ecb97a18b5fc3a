"""The copy of a film that no browser plays is shown as video, and every jump hits its frame."""

import random
import re
from fractions import Fraction
from pathlib import Path

import pytest
from browser_server import expect, opened
from required import required
from test_exact_frames import FRAMES, JUMP, film, track, uneven

from app import library
from app.jobs.proxy import make_proxy

playwright = required("playwright.sync_api")
pytestmark = [pytest.mark.browser, pytest.mark.slow]
JUMPS = 60


def test_a_copy_plays_and_every_jump_shows_the_films_frame(
    browser_file: str, tmp_path: Path
) -> None:
    study = tmp_path / "study"
    films = {
        "uneven": film(tmp_path / "uneven.mkv", uneven, bf="2"),
        "old": film(tmp_path / "old.avi", lambda n: Fraction(n, 30), codec="mpeg4"),
    }
    for path in films.values():
        video = library.add(study, path)
        assert not video.browser_playable
        track(study, tmp_path, video.video_id)
        make_proxy(study, video.video_id)
    draw = random.Random(11)
    with opened(browser_file, study, None) as page:
        for name in films:
            page.goto(f"/annotate?video={name}")
            state = page.locator(".player")
            ready = re.compile("paused|playing")
            expect(state).to_have_attribute("data-state", ready, timeout=60_000)
            wanted = [draw.randrange(FRAMES) for _ in range(JUMPS)]
            shown = page.evaluate(JUMP, wanted)
            assert [picture for picture, _ in shown] == wanted
            assert page.locator(".stage img").is_hidden()
            assert page.locator(".stage video").is_visible()
