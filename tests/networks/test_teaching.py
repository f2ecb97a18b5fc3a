"""What ultralytics is told is what is recorded, and what went wrong is told apart."""

import pickle
import subprocess
import sys
import weakref
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from required import required

required("torch")

from tracking.errors import TrackingError  # noqa: E402
from tracking.networks import door  # noqa: E402
from tracking.networks.running import choices  # noqa: E402
from tracking.networks.samples import Sample, place  # noqa: E402
from tracking.networks.teaching import lessons, training  # noqa: E402
from tracking.networks.teaching.dataset import write_dataset  # noqa: E402
from tracking.networks.teaching.lessons import DeviceMemoryError, Lesson  # noqa: E402
from tracking.networks.teaching.plans import TrainingSettings  # noqa: E402

HERE = Path()


@pytest.mark.parametrize("able", [True, False])
@pytest.mark.parametrize("device", ["cpu", "mps", "cuda:0", "cuda:1"])
@pytest.mark.parametrize("asked", ["auto", "full", "half"])
def test_the_recorded_precision_is_the_one_that_training_counts_in(
    able: bool, device: str, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(choices, "device_for", lambda device: device)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: able)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: able)
    settings = TrainingSettings(device=device, precision=asked).resolved()
    lesson = training._lesson("yolo11n-seg.yaml", settings, True)
    told = lessons._overrides(HERE, lesson, HERE)["amp"]
    halved = able and asked != "full" and device.startswith("cuda")
    assert settings.precision == ("half" if halved else "full")
    assert told == ("bf16" if halved else False)


@pytest.mark.parametrize(
    "words",
    [
        "CUDA out of memory. Tried to allocate 2.00 GiB",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "[enforce fail at alloc_cpu.cpp:117] . DefaultCPUAllocator: can't allocate memory",
        "MPS backend out of memory (MPS allocated: 9 GB)",
        "std::bad_alloc",
    ],
)
def test_a_batch_that_does_not_fit_leaves_its_memory_to_a_smaller_one(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[weakref.ref[Any]] = []

    class Trainer:
        batch_size = 8

        def __init__(self, overrides: dict[str, Any]) -> None:
            self.itself = self  # as trainers are: only collecting garbage frees it
            made.append(weakref.ref(self))

        def add_callback(self, *_: Any) -> None:
            pass

        def train(self) -> None:
            raise RuntimeError(words)

    monkeypatch.setattr(door, "trainer_class", lambda: Trainer)
    with pytest.raises(DeviceMemoryError, match="8 pictures of 64 px do not fit") as told:
        lessons.train(tmp_path, Lesson("yolo11n-seg.yaml", image_px=64), print, tmp_path)
    assert told.value.__cause__ is None and made[0]() is None


@pytest.mark.parametrize(
    ("device", "cores", "shared", "expected"),
    [
        ("cpu", 16, 2**34, 0), ("mps", 16, 2**34, 0), ("cuda:0", 16, 2**34, 8),
        ("cuda:0", 4, 2**34, 3), ("cuda:0", 1, 2**34, 0), ("cuda:1", 16, 2**26, 0),
    ],
)  # fmt: skip
def test_pictures_for_a_gpu_are_loaded_by_processes_of_their_own(
    device: str, cores: int, shared: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lessons.os, "cpu_count", lambda: cores)
    monkeypatch.setattr(lessons.Path, "is_dir", lambda _: True)
    monkeypatch.setattr(lessons.shutil, "disk_usage", lambda _: SimpleNamespace(free=shared))
    lesson = training._lesson("yolo11n-seg.yaml", TrainingSettings(device=device), True)
    assert lessons._overrides(HERE, lesson, HERE)["workers"] == expected
    chosen = lessons._overrides(HERE, replace(lesson, workers=2), HERE)
    assert chosen["workers"] == 2


def test_ultralytics_is_given_masks_as_large_as_they_were_labelled(tmp_path: Path) -> None:
    full = np.zeros((240, 320), np.uint8)
    cv2.ellipse(full, ((150.0, 120.0), (92.0, 41.0), 30.0), 1, -1)
    sample = Sample(np.full((240, 320), 90, np.uint8), [place(full)], [0])
    file = write_dataset(tmp_path, [sample], [sample], ["mouse"], 160)
    told = lessons._overrides(file, Lesson("yolo11n-seg.yaml", image_px=160), tmp_path / "work")
    trainer = door.trainer_class()(overrides=told)
    trainer.model = SimpleNamespace(stride=np.array([32]))  # of which only this is asked
    made = trainer.build_dataset(str(tmp_path / "images" / "val"), mode="val", batch=1)
    again = pickle.loads(pickle.dumps(made))  # as another process gets it
    for data in (made, again):
        (cells,) = data[0]["masks"].numpy()
        assert cells.sum() * 64 == pytest.approx(full.sum(), rel=0.01)
        assert ((cells > 0) & (cells < 1)).any()  # shares of the cells at the edge
    code = (
        "import pickle, sys\n"
        "pickle.load(open(sys.argv[1], 'rb'))\n"
        "from ultralytics.data import augment\n"
        "print(augment.polygons2masks.__module__)"
    )
    (tmp_path / "made.pickle").write_bytes(pickle.dumps(made))
    said = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "made.pickle")],
        capture_output=True, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert said.stdout.strip() == "tracking.networks.teaching.targets", said.stderr


def test_a_checkpoint_is_whole_or_that_of_the_epoch_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = door.trainer_class()
    trainer = object.__new__(kind)
    trainer.best, trainer.last = tmp_path / "best.pt", tmp_path / "last.pt"
    for file in (trainer.best, trainer.last):
        file.write_bytes(b"before")

    def killed(self: Any) -> None:
        self.last.write_bytes(b"ha")
        self.best.write_bytes(b"ha")
        raise KeyboardInterrupt

    monkeypatch.setattr(kind.__mro__[1], "save_model", killed)
    with pytest.raises(KeyboardInterrupt):
        trainer.save_model()
    assert [one.read_bytes() for one in (trainer.best, trainer.last)] == [b"before"] * 2
    monkeypatch.setattr(kind.__mro__[1], "save_model", lambda self: self.last.write_bytes(b"after"))
    trainer.save_model()  # an epoch that is not the best
    assert (trainer.best.read_bytes(), trainer.last.read_bytes()) == (b"before", b"after")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["best.pt", "last.pt"]


def test_a_damaged_checkpoint_says_how_to_keep_what_there_is(taught: Path, tmp_path: Path) -> None:
    whole = (taught / "weights" / "last.pt").read_bytes()
    damaged = tmp_path / "last.pt"
    assert not door.is_over(damaged)  # nothing was learned yet
    damaged.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TrackingError, match=r"last\.pt is damaged: --finish keeps the best"):
        door.is_over(damaged)
