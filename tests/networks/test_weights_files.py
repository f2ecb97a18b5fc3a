"""Files of weights that say what they are, and those that cannot serve: one line each."""

from pathlib import Path

import pytest
from known_network import known_network
from required import required

required("onnx")
required("onnxruntime")
required("openvino")

from tracking.errors import TrackingError  # noqa: E402
from tracking.networks.weights import describe, sha256_of  # noqa: E402


def test_all_kinds_of_file_say_the_same_of_one_network(taught: Path, tmp_path: Path) -> None:
    from tracking.networks.openvino_parts import openvino

    ov = openvino()
    folder = tmp_path / "best_openvino_model"
    folder.mkdir()
    ov.save_model(ov.Core().read_model(str(taught / "best.onnx")), str(folder / "best.xml"))
    for file in (taught / "weights" / "best.pt", taught / "best.onnx", folder, folder / "best.xml"):
        known = describe(file)
        assert (known.classes, known.image_px, known.stride) == (("dark", "white"), 64, 32)
        assert (known.fixed, known.fixed_batch, known.end_to_end) == (None, None, False)
        assert known.sha256 == sha256_of(known.path) and len(known.sha256) == 64
    fixed = describe(taught / "fixed.onnx")
    assert (fixed.fixed, fixed.fixed_batch) == ((64, 64), 1)


def test_what_ultralytics_writes_beside_an_openvino_file_is_read(tmp_path: Path) -> None:
    from tracking.networks.weights import _plain_yaml

    (tmp_path / "metadata.yaml").write_text(
        "description: Ultralytics YOLO11n-seg model\nstride: 32\ntask: segment\nbatch: 1\n"
        "imgsz:\n- 480\n- 640\nnames:\n  0: white mouse\n  1: dark mouse\nargs:\n  batch: 1\n"
        "end2end: false\n"
    )
    told = _plain_yaml(tmp_path / "metadata.yaml")
    assert told["task"] == "segment" and told["stride"] == "32" and told["end2end"] == "False"
    assert told["imgsz"] == "[480, 640]"
    assert told["names"] == "{0: 'white mouse', 1: 'dark mouse'}"


@pytest.mark.parametrize("ending", [".onnx", ".xml"])
def test_a_damaged_graph_is_refused_in_a_line(tmp_path: Path, ending: str) -> None:
    whole = known_network(tmp_path / "whole.onnx").read_bytes()
    for name, content in (("half", whole[: len(whole) // 2]), ("text", b"weights\n" * 99)):
        file = tmp_path / f"{name}{ending}"
        file.write_bytes(content)
        file.with_suffix(".bin").write_bytes(b"")
        with pytest.raises(TrackingError, match=f"{name}{ending} is damaged") as refused:
            describe(file)
        assert "\n" not in str(refused.value)


def test_a_network_for_boxes_or_body_points_is_refused(tmp_path: Path) -> None:
    for task, words in (("detect", "finds boxes, not outlines"), ("pose", "finds body points")):
        file = known_network(tmp_path / f"{task}.onnx", task=task)
        with pytest.raises(TrackingError, match=rf"{task}\.onnx {words}.*end.* -seg|{words}"):
            describe(file)


def test_a_wrong_number_of_classes_is_refused(tmp_path: Path) -> None:
    file = known_network(tmp_path / "wrong.onnx", names=("white", "dark"), classes=3)
    with pytest.raises(TrackingError, match=r"wrong\.onnx names 2 classes, and gives 3"):
        describe(file)


def test_weights_that_were_written_anew_are_read_anew(tmp_path: Path) -> None:
    file = known_network(tmp_path / "mice.onnx", names=("mouse",))
    before = describe(file)
    known_network(file, names=("mouse", "rat"))
    after = describe(file)
    assert (before.classes, after.classes) == (("mouse",), ("mouse", "rat"))
    assert before.sha256 != after.sha256
