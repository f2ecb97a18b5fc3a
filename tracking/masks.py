"""Masks as run lengths inside the animal's box: small to keep, exact to restore.

A mask is the bytes of little-endian uint16 run lengths, row-major inside the box, the first run
counting zeros; a run over 65535 is written 65535, 0, rest. The lengths add up to the box's area.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LONGEST = 65535
RUN = np.dtype("<u2")


def encode(mask: np.ndarray) -> bytes:
    """Run lengths of a (height, width) mask; nonzero is animal.

    >>> np.frombuffer(encode(np.array([[0, 1, 1], [1, 0, 0]])), "<u2").tolist()
    [1, 3, 2]
    """
    return encode_all([mask])[0]


def encode_all(masks: Sequence[np.ndarray]) -> list[bytes]:
    """Run lengths of each of several masks, found in one go."""
    if not masks:
        return []
    sizes = np.array([mask.size + 1 for mask in masks])
    starts = np.cumsum(sizes) - sizes
    # every mask follows a pixel of background, so that its first run is of zeros
    pixels = np.zeros(sizes.sum(), bool)
    for start, mask in zip(starts.tolist(), masks, strict=True):
        pixels[start + 1 : start + 1 + mask.size] = mask.reshape(-1)
    change = np.empty(len(pixels) + 1, bool)
    np.not_equal(pixels[1:], pixels[:-1], out=change[1:-1])
    change[starts] = change[-1] = True
    bounds = np.flatnonzero(change)
    runs = bounds[1:] - bounds[:-1]
    first = np.searchsorted(bounds, starts)
    runs[first] -= 1
    parts = [first.tolist(), [*first[1:].tolist(), len(runs)]]
    if runs.max() > LONGEST:
        return [_split_long(runs[a:b]).astype(RUN).tobytes() for a, b in zip(*parts, strict=True)]
    whole = runs.astype(RUN).tobytes()
    return [whole[RUN.itemsize * a : RUN.itemsize * b] for a, b in zip(*parts, strict=True)]


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
