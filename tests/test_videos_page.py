"""The Videos page without a browser: what it asks before it acts, and what each role finds."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from film import write_video
from streamlit.testing.v1 import AppTest
from test_routes import film, tables

from app import library, workplace
from app.jobs import processes as jobs
from app.workplace import Workplace
from storage import edits
from storage.runs import Run, ingest_run
from storage.study import open_study

SHELL = Path(workplace.__file__).parent / "views" / "shell.py"


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study of one tracked video."""
    folder = tmp_path / "study"
    video = library.add(folder, film(tmp_path / "clip.mp4"))
    parts = []
    for name, table in zip(("tracks", "masks", "points"), tables(), strict=True):
        pq.write_table(table, tmp_path / f"{name}.parquet")
        parts.append([tmp_path / f"{name}.parquet"])
    now = datetime.now(UTC)
    with open_study(folder, write=True) as opened:
        run = Run("run1", "background", 1, {}, {}, {}, now, now)
        ingest_run(opened, video.video_id, run, *parts)
    monkeypatch.setattr(workplace, "_current", Workplace.of(folder))
    return folder


def said(app: AppTest) -> str:
    kinds = (app.info, app.error, app.warning, app.success, app.caption, app.markdown)
    return "\n".join(element.value for kind in kinds for element in kind)


def opened_page() -> AppTest:
    app = AppTest.from_file(str(SHELL), default_timeout=60).run()
    assert not app.exception
    return app


def test_tracking_again_asks_first_where_corrections_would_be_lost(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[bool] = []

    def start(*_: object, force: bool) -> None:
        started.append(force)

    monkeypatch.setattr(jobs, "start_track_job", start)
    opened_page().button(key="track:1").click().run()
    assert started == [True]
    with open_study(study, write=True) as opened:
        data = {"animal": "animal1", "name": "Ratty"}
        edits.apply(opened, 1, "tracks.rename", data, author="Ada", client="c", seq=1)
    app = opened_page()
    app.button(key="track:1").click().run()
    assert started == [True]
    assert "1 correction belongs to the present tracks" in said(app)
    app.button(key="keep:1").click().run()
    assert "belongs to the present tracks" not in said(app)
    app.button(key="track:1").click().run()
    app.button(key="really:1").click().run()
    assert started == [True, True]
    assert "belongs to the present tracks" not in said(app)


def test_a_moved_and_a_replaced_film_are_told_apart_and_found(study: Path) -> None:
    home = study.parent
    library.add(study, write_video(home / "second.mp4", 20))
    (home / "elsewhere").mkdir()
    (home / "clip.mp4").rename(home / "elsewhere" / "new name.mp4")
    (home / "second.mp4").rename(home / "elsewhere" / "second.mp4")
    write_video(home / "second.mp4", 33)
    app = opened_page()
    assert r"clip\.mp4 any more" in said(app)
    assert r"Another film lies at" in said(app)
    app.pills(key="videos_panel:True").set_value("Moved files").run()
    next(button for button in app.button if button.label == "Look for them").click().run()
    assert "Found again: clip at " in said(app).replace("\\", "")
    assert "any more" not in said(app)
    assert library.video_file(study, 1) == home / "elsewhere" / "new name.mp4"


def test_a_folder_is_added_at_once_and_what_is_no_video_is_named(study: Path) -> None:
    home = study.parent
    write_video(home / "b.mp4", 20)
    (home / "c.mp4").write_bytes(b"no video")
    app = opened_page()
    app.pills(key="videos_panel:True").set_value("Add videos").run()
    next(
        button for button in app.button if button.label == "Add all 2 in this folder"
    ).click().run()
    text = said(app).replace("\\", "")
    assert "b: h264 · 25 fps (steady) · 320 × 240 px · 20 frames" in text
    assert "c.mp4 is not a video that can be read" in text
    assert [row.video.name for row in library.list_videos(study)] == ["clip", "b"]


def test_metadata_gets_a_column_and_a_viewer_only_reads(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened_page()
    app.pills(key="videos_panel:True").set_value("Groups and metadata").run()
    app.button(key="column:group").click().run()
    assert not app.exception
    save = next(button for button in app.button if button.label == "Save the table")
    assert save.disabled  # an empty column is nothing to save yet
    assert "group" not in [button.label for button in app.button]
    from app.views import signed_in

    monkeypatch.setattr(signed_in, "who", lambda *_: signed_in.Person("Vera", "viewer", True))
    app = opened_page()
    app.pills(key="videos_panel:True").set_value("Groups and metadata").run()
    assert not app.exception
    others = [b.label for b in app.button if not b.label.startswith(("Watch", "Review", "Where"))]
    assert others == []


def test_the_number_of_animals_is_asked_for_and_the_video_before_suggests_one(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.add(study, write_video(tmp_path / "second.mp4", 20))
    app = opened_page()
    assert app.number_input(key="animals:2").value == 1  # as in the tracked one before
    empty = tmp_path / "other"
    library.add(empty, tmp_path / "second.mp4")
    monkeypatch.setattr(workplace, "_current", Workplace.of(empty))
    app = opened_page()
    assert app.number_input(key="animals:1").value is None
    assert app.button(key="track:1").disabled
    app.number_input(key="animals:1").set_value(2).run()
    assert not app.button(key="track:1").disabled


def test_what_tracking_warns_of_stays_on_the_page_until_it_was_read(study: Path) -> None:
    (study / "jobs").mkdir()
    done = {"state": "done", "video": str(library.list_videos(study)[0].video.path)}
    said_there = "the picture suits 2 animals as well as 1: check --animals."
    file = study / "jobs" / "20260101-000000-aaaaaa.json"
    file.write_text(json.dumps(done | {"message": said_there}))
    app = opened_page()
    assert "is done, but the picture suits 2 animals" in said(app)
    assert "check the number of animals" in said(app)
    app.button(key="seen:20260101-000000-aaaaaa").click().run()
    assert not file.exists()
    assert "suits 2 animals" not in said(app)


def test_the_panel_stays_open_and_only_ticked_videos_are_added(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    for name in ("a", "b", "c"):
        write_video(tmp_path / f"{name}.mp4", 20 + ord(name))
    monkeypatch.setattr(workplace, "_current", Workplace.of(tmp_path / "study"))
    app = opened_page()
    for name in ("a", "c"):
        app.checkbox(key=f"tick:{tmp_path / name}.mp4").set_value(True)
    app.run()
    app.button(key="add_ticked").click().run()
    assert [row.video.name for row in library.list_videos(tmp_path / "study")] == ["a", "c"]
    assert app.pills(key="videos_panel:True").value == "Add videos"
    assert [s.value.replace("\\", "").count("h264") for s in app.success] == [2]


def test_an_interrupted_job_is_resumed_with_its_number_and_its_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = library.add(tmp_path / "study", write_video(tmp_path / "a.mp4", 20))
    monkeypatch.setattr(workplace, "_current", Workplace.of(tmp_path / "study"))
    started: list[tuple] = []
    folder = tmp_path / "study" / "jobs"
    folder.mkdir()
    record = {"state": "cancelled", "video": str(video.path), "message": ""}
    (folder / "20260101-000000-aaaaaa.json").write_text(json.dumps(record))
    wish = {"animals": 4, "settings": {"threshold": 30}}
    (folder / "20260101-000000-aaaaaa.wish").write_text(json.dumps(wish))

    def start(_: Path, __: Path, animals: int, **more: object) -> None:
        started.append((animals, more))

    monkeypatch.setattr(jobs, "start_track_job", start)
    app = opened_page()
    assert app.number_input(key="animals:1").value == 4
    assert app.button(key="track:1").label == "Resume"
    app.button(key="track:1").click().run()
    assert started == [(4, {"force": False, "settings": {"threshold": 30}})]
