"""Rounds of labelling and training: how much each of them gained, on the same frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from app.library import reading
from storage.networks import Network, networks


@dataclass(frozen=True)
class Round:
    """One version of a network, and what it gained over the weights it began with."""

    key: str  # NAME:VERSION
    version: int
    round: int
    parent: str | None
    frames: int  # learned from
    validation_frames: int  # that judge; 0: those that are learned from
    ap50: float | None
    ap: float | None
    iou: float | None
    right_count: float | None
    contact_ap50: float | None
    gain_ap50: float | None  # over the weights it began with, on the same frames
    gain_ap: float | None
    gain_right_count: float | None
    seconds: float | None
    made_at: datetime

    @property
    def comparable(self) -> bool:
        """Whether the weights that it began with were judged on the same frames."""
        return self.gain_ap is not None


def rounds(study: Path, name: str) -> list[Round]:
    """The trained versions of a network, oldest first."""
    with reading(study) as opened:
        found = [one for one in networks(opened) if one.name == name and one.kind == "pt"]
    return [round_of(one) for one in found if one.metrics.get("judged")]


def round_of(network: Network) -> Round:
    """One registered network as a round."""
    judged: Mapping[str, Any] = network.metrics.get("judged") or {}
    before: Mapping[str, Any] = network.metrics.get("before") or {}

    def gain(what: str) -> float | None:
        pair = judged.get(what), before.get(what)
        return None if None in pair else float(pair[0]) - float(pair[1])  # type: ignore[arg-type]

    uses = [row.get("use") for row in network.trained_on]
    return Round(
        network.key, network.version, network.round, network.parent, uses.count("train"),
        uses.count("validation"), judged.get("ap50"), judged.get("ap"), judged.get("iou"),
        judged.get("right_count"), judged.get("contact_ap50"), gain("ap50"), gain("ap"),
        gain("right_count"), network.duration_s, network.made_at,
    )  # fmt: skip


def lines(found: Sequence[Round]) -> list[str]:
    """A table of rounds, as plain text."""
    head = "network          round  frames  judged on  AP50   AP50-95  IoU    right count  gain"
    rows = [head]
    for one in found:
        judged_on = str(one.validation_frames) if one.validation_frames else "seen"
        gained = f"AP50 {one.gain_ap50:+.3f}" if one.gain_ap50 is not None else "-"
        rows.append(
            f"{one.key:16} {one.round:5}  {one.frames:6}  {judged_on:>9}  {number(one.ap50)}  "
            f"{number(one.ap)}    {number(one.iou)}  {number(one.right_count):>11}  {gained}"
        )
    return rows


def number(value: float | None) -> str:
    """A share as it is shown; a dash where it is not known.

    >>> number(0.8764), number(None)
    ('0.876', '    -')
    """
    return "    -" if value is None else f"{value:.3f}"
