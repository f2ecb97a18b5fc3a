"""The same network by torch, onnxruntime and OpenVINO: the same numbers, the same masks."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from film import draw, positions
from known_network import known_network
from required import required

required("onnxruntime")
required("openvino")

from tracking.errors import TrackingError  # noqa: E402
from tracking.networks.pictures import fit, pictures  # noqa: E402
from tracking.networks.running.choices import Choice, choose  # noqa: E402
from tracking.networks.running.fitting import same_masks, shared  # noqa: E402
from tracking.networks.running.runtimes import DeviceFull, open_network, run  # noqa: E402
from tracking.networks.running.settings import NetworkSettings  # noqa: E402
from tracking.networks.weights import describe  # noqa: E402
from tracking.yolo import YoloSegmenter  # noqa: E402

FRAMES = [draw(places, 320, 240) for places in positions(60, 2, 320, 240)[::20]]


def choices(taught: Path) -> dict[str, Choice]:
    """The trained network, run in every way that full precision has here."""
    torch = choose(describe(taught / "weights" / "best.pt"), "cpu", "torch")
    graph = describe(taught / "best.onnx")
    fixed = describe(taught / "fixed.onnx")
    return {
        "torch": torch,
        "onnxruntime": choose(graph, "cpu", "onnxruntime"),
        "openvino": choose(graph, "cpu", "openvino"),
        "fixed": choose(fixed, "cpu", "openvino"),
    }


def test_every_runtime_gives_the_numbers_of_torch(taught: Path) -> None:
    how = fit((48, 64), 64)
    random = np.random.default_rng(2)
    batch = pictures([random.integers(0, 255, (48, 64)).astype(np.uint8) for _ in range(2)], how)
    made = {name: choice for name, choice in choices(taught).items() if name != "fixed"}
    told = {name: run(open_network(choice), batch) for name, choice in made.items()}
    for name, (predictions, prototypes) in told.items():
        assert predictions.shape == (2, 4 + 2 + 32, 64 + 16 + 4), name
        assert prototypes.shape == (2, 32, 16, 16), name
        assert np.allclose(predictions, told["torch"][0], atol=2e-3), name
        assert np.allclose(prototypes, told["torch"][1], atol=1e-4), name


def test_every_runtime_gives_the_masks_of_torch(taught: Path) -> None:
    # hardly trained, it is sure of nothing: the 20 best guesses of each frame
    images = [np.random.default_rng(k).integers(0, 255, (48, 64)).astype(np.uint8) for k in (1, 2)]
    settings = NetworkSettings(confidence=1e-6, most=20)
    found = {
        name: YoloSegmenter(choice, settings).find(images)
        for name, choice in choices(taught).items()
        if name != "fixed"
    }
    for name, answers in found.items():
        for expected, one in zip(found["torch"], answers, strict=True):
            assert len(one) == len(expected) > 0, name
            near = [max(shared(a, b) for b in one) for a in expected]
            assert np.mean(near) >= 0.98, name


def test_a_network_of_fixed_size_gives_the_masks_of_one_of_any_size(tmp_path: Path) -> None:
    free = known_network(tmp_path / "free.onnx")
    fixed = known_network(tmp_path / "fixed.onnx", fixed=(2, 640, 640))
    known = describe(fixed)
    assert (known.fixed, known.fixed_batch) == ((640, 640), 2)
    for runtime in ("onnxruntime", "openvino"):
        one, other = (
            YoloSegmenter(choose(describe(file), "cpu", runtime), NetworkSettings()).find(FRAMES)
            for file in (free, fixed)
        )
        assert len(one) == len(other) == 3
        assert all(same_masks(a, b) for a, b in zip(one, other, strict=True))


def test_found_masks_are_the_discs_that_were_drawn(known: Path) -> None:
    for runtime in ("onnxruntime", "openvino"):
        segmenter = YoloSegmenter(choose(describe(known), "cpu", runtime), NetworkSettings())
        for image, found in zip(FRAMES, segmenter.find(FRAMES), strict=True):
            assert len(found) == 2
            full = np.zeros((240, 320), np.uint8)
            for one in found:
                full[one.placed.where] |= one.mask
            true = image == 45
            assert np.count_nonzero(full & true) / np.count_nonzero(full | true) >= 0.93


def test_more_threads_or_a_larger_batch_change_no_bit(taught: Path) -> None:
    how = fit((240, 320), 320)
    batch = pictures(FRAMES, how)
    for file, runtime in (
        (taught / "best.onnx", "openvino"),
        (taught / "best.onnx", "onnxruntime"),
    ):
        choice = choose(describe(file), "cpu", runtime)
        alone = [run(open_network(choice), batch[k : k + 1]) for k in range(len(batch))]
        several = run(open_network(replace(choice, threads=2)), batch)
        assert len(several[0]) == len(alone) == 3
        for k, one in enumerate(alone):
            assert np.array_equal(one[0][0], several[0][k]), (runtime, k)
            assert np.array_equal(one[1][0], several[1][k]), (runtime, k)


def test_half_the_bits_are_taken_where_they_leave_every_mask(known: Path) -> None:
    from tracking.networks.running.choices import shorter
    from tracking.networks.running.fitting import fit_network

    choice = choose(describe(known), "cpu", "openvino")
    tuning = fit_network(choice, np.stack(FRAMES), 2, {})
    quick = shorter(choice)
    assert tuning.choice.precision == ("float32" if quick is None else "bfloat16")
    exact = fit_network(choice, np.stack(FRAMES), 2, {"precision": "float32"})
    assert exact.choice.precision == exact.settings.precision == "float32"
    assert (tuning.score, exact.score, exact.most_seen) == (1.0, 1.0, 2)


def test_weights_of_torch_are_exported_once_for_a_cpu(taught: Path, tmp_path: Path) -> None:
    known = describe(taught / "weights" / "best.pt")
    first = choose(known, "cpu", folder=tmp_path)
    (file,) = tmp_path.iterdir()
    made = file.stat().st_mtime_ns
    again = choose(known, "cpu", folder=tmp_path)
    assert (first.runtime, first.weights.kind) == ("openvino", "onnx")
    assert again == first and file.stat().st_mtime_ns == made
    assert choose(known, "cpu", "torch", folder=tmp_path).runtime == "torch"
    file.write_bytes(file.read_bytes()[:1000])  # a copy that is damaged is made anew
    assert choose(known, "cpu", folder=tmp_path).weights.classes == known.classes


def test_what_cannot_be_had_is_refused_in_a_line(taught: Path) -> None:
    known = describe(taught / "best.onnx")
    with pytest.raises(TrackingError, match="cannot compute in float16: it has float32"):
        choose(known, "cpu", precision="float16")
    with pytest.raises(TrackingError, match="needs torch to run"):
        choose(known, "cpu", "torch")
    with pytest.raises(TrackingError, match=r"cuda:9 is not here.*--device cpu or auto"):
        choose(known, "cuda:9")


def test_memory_that_lacks_is_told_by_every_runtime_and_other_errors_stay(taught: Path) -> None:
    import torch
    from onnxruntime.capi.onnxruntime_pybind11_state import Fail, RuntimeException

    picture = np.zeros((1, 64, 64), np.uint8)
    ways = choices(taught)
    network = open_network(ways["torch"])
    network._module = lambda _: torch.empty(10**16)
    with pytest.raises(DeviceFull, match="cpu does not hold 1 pictures"):
        network.submit(picture)
    network._module = lambda _: torch.zeros(2) @ torch.zeros(3)
    with pytest.raises(RuntimeError, match="size"):
        network.submit(picture)

    class Full:
        def __init__(self, error: BaseException) -> None:
            self.error = error

        def infer(self, *_, **__):
            raise self.error

        run = infer

        def get_inputs(self):
            return [self]

        name = "images"

    for name, place, lacking in (
        ("onnxruntime", "_sessions", RuntimeException("Exception during run: std::bad_alloc")),
        ("onnxruntime", "_sessions", Fail("CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED")),
        ("onnxruntime", "_sessions", MemoryError()),
        ("openvino", "_compiled", RuntimeError("Exception from src: std::bad_alloc")),
        ("openvino", "_compiled", MemoryError("Unable to allocate 9 GiB")),
    ):
        network = open_network(ways[name])
        getattr(network, place)[picture.shape] = Full(lacking)
        with pytest.raises(DeviceFull):
            network.submit(picture)
        getattr(network, place)[picture.shape] = Full(RuntimeError("wrong input"))
        with pytest.raises(RuntimeError, match="wrong input"):
            network.submit(picture)
