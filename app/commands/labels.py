"""`ethoscribe labels`: frames to learn from, proposed, filled in, brought in and written out."""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.shared import (
    DEFAULT_STUDY,
    JsonOption,
    StudyOption,
    VideoOption,
    count,
    say,
    show,
    show_json,
)
from app.errors import AppError

if TYPE_CHECKING:
    from app.labelling.filling import Fills

HELP = """Frames with the outline of every animal, which a network learns from.

\b
Example:
  ethoscribe labels propose -s study --frames 20 --animals 3
  ethoscribe labels import my_project -s study
  ethoscribe labels list -s study
"""
AuthorOption = Annotated[
    str | None, typer.Option("--author", metavar="NAME", help="Who does it; left out: you.")
]
AnimalsOption = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="How many there are, if nothing says it yet.")
]
ClassOption = Annotated[
    str | None,
    typer.Option("--class", metavar="NAME", help="What outlines are called, as mouse."),
]
FrameOption = Annotated[
    int | None,
    typer.Option("--frame", metavar="N", help="Of this frame; left out: the last import or fill."),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    group = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode=None)
    group.command("propose")(propose)
    group.command("fill")(fill)
    group.command("list")(list_labels)
    group.command("import")(import_labels)
    group.command("export")(export_labels)
    group.command("undo")(undo)
    group.command("redo")(redo)
    app.add_typer(group, name="labels")


def propose(
    films: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILM]...", help="Films, which come into the study first."),
    ] = None,
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
    frames: Annotated[int, typer.Option(metavar="N", min=1, help="How many frames in all.")] = 20,
    animals: AnimalsOption = None,
    class_name: ClassOption = None,
    fill: Annotated[
        bool, typer.Option("--fill/--no-fill", help="Outline what can be outlined.")
    ] = True,
    author: AuthorOption = None,
) -> None:
    """Choose frames that are worth labelling, and outline the animals in them as far as possible.

    The frames differ from one another; where a video is tracked, those are among them in which
    its tracks are doubtful or animals meet. On the page Label a person corrects the outlines:
    only what a person corrected is learned from. Said again, it proposes other frames. Those that
    judge a network are left out, with what is around them: its next rounds do not learn from them.

    \b
    Example:
      ethoscribe labels propose cage.mp4 -s study --frames 20 --animals 3
      ethoscribe labels propose -s study --video cage --frames 10 --class mouse
    """
    from app.labelling.proposing import add_films
    from app.labelling.proposing import propose as choose

    if films and video is not None:
        raise AppError("The frames are of the films or of --video: give one of them.")
    only = add_films(study, films) if films else None if video is None else [video]
    found = choose(
        study, frames, videos=only, animals=animals, class_name=class_name, fill=fill,
        author=author or getpass.getuser(), on_progress=_progress,
    )  # fmt: skip
    for one in found:
        if one.frames or one.reserved is None:
            say(f"{one.video}: {count(len(one.frames), 'frame')} proposed{_filled(one.fills)}")
        if one.reserved is not None:
            say(one.reserved.words)
        for frame in one.frames:
            show(f"{one.video}\t{frame}")
    if (left := frames - sum(len(one.frames) for one in found)) > 0:
        say(f"{left} fewer than asked for: nothing else shows anything new.")
    if any(one.frames for one in found):
        say("Correct them on the page Label: ethoscribe ui")


def fill(
    frames: Annotated[
        list[int] | None, typer.Argument(metavar="[FRAME]...", help="Left out: those proposed.")
    ] = None,
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
    animals: AnimalsOption = None,
    class_name: ClassOption = None,
    author: AuthorOption = None,
) -> None:
    """Outline the animals in frames again, as after tracking with a new network.

    Frames that a person labelled are left alone.

    \b
    Example:
      ethoscribe labels fill -s study --video cage
      ethoscribe labels fill 120 480 -s study --video cage --animals 3
    """
    from app.labelling.filling import fill as fill_in
    from app.labelling.listing import only_video, proposed_frames

    asked = {only_video(study, video): frames} if frames else proposed_frames(study, video)
    if not asked:
        raise AppError("No frames are proposed: ethoscribe labels propose chooses some.")
    for name, wanted in asked.items():
        fills, done = fill_in(
            study, str(name), wanted, animals=animals, class_name=class_name,
            author=author or getpass.getuser(),
        )  # fmt: skip
        say(f"{name}: {count(len(done), 'frame')} filled in. {fills.said}".rstrip())


def list_labels(study: StudyOption = DEFAULT_STUDY, json: JsonOption = False) -> None:
    """Print how far each video is, as CSV.

    corrected: frames that a person answers for; waiting: frames outlined by a program or begun;
    proposed: frames to look at; animals: outlines in corrected frames.

    \b
    Example:
      ethoscribe labels list -s study
    """
    from app.labelling.listing import list_labels as table_of

    table = table_of(study)
    if json:
        show_json(table.to_dict(orient="records"))
    else:
        show(table.to_csv(index=False).rstrip("\n"))


def import_labels(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A file, or the folder of many.")],
    study: StudyOption = DEFAULT_STUDY,
    video: Annotated[
        str | None,
        typer.Option("--video", metavar="V", help="The images are frames of this video."),
    ] = None,
    first: Annotated[
        int, typer.Option(metavar="N", help="The number that names the first frame of --video.")
    ] = 0,
    as_video: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Keep the images as a recording of their own."),
    ] = None,
    format: Annotated[
        str, typer.Option(metavar="F", help="auto, labelme, coco, yolo, dlc or sleap.")
    ] = "auto",
    class_name: ClassOption = None,
    width: Annotated[
        float | None,
        typer.Option(metavar="PX", help="Poses: how wide a body is; left out: learned."),
    ] = None,
    refine: Annotated[
        bool, typer.Option("--refine/--no-refine", help="Poses: fit outlines to the picture.")
    ] = True,
    frames: Annotated[
        int | None,
        typer.Option("--frames", metavar="N", min=1, help="Poses: so many frames, evenly spread."),
    ] = None,
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Poses: also frames where somebody has none.")
    ] = False,
    proofread: Annotated[
        bool, typer.Option("--proofread", help="Poses a network predicted count as a person's.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Compare images with the video's frames.")
    ] = True,
    force: Annotated[
        bool, typer.Option("--force", help="Over frames that a person labelled; undo brings back.")
    ] = False,
    author: AuthorOption = None,
) -> None:
    """Bring in outlines of LabelMe, COCO or YOLO-seg, or labelled poses of DeepLabCut or SLEAP.

    Poses become outlines: a body along the skeleton, fitted to the picture. An image is a frame
    of a video here when its name says so (cage_frame000120.png, or DeepLabCut's
    cage/img0120.png), or when you say --video; with --as-video the images become a recording.

    \b
    Example:
      ethoscribe labels import annotations.json -s study --video cage
      ethoscribe labels import my_dlc_project -s study --as-video open_field --class mouse
      ethoscribe labels import proofread.slp -s study --video cage --frames 20
    """
    from app.labelling.importing import Wish
    from app.labelling.importing import import_labels as bring_in
    from app.labelling.posed_images import Posing

    posing = Posing(class_name, width, refine, frames, incomplete)
    wish = Wish(format, video, first, as_video, check, force, posing, proofread)
    done = bring_in(study, path, wish, author=author or getpass.getuser(), on_progress=_progress)
    for name, n in done.frames.items():
        say(f"{name}: {count(n, 'labelled frame')} brought in")
    say(f"{count(done.animals, 'outline')} in all")
    for note in done.notes:
        say(note)
    if done.kept:
        say(f"{count(done.kept, 'frame')} left alone: a person labelled them (--force).")


def export_labels(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="A new folder.")],
    format: Annotated[str, typer.Option(metavar="F", help="labelme, coco or yolo.")] = "coco",
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
    waiting: Annotated[
        bool, typer.Option("--waiting", help="Also what nobody corrected yet.")
    ] = False,
) -> None:
    """Write the labelled frames as images with their outlines, for LabelMe, COCO or YOLO.

    `labels import` reads the folder again, outline for outline; what nobody corrected by then waits
    in the study as before.

    \b
    Example:
      ethoscribe labels export --format labelme -o for_labelme -s study
      ethoscribe labels export --format coco -o dataset -s study --video cage
    """
    from app.labelling.exporting import export_labels as write_out

    done = write_out(study, output, format, video=video, waiting=waiting)
    say(f"{done.folder}: {count(done.frames, 'frame')}, {count(done.animals, 'outline')}")
    for name in done.left_out:
        say(f"{name}: its film is not where the study expects it, so it is left out: `ethoscribe "
            "relink` finds it again")  # fmt: skip


def undo(
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
    frame: FrameOption = None,
    author: AuthorOption = None,
) -> None:
    """Take back what you did last: to a frame, or the last import or fill of a video.

    \b
    Example:
      ethoscribe labels undo -s study --video cage --frame 120
      ethoscribe labels undo -s study --video cage
    """
    _step(study, video, frame, author, redo=False)


def redo(
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
    frame: FrameOption = None,
    author: AuthorOption = None,
) -> None:
    """Do again what you took back last.

    \b
    Example:
      ethoscribe labels redo -s study --video cage --frame 120
    """
    _step(study, video, frame, author, redo=True)


def _step(
    study: Path, video: str | None, frame: int | None, author: str | None, redo: bool
) -> None:
    from app.labelling.listing import only_video, step

    name = only_video(study, video)
    words = step(study, name, frame, author or getpass.getuser(), redo)
    say(f"{name}: {'done again' if redo else 'taken back'}: {words}")


def _filled(fills: "Fills") -> str:
    """What was filled in, in words."""
    if not fills.labels:
        return f". {fills.said}" if fills.said else ""
    sure = sum(one >= 0.5 for one in fills.sureness.values())
    return f", {len(fills.labels)} of them outlined, {sure} surely. {fills.said}".rstrip()


def _progress(stage: str, done: int, total: int) -> None:
    """A line for each tenth of long work."""
    if total >= 20 and done and done % max(1, total // 10) == 0:
        say(f"{stage}: {done} of {total}")
