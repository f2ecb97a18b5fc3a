"""Score tracks against known positions with the definitions of TrackEval."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from tracking.errors import TrackingError
from tracking.positions import check_positions, frames_listed, read_truth

__all__ = ["match_ids", "read_truth", "score_tracks"]

ALPHAS = np.arange(0.05, 0.99, 0.05)  # HOTA's localisation thresholds
MATCH = 0.5  # similarity from which a position counts as found: within the radius
EPS = float(np.finfo("float").eps)


def score_tracks(truth: pd.DataFrame, tracks: pd.DataFrame, radius_px: float) -> dict[str, float]:
    """Compare tracks with the truth: HOTA, IDF1, MOTA, identity switches and their parts.

    truth, tracks: columns frame, id, x, y (px); ids are numbers or names, and need not be the
    same in both; rows without x or y count as not there.
    radius_px: a position within this distance of the truth is a match. The similarity is
    `max(0, 1 - distance / (2 * radius_px))`, so a match is similarity >= 0.5 as in TrackEval;
    HOTA, DetA and AssA are means over the similarity thresholds 0.05 to 0.95.

    Scored are all frames from the truth's first to its last, those without any truth row and
    those whose rows have no x or y too: what is found there is a false positive. Frames outside
    that range are not scored.
    `n_truth` and `n_tracks` count positions, `motp` is the mean similarity of the matches.
    `share_found` is the share of the true positions at which any track lies, and
    `share_identified` of those at which the animal's own track lies: TrackEval's CLR_Re and IDR.
    `fragments` counts how often an animal's track breaks off and goes on: its Frag.

    >>> truth = pd.DataFrame({"frame": [0, 1], "id": 1, "x": [5.0, 6.0], "y": 5.0})
    >>> score_tracks(truth, truth.assign(id=7), radius_px=10)["idf1"]
    1.0
    """
    pairs = _Pairs.compare(truth, tracks, radius_px)
    scores = _identity(pairs) | _hota(pairs) | _clear(pairs)
    return scores | {
        "n_truth": pairs.n_truth,
        "n_tracks": pairs.n_tracks,
        "frames": len(pairs.frames),
        "radius_px": float(radius_px),
    }


def match_ids(truth: pd.DataFrame, tracks: pd.DataFrame, radius_px: float) -> dict[Any, Any]:
    """Return which track is which true animal, {truth id: track id}, as IDF1 pairs them."""
    pairs = _Pairs.compare(truth, tracks, radius_px)
    common = pairs.common(MATCH)
    rows, columns = linear_sum_assignment(-common)
    return {
        pairs.truth_ids[row]: pairs.track_ids[column]
        for row, column in zip(rows, columns, strict=True)
        if common[row, column] > 0
    }


@dataclass(frozen=True)
class _Frame:
    """One frame: who is there, who was found, and how near they are."""

    truth: np.ndarray  # (g,) int, row of truth_ids
    found: np.ndarray  # (t,) int, row of track_ids
    similarity: np.ndarray  # (g, t) 0 to 1


@dataclass(frozen=True)
class _Pairs:
    """Everything the three scores need, once."""

    truth_ids: list[Any]  # g ids as in the table
    track_ids: list[Any]  # t ids
    frames: list[_Frame]  # every frame of the truth's range

    @classmethod
    def compare(cls, truth: pd.DataFrame, tracks: pd.DataFrame, radius_px: float) -> _Pairs:
        """Check both tables and measure the similarity of each pair in each frame."""
        if not (np.isfinite(radius_px) and radius_px > 0):
            raise TrackingError(
                f"The radius is {radius_px} px. Give a number above 0, "
                "for example half an animal's length."
            )
        listed, truth = truth, check_positions(truth, "The truth")
        tracks = check_positions(tracks, "The tracks")
        if truth.empty:
            raise TrackingError("The truth holds no positions, so there is nothing to score.")
        first, last = frames_listed(listed)
        tracks = tracks[tracks["frame"].between(first, last)]
        true_rows, truth_ids = pd.factorize(truth["id"])
        found_rows, track_ids = pd.factorize(tracks["id"])
        frames = [
            _Frame(true_rows[a], found_rows[b], _similarity(true_xy, found_xy, radius_px))
            for (a, true_xy), (b, found_xy) in zip(
                _by_frame(truth, first, last), _by_frame(tracks, first, last), strict=True
            )
        ]
        return cls(truth_ids.tolist(), track_ids.tolist(), frames)

    @property
    def n_truth(self) -> int:
        """Count the true positions."""
        return sum(len(frame.truth) for frame in self.frames)

    @property
    def n_tracks(self) -> int:
        """Count the found positions in the truth's range."""
        return sum(len(frame.found) for frame in self.frames)

    def lengths(self) -> tuple[np.ndarray, np.ndarray]:
        """Count the positions of every true animal, (g, 1), and of every track, (1, t)."""
        truth, found = np.zeros((len(self.truth_ids), 1)), np.zeros((1, len(self.track_ids)))
        for frame in self.frames:
            truth[frame.truth] += 1
            found[0, frame.found] += 1
        return truth, found

    def common(self, threshold: float) -> np.ndarray:
        """Count the frames in which each animal and each track lie near, (g, t)."""
        common = np.zeros((len(self.truth_ids), len(self.track_ids)))
        for frame in self.frames:
            common[np.ix_(frame.truth, frame.found)] += frame.similarity >= threshold
        return common


def _by_frame(
    table: pd.DataFrame,
    first: int,
    last: int,
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield the rows of each frame, as a slice and as (n, 2) positions."""
    edges = np.searchsorted(table["frame"].to_numpy(), np.arange(first, last + 2)).tolist()
    xy = table[["x", "y"]].to_numpy()
    for start, stop in pairwise(edges):
        yield slice(start, stop), xy[start:stop]


def _similarity(truth: np.ndarray, found: np.ndarray, radius_px: float) -> np.ndarray:
    apart = truth[:, None] - found[None]
    return np.maximum(0, 1 - np.hypot(apart[..., 0], apart[..., 1]) / (2 * radius_px))


def _identity(pairs: _Pairs) -> dict[str, float]:
    """IDF1, IDP, IDR: one track per animal over the whole recording."""
    common = pairs.common(MATCH)
    # Pairing with nobody costs as much as pairing without a common frame, so the best sum of
    # common frames is TrackEval's cheapest assignment.
    rows, columns = linear_sum_assignment(-common)
    right = float(common[rows, columns].sum())
    truth, found = pairs.n_truth, pairs.n_tracks
    return {
        "idf1": 2 * right / max(truth + found, 1),
        "idp": right / max(found, 1),
        "idr": right / max(truth, 1),
        "share_identified": right / max(truth, 1),
    }


def _hota(pairs: _Pairs) -> dict[str, float]:
    """HOTA with its detection and association parts, means over ALPHAS."""
    truth_length, found_length = pairs.lengths()
    shared = np.zeros((len(pairs.truth_ids), len(pairs.track_ids)))
    for frame in pairs.frames:
        near = frame.similarity
        total = near.sum(0)[None] + near.sum(1)[:, None] - near
        shared[np.ix_(frame.truth, frame.found)] += np.divide(
            near, total, out=np.zeros_like(near), where=total > EPS
        )
    alignment = shared / np.maximum(truth_length + found_length - shared, EPS)
    rows, columns, near = _matches(pairs, alignment)
    deta, assa = np.zeros(len(ALPHAS)), np.zeros(len(ALPHAS))
    for k, alpha in enumerate(ALPHAS):
        kept = near >= alpha - EPS
        together = np.zeros_like(shared)
        np.add.at(together, (rows[kept], columns[kept]), 1)
        hits = kept.sum()
        deta[k] = hits / max(pairs.n_truth + pairs.n_tracks - hits, 1)
        share = together / np.maximum(1, truth_length + found_length - together)
        assa[k] = np.sum(together * share) / max(1, hits)
    return {
        "hota": float(np.sqrt(deta * assa).mean()),
        "deta": float(deta.mean()),
        "assa": float(assa.mean()),
    }


def _matches(pairs: _Pairs, alignment: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pair each frame's animals and tracks by similarity and by how well they align overall."""
    rows, columns, near = [], [], []
    for frame in pairs.frames:
        if len(frame.truth) and len(frame.found):
            weight = alignment[np.ix_(frame.truth, frame.found)] * frame.similarity
            row, column = linear_sum_assignment(-weight)
            rows.append(frame.truth[row])
            columns.append(frame.found[column])
            near.append(frame.similarity[row, column])
    if not rows:
        return np.zeros(0, int), np.zeros(0, int), np.zeros(0)
    return np.concatenate(rows), np.concatenate(columns), np.concatenate(near)


def _clear(pairs: _Pairs) -> dict[str, float]:
    """MOTA and its parts: per frame, keeping the previous frame's pairs where they still match."""
    nobody = -1
    latest = np.full(len(pairs.truth_ids), nobody)  # the last track an animal ever had
    before = latest.copy()  # the track it had in the last frame in which anything was compared
    parts = np.zeros(len(pairs.truth_ids), int)  # stretches of being tracked
    hits, switches, closeness = 0, 0, 0.0
    for frame in pairs.frames:
        if not len(frame.truth) or not len(frame.found):
            continue
        weight = 1000 * (frame.found[None] == before[frame.truth, None]) + frame.similarity
        weight[frame.similarity < MATCH - EPS] = 0
        row, column = linear_sum_assignment(-weight)
        kept = weight[row, column] > EPS
        row, column = row[kept], column[kept]
        animal, track = frame.truth[row], frame.found[column]
        switches += int(np.sum((latest[animal] != nobody) & (latest[animal] != track)))
        parts[animal] += before[animal] == nobody
        latest[animal] = track
        before[:] = nobody
        before[animal] = track
        hits += len(row)
        closeness += float(frame.similarity[row, column].sum())
    misses, extra = pairs.n_truth - hits, pairs.n_tracks - hits
    return {
        "mota": (hits - extra - switches) / max(pairs.n_truth, 1),
        "motp": closeness / max(hits, 1),
        "share_found": hits / max(pairs.n_truth, 1),
        "switches": switches,
        "fragments": int(np.maximum(parts - 1, 0).sum()),
        "misses": misses,
        "false_positives": extra,
    }
