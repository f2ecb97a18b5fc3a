"""`ethoscribe regions`: regions and objects of a video, without a browser."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.commands.shared import DEFAULT_STUDY, StudyOption, VideoOption, count, say, show
from app.errors import AppError

HELP = """List, add, import and export regions; put templates of apparatus on a video.

\b
Example:
  ethoscribe regions add corner -s study --kind rectangle --points "0,0 200,150"
  ethoscribe regions list -s study
"""


class Kind(StrEnum):
    """The shapes that a region can have."""

    polygon = "polygon"
    rectangle = "rectangle"
    circle = "circle"
    point = "point"
    line = "line"


class Role(StrEnum):
    """What a region is to the experiment."""

    region = "region"
    object = "object"
    arena = "arena"


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    group = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode=None)
    group.command("list")(list_regions)
    group.command("add")(add)
    group.command("remove")(remove)
    group.command("import")(import_regions)
    group.command("export")(export_regions)
    group.command("template")(template)
    app.add_typer(group, name="regions")


def list_regions(study: StudyOption = DEFAULT_STUDY, video: VideoOption = None) -> None:
    """List the regions of each video.

    \b
    Example:
      ethoscribe regions list -s study
    """
    from app.setting_up.facts import role_words
    from app.setting_up.region_files import regions_of

    for name, region in regions_of(study, video):
        points = " ".join(f"{x:g},{y:g}" for x, y in region.points)
        show(f"{name}\t{region.name}\t{role_words(region)}\t{region.kind}\t{points}")


def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call the region.")],
    points: Annotated[
        str, typer.Option(metavar="X,Y ...", help="Corners in px from the top left, in quotes.")
    ],
    kind: Annotated[
        Kind, typer.Option(metavar="KIND", help="polygon, rectangle, circle, point or line.")
    ] = Kind.polygon,
    role: Annotated[
        Role, typer.Option(metavar="ROLE", help="region, object or arena.")
    ] = Role.region,
    animals: Annotated[
        int | None, typer.Option(metavar="N", help="How many animals live in this arena.")
    ] = None,
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
) -> None:
    """Add a region to a video, or to every video of the study.

    A rectangle is two opposite corners; a circle is its centre and a point on its rim.

    \b
    Example:
      ethoscribe regions add corner -s study --kind rectangle --points "0,0 200,150"
      ethoscribe regions add cup -s study --role object --kind circle --points "300,200 330,200"
      ethoscribe regions add cage_1 --role arena --animals 3 --kind rectangle --points "0,0 300,240"
    """
    from app.setting_up.region_files import add_region, parse_points

    if animals is not None and role != Role.arena:
        raise AppError("--animals is how many live in an arena: give --role arena with it.")
    added = add_region(study, video, name, str(kind), str(role), parse_points(points), animals)
    say(f"{name}: added to {count(added, 'video')}")


def remove(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which region.")],
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
) -> None:
    """Take a region out of a video, or out of every video of the study.

    \b
    Example:
      ethoscribe regions remove corner -s study --video clip
    """
    from app.setting_up.region_files import remove_region

    removed = remove_region(study, video, name)
    if not removed:
        raise AppError(f"There is no region {name!r}: `ethoscribe regions list` shows them.")
    say(f"{name}: removed from {count(removed, 'video')}")


def import_regions(
    file: Annotated[Path, typer.Argument(metavar="FILE.geojson", help="Regions in px.")],
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
) -> None:
    """Read regions from a GeoJSON file into a video, or into every video of the study.

    Each feature has a name; `role` and `kind` in its properties are used if they are there.

    \b
    Example:
      ethoscribe regions import arena.geojson -s study --video clip
    """
    from app.setting_up.region_files import import_file

    added = import_file(study, video, file)
    say(f"{file}: {count(added, 'region')} added")


def export_regions(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE")],
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
) -> None:
    """Write the regions of a video to a GeoJSON file that `regions import` reads.

    \b
    Example:
      ethoscribe regions export -s study --video clip -o arena.geojson
    """
    from app.setting_up.region_files import export_file

    written = export_file(study, video, output)
    say(f"{output}: {count(written, 'region')}")


def template(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Which template; without it, all of them.")
    ] = None,
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
    at: Annotated[
        str | None,
        typer.Option(metavar="X,Y", help="Middle of the apparatus in px; else of the picture."),
    ] = None,
    turn: Annotated[
        float, typer.Option(metavar="DEG", help="Turn it so far, counter-clockwise.")
    ] = 0.0,
    px_per_cm: Annotated[
        float | None, typer.Option(metavar="K", help="Scale; by default that of the video.")
    ] = None,
    measure: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A measure of your own; repeatable."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace regions of the same names.")
    ] = False,
) -> None:
    """Put the regions of a common apparatus on a video, named as its assay looks for them; or the
    arenas of a rack, a well plate or a row of cages, which are tracked each on its own.

    Without NAME, the templates and their measures are listed.

    \b
    Example:
      ethoscribe regions template plus_maze -s study --video clip --at 320,240 --turn 45
      ethoscribe regions template open_field -s study --video clip --set width=50 --set height=50
      ethoscribe regions template plate_24 -s study --video plate --px-per-cm 60
    """
    from app.setting_up.region_files import add_template, parse_points
    from app.setting_up.region_templates import EVERY

    if name is None:
        for one in EVERY.values():
            known = ", ".join(f"{m.key}={m.value:.4g} {m.unit}".strip() for m in one.measures)
            show(f"{one.name}\t{one.title}\t{known}")
        return
    if video is None:
        raise AppError("Say on which video with --video: a template goes on one video.")
    points = parse_points(at) if at is not None else ()
    if at is not None and len(points) != 1:
        raise AppError(f"--at is {at!r}: give one point in px, as 320,240.")
    if px_per_cm is not None and not 0 < px_per_cm < float("inf"):
        raise AppError(f"--px-per-cm is {px_per_cm}: it is a length in px, so more than 0.")
    measures = dict(_measure(pair) for pair in measure or [])
    middle = points[0] if points else None
    names = add_template(study, video, name, middle, turn, px_per_cm, measures, force=force)
    say(f"{video}: {count(len(names), 'region')} ({', '.join(names)})")
    if EVERY[name].grid:
        say("ethoscribe track VIDEO   tracks each of them on its own")
    else:
        say(f"ethoscribe assay {name} -s {study} --video {video}   finds them by their names")


def _measure(pair: str) -> tuple[str, float]:
    key, _, text = pair.partition("=")
    try:
        return key.strip(), float(text)
    except ValueError:
        raise AppError(f"--set {pair!r} is not KEY=NUMBER, as in --set width=50.") from None
