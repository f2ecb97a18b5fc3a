"""Weights that training goes on from: what they learned from, and what they decide.

A frame that they or their ancestors learned from says nothing of how good a network is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.errors import AppError
from app.library import reading
from storage.networks import Network, hash_of, networks
from tracking.networks.samples import Source
from tracking.networks.teaching.plans import TrainingSettings

SHAPE = ("family", "size")  # of a network: weights have theirs, whatever is asked for


def known_file(study: Path, file: Path) -> Network | None:
    """The network of the study, deleted or not, whose weights a file holds."""
    digest = hash_of(file)
    with reading(study) as opened:
        found = networks(opened, withdrawn=True)
    return next((one for one in found if one.kind == "pt" and one.sha256 == digest), None)


def learned_before(study: Path, network: Network) -> list[Source]:
    """Every frame that a network or one of its ancestors learned from."""
    with reading(study) as opened:
        by_key = {one.key: one for one in networks(opened, withdrawn=True) if one.kind == "pt"}
    found: dict[Source, None] = {}
    past: set[str] = set()
    now: Network | None = network
    while now is not None and now.key not in past:
        past.add(now.key)
        found |= dict.fromkeys(used(study, now, "train"))
        now = by_key.get(now.parent or "")
    return list(found)


def used(study: Path, network: Network, use: str) -> list[Source]:
    """The frames that a network was trained with for this use: train or validation.

    By the revisions of their labels, since a video may be called otherwise by now.
    """
    from storage.labels import find_revisions
    from storage.videos import videos

    rows = [row for row in network.trained_on if row.get("use") == use]
    with reading(study) as opened:
        names = {video.video_id: video.name for video in videos(opened)}
        found = find_revisions(opened, [int(row["revision"]) for row in rows])
    return [(names[one.video_id], one.frame) for one in found if one.video_id in names]


def settings_for(
    settings: TrainingSettings, inherit: Sequence[str], parent: Network | None, start: Path | None
) -> TrainingSettings:
    """The settings with those that the weights decide; AppError where they contradict."""
    if start is None:
        return settings
    theirs = _of_weights(start)
    if parent is not None and "image_px" in parent.settings:
        theirs["image_px"] = int(parent.settings["image_px"])
    for name in SHAPE:
        if name not in inherit and theirs.get(name, "") not in ("", getattr(settings, name)):
            raise AppError(
                f"{parent.key if parent else start.name} is of {name} {theirs[name]}, not "
                f"{getattr(settings, name)}: leave --{name} out, or begin anew without them."
            )
    taken = {name: theirs[name] for name in (*SHAPE, *inherit) if name in theirs}
    return replace(settings, **taken)


def _of_weights(file: Path) -> dict[str, Any]:
    """Family, size and size of pictures as a file of weights tells them; "" where it does not."""
    from tracking.networks.door import load
    from tracking.networks.weights import describe

    told = getattr(load(file), "yaml", None) or {}
    family = re.match(r"yolov?(\d+)", Path(str(told.get("yaml_file", ""))).name)
    return {
        "family": family[1] if family else "", "size": str(told.get("scale", "")),
        "image_px": describe(file).image_px,
    }  # fmt: skip
