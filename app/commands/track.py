"""`ethoscribe track`: from video files to tracks in the study."""

import signal
from pathlib import Path
from typing import Annotated

import typer

from app.commands.shared import DEFAULT_STUDY, StudyOption
from app.commands.track_words import parse_settings
from app.errors import AppError


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(track)


def track(
    videos: Annotated[
        list[Path], typer.Argument(metavar="VIDEO...", help="Video files, folders or patterns.")
    ],
    study: StudyOption = DEFAULT_STUDY,
    animals: Annotated[
        int | None,
        typer.Option("--animals", metavar="N", help="How many animals each video shows."),
    ] = None,
    arenas: Annotated[
        str | None,
        typer.Option(
            metavar="WHICH", help="Track each arena on its own: FILE.geojson, names, drawn or none."
        ),
    ] = None,
    segmenter: Annotated[
        str, typer.Option(metavar="NAME", help="How animals are found: background or yolo.")
    ] = "background",
    weights: Annotated[
        str | None,
        typer.Option(metavar="FILE|NAME", help="The network of --segmenter yolo."),
    ] = None,
    device: Annotated[
        str, typer.Option(metavar="D", help="Where it runs: auto, cpu, cuda, cuda:1, mps.")
    ] = "auto",
    association: Annotated[
        str,
        typer.Option(metavar="HOW", help="Who follows animals: own, bytetrack, botsort."),
    ] = "own",
    identification: Annotated[
        str,
        typer.Option(
            metavar="HOW", help="Tell animals apart by looks: auto, contrastive, descriptors, off."
        ),
    ] = "auto",
    workers: Annotated[
        int, typer.Option(metavar="N", help="Processes that work side by side.")
    ] = 1,
    cluster: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Work on the Dask cluster of this scheduler."),
    ] = None,
    slurm: Annotated[
        str | None,
        typer.Option(metavar="K=V,...", help="Work in jobs of SLURM: partition=,cpus=,time=."),
    ] = None,
    metadata: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="What is known of the videos or their subjects."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be done, and how long it takes.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Track again what is already tracked.")
    ] = False,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Choose a setting by hand; repeatable."),
    ] = None,
    px_per_cm: Annotated[
        float | None,
        typer.Option(metavar="K", help="Scale of the videos, so that results are in cm."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="What to call the video in the study.")
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="As in a run before: the same film, the same tracks."),
    ] = None,
    report: Annotated[
        bool, typer.Option("--report", help="Write an HTML page into the study's reports.")
    ] = False,
    report_to: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the page here instead.")
    ] = None,
    job_file: Annotated[Path | None, typer.Option(hidden=True)] = None,
) -> None:
    """Find every animal in each video and keep its identity.

    The settings that suit a video are chosen by looking at it, and printed before the long
    work begins. A video that is already tracked is left alone (--name renames it); work that
    was interrupted goes on where it stopped.

    A folder stands for all videos in it and below. With several videos and --workers, or on a
    --cluster (`dask scheduler`, and `dask worker ADDRESS --nthreads 1` on each machine) or in jobs
    of --slurm, videos are worked on side by side, a stretch of a film each; the study and the films
    then lie on a drive that all see. A video that fails stops no other: what failed is listed at
    the end, and the same command does what is left. Folders like sub-01/ses-02_date-20250131 give
    subject, session and date as metadata; --metadata adds columns by video, or by subject.

    Tubes, wells and cages: where two or more arenas are drawn on a video, or --arenas gives them,
    each is tracked on its own, animals are called like their arena, and --animals is how many live
    in all of them together (without it, one in each). --arenas takes a GeoJSON file, names of
    regions ("tube_*"), "drawn" for a single arena, or "none" for the whole picture.

    A network finds animals where thresholds fail: --segmenter yolo with --weights, a file (.pt,
    .onnx, .xml) or the name of one that was trained in the study (see ethoscribe train). On a CPU
    it runs by OpenVINO or onnxruntime where they are installed, with --workers side by side.
    --association follows animals as ultralytics' trackers do, for comparison.

    --report writes one page for each video: pictures, doubtful places, who is who, sizes, settings
    and times, also of a video that is tracked already. --like takes number, arenas, settings and
    identification from a run before (its report says its name): of the same film it makes the
    same tracks again, of another film it only leaves out looking for settings.

    \b
    Example:
      ethoscribe track clip.mp4 -s study --animals 2 --report
      ethoscribe track rack.mp4 -s study --arenas tubes.geojson
      ethoscribe track *.mp4 -s study --animals 1 --px-per-cm 12.5 --set threshold=30
      ethoscribe track films/ -s study --animals 2 --workers 4 --metadata mice.csv --dry-run
      ethoscribe track films/ -s study --animals 2 --cluster tcp://node7:8786
      ethoscribe track films/ -s study --animals 2 --slurm partition=cpu,cpus=8,time=12:00:00,jobs=4
      ethoscribe track cage.mp4 -s study --animals 3 --segmenter yolo --weights mice
    """
    if job_file is not None:
        # a page cancels by an interrupt, which a server put in the background hands on as ignored
        signal.signal(signal.SIGINT, signal.default_int_handler)
    segmenter = _check(animals, segmenter, workers, px_per_cm, weights, device, like)
    _check_together(animals, arenas, identification, setting, like)
    if animals is None and like is None and not _arenas_known(study, arenas):
        raise typer.BadParameter(
            "say how many animals the video shows, as in --animals 2", param_hint="'--animals'"
        )
    from app.jobs.folders import find_videos

    found = find_videos(videos)
    _check_one(max(len(found), len(videos)), name, report_to, cluster, slurm)
    settings = parse_settings(setting or [])
    from app.commands.track_asked import Doing
    from app.commands.track_batch import plan_only, track_all
    from app.jobs.network_work import Way
    from app.jobs.tracking_ready import Ask

    if report_to is not None:
        from app.figures.track_report import check_place

        check_place(report_to)
    way = Way(segmenter, weights, device, association)
    ask = Ask(animals, settings, force, name, arenas, identification, like, way)
    doing = Doing(
        study, found, ask, workers, cluster, slurm, px_per_cm, metadata, report, report_to, job_file
    )
    failed = plan_only(doing) if dry_run else track_all(doing)
    if failed:
        raise typer.Exit(1)


def _check_together(
    animals: int | None, arenas: str | None, identification: str, setting: list[str] | None,
    like: str | None,
) -> None:  # fmt: skip
    """Refuse options that say different things."""
    given = {
        "--animals": animals is not None, "--arenas": arenas is not None, "--set": bool(setting),
        "--identification": identification != "auto",
    }  # fmt: skip
    twice = [name for name, is_given in given.items() if is_given and like is not None]
    if twice:
        raise typer.BadParameter(
            f"the run says what {', '.join(twice)} would: leave it out", param_hint="'--like'"
        )


def _check_one(
    videos: int, name: str | None, report_to: Path | None, cluster: str | None, slurm: str | None
) -> None:
    """Refuse what is about one video where there are several, and two places to work at once."""
    if name is not None and videos > 1:
        raise typer.BadParameter("it names one video, and several are given", param_hint="'--name'")
    for option, place in (("--cluster", cluster), ("--slurm", slurm)):
        if place is not None and not place.strip():
            raise typer.BadParameter("it is empty: say where to work", param_hint=f"'{option}'")
    if cluster and slurm:
        raise typer.BadParameter("it is another place than --cluster", param_hint="'--slurm'")
    if report_to is not None and videos > 1:
        raise typer.BadParameter(
            "it is one file, and several videos are given: --report writes one for each",
            param_hint="'--report-to'",
        )


def _arenas_known(study: Path, arenas: str | None) -> bool:
    """Whether arenas may say how many animals there are: some are given, or drawn in the study."""
    from app.setting_up.arenas import NONE, arenas_in

    return arenas != NONE if arenas is not None else arenas_in(study)


def _check(
    animals: int | None, segmenter: str, workers: int, px_per_cm: float | None,
    weights: str | None, device: str, like: str | None,
) -> str:  # fmt: skip
    """Refuse what can be refused before any file is opened; return the segmenter that is meant."""
    if animals is not None and animals < 1:
        raise AppError(f"--animals is {animals}: a video to track shows at least 1 animal.")
    if segmenter not in ("background", "yolo"):
        raise AppError(
            f"There is no segmenter called {segmenter!r}: this version has 'background' and 'yolo'."
        )
    if segmenter == "background" and like is None and (weights is not None or device != "auto"):
        raise AppError("--weights and --device are for a network: add --segmenter yolo.")
    if workers < 1:
        raise AppError(f"--workers is {workers}: at least 1 process has to do the work.")
    if px_per_cm is not None and not 0 < px_per_cm < float("inf"):
        raise AppError(f"--px-per-cm is {px_per_cm}: it is a length in px, so more than 0.")
    return segmenter
