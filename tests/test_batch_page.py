"""Many videos on the Videos page: started there, followed, cancelled, tried again."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from film import write_video
from streamlit.testing.v1 import AppTest
from test_videos_page import SHELL, said

from app import library, workplace
from app.jobs import batch_process
from app.jobs.batch_process import Started, how_it_began, start_batch
from app.jobs.batch_record import Asks, BatchRecord, VideoJob, left_over, read_batches
from app.workplace import Workplace


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study of two videos that nobody has tracked."""
    folder = tmp_path / "study"
    for number in (1, 2):
        library.add(folder, write_video(tmp_path / f"cage{number}.mp4", 20 + number, size=(96, 72)))
    monkeypatch.setattr(workplace, "_current", Workplace.of(folder))
    return folder


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], list[str]]]:
    """What would be started, instead of starting it: names of videos, and options."""
    started: list[tuple[list[str], list[str]]] = []

    def start(study: Path, videos: Sequence[Path], options: Sequence[str]) -> Started:
        started.append(([path.stem for path in videos], list(options)))
        return Started(study / "jobs" / "x.batch-log", 0.0)

    monkeypatch.setattr(batch_process, "start_batch", start)
    monkeypatch.setattr("app.views.batch_start.start_batch", start)
    return started


def page() -> AppTest:
    app = AppTest.from_file(str(SHELL), default_timeout=60).run()
    assert not app.exception
    return app


def record(*jobs: VideoJob, ended: bool = False) -> BatchRecord:
    made = BatchRecord.new(["--animals", "2", "--workers", "3"], 3)
    made.videos = list(jobs)
    made.ended_at = made.started_at + 60 if ended else None
    return made


def progress_texts(app: AppTest) -> list[str]:
    return [one.proto.text for one in app.get("progress")]


def test_all_videos_that_are_not_tracked_are_tracked_by_one_click(study, starts) -> None:
    app = page()
    app.get("button_group")[0].set_value("Track many").run()
    assert not app.exception
    assert app.button(key="many_start").disabled
    app.number_input(key="many_animals").set_value(2)
    app.number_input(key="many_workers").set_value(3).run()
    app.button(key="many_start").click().run()
    assert starts == [(["cage1", "cage2"], ["--animals", "2", "--workers", "3"])]


def test_a_cluster_without_an_address_is_not_worked_on_this_machine_instead(study, starts) -> None:
    app = page()
    app.get("button_group")[0].set_value("Track many").run()
    app.number_input(key="many_animals").set_value(2).run()
    app.get("button_group")[1].set_value("A Dask cluster").run()
    assert app.button(key="many_start").disabled
    app.text_input(key="many_cluster").set_value(" tcp://node7:8786 ").run()
    app.button(key="many_start").click().run()
    assert starts == [(["cage1", "cage2"], ["--animals", "2", "--cluster", "tcp://node7:8786"])]


def test_what_a_batch_works_on_is_not_offered_a_second_time(study) -> None:
    first, second = (row.video for row in library.list_videos(study))
    record(VideoJob("b-1", first.name, str(first.path), state="running")).write(study)
    app = page()
    assert app.button(key=f"track:{first.video_id}").disabled
    app.number_input(key=f"animals:{second.video_id}").set_value(2).run()
    assert not app.button(key=f"track:{second.video_id}").disabled
    app.get("button_group")[0].set_value("Track many").run()
    assert app.multiselect(key="many_videos").options == ["cage2"]


def test_a_batch_at_work_is_shown_and_a_video_of_it_is_cancelled(study) -> None:
    now = record(
        VideoJob("b-1", "cage1", "/films/cage1.mp4", state="running", stage="segment", chunks=4,
                 chunks_done=1, done=1000, total=4000, frames_per_s=250.0),
        VideoJob("b-2", "cage2", "/films/cage2.mp4", state="failed", message="it is empty"),
        VideoJob("b-3", "cage3", "/films/cage3.mp4"),
    )  # fmt: skip
    now.trouble = "waiting for workers"
    now.write(study)
    app = page()
    texts = "\n".join(progress_texts(app))
    assert "0 of 3 videos tracked, 1 failed, 250 frames/s" in texts
    assert "**cage1** · finding animals, 1 of 4 chunks · 250 frames/s · 0:12 left" in texts
    assert "it is empty" in texts
    assert "waiting for workers" in said(app) and "1 waiting" in said(app)
    asks = Asks(study, now.batch)
    app.button(key=f"cancel:{now.batch}:b-1").click().run()
    app.button(key=f"again:{now.batch}:b-2").click().run()
    app.button(key=f"stop:{now.batch}:").click().run()
    assert list(asks.new()) == [("cancel", "b-1"), ("again", "b-2"), ("stop", "")]


def test_what_failed_is_told_until_it_is_tried_again_or_seen(study, starts) -> None:
    over = record(
        VideoJob("b-1", "cage1", "/films/cage1.mp4", state="done"),
        VideoJob("b-2", "cage2", "/films/cage2.mp4", state="failed", message="it is empty"),
        ended=True,
    )
    over.write(study)
    app = page()
    assert "The last batch has ended: 1 of 2 videos tracked, 1 failed." in said(app)
    assert "**cage2**: failed. it is empty" in said(app)
    app.button(key=f"again:{over.batch}").click().run()
    assert starts == [(["cage2"], ["--animals", "2", "--workers", "3"])]
    app = page()
    app.button(key=f"seen:{over.batch}").click().run()
    assert "The last batch" not in said(app) and read_batches(study) == []


def test_what_failed_and_was_tracked_since_is_not_told_any_more() -> None:
    over = record(
        VideoJob("b-1", "cage1", "/films/cage1.mp4", state="failed"),
        VideoJob("b-2", "cage2", "/films/cage2.mp4", state="stopped"),
        VideoJob("b-3", "cage3", "/films/cage3.mp4", state="done"),
        ended=True,
    )
    assert [one.video for one in left_over(over)] == ["cage1", "cage2"]
    assert [one.video for one in left_over(over, {"/films/cage1.mp4"})] == ["cage2"]
    over.command.append("--force")  # they had tracks before
    assert len(left_over(over, {"/films/cage1.mp4"})) == 2


def test_a_batch_that_is_refused_says_why(study) -> None:
    started = start_batch(study, [study / "no.mp4"], ["--animals", "0"])
    batch_process._children[started.log].wait(60)
    assert how_it_began(study, started) == (
        "refused", "Error: --animals is 0: a video to track shows at least 1 animal.",
    )  # fmt: skip
