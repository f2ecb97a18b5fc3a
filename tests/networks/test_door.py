"""The door to ultralytics: nothing goes out, nothing is installed, nothing else is changed."""

import json
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from required import required

required("torch")
required("lap")

from tracking.errors import TrackingError  # noqa: E402
from tracking.networks import door  # noqa: E402
from tracking.networks.weights import describe  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


def test_training_exporting_and_running_reach_for_no_network(taught: Path) -> None:
    told = json.loads((taught / "attempts.json").read_text())
    assert told == {"attempts": [], "epochs": [1]}
    assert (taught / "said.txt").read_text() == ""  # nor does anything print


def test_only_the_door_imports_ultralytics() -> None:
    for file in [*ROOT.glob("app/**/*.py"), *ROOT.glob("tracking/**/*.py")]:
        lines = [line.split() for line in file.read_text(encoding="utf-8").splitlines()]
        imported = [one[1] for one in lines if len(one) > 1 and one[0] in ("import", "from")]
        if any(name.partition(".")[0] == "ultralytics" for name in imported):
            assert file.name == "door.py"


def test_what_ultralytics_changes_elsewhere_is_put_back() -> None:
    code = (
        "import cv2, numpy, sys\n"
        "from PIL import Image\n"
        "cv2.setNumThreads(1)\n"
        "def seen(): return (cv2.imread, cv2.imwrite, Image.open, numpy.get_printoptions(),\n"
        "                    cv2.getNumThreads())\n"
        "before = seen()\n"
        "from tracking.networks import door\n"
        "door.prepare(1)\n"
        "after = seen()\n"
        "from ultralytics.utils import ONLINE, SETTINGS\n"
        "from ultralytics.utils.events import events\n"
        "import torch\n"
        "assert before == after, (before, after)\n"
        "assert not (ONLINE or events.enabled or any(SETTINGS[k] for k in door.SHARING))\n"
        "assert torch.get_num_threads() == 1\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert (ended.returncode, ended.stdout) == (0, ""), ended.stderr


def test_networks_of_both_families_can_be_begun_from_random_weights() -> None:
    known = door.architectures()
    assert {"yolo11n-seg.yaml", "yolo11x-seg.yaml", "yolo26n-seg.yaml"} <= set(known)
    assert known[-1].startswith("yolo26") or known[-1] > "yolo26"  # the newest comes last
    assert door.published()["yolo11n-seg.pt"].startswith("https://github.com/ultralytics/assets/")


class Harmful:
    """What a file of weights may hold: code that is run when it is read."""

    def __reduce__(self):  # type: ignore[no-untyped-def]
        return Path.touch, (Path("harm.txt"),)


def test_code_in_a_file_of_weights_is_not_run(tmp_path: Path, monkeypatch) -> None:
    import torch

    monkeypatch.chdir(tmp_path)
    torch.save({"model": Harmful()}, tmp_path / "bad.pt")
    (tmp_path / "worse.pt").write_bytes(pickle.dumps(Harmful()))
    for name in ("bad.pt", "worse.pt"):
        with pytest.raises(TrackingError, match=f"{name} is damaged, or holds no network"):
            describe(tmp_path / name)
    assert not (tmp_path / "harm.txt").exists()


def test_damaged_weights_are_refused_in_a_line(taught: Path, tmp_path: Path) -> None:
    whole = (taught / "weights" / "best.pt").read_bytes()
    for name, content in (("half.pt", whole[: len(whole) // 2]), ("text.pt", b"weights\n" * 99)):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(TrackingError, match=f"{name} is damaged") as refused:
            describe(tmp_path / name)
        assert "\n" not in str(refused.value)


def test_a_network_that_finds_boxes_alone_is_refused(tmp_path: Path) -> None:
    import torch

    door.prepare(1)
    from ultralytics.nn.tasks import DetectionModel

    model = DetectionModel("yolo11n.yaml", nc=1, verbose=False)
    model.task = "detect"
    torch.save({"model": model.half(), "train_args": {}}, tmp_path / "boxes.pt")
    with pytest.raises(TrackingError, match=r"boxes\.pt finds boxes, not outlines.*-seg"):
        describe(tmp_path / "boxes.pt")


def test_boxes_that_overlap_are_taken_away_as_torchvision_does() -> None:
    import torch

    door.prepare(1)
    import torchvision

    boxes = torch.tensor([[0, 0, 10, 10], [1, 1, 11, 11], [20, 20, 30, 30], [0, 0, 9, 10.0]])
    scores = torch.tensor([0.8, 0.9, 0.3, 0.7])
    assert torchvision.ops.nms(boxes, scores, 0.5).tolist() == [1, 2]
    # 81 of 119 shared by the first two, 90 of 100 by the first and the last
    assert torchvision.ops.nms(boxes, scores, 0.7).tolist() == [1, 0, 2]
    assert torchvision.ops.nms(boxes, scores, 0.95).tolist() == [1, 0, 3, 2]
    assert np.array_equal(torchvision.ops.nms(boxes[:0], scores[:0], 0.5), [])


def test_two_that_export_the_same_file_at_once_do_not_disturb_each_other(
    taught: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ultralytics.engine import exporter

    class Exporter:
        def __init__(self, overrides: object) -> None:
            self.file = tmp_path / "made.onnx"

        def __call__(self, model: object) -> Path:
            self.file.write_bytes(b"graph")
            return self.file

    weights, file = taught / "weights" / "best.pt", tmp_path / "place" / "best.onnx"
    file.parent.mkdir()
    copy, begun = shutil.copyfile, []

    def copied(source: str, target: Path) -> None:
        copy(source, target)
        if not begun:
            begun.append(target)
            door.export(weights, file)  # the other is quicker, and done before the first is

    monkeypatch.setattr(exporter, "Exporter", Exporter)
    monkeypatch.setattr(door.shutil, "copyfile", copied)
    assert door.export(weights, file) == file and len(begun) == 1
    assert [one.name for one in file.parent.iterdir()] == ["best.onnx"]
    assert file.read_bytes() == b"graph"
