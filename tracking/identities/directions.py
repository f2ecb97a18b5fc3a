"""Bring features of crops into the few directions that tell animals apart, and fragments to points.

What differs between fragments side by side, far more than within one fragment over seconds, may be
who the animal is; what changes within a fragment is posture.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from tracking.identities.classes import Points

BLOCK_S = 2.0  # posture of a moment is over; what is left of it after that is slow
SHRUNK = 0.05  # of the mean variance, added to each: keeps rare features from being trusted
DIRECTIONS = 6


def points_of(
    features: np.ndarray, fragment: np.ndarray, time_s: np.ndarray, span_s: np.ndarray,
    learners: np.ndarray, apart: np.ndarray,
) -> tuple[Points, np.ndarray]:  # fmt: skip
    """Fragments as points, and the scatter (d,) of one animal's points as far as it is known.

    features (n, d) of crops; fragment (n,) number of each, 0 to F - 1, all of them present;
    time_s (n,); span_s (F,) how long each fragment is; learners (L,) numbers of
    fragments that are learned from, and apart (L, L) bool which of these are side by side.
    """
    from scipy.linalg import eigh

    spread = features.std(0)
    features = (features - features.mean(0)) / np.where(spread > 0, spread, 1.0)
    mean = means(features, fragment)
    off = features - mean[fragment]
    fast = off.T @ off / max(len(off) - len(mean), 1)
    blocks, owner = moments(off, fragment, time_s)
    slow = _slow(blocks, owner, fast)
    noise = slow + fast
    noise += SHRUNK * np.trace(noise) / len(noise) * np.eye(len(noise)) + 1e-9 * np.eye(len(noise))
    between = _between(mean[learners], apart, np.maximum(span_s[learners] / BLOCK_S, 0.2))
    size, axes = eigh(between, noise)
    axes = axes[:, np.argsort(-size, kind="stable")[:DIRECTIONS]]
    fast_at, slow_at = (np.einsum("ij,ik,kj->j", axes, part, axes) for part in (fast, slow))
    # crops that follow one another tell less than crops of different moments
    anew = np.maximum(fast_at / np.maximum(slow_at, 1e-9) - 1, 0.5)  # moments in a block, but one
    points = Points(mean @ axes, fast_at / (1 + span_s[:, None] / BLOCK_S * anew), span_s, apart)
    return points, np.maximum(_drift(blocks @ axes, owner, slow_at), 0.2 * slow_at)


def means(values: np.ndarray, fragment: np.ndarray) -> np.ndarray:
    """(F, d) mean of the values (n, d) of every fragment."""
    total = np.zeros((int(fragment.max()) + 1, values.shape[1]))
    np.add.at(total, fragment, values)
    return total / np.maximum(np.bincount(fragment), 1)[:, None]


def moments(
    off: np.ndarray, fragment: np.ndarray, time_s: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Means (b, d) over BLOCK_S within fragments, in order of time, and whose each is (b,)."""
    first = np.full(int(fragment.max()) + 1, np.inf)
    np.minimum.at(first, fragment, time_s)
    number = ((time_s - first[fragment]) / BLOCK_S).astype(np.int64)
    key, back = np.unique(np.stack((fragment, number), 1), axis=0, return_inverse=True)
    return means(off, back.ravel()), key[:, 0]


def _slow(blocks: np.ndarray, owner: np.ndarray, fast: np.ndarray) -> np.ndarray:
    """(d, d) covariance of block means within fragments; half of the crops' own where fragments
    are too short to tell."""
    count = np.bincount(owner)
    long = count[owner] >= 3
    if long.sum() <= 10:
        return 0.5 * fast
    kept, whose = blocks[long], np.unique(owner[long], return_inverse=True)[1]
    off = kept - means(kept, whose)[whose]
    return off.T @ off / max(len(off) - whose.max() - 1, 1)


def _drift(blocks: np.ndarray, owner: np.ndarray, slow: np.ndarray) -> np.ndarray:
    """(d,) half the mean square by which moments half a fragment apart differ."""
    total, weight = np.zeros(blocks.shape[1]), 0.0
    bounds = np.searchsorted(owner, np.arange(owner.max() + 2))
    for start, stop in pairwise(bounds):
        if stop - start >= 2:
            half = (stop - start) // 2
            step = blocks[start + half : stop] - blocks[start : stop - half]
            total += (step**2).mean(0) / 2 * np.sqrt(stop - start)
            weight += np.sqrt(stop - start)
    return total / weight if weight else slow


def _between(mean: np.ndarray, apart: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """(d, d) scatter of fragments side by side; the longer they are, the more they count."""
    i, j = np.nonzero(np.triu(apart, 1))
    weight = 1 / (0.3 + 1 / moments[i] + 1 / moments[j])
    step = mean[i] - mean[j]
    return (weight[:, None] * step).T @ step / max(weight.sum(), 1e-9) / 2
