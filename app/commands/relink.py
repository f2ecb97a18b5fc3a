"""`ethoscribe relink`: finds videos again that were moved or renamed."""

from pathlib import Path
from typing import Annotated

import typer

from app.commands.shared import DEFAULT_STUDY, StudyOption, count, say, show
from app.errors import AppError


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(relink)


def relink(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FOLDER]...", help="Where to look; the study's parent by default."),
    ] = None,
    study: StudyOption = DEFAULT_STUDY,
) -> None:
    """Find the files of the study that were moved or renamed, by their content.

    Looks in the folders and all below, reads only files of the right size, and prints a line of
    CSV for each video that was found. Exit status 1 when one is still missing.

    \b
    Example:
      ethoscribe relink -s study
      ethoscribe relink /data/archive /mnt/disk2 -s study
    """
    from app.jobs.relink import Search, lost_videos, where_is
    from app.jobs.relink import relink as search

    study = study.resolve()
    places = [folder.resolve() for folder in folders or [study.parent]]
    wrong = [str(place) for place in places if not place.is_dir()]
    if wrong:
        raise AppError(f"No such folder to look in: {', '.join(wrong)}. Give an existing one.")
    lost = lost_videos(study)
    if not lost:
        say("Every video is where the study expects it.")
        return
    for video in lost:
        say(f"{video.name}: {where_is(video)}")

    def tell(search: Search) -> None:
        if search.files and search.files % 500 == 0:
            say(f"{count(search.files, 'video')} looked at, now in {search.folder}")

    found = search(study, places, tell)
    if found.again:
        import csv
        import io

        text = io.StringIO()
        lines = csv.writer(text, lineterminator="\n")
        lines.writerows([("video", "path"), *((n, str(p)) for n, p in found.again.items())])
        show(text.getvalue().rstrip("\n"))
    if found.missing:
        raise AppError(
            f"Not found among {count(found.files, 'video')}: {', '.join(found.missing)}. Give "
            "another FOLDER to look in."
        )
