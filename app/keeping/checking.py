"""Everything that can be wrong with a study: its database, its films, and its files."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from app.jobs.relink import where_is
from storage.checks import Fault, examine_rows
from storage.checks.findings import rows
from storage.networks import Network, network_file, networks
from storage.runs import Run, runs
from storage.study import DATABASE, Study, StudyError, open_study
from storage.videos import Video, file_is_there, videos
from storage.withdrawing import KEPT_DAYS, withdrawn_runs
from tracking.video import content_hash

ASIDE = "set it aside in repairs/"
STALE_S = 3600.0  # a draft older than this is nobody's any more
LEAST_FREE = 1 << 30  # bytes
OnCheck = Callable[[str], None]


def examine(folder: Path, tell: OnCheck = lambda text: None) -> list[Fault]:
    """Look at everything there is to know about a study; nothing is changed."""
    with open_study(folder) as study:
        folder = study.folder
        tell("database")
        found = examine_rows(study)
        films, nets = videos(study), networks(study, withdrawn=True)
        stored = runs(study)
        withdrawn = withdrawn_runs(study)
    for film in films:
        tell(film.name)
        found += _film(film, folder)
    for one in nets:
        tell(one.key)
        found += _network(one)
    tell("files")
    for check in (_drafts(folder), _runs(folder, stored, films), _unfinished(folder, films),
                  _space(folder), _uploads(folder, films)):  # fmt: skip
        found += check
    if withdrawn:
        number = sum(one.rows for one in withdrawn)
        found.append(
            Fault(
                "withdrawn",
                f"{rows(len(withdrawn), 'run')} out of sight, {rows(number)} of tracks",
                f"ethoscribe runs restore brings them back; doctor --purge {KEPT_DAYS} "
                f"removes what was withdrawn {KEPT_DAYS} days ago",
            )
        )
    return found


def is_note(fault: Fault) -> bool:
    """Whether a finding is only worth knowing, and nothing is wrong."""
    return fault.check in ("withdrawn", "unfinished")


def _film(film: Video, folder: Path) -> Iterator[Fault]:
    if not film.has_pictures:
        return
    if not file_is_there(film):
        yield Fault(
            "films",
            f"{film.name}: {where_is(film).rstrip('.')}",
            f"ethoscribe relink FOLDER -s {folder} finds it in a folder by its content",
        )
        return
    try:
        found = content_hash(film.path)
    except OSError as error:
        yield Fault(
            "films",
            f"{film.name}: {film.path} cannot be read ({error.strerror})",
            "Ask its owner for access, or copy it from a backup",
        )
        return
    if found != film.content_hash:
        yield Fault(
            "films",
            f"{film.name}: {film.path} is not the film it was (content hash "
            f"{found}, noted {film.content_hash})",
            "Put the old file back, or track this one as a new video",
        )


def _network(one: Network) -> Iterator[Fault]:
    try:
        network_file(one)
    except StudyError as error:
        what, _, hint = str(error).partition(": ")
        yield Fault("networks", what, hint.rstrip(".").capitalize())


def _drafts(folder: Path) -> Iterator[Fault]:
    """Files that a process which was killed has left half written."""
    places = (
        folder,
        folder / "jobs",
        folder / "answers",
        folder / "videos",
        folder / "proxies",
        *(folder / "networks").glob("*"),
        *(folder / "runs").glob("*"),
    )
    for place in places:
        for file in sorted(place.glob("*") if place.is_dir() else ()):
            hidden = file.name.startswith(".") and len(file.name.split(".")[1]) >= 32
            draft = file.name.startswith(".new-") or file.suffix in (".tmp", ".part") or hidden
            if draft and time.time() - file.stat().st_mtime > STALE_S:
                yield Fault(
                    "drafts",
                    f"{file.relative_to(folder)} was never finished",
                    "Nobody reads it; doctor --repair sets it aside",
                    ASIDE,
                    path=file,
                )
    log = folder / f"{DATABASE}.wal"
    if log.exists() and log.stat().st_size and time.time() - log.stat().st_mtime > STALE_S:
        yield Fault(
            "drafts",
            f"{log.name} holds what a process that was killed had committed",
            "Nothing is lost: the next change takes it over",
        )


def _runs(folder: Path, stored: list[Run], films: list[Video]) -> Iterator[Fault]:
    """Settings and pictures of runs: without their run, or runs without them."""
    names = {film.video_id: film.name for film in films}
    for run in stored:
        kept = run.active or (run.withdrawn_at and not run.purged_at)
        tracked_here = "asked" in run.settings  # what was imported has no picture
        if kept and tracked_here and not (folder / "runs" / run.run_id).is_dir():
            yield Fault(
                "runs",
                f"runs/{run.run_id} is missing: the settings file and the picture of the empty "
                f"arena of {names.get(run.video_id or 0, 'a video')}",
                "No track or number is in it; put the folder back from a backup, or its report "
                "and track --like go without it",
            )
    known = {run.run_id for run in stored}
    for place in sorted((folder / "runs").glob("*")):
        if place.is_dir() and place.name not in known and _age_s(place) > STALE_S:
            yield Fault(
                "runs",
                f"runs/{place.name} is of a run that was never stored",
                "Nobody reads it; doctor --repair sets it aside",
                ASIDE,
                path=place,
            )


def _unfinished(folder: Path, films: list[Video]) -> Iterator[Fault]:
    """Work in progress: it goes on where it stopped, if somebody wants it to."""
    names = {film.content_hash[:16]: film.name for film in films}
    for place in sorted((folder / "shards").glob("[!.]*")):
        if not place.is_dir():
            continue
        name = names.get(place.name.split("-")[0])
        files = len(list(place.glob("*.parquet")))
        if name is None and _age_s(place) > STALE_S:
            yield Fault(
                "shards",
                f"shards/{place.name} ({rows(files, 'piece')} of work) is of a "
                "film that the study does not have",
                "Track that film to go on, or let doctor --repair set it aside",
                ASIDE,
                path=place,
            )
        elif name is not None:
            yield Fault(
                "unfinished",
                f"shards/{place.name}: tracking {name} has stopped or works "
                f"({rows(files, 'piece')} of work)",
                "The same ethoscribe track goes on; delete the folder if nobody wants it",
            )


def _age_s(place: Path) -> float:
    newest = max((one.stat().st_mtime for one in [place, *place.iterdir()]), default=0.0)
    return time.time() - newest


def _uploads(folder: Path, films: list[Video]) -> Iterator[Fault]:
    """Films that were brought here in the browser and are in no table, such as half an upload."""
    known = {film.path for film in films}
    for file in sorted((folder / "videos").glob("[!.]*")):
        if file.is_file() and file not in known and _age_file_s(file) > STALE_S:
            yield Fault(
                "uploads",
                f"videos/{file.name} is no video of the study, perhaps half an upload",
                "Add it on the page Videos, or let doctor --repair set it aside",
                ASIDE,
                path=file,
            )


def _age_file_s(file: Path) -> float:
    return time.time() - file.stat().st_mtime


def _space(folder: Path) -> Iterator[Fault]:
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE:
        yield Fault(
            "space",
            f"{free / 1e9:.1f} GB are free on the drive of the study",
            "Make room: tracking needs about 1 GB for an hour of film",
        )


def stored_size(study: Study) -> int:
    """Size of the database, bytes."""
    return (study.folder / DATABASE).stat().st_size
