"""Bring behaviour that was scored in another program into a study, video by video."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath

import numpy as np
import pandas as pd

from app.errors import AppError
from app.importing.bout_import import (
    BoutSummary,
    Scored,
    equal_bouts,
    nearest_edge,
    same_owner,
)
from app.scoring.bout_checks import FRAMES
from storage.bouts import PERSON, delete_bouts, frame_edges, read_bouts, save_bouts
from storage.provenance import imported_from
from storage.readers.registry import read_bouts_file
from storage.readers.scored import SECONDS, Bouts
from storage.scored_bouts import NO_SUBJECT
from storage.study import Study, open_study
from storage.videos import Video, animal_names, find_video, videos
from tracking.video import content_hash

SPARE_S = 0.1  # by which a bout may end after its video: programs round the length


@dataclass(frozen=True)
class ScoredWish:
    """What a person asked for with a file of scored behaviour."""

    video: str | None = None  # that it is about; None: videos are told by the file's names
    recording: str | None = None  # one of those in the file
    scored: Scored = field(default_factory=Scored)
    names: Mapping[str, str] = field(default_factory=dict)  # of animals there: those in the study
    format: str = "auto"
    force: bool = False


def import_scored(study_folder: Path, file: Path, wish: ScoredWish) -> list[BoutSummary]:
    """Save the bouts of all recordings whose videos are in the study; all of them or none.

    Times go to the nearest edge of a frame. Bouts of the same behaviour, animal and annotator are
    replaced with `force` only; where they are the same already, that is told.
    """
    found = read_bouts_file(file, wish.format)
    with open_study(study_folder, write=True) as study:
        about, notes = _matched(study, file, found, wish)
        done = []
        with imported_from(file=file.name, file_hash=content_hash(file), format=found.source):
            for recording, video in about.items():
                done.append(_save(study, file, found, recording, video, wish))
    first = done[0]
    return [
        BoutSummary(
            first.video, first.bouts, first.behaviours, first.skipped,
            (*found.notes, *notes, *first.notes),
        ),
        *done[1:],
    ]  # fmt: skip


def _matched(
    study: Study, file: Path, found: Bouts, wish: ScoredWish
) -> tuple[dict[str, Video], list[str]]:
    """The video of each recording that is to be brought in, and what to say of the others."""
    there = list(found.recordings)
    if wish.recording is not None and wish.recording not in there:
        raise AppError(f"There is no recording '{wish.recording}' in {file}: {_some(there)}.")
    asked = [wish.recording] if wish.recording is not None else there
    if wish.video is not None:
        video = find_video(study, wish.video)
        if len(asked) > 1:
            asked = [name for name in asked if _is_of(video, found, name)]
        if len(asked) != 1:
            raise AppError(
                f"{file} has {len(there)} recordings, and {len(asked)} of them name "
                f"'{video.name}': choose one with --recording ({_some(there)})."
            )
        return {asked[0]: video}, []
    known = videos(study)
    about = {
        name: fitting[0]
        for name in asked if len(fitting := [one for one in known if _is_of(one, found, name)]) == 1
    }  # fmt: skip
    if not about:
        raise AppError(
            f"No video of {file} is in the study ({_some(asked)}): say with --video V which one it "
            "is about, and with --recording which part of the file."
        )
    if len({video.video_id for video in about.values()}) < len(about):
        raise AppError(
            f"Several recordings of {file} are of one video ({_some(list(about))}): bring them in "
            "one at a time with --recording and --annotator."
        )
    left = [name for name in asked if name not in about]
    return about, [f"{len(left)} recordings of no video here left out: {_some(left)}"] * bool(left)


def _is_of(video: Video, found: Bouts, recording: str) -> bool:
    """Whether a recording is of this video, by the names of both."""
    media = found.recordings[recording].media
    names = {PureWindowsPath(one).name.lower() for one in (*media, recording)}
    stems = names | {PureWindowsPath(name).stem for name in names}
    if found.recordings[recording].in_a_row:
        return False
    return bool({video.name.lower(), video.path.name.lower(), video.path.stem.lower()} & stems)


def _save(
    study: Study, file: Path, found: Bouts, recording: str, video: Video, wish: ScoredWish
) -> BoutSummary:
    if found.recordings[recording].in_a_row and wish.recording is None:
        media = found.recordings[recording].media
        raise AppError(
            f"'{recording}' of {file} is of {len(media)} videos ({_some(media)}), and its times "
            "are not of one of them: give --recording to take them all for this video."
        )
    rows, notes = _in_frames(
        study, file, video, found, _filled(study, video, found.of(recording), wish)
    )
    person = rows["by_person"] if "by_person" in rows else pd.Series(found.by_person, rows.index)
    person = person.astype(bool)
    parts = [(PERSON, rows[person]), (found.source, rows[~person])]
    new = [_replaced(study, video, some, source, wish.force) for source, some in parts if len(some)]
    kinds = tuple(dict.fromkeys(rows["behaviour"]))
    skipped = bool(new) and not any(new)
    return BoutSummary(video.name, len(rows), kinds, skipped, tuple(notes))


def _replaced(study: Study, video: Video, rows: pd.DataFrame, source: str, force: bool) -> bool:
    """Save bouts of one source in place of those of the same owners; False: they are there."""
    before = same_owner(read_bouts(study, video.video_id), rows, source)
    if len(before) and equal_bouts(before, rows):
        return False
    if len(before) and not force:
        who = before.iloc[0]
        raise AppError(
            f"{video.name} has {len(before)} other bouts of {who['behaviour']} by "
            f"{who['annotator'] or 'nobody in particular'} already: --force replaces them, "
            "--annotator WHO keeps both apart."
        )
    delete_bouts(study, before["bout_id"].tolist())
    save_bouts(study, video.video_id, rows, source=source, replace=False)
    return True


def _filled(study: Study, video: Video, rows: pd.DataFrame, wish: ScoredWish) -> pd.DataFrame:
    """The rows with animals of the study, and what the person says where the file does not."""
    names = list(animal_names(study, video.video_id).values())
    only = names[0] if len(names) == 1 else NO_SUBJECT
    for column, value in (
        ("behaviour", wish.scored.behaviour), ("subject", wish.scored.subject or only),
        ("annotator", wish.scored.annotator),
    ):  # fmt: skip
        keep = rows[column].notna()
        if column == "annotator" and "by_person" in rows and rows["by_person"].any():
            keep |= ~rows["by_person"].astype(bool)  # what an analysis found nobody scored
        rows[column] = rows[column].astype(object).where(keep, value)
    for column in ("subject", "target"):
        rows[column] = [wish.names.get(name, name) for name in rows[column]]
    unknown = sorted({*rows["subject"]} - {*names, NO_SUBJECT}) if names else []
    if unknown:
        raise AppError(
            f"There is no animal '{unknown[0]}' in {video.name}: it has {', '.join(names)}. Say "
            f"who it is with --as '{unknown[0]}=NAME'."
        )
    return rows


def _in_frames(
    study: Study, file: Path, video: Video, found: Bouts, rows: pd.DataFrame
) -> tuple[pd.DataFrame, list[str]]:
    """The rows with first frame and frame after the last; a state has one frame at least."""
    edges_s = frame_edges(study, video.video_id)
    end = float(edges_s[-1]) if found.unit == SECONDS else float(video.n_frames)
    spare = max(SPARE_S, 1 / float(video.fps)) if found.unit == SECONDS else 0.0
    start, stop = rows["start"].to_numpy(float), rows["stop"].to_numpy(float)
    if (wrong := np.flatnonzero((stop > end + spare) | (start < 0))).size:
        row, unit = int(wrong[0]), "second" if found.unit == SECONDS else "frame"
        raise AppError(
            f"{file}: a bout of {rows['behaviour'].iloc[row]} runs from {unit} {start[row]:g} to "
            f"{stop[row]:g}, and {video.name} from 0 to {end:g}: it is of another video, or its "
            "clock does not begin with it."
        )
    state = rows["kind"].eq("state").to_numpy()
    for name, values in zip(FRAMES, (start, stop), strict=True):
        rows[name] = nearest_edge(edges_s, values) if found.unit == SECONDS else values
    rows["start_frame"] = np.minimum(rows["start_frame"], video.n_frames - 1).astype(int)
    after = np.maximum(rows["stop_frame"], rows["start_frame"] + 1)
    rows["stop_frame"] = np.where(state, after, rows["start_frame"]).astype(int)
    return _joined(rows)


def _joined(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """States that say the same of the same animal at the same time, as one."""
    owner = ["behaviour", "subject", "target", "annotator", "modifiers", "comment", "kind"]
    owner += [name for name in ("by_person", "definition") if name in rows]
    kept: list[int] = []
    last: dict[str, int] = {}
    stops = rows["stop_frame"].tolist()
    starts = rows["start_frame"].tolist()
    for row in np.lexsort((stops, starts)).tolist() if len(rows) else []:
        key = repr([rows[name].iloc[row] for name in owner])
        before = last.get(key)
        over = before is not None and starts[row] < stops[before]
        if before is not None and over:
            stops[before] = max(stops[before], stops[row])
        else:
            kept.append(row)
            last[key] = row
    joined = rows.assign(stop_frame=stops).iloc[sorted(kept)].reset_index(drop=True)
    lost = len(rows) - len(joined)
    return joined, [f"{lost} bouts overlap others that say the same: joined"] if lost else []


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(names[:6]) + more
