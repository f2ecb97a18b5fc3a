"""What ultralytics is told is what is recorded, and what went wrong is told apart."""

from pathlib import Path

import pytest
from required import required

required("torch")

from tracking.networks import running, teaching, training  # noqa: E402
from tracking.networks.training import TrainingSettings  # noqa: E402

HERE = Path()


@pytest.mark.parametrize("able", [True, False])
@pytest.mark.parametrize("device", ["cpu", "mps", "cuda:0", "cuda:1"])
@pytest.mark.parametrize("asked", ["auto", "full", "half"])
def test_the_recorded_precision_is_the_one_that_training_counts_in(
    able: bool, device: str, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(running, "device_for", lambda device: device)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: able)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: able)
    settings = TrainingSettings(device=device, precision=asked).resolved()
    lesson = training._lesson("yolo11n-seg.yaml", settings, True)
    told = teaching._overrides(HERE, lesson, HERE)["amp"]
    halved = able and asked != "full" and device.startswith("cuda")
    assert settings.precision == ("half" if halved else "full")
    assert told == ("bf16" if halved else False)
