"""A small recording whose answers are known by heart, for examples in help and tests."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from llm_query.columns import as_bytes
from llm_query.geometry import Region
from llm_query.recording import Recording


def example_recording() -> Recording:
    """Three animals on 6 seconds at 30 frames/s, calibrated at 10 px/cm, in a box of 50 x 40 cm.

    animal1 starts at x = 5 cm, y = 20 cm, goes right at 10 cm/s for 3 s and then stays at
    x = 35 cm. animal2 sits at x = 39 cm, y = 20 cm. animal3 sits at x = 25 cm, y = 35 cm and is not
    seen from second 2 to second 4. All are 4 cm long; animal1 looks right, animal2 left,
    animal3 up. The region "corner" covers x from 30 to 50 cm and y from 0 to 40 cm; the point
    "feeder" is at x = 45 cm, y = 20 cm; "box" is the arena.
    """
    time_s = np.arange(180) / 30
    walk = np.column_stack([50 + 100 * np.minimum(time_s, 3), np.full(180, 200.0)])
    sit = np.tile([390.0, 200.0], (180, 1))
    away = np.tile([250.0, 350.0], (180, 1))
    away[60:120] = np.nan
    return Recording.synthetic(
        {"animal1": walk, "animal2": sit, "animal3": away},
        px_per_cm=10,
        length=40,
        heading_deg={
            "animal1": np.zeros(180),
            "animal2": np.full(180, 180.0),
            "animal3": np.where(np.isfinite(away[:, 0]), 90.0, np.nan),
        },
        regions=[
            Region("corner", "rectangle", np.array([[300, 0], [500, 400]])),
            Region("feeder", "point", np.array([[450, 200]]), "object"),
            Region("box", "rectangle", np.array([[0, 0], [500, 400]]), "arena"),
        ],
    )


def write_example(folder: Path) -> Path:
    """Write the smallest snapshot there is: one animal, seen in two frames."""
    folder.mkdir(parents=True)
    about = {
        "video": "example", "fps_num": 30, "fps_den": 1, "n_frames": 2, "duration_s": 2 / 30,
        "animals": [{"animal_id": 1, "name": "animal1"}],
    }  # fmt: skip
    (folder / "recording.json").write_text(json.dumps(about), encoding="utf-8")
    frame = np.arange(2)
    tables = {
        "time_s": {"frame": frame, "time_s": frame / 30},
        "tracks": {"frame": frame, "animal_id": frame * 0 + 1, "x_px": frame * 1.0,
                   "y_px": frame * 1.0},
    }  # fmt: skip
    for name, columns in tables.items():
        (folder / f"{name}.arrow").write_bytes(as_bytes(columns))
    return folder
