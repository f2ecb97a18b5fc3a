"""Masks as run lengths inside the animal's box: small to keep, exact to restore.

A mask is the bytes of little-endian uint16 run lengths, row-major inside the box, the first run
counting zeros; a run over 65535 is written 65535, 0, rest. The lengths add up to the box's area.
"""

from __future__ import annotations

import numpy as np

LONGEST = 65535
RUN = np.dtype("<u2")


def encode(mask: np.ndarray) -> bytes:
    """Run lengths of a (height, width) mask; nonzero is animal.

    >>> np.frombuffer(encode(np.array([[0, 1, 1], [1, 0, 0]])), "<u2").tolist()
    [1, 3, 2]
    """
    flat = mask.ravel() != 0
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    bounds = np.empty(edges.size + 2, np.int64)
    bounds[0], bounds[1:-1], bounds[-1] = 0, edges, flat.size
    runs = np.diff(bounds)
    if flat.size and flat[0]:
        runs = np.concatenate(([0], runs))
    if runs.size and runs.max() > LONGEST:
        runs = _split_long(runs)
    return runs.astype(RUN).tobytes()


def decode(runs: bytes, height: int, width: int) -> np.ndarray:
    """The (height, width) uint8 mask, 0 or 1, of run lengths made by ``encode``.

    >>> decode(encode(np.eye(3)), 3, 3).tolist()
    [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    """
    lengths = np.frombuffer(runs, RUN)
    values = (np.arange(lengths.size) & 1).astype(np.uint8)
    return np.repeat(values, lengths).reshape(height, width)


def _split_long(runs: np.ndarray) -> np.ndarray:
    parts: list[int] = []
    for run in runs.tolist():
        while run > LONGEST:
            parts += [LONGEST, 0]
            run -= LONGEST
        parts.append(run)
    return np.array(parts)
