"""`ethoscribe import`: poses and scored bouts that other programs wrote."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.shared import DEFAULT_STUDY, StudyOption, count, say
from app.errors import AppError

if TYPE_CHECKING:
    from app.importing.import_job import ImportSummary


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("import")(import_files)


def import_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Pose files or bouts.")],
    study: StudyOption = DEFAULT_STUDY,
    video: Annotated[
        str | None,
        typer.Option("--video", metavar="V", help="The video they belong to: its name or file."),
    ] = None,
    fps: Annotated[
        str | None, typer.Option(metavar="F", help="Frames per second, when there is no video.")
    ] = None,
    px_per_cm: Annotated[
        float | None, typer.Option(metavar="K", help="Scale, so that results are in cm.")
    ] = None,
    format: Annotated[
        str, typer.Option(metavar="NAME", help="auto, dlc, sleap or bouts.")
    ] = "auto",
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="What to call the recording in the study.")
    ] = None,
    min_confidence: Annotated[
        float | None,
        typer.Option(metavar="P", help="Leave out points less sure than this, 0 to 1."),
    ] = None,
    behaviour: Annotated[
        str | None, typer.Option(metavar="B", help="What the bouts of a file are.")
    ] = None,
    subject: Annotated[
        str | None, typer.Option(metavar="A", help="Which animal the bouts are of.")
    ] = None,
    annotator: Annotated[
        str | None, typer.Option(metavar="WHO", help="Who scored the bouts.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace what was imported or tracked before.")
    ] = False,
) -> None:
    """Bring in what other programs wrote: body points as tracks, scored bouts as bouts.

    Poses (DeepLabCut CSV and HDF5, SLEAP analysis HDF5) become a recording without a video,
    or with --video the tracks of that video. A CSV with the columns start_frame,stop_frame or
    start_s,stop_s holds bouts that a person scored; the stop frame is the first one after the
    bout. The format is told by what is in a file. Nothing is smoothed or filled in.

    \b
    Example:
      ethoscribe import poses.csv -s study --fps 25 --px-per-cm 32
      ethoscribe import clipDLC.h5 -s study --video clip.mp4 --min-confidence 0.6
      ethoscribe import freezing.csv -s study --video clip --behaviour freezing --annotator Kim
    """
    from app.importing.bout_import import Scored, import_bouts, is_bouts, refuse_as_bouts
    from app.importing.import_job import Wish, import_poses
    from app.importing.pose_file import parse_fps

    if len(files) > 1 and (name is not None or video is not None):
        raise AppError("--name and --video are about one file: give one file at a time.")
    rate = None if fps is None else parse_fps(fps)
    scored = Scored(behaviour, subject, annotator)
    for file in files:
        if format == "bouts" or (format == "auto" and is_bouts(file)):
            done = import_bouts(study, file, video, scored, force)
            found = f"{count(done.bouts, 'bout')} of {', '.join(done.behaviours)}"
            more = "are there already" if done.skipped else "imported"
            say(f"{done.video}: {found} {more}")
            for note in done.notes:
                say(f"{done.video}: {note}")
        else:
            if scored != Scored():
                refuse_as_bouts(file, scored)
            wish = Wish(video, rate, px_per_cm, format, name, min_confidence, force)
            _tell(import_poses(study, file, wish))


def _tell(done: "ImportSummary") -> None:
    """Say what was brought in, and what was decided on the way."""
    if done.skipped:
        say(f"{done.video}: already imported; --force imports it again.")
        for note in done.notes:
            say(f"{done.video}: {note}")
        return
    if done.removed_bouts:
        lost = count(sum(done.removed_bouts.values()), "bout")
        say(
            f"{done.video}: {lost} of {', '.join(done.removed_bouts)} came from the old tracks and "
            f"went with them; `ethoscribe runs restore {done.video}` brings both back."
        )
    say(
        f"{done.video}: {done.frames} frames, {', '.join(done.animals)} with "
        f"{count(done.points, 'body point')}, seen in {done.share_detected:.1%} of all frames"
    )
    for note in done.notes:
        say(f"{done.video}: {note}")
