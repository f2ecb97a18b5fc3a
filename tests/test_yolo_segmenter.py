"""The segmenter around a network: memory, batches, borders, and files that cannot serve.

The network is a stand-in that finds what is dark, so that nothing has to be installed.
"""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from test_network_masks import blob, numbers, whole

import app.jobs.network_work as network_work
from app.jobs.network_work import Way
from tracking.errors import TrackingError
from tracking.networks.pictures import fit
from tracking.networks.running.choices import Choice, device_for
from tracking.networks.running.fitting import check_classes, fit_network, same_masks
from tracking.networks.running.runtimes import DeviceFull
from tracking.networks.running.settings import NetworkSettings
from tracking.networks.weights import Weights, describe
from tracking.yolo import YoloSegmenter

SIZE = (240, 320)


def weights(**more) -> Weights:
    known = {
        "path": Path("dark.onnx"), "kind": "onnx", "classes": ("dark",), "image_px": 320,
        "stride": 32, "fixed": None, "fixed_batch": None, "end_to_end": False, "sha256": "0" * 64,
    }  # fmt: skip
    return Weights(**known | more)


class Dark:
    """A network that gives every dark blob, as long as it has room for the batch."""

    def __init__(self, room: int = 100) -> None:
        self.room, self.batches = room, []

    def submit(self, pictures):
        self.batches.append(len(pictures))
        if len(pictures) > self.room:
            raise DeviceFull(f"no room for {len(pictures)}")
        return pictures

    def result(self, pictures):
        made, how = [], fit(SIZE, 320)
        for picture in pictures:
            frame = picture[how.top : how.top + how.inner[0]]
            n, labels = cv2.connectedComponents((frame < 60).astype(np.uint8))
            masks = [(labels == k).astype(np.uint8) for k in range(1, n)]
            made.append(numbers(masks, how))
        columns = max(rows.shape[1] for rows, _ in made)
        rows = [np.pad(rows, ((0, 0), (0, columns - rows.shape[1]))) for rows, _ in made]
        return np.stack(rows), np.stack([prototypes for _, prototypes in made])


def frames(number: int, per_frame: int = 2) -> list[np.ndarray]:
    """Dark animals on a light floor, a little further on in every frame."""
    made = []
    for k in range(number):
        image = np.full(SIZE, 170, np.uint8)
        for a in range(per_frame):
            image[blob(SIZE, 60 + 3 * k + 90 * a, 70 + 40 * a, 60, 30, 10 * k) > 0] = 30
        made.append(image)
    return made


def segmenter(network: Dark, device: str = "cuda:0", where=None, **more) -> YoloSegmenter:
    choice = Choice(weights(**more), "torch", device, "float32")
    return YoloSegmenter(choice, NetworkSettings(), where, network)


def test_where_memory_does_not_suffice_the_batch_is_halved_and_that_is_said():
    images = frames(16)
    roomy, narrow = Dark(), Dark(room=5)
    one, other = segmenter(roomy), segmenter(narrow)
    found, again = one.find(images), other.find(images)
    assert all(same_masks(a, b) for a, b in zip(found, again, strict=True))
    assert one.notes == [] and narrow.batches == [16, 8, 4, 4, 4, 4]
    assert other.notes == [
        "The memory of cuda:0 was too small for 16 pictures at once: 8 at a time were taken.",
        "The memory of cuda:0 was too small for 8 pictures at once: 4 at a time were taken.",
    ]


def test_where_not_even_one_picture_fits_there_is_one_clear_line():
    with pytest.raises(TrackingError, match=r"does not hold one picture.*--device cpu.*is kept"):
        segmenter(Dark(room=0)).find(frames(3))


def test_memory_that_runs_out_amid_a_batch_loses_no_frame():
    class Later(Dark):
        def result(self, pictures):
            if len(pictures) > 2 and len(self.batches) > 1:
                raise DeviceFull("later")
            return super().result(pictures)

    images = frames(7)
    found = segmenter(Later()).find(images)
    expected = segmenter(Dark()).find(images)
    assert len(found) == 7
    assert all(same_masks(a, b) for a, b in zip(found, expected, strict=True))


def test_a_network_of_fixed_size_gets_full_batches_and_answers_for_the_frames_alone():
    network = Dark()
    found = segmenter(network, fixed_batch=4).find(frames(6))
    assert network.batches == [4, 4] and [len(one) for one in found] == [2] * 6


def test_animals_are_cut_where_none_can_be():
    where = np.zeros(SIZE, bool)
    where[:, :160] = True
    image = np.full(SIZE, 170, np.uint8)
    animal = blob(SIZE, 155, 120, 60, 30, 0)
    image[animal > 0] = 30
    image[blob(SIZE, 250, 60, 60, 30, 0) > 0] = 30
    (only,) = segmenter(Dark(), where=where).find([image])[0]
    assert only.x0 + only.mask.shape[1] == 160
    assert abs(int(only.mask.sum()) - np.count_nonzero(animal & where)) < 30


def test_settings_are_fitted_to_the_number_of_animals():
    stack = np.stack(frames(8))
    segmenter_class = YoloSegmenter

    def made(choice, settings, where=None):
        return segmenter_class(choice, settings, where, Dark())

    from tracking.networks.running import fitting

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "YoloSegmenter", made)
        tuning = fit_network(Choice(weights(), "torch", "cuda:0", "float32"), stack, 2, {})
    area = float(np.count_nonzero(blob(SIZE, 60, 70, 60, 30, 0)))
    # the surer of both is at 0.9, the other at 0.8: all from 0.05 to 0.8 are right
    assert tuning.settings.confidence == pytest.approx(0.4, abs=0.051)
    assert tuning.settings.typical_area_px == pytest.approx(area, rel=0.03)
    assert tuning.settings.typical_length_px == pytest.approx(60, rel=0.04)
    assert (tuning.score, tuning.most_seen, tuning.settings.most) == (1.0, 2, 3)


def test_a_network_of_many_kinds_of_things_needs_to_be_told_which_are_animals():
    many = Choice(weights(classes=tuple(f"thing{k}" for k in range(80))), "torch", "cpu", "float32")
    with pytest.raises(TrackingError, match=r"knows 80 classes \(thing0, .*--set classes="):
        check_classes(many, {})
    check_classes(many, {"classes": "thing3"})


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.pt", None, r"no weights at .*none\.pt.*ethoscribe train"),
        ("empty.onnx", b"", r"empty\.onnx is empty \(0 bytes\)"),
        ("notes.txt", b"x", r"notes\.txt is no file of weights: they end in \.pt"),
        ("half.xml", b"<net/>", r"half\.xml needs half\.bin beside it"),
    ],
)
def test_a_file_that_is_no_network_is_refused_in_a_line(tmp_path, name, content, words):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(TrackingError, match=words):
        describe(tmp_path / name)


def test_an_unknown_device_is_refused_in_a_line():
    for wrong in ("gpu", "cpu:1", "cuda:x"):
        with pytest.raises(TrackingError, match="auto, cpu, cuda"):
            device_for(wrong)


def test_without_the_extra_choosing_yolo_says_what_to_install(monkeypatch):
    monkeypatch.setattr(network_work, "installed", lambda: [])
    with pytest.raises(network_work.AppError) as refused:
        Way("yolo", "mice.onnx").check()
    (line,) = str(refused.value).splitlines()
    assert "pip install 'ethoscribe[onnx]'" in line and "ethoscribe[models]" in line


def test_tracking_and_its_pages_need_no_network():
    code = (
        "import sys, app.jobs.tracking_job, app.doctor, tracking.yolo\n"
        "heavy = {'torch', 'ultralytics', 'onnxruntime', 'openvino'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


def test_masks_that_differ_are_told_from_masks_that_agree():
    one = segmenter(Dark()).find(frames(1))[0]
    other = segmenter(Dark()).find(frames(2))[1]
    assert same_masks(one, one) and not same_masks(one, other) and not same_masks(one, one[:1])
    assert whole(one[0], SIZE).sum() == one[0].mask.sum()
