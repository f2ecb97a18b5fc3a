"""`ethoscribe import`: what other programs tracked and people scored in them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.shared import DEFAULT_STUDY, StudyOption, count, say, show
from app.errors import AppError

if TYPE_CHECKING:
    from app.importing.import_job import ImportSummary


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("import")(import_files)


def import_files(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE...", help="Positions, body points or bouts; or a folder."),
    ] = None,
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
        str, typer.Option(metavar="NAME", help="auto, or one of those that --formats lists.")
    ] = "auto",
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="What to call the recording in the study.")
    ] = None,
    min_confidence: Annotated[
        float | None,
        typer.Option(metavar="P", help="Leave out points less sure than this, 0 to 1."),
    ] = None,
    recording: Annotated[
        str | None,
        typer.Option(metavar="R", help="One of the recordings that a file holds."),
    ] = None,
    behaviour: Annotated[
        str | None, typer.Option(metavar="B", help="What the bouts of a file are.")
    ] = None,
    subject: Annotated[
        str | None, typer.Option(metavar="A", help="Which animal the bouts are of.")
    ] = None,
    same: Annotated[
        list[str] | None,
        typer.Option("--as", metavar="THERE=HERE", help="Who an animal of the file is here."),
    ] = None,
    annotator: Annotated[
        str | None, typer.Option(metavar="WHO", help="Who scored the bouts.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace what was imported or tracked before.")
    ] = False,
    formats: Annotated[
        bool,
        typer.Option(
            "--formats",
            help="List what can be read, and stop.",
            is_eager=True,
            callback=lambda wanted: _list_formats(wanted),
        ),
    ] = False,
) -> None:
    """Bring in what other programs wrote: positions and body points as tracks, scores as bouts.

    DeepLabCut, SLEAP, idtracker.ai, TRex, JABS, Lightning Pose, movement, NWB and others become a
    recording without a video, or with --video the tracks of that video; outlines of COCO with
    track ids and of Annolid become masks. Of a file with several videos --recording names the one
    that is meant, if --video does not. BORIS, BENTO, SimBA,
    EthoVision, MABe and others become bouts, of the videos that they name or of --video. The
    format is told by what is in a file, and --formats lists all. Files of one recording that hold
    an animal each are given together. Nothing is smoothed or filled in.

    \b
    Example:
      ethoscribe import poses.csv -s study --fps 25 --px-per-cm 32
      ethoscribe import clipDLC.h5 -s study --video clip.mp4 --min-confidence 0.6
      ethoscribe import data/clip_fish*.npz -s study --video clip.mp4
      ethoscribe import labels.slp -s study --video clip.mp4 --recording clip.mp4
      ethoscribe import project.boris -s study --annotator Kim --as rat1=animal1
      ethoscribe import freezing.csv -s study --video clip --behaviour freezing --annotator Kim
      ethoscribe import --formats
    """
    from app.importing.bout_import import Scored, refuse_as_bouts
    from app.importing.import_job import Wish, import_poses
    from app.importing.pose_file import parse_fps
    from app.importing.recordings import group

    if not files:
        raise typer.BadParameter("Give a file or a folder, or --formats.", param_hint="FILE...")
    sources = group(files, format)
    if len(sources) > 1 and (name is not None or video is not None):
        raise AppError("--name and --video are about one file: give one file at a time.")
    rate = None if fps is None else parse_fps(fps)
    scored = Scored(behaviour, subject, annotator)
    for source in sources:
        if source.reader is not None and source.reader.gives == "bouts":
            wish = (video, recording, scored, _names(same or []), format, force)
            _import_bouts(study, source.files[0], source.reader.name, wish)
        elif scored != Scored():
            refuse_as_bouts(source.files[0], scored)
        else:
            called = name or source.name
            poses = Wish(video, rate, px_per_cm, format, called, min_confidence, force, recording)
            _tell(import_poses(study, source.files, poses), study)


def _import_bouts(study: Path, file: Path, reader: str, wish: tuple[Any, ...]) -> None:
    """Bring in the bouts of one file, a table of our own or another program's."""
    from app.importing.bout_import import import_bouts, names_videos
    from app.importing.scored_import import ScoredWish, import_scored

    asked = ScoredWish(*wish)
    if reader == "bouts" and not names_videos(file):
        done = [import_bouts(study, file, asked.video, asked.scored, asked.force)]
    else:
        done = import_scored(study, file, asked)
    for one in done:
        found = f"{count(one.bouts, 'bout')} of {', '.join(one.behaviours) or 'nothing'}"
        say(f"{one.video}: {found} {'are there already' if one.skipped else 'imported'}")
        for note in one.notes:
            say(f"{one.video}: {note}")


def _names(pairs: list[str]) -> dict[str, str]:
    """Animals of a file and who they are here, of THERE=HERE each."""
    found = dict(pair.partition("=")[::2] for pair in pairs)
    if wrong := [there for there, here in found.items() if not there or not here]:
        raise AppError(f"--as is {wrong[0]!r}: give THERE=HERE, as rat1=animal1.")
    return found


def _list_formats(wanted: bool) -> None:
    """Show every format: its name, the program, what it gives and which files it has."""
    if not wanted:
        return
    from storage.readers import readers

    for one in sorted(readers().values(), key=lambda one: (one.gives, one.name), reverse=True):
        show(f"{one.gives:7}{one.name:14}{one.title}: {one.files}")
    raise typer.Exit


def _tell(done: "ImportSummary", study: Path) -> None:
    """Say what was brought in, and what was decided on the way."""
    from app.keeping.run_list import way_back

    if done.skipped:
        say(f"{done.video}: already imported; --force imports it again.")
        for note in done.notes:
            say(f"{done.video}: {note}")
        return
    if done.removed_bouts:
        lost = count(sum(done.removed_bouts.values()), "bout")
        say(
            f"{done.video}: {lost} of {', '.join(done.removed_bouts)} came from the old tracks and "
            f"went with them. To bring both back: {way_back(study, done.video)}."
        )
    outlined = f" and {count(done.outlines, 'outline')}" if done.outlines else ""
    say(
        f"{done.video}: {done.frames} frames, {', '.join(done.animals)} with "
        f"{count(done.points, 'body point')}{outlined}, seen in {done.share_detected:.1%} of all "
        "frames"
    )
    for note in done.notes:
        say(f"{done.video}: {note}")
