"""The Results page without a browser: what it says in each state of a study."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from film import write_video
from results_scene import make_study
from storage_samples import add_tracked
from streamlit.testing.v1 import AppTest

from app import library, workplace
from app.views.results_sidebar import VIEWS
from app.workplace import Workplace
from storage.study import open_study

SHELL = Path(workplace.__file__).parent / "views" / "shell.py"


@pytest.fixture
def open_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], AppTest]:
    monkeypatch.setattr(workplace, "_current", Workplace.of(tmp_path / "study"))

    def open_page(**address: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(SHELL), default_timeout=60).run().switch_page("results.py")
        for key, value in address.items():
            app.query_params[key] = value
        return app.run()

    return open_page


def texts(app: AppTest) -> str:
    assert not app.exception
    kinds = (app.info, app.error, app.warning, app.caption, app.markdown)
    return "\n".join(element.value for kind in kinds for element in kind)


def test_a_study_without_videos_or_tracks_leads_to_them(
    open_page: Callable[..., AppTest], tmp_path: Path
) -> None:
    assert "There is no video in this study yet" in texts(open_page())
    library.add(tmp_path / "study", write_video(tmp_path / "clip.mp4", 5))
    assert "Press Track on the Videos page" in texts(open_page())


def test_tracks_without_bouts_and_groups_say_how_to_get_them(
    open_page: Callable[..., AppTest], tmp_path: Path
) -> None:
    with open_study(tmp_path / "study", write=True, create=True) as study:
        x = np.full((20, 1), 5.0)
        add_tracked(study, tmp_path, x, x)
    assert "No groups yet" in texts(open_page())
    for view in ("Ethogram", "Time budget", "Transitions"):
        assert "score some on the Annotate page" in texts(open_page(view=view))
    assert "The study has no groups yet" in texts(open_page(view="Compare groups"))
    assert "a matrix needs two" in texts(open_page(view="Who with whom"))


@pytest.fixture
def full(tmp_path: Path) -> Path:
    return make_study(tmp_path)


def test_every_view_opens(open_page: Callable[..., AppTest], full: Path) -> None:
    app = open_page()
    for view in VIEWS:
        app.session_state.r_view = view
        app.run()
        said = texts(app)
        assert "6 of 6 animals, 2 of 2 videos" in said
        assert not app.error


def test_the_address_fills_the_filters_and_unknown_names_are_left_out(
    open_page: Callable[..., AppTest], full: Path
) -> None:
    app = open_page(view="Tables", by="treatment", group=["vehicle", "gone"], **{"from": "1"})
    assert "2 of 6 animals, 2 of 2 videos · 1 s to the end" in texts(app)
    assert app.session_state.r_group == ["vehicle"]
    assert app.query_params["group"] in ("vehicle", ["vehicle"])
    app.multiselect(key="r_group").set_value([]).run()
    assert "6 of 6 animals" in texts(app)
    assert "group" not in app.query_params


def test_filters_stay_when_another_page_was_visited(
    open_page: Callable[..., AppTest], full: Path
) -> None:
    app = open_page()
    app.multiselect(key="r_animal").set_value(["animal2"]).run()
    app.switch_page("measures.py").run().switch_page("results.py").run()
    assert "2 of 6 animals" in texts(app)


def test_a_time_that_cannot_be_is_one_line_and_shows_nothing(
    open_page: Callable[..., AppTest], full: Path
) -> None:
    app = open_page()
    app.number_input(key="r_start_s").set_value(2.0)
    app.number_input(key="r_stop_s").set_value(1.0).run()
    assert "end after the start" in app.error[0].value
    assert "Nothing is shown" in app.error[0].value
    assert not app.get("plotly_chart")
    app.number_input(key="r_stop_s").set_value(3.0).run()
    assert not app.error
    assert app.get("plotly_chart")


def test_times_stay_and_empty_ones_stay_empty_without_groups(
    open_page: Callable[..., AppTest], tmp_path: Path
) -> None:
    with open_study(tmp_path / "study", write=True, create=True) as study:
        x = np.full((200, 2), 5.0)
        add_tracked(study, tmp_path, x, x)
    app = open_page()
    app.switch_page("measures.py").run().switch_page("results.py").run()
    times = [app.number_input(key=f"r_{key}").value for key in ("start_s", "stop_s", "bin_s")]
    assert times == [None, None, None]
    app.number_input(key="r_start_s").set_value(1.0).run()
    app.switch_page("measures.py").run().switch_page("results.py").run()
    assert app.number_input(key="r_start_s").value == 1.0
    assert "1 s to the end" in texts(app)


def test_shown_columns_are_in_words_and_say_the_files_name(
    open_page: Callable[..., AppTest], full: Path
) -> None:
    from app.views.results_tables_view import readable

    rows = pd.DataFrame({"latency_s": [1.0], "censored": [0.0], "measure": ["time_moving"]})
    shown, config = readable(rows)
    assert config["latency_s"]["label"] == "latency (s)"
    assert config["censored"]["label"] == "never happened"
    assert "In the files: censored" in config["censored"]["help"]
    assert shown["measure"].tolist() == ["time moving"]
    app = open_page(view="Tables")
    assert "The same on the command line" in [one.label for one in app.expander]
    assert "ethoscribe export" not in "".join(one.value for one in app.caption)
