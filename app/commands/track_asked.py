"""What a person asked of `ethoscribe track`, and what belongs to a video when it is tracked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.commands.shared import count, say
from app.jobs.folders import Found

if TYPE_CHECKING:
    from app.jobs.about_videos import About
    from app.jobs.batch_record import BatchRecord, VideoJob
    from app.jobs.tracking_ready import Ask
    from app.jobs.tracking_summary import TrackSummary

LISTED = 20  # of the failed videos


@dataclass(frozen=True)
class Doing:
    """What a person asked for."""

    study: Path
    found: Sequence[Found]
    ask: "Ask"
    workers: int = 1
    cluster: str | None = None
    slurm: str | None = None
    px_per_cm: float | None = None
    metadata: Path | None = None
    report: bool = False
    report_to: Path | None = None
    job_file: Path | None = None

    @property
    def side_by_side(self) -> bool:
        """Whether several videos are worked on at once, or elsewhere."""
        return bool(self.cluster or self.slurm) or (self.workers > 1 and len(self.found) > 1)

    def ask_for(self, one: Found) -> "Ask":
        """What is wanted of one video."""
        return replace(self.ask, name_if_new=one.name)

    def options(self) -> list[str]:
        """The options that do the same with other videos."""
        ask, given = self.ask, list[str]()
        for name, value in (
            ("--animals", ask.n_animals), ("--arenas", ask.arenas), ("--like", ask.like),
            ("--weights", ask.way.weights), ("--px-per-cm", self.px_per_cm),
            ("--cluster", self.cluster), ("--slurm", self.slurm),
            ("--metadata", self.metadata.resolve() if self.metadata else None),
        ):  # fmt: skip
            given += [name, str(value)] if value is not None else []
        usual = replace(ask, way=type(ask.way)())
        for name, value, default in (
            ("--segmenter", ask.way.segmenter, usual.way.segmenter),
            ("--device", ask.way.device, usual.way.device),
            ("--association", ask.way.association, usual.way.association),
            ("--identification", ask.identification, "auto"),
        ):
            given += [name, value] if value != default else []
        given += [f"--set={pair}" for pair in _pairs(ask.settings)]
        given += ["--force"] if ask.force else []
        return given + (["--report"] if self.report else [])


def _pairs(settings: dict[str, object]) -> list[str]:
    import json

    return [f"{key}={json.dumps(value)}" for key, value in settings.items()]


def about_of(doing: Doing) -> "About":
    """What is known of the videos; what of a table matches none of them is said."""
    from app.jobs.about_videos import about_videos, unmatched_lines

    table, called = None, ""
    if doing.metadata is not None:
        from app.videos.video_metadata import read_csv

        called = doing.metadata.name
        table = read_csv(str(doing.metadata), doing.metadata.read_bytes())
    about = about_videos(doing.found, table, called)
    for line in unmatched_lines(about, called):
        say(line)
    return about


def after_storing(doing: Doing, about: "About", path: Path, summary: "TrackSummary") -> None:
    """What belongs to a video that is in the study: its scale, what is known of it, its report."""
    if doing.px_per_cm is not None:
        give_scale(doing.study, summary.video, doing.px_per_cm)
    about.keep(doing.study, path, summary.video)


def give_scale(study: Path, video: str, px_per_cm: float) -> None:
    """Give a video its scale."""
    from storage.study import open_study
    from storage.videos import find_video, set_scale

    with open_study(study, write=True) as opened:
        set_scale(opened, find_video(opened, video).video_id, px_per_cm)


def write_page(doing: Doing, path: Path, tell: Callable[[str], None] = say) -> None:
    """Write the page about one video that has just been tracked, or was before."""
    if not (doing.report or doing.report_to):
        return
    from app.figures.track_report import write_report
    from tracking.video import content_hash

    file = write_report(doing.study.resolve(), content_hash(path), doing.report_to)
    tell(f"{path.name}: report {file}")


def list_failed(failed: Sequence["VideoJob"], videos: int) -> None:
    """What failed, why, and what to do about it."""
    say(f"{len(failed)} of {count(videos, 'video')} failed.")
    for job in failed[:LISTED]:
        say(f"  {naming(Path(job.path), job.message)}")
    if len(failed) > LISTED:
        say(f"  and {len(failed) - LISTED} more: ethoscribe jobs list")
    say("The others are kept: mend these and give the same command again, it does what is left.")


def say_all_done(record: "BatchRecord") -> None:
    """How it stands at the end; that there was nothing to do, where that is so."""
    from app.jobs.batch_table import counted

    say(f"{counted(record)}.")
    if all(job.state == "already" for job in record.videos):
        say("Nothing was left to do.")


def naming(video: Path, message: str) -> str:
    """Put the video's name before a message that does not say which video it is about."""
    return message if video.name in message else f"{video}: {message}"
