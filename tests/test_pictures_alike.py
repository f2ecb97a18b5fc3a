"""A network is shown the same picture of a frame when it learns and when it tracks."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tracking.networks.pictures import fit, pictures
from tracking.networks.samples import Sample
from tracking.networks.teaching.dataset import write_dataset


@pytest.mark.parametrize(
    ("shape", "image_px"),
    [((768, 1024), 320), ((768, 1024), 640), ((1080, 1920), 320), ((240, 320), 640),
     ((480, 640), 640), ((1, 1000), 320)],
)  # fmt: skip
def test_learning_and_tracking_show_the_same_picture(
    shape: tuple[int, int], image_px: int, tmp_path: Path
) -> None:
    frame = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    write_dataset(tmp_path, [Sample(frame)], [Sample(frame)], ("mouse",), image_px)
    learned = cv2.imread(str(tmp_path / "images" / "train" / "000000.png"), cv2.IMREAD_GRAYSCALE)
    how = fit(shape, image_px)
    rows, columns = (slice(a, a + n) for a, n in zip((how.top, how.left), how.inner, strict=True))
    assert (learned == pictures([frame], how)[0, rows, columns]).all()
