"""`ethoscribe track`: from video files to tracks in the study."""

import json
import shlex
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.shared import DEFAULT_STUDY, StudyOption, count, say
from app.errors import AppError, known_errors, one_line

if TYPE_CHECKING:
    from app.jobs.network_work import Way
    from app.jobs.tracking_job import Chosen, TrackSummary


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(track)


def track(
    videos: Annotated[list[Path], typer.Argument(metavar="VIDEO...", help="Video files.")],
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
      ethoscribe track cage.mp4 -s study --animals 3 --segmenter yolo --weights mice
    """
    if job_file is not None:
        # a page cancels by an interrupt, which a server put in the background hands on as ignored
        signal.signal(signal.SIGINT, signal.default_int_handler)
    segmenter = _check(animals, segmenter, workers, px_per_cm, weights, device, like)
    _check_together(videos, animals, arenas, identification, setting, like, report_to)
    if animals is None and like is None and not _arenas_known(study, arenas):
        raise typer.BadParameter(
            "say how many animals the video shows, as in --animals 2", param_hint="'--animals'"
        )
    if name is not None and len(videos) > 1:
        raise typer.BadParameter("it names one video, and several are given", param_hint="'--name'")
    settings = parse_settings(setting or [])
    from app.jobs.network_work import Way

    if report_to is not None:
        from app.figures.track_report import check_place

        check_place(report_to)
    failures = 0
    for video in videos:
        try:
            _track_one(
                study,
                video,
                animals,
                settings,
                workers,
                force,
                px_per_cm,
                name,
                job_file,
                arenas,
                identification,
                like,
                Way(segmenter, weights, device, association),
            )
            if report or report_to:
                _report(study, video, report_to)
        except Exception as error:
            if not isinstance(error, known_errors()):
                raise
            failures += 1
            say(f"Error: {_naming(video, one_line(error))}")
    if failures:
        if len(videos) > 1:
            say(f"{failures} of {count(len(videos), 'video')} failed.")
        raise typer.Exit(1)


def _check_together(
    videos: list[Path], animals: int | None, arenas: str | None, identification: str,
    setting: list[str] | None, like: str | None, report_to: Path | None,
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
    if report_to is not None and len(videos) > 1:
        raise typer.BadParameter(
            "it is one file, and several videos are given: --report writes one for each",
            param_hint="'--report-to'",
        )


def _report(study: Path, video: Path, report_to: Path | None) -> None:
    """Write the page about one video that has just been tracked, or was before."""
    from app.figures.track_report import write_report
    from tracking.video import content_hash

    file = write_report(study.resolve(), content_hash(video), report_to)
    say(f"{video.name}: report {file}")


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


def parse_settings(pairs: list[str]) -> dict[str, Any]:
    """Read KEY=VALUE pairs; numbers, true, false and null are read as such, the rest as text.

    >>> parse_settings(["threshold=30", "background=median", "dark=true"])
    {'threshold': 30, 'background': 'median', 'dark': True}
    """
    settings: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise typer.BadParameter(f"{pair!r} is not KEY=VALUE", param_hint="'--set'")
        try:
            settings[key.strip()] = json.loads(value)
        except json.JSONDecodeError:
            settings[key.strip()] = value
    return settings


def _track_one(
    study: Path,
    video: Path,
    n_animals: int | None,
    settings: dict[str, Any],
    workers: int,
    force: bool,
    px_per_cm: float | None,
    name: str | None,
    job_file: Path | None,
    arenas: str | None,
    identification: str,
    like: str | None,
    way: "Way",
) -> None:
    """Track one video, show how it goes, and tell a page's job file how it ended."""
    from app.jobs.progress import JobFile, Reporter
    from app.jobs.tracking_job import track_video

    job = JobFile(job_file, video) if job_file else None
    said: list[str] = []
    try:
        with Reporter(video.name, job) as report:
            summary = track_video(
                study,
                video,
                n_animals,
                settings=settings or None,
                workers=workers,
                force=force,
                name=name,
                arenas=arenas,
                identification=identification,
                like=like,
                segmenter=way.segmenter,
                weights=way.weights,
                device=way.device,
                association=way.association,
                progress=report,
                on_arenas=lambda said: report.say(f"{video.name}: {said}"),
                on_settings=lambda chosen: said.extend(
                    _tell_settings(chosen, video.name, report.say)
                ),
            )
        if px_per_cm is not None:
            _set_scale(study, summary.video, px_per_cm)
    except KeyboardInterrupt:
        say(f"{video.name}: stopped; the same command goes on from here.")
        if job:
            job.write("cancelled", "Cancelled. Track again to go on where it stopped.")
        raise
    except Exception as error:
        if job:
            job.write("failed", one_line(error))
        raise
    if job:
        job.write("done", " ".join(summary.warnings))
    _tell(summary, said, _what_force_takes(study, summary.video) if summary.skipped else "")


def _set_scale(study: Path, video: str, px_per_cm: float) -> None:
    from storage.study import open_study
    from storage.videos import find_video, set_scale

    with open_study(study, write=True) as opened:
        set_scale(opened, find_video(opened, video).video_id, px_per_cm)


def _tell_settings(chosen: "Chosen", video: str, tell: Callable[[str], None]) -> list[str]:
    """Say with which settings the long work begins; return the warnings that were said."""
    if chosen.found_by:
        tell(f"{video}: {chosen.found_by}")
    tell(f"{video}: settings {spell_settings(chosen.settings)}")
    parts = dict(chosen.tuning)
    score = parts.pop("score", 0.0)
    parts.pop("one_more", None)  # said as a warning where it counts
    spelled = ", ".join(f"{name} {value:.2f}" for name, value in parts.items())
    tell(f"{video}: tuning score {score:.3f} of 1 ({spelled})")
    for line in chosen.warnings:
        tell(f"Warning: {video}: {line}")
    return chosen.warnings


def _what_force_takes(study: Path, video: str) -> str:
    """What a person did to the present tracks, which tracking again would take away."""
    from app.library import corrections_of
    from storage.study import open_study
    from storage.videos import find_video

    with open_study(study) as opened:
        video_id = find_video(opened, video).video_id
    made = corrections_of(study, video_id)
    return f" and takes {count(made, 'correction')} by hand with the old tracks" if made else ""


def _tell(summary: "TrackSummary", said: list[str], lost: str = "") -> None:
    """Say what was done, how well, and the warnings that were not said yet."""
    name = summary.video
    if summary.skipped:
        say(f"{name}: already tracked; --force tracks it again{lost}.")
        return
    if summary.removed_bouts:
        bouts = count(sum(summary.removed_bouts.values()), "bout")
        kept = ", ".join(summary.removed_bouts)
        say(
            f"{name}: {bouts} of {kept} came from the old tracks and went with them; "
            "`ethoscribe ask QUESTION --save NAME` makes them anew."
        )
    done = f"{summary.frames} frames"
    if summary.new_frames < summary.frames:
        done += f", {summary.new_frames} of them now,"
    speed = summary.new_frames / summary.seconds if summary.seconds > 0 else 0.0
    say(
        f"{name}: {done} in {summary.seconds:.1f} s ({speed:.0f} frames/s), "
        f"animals seen in {summary.share_detected:.1%} of all frames"
    )
    if summary.doubtful:
        places = count(summary.doubtful, "doubtful place")
        say(f"{name}: {places}: the Review page leads there, --report shows pictures")
    for line in [one for one in summary.warnings if one not in said]:
        say(f"Warning: {name}: {line}")


def spell_settings(settings: dict[str, Any]) -> str:
    """Write settings as --set takes them, numbers to six digits.

    >>> spell_settings({"threshold": 30.0, "statistic": "masked median", "black_level": 17.25})
    "black_level=17.25 statistic='masked median' threshold=30"
    """

    def spell(value: Any) -> str:
        return f"{value:.6g}" if isinstance(value, float) else shlex.quote(str(value))

    return " ".join(f"{key}={spell(value)}" for key, value in sorted(settings.items()))


def _naming(video: Path, message: str) -> str:
    """Put the video's name before a message that does not say which video it is about."""
    return message if video.name in message else f"{video}: {message}"
