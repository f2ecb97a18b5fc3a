"""Every real file of positions and behaviour, and every format it can go to and back from.

`python -m tests.round_trips` prints docs/formats.md: what is read, what is written, and which
files were used. The tests go through the same pairs of file and format.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fractions import Fraction
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd

from storage.bouts import save_bouts
from storage.pose_tracks import split_by_name, write_shards
from storage.readers import Bouts, Poses, read_file
from storage.readers.poses import CENTRE
from storage.readers.registry import format_of, readers
from storage.runs import Run, ingest_run
from storage.scored_bouts import NO_SUBJECT
from storage.study import Study, open_study
from storage.videos import add_video
from storage.writers.formats import TABLES, writers
from storage.writers.taking import Taken, take

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
FOLDERS = ("pose", "behaviour", "trajectories", "video")
WATCHED = 3  # recordings of one file
FRAMES = 40  # of a film, where its length proves nothing
MOMENT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
POSE_FORMATS = ("csv", "parquet", "coco", "mabe", "mot", "movement", "nwb", "simba", "sleap")
BOUT_FORMATS = ("csv", "parquet", "boris", "mabe", "nwb", "simba")


@dataclass(frozen=True, eq=False)
class Recording:
    """A recording without pictures, as `add_video` takes it."""

    path: Path
    n_frames: int
    fps: Fraction
    width: int = 4096
    height: int = 4096
    variable_rate: bool = False
    codec: str = "none"
    pixel_format: str = "none"
    browser_playable: bool = False

    @property
    def content_hash(self) -> str:
        """Different for different names."""
        return f"{sha256(self.path.name.encode()).hexdigest()[:16]}{self.n_frames:08x}"

    @property
    def duration_s(self) -> float:
        """Length in s."""
        return float(self.n_frames / self.fps)

    @cached_property
    def time_s(self) -> np.ndarray:
        """(n,) s, evenly spaced."""
        return np.arange(self.n_frames) * self.fps.denominator / self.fps.numerator


@dataclass(frozen=True, eq=False)
class PoseCase:
    """One file of poses or trajectories, cut to its first frames."""

    file: str  # within the shared data
    reader: str
    shape: tuple[int, ...]  # frames, animals, points of the whole file
    poses: Poses
    dear: bool = False  # of its kind: one animal or several, from this reader

    @property
    def formats(self) -> tuple[str, ...]:
        """Where it can go: boxes and body points are more than a place."""
        places = [name for name in self.poses.points if name != CENTRE]
        return POSE_FORMATS if len(places) > 1 else tuple(
            name for name in POSE_FORMATS if name not in ("coco", "mot", "simba")
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class BoutCase:
    """The bouts that one watcher saw in one recording of a file, in frames."""

    file: str
    reader: str
    recording: str
    fps: Fraction
    n_frames: int
    rows: pd.DataFrame
    first: bool = False  # of its file: it gets tracks, too
    dear: bool = False  # of its reader: it goes through the dear formats

    @property
    def formats(self) -> tuple[str, ...]:
        """Where it can go: MABe has no moments and no nobody, and SimBA needs body points."""
        held = (self.rows["kind"] == "state") & (self.rows["subject"] != NO_SUBJECT)
        out = {"mabe"} if not held.any() else set()
        return tuple(f for f in BOUT_FORMATS if f not in out | (set() if self.first else {"simba"}))


def known_files(shared: Path) -> Iterator[tuple[Path, str]]:
    """Every file of the shared data that a reader knows, and the reader's name."""
    for path in sorted(one for folder in FOLDERS for one in (shared / folder).rglob("*")):
        found = format_of(path) if path.is_file() and path.suffix not in (".mp4", ".png") else None
        if found is not None:
            yield path, found.name


def cases(shared: Path) -> tuple[list[PoseCase], list[BoutCase]]:
    """What is in all of these files."""
    poses: list[PoseCase] = []
    bouts: list[BoutCase] = []
    kinds: set[tuple[str, bool]] = set()
    for path, reader in known_files(shared):
        found = read_file(path)
        name = path.relative_to(shared).as_posix()
        if isinstance(found, Bouts):
            made = list(_bout_cases(name, reader, found))
            dear = reader not in {case.reader for case in bouts}
            bouts += [replace(one, dear=dear and one.first) for one in made]
            continue
        whole = split_by_name(found)
        cut = replace(
            whole, xy=whole.xy[:FRAMES], confidence=whole.confidence[:FRAMES],
            whole={key: values[:FRAMES] for key, values in whole.whole.items()},
        )  # fmt: skip
        kind = (reader, len(whole.animals) > 1)
        poses.append(PoseCase(name, reader, whole.xy.shape[:3], cut, kind not in kinds))
        kinds.add(kind)
    return poses, bouts


def _bout_cases(name: str, reader: str, found: Bouts) -> Iterator[BoutCase]:
    """Those who saw most, in the recordings of a file: `WATCHED` of them are enough."""
    keys = [found.rows["recording"], found.rows["annotator"].fillna("")]
    parts = sorted(found.rows.groupby(keys), key=lambda one: -len(one[1]))[:WATCHED]
    for number, ((recording, _), rows) in enumerate(parts):
        told = found.recordings.get(str(recording))
        fps = (told and told.fps) or Fraction(25)
        frames, made = _in_frames(rows, found.unit, fps)
        yield BoutCase(name, reader, str(recording), fps, frames, made, number == 0)


def _in_frames(rows: pd.DataFrame, unit: str, fps: Fraction) -> tuple[int, pd.DataFrame]:
    """The length of a video that holds them, and the bouts in whole frames of it."""
    rate = float(fps) if unit == "s" else 1.0
    start = np.maximum(np.rint(rows["start"].to_numpy(float) * rate), 0).astype(int)
    stop = np.rint(rows["stop"].to_numpy(float) * rate).astype(int)
    point = (rows["kind"] == "point").to_numpy()
    stop = np.where(point, start, np.maximum(stop, start + 1))
    subject = [one if isinstance(one, str) and one else NO_SUBJECT for one in rows["subject"]]
    made = pd.DataFrame(
        {"behaviour": rows["behaviour"].to_numpy(), "subject": subject,
         "target": rows["target"].to_numpy(), "kind": rows["kind"].to_numpy(),
         "start_frame": start, "stop_frame": stop, "annotator": rows["annotator"].to_numpy()}
    )  # fmt: skip
    made["modifiers"], made["comment"] = rows["modifiers"].to_numpy(), rows["comment"].to_numpy()
    keys = ["behaviour", "subject", "target", "kind", "start_frame", "stop_frame"]
    return int(stop.max()) + 2, made[~made[keys].astype(str).duplicated()].reset_index(drop=True)


def put_poses(study: Path, found: list[PoseCase], scratch: Path) -> list[Taken]:
    """Put poses into a study, a video each, and take them out as writers get them."""
    names = []
    with open_study(study, create=True) as opened:
        for number, case in enumerate(found):
            poses = case.poses
            info = Recording(Path(f"pose{number}.mp4"), poses.n_frames, Fraction(25))
            video = add_video(opened, info)
            names.append(video.name)
            folder = scratch / video.name
            folder.mkdir()
            _ingest(opened, video.video_id, number, poses, write_shards(poses, info.time_s, folder))
    with open_study(study) as opened:
        return [take(opened, name, scratch / name) for name in names]


def put_bouts(study: Path, found: list[BoutCase], scratch: Path) -> list[Taken]:
    """Put bouts into a study, a video each, and take them out as writers get them."""
    names = []
    with open_study(study, create=True) as opened:
        for number, case in enumerate(found):
            info = Recording(Path(f"scored{number}.mp4"), case.n_frames, case.fps)
            video = add_video(opened, info)
            names.append(video.name)
            (scratch / video.name).mkdir()
            if case.first:
                poses = _standing(sorted({*case.rows["subject"]} - {NO_SUBJECT}), case.n_frames)
                shards = write_shards(poses, info.time_s, scratch / video.name)
                _ingest(opened, video.video_id, number, poses, shards)
            save_bouts(opened, video.video_id, case.rows, source="person")
    with open_study(study) as opened:
        return [
            take(opened, name, scratch / name, ("tracks", "keypoints") if case.first else ())
            for name, case in zip(names, found, strict=True)
        ]


def _standing(subjects: list[str], n_frames: int) -> Poses:
    """Animals that stay where they are, seen in the first frame alone."""
    animals = tuple(subjects or ["animal1"])
    xy = np.full((n_frames, len(animals), 2, 2), np.nan)
    xy[0] = np.arange(1, 1 + xy[0].size).reshape(xy[0].shape)
    return Poses("dlc", animals, ("nose", "tail_base"), xy, np.full(xy.shape[:3], np.nan))


def _ingest(
    opened: Study, video_id: int, number: int, poses: Poses, shards: tuple[Path, Path]
) -> None:
    run = Run(
        f"run{number}", f"import:{poses.source}", len(poses.animals),
        {"points": list(poses.points)}, {"ethoscribe": "0"}, {}, MOMENT, MOMENT,
    )  # fmt: skip
    ingest_run(opened, video_id, run, [shards[0]], [], [shards[1]], poses.animals)


def formats_page(poses: list[PoseCase], bouts: list[BoutCase]) -> str:
    """docs/formats.md: what is read and written, and with which files that was tried."""
    tried = sorted({(c.file, c.reader) for c in (*poses, *bouts)})
    return "\n\n".join(
        [
            "# Formats",
            "Written by `make docs` from the readers, the writers and the round trips of "
            "tests/test_round_trips.py: every real file below is read, put into a study, written "
            "in every format that can hold it, and read again. Places are then equal within "
            "float32, intervals to the frame, and identities and missing values are those of the "
            f"file. Of films the first {FRAMES} frames go all the way, of files of behaviour the "
            f"{WATCHED} recordings and people with most bouts. NWB is gone through with one file "
            "of each reader, and with all of them where ROUND_TRIPS=all is set.",
            "## Formats x read and written",
            _matrix(tried, poses, bouts),
            "## Files of positions x formats they go to and come back from",
            _files(poses),
            "## Files of behaviour x formats they go to and come back from",
            _scored(bouts),
            "A file that holds more than a format has room for loses that: COCO and MOT hold "
            "boxes and SimBA body points, so places alone do not go there; MOT has no body "
            "points; MABe has no moments, no nobody, and no confidence; SimBA has a 0 or 1 per "
            "frame, so touching bouts are one there, and a point without a confidence gets 1. "
            "What is left out is told when it is written.",
            "Outlines go out as COCO with track ids and come back to the pixel, with holes, in "
            "parts and with gaps (tests/test_imported_outlines.py, made by construction); those of "
            "Annolid's tracking CSV become outlines, too.",
        ]
    ) + "\n"  # fmt: skip


def _matrix(tried: list[tuple[str, str]], poses: list[PoseCase], bouts: list[BoutCase]) -> str:
    written = writers()
    lines = ["| format | program | holds | read | written | files read | files there and back |",
             "| --- | --- | --- | --- | --- | --- | --- |"]  # fmt: skip
    titles = {name: (one.title, one.gives) for name, one in readers().items()}
    own = {"csv": "tracks, bouts, measures, ...", "parquet": "tracks, bouts, measures, ...",
           "xlsx": "tracks, bouts, measures, ..."}  # fmt: skip
    for name in dict.fromkeys([*own, *sorted({*titles, *written})]):
        one = written.get(name)
        holds = own.get(name) or ", ".join(one.holds if one else [titles[name][1]])
        title = TABLES.get(name) or (one.title if one else titles[name][0])
        real = len({file for file, reader in tried if reader == name})
        there = len({c.file for c in (*poses, *bouts) if name in c.formats})
        read = "yes" if name in titles or name in ("csv", "parquet") else "-"
        done = "yes" if one or name in own else "-"
        lines.append(f"| {name} | {title} | {holds} | {read} | {done} | {real or '-'} "
                     f"| {there or '-'} |")  # fmt: skip
    return "\n".join(lines)


def _files(found: list[PoseCase]) -> str:
    head = ["file", "read as", "frames", "animals", "points", *POSE_FORMATS]
    lines = [head, ["---"] * len(head)]
    for case in found:
        marks = ["yes" if name in case.formats else "-" for name in POSE_FORMATS]
        lines.append([case.file, case.reader, *map(str, case.shape), *marks])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _scored(found: list[BoutCase]) -> str:
    head = ["file", "read as", "recordings", "bouts", *BOUT_FORMATS]
    lines = [head, ["---"] * len(head)]
    for file in dict.fromkeys(case.file for case in found):
        mine = [case for case in found if case.file == file]
        held = {name for case in mine for name in case.formats}
        lines.append([
            file, mine[0].reader, str(len({case.recording for case in mine})),
            str(sum(len(case.rows) for case in mine)),
            *("yes" if name in held else "-" for name in BOUT_FORMATS),
        ])  # fmt: skip
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    sys.stdout.write(formats_page(*cases(SHARED)))
