"""What tracking would do and how long it would take: looked up, and nothing changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from app.errors import known_errors, one_line
from app.jobs.about_videos import About
from app.jobs.estimate import ToDo, estimate, spoken_time
from app.jobs.folders import Found
from app.jobs.planning import plan_file
from app.jobs.spelled import spell_settings
from app.jobs.tracking_ready import Ask, looked_at, prepare
from app.jobs.tracking_summary import TrackSummary
from app.jobs.tracking_task import Task
from tracking.segmenting import missing_chunks
from tracking.shards import chunk_bounds

GOES_ON = "goes on"  # the state of a video that was begun


@dataclass(frozen=True)
class VideoPlan:
    """What would be done with one video."""

    path: Path
    frames: int = 0
    chunks: int = 0
    chunks_done: int = 0
    state: str = "to do"  # to do, goes on, tracked, fails
    settings: str = ""
    error: str = ""
    pixels: int = 0  # of a picture
    task: Task | None = None

    @property
    def frames_left(self) -> float:
        """Frames that are to be looked at."""
        return self.frames * (1 - self.chunks_done / self.chunks) if self.chunks else 0.0


def look_ahead(study: Path, wishes: Sequence[tuple[Found, Ask]]) -> list[VideoPlan]:
    """What would be done with each video, in order."""
    seen: dict[str, Path] = {}
    return [_look(study, one, replace(ask, name=None), seen) for one, ask in wishes]


def _look(study: Path, one: Found, ask: Ask, seen: dict[str, Path]) -> VideoPlan:
    try:
        info = looked_at(one.path)
        twin = seen.setdefault(info.content_hash, one.path)
        if twin != one.path:
            return VideoPlan(
                one.path, state="fails", error=f"{one.path} is the same film as {twin}"
            )
        known = prepare(study, info, ask, create=False)
    except Exception as error:
        if not isinstance(error, known_errors()):
            raise
        said = one_line(error)
        if one.path.name not in said:
            said = f"{one.path}: {said}"
        return VideoPlan(one.path, state="fails", error=said)
    chunks = chunk_bounds(info)
    plan = VideoPlan(one.path, info.n_frames, len(chunks), pixels=info.width * info.height)
    if isinstance(known, TrackSummary):
        return replace(plan, chunks_done=len(chunks), state="tracked", settings=known.run_id)
    task = known.task
    begun = plan_file(task.place).exists()
    missing = missing_chunks(info, task.place) if begun else chunks
    done = len(chunks) - len(missing)
    state = GOES_ON if begun else "tracked anew" if known.before else "to do"
    asked = {k: v for k, v in task.asked.items() if not isinstance(v, list | dict)}
    return replace(plan, chunks_done=done, state=state, settings=spell_settings(asked), task=task)


def plan_text(
    plans: Sequence[VideoPlan], workers: int, about: About, study: Path, here: bool = True
) -> str:
    """The plan as a table for people, with what fails, the sum and the time under it."""
    rows: list[tuple[str, ...]] = [("video", "frames", "chunks", "done", "state", "settings")]
    for plan in plans:
        numbers = [f"{n}" for n in (plan.frames, plan.chunks, plan.chunks_done)]
        blank = ["", "", ""] if plan.error else numbers
        rows.append((str(plan.path), *blank, plan.state, plan.settings))
    widths = [max(len(row[k]) for row in rows) for k in range(5)]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(row[k].rjust(widths[k]) for k in (1, 2, 3))]
        lines.append("  ".join([*cells, row[4].ljust(widths[4]), row[5]]).rstrip())
    why = [f"Error: {plan.error}" for plan in plans if plan.error]
    sums = _sums(plans, workers, study, here)
    return "\n".join([*lines, "", *why, *([""] if why else []), *sums, *_known(about)])


def _sums(plans: Sequence[VideoPlan], workers: int, study: Path, here: bool) -> list[str]:
    todo = [plan for plan in plans if plan.task is not None]
    frames = sum(plan.frames for plan in plans)
    chunks = sum(plan.chunks - plan.chunks_done for plan in todo)
    noun = "video" if len(plans) == 1 else "videos"
    lines = [
        f"{len(plans)} {noun}, {frames} frames: {len(todo)} to do ({chunks} chunks), "
        f"{sum(plan.state == 'tracked' for plan in plans)} tracked before, "
        f"{sum(bool(plan.error) for plan in plans)} that cannot be tracked"
    ]
    tasks = [plan.task for plan in todo if plan.task is not None]
    speed = estimate(study, tasks[0]) if tasks else None
    if speed is None:
        return lines
    left = [
        ToDo(plan.pixels * plan.frames_left, plan.chunks - plan.chunks_done, plan.state == GOES_ON)
        for plan in todo
    ]
    return [*lines, spoken_time(left, speed, workers, here)]


def _known(about: About) -> list[str]:
    """Which metadata would be kept."""
    names = {name for one in about.found for name in one.facts}
    names |= {str(name) for rows in about.rows.values() for name in rows.columns}
    return [f"metadata: {', '.join(sorted(names))}"] if names else []
