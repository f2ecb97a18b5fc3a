"""Put a finished run into the study, in one short transaction."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from app.errors import AppError
from app.jobs.arena_notes import empty_ones, in_arenas, nothing_in
from app.jobs.tracking_ready import Ready
from app.jobs.tracking_summary import TrackSummary, summary_of
from app.jobs.tracking_task import Finished, Task
from app.keeping.run_list import way_back
from app.setting_up.region_files import put_regions
from storage.bouts import analysed_bouts
from storage.edit_tracks import standing_corrections
from storage.identity_tables import IDENTITIES
from storage.regions import Region, regions
from storage.runs import Run, active_run, ingest_run
from storage.study import Study, open_study
from storage.videos import Video, add_video, animal_names

FEW_SEEN = 0.5  # a smaller share of animals found is worth a warning


def store(ready: Ready, done: Finished, seconds: float) -> TrackSummary:
    """Put a finished run into the study, in one short transaction, and say how it went."""
    few = _check_found(ready.task, done, ready.before)
    doubtful = sum(pq.read_metadata(file).num_rows for file in done.tables.doubts)
    video, stored, removed, past = _store(ready.folder, ready.task, ready.name, done, ready.regions)
    return summary_of(
        video, stored, seconds, warnings=[*done.warnings, *few, *past],
        new_frames=done.new_frames, removed_bouts=removed, doubtful=doubtful,
    )  # fmt: skip


def _check_found(task: Task, done: Finished, before: Run | None) -> list[str]:
    """Refuse a run that found nothing, and warn of one that found little."""
    found = np.zeros(task.n_animals)
    for file in done.tables.tracks:
        column = pq.read_table(file, columns=["detected"])["detected"].to_numpy()
        found += column.reshape(-1, task.n_animals).sum(0)
    found /= max(task.info.n_frames, 1)
    share = float(found.mean())
    if share == 0:
        shutil.rmtree(task.place)
        kept = "the tracks from before are kept" if before else "nothing is stored"
        raise AppError(
            f"No animal was found in any frame of {task.info.path}, so {kept}. Check --animals and "
            "what --set sets by hand."
        )
    empty = empty_ones(task.arenas, found) if task.arenas else []
    said = [nothing_in(empty)] if empty else []
    if task.arenas:  # empty ones say nothing of the others
        share = float(found[~in_arenas(task.arenas, empty)].mean())
    if share >= FEW_SEEN:
        return said
    was = f" ({before.share_detected or 0:.1%} in the run this one replaces)" if before else ""
    return [
        *said,
        f"the animals were found in only {share:.1%} of the frames{was}: look at the tracks before "
        "you use them, and check --animals and --set.",
    ]


def _store(
    folder: Path, task: Task, name: str | None, done: Finished, arenas: Sequence[Region] = ()
) -> tuple[Video, Run, dict[str, int], list[str]]:
    """Put the finished run into the study, and take the work in progress away."""
    run, tables = done.run, done.tables
    _keep(folder, task.place, run)
    with open_study(folder, write=True) as study:
        video = add_video(study, task.info, name)
        removed = analysed_bouts(study, video.video_id)
        past = _past_corrections(study, video)
        names = _kept_names(study, video, task)
        _keep_arenas(study, video, arenas)
        stored = ingest_run(
            study, video.video_id, run, tables.tracks, tables.masks, tables.keypoints, names,
            {name: getattr(tables, name) for name in IDENTITIES},
        )  # fmt: skip
    # A worker that nobody waits for may write in it still; what is left is cleared the next time.
    shutil.rmtree(task.place, ignore_errors=True)
    return video, stored, removed, past


def _past_corrections(study: Study, video: Video) -> list[str]:
    """What to say when tracks go that a person has corrected."""
    number = standing_corrections(study, video.video_id)
    if not number:
        return []
    which = "1 correction by hand was" if number == 1 else f"{number} corrections by hand were"
    return [
        f"{which} of the old tracks and went with them; `ethoscribe edit list` says what they "
        f"were. To bring them back: {way_back(study.folder, video.name)}."
    ]


def _kept_names(study: Study, video: Video, task: Task) -> list[str] | None:
    """The names given to this video's animals before, if they are still as many in the same
    arenas; else they are called like their arenas."""
    run = active_run(study, video.video_id)
    asked = run.settings.get("asked", {}) if run else {}
    before = [row[:2] for row in asked.get("arenas", [])]
    now = [[place.name, place.n_animals] for place in task.arenas.places] if task.arenas else []
    names = [name for _, name in sorted(animal_names(study, video.video_id).items())]
    if before == now and len(names) == task.n_animals:
        return names
    return task.arenas.names if task.arenas else None


def _keep_arenas(study: Study, video: Video, arenas: Sequence[Region]) -> None:
    """Draw the arenas that came from a file on the video, as an edit that can be taken back."""
    drawn = regions(study, video.video_id)
    new = [one for one in arenas if one not in drawn]
    if new:
        put_regions(study, video, new)


def _keep(study: Path, place: Path, run: Run) -> None:
    """Keep the picture of the empty arena and the settings beside the database."""
    kept = study / "runs" / run.run_id
    kept.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(place / "background.png", kept / "background.png")
    (kept / "settings.json").write_text(json.dumps(run.settings, indent=2) + "\n")
