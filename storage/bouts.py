"""Bouts: when which animal did what, scored by a person or found by an analysis."""

import json
from collections.abc import Collection

import numpy as np
import pandas as pd
import pyarrow as pa

from storage.provenance import IMPORT, new_origin
from storage.study import Study, StudyError
from storage.videos import Video, find_video, frame_times

# The columns of every bouts table; stable, a change is a breaking change.
COLUMNS = (
    "video", "behaviour", "subject", "target", "kind", "start_frame", "stop_frame", "start_s",
    "stop_s", "duration_s", "source", "annotator", "definition",
)  # fmt: skip
REMARKS = ("modifiers", "comment")  # what a person may say of a bout besides
ANALYSIS = "analysis"  # the source of bouts that were computed from tracks
PERSON = "person"  # the source of bouts that a person scored
SELECT_BOUTS = (
    "SELECT v.name AS video, behaviour, subject, target, kind, start_frame, stop_frame, start_s, "
    "stop_s, stop_s - start_s AS duration_s, source, annotator, definition{more} "
    "FROM bouts b JOIN videos v USING (video_id) "
    "WHERE ($video::INTEGER IS NULL OR b.video_id = $video) "
    "AND ($behaviour::VARCHAR IS NULL OR behaviour = $behaviour) "
    "ORDER BY b.video_id, start_frame, stop_frame, behaviour, subject, target, source, bout_id"
)
# Whoever is noted in the row `w` of watched scored the video for all that they score: what a
# person brought in as a file. Who scores in the program says of each behaviour when it is done.
SCORED_ALL = (
    f"(w.source != '{ANALYSIS}' AND NOT EXISTS (SELECT 1 FROM edits e "
    "WHERE e.video_id = w.video_id AND e.kind = 'bouts.watched' AND e.error IS NULL "
    "AND e.author = coalesce(w.annotator, '') AND trim(e.data->>'behaviour') = w.behaviour))"
)


def save_bouts(
    study: Study,
    video_id: int,
    bouts: pd.DataFrame,
    *,
    behaviour: str | None = None,
    source: str = ANALYSIS,
    annotator: str | None = None,
    definition: str | None = None,
    analysis_id: int | None = None,
    replace: bool = True,
    subjects: Collection[str] | None = None,
) -> int:
    """Save bouts of one video and return how many.

    `bouts` needs subject, start_frame, stop_frame; behaviour, target, kind, source, annotator and
    definition are taken from it where it has them, else from the arguments. Seconds come from the
    video's own frame times. With `replace`, earlier bouts of the same behaviour, source and
    annotator go first, so a repeated analysis never doubles its bouts nor touches a person's.
    That this behaviour was looked for is kept, also when none was found (see `looked_for`), and
    in which animals: `subjects` and those with bouts; without `subjects`, in all of the video.
    """
    rows = _completed(
        bouts, behaviour=behaviour, source=source, annotator=annotator, definition=definition
    )
    video = find_video(study, video_id)
    _check(rows, video.name, video.n_frames)
    edges_s = frame_edges(study, video_id)
    rows["start_s"] = edges_s[rows["start_frame"].to_numpy(int)]
    rows["stop_s"] = edges_s[rows["stop_frame"].to_numpy(int)]
    owners = set(rows[["behaviour", "source", "annotator"]].itertuples(index=False, name=None))
    if behaviour is not None:
        owners.add((behaviour, source, annotator))
    for owner in owners:
        _note_watched(study, video_id, owner, _watched_subjects(rows, owner, subjects))
    if replace:
        for owner in owners:
            study.rows(
                "DELETE FROM bouts WHERE video_id = ? AND behaviour = ? AND source = ? "
                "AND annotator IS NOT DISTINCT FROM ?",
                [video_id, *owner],
            )
    if len(rows):
        kind = ANALYSIS if set(rows["source"]) == {ANALYSIS} else IMPORT
        asked = {"behaviours": sorted(set(rows["behaviour"])), "analysis_id": analysis_id}
        origin_id = new_origin(study, video_id, kind, asked)
        _insert(study, video_id, rows, analysis_id, origin_id)
    return len(rows)


def read_bouts(
    study: Study,
    video_id: int | None = None,
    behaviour: str | None = None,
    remarks: bool = False,
) -> pd.DataFrame:
    """Bouts in time order with the columns of every bouts table, and `bout_id` last.

    `remarks` adds what a person said of them: modifiers (JSON or None) and comment.
    """
    more = "".join(f", {name}" for name in (*(REMARKS if remarks else ()), "bout_id"))
    sql = SELECT_BOUTS.format(more=more)
    return study.arrow(sql, {"video": video_id, "behaviour": behaviour}).to_pandas()


def bouts_state(study: Study, video_id: int) -> str:
    """A short text that changes when anything of a video's bouts does, and never comes back.

    It begins with the number of the last edit: an undo makes the bouts what they were, but it is
    an edit of its own.
    """
    shown = "bout_id, behaviour, subject, target, kind, start_frame, stop_frame, source"
    number, state, edit = study.rows(
        f"SELECT count(*), bit_xor(hash({shown}, annotator, modifiers::VARCHAR, comment)), "
        "(SELECT max(edit_id) FROM edits WHERE video_id = $video AND scope = 'bouts') "
        "FROM bouts WHERE video_id = $video",
        {"video": video_id},
    )[0]
    return f"{edit or 0}-{state or 0:x}-{number}"


def watched_videos(
    study: Study, behaviour: str | None, source: str, annotator: str | None
) -> set[str]:
    """Names of the videos in which this watcher looked for the behaviour (None: for any).

    An animal of such a video without bouts did it 0 times; of the others nobody knows.
    """
    return {
        name
        for (name,) in study.rows(
            "SELECT DISTINCT v.name FROM watched w JOIN videos v USING (video_id) "
            "WHERE ($behaviour::VARCHAR IS NULL OR behaviour = $behaviour) AND source = $source "
            "AND annotator IS NOT DISTINCT FROM $annotator",
            {"behaviour": behaviour, "source": source, "annotator": annotator},
        )
    }


def looked_for(
    study: Study, behaviour: str, annotator: str | None, source: str | None = None
) -> dict[str, frozenset[str] | None]:
    """The videos whose whole length was watched for the behaviour, by one watcher.

    By name, the animals that were watched: None for all of the video, which an answer about some
    of them has not. What a person brought in as a file was scored for all that this person scores;
    who scores in the program says for which behaviours the video was watched to its end. A bout
    alone says nothing of the kind.
    """
    rows = study.rows(
        "SELECT v.name, CASE WHEN w.behaviour = $behaviour THEN w.subjects END "
        "FROM watched w JOIN videos v USING (video_id) "
        "WHERE ($source::VARCHAR IS NULL OR source = $source) "
        "AND annotator IS NOT DISTINCT FROM $annotator "
        f"AND (w.behaviour = $behaviour OR {SCORED_ALL}) ORDER BY v.video_id",
        {"behaviour": behaviour, "annotator": annotator, "source": source},
    )
    found: dict[str, frozenset[str] | None] = {}
    for name, subjects in rows:
        before = found.get(name, frozenset())
        everybody = subjects is None or before is None
        found[name] = None if everybody else frozenset([*(before or ()), *subjects])
    return found


def watched_for(study: Study, video_id: int, annotator: str | None) -> list[str]:
    """The behaviours for which a person has noted to have watched a video to the end."""
    rows = study.rows(
        "SELECT DISTINCT behaviour FROM watched WHERE video_id = ? AND source = ? "
        "AND annotator IS NOT DISTINCT FROM ? ORDER BY behaviour",
        [video_id, PERSON, annotator],
    )
    return [name for (name,) in rows]


def everybody(study: Study) -> list[tuple[str | None, str]]:
    """Whose bouts there are: (annotator, "") for people, (None, source) for what no person scored.

    People come first, each group in alphabetical order.
    """
    rows = study.rows(
        "SELECT DISTINCT annotator, if(annotator IS NULL, source, '') FROM "
        "(SELECT annotator, source FROM bouts UNION SELECT annotator, source FROM watched) "
        "ORDER BY annotator IS NULL, 1, 2"
    )
    return [(annotator, source) for annotator, source in rows]


def behaviours_looked_for(study: Study) -> list[str]:
    """The behaviours that somebody or an analysis looked for, found or not."""
    sql = "SELECT DISTINCT behaviour FROM watched ORDER BY behaviour"
    return [name for (name,) in study.rows(sql)]


def watchers(study: Study, behaviour: str) -> list[tuple[str, str | None]]:
    """Who looked for the behaviour in any video: (source, annotator) in alphabetical order."""
    return study.rows(
        "SELECT DISTINCT source, annotator FROM watched WHERE behaviour = ? "
        "ORDER BY source, annotator",
        [behaviour],
    )


def _note_watched(
    study: Study,
    video_id: int,
    of: tuple[str, str, str | None],
    subjects: list[str] | None,
) -> None:
    owner = [video_id, *of]
    study.rows(
        "DELETE FROM watched WHERE video_id = ? AND behaviour = ? AND source = ? "
        "AND annotator IS NOT DISTINCT FROM ?",
        owner,
    )
    study.rows(
        "INSERT INTO watched (video_id, behaviour, source, annotator, watched_at, subjects) "
        "VALUES (?, ?, ?, ?, make_timestamp(epoch_us(now())), ?)",
        [*owner, subjects],
    )


def _watched_subjects(
    rows: pd.DataFrame, of: tuple[str, str, str | None], subjects: Collection[str] | None
) -> list[str] | None:
    """In which animals it was looked for; None for all: whoever has a bout is one of them."""
    if subjects is None:
        return None
    behaviour, source, annotator = of
    own = rows["annotator"].isna() if annotator is None else rows["annotator"] == annotator
    own &= (rows["behaviour"] == behaviour) & (rows["source"] == source)
    return sorted({*map(str, subjects), *map(str, rows.loc[own, "subject"])})


def analysed_bouts(study: Study, video_id: int) -> dict[str, int]:
    """How many bouts of each behaviour an analysis has found in one video's tracks."""
    return dict(
        study.rows(
            "SELECT behaviour, count(*) FROM bouts WHERE video_id = ? AND source = ? "
            "GROUP BY behaviour ORDER BY behaviour",
            [video_id, ANALYSIS],
        )
    )


def delete_bouts(study: Study, bout_ids: list[int]) -> int:
    """Delete bouts by their numbers and return how many there were."""
    return len(
        study.rows("DELETE FROM bouts WHERE list_contains(?, bout_id) RETURNING 1", [bout_ids])
    )


def frame_edges(study: Study, video_id: int) -> np.ndarray:
    """Start of every frame and the end of the last, (n_frames + 1,) s."""
    times = frame_times(study, video_id)
    return np.append(times, _end_s(find_video(study, video_id), float(times[-1])))


def edges_of(study: Study, video: Video, frames: Collection[int]) -> dict[int, float]:
    """The same for a few frames, without reading the times of all: frame to s."""
    last = video.n_frames - 1
    times: dict[int, float] = dict(
        study.rows(
            "SELECT frame, time_s FROM frame_times WHERE video_id = ? AND list_contains(?, frame)",
            [video.video_id, [*frames, last]],
        )
    )
    times[last + 1] = _end_s(video, times[last])
    return {frame: times[frame] for frame in frames}


def _end_s(video: Video, last_s: float) -> float:
    """When the last frame ends; a length that is too short for it gives way to the rate."""
    return video.duration_s if video.duration_s > last_s else last_s + 1 / float(video.fps)


def _completed(bouts: pd.DataFrame, **given: str | None) -> pd.DataFrame:
    missing = [name for name in ("subject", "start_frame", "stop_frame") if name not in bouts]
    if missing:
        raise StudyError(f"Bouts need a column {', '.join(missing)}: add it and save again.")
    rows = pd.DataFrame(index=range(len(bouts)))
    defaults: dict[str, str | None] = {"kind": "state", "target": None, **given}
    for column in ("subject", "start_frame", "stop_frame", *defaults):
        values = bouts[column].tolist() if column in bouts else [None] * len(bouts)
        default = defaults.get(column)
        rows[column] = pd.Series(
            [default if pd.isna(value) or value == "" else value for value in values],
            index=rows.index,
            dtype=object,
        )
    for column in REMARKS:
        values = bouts[column].tolist() if column in bouts else [None] * len(bouts)
        rows[column] = pd.Series([_remark(value) for value in values], rows.index, dtype=object)
    return rows


def _remark(value: object) -> str | None:
    """A remark as it is stored: a text, or modifiers as JSON."""
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False) if value else None
    return value.strip() or None if isinstance(value, str) else None


def _check(rows: pd.DataFrame, video: str, n_frames: int) -> None:
    for column in ("behaviour", "subject", "source"):
        if rows[column].isna().any():
            raise StudyError(f"A bout of video '{video}' has no {column}: give it one.")
    strange = sorted(set(rows["kind"]) - {"state", "point"})
    if strange:
        raise StudyError(f"A bout is a state or a point, not {strange[0]}: correct its kind.")
    columns = [rows[name].tolist() for name in ("behaviour", "kind", "start_frame", "stop_frame")]
    for behaviour, kind, start, stop in zip(*columns, strict=True):
        whole = all(value is not None and float(value).is_integer() for value in (start, stop))
        if not whole or not 0 <= start <= stop - (kind == "state") <= stop <= n_frames:
            raise StudyError(
                f"A bout of {behaviour} runs from frame {start} to {stop}, but video '{video}' "
                f"has {n_frames} frames and a state lasts one at least: correct it."
            )


def _insert(
    study: Study, video_id: int, rows: pd.DataFrame, analysis_id: int | None, origin_id: int
) -> None:
    text = ("behaviour", "subject", "target", "kind", "source", "annotator", "definition",
            *REMARKS)  # fmt: skip
    columns = {name: pa.array(rows[name].tolist(), pa.string()) for name in text}
    for name in ("start_frame", "stop_frame"):
        columns[name] = pa.array(rows[name].astype("int32"), pa.int32())
    for name in ("start_s", "stop_s"):
        columns[name] = pa.array(rows[name].to_numpy(float), pa.float64())
    study.connection.register("new_bouts", pa.table(columns))
    names = ", ".join(columns)
    study.rows(
        f"INSERT INTO bouts (video_id, analysis_id, origin_id, {names}) "
        f"SELECT ?, ?, ?, {names} FROM new_bouts",
        [video_id, analysis_id, origin_id],
    )
    study.connection.unregister("new_bouts")
