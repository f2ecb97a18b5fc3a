"""JABS pose files, HDF5 of version 2 and later: points are kept there as y, x."""

from __future__ import annotations

import heapq
from pathlib import Path

import h5py
import numpy as np

from storage.readers.files import Head, read_values, text_of
from storage.readers.poses import Poses, check_frames

NAME, TITLE, GIVES = "jabs", "JABS", "tracks"
KINDS = ("hdf5",)  # of files
FILES = "..._pose_est_v2.h5 and later"
POINTS = (
    "nose", "left_ear", "right_ear", "base_neck", "left_front_paw", "right_front_paw",
    "center_spine", "left_rear_paw", "right_rear_paw", "base_tail", "mid_tail", "tip_tail",
)  # fmt: skip


def looks_like(head: Head) -> bool:
    """Whether a file is a pose file of JABS."""
    if head.kind != "hdf5":
        return False
    with h5py.File(head.path) as file:
        group = file.get("poseest")
        return isinstance(group, h5py.Group) and {"points", "confidence"} <= set(group)


def read(path: Path) -> Poses:
    """Read a pose file; a row is a frame."""
    with h5py.File(path) as file:
        group = file["poseest"]
        xy = read_values(group, "points")[..., ::-1].astype(float)
        sure = read_values(group, "confidence").astype(float)
        cm_per_px = float(np.asarray(group.attrs.get("cm_per_pixel", np.nan)).reshape(-1)[0])
        more = {
            name: read_values(group, name)
            for name in ("instance_embed_id", "id_mask", "instance_track_id", "instance_count",
                         "external_identity_mapping") if name in group
        }  # fmt: skip
        outlined = ["outlines (seg_data) left out"] if "seg_data" in group else []
    if xy.ndim == 3:
        xy, sure = xy[:, None], np.reshape(sure, (len(sure), 1, -1))
    if xy.shape[2:] != (len(POINTS), 2) or sure.shape != xy.shape[:3]:
        raise ValueError(f"its points have the shape {xy.shape}, confidences {sure.shape}")
    check_frames(path, np.arange(len(xy)))
    names, places, confidence, notes = _identities(xy, sure, more)
    places[~(confidence > 0)] = np.nan
    return Poses(
        source=NAME,
        animals=tuple(names),
        points=POINTS,
        xy=places,
        confidence=confidence,
        px_per_cm=1 / cm_per_px if cm_per_px > 0 else None,
        notes=(*notes, *outlined, "confidences as JABS has them, which go beyond 1"),
    )


def _identities(
    xy: np.ndarray, sure: np.ndarray, more: dict[str, np.ndarray]
) -> tuple[list[str], np.ndarray, np.ndarray, list[str]]:
    """Names, places and confidences with one animal in each column."""
    if ("instance_embed_id" in more) != ("id_mask" in more):
        raise ValueError("it has only one of instance_embed_id and id_mask")
    if "instance_embed_id" in more:
        valid = (more["id_mask"] == 0) & (more["instance_embed_id"] > 0)
        slots = np.where(valid, more["instance_embed_id"].astype(np.int64) - 1, -1)
        given = more.get("external_identity_mapping")
        names = [text_of(name) for name in given] if given is not None else []
        notes = []
    elif "instance_track_id" in more and "instance_count" in more:
        slots = _slots(more["instance_track_id"], more["instance_count"])
        names = []
        notes = [
            "this version of the file has pieces of tracks and no identities: put one after "
            "another as JABS does, so animals may be exchanged between pieces"
        ]
    elif xy.shape[1] == 1:
        return ["animal1"], xy.copy(), sure, []
    else:
        raise ValueError("it says of no instance which animal it is")
    if slots.shape != xy.shape[:2]:
        raise ValueError(f"it has identities for {slots.shape} instances, points for {xy.shape}")
    count = int(slots.max(initial=-1)) + 1
    if not 0 < count <= 1000:
        raise ValueError(f"it has {count} animals")
    at = np.argwhere(slots >= 0)
    who = slots[slots >= 0]
    cell = at[:, 0] * count + who
    if len(np.unique(cell)) < len(cell):
        raise ValueError("an animal is in a frame twice")
    places = np.full((len(xy), count, *xy.shape[2:]), np.nan)
    confidence = np.full(places.shape[:3], np.nan)
    places[at[:, 0], who] = xy[at[:, 0], at[:, 1]]
    confidence[at[:, 0], who] = sure[at[:, 0], at[:, 1]]
    named = names if len(names) == count == len(set(names)) else None
    return named or [f"animal{i + 1}" for i in range(count)], places, confidence, notes


def _slots(tracks: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The column of every instance (-1 for none): a piece keeps the lowest that was free."""
    slots = np.full(tracks.shape, -1, dtype=np.int64)
    if counts.max(initial=0) > tracks.shape[1]:
        raise ValueError("a frame has more instances than places for them")
    held: dict[int, int] = {}
    free = list(range(tracks.shape[1]))
    for frame, count in enumerate(counts.tolist()):
        now = tracks[frame, :count].tolist()
        if len(set(now)) < len(now):
            raise ValueError(f"a track is twice in frame {frame}")
        for gone in [track for track in held if track not in now]:
            heapq.heappush(free, held.pop(gone))
        for place, track in enumerate(now):
            if track not in held:
                held[track] = heapq.heappop(free)
            slots[frame, place] = held[track]
    return slots
