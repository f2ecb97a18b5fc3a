"""Run a segmentation network with torch, onnxruntime or OpenVINO behind one face.

    network = open_network(choice)
    for predictions, prototypes in network.run(pictures): ...

With the last two neither torch nor ultralytics is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from tracking.errors import TrackingError
from tracking.networks import door
from tracking.networks.memory import give_back, is_lacking
from tracking.networks.openvino_parts import openvino
from tracking.networks.running.choices import Choice

Answers = tuple[np.ndarray, np.ndarray]  # predictions (b, ., .) and prototypes (b, 32, h, w)


class DeviceFull(TrackingError):
    """The device's memory does not hold a batch of this size."""


class Network(Protocol):
    """A network that is ready to run."""

    choice: Choice

    def submit(self, pictures: np.ndarray) -> Any:
        """Begin to run a batch of gray pictures (b, h, w) uint8; ``result`` waits for it."""

    def result(self, job: Any) -> Answers:
        """The answers to a batch; DeviceFull where memory did not suffice."""


def run(network: Network, pictures: np.ndarray) -> Answers:
    """Run one batch and wait for it."""
    return network.result(network.submit(pictures))


def open_network(choice: Choice) -> Network:
    """Load the network and make it ready."""
    if choice.runtime == "torch":
        return _OfTorch(choice)
    if choice.runtime == "onnxruntime":
        return _OfOnnxruntime(choice)
    return _OfOpenvino(choice)


def _three(pictures: np.ndarray) -> np.ndarray:
    """Gray pictures (b, h, w) uint8 as networks take them: (b, 3, h, w) float32 from 0 to 1."""
    gray = np.multiply(pictures, np.float32(1 / 255), dtype=np.float32)
    return np.ascontiguousarray(np.broadcast_to(gray[:, None], (len(gray), 3, *gray.shape[1:])))


class _OfTorch:
    """torch: half the bits and pinned memory on CUDA, where batches overlap with their handling."""

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        module = door.load(choice.weights.path)
        import torch

        self._torch = torch
        if choice.device == "cpu":
            torch.set_num_threads(choice.threads)
        self._type = getattr(torch, choice.precision)
        self._layout = (
            torch.contiguous_format if choice.device == "mps" else torch.channels_last
        )  # a third faster on CUDA and on a CPU
        self._module = module.to(choice.device, self._type).to(memory_format=self._layout)
        self._module.eval().requires_grad_(False)
        self._pinned = choice.device.startswith("cuda")

    def submit(self, pictures: np.ndarray) -> Any:
        torch = self._torch
        try:
            with torch.inference_mode():
                gray = torch.from_numpy(pictures)
                if self._pinned:
                    gray = gray.pin_memory()
                # a byte for each pixel is sent, and made three channels on the device
                batch = gray.to(self.choice.device, non_blocking=True).to(self._type)
                batch = (batch / 255).unsqueeze(1).expand(-1, 3, -1, -1)
                predictions, prototypes = self._module(
                    batch.contiguous(memory_format=self._layout)
                )[0]
                if not self._pinned:
                    return predictions.float().cpu(), prototypes.float().cpu(), None
                held = [self._sent_back(predictions.float()), self._sent_back(prototypes)]
                done = torch.cuda.Event()
                done.record()
                return (*held, done)
        except (RuntimeError, MemoryError) as error:  # MPS and a CPU know no error of their own
            if not is_lacking(error):
                raise
        raise _full(self.choice, len(pictures))  # what failed holds no memory any more

    def _sent_back(self, tensor: Any) -> Any:
        """A tensor on its way from the device into pinned memory."""
        place = self._torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
        return place.copy_(tensor, non_blocking=True)

    def result(self, job: Any) -> Answers:
        predictions, prototypes, done = job
        if done is not None:
            done.synchronize()
        if prototypes.dtype == self._torch.bfloat16:
            prototypes = prototypes.float()
        return predictions.numpy(), prototypes.numpy()


class _OfOnnxruntime:
    """onnxruntime; sizes that a file leaves open are fixed for each size of pictures."""

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        self._sessions: dict[tuple[int, ...], Any] = {}

    def _session(self, shape: tuple[int, ...]) -> Any:
        import onnxruntime

        if shape not in self._sessions:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = self.choice.threads
            options.inter_op_num_threads = 1
            options.log_severity_level = 3
            names = ("batch", "height", "width")
            for name, size in zip(names, shape, strict=True):
                options.add_free_dimension_override_by_name(name, size)
            gpu = self.choice.on_gpu
            provider = (
                ("CUDAExecutionProvider", {"device_id": int(self.choice.device[5:])})
                if gpu
                else "CPUExecutionProvider"
            )
            self._sessions[shape] = onnxruntime.InferenceSession(
                str(self.choice.weights.path), options, [provider]
            )
        return self._sessions[shape]

    def submit(self, pictures: np.ndarray) -> Any:
        from onnxruntime.capi.onnxruntime_pybind11_state import EPFail, Fail, RuntimeException

        try:
            session = self._session(pictures.shape)
            return session.run(None, {session.get_inputs()[0].name: _three(pictures)})
        except (RuntimeException, Fail, EPFail, RuntimeError, MemoryError) as error:
            if not is_lacking(error):
                raise
        raise _full(self.choice, len(pictures))

    def result(self, job: Any) -> Answers:
        return job[0], job[1]


class _OfOpenvino:
    """OpenVINO on the CPU; compiled for each size of pictures."""

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        self._core = openvino().Core()
        self._compiled: dict[tuple[int, ...], Any] = {}

    def _request(self, shape: tuple[int, ...]) -> Any:
        if shape not in self._compiled:
            model = self._core.read_model(str(self.choice.weights.path))
            model.reshape([shape[0], 3, *shape[1:]])
            exact = {"float32": "f32", "bfloat16": "bf16"}[self.choice.precision]
            told = {
                "INFERENCE_NUM_THREADS": self.choice.threads, "NUM_STREAMS": 1,
                "INFERENCE_PRECISION_HINT": exact, "PERFORMANCE_HINT": "LATENCY",
            }  # fmt: skip
            compiled = self._core.compile_model(model, "CPU", told)
            self._compiled[shape] = compiled.create_infer_request()
        return self._compiled[shape]

    def submit(self, pictures: np.ndarray) -> Any:
        try:
            request = self._request(pictures.shape)
            request.infer([_three(pictures)], share_inputs=True)
            return [np.array(request.get_output_tensor(k).data, np.float32) for k in range(2)]
        except (RuntimeError, MemoryError) as error:
            if not is_lacking(error):
                raise
        raise _full(self.choice, len(pictures))

    def result(self, job: Any) -> Answers:
        return job[0], job[1]


def _full(choice: Choice, batch: int) -> DeviceFull:
    """The error, once the memory of what failed is free for a smaller batch."""
    give_back()
    return DeviceFull(
        f"The memory of {choice.device} does not hold {batch} pictures at once: close what else "
        "uses it, or take --device cpu."
    )


def parts(pictures: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """A batch in smaller ones of ``size`` at most."""
    for at in range(0, len(pictures), size):
        yield pictures[at : at + size]
