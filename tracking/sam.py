"""The outline of the animal that was clicked on, by Meta's "segment anything" where it is there.

It needs the package `segment_anything` with torch, and a file of weights. The picture is looked at
once for each frame (seconds without a GPU); every further click on it is quick.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import threading
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from functools import lru_cache
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np

from tracking.box_mask import Box
from tracking.click_mask import Point, holding, largest
from tracking.errors import TrackingError
from tracking.networks.memory import give_back, is_lacking

MODELS = ("vit_b", "vit_l", "vit_h")
FILES = {
    "vit_b": "sam_vit_b_01ec64.pth (375 MB)",
    "vit_l": "sam_vit_l_0b3195.pth (1.2 GB)",
    "vit_h": "sam_vit_h_4b8939.pth (2.4 GB)",
}
KEPT = 4  # frames whose embedding is remembered; 4 MB each
KEPT_FILES = 200  # embeddings on disk, 2 MB each; the ones used longest ago go first
WHERE = "https://github.com/facebookresearch/segment-anything#model-checkpoints"
FrameKey = tuple[str, int]  # content hash of the video, frame


def is_installed() -> bool:
    """Whether the package and torch are there."""
    return all(importlib.util.find_spec(name) for name in ("segment_anything", "torch"))


class SamClicks:
    """One loaded model with what it has seen of the last frames; used by one click at a time."""

    def __init__(self, model: Any, name: str = "sam") -> None:
        from segment_anything import SamPredictor

        self._predictor = SamPredictor(model)
        self._name = name  # tells what models saw of a frame apart
        self._seen: OrderedDict[Hashable, tuple[Any, Any, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def propose(
        self,
        frame: np.ndarray,
        positive: Sequence[Point],
        negative: Sequence[Point] = (),
        key: FrameKey | None = None,
        *,
        box: Box | None = None,
        kept: Path | None = None,
    ) -> np.ndarray:
        """The (height, width) bool mask of the animal under the positive clicks, or in a box.

        ``frame`` is gray or RGB uint8. With the same ``key`` a frame is looked at only once; what
        was seen of it is kept in the folder ``kept`` where there is one.
        """
        if not positive and box is None:
            raise TrackingError("Click on the animal first, then beside it.")
        clicks = np.array([*positive, *negative], np.float32).reshape(-1, 2)
        labels = np.array([1] * len(positive) + [0] * len(negative), np.int32)
        prompts: dict[str, Any] = {"point_coords": None, "point_labels": None}
        if len(clicks):  # counted from a pixel's corner
            prompts = {"point_coords": clicks + 0.5, "point_labels": labels}
        if box is not None:
            prompts["box"] = np.array(box, np.float32) + 0.5
        with self._lock:
            masks, scores = self._ask(
                frame, key, kept, prompts | {"multimask_output": len(clicks) == 1 and box is None}
            )
        mask = np.asarray(masks[int(np.argmax(scores))], bool)
        found = holding(mask, positive) if positive else largest(mask)
        if found is None:
            raise TrackingError("No outline was found there. Click on the middle of the animal.")
        return found

    def _ask(
        self, frame: np.ndarray, key: FrameKey | None, kept: Path | None, prompts: dict[str, Any]
    ) -> tuple[Any, Any]:
        """The masks of the frame and their scores; TrackingError where memory does not suffice."""
        try:
            self._look(frame, key, kept)
            return tuple(self._predictor.predict(**prompts)[:2])
        except (RuntimeError, MemoryError) as error:
            if not is_lacking(error):
                raise
        self._seen.clear()
        give_back()
        raise TrackingError(
            f"The memory of {self._predictor.device} does not hold segment-anything with this "
            'picture: close what else uses it, or take model = "vit_b" with its weights.'
        )

    def _look(self, frame: np.ndarray, key: FrameKey | None, kept: Path | None) -> None:
        predictor = self._predictor
        if key is not None and key in self._seen:
            self._seen.move_to_end(key)
            predictor.features, predictor.original_size, predictor.input_size = self._seen[key]
            predictor.is_image_set = True
            return
        if key is None:
            predictor.set_image(_rgb(frame))
            return
        file = kept / f"{self._name}-{_plain(key[0])}-{key[1]}.npy" if kept is not None else None
        if file is None or not self._recall(frame, file):
            predictor.set_image(_rgb(frame))
            # halved, so that a frame looks the same when it is read from the file
            predictor.features = predictor.features.half().float()
            if file is not None:
                _keep(file, predictor.features.half().cpu().numpy())
        self._seen[key] = (predictor.features, predictor.original_size, predictor.input_size)
        while len(self._seen) > KEPT:
            self._seen.popitem(last=False)

    def _recall(self, frame: np.ndarray, file: Path) -> bool:
        """Take up what was seen of a frame before; False where nothing whole is kept."""
        import torch

        predictor = self._predictor
        encoder = predictor.model.image_encoder
        try:
            features = np.load(file, allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return False
        if features.ndim != 4 or features.dtype != np.float16:
            return False
        with contextlib.suppress(OSError):
            os.utime(file)
        size = (int(frame.shape[0]), int(frame.shape[1]))
        predictor.reset_image()
        predictor.features = torch.from_numpy(features).float().to(predictor.device)
        predictor.original_size = size
        predictor.input_size = predictor.transform.get_preprocess_shape(*size, encoder.img_size)
        predictor.is_image_set = True
        return True


def _rgb(frame: np.ndarray) -> np.ndarray:
    rgb = frame if frame.ndim == 3 else np.repeat(frame[:, :, None], 3, axis=2)
    return np.ascontiguousarray(rgb)


def _plain(text: str) -> str:
    """The letters and digits of a hash, as a file may be called."""
    return "".join(each for each in text if each.isalnum())[:40]


def _keep(file: Path, features: np.ndarray) -> None:
    """Write what was seen of a frame, and let the oldest go; without it a click is only slower."""
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f".{file.name}.{os.getpid()}")
        with draft.open("wb") as stream:
            np.save(stream, features, allow_pickle=False)
        draft.replace(file)
        known = sorted(file.parent.glob("*.npy"), key=lambda one: one.stat().st_mtime)
        for old in known[:-KEPT_FILES]:
            old.unlink(missing_ok=True)


@lru_cache(maxsize=1)
def loaded(weights: Path, model: str) -> SamClicks:
    """The model with its weights, on the GPU where torch can use one."""
    if not weights.is_file():
        raise TrackingError(
            f"There are no weights at {weights}. Get {FILES.get(model, model)} from {WHERE} and "
            'put it there, or name where it is: weights = "a file" under [segment_anything] in '
            "ethoscribe.toml."
        )
    import torch

    from tracking.networks.torchvision_parts import declare_missing

    declare_missing()
    from segment_anything import sam_model_registry

    try:
        sam = sam_model_registry[model]()
        sam.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    except (UnpicklingError, RuntimeError, OSError, EOFError, ValueError, TypeError) as error:
        told = f"{weights.name} holds no weights of {model}. Name the model they are of, or get "
        raise TrackingError(f"{told}them from {WHERE}") from error
    sam.eval()
    state = weights.stat()
    name = f"{model}-{state.st_size:x}-{state.st_mtime_ns:x}"
    with contextlib.suppress(torch.OutOfMemoryError):  # others use the GPU: then slower
        return SamClicks(sam.to("cuda" if torch.cuda.is_available() else "cpu"), name)
    give_back()
    return SamClicks(sam.to("cpu"), name)
