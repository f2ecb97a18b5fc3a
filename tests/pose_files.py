"""Read a pose file as it lies on disk, by h5py alone."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

MICE3 = "video/mice3_open_field/EGS8X2MN4SSUGFWAV976.h5"


def read_mabe(path: Path) -> dict[str, dict[str, np.ndarray]]:
    """Animal -> point -> (n, 2) px of a pandas table of x and y; zeros are an absent animal's.

    "centre" is added: the mean of neck, back and tail base.
    """
    with h5py.File(path) as file:
        table = file["df_with_missing"]
        levels = [[name.decode() for name in table[f"axis0_level{i}"][:]] for i in range(4)]
        labels = [table[f"axis0_label{i}"][:] for i in range(4)]
        values = table["block0_values"][:].astype(float)
    poses: dict[str, dict[str, np.ndarray]] = {}
    for column in range(values.shape[1]):
        animal, point, axis = (levels[i][labels[i][column]] for i in (1, 2, 3))
        place = poses.setdefault(animal, {}).setdefault(point, np.zeros((len(values), 2)))
        place[:, "xy".index(axis)] = values[:, column]
    for points in poses.values():
        for place in points.values():
            place[(place == 0).all(axis=1)] = np.nan
        points["centre"] = sum(points[name] for name in ("neck", "center back", "tail base")) / 3
    return poses
