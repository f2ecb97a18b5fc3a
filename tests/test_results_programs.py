"""Files for other programs on the Results page: written when asked for, errors as one line."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from film import write_video
from results_scene import make_study
from streamlit.testing.v1 import AppTest
from test_results_page import open_page, texts

from app import library
from app.errors import AppError
from app.results.data import overview
from app.results.exporting import archive
from app.results.filters import Filters
from storage.study import open_study

__all__ = ["open_page"]  # a fixture


@pytest.fixture
def full(tmp_path: Path) -> Path:
    return make_study(tmp_path)


def test_tracks_and_bouts_are_written_for_a_program_and_downloaded_as_one_archive(
    open_page: Callable[..., AppTest], full: Path
) -> None:
    app = open_page(view="Tables")
    app.session_state.r_table = "tracks"
    app.run()
    app.selectbox(key="r_program-tracks").select("movement").run()
    app.button(key="r_write-tracks").click().run()
    assert not app.exception and not app.warning
    _, name, content, _ = app.session_state["r_made"]
    with open_study(full) as opened:
        videos = [video for (video,) in opened.rows("SELECT name FROM videos")]
    files = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert name == "tracks-movement.zip"
    assert sorted(files) == sorted([*(f"{video}.nc" for video in videos), "dictionary.md"])
    assert "ethoscribe export tracks --format movement" in texts(app)


def test_what_a_program_cannot_hold_is_said_in_one_line(
    open_page: Callable[..., AppTest], full: Path
) -> None:
    with open_study(full, write=True) as opened:
        opened.rows("DELETE FROM keypoints")
        opened.rows("DELETE FROM masks")
    app = open_page(view="Tables")
    app.session_state.r_table = "tracks"
    app.run()
    app.selectbox(key="r_program-tracks").select("mot").run()
    app.button(key="r_write-tracks").click().run()
    assert not app.exception
    assert "no boxes to write" in " ".join(one.value for one in app.warning)
    assert "r_made" not in app.session_state


def test_a_chosen_video_without_bouts_is_left_out_and_named(tmp_path: Path, full: Path) -> None:
    library.add(full, write_video(tmp_path / "empty.mp4", 10, size=(96, 72)))
    scored = [name for name, rows in overview(full).looked.items() if rows]
    content, notes = archive(full, "bouts", "boris", Filters(videos=(scored[0], "empty")))
    assert "Without empty: no bouts there." in notes
    alone, _ = archive(full, "bouts", "boris", Filters(videos=(scored[0],)))
    assert [zipfile.ZipFile(io.BytesIO(one)).namelist() for one in (content, alone)] == [
        ["bouts.boris", "bouts.boris.dictionary.md"]
    ] * 2
    with pytest.raises(AppError, match="'empty' has no bouts"):
        archive(full, "bouts", "boris", Filters(videos=("empty",)))
