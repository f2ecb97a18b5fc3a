"""What the Review page shows and sends: doubtful places, the log of edits, outlines by hand."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from app.annotating.clicking import background_file, engine_for
from app.annotating.doubt_list import doubt_list
from app.errors import AppError, one_line
from app.library import reading
from storage.edit_tracks import find_animal, tracks_version
from storage.edits import log, next_steps
from storage.identities import fragments_table, has_identities
from storage.labels import frame_labels
from storage.study import Study
from storage.tracks import measured as measured_by_run
from storage.tracks import read_tracks
from storage.videos import Video, find_video
from tracking.errors import TrackingError
from tracking.identities.doubt import Limits

SCOPE = "tracks"
MOST_CORNERS = 5000
MOST_FRAGMENTS = 20_000  # drawn in the timeline
LOG_COLUMNS = ("edit_id", "made_at", "author", "words", "stands", "kind", "data", "undoes", "error")


def review_state(folder: Path, video_id: int, limits: Limits) -> dict[str, Any]:
    """Everything the review tool asks for after an edit, as JSON types."""
    with reading(folder) as study:
        video_id = find_video(study, video_id).video_id
        version = tracks_version(study, video_id)
        table = doubt_list(study, video_id, limits) if version else pd.DataFrame()
        return {
            "run": version,
            **_steps(study, video_id),
            "doubts": json.loads(table.to_json(orient="records")),
            "fragments": _fragments(study, video_id),
        }


def _steps(study: Study, video_id: int) -> dict[str, str | None]:
    """What an undo and a redo would be of, in words with whose it was; None where of nothing."""
    steps, said = next_steps(study, video_id, SCOPE), {}
    for name in ("undo", "redo"):
        step = steps[name]
        whose = f" ({step['by']})" if step and step["by"] else ""
        said[name] = f"{step['words']}{whose}" if step else None
    return said


def _fragments(study: Study, video_id: int) -> list[list[Any]]:
    """Who each stretch without confusion is of, and how sure: animal, start, stop, probability."""
    if not has_identities(study, video_id):
        return []
    table = fragments_table(study, video_id)[["animal", "start_frame", "stop_frame", "probability"]]
    return table.round(4).to_numpy().tolist() if len(table) <= MOST_FRAGMENTS else []


def doubts_table(folder: Path, video: str | int, limits: Limits) -> pd.DataFrame:
    """The doubtful places of one video with its name first, animals as one text."""
    with reading(folder) as study:
        found = find_video(study, video)
        table = doubt_list(study, found.video_id, limits).drop(columns=["ways", "swap_at"])
    table["animals"] = [" + ".join(names) for names in table["animals"]]
    table.insert(0, "video", found.name)
    return table


def edit_log(
    folder: Path, video: str | int | None = None, checks: bool = False, scope: str = SCOPE
) -> pd.DataFrame:
    """Edits of a scope (tracks, bouts or setup), newest last: who, when, what, and if it stands."""
    with reading(folder) as study:
        wanted = None if video is None else find_video(study, video).video_id
        table = log(study, wanted)
    words = dict(zip(table["edit_id"], table["words"], strict=True))
    steps = table[table["undoes"].notna()]  # an undo says of what
    for number, kind, of in zip(steps["edit_id"], steps["kind"], steps["undoes"], strict=True):
        words[number] = f"{kind}: {words[int(of)].removeprefix('undo: ')}"
    table["words"] = table["edit_id"].map(words)
    scopes = [scope, "checked"] if checks else [scope]
    chosen = table[table["scope"].isin(scopes)]
    return chosen[["video", *LOG_COLUMNS]].reset_index(drop=True)


def corrections_table(folder: Path, video: str | int) -> pd.DataFrame:
    """The log of one video as the page shows it, newest first."""
    table = edit_log(folder, video)[::-1]
    state = np.where(table["error"].notna(), "refused", np.where(table["stands"], "", "taken back"))
    steps = table["kind"].isin(["undo", "redo"])
    shown = pd.DataFrame(
        {
            "When (UTC)": table["made_at"].dt.strftime("%Y-%m-%d %H:%M:%S"),
            "Who": table["author"],
            "What": table["words"],
            "State": np.where(steps & table["error"].isna(), "", state),
            "Why not": table["error"].fillna(""),
        }
    )
    return shown if table["error"].notna().any() else shown.drop(columns="Why not")


def corrections_title(folder: Path, video: str | int) -> str:
    """How many corrections stand, and how long their log is."""
    table = edit_log(folder, video)
    if table.empty:
        return "None yet. Everything is written down here, also what is taken back."
    number, steps = int(table["stands"].sum()), len(table)
    stand = "1 correction stands" if number == 1 else f"{number or 'No'} corrections stand"
    return f"{stand} · log of {steps} step{'' if steps == 1 else 's'}"


def corrections_csv(folder: Path, video: str | int) -> bytes:
    """The log of one video, every column, oldest first."""
    return edit_log(folder, video, checks=True).to_csv(index=False).encode()


def doubts_csv(folder: Path, video: str | int) -> bytes:
    """The doubtful places of one video by the usual limits."""
    return doubts_table(folder, video, Limits()).to_csv(index=False).encode()


def review_facts(folder: Path, facts: Mapping[str, Any], may_edit: bool) -> dict[str, Any]:
    """What the review tool of the player needs besides the facts of the video."""
    with reading(folder) as study:
        has = measured_by_run(study, facts["id"])
    urls = {name: f"/data/videos/{facts['id']}/{name}" for name in ("review", "click")}
    try:
        engine = engine_for(folder, background_file(folder, facts["run"]) is not None)
    except AppError as error:
        engine = one_line(error)
    return {
        **facts,
        "tools": ["review"],
        "mayEdit": may_edit,
        "outlines": "outlines" in has,
        "clicks": engine if facts["pictures"] else None,
        "urls": {**facts["urls"], **urls},
    }


def limits_from(query: Mapping[str, str]) -> Limits:
    """Limits as they come in an address; AppError when one is no number."""
    known = vars(Limits())
    try:
        return Limits(**{name: type(known[name])(query[name]) for name in known if name in query})
    except (ValueError, TrackingError) as error:
        raise AppError(f"A limit of doubt is a number ({error}).") from error


def prepared(study: Study, video_id: int, kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The data of an edit, with the numbers that only pixels tell where it is an outline.

    An outline is a `polygon` [[x, y], ...], or with `labelled` the one that was labelled there.
    """
    if kind != "tracks.mask":
        return dict(data)
    video = find_video(study, video_id)
    frame = data.get("frame")
    if not isinstance(frame, int) or isinstance(frame, bool) or not 0 <= frame < video.n_frames:
        raise AppError(f"frame is a whole number from 0 to {video.n_frames - 1}.")
    animal = find_animal(study, video_id, data.get("animal"))
    if data.get("labelled"):
        mask = _labelled(study, video, animal, frame)
    else:
        mask = fill_polygon(_corners(data.get("polygon")), video.width, video.height)
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not rows.size:
        raise AppError("The outline is smaller than a pixel: draw it around the whole animal.")
    x0, y0 = int(columns[0]), int(rows[0])
    part = np.ascontiguousarray(mask[y0 : rows[-1] + 1, x0 : columns[-1] + 1])
    near = _heading_near(study, video, animal, frame)
    return {"animal": data["animal"], "frame": frame, **measured(part, x0, y0, near)}


def _labelled(study: Study, video: Video, animal: int, frame: int) -> np.ndarray:
    """The mask of an animal that was saved on the page Label; of the only one, if nameless."""
    found = frame_labels(study, video.video_id, frame)
    labels = [] if found is None else list(found.labels)
    named = [one for one in labels if one.animal_id == animal]
    nameless = [one for one in labels if one.animal_id is None]
    chosen = named or (nameless if len(labels) == 1 else [])
    if len(chosen) != 1:
        raise AppError(
            f"Frame {frame} has no label of this animal ({len(labels)} labels): draw it on the "
            "page Label and say which animal it is."
        )
    return chosen[0].whole(video.width, video.height)


def measured(mask: np.ndarray, x0: int, y0: int, near_deg: float | None) -> dict[str, Any]:
    """The box, run lengths, shape and ends of a mask, as tracking computes them.

    The head is the end nearer to `near_deg`, the heading in a frame close by.
    """
    from tracking.detections import SHAPE, shape_of
    from tracking.masks import encode

    shape = dict(zip(SHAPE, shape_of(mask, x0, y0), strict=True))
    axis = -math.degrees(shape["axis_rad"])
    turned = near_deg is not None and math.cos(math.radians(axis - near_deg)) < 0
    heading = _half_open(axis + 180 if turned else axis)
    ahead = np.array([math.cos(math.radians(heading)), -math.sin(math.radians(heading))])
    ends = np.array([[shape["end1_x"], shape["end1_y"]], [shape["end2_x"], shape["end2_y"]]])
    nose = int((ends @ ahead).argmax())
    sure = float(np.clip(1 - shape["width"] / shape["length"], 0, 1))
    height, width = mask.shape
    return {
        "x0": x0, "y0": y0, "width": width, "height": height,
        "rle": base64.b64encode(encode(mask)).decode(),
        "x_px": shape["x"], "y_px": shape["y"], "heading_deg": heading,
        "length_px": shape["length"], "width_px": shape["width"], "area_px": shape["area"],
        "points": {
            "nose": [*ends[nose].tolist(), sure],
            "tail_base": [*ends[1 - nose].tolist(), sure],
        },
    }  # fmt: skip


def fill_polygon(corners: np.ndarray, width: int, height: int) -> np.ndarray:
    """(height, width) uint8: 1 where a pixel's centre is inside; (n, 2) corners in px.

    Whole numbers are centres of pixels; a line that crosses itself has holes (even-odd rule).
    """
    turns = np.zeros((height, width + 1), np.int64)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        low, high = min(y0, y1), max(y0, y1)
        rows = np.arange(max(math.ceil(low), 0), min(math.ceil(high), height))
        if rows.size:
            cross = x0 + (rows - y0) * (x1 - x0) / (y1 - y0)
            first = np.clip(np.ceil(cross), 0, width).astype(int)
            np.add.at(turns, (rows, first), 1)
    return (np.cumsum(turns[:, :width], axis=1) % 2).astype(np.uint8)


def _corners(given: object) -> np.ndarray:
    wrong = "An outline is a polygon of 3 corners or more, [[x, y], ...] in px."
    if not isinstance(given, list) or not 3 <= len(given) <= MOST_CORNERS:
        raise AppError(wrong)
    for corner in given:
        if not isinstance(corner, list) or len(corner) != 2:
            raise AppError(wrong)
        for value in corner:
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise AppError(wrong)
            if not abs(value) < 1e6:
                raise AppError(wrong)
    return np.array(given, float)


def _heading_near(study: Study, video: Video, animal: int, frame: int) -> float | None:
    """The animal's heading in this frame, or the nearest within a second."""
    reach = max(1, round(float(video.fps)))
    tracks = read_tracks(study, video.video_id, max(frame - reach, 0), frame + reach + 1)
    table = tracks.select(["frame", "animal_id", "heading_deg"]).to_pandas()
    known = table[(table["animal_id"] == animal) & table["heading_deg"].notna()]
    others = known[known["frame"] != frame]
    known = others if len(others) else known
    if known.empty:
        return None
    nearest = (known["frame"] - frame).abs().idxmin()
    return float(known.loc[nearest, "heading_deg"])


def _half_open(degrees: float) -> float:
    """The same direction from -180 (exclusive) to 180."""
    return 180.0 - (180.0 - degrees) % 360.0
