"""How far two watchers agree on a behaviour: kappa and F1, by frames, scans and bouts."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from llm_query.algebra.intervals import TOLERANCE_S, cover
from llm_query.errors import QueryError

COLUMNS = ("start_frame", "stop_frame")


def score_bouts(
    truth: pd.DataFrame,
    found: pd.DataFrame,
    n_frames: int,
    iou: float = 0.5,
    *,
    edges_s: np.ndarray | None = None,
    tolerance_s: float | None = None,
    scan_s: float | None = None,
) -> dict[str, float]:
    """Compare two sets of bouts of one behaviour over a recording of n_frames frames.

    truth, found: columns start_frame, stop_frame (half-open); bouts that overlap, of several
    animals say, count once per frame. Returns
    `kappa` (Cohen, per frame), `frame_f1`, `frame_precision`, `frame_recall`,
    `bout_f1` (one-to-one pairs whose overlap over union is at least iou), `n_truth`, `n_found`.
    What is undefined is NaN: precision without a found frame, recall without a true one, F1
    without either, kappa when both say the same about every frame.

    With `edges_s` (n_frames + 1,), the seconds of every frame and of the end, it also compares in
    seconds. `tolerance_s` adds `onset_f1`, one-to-one pairs whose starts are at most so far apart,
    and `onset_offset_f1`, whose starts and stops both are. `scan_s` adds `scan_kappa` and
    `n_scans`: Cohen's kappa of what is on the screen at 0, scan_s, 2 scan_s, ... seconds, as in
    scan sampling; the frame seen at an instant is the last one that began by then.

    >>> truth = pd.DataFrame({"start_frame": [0], "stop_frame": [10]})
    >>> found = pd.DataFrame({"start_frame": [5], "stop_frame": [10]})
    >>> scores = score_bouts(truth, found, n_frames=20)
    >>> scores["frame_recall"], scores["bout_f1"], scores["kappa"]
    (0.5, 1.0, 0.5)
    """
    return compare(truth, found, n_frames, iou, edges_s, tolerance_s, scan_s).scores()


@dataclass(frozen=True)
class Agreement:
    """What two watchers said of a behaviour, in counts; those of several videos can be added."""

    both: int  # frames
    only_truth: int
    only_found: int
    neither: int
    n_truth: int  # bouts
    n_found: int
    paired: int
    paired_onsets: int | None = None  # None: not asked for
    paired_both: int | None = None
    scans: tuple[int, int, int, int] | None = None  # both, only truth, only found, neither

    def __add__(self, other: Agreement) -> Agreement:
        def total(name: str) -> object:
            a, b = getattr(self, name), getattr(other, name)
            if a is None or b is None:
                return None
            return tuple(np.add(a, b).tolist()) if isinstance(a, tuple) else a + b

        return Agreement(**{field.name: total(field.name) for field in fields(self)})  # type: ignore[arg-type]

    def scores(self) -> dict[str, float]:
        """The numbers that `score_bouts` returns."""
        true, found = self.both + self.only_truth, self.both + self.only_found
        bouts = float(self.n_truth + self.n_found)
        scores: dict[str, float] = {
            "kappa": kappa_of([[self.both, self.only_truth], [self.only_found, self.neither]]),
            "frame_f1": _ratio(2 * self.both, true + found),
            "frame_precision": _ratio(self.both, found),
            "frame_recall": _ratio(self.both, true),
            "bout_f1": _ratio(2.0 * self.paired, bouts),
        }
        if self.paired_onsets is not None and self.paired_both is not None:
            scores["onset_f1"] = _ratio(2.0 * self.paired_onsets, bouts)
            scores["onset_offset_f1"] = _ratio(2.0 * self.paired_both, bouts)
        if self.scans is not None:
            scores["scan_kappa"] = kappa_of(np.reshape(self.scans, (2, 2)))
            scores["n_scans"] = sum(self.scans)
        return {**scores, "n_truth": self.n_truth, "n_found": self.n_found}


def compare(
    truth: pd.DataFrame,
    found: pd.DataFrame,
    n_frames: int,
    iou: float = 0.5,
    edges_s: np.ndarray | None = None,
    tolerance_s: float | None = None,
    scan_s: float | None = None,
) -> Agreement:
    """Count what `score_bouts` scores, so that several recordings can be added up."""
    _check(iou, edges_s, tolerance_s, scan_s, n_frames)
    truth, found = checked(truth, "The truth"), checked(found, "The found bouts")
    a, b = mask_of(truth, n_frames, "The truth"), mask_of(found, n_frames, "The found bouts")
    onsets = ends = scans = None
    if edges_s is not None and tolerance_s is not None:
        onsets, ends = _close(truth, found, edges_s, tolerance_s)
    if edges_s is not None and scan_s is not None:
        frames = scan_frames(edges_s, scan_s)
        scans = _cells(a[frames], b[frames])
    return Agreement(
        *_cells(a, b), len(truth), len(found), _overlapping(truth, found, iou), onsets, ends, scans
    )


def cohen_kappa(first: np.ndarray, second: np.ndarray) -> float:
    """Return Cohen's kappa of two yes-or-no judgements per frame, (n,) bool; NaN if undefined."""
    return kappa_of(np.reshape(_cells(first, second), (2, 2)))


def kappa_of(table: np.ndarray | list[list[int]]) -> float:
    """Return Cohen's kappa of a square (k, k) table of counts; NaN when all is in one cell.

    Source: Cohen (1960), Educational and Psychological Measurement 20: 37-46.

    >>> round(kappa_of([[20, 5], [10, 15]]), 6)
    0.4
    """
    cells = np.asarray(table, dtype=float)
    total = cells.sum()
    if not total:
        return float("nan")
    by_chance = float(cells.sum(axis=1) @ cells.sum(axis=0)) / total**2
    return _ratio(float(np.trace(cells)) / total - by_chance, 1 - by_chance)


def scan_frames(edges_s: np.ndarray, scan_s: float) -> np.ndarray:
    """Return the frames on the screen at 0, scan_s, 2 scan_s, ... seconds from the start.

    >>> scan_frames(np.arange(11) / 10, 0.25).tolist()
    [0, 2, 5, 7]
    """
    length = float(edges_s[-1] - edges_s[0])
    instants = edges_s[0] + np.arange(int(np.ceil((length - TOLERANCE_S) / scan_s))) * scan_s
    return np.searchsorted(edges_s[:-1], instants + TOLERANCE_S, side="right") - 1


def disagreements(
    truth: pd.DataFrame, found: pd.DataFrame, n_frames: int, edges_s: np.ndarray
) -> pd.DataFrame:
    """Return the stretches in which only one of the two saw the behaviour, longest first.

    Columns start_frame, stop_frame, start_s, stop_s, duration_s and seen_by, "truth" or "found".
    """
    a = mask_of(checked(truth, "The truth"), n_frames, "The truth")
    b = mask_of(checked(found, "The found bouts"), n_frames, "The found bouts")
    return differing(np.where(a & ~b, "truth", np.where(b & ~a, "found", "")), edges_s, "seen_by")


def differing(labels: np.ndarray, edges_s: np.ndarray, column: str) -> pd.DataFrame:
    """Return a row for every stretch of one label, longest first; "" is no row."""
    change = np.flatnonzero(labels[1:] != labels[:-1]) + 1
    start, stop = np.concatenate([[0], change]), np.concatenate([change, [len(labels)]])
    here = labels[start] != ""
    start, stop = start[here], stop[here]
    table = pd.DataFrame(
        {
            "start_frame": start, "stop_frame": stop, "start_s": edges_s[start],
            "stop_s": edges_s[stop], "duration_s": edges_s[stop] - edges_s[start],
            column: labels[start],
        }
    )  # fmt: skip
    order = np.lexsort((table["start_frame"], start - stop))
    return table.iloc[order].reset_index(drop=True)


def checked(table: pd.DataFrame, what: str) -> pd.DataFrame:
    """Check start_frame and stop_frame and return them as whole numbers, in order."""
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        raise QueryError(
            f"{what} has no column {', '.join(missing)}; it needs "
            f"{','.join(COLUMNS)} and has {','.join(map(str, table.columns))}."
        )
    numbers = table[list(COLUMNS)].apply(pd.to_numeric, errors="coerce").astype(float)
    whole = np.isfinite(numbers).all(axis=1) & (numbers == numbers.round()).all(axis=1)
    good = whole & (numbers["start_frame"] >= 0) & (numbers["stop_frame"] > numbers["start_frame"])
    if not good.all():
        row = int(np.argmin(good.to_numpy()))
        start, stop = table[list(COLUMNS)].iloc[row]
        raise QueryError(
            f"{what} has a bout from {start} to {stop} in row {row + 1}; frames are "
            "whole numbers from 0, and stop_frame is the first frame after the bout."
        )
    return numbers.astype(np.int64).sort_values(list(COLUMNS), ignore_index=True)


def mask_of(bouts: pd.DataFrame, n_frames: int, what: str) -> np.ndarray:
    """Return which frames lie in any of the checked bouts, (n_frames,) bool."""
    if len(bouts) and int(bouts["stop_frame"].max()) > n_frames:
        raise QueryError(
            f"{what} goes on to frame {int(bouts['stop_frame'].max())}, but the "
            f"recording has {n_frames} frames. Is it of another video?"
        )
    return cover(bouts["start_frame"].to_numpy(), bouts["stop_frame"].to_numpy(), n_frames)


def _check(
    iou: float,
    edges_s: np.ndarray | None,
    tolerance_s: float | None,
    scan_s: float | None,
    n_frames: int,
) -> None:
    if not 0 < iou <= 1:
        raise QueryError(f"The overlap asked for is {iou}. Give a number above 0 and up to 1.")
    if tolerance_s is not None and not 0 <= tolerance_s < float("inf"):
        raise QueryError(f"The tolerance is {tolerance_s} s. Give seconds from 0 on.")
    if scan_s is not None and not 0 < scan_s < float("inf"):
        raise QueryError(f"The scan interval is {scan_s} s. Give more than 0 seconds.")
    if (tolerance_s is not None or scan_s is not None) and edges_s is None:
        raise QueryError("To compare in seconds, give edges_s, the times of the frames.")
    if edges_s is not None and len(edges_s) != n_frames + 1:
        raise QueryError(
            f"{n_frames} frames have {n_frames + 1} edges, the end included, not {len(edges_s)}."
        )


def _cells(truth: np.ndarray, found: np.ndarray) -> tuple[int, int, int, int]:
    both, a, b = int((truth & found).sum()), int(truth.sum()), int(found.sum())
    return both, a - both, b - both, len(truth) - a - b + both


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else float("nan")


def _overlapping(truth: pd.DataFrame, found: pd.DataFrame, iou: float) -> int:
    """Count the bouts that pair up one to one with enough overlap."""
    a, b = truth.to_numpy(), found.to_numpy()
    overlap = (
        np.minimum(a[:, None, 1], b[None, :, 1]) - np.maximum(a[:, None, 0], b[None, :, 0])
    ).clip(min=0)
    union = (a[:, 1] - a[:, 0])[:, None] + (b[:, 1] - b[:, 0])[None] - overlap
    # In whole frames, so that exactly half is half.
    return _most_pairs((overlap >= iou * union) & (overlap > 0))


def _close(
    truth: pd.DataFrame, found: pd.DataFrame, edges_s: np.ndarray, tolerance_s: float
) -> tuple[int, int]:
    """Count the pairs with close starts, and those whose stops are close as well."""
    a, b = edges_s[truth.to_numpy()], edges_s[found.to_numpy()]
    near = np.abs(a[:, None] - b[None]) <= tolerance_s + TOLERANCE_S
    return _most_pairs(near[..., 0]), _most_pairs(near.all(axis=2))


def _most_pairs(fits: np.ndarray) -> int:
    """Count the most one-to-one pairs that an (a, b) table of possible ones allows."""
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(fits, maximize=True)
    return int(fits[rows, columns].sum())
