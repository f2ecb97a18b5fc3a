"""Run-length outlines of known shape, for tests."""

import numpy as np
import pyarrow as pa

from llm_query.outlines import Outlines


def encode(mask):
    """The study's run-length code, written here independently."""
    flat = mask.ravel().astype(int)
    edges = np.concatenate([[0], np.flatnonzero(np.diff(flat)) + 1, [len(flat)]])
    lengths = np.diff(edges).tolist()
    lengths = [0, *lengths] if flat[0] else lengths
    codes = []
    for length in lengths:
        while length > 65535:
            codes += [65535, 0]
            length -= 65535
        codes.append(length)
    return np.array(codes, dtype="<u2").tobytes()


def outlines(frames, masks, corners):
    """Outlines of masks (h, w) bool whose boxes start at (x0, y0)."""
    return Outlines.from_table(
        pa.table(
            {
                "frame": pa.array(frames, pa.int32()),
                "x0": pa.array([x for x, _ in corners], pa.int16()),
                "y0": pa.array([y for _, y in corners], pa.int16()),
                "width": pa.array([m.shape[1] for m in masks], pa.int16()),
                "height": pa.array([m.shape[0] for m in masks], pa.int16()),
                "rle": pa.array([encode(m) for m in masks], pa.binary()),
            }
        )
    )


def disc(radius):
    across = np.arange(-radius, radius + 1)
    return across[None, :] ** 2 + across[:, None] ** 2 <= radius**2


def discs(centres, radius):
    """Round animals: name -> (n, 2) integer centres, NaN-free."""
    mask = disc(radius)
    return {
        name: outlines(range(len(xy)), [mask] * len(xy), [(x - radius, y - radius) for x, y in xy])
        for name, xy in centres.items()
    }
