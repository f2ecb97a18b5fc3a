"""Average precision against the reference implementation of COCO's evaluation."""

import numpy as np
import pytest
from required import required

from tracking.networks.teaching.judging import Shape, in_contact, judge

required("pycocotools")

SIZE = (60, 80)


def random_shape(rng: np.random.Generator, kind: int, score: float = 1.0) -> Shape:
    height, width = (int(one) for one in rng.integers(4, 24, 2))
    mask = (rng.random((height, width)) < 0.9).astype(np.uint8)
    mask[0, 0] = 1
    x0, y0 = int(rng.integers(0, SIZE[1] - width)), int(rng.integers(0, SIZE[0] - height))
    return Shape(mask, x0, y0, kind, score)


def moved(shape: Shape, rng: np.random.Generator) -> Shape:
    dx, dy = (int(one) for one in rng.integers(-3, 4, 2))
    x0 = int(np.clip(shape.x0 + dx, 0, SIZE[1] - shape.mask.shape[1]))
    y0 = int(np.clip(shape.y0 + dy, 0, SIZE[0] - shape.mask.shape[0]))
    # few scores, so that many are equal
    return shape._replace(x0=x0, y0=y0, score=float(rng.integers(1, 8)) / 8)


def full(shape: Shape) -> np.ndarray:
    image = np.zeros(SIZE, np.uint8)
    height, width = shape.mask.shape
    image[shape.y0 : shape.y0 + height, shape.x0 : shape.x0 + width] = shape.mask
    return image


def coco(truth: list[list[Shape]], guesses: list[list[Shape]]) -> tuple[float, float]:
    """AP50 and AP50-95 by pycocotools."""
    from pycocotools import mask as rle
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def record(shape: Shape, image: int) -> dict:
        runs = rle.encode(np.asfortranarray(full(shape)))
        return {"image_id": image, "category_id": shape.kind + 1, "segmentation": runs}

    marks = [
        {**record(one, k), "id": 1 + 100 * k + i, "iscrowd": 0, "area": int(full(one).sum()),
         "bbox": [0, 0, 1, 1]}
        for k, shapes in enumerate(truth)
        for i, one in enumerate(shapes)
    ]  # fmt: skip
    known = COCO()
    known.dataset = {
        "images": [{"id": k, "height": SIZE[0], "width": SIZE[1]} for k in range(len(truth))],
        "categories": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}], "annotations": marks,
    }  # fmt: skip
    known.createIndex()
    rows = [
        {**record(one, k), "score": one.score} for k, shapes in enumerate(guesses) for one in shapes
    ]
    judged = COCOeval(known, known.loadRes(rows), "segm")
    judged.evaluate()
    judged.accumulate()
    judged.summarize()
    return float(judged.stats[1]), float(judged.stats[0])


@pytest.mark.parametrize("seed", range(4))
def test_average_precision_is_that_of_pycocotools(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, guesses = [], []
    for _ in range(12):
        shapes = [random_shape(rng, int(rng.integers(2))) for _ in range(int(rng.integers(5)))]
        truth.append(shapes)
        found = [moved(one, rng) for one in shapes if rng.random() < 0.8]
        found += [random_shape(rng, int(rng.integers(2)), 0.5) for _ in range(int(rng.integers(3)))]
        guesses.append(found)
    ours = judge(truth, guesses)
    assert (ours.ap50, ours.ap) == pytest.approx(coco(truth, guesses), abs=1e-12)
    close = [k for k, shapes in enumerate(truth) if in_contact(shapes)]
    subset = coco([truth[k] for k in close], [guesses[k] for k in close])
    assert (ours.contact_ap50, ours.contact_ap) == pytest.approx(subset, abs=1e-12)
