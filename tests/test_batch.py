"""Many videos at once: what is done again and what not, and that none stops the others."""

import csv
import io
import json
import signal
from collections import deque
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from film import write_video
from terminal import here

from app.errors import AppError
from app.jobs import batch as batches
from app.jobs import crew as crews
from app.jobs import steps
from app.jobs.batch import Batch, News, Wish
from app.jobs.batch_record import GONE, BatchRecord, ask_batch, read_batches
from app.jobs.batch_table import Lines, batch_table, counted
from app.jobs.board import Board
from app.jobs.crew import Ended, LocalCrew, Step
from app.jobs.steps import Done, look, worker_name
from app.jobs.tracking_alone import alone
from app.jobs.tracking_ready import Ask, Ready, looked_at, prepare
from storage.jobs import Attempt, attempts, note_attempts
from storage.runs import runs
from storage.study import StudyBusyError, open_study
from storage.videos import videos
from tracking.errors import TrackingError

LONG = 1600  # frames: two chunks


class OneHand:
    """A crew of this process: one step at each tick, each noted."""

    size = 1

    def __init__(self, gpu: bool = False) -> None:
        self.waiting: deque[Step] = deque()
        self.names: list[str] = []
        self.gpu, self.closed = gpu, False

    def room(self, gpu: bool) -> bool:
        return not self.waiting

    def has_gpu(self) -> bool:
        return self.gpu

    def share(self, value: Any) -> Any:
        return value

    def start(self, step: Step) -> None:
        self.waiting.append(step)

    def ended(self, timeout_s: float) -> list[Ended]:
        if not self.waiting:
            return []
        step = self.waiting.popleft()
        self.names.append(step.key[1])
        try:
            value = step.function(*step.arguments)
        except (AppError, TrackingError, ArithmeticError) as error:
            return [Ended(step, None, error)]
        return [Ended(step, Done(value, 0.5, 0.25, worker_name()))]

    def where(self, key: tuple[int, str, int]) -> str:
        return "here"

    def trouble(self) -> str:
        return ""

    def close(self, hurry: bool = False) -> None:
        self.closed = True


@pytest.fixture(scope="module")
def films(tmp_path_factory) -> dict[str, Path]:
    """A film of two chunks and two of one."""
    folder = tmp_path_factory.mktemp("films")
    lengths = {"long": LONG, "one": 40, "two": 50}
    return {
        name: write_video(folder / f"{name}.mp4", frames, animals=1, size=(96, 72))
        for name, frames in lengths.items()
    }


def batch_of(study: Path, paths: list[Path], crew: Any, **more: Any) -> Batch:
    news: list[News] = []
    board = Board(study, BatchRecord.new(), Lines(io.StringIO()))
    wishes = [Wish(path, Ask(1)) for path in paths]
    made = Batch(study, wishes, crew, board, news.append, **more)
    made.news = news  # type: ignore[attr-defined]
    return made


def test_a_chunk_that_is_there_and_whole_is_not_done_again(films, tmp_path):
    study, first = tmp_path / "s", OneHand()
    work = batch_of(study, [films["long"]], first)

    class Stop(Exception):
        pass

    def until_a_chunk(timeout_s: float, ended: Any = first.ended) -> list[Ended]:
        if first.names.count("segment") == 1:
            raise Stop
        return ended(timeout_s)

    first.ended = until_a_chunk  # type: ignore[method-assign]
    with pytest.raises(Stop):
        work.run()
    assert first.names == ["look", "plan", "segment"]
    with open_study(study) as opened:
        (row,) = attempts(opened)
    assert (row.state, row.chunks_done, row.chunks, row.attempt) == ("stopped", 1, 2, 1)
    second = OneHand()
    done = batch_of(study, [films["long"]], second).run().done
    assert second.names == ["look", "plan", "segment", "identify"]
    assert (done[0].frames, done[0].new_frames) == (LONG, LONG - 1000)
    with open_study(study) as opened:
        (run,) = runs(opened)
        assert [(one.state, one.attempt) for one in attempts(opened)] == [
            ("stopped", 1), ("done", 2),
        ]  # fmt: skip
        assert attempts(opened)[1].run_id == run.run_id
    # half a second and a quarter of CPU a step, over both sessions
    assert run.timings["segment_s"] == 1.0 and run.timings["resumed"] == 1
    assert run.timings["cpu_s"] == 0.25 * 5  # two plans, two chunks, identities


def test_a_shard_that_a_power_cut_cut_short_is_made_anew(films, tmp_path):
    study, crew = tmp_path / "s", OneHand()
    work = batch_of(study, [films["long"]], crew)
    segmented = batches.VideoWork.segmented

    def cut(self: Any, done: Done) -> None:
        segmented(self, done)
        for shard in study.glob("shards/*/detections-*.parquet"):
            shard.write_bytes(shard.read_bytes()[:200])
        raise AppError("the power went")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(batches.VideoWork, "segmented", cut)
        assert [job.message for job in work.run().failed] == ["the power went"]
    assert list(study.glob("shards/*/detections-*.parquet"))
    again = OneHand()
    assert batch_of(study, [films["long"]], again).run().failed == []
    assert again.names.count("segment") == 2


def test_one_that_fails_stops_no_other_and_the_same_film_twice_is_said(films, tmp_path):
    twin = tmp_path / "twin.mp4"
    twin.write_bytes(films["one"].read_bytes())
    text = tmp_path / "text.mp4"
    text.write_text("no video" * 100)
    work = batch_of(tmp_path / "s", [text, films["one"], twin, films["two"]], OneHand())
    outcome = work.run()
    assert [summary.video for summary in outcome.done] == ["one", "two"]
    messages = {job.video: job.message for job in outcome.failed}
    assert set(messages) == {"text", "twin"}
    assert f"is the same film as {films['one']}" in messages["twin"]
    assert [job.state for job in work.board.record.videos] == ["failed", "done", "failed", "done"]
    with open_study(tmp_path / "s") as opened:
        assert [one.state for one in attempts(opened)] == ["failed", "done", "failed", "done"]
        assert [video.name for video in videos(opened)] == ["one", "two"]


def test_what_nobody_foresaw_fails_its_video_alone_and_is_kept(films, tmp_path, monkeypatch):
    def broken(task: Any, start: int, stop: int) -> steps.Segmented:
        if "one" in str(task.info.path):
            raise ZeroDivisionError("division by zero")
        return replace(whole(task, start, stop), notes=["little memory"])

    whole = steps.segment
    monkeypatch.setattr(steps, "segment", broken)
    work = batch_of(tmp_path / "s", [films["one"], films["two"]], OneHand())
    outcome = work.run()
    assert [job.message for job in outcome.failed] == ["ZeroDivisionError: division by zero"]
    assert [summary.video for summary in outcome.done] == ["two"]
    assert outcome.done[0].warnings[-1] == "little memory"
    (log,) = (tmp_path / "s").glob("jobs/*.log")
    assert "Traceback" in log.read_text()


def test_a_video_is_cancelled_and_tried_again_while_others_go_on(films, tmp_path):
    crew = OneHand()
    work = batch_of(tmp_path / "s", [films["long"], films["one"]], crew)
    record, study = work.board.record, tmp_path / "s"

    def ask(what: str) -> None:
        ask_batch(study, record.batch, what, record.videos[0].job_id)

    inner, asked = crew.ended, []

    def ended(timeout_s: float) -> list[Ended]:
        if crew.names.count("segment") == 1 and "cancel" not in asked:
            asked.append("cancel"), ask("cancel")
        if record.videos[0].state == "cancelled" and "again" not in asked:
            asked.append("again"), ask("again")
        return inner(timeout_s)

    crew.ended = ended  # type: ignore[method-assign]
    assert len(work.run().done) == 2
    with open_study(study) as opened:
        told = {(Path(a.path).stem, a.attempt): a.state for a in attempts(opened)}
    assert told == {("long", 1): "cancelled", ("long", 2): "done", ("one", 1): "done"}
    assert crew.names.count("segment") == 3  # the chunk that was done before is not done again


def test_a_study_that_somebody_holds_is_written_later(films, tmp_path, monkeypatch):
    tried = []

    def busy(*parts: Any) -> Any:
        tried.append(parts)
        if len(tried) == 1:
            raise StudyBusyError("in use by another")
        return store(*parts)

    store = batches.store
    monkeypatch.setattr(batches, "store", busy)
    monkeypatch.setattr(batches, "STORE_AGAIN_S", 0.0)
    assert len(batch_of(tmp_path / "s", [films["one"]], OneHand()).run().done) == 1
    assert len(tried) == 2


def test_a_video_that_another_command_is_at_waits_for_it_while_others_go_on(
    films, tmp_path, monkeypatch
):
    monkeypatch.setattr(batches, "LOOK_AGAIN_S", 0.0)
    study, crew = tmp_path / "s", OneHand()
    work = batch_of(study, [films["one"], films["two"]], crew)
    other = prepare(study, looked_at(films["one"]), Ask(1))
    assert isinstance(other, Ready)
    place, told, inner = other.task.place, [], crew.ended

    def ended(timeout_s: float) -> list[Ended]:
        told.append((work.board.record.videos[0].message, place.is_dir()))
        if work.board.record.trouble:
            held.close()
        return inner(timeout_s)

    crew.ended = ended  # type: ignore[method-assign]
    with ExitStack() as held:
        held.enter_context(alone(other.task))
        place.mkdir()  # where the other has not written anything yet
        outcome = work.run()
    assert [summary.video for summary in outcome.done] == ["two", "one"]
    assert outcome.failed == []
    assert told[-1][0] == "" and (batches.ELSEWHERE, True) in told
    assert {there for message, there in told if message} == {True}  # it takes nothing away
    assert crew.names.count("look") == 2
    with open_study(study) as opened:
        assert [one.state for one in attempts(opened)] == ["done", "done"]


def test_a_process_that_dies_takes_its_own_step_and_is_given_up_in_the_end(films, monkeypatch):
    monkeypatch.setattr(crews, "DEATHS", 2)
    crew, ended = LocalCrew(2), []
    crew.start(Step((0, "die", 0), signal.raise_signal, (signal.SIGKILL,)))
    try:
        crew.start(Step((1, "look", 0), look, (films["one"],)))
        while len(ended) < 2:
            ended += crew.ended(5)
    finally:
        crew.close(hurry=True)
    told = {one.step.key[1]: one for one in ended}
    assert told["look"].done is not None and told["look"].done.value.n_frames == 40
    assert "2 processes that worked on it were ended" in str(told["die"].error)


def test_two_processes_track_videos_side_by_side(films, tmp_path):
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"")
    study = tmp_path / "s"
    ended = here("track", *films.values(), bad, "-s", study, "--animals", 1, "--workers", 2)
    assert ended.status == 1 and ended.out == ""
    assert ended.error_lines == [f"Error: {bad} is empty (0 bytes). Copy it again from the camera."]
    assert "3 of 4 videos tracked, 1 failed." in ended.err
    assert "1 of 4 videos failed." in ended.err
    with open_study(study) as opened:
        assert {run.video_id for run in runs(opened)} == {1, 2, 3}
        asked = {one.asked_by for one in attempts(opened)}
    assert asked != {""}
    again = here("track", *films.values(), "-s", study, "--animals", 1, "--workers", 2)
    assert again.status == 0 and again.err.count("already tracked") == 3
    assert again.err.endswith("Nothing was left to do.\n")


def test_wishes_reach_the_videos_that_they_are_about_also_where_one_is_tracked_at_a_time(
    films, tmp_path, monkeypatch
):
    from app.commands import track_in_turn

    study, tell, asked = tmp_path / "s", track_in_turn._tracked, []

    def tracked(turn: Any, one: Any, job: Any, *more: Any) -> Any:
        if not asked:  # at work on the first of three
            here("jobs", "cancel", "two", "-s", study)
            asked.append(len(list(study.glob("jobs/*.asks"))))
        elif job.video == "long" and turn.record.videos[1].state == "cancelled":
            asked.append(here("jobs", "again", "two", "-s", study).err)
        return tell(turn, one, job, *more)

    monkeypatch.setattr(track_in_turn, "_tracked", tracked)
    here("metadata", "list", "-s", study)
    with open_study(study, create=True):
        pass
    ordered = [films["one"], films["two"], films["long"]]
    ended = here("track", *ordered, "-s", study, "--animals", 1)
    assert ended.status == 0, ended.err
    assert asked == [1, "1 video will be tried again by the command that runs.\n"]
    with open_study(study) as opened:
        assert [video.name for video in videos(opened)] == ["one", "long", "two"]
        told = [(a.video, a.attempt, a.state) for a in attempts(opened)]
    assert sorted(told) == [
        ("long", 1, "done"), ("one", 1, "done"), ("two", 1, "cancelled"), ("two", 2, "done"),
    ]  # fmt: skip
    again = here("track", *ordered, "-s", study, "--animals", 1)
    assert again.err.splitlines()[-2:] == [
        "3 of 3 videos tracked, all of them before.", "Nothing was left to do.",
    ]  # fmt: skip


@pytest.mark.parametrize("place", ["--cluster", "--slurm"])
def test_a_place_to_work_that_is_empty_is_refused(films, tmp_path, place):
    ended = here("track", films["one"], "-s", tmp_path / "s", "--animals", 1, place, "")
    assert ended.status == 2 and f"Invalid value for '{place}': it is empty" in ended.err


def test_jobs_are_listed_and_those_of_a_dead_command_are_said_to_be_stopped(tmp_path):
    study = tmp_path / "s"
    here("metadata", "list", "-s", study)
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    with open_study(study, create=True, write=True) as opened:
        rows = [
            Attempt("b-1", "b", "cage1", "/f/cage1.mp4", 1, "done", "store", 2, 2, asked_at=at),
            Attempt("b-2", "b", "cage2", "/f/cage2.mp4", 1, "running", asked_on="a:1", asked_at=at),
        ]
        note_attempts(opened, rows)
    told = list(csv.DictReader(io.StringIO(here("jobs", "list", "-s", study).out)))
    assert [(row["video"], row["state"]) for row in told] == [
        ("cage1", "done"), ("cage2", "stopped"),
    ]  # fmt: skip
    told = list(csv.DictReader(io.StringIO(here("jobs", "list", "--failed", "-s", study).out)))
    assert [(row["video"], row["message"]) for row in told] == [("cage2", GONE)]
    assert "Nothing of that is being tracked" in here("jobs", "cancel", "-s", study).err


def test_the_table_of_a_terminal_shows_who_is_at_work_and_what_failed(tmp_path):
    from rich.console import Console

    record = BatchRecord.new(["--animals", "1"], 2)
    board = Board(tmp_path, record, Lines(io.StringIO()))
    jobs = board.begin([Path(f"/films/[{n}].mp4") for n in range(4)], [f"[{n}]" for n in range(4)])
    jobs[0].begin()
    jobs[0].stage, jobs[0].chunks, jobs[0].chunks_done = "segment", 4, 1
    jobs[0].done, jobs[0].total, jobs[0].frames_per_s = 1000, 4000, 250.0
    jobs[1].end("failed", "it is empty")
    jobs[2].end("done")
    out = io.StringIO()
    Console(file=out, width=120).print(batch_table(record))
    text = out.getvalue()
    assert "[0]" in text and "finding animals, 1 of 4 chunks" in text and "0:12" in text
    assert "it is empty" in text and "1 waiting" in text
    # 3000 frames here and 4000 of the film that nobody looked at, at 250 a second
    assert counted(record) == "1 of 4 videos tracked, 1 failed, 250 frames/s, about 0:28 left"


def test_a_batch_whose_process_is_gone_is_told_as_stopped(tmp_path):
    record = BatchRecord.new(["--animals", "1"])
    Board(tmp_path, record, Lines(io.StringIO())).begin([Path("/films/a.mp4")], ["a"])
    record.write(tmp_path)
    assert read_batches(tmp_path)[0].videos[0].state == "waiting"
    file = tmp_path / "jobs" / f"{record.batch}.batch"
    stored = json.loads(file.read_text())
    file.write_text(json.dumps({**stored, "where": stored["where"].split(":")[0] + ":999999999"}))
    (told,) = read_batches(tmp_path)
    assert not told.alive and told.videos[0].state == "stopped"
    file.write_text("half a fi")
    assert read_batches(tmp_path) == []
