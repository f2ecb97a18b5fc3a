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
from tracking.identities import contrastive
from tracking.identities.classes import (
    LEAST_SCATTER,
    Classes,
    by_chance,
    judged,
    learn,
    most_at_once,
)
from tracking.identities.contrastive import Learned, Lesson
from tracking.identities.crops import Sightings, Slotted
from tracking.identities.descriptors import LEVEL, described
from tracking.identities.directions import points_of
from tracking.identities.light import light_of

Identification = Literal["auto", "contrastive", "descriptors", "off"]
AUTO: Identification = "auto"
Method = Literal["contrastive", "descriptors", "none"]
MOST_CROPS = 40_000  # that are held at once: 80 MB
MOST_FRAGMENTS = 1000  # that are learned from, the longest; the others are only judged
LEAST_EACH = 3  # crops of one fragment, however many fragments there are
DOUBTED = 3  # fragments that are taken to look like nobody, before one has been seen
ONE_MORE = 6.0  # nats by which one animal more must make fragments likelier to be believed in
FEW, TAUGHT = 30, 4  # fragments, under which networks are taught anew so many times
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
    fps: float, on_progress: OnProgress = quiet,
) -> Evidence:  # fmt: skip
    """The likelihood of every fragment under the appearance of every animal, learned unlabelled.

    ``sightings`` say which crops belong to which slot. Same crops and fragments, same evidence.
    """
    owner = sightings.fragment_of(fragments)
    chosen = _chosen(owner)
    seen = np.unique(owner[chosen])
    of = [fragments[int(k)] for k in seen]
    span_s = np.array([f.stop - f.start for f in of]) / fps
    learners = np.sort(np.argsort(-span_s, kind="stable")[:MOST_FRAGMENTS])
    apart = side_by_side([of[int(k)] for k in learners])
    if method == "none" or n_animals < 2 or not apart.any():
        return without_appearance(len(fragments), n_animals)
    crops = sightings.crops(chosen)
    whose = np.searchsorted(seen, owner[chosen])
    time_s = crops.frame / fps
    features = described(crops)
    light = light_of(crops, whose, features[:, LEVEL], time_s)
    features[:, LEVEL] -= light
    if method != "contrastive":
        told, quality = evidence_of(features, whose, time_s, span_s, learners, apart, n_animals)
    else:
        gain = np.exp(-light - np.median(features[:, LEVEL]))
        middle = np.array([f.start + f.stop for f in of]) / max(f.start + f.stop for f in of)
        pairs = learners[np.argwhere(np.triu(apart))]
        lesson = Lesson(crops.images, gain, whose, middle, pairs)
        every = _taught(lesson, TAUGHT if len(learners) < FEW else 1, on_progress)
        told, quality = together([
            evidence_of(
                np.concatenate((features, taught.places), 1), whose, time_s, span_s, learners,
                apart, n_animals,
            ) for taught in every
        ])  # fmt: skip
        quality["steps"] = sum(taught.steps for taught in every)
        quality["held_out"] = float(np.mean([taught.held_out for taught in every]))
    log_likelihood = np.zeros((len(fragments), n_animals))
    log_likelihood[seen] = told
    return Evidence(log_likelihood, method, quality)


def _taught(lesson: Lesson, times: int, on_progress: OnProgress) -> list[Learned]:
    """What networks learn, taught so many times from different beginnings."""

    def tell_of(time: int) -> OnProgress:
        return lambda done, total: on_progress(time * total + done, times * total)

    return [contrastive.learn(lesson, tell_of(time), time) for time in range(times)]


def together(
    found: Sequence[tuple[np.ndarray, dict[str, float]]],
) -> tuple[np.ndarray, dict[str, float]]:
    """The mean of several log likelihoods (F, N) and of their qualities. Each names the animals in
    an order of its own. What one network sees in few fragments and another does not is chance."""
    from scipy.optimize import linear_sum_assignment

    total = np.zeros_like(found[0][0])
    for told, _ in found:
        total += told[:, linear_sum_assignment(-(total.T @ told))[1]]
    quality = {key: float(np.mean([part[key] for _, part in found])) for key in found[0][1]}
    return total / len(found), quality


def evidence_of(
    features: np.ndarray, fragment: np.ndarray, time_s: np.ndarray, span_s: np.ndarray,
    learners: np.ndarray, apart: np.ndarray, n_animals: int,
) -> tuple[np.ndarray, dict[str, float]]:  # fmt: skip
    """(F, N) log likelihoods of fragments from features (n, d) of their crops, and their quality.

    A fragment may always be one that looks like nobody (an exchange within it was not noticed): the
    share of those is estimated too, and bounds what one fragment can say.
    """
    points, scatter = points_of(features, fragment, time_s, span_s, learners, apart)
    if not scatter.any():  # no fragment shows how one animal varies: any difference may be nothing
        return np.zeros((len(span_s), n_animals)), {"worth": 0.0, "told_apart": 1 / n_animals}
    scatter = np.maximum(scatter, LEAST_SCATTER)
    known = points.only(learners)
    # an animal that is never seen beside all others need not be one of the classes
    counts = sorted({most_at_once(known, n_animals), n_animals})
    found = [learn(known, n, scatter) for n in counts]
    classes = max(found, key=lambda c: c.score - ONE_MORE * c.share.shape[1])
    chance = by_chance(known, classes.share.shape[1], scatter)
    worth = float(np.clip(1 - max(chance, 0.0) / max(classes.score, 1e-9), 0.0, 1.0))
    worth = worth if classes.score > 0 else 0.0  # looks that tell nobody apart weigh nothing
    fitting = _share_that_fits(classes)
    better = np.zeros((len(span_s), n_animals))  # an animal that is no class is any animal
    better[:, : classes.share.shape[1]] = judged(points, known, classes)
    better[learners, : classes.share.shape[1]] = classes.better
    told = worth * np.log1p(fitting * np.expm1(better))
    told -= told.mean(1, keepdims=True)
    share = np.exp(told - told.max(1, keepdims=True))
    share /= share.sum(1, keepdims=True)
    quality = {
        "score": classes.score, "by_chance": chance, "worth": worth, "fitting": fitting,
        "told_apart": float(np.average(share.max(1), weights=span_s)),
    }  # fmt: skip
    return told, quality


def side_by_side(fragments: Sequence[Slotted]) -> np.ndarray:
    """(F, F) bool, which fragments share a frame: those are different animals."""
    start, stop = (np.array([getattr(f, name) for f in fragments]) for name in ("start", "stop"))
    slot = np.array([f.slot for f in fragments])
    shared = np.minimum(stop[:, None], stop[None]) > np.maximum(start[:, None], start[None])
    return shared & (slot[:, None] != slot[None])


def _chosen(owner: np.ndarray) -> np.ndarray:
    """Crops that are looked at, evenly over each fragment: all of them, if they are not too many"""
    counts = np.bincount(owner[owner >= 0])
    most = _cap(counts)
    chosen = [np.empty(0, np.int64)]
    order = np.argsort(owner, kind="stable")[(owner < 0).sum() :]
    for part in np.split(order, np.cumsum(counts)[:-1]) if len(counts) else []:
        chosen.append(part[np.linspace(0, len(part) - 1, min(len(part), most)).astype(np.int64)])
    return np.sort(np.concatenate(chosen))


def _cap(counts: np.ndarray) -> int:
    """The most crops of one fragment with which there are MOST_CROPS in all."""
    low, high = LEAST_EACH, max(int(counts.max(initial=0)), LEAST_EACH)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if np.minimum(counts, middle).sum() <= MOST_CROPS else (
            low, middle - 1)  # fmt: skip
    return low


def _share_that_fits(classes: Classes) -> float:
    """The share of fragments that look like one of the animals, by maximum likelihood."""
    better = (classes.prior * np.exp(classes.better)).sum(1)
    share = 0.5
    for _ in range(200):
        share = float(
            np.sum(share * better / (share * better + 1 - share)) / (len(better) + DOUBTED)
        )
    return share
