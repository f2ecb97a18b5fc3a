"""`ethoscribe proxy`: copies that browsers play of videos that they do not."""

import os
from pathlib import Path
from typing import Annotated

import typer

from app.commands.shared import DEFAULT_STUDY, StudyOption, say


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(proxy)


def proxy(
    videos: Annotated[
        list[str] | None, typer.Argument(metavar="[VIDEO]...", help="Videos of the study.")
    ] = None,
    study: StudyOption = DEFAULT_STUDY,
    job_file: Annotated[Path | None, typer.Option(hidden=True)] = None,
) -> None:
    """Make an H.264 copy of every video that browsers cannot play.

    The copy has the same frames at exactly the same times, lies in the study, and is used by the
    player; tracking and measures go on using the film itself. Without VIDEO, all that need one.

    \b
    Example:
      ethoscribe proxy -s study
      ethoscribe proxy cage4 -s study
    """
    from app.library import list_videos
    from storage.study import open_study
    from storage.videos import find_video

    if videos:
        with open_study(study) as opened:
            chosen = [find_video(opened, key) for key in videos]
    else:
        rows = [row.video for row in list_videos(study)]
        chosen = [one for one in rows if one.has_pictures and not one.browser_playable]
    if not chosen:
        say("Browsers play every video of this study as it is.")
    for video in chosen:
        _make(study.resolve(), video.video_id, video.path, job_file)


def _make(study: Path, video_id: int, path: Path, job_file: Path | None) -> None:
    from app.jobs.progress import reporting
    from app.jobs.proxy import make_proxy

    with reporting(path, job_file, "Cancelled.") as report:
        if job_file and hasattr(os, "nice"):
            os.nice(10)  # people at the pages and tracking go first
        made = make_proxy(study, video_id, report)
    say(f"{path.name}: {made.name}, {made.stat().st_size / 1e6:.1f} MB")
