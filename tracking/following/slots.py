"""The animals of one chunk as the tracker left them, kept until it is known who they are."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from tracking.tracker import Tracked


def slots_file(folder: Path, start: int) -> Path:
    """Where the animals of the chunk that starts at frame ``start`` are kept."""
    return folder / f"slots-{start:09d}.npz"


def write_slots(path: Path, tracked: Tracked) -> None:
    """Write one tracked chunk, all or nothing; its exchanges are not kept."""
    masks = sorted(tracked.split_masks.items())
    kept = {f.name: getattr(tracked, f.name) for f in fields(tracked)}
    kept = {name: value for name, value in kept.items() if isinstance(value, (int, np.ndarray))}
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        np.savez(
            file, **kept,
            mask_of=np.array([key for key, _ in masks], np.int32).reshape(-1, 2),
            mask_size=np.array([len(mask) for _, mask in masks], np.int64),
            mask_bytes=np.frombuffer(b"".join(mask for _, mask in masks), np.uint8),
        )  # fmt: skip
    temporary.replace(path)


def read_slots(path: Path) -> Tracked:
    """Read back one tracked chunk."""
    with np.load(path) as kept:
        parts = {f.name: kept[f.name] for f in fields(Tracked) if f.name in kept}
        ends = np.cumsum(kept["mask_size"])[:-1]
        masks = [part.tobytes() for part in np.split(kept["mask_bytes"], ends)]
        owners = [(int(f), int(slot)) for f, slot in kept["mask_of"]]
    parts |= {"start": int(parts["start"]), "stop": int(parts["stop"])}
    return Tracked(**parts, split_masks=dict(zip(owners, masks, strict=False)))


def read_places(path: Path) -> np.ndarray:
    """(F, N, 2) pixels, NaN where not found: the places of one tracked chunk."""
    with np.load(path) as kept:
        return np.asarray(kept["shapes"][..., :2])


def renamed(tracked: Tracked, who: np.ndarray) -> Tracked:
    """The same chunk by animals instead of slots: who (F, N) is the animal in each slot."""
    slot_of = np.argsort(who, axis=1)
    moved: dict[str, Any] = {}
    for field in fields(tracked):
        value = getattr(tracked, field.name)
        if isinstance(value, np.ndarray) and value.shape[:2] == who.shape:
            at = slot_of.reshape(slot_of.shape + (1,) * (value.ndim - 2))
            moved[field.name] = np.take_along_axis(value, at, 1)
    masks = {(f, int(who[f, slot])): mask for (f, slot), mask in tracked.split_masks.items()}
    return replace(tracked, **moved, split_masks=masks)
