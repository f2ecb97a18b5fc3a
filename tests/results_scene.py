"""A small study whose every number is known: three animals, a gap, 29.97 frames/s, no scale."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
from storage_samples import add_tracked

from storage.bouts import save_bouts
from storage.metadata import save_metadata
from storage.regions import Region, save_region
from storage.study import open_study

FPS = Fraction(30000, 1001)
FRAMES = 90
STEP_S = float(1 / FPS)


def places() -> tuple[np.ndarray, np.ndarray]:
    """(frames, 3) px: animal1 goes right by 1 px a frame, animal2 sits, animal3 has a gap."""
    x, y = np.full((FRAMES, 3), 50.0), np.full((FRAMES, 3), 100.0)
    x[:, 0] = np.arange(FRAMES)
    y[:, 1], y[:, 2] = 200.0, 300.0
    x[30:60, 2] = y[30:60, 2] = np.nan
    return x, y


def make_study(folder: Path) -> Path:
    """Two videos: `clip` in px, `late` at 10 px/cm; groups, a region, bouts of two watchers."""
    study = folder / "study"
    x, y = places()
    with open_study(study, write=True, create=True) as opened:
        clip = add_tracked(opened, folder, x, y, name="clip", fps=FPS).video_id
        late = add_tracked(opened, folder, x, y, name="late", fps=FPS, px_per_cm=10).video_id
        save_region(opened, clip, Region("left", "rectangle", points=((0, 0), (49.5, 480))))
        scored = pd.DataFrame(
            [("animal1", None, 10, 20, "rear", "state"), ("animal1", "animal2", 30, 45, "chase",
             "state"), ("animal3", None, 5, 5, "peck", "point"), ("animal1", None, 50, 60, "rear",
             "state")],
            columns=["subject", "target", "start_frame", "stop_frame", "behaviour", "kind"],
        )  # fmt: skip
        save_bouts(opened, clip, scored, source="person", annotator="Ada")
        rest = pd.DataFrame({"subject": ["animal2"], "start_frame": [0], "stop_frame": [45]})
        save_bouts(opened, clip, rest, behaviour="rest", definition="slower than 1 px/s")
        nothing = rest.iloc[:0]
        save_bouts(opened, late, nothing, behaviour="rear", source="person", annotator="Ada")
        rows = [
            (video, f"animal{k + 1}", group, cage)
            for video, cage in (("clip", "c1"), ("late", "c2"))
            for k, group in enumerate(("drug", "drug", "vehicle"))
        ]
        columns = ["video", "animal", "treatment", "cage"]
        save_metadata(opened, pd.DataFrame(rows, columns=columns))
    return study
