"""The outline of an animal by clicks: which engine answers, and what it proposes."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from app.errors import AppError
from app.library import reading, video_file
from app.server.pictures import decoded
from storage.runs import active_run
from storage.videos import find_video
from tracking import box_mask, click_mask, sam
from tracking.box_mask import Box
from tracking.click_mask import Point

FILE, TABLE = "ethoscribe.toml", "segment_anything"
WEIGHTS, MODEL = "ETHOSCRIBE_SAM_WEIGHTS", "ETHOSCRIBE_SAM_MODEL"
MOST_CLICKS = 50
MOST_CORNERS = 4000  # of an outline; what is finer is drawn within a pixel
BY_DIFFERENCE = "difference from the empty arena"
BY_GRAY = "gray level under the click"
BY_BOX = "what differs from the rim of the box"
KEPT = Path("cache", "segment_anything")  # in the study: what a model saw of each frame


@dataclass(frozen=True)
class Weights:
    """The file of weights that somebody has set up, and the model they are of."""

    file: Path
    model: str = "vit_b"


@dataclass(frozen=True)
class Proposal:
    """What the page shows until it is taken."""

    polygon: list[list[float]]
    engine: str


def weights_for(study: Path, environment: Mapping[str, str] = os.environ) -> Weights | None:
    """The weights that the environment or ethoscribe.toml names; None where none is named."""
    told = _table(study / FILE) or _table(Path(FILE))
    file = environment.get(WEIGHTS, "").strip() or told.get("weights", "")
    model = environment.get(MODEL, "").strip() or told.get("model", "vit_b")
    if not isinstance(file, str) or model not in sam.MODELS:
        raise AppError(
            f'[{TABLE}] in {FILE} needs weights = "a file" and model = one of '
            f"{', '.join(sam.MODELS)}."
        )
    return Weights(Path(file).expanduser(), model) if file else None


def engine_for(study: Path, has_background: bool) -> str:
    """Which engine answers a click, in words."""
    weights = weights_for(study) if sam.is_installed() else None
    if weights is not None:
        return f"segment-anything {weights.model}"
    return BY_DIFFERENCE if has_background else BY_GRAY


def background_file(study: Path, run_id: str | None) -> Path | None:
    """The empty arena that a run was tracked with, where it kept one."""
    file = study / "runs" / run_id / "background.png" if run_id else None
    return file if file is not None and file.is_file() else None


def propose(
    study: Path,
    video_id: int,
    frame: int,
    positive: list[Point],
    negative: list[Point],
    box: Box | None = None,
    about_px: float = 0.0,
) -> Proposal:
    """The outline of what is under the clicks, or in a box, in one frame.

    It is exact to the pixel, or has fewer corners that are at most `about_px` off.
    """
    with reading(study) as opened:
        video, run = find_video(opened, video_id), active_run(opened, video_id)
    if not video.has_pictures:
        raise AppError("There is no film of this recording, so there is nothing to click on.")
    if not 0 <= frame < video.n_frames:
        raise AppError(f"frame is a whole number from 0 to {video.n_frames - 1}.")
    empty = background_file(study, run.run_id if run else None)
    rgb = _frame(video_file(study, video_id), frame)
    engine = engine_for(study, empty is not None)
    weights = weights_for(study) if engine.startswith("segment-anything") else None
    if weights is not None:
        model = sam.loaded(weights.file.resolve(), weights.model)
        key = (video.content_hash, frame)
        mask = model.propose(rgb, positive, negative, key, box=box, kept=study / KEPT)
    elif box is not None:
        mask, engine = box_mask.propose_in_box(rgb, box), BY_BOX
    else:
        background = _background(empty) if empty is not None else None
        mask = click_mask.propose(rgb, background, positive, negative)
    return Proposal(_corners(mask, about_px), engine)


def clicks_of(text: str) -> list[Point]:
    """Clicks as they come in an address: `12.5,30;40,41`."""
    try:
        pairs = [tuple(float(each) for each in one.split(",")) for one in text.split(";") if one]
    except ValueError as error:
        raise AppError("Give clicks as x,y;x,y in px.") from error
    if len(pairs) > MOST_CLICKS:
        raise AppError(f"At most {MOST_CLICKS} clicks make an outline: draw it instead.")
    if any(len(pair) != 2 or not all(abs(each) < 1e6 for each in pair) for pair in pairs):
        raise AppError("Give clicks as x,y;x,y in px.")
    return [(pair[0], pair[1]) for pair in pairs]


def box_of(text: str) -> Box | None:
    """A box as it comes in an address, `x0,y0,x1,y1`; None for none."""
    if not text:
        return None
    wrong = "Give a box as x0,y0,x1,y1 in px."
    try:
        sides = [float(each) for each in text.split(",")]
    except ValueError as error:
        raise AppError(wrong) from error
    if len(sides) != 4 or not all(abs(each) < 1e6 for each in sides):
        raise AppError(wrong)
    return sides[0], sides[1], sides[2], sides[3]


def _corners(mask: np.ndarray, about_px: float = 0.0) -> list[list[float]]:
    import cv2

    corners = click_mask.outline_of(mask)
    off = about_px or 0.5
    while len(corners) > MOST_CORNERS or (about_px and off == about_px):
        around = corners.astype(np.float32)[:, None]
        corners = cv2.approxPolyDP(around, off, True)[:, 0].astype(float)
        off *= 2
    return corners.tolist()


@lru_cache(maxsize=2)  # the next click is on the same frame
def _decoded(path: Path, frame: int, modified_ns: int) -> np.ndarray:
    return decoded(path, frame)


def _frame(path: Path, frame: int) -> np.ndarray:
    return _decoded(path, frame, path.stat().st_mtime_ns)


def _background(file: Path) -> np.ndarray | None:
    import cv2

    return cv2.imdecode(np.frombuffer(file.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)


def _table(file: Path) -> dict[str, Any]:
    try:
        told = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise AppError(f"{file} cannot be read: {error}") from error
    table = told.get(TABLE, {})
    if not isinstance(table, dict):
        raise AppError(f"{file}: {TABLE} must be a table, so write [{TABLE}] on a line.")
    return table
