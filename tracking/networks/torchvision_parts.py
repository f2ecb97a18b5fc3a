"""Let torchvision be imported beside a torch that its compiled part was not built for.

The published torchvision is built for CUDA. Beside a torch for the CPU alone that part does not
load, and `import torchvision` stops at an operator that is not there. Declared here, in plain
torch, it is enough for ultralytics and segment-anything, which need no other.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

_declared: list[Any] = []  # a library is gone when nobody holds it


def declare_missing() -> None:
    """Declare the operators, where torch is for the CPU alone and the compiled part cannot load."""
    import torch

    found = importlib.util.find_spec("torchvision")
    if _declared or found is None or not found.submodule_search_locations:
        return
    if torch.version.cuda or getattr(torch.version, "hip", None) or _loads(found):
        return
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.impl(name, _kept, "CompositeExplicitAutograd")
    _declared.append(library)
    import torchvision.extension

    torchvision.extension._has_ops = lambda: True


def _loads(found: Any) -> bool:
    """Whether torchvision's compiled part loads."""
    import torch

    for folder in found.submodule_search_locations:
        for file in (*Path(folder).glob("_C*.so"), *Path(folder).glob("_C*.pyd")):
            try:
                torch.ops.load_library(str(file))
            except (OSError, RuntimeError):
                continue
            return True
    return False


def _kept(dets: Any, scores: Any, iou_threshold: float) -> Any:
    """Which boxes stay when each takes away those of lower score that overlap it, (k,) int64.

    Boxes are (n, 4): x0, y0, x1, y1. Greedy non-maximum suppression, as torchvision defines it.
    """
    import torch

    order = scores.argsort(descending=True, stable=True)
    boxes = dets.float()[order]
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    free = torch.ones(len(boxes), dtype=torch.bool, device=dets.device)
    kept = []
    for k in range(len(boxes)):
        if not free[k]:
            continue
        kept.append(k)
        low = torch.maximum(boxes[k, :2], boxes[k + 1 :, :2])
        high = torch.minimum(boxes[k, 2:], boxes[k + 1 :, 2:])
        shared = (high - low).clamp(min=0).prod(1)
        union = area[k] + area[k + 1 :] - shared
        free[k + 1 :] &= ~(shared > iou_threshold * union)
    return order[torch.tensor(kept, dtype=torch.int64, device=dets.device)]
