"""The panels under the player without a browser: who sees what, and what an empty study says."""

from collections.abc import Callable
from pathlib import Path

import pytest
from storage_samples import Info
from streamlit.testing.v1 import AppTest

from app import workplace
from app.annotating.ethogram_table import read
from app.server.identity import Person
from app.views import signed_in
from app.workplace import Workplace
from storage.edits import apply
from storage.study import open_study
from storage.videos import add_video

SCRIPT = """
import streamlit as st
from app.library import list_videos
from app.views.annotate_panels import panels
from app.workplace import workplace

panels(workplace().study, list_videos(workplace().study)[0])
"""


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "study"
    monkeypatch.setattr(workplace, "_current", Workplace.of(folder))
    with open_study(folder, create=True) as opened:
        add_video(opened, Info(tmp_path / "clip.mp4", 100))
        data = {"behaviour": "*dig*", "subject": "m", "start_frame": 5, "stop_frame": 9}
        apply(opened, 1, "bouts.add", data, author="kim")
    return folder


@pytest.fixture
def panel(study: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], AppTest]:
    """Open one panel in a role."""

    def panel(name: str, role: str) -> AppTest:
        monkeypatch.setattr(signed_in, "who", lambda cookies, headers: Person("kim", role, True))
        app = AppTest.from_string(SCRIPT, default_timeout=60)
        app.session_state["annotate_panel"] = name
        app.run()
        assert not app.exception
        return app

    return panel


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def test_a_viewer_sees_bouts_and_can_change_none(panel: Callable[[str, str], AppTest]) -> None:
    app = panel("Bouts", "viewer")
    assert app.dataframe[0].value["behaviour"].tolist() == ["*dig*"]
    assert labels(app) == []
    app = panel("Bouts", "annotator")
    assert labels(app) == ["Undo", "Redo"]
    assert app.button(key="bouts_redo").disabled


def test_undo_in_the_panel_takes_back_what_was_scored(
    panel: Callable[[str, str], AppTest], study: Path
) -> None:
    app = panel("Bouts", "annotator")
    app.button(key="bouts_undo").click().run()
    assert "No bouts in this video yet" in app.info[0].value
    app.button(key="bouts_redo").click().run()
    assert len(app.dataframe[0].value) == 1


def test_only_an_owner_makes_the_ethogram(
    panel: Callable[[str, str], AppTest], study: Path
) -> None:
    app = panel("Ethogram", "annotator")
    assert labels(app) == [] and "an owner of the study makes one" in app.info[0].value
    app = panel("Ethogram", "owner")
    assert "Take one of these" in app.info[0].value
    assert labels(app)[:2] == ["Fear conditioning", "Courtship of flies"]
    assert r"\*dig\* (1)" in app.caption[0].value  # scored, but not in the ethogram
    app.button(key="take-fly_courtship").click().run()
    assert len(read(study)) == 12 and not app.exception


def test_compare_says_what_is_missing(panel: Callable[[str, str], AppTest], study: Path) -> None:
    assert "Only kim has scored in this study" in panel("Compare", "viewer").info[0].value
    with open_study(study, write=True) as opened:
        done = {"behaviour": "*dig*", "done": True}
        apply(opened, 1, "bouts.watched", done, author="jo")
    said = panel("Compare", "viewer").info[0].value
    assert "have not both watched this video to the end" in said
    assert r"\*dig\*: kim has not watched it to the end" in said
    with open_study(study, write=True) as opened:
        apply(opened, 1, "bouts.watched", done, author="kim")
    app = panel("Compare", "viewer")
    table = app.dataframe[0].value
    assert table["kappa"].tolist() == [0.0] and table["first_share"].tolist() == [4.0]
    assert len(app.dataframe[1].value) == 1  # the one stretch they differ in
