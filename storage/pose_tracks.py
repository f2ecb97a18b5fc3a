"""From body points to tracks: the centre, heading and length of each animal, in shards of a run.

Which point is the nose or the tail base is told by its name. The rules are few and said in the
run's settings, because every measure of "the animal" rests on them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from storage.readers.poses import WHOLE, Poses

CENTRE_RULE = (
    "the centre or mid-back point where it is seen, else the mean of the seen points of head and "
    "trunk, else the mean of all seen points"
)
OUTLINE_RULE = "the long axis of the ellipse that has the outline's second moments"
LENGTH_RULE = "from the nose (the head when no nose is labelled) to the tail base"
HEADING_RULE = "from the tail base (else mid-back) to the nose (else ears, else head)"
# Names without case and separators; the first that an animal has is taken.
_CENTRE = ("center", "centre", "bodycenter", "bodycentre", "centroid", "midback", "centerback",
           "centreback", "backcenter", "backcentre", "spinecenter", "centerspine", "spinemid",
           "midbody", "thorax", "body", "torso", "back", "spine2", "spine")  # fmt: skip
_NOSE = ("nose", "snout", "nosetip", "tipofnose", "muzzle")
_EARS = (("leftear", "earleft", "lear", "earl"), ("rightear", "earright", "earr"))
_HEAD = ("head", "headcenter", "headcentre", "midhead", "headmidpoint", "neck")
_TAIL_BASE = ("tailbase", "basetail", "baseoftail", "tailstart", "tailroot", "tailset", "abdomen")
_LIMB_OR_TAIL = re.compile(
    r"tail(?!base|set|root|start)|paw|foot|feet|leg|wing|hand|hoof|limb|knee"
)
_PLACE = re.compile(
    r"(left|right|l|r|near|off|front|hind|fore|rear|upper|lower|mid|top|bottom|inner|outer|tail|"
    r"spine|nose|head|ear|hip|paw|foot|leg|back|center|centre|base|tip)+"
)
BOX = ("x0", "y0", "width", "height")  # columns of masks
_WIDE = 1 << 15  # frames per row group


@dataclass(frozen=True, eq=False)
class Bodies:
    """One animal's centre (n, 2), heading_deg (n,) and length_px (n,); NaN where not known."""

    centre: np.ndarray
    heading_deg: np.ndarray
    length_px: np.ndarray
    stand_in: int  # frames in which the centre is a mean although a centre point is labelled


def find_bodies(poses: Poses, animal: int) -> Bodies:
    """The centre, heading and length of one animal, by its number from 0."""
    places = {_plain(name): poses.xy[:, animal, i] for i, name in enumerate(poses.points)}
    trunk = [i for i, name in enumerate(poses.points) if not _LIMB_OR_TAIL.search(_plain(name))]
    missing = np.full((poses.n_frames, 2), np.nan)
    middle = _first_seen(places, _CENTRE, missing)
    whole = _mean(poses.xy[:, animal])
    body = _either(_mean(poses.xy[:, animal, trunk]) if trunk else missing, whole)
    centre = _either(middle, body)
    ears = (_first_seen(places, _EARS[0], missing) + _first_seen(places, _EARS[1], missing)) / 2
    nose = _first_seen(places, _NOSE, missing)
    head = _first_seen(places, _HEAD, missing)
    front = _either(_either(nose, ears), head)
    tip = nose if np.isfinite(nose).any() else head
    tail = _first_seen(places, _TAIL_BASE, missing)
    ahead = front - _either(tail, middle)
    ahead[(ahead == 0).all(axis=1)] = np.nan  # one point for both ends points nowhere
    replaced = np.isfinite(centre[:, 0]) & ~np.isfinite(middle[:, 0])
    return Bodies(
        centre=centre,
        heading_deg=np.degrees(np.arctan2(-ahead[:, 1], ahead[:, 0])),
        length_px=np.hypot(*(tip - tail).T),
        stand_in=int(replaced.sum()) if np.isfinite(middle).any() else 0,
    )


def write_shards(poses: Poses, time_s: np.ndarray, folder: Path) -> tuple[Path, Path]:
    """Write the tracks and body points of all animals as Parquet files, as a run is stored from.

    `time_s` (n,) may have more frames than the poses: the animals are not seen in those.
    """
    tracks, points = folder / "tracks.parquet", folder / "keypoints.parquet"
    _write(tracks, [_track_rows(poses, number, time_s) for number in range(len(poses.animals))])
    _write(points, _point_rows(poses))
    return tracks, points


def rules_of(poses: Poses) -> dict[str, str]:
    """How centre, heading and length of the tracks came to be, in words."""
    length = (
        f"{OUTLINE_RULE}; without any outline, {LENGTH_RULE}" if poses.outlines else LENGTH_RULE
    )
    return {"centre": CENTRE_RULE, "heading": HEADING_RULE, "length": length}


def write_masks(poses: Poses, folder: Path) -> list[Path]:
    """Write the outlines as a Parquet file, as a run is stored from; no file without any."""
    found = poses.outlines
    if found is None or not len(found.frame):
        return []
    order = np.lexsort((found.animal, found.frame))
    box = found.box[order].astype(np.int16)
    table = pa.table(
        {
            "frame": pa.array(found.frame[order], pa.int32()),
            "animal_id": pa.array(found.animal[order] + 1, pa.int16()),
            **{name: pa.array(box[:, k]) for k, name in enumerate(BOX)},
            "rle": pa.array([found.rle[row] for row in order.tolist()], pa.binary()),
        }
    )
    _write(folder / "masks.parquet", [table])
    return [folder / "masks.parquet"]


def split_by_name(poses: Poses) -> Poses:
    """Give each animal its own points when one table names several: B_Nose, W_Nose or Nose_1.

    That is how projects for one animal label two; it is only taken for that when every name
    begins (or ends) with one of a few marks, other than left and right, and all marks come with
    the same points.
    """
    if len(poses.animals) != 1 or poses.whole or poses.outlines:
        return poses  # what is said of the one whole animal is said of no part of its points
    for pattern in (r"(?P<who>[^_]+)_(?P<part>.+)", r"(?P<part>.+)_(?P<who>[^_]+)"):
        found = [re.fullmatch(pattern, name) for name in poses.points]
        named = [(one["who"], one["part"]) for one in found if one]
        marks = list(dict.fromkeys(who for who, _ in named))
        parts = list(dict.fromkeys(part for _, part in named))
        complete = len(named) == len(poses.points) == len(marks) * len(parts)
        if complete and len(marks) > 1 and len(parts) > 2 and not any(map(_is_side, marks)):
            order = [[named.index((who, part)) for part in parts] for who in marks]
            who = tuple(f"animal{mark}" if mark.isdigit() else mark for mark in marks)
            told = f"animals told apart by the names of their points: {', '.join(marks)}"
            return replace(
                poses, animals=who, points=tuple(parts), xy=poses.xy[:, 0, order],
                confidence=poses.confidence[:, 0, order],
            ).noting(told)  # fmt: skip
    return poses


def _is_side(mark: str) -> bool:
    """Whether a mark says where on the body a point is, not whose it is."""
    return _PLACE.fullmatch(_plain(mark)) is not None


def _track_rows(poses: Poses, number: int, time_s: np.ndarray) -> pa.Table:
    n, seen = len(time_s), poses.n_frames
    body = find_bodies(poses, number)
    columns: dict[str, np.ndarray] = {
        "x_px": body.centre[:, 0], "y_px": body.centre[:, 1],
        "heading_deg": body.heading_deg, "length_px": body.length_px,
    }  # fmt: skip
    full = {name: np.full(n, np.nan) for name in dict.fromkeys((*columns, *WHOLE))}
    for name, values in (*columns.items(), *_said(poses, number).items()):
        full[name][:seen] = values
    numbers = {
        name: pa.array(values, pa.float32())
        for name, values in full.items()
        if name != "identity_confidence"
    }
    return pa.table(
        {
            "frame": pa.array(np.arange(n), pa.int32()),
            "time_s": pa.array(time_s, pa.float64()),
            "animal_id": pa.array(np.full(n, number + 1), pa.int16()),
            **numbers,
            "detected": np.isfinite(full["x_px"]),
            "identity_confidence": pa.array(full["identity_confidence"], pa.float32()),
        }
    )


def _said(poses: Poses, number: int) -> dict[str, np.ndarray]:
    """What a tracker says of the whole animal, where it says anything, before our own rules."""
    found = {name: poses.whole[name][:, number] for name in WHOLE if name in poses.whole}
    return {name: values for name, values in found.items() if np.isfinite(values).any()}


def _point_rows(poses: Poses) -> Iterator[pa.Table]:
    for animal in range(len(poses.animals)):
        for number, name in enumerate(poses.points):
            xy, sure = poses.xy[:, animal, number], poses.confidence[:, animal, number]
            frame = np.flatnonzero(np.isfinite(xy).all(axis=1))
            if poses.is_trajectory and not np.isfinite(sure).any():
                frame = frame[:0]  # the track itself says all of it
            yield pa.table(
                {
                    "frame": pa.array(frame, pa.int32()),
                    "animal_id": pa.array(np.full(len(frame), animal + 1), pa.int16()),
                    "point": pa.array([name] * len(frame), pa.string()),
                    "x_px": pa.array(xy[frame, 0], pa.float32()),
                    "y_px": pa.array(xy[frame, 1], pa.float32()),
                    "confidence": pa.array(sure[frame], pa.float32()),
                }
            )


def _write(path: Path, tables: Sequence[pa.Table] | Iterator[pa.Table]) -> None:
    writer: pq.ParquetWriter | None = None
    try:
        for table in tables:
            writer = writer or pq.ParquetWriter(path, table.schema)
            writer.write_table(table, row_group_size=_WIDE)
    finally:
        if writer is not None:
            writer.close()


def _plain(name: str) -> str:
    """A point's name without case, separators and the animal's kind."""
    plain = re.sub(r"[^a-z0-9]", "", name.rpartition(".")[2].lower())
    return re.sub(r"^(mouse|rat|fly|fish|animal)(?=[a-z])", "", plain)


def _first_seen(
    places: dict[str, np.ndarray], names: Sequence[str], missing: np.ndarray
) -> np.ndarray:
    return next((places[name] for name in names if name in places), missing)


def _either(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(n, 2) the first where it is seen, else the second."""
    return np.where(np.isfinite(first).all(axis=1, keepdims=True), first, second)


def _mean(places: np.ndarray) -> np.ndarray:
    """(n, 2) the mean over the seen points of (n, k, 2)."""
    seen = np.isfinite(places).all(axis=2)
    count = seen.sum(axis=1)[:, None]
    total = np.where(seen[..., None], places, 0.0).sum(axis=1)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
