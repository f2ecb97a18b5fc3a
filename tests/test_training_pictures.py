"""The pictures that an epoch of training shows: their shapes, and how many are composites."""

import json
from pathlib import Path

import numpy as np
import pytest

from tracking.networks.samples import Sample, place
from tracking.networks.teaching import training
from tracking.networks.teaching.plans import Material, TrainingSettings
from tracking.networks.teaching.training import composing_of, prepare


def frame(number: int, height: int = 60, width: int = 80) -> Sample:
    """A dark animal of a tenth of the frame on noise."""
    rng = np.random.default_rng(number)
    image = rng.integers(150, 160, (height, width)).astype(np.uint8)
    mask = np.zeros((height, width), np.uint8)
    x0 = width // 10 * (1 + number % 6)
    mask[height // 3 : height // 2, x0 : x0 + width // 5] = 1
    image[mask > 0] = 40
    return Sample(image, [place(mask)], [0], ("a.mp4", number))


def prepared(folder: Path, frames: list[Sample], settings: TrainingSettings) -> tuple[dict, list]:
    """What is recorded of the pictures, and what was said."""
    folder.mkdir(exist_ok=True)
    said: list[str] = []
    listener = training.Listener(on_note=said.append)
    prepare(Material(frames, frames[-1:], ("mouse",)), settings, folder, listener)
    return json.loads((folder / training.DONE).read_text()), said


def test_composites_of_large_frames_have_the_shape_of_the_frames(tmp_path: Path) -> None:
    # wider than the 1280 px to which composites are reduced
    frames = [frame(k, 720, 1440) for k in range(3)]
    told, _ = prepared(tmp_path, frames, TrainingSettings(image_px=96, pictures=6))
    assert told["composites"] > 0
    assert told["one_shape"] is True
    other = [*frames, frame(3, 720, 720)]
    alone = TrainingSettings(image_px=96, pictures=4, composites=False)
    told, _ = prepared(tmp_path / "other", other, alone)
    assert told["one_shape"] is False


@pytest.mark.parametrize(("image_px", "longest"), [(320, 1280), (1280, 1280), (1920, 1920)])
def test_composites_are_no_smaller_than_what_the_network_sees(image_px: int, longest: int) -> None:
    assert composing_of(TrainingSettings(image_px=image_px)).longest_px == longest


def test_where_frames_fill_an_epoch_it_is_said_that_there_are_no_composites(tmp_path: Path) -> None:
    frames = [frame(k) for k in range(6)]
    told, said = prepared(tmp_path / "few", frames, TrainingSettings(image_px=96, pictures=9))
    assert (told["pictures"], told["composites"], said) == (9, 3, [])
    told, said = prepared(tmp_path / "many", frames, TrainingSettings(image_px=96, pictures=6))
    assert (told["pictures"], told["composites"]) == (6, 0)
    assert said == [
        "The 6 frames fill the 6 pictures of an epoch: no composites are made. --pictures asks "
        "for more."
    ]
    alone = TrainingSettings(image_px=96, pictures=6, composites=False)
    assert prepared(tmp_path / "alone", frames, alone)[1] == []  # none were asked for
