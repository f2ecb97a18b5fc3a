"""The pages without a browser: what they say in each state of a study."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from film import write_video
from streamlit.testing.v1 import AppTest

from app import library, workplace
from app.server.serve import server_options, shown_host
from app.setting_up.facts import edit, setup_facts
from app.workplace import Workplace

SHELL = Path(workplace.__file__).parent / "views" / "shell.py"


@pytest.fixture
def open_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], AppTest]:
    """Open one page of the study in `tmp_path / "study"`."""
    monkeypatch.setattr(workplace, "_current", Workplace.of(tmp_path / "study"))

    def open_page(name: str) -> AppTest:
        app = AppTest.from_file(str(SHELL), default_timeout=60).run()
        return app.switch_page(f"{name}.py").run() if name != "videos" else app

    return open_page


def texts(app: AppTest) -> str:
    kinds = (app.info, app.error, app.warning, app.caption, app.markdown, app.title)
    return "\n".join(element.value for kind in kinds for element in kind)


def test_an_empty_study_is_made_and_says_what_to_do(
    open_page: Callable[[str], AppTest], tmp_path: Path
) -> None:
    app = open_page("videos")
    assert not app.exception
    assert "This study is empty" in texts(app)
    assert (tmp_path / "study" / "study.duckdb").exists()


@pytest.mark.parametrize(
    ("page", "says"),
    [
        ("annotate", "There is no video in this study yet"),
        ("setup", "There is no video in this study yet"),
        ("ask", "No video of this study is tracked"),
    ],
)
def test_pages_that_need_something_first_lead_there(
    open_page: Callable[[str], AppTest], page: str, says: str
) -> None:
    app = open_page(page)
    assert not app.exception
    assert says in texts(app)


def test_an_untracked_video_shows_its_facts_and_its_scale_is_kept(
    open_page: Callable[[str], AppTest], tmp_path: Path
) -> None:
    library.add(tmp_path / "study", write_video(tmp_path / "clip.mp4"))
    app = open_page("videos")
    assert "not tracked yet" in texts(app)
    assert [b.label for b in app.button if b.label in ("Track", "Watch")] == ["Track", "Watch"]
    app.number_input(key="scale:1").set_value(12.5).run()
    (row,) = library.list_videos(tmp_path / "study")
    assert row.video.px_per_cm == 12.5


def test_a_video_that_was_moved_cannot_be_tracked(
    open_page: Callable[[str], AppTest], tmp_path: Path
) -> None:
    clip = write_video(tmp_path / "clip.mp4")
    library.add(tmp_path / "study", clip)
    clip.rename(tmp_path / "elsewhere.mp4")
    app = open_page("videos")
    assert not app.exception
    assert "any more" in texts(app)
    assert app.button(key="track:1").disabled


def test_a_damaged_study_is_one_sentence_not_a_traceback(
    open_page: Callable[[str], AppTest], tmp_path: Path
) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "study.duckdb").write_bytes(b"no database" * 1000)
    app = open_page("videos")
    assert not app.exception
    assert "damaged" in app.error[0].value


def test_the_server_sends_no_statistics_and_has_no_developer_doors() -> None:
    options = server_options("127.0.0.1", 8501)
    assert options["browser.gatherUsageStats"] is False
    assert options["server.enableAgentApi"] is False
    assert options["runner.fastReruns"] is False  # or a press can be lost
    assert options["client.toolbarMode"] == "viewer"
    assert options["server.address"] == "127.0.0.1"
    assert shown_host("0.0.0.0") == "localhost"


def test_the_launcher_does_not_load_streamlit_before_it_serves() -> None:
    code = "import sys, app.server.serve; sys.exit('streamlit' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_regions_are_never_told_with_the_number_of_a_later_edit(
    open_page: Callable[[str], AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, told = tmp_path / "study", []
    library.add(study, write_video(tmp_path / "clip.mp4"))
    read = library.player_facts

    def read_and_draw(*asked: object) -> dict:
        facts = read(*asked)
        box = {"name": "box", "kind": "rectangle", "role": "region", "points": [(1, 1), (9, 9)]}
        edit(study, 1, "regions.save", box, "Ada")  # while the page is being made
        return facts

    monkeypatch.setattr(library, "player_facts", read_and_draw)
    monkeypatch.setattr("app.player.player", lambda facts, **more: told.append(facts))
    assert not open_page("setup").exception
    assert (told[0]["regions"], told[0]["setup"]["edit"]) == ([], 0)
    assert setup_facts(study, 1)["edit"] > 0
