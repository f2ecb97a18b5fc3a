"""The outline of the animal that was clicked on, by Meta's "segment anything" where it is there.

It needs the package `segment_anything` with torch, and a file of weights. The picture is looked at
once for each frame (seconds without a GPU); every further click on it is quick.
"""

from __future__ import annotations

import importlib.util
import threading
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from functools import lru_cache
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np

from tracking.click_mask import Point, holding
from tracking.errors import TrackingError

MODELS = ("vit_b", "vit_l", "vit_h")
KEPT = 4  # frames whose embedding is remembered; 4 MB each
WHERE = "https://github.com/facebookresearch/segment-anything#model-checkpoints"


def is_installed() -> bool:
    """Whether the package and torch are there."""
    return all(importlib.util.find_spec(name) for name in ("segment_anything", "torch"))


class SamClicks:
    """One loaded model with what it has seen of the last frames; used by one click at a time."""

    def __init__(self, model: Any) -> None:
        from segment_anything import SamPredictor

        self._predictor = SamPredictor(model)
        self._seen: OrderedDict[Hashable, tuple[Any, Any, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def propose(
        self,
        frame: np.ndarray,
        positive: Sequence[Point],
        negative: Sequence[Point] = (),
        key: Hashable | None = None,
    ) -> np.ndarray:
        """The (height, width) bool mask of the animal under the positive clicks.

        ``frame`` is gray or RGB uint8. With the same ``key`` a frame is looked at only once.
        """
        if not positive:
            raise TrackingError("Click on the animal first, then beside it.")
        clicks = np.array([*positive, *negative], np.float32) + 0.5  # counted from a pixel's corner
        labels = np.array([1] * len(positive) + [0] * len(negative), np.int32)
        with self._lock:
            self._look(frame, key)
            masks, scores, _ = self._predictor.predict(
                point_coords=clicks, point_labels=labels, multimask_output=len(clicks) == 1
            )
        found = holding(np.asarray(masks[int(np.argmax(scores))], bool), positive)
        if found is None:
            raise TrackingError("No outline was found there. Click on the middle of the animal.")
        return found

    def _look(self, frame: np.ndarray, key: Hashable | None) -> None:
        predictor = self._predictor
        if key is not None and key in self._seen:
            self._seen.move_to_end(key)
            predictor.features, predictor.original_size, predictor.input_size = self._seen[key]
            predictor.is_image_set = True
            return
        rgb = frame if frame.ndim == 3 else np.repeat(frame[:, :, None], 3, axis=2)
        predictor.set_image(np.ascontiguousarray(rgb))
        if key is not None:
            self._seen[key] = (predictor.features, predictor.original_size, predictor.input_size)
            while len(self._seen) > KEPT:
                self._seen.popitem(last=False)


@lru_cache(maxsize=1)
def loaded(weights: Path, model: str) -> SamClicks:
    """The model with its weights, on the GPU where torch can use one."""
    import torch
    from segment_anything import sam_model_registry

    if not weights.is_file():
        raise TrackingError(f"There are no weights at {weights}. Get them from {WHERE}")
    try:
        sam = sam_model_registry[model]()
        sam.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    except (UnpicklingError, RuntimeError, OSError, EOFError, ValueError, TypeError) as error:
        told = f"{weights.name} holds no weights of {model}. Name the model they are of, or get "
        raise TrackingError(f"{told}them from {WHERE}") from error
    sam.eval()
    return SamClicks(sam.to("cuda" if torch.cuda.is_available() else "cpu"))
