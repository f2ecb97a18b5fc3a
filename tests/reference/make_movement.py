"""Makes movement.json: what `movement` 0.17.0 computes for paths that tests can make again.

Run in an environment of its own, from this folder (movement asks for Python 3.12):

    pip install movement==0.17.0 h5py
    python make_movement.py [the .h5 file of mice3_open_field]

`scene` makes three animals with gaps by formula; the optional file is a real recording of three
mice (MABe 2022), whose absent animals are zeros there and missing here. Nothing is smoothed or
filled before. Times are seconds, angles degrees in movement's sense: y down, clockwise positive.
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np

FPS = 30000 / 1001
ANIMALS = ("animal1", "animal2", "animal3")
POINTS = ("centre", "nose", "left_ear", "right_ear")
MICE_FRAMES = slice(1262, 1306)  # a stretch of the real recording that is stored frame by frame


def scene():
    """(48, 3, 4, 2) px: animals that wind, with gaps in the middle, at the start and at the end."""
    t = np.arange(48) / FPS
    places = np.empty((48, 3, 4, 2))
    for number in range(3):
        x = 100 + 60 * number + 40 * np.sin(2.1 * t + number) + 25 * t
        y = 200 - 30 * number + 35 * np.cos(1.7 * t * (1 + 0.2 * number))
        facing = 0.9 * t + 2 * number
        ahead = np.stack([np.cos(facing), np.sin(facing)], axis=1)
        aside = np.stack([ahead[:, 1], -ahead[:, 0]], axis=1)  # to the animal's left, y down
        centre = np.stack([x, y], axis=1)
        places[:, number, 0] = centre
        places[:, number, 1] = centre + 20 * ahead
        places[:, number, 2] = centre + 14 * ahead + 5 * aside
        places[:, number, 3] = centre + 14 * ahead - 5 * aside
    places[10:15, 1] = places[30, 1] = np.nan
    places[:4, 2] = places[20:22, 2] = places[45:, 2] = np.nan
    return places


def mice(path):
    """(1800, 3, 12, 2) px of the real recording: nose first, tail base tenth."""
    import h5py

    with h5py.File(path) as file:
        values = np.asarray(file["df_with_missing/block0_values"], dtype=float)
    places = values.reshape(len(values), 3, 12, 2)
    return np.where((places == 0).all(axis=-1, keepdims=True), np.nan, places)


def measure(places, points, fps, frames=slice(None)):
    """What movement says about every animal's first point, and about pairs of animals."""
    import movement.kinematics as kin
    import xarray as xr

    names = ANIMALS[: places.shape[1]]
    whole = xr.DataArray(
        places.transpose(0, 3, 2, 1),
        dims=("time", "space", "keypoint", "individual"),
        coords={
            "time": np.arange(len(places)) / fps,
            "space": ["x", "y"],
            "keypoint": list(points),
            "individual": list(names),
        },
    )
    path = whole.sel(keypoint=points[0], drop=True)
    by_frame = {
        "velocity": kin.compute_velocity(path),
        "speed": kin.compute_speed(path),
        "acceleration": kin.compute_acceleration(path),
        "forward_displacement": kin.compute_forward_displacement(path),
        "turning_angle": kin.compute_turning_angle(path, in_degrees=True),
        "turning_angle_min_step": kin.compute_turning_angle(
            path, in_degrees=True, min_step_length=1.2
        ),
        "directional_change": kin.compute_directional_change(path, in_degrees=True),
        "path_deviation": kin.compute_path_deviation(path),
    }
    if "left_ear" in points:
        by_frame["head_direction"] = kin.compute_head_direction_vector(
            whole, "left_ear", "right_ear"
        )
    once = {
        "path_length_ffill": kin.compute_path_length(path, nan_policy="ffill"),
        "path_length_scale": kin.compute_path_length(path, nan_policy="scale"),
        "path_straightness": kin.compute_path_straightness(path),
        "path_straightness_scale": kin.compute_path_straightness(path, nan_policy="scale"),
    }
    pairs = kin.compute_pairwise_distances(path, dim="individual", pairs="all")
    found = {
        key: {name: plain(value.sel(individual=name).isel(time=frames)) for name in names}
        for key, value in by_frame.items()
    }
    found |= {
        key: {name: float(value.sel(individual=name)) for name in names}
        for key, value in once.items()
    }
    found["pairwise_distances"] = {
        key.removeprefix("dist_"): plain(value.isel(time=frames)) for key, value in pairs.items()
    }
    return found


def plain(values):
    """Nested lists with time first and None for missing."""
    first = values.transpose("time", ...).values
    return np.where(np.isfinite(first), first, None).tolist()


def main():
    """Write movement.json beside this file."""
    import movement

    warnings.simplefilter("ignore")
    found = {"movement": movement.__version__, "scene": measure(scene(), POINTS, FPS)}
    if len(sys.argv) > 1:
        points = ("nose", *(f"point{number}" for number in range(1, 12)))
        found["mice"] = measure(mice(sys.argv[1]), points, 30, MICE_FRAMES)
    Path(__file__).with_name("movement.json").write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
