"""Files of other programs as a page brings them in: what they are, whose, and how it went."""

from __future__ import annotations

import re
import shutil
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from app.errors import AppError
from app.importing.bout_import import BoutSummary, Scored, import_bouts, names_videos
from app.importing.import_job import ImportSummary, Wish, import_poses
from app.importing.pose_file import parse_fps
from app.importing.recordings import Source, group
from app.importing.scored_import import ScoredWish, import_scored
from storage.readers.registry import (
    BOUTS,
    TRACKS,
    parts_of,
    read_bouts_file,
    read_files,
    readers,
)

KEPT = "imported"  # folder of the study that keeps what was uploaded and is a recording now

# What the page calls what the command line has options for.
LABELS = {
    "--force": "Replace what is there", "--annotator WHO": "Scored by", "--annotator": "Scored by",
    "--fps F": "Frames per second", "--fps": "Frames per second",
    "--px-per-cm K": "Pixels per cm", "--px-per-cm": "Pixels per cm",
    "--video V": "Video", "--video": "Video", "--recording R": "Recording in the file",
    "--recording": "Recording in the file", "--behaviour": "Behaviour", "--subject": "Animal",
    "--as": "Who is who", "--min-confidence": "Least confidence",
}  # fmt: skip
_OPTIONS = re.compile("|".join(rf"{re.escape(one)}\b" for one in LABELS))


@dataclass(frozen=True)
class Asked:
    """What a person says about the files; nothing where the files say it themselves."""

    video: str | None = None
    fps: str = ""
    px_per_cm: float | None = None
    min_confidence: float | None = None
    recording: str | None = None
    behaviour: str | None = None
    subject: str | None = None
    annotator: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)  # of animals there: those in the study
    force: bool = False


def known_files(files: Sequence[Path]) -> list[Source]:
    """The recordings that the files hold; one that no program of ours knows is an error."""
    found = group(files, "auto")
    for source in found:
        if source.reader is None:
            read_files(source.files)  # says what the file is and what was expected
    if len({source.reader.gives for source in found if source.reader}) > 1:
        raise AppError("Some files hold positions and some scored behaviour: one kind at a time.")
    return found


def in_words(source: Source) -> str:
    """What the files of one recording are.

    >>> in_words(Source((Path("a.csv"), Path("b.csv")), readers()["dlc"]))
    'a.csv, b.csv: positions from DeepLabCut'
    """
    names = ", ".join(file.name for file in source.files)
    reader = source.reader
    if reader is None:
        return names
    what = "positions" if reader.gives == TRACKS else "scored behaviour"
    return f"{names}: {what} from {reader.title}"


def likely_video(source: Source, videos: Sequence[str]) -> str | None:
    """The video whose name the file's name begins with, as most programs write it.

    >>> likely_video(Source((Path("cage 1DLC_resnet50.h5"),), None), ["cage", "cage 1"])
    'cage 1'
    """
    name = source.files[0].name.casefold()
    fitting = [one for one in videos if name.startswith(one.casefold())]
    return max(fitting, key=len, default=None)


def who_is_who(text: str) -> dict[str, str]:
    """Pairs of an animal in the file and one of the study.

    >>> who_is_who("rat1 = mouse1, rat2=mouse2")
    {'rat1': 'mouse1', 'rat2': 'mouse2'}
    """
    parts = [one for one in re.split(r"[,;\n]", text) if one.strip()]
    pairs = [tuple(word.strip() for word in part.partition("=")[::2]) for part in parts]
    if wrong := [part for part, pair in zip(parts, pairs, strict=True) if not all(pair)]:
        raise AppError(f"Who is who has {wrong[0].strip()!r}: write it as rat1=mouse1.")
    return {there: here for there, here in pairs}


def bring_in(study: Path, source: Source, asked: Asked, keep: bool = False) -> list[str]:
    """Import the files of one recording; all of it or nothing. Returns what to say of it.

    With `keep`, positions without a video have their files copied into the study first, whose
    facts then name them.
    """
    if source.reader is not None and source.reader.gives == BOUTS:
        return [line for one in _bouts(study, source, asked) for line in _bout_lines(one)]
    if not keep or asked.video is not None:
        return _pose_lines(import_poses(study, source.files, _wish(source, asked)))
    folder = study / KEPT / f"{time.strftime('%Y%m%d-%H%M%S-')}{uuid.uuid4().hex[:6]}"
    folder.mkdir(parents=True)
    stored = False
    try:
        files = [Path(shutil.copyfile(file, folder / file.name)) for file in source.files]
        done = import_poses(study, files, _wish(source, asked))
        stored = not done.skipped
    finally:
        if not stored:
            shutil.rmtree(folder)
    return _pose_lines(done)


def _wish(source: Source, asked: Asked) -> Wish:
    rate: Fraction | None = parse_fps(asked.fps) if asked.fps.strip() else None
    return Wish(
        asked.video, rate, asked.px_per_cm, "auto", source.name, asked.min_confidence,
        asked.force, asked.recording,
    )  # fmt: skip


def _bouts(study: Path, source: Source, asked: Asked) -> list[BoutSummary]:
    scored = Scored(asked.behaviour, asked.subject, asked.annotator)
    file = source.files[0]
    if source.reader is not None and source.reader.name == "bouts" and not names_videos(file):
        return [import_bouts(study, file, asked.video, scored, asked.force)]
    wish = ScoredWish(asked.video, asked.recording, scored, asked.names, "auto", asked.force)
    return import_scored(study, file, wish)


def _bout_lines(done: BoutSummary) -> list[str]:
    noun = "bout" if done.bouts == 1 else "bouts"
    what = f"{done.bouts} {noun} of {', '.join(done.behaviours) or 'nothing'}"
    end = "are there already" if done.skipped else "imported"
    return [f"{done.video}: {what} {end}.", *(f"{done.video}: {note}" for note in done.notes)]


def _pose_lines(done: ImportSummary) -> list[str]:
    if done.skipped:
        return [f"{done.video}: imported already in the same way; nothing is changed."]
    points = f" with {done.points} body point{'s'[: done.points != 1]}" if done.points else ""
    lines = [
        f"{done.video}: {done.frames} frames, {', '.join(done.animals)}{points}, seen in "
        f"{done.share_detected:.1%} of all frames."
    ]
    if done.removed_bouts:
        lost = sum(done.removed_bouts.values())
        lines.append(
            f"{done.video}: {lost} bout{'s'[: lost != 1]} of {', '.join(done.removed_bouts)} came "
            "from the old tracks and went with them; both come back with the old run: 'Where do "
            "the numbers come from?' below the video."
        )
    return [*lines, *(f"{done.video}: {note}" for note in done.notes)]


def recordings_in(source: Source) -> list[str]:
    """What a file with several recordings calls them; none where there is nothing to choose."""
    if source.reader is None or len(source.files) > 1:
        return []
    if source.reader.gives == BOUTS:
        names = list(read_bouts_file(source.files[0], source.reader.name).recordings)
    else:
        names = parts_of(source.files[0], source.reader.name)
    return names if len(names) > 1 else []


def spoken(message: str, study: Path, draft: Path | None = None) -> str:
    """An error of an import as the page says it, where options have fields.

    >>> spoken("b.csv does not say its frame rate: give --fps F, or --video V.", Path("s"))
    "b.csv does not say its frame rate: give 'Frames per second', or 'Video'."
    """
    places = [rf"{re.escape(str(study / KEPT))}/[^/]+/"]
    places += [re.escape(f"{draft}/")] if draft else []
    message = re.sub("|".join(places), "", message)
    message = message.replace(
        ": ethoscribe import --formats lists what can be read, and --format names one", ""
    )
    message = message.replace("ethoscribe import --formats lists what can", "see the list below")
    message = message.replace("or name another format with --format", "or check the file")
    message = message.replace("with --as", "under --as")
    message = message.replace("without --video", "as a recording of its own")
    return _OPTIONS.sub(lambda found: f"'{LABELS[found.group()]}'", message)


def all_formats() -> list[tuple[str, str, str]]:
    """(what it holds, program, which files) of everything that can be read."""
    order = sorted(readers().values(), key=lambda one: (one.gives != TRACKS, one.title.casefold()))
    return [("Positions" if one.gives == TRACKS else "Behaviour", one.title, one.files)
            for one in order]  # fmt: skip
