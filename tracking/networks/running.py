"""Run a segmentation network with torch, onnxruntime or OpenVINO behind one face.

    choice = choose(describe(file), device="auto")
    network = open_network(choice)
    for predictions, prototypes in network.run(pictures): ...

With the last two neither torch nor ultralytics is needed. A ``Choice`` says all that decides the
numbers; it can be stored, and sent to other processes.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from tracking.errors import TrackingError
from tracking.networks import door
from tracking.networks.memory import give_back, is_lacking
from tracking.networks.openvino_parts import openvino
from tracking.networks.weights import SMALL_EXTRA, Weights, describe

Runtime = Literal["torch", "onnxruntime", "openvino"]
Precision = Literal["float32", "float16", "bfloat16"]
Answers = tuple[np.ndarray, np.ndarray]  # predictions (b, ., .) and prototypes (b, 32, h, w)
DEVICES = "auto, cpu, cuda, cuda:1, mps"
GPU_BATCH, CPU_BATCH = 16, 1  # on one core of a CPU more at a time is no faster


class DeviceFull(TrackingError):
    """The device's memory does not hold a batch of this size."""


@dataclass(frozen=True)
class Choice:
    """Which network is run by what, where, and how exactly."""

    weights: Weights
    runtime: Runtime
    device: str  # cpu, cuda:0, mps
    precision: Precision
    threads: int = 1  # on a CPU

    @property
    def on_gpu(self) -> bool:
        """Whether one process with large batches is right, instead of many processes."""
        return self.device != "cpu"

    @property
    def batch(self) -> int:
        """How many pictures are run at once."""
        if self.weights.fixed_batch:
            return self.weights.fixed_batch
        return GPU_BATCH if self.on_gpu else CPU_BATCH

    def words(self) -> str:
        """The choice as a person reads it: "OpenVINO on cpu, bfloat16"."""
        names = {"torch": "torch", "onnxruntime": "onnxruntime", "openvino": "OpenVINO"}
        return f"{names[self.runtime]} on {self.device}, {self.precision}"

    def record(self) -> dict[str, Any]:
        """What is stored with a run."""
        known = asdict(self)
        return {name: known[name] for name in ("runtime", "device", "precision")}


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


def installed() -> list[Runtime]:
    """The runtimes that are there, the fastest on a CPU first."""
    found: list[Runtime] = []
    if importlib.util.find_spec("openvino"):
        found.append("openvino")
    if importlib.util.find_spec("onnxruntime"):
        found.append("onnxruntime")
    if door.is_installed():
        found.append("torch")
    return found


def device_for(device: str = "auto") -> str:
    """The device that ``device`` means here: cpu, cuda:0 or mps; TrackingError if it is not there.

    >>> device_for("cpu")
    'cpu'
    """
    kind, colon, number = device.partition(":")
    if kind not in ("auto", "cpu", "cuda", "mps") or (
        colon and (kind != "cuda" or not number.isdigit())
    ):
        raise TrackingError(f"There is no device called {device!r}: {DEVICES}.")
    if kind == "cpu":
        return "cpu"
    cuda, mps = _gpus()
    if kind in ("auto", "cuda") and cuda > int(number or 0):
        return f"cuda:{number or 0}"
    if kind in ("auto", "mps") and mps:
        return "mps"
    if kind == "auto":
        return "cpu"
    seen = f"torch sees {cuda} of them" if importlib.util.find_spec("torch") else "torch is missing"
    raise TrackingError(f"The device {device} is not here ({seen}): take --device cpu or auto.")


def _gpus() -> tuple[int, bool]:
    """How many CUDA devices torch can use, and whether Apple's Metal is there."""
    if not importlib.util.find_spec("torch"):
        return 0, False
    try:
        import torch
    except (ImportError, OSError):
        return 0, False
    return torch.cuda.device_count() if torch.cuda.is_available() else 0, bool(
        torch.backends.mps.is_available()
    )


def choose(
    weights: Weights, device: str = "auto", runtime: str = "auto", precision: str = "auto",
    threads: int = 1, folder: Path | None = None,
) -> Choice:  # fmt: skip
    """What a network of this kind is best run by here; TrackingError where it cannot be run.

    ``precision`` auto is half on a GPU and full on a CPU. Weights of torch's are exported into
    ``folder``, where one is given, for a faster runtime on a CPU.
    """
    where = device_for(device)
    if where != "cpu" and device == "auto" and weights.kind != "pt" and not _runs_on_gpu(weights):
        where = "cpu"
    if where == "cpu" and weights.kind == "pt" and runtime != "torch":
        exported = _exported(weights, runtime, folder)
        weights = exported or weights
        if folder is None and runtime != "auto" and runtime in installed():
            runtime = "auto"  # it will be exported when there is a folder
    chosen = _runtime(weights, where, runtime)
    return Choice(weights, chosen, where, _precision(chosen, where, precision), threads)


def _exported(weights: Weights, runtime: str, folder: Path | None) -> Weights | None:
    """A network of torch's, exported once for a faster runtime; None where that cannot be."""
    faster = [one for one in installed() if one in ("openvino", "onnxruntime")]
    able = (runtime in faster) if runtime != "auto" else bool(faster)
    if folder is None or not able or importlib.util.find_spec("onnx") is None:
        return None
    file = folder / f"{weights.name}-{weights.sha256[:12]}.onnx"
    if not file.is_file():
        try:
            door.export(weights.path, file, weights.image_px)
        except TrackingError:
            if runtime != "auto":
                raise
            return None
    return describe(file)


def _runtime(weights: Weights, device: str, asked: str) -> Runtime:
    can: dict[str, tuple[Runtime, ...]] = {
        "pt": ("torch",), "onnx": ("openvino", "onnxruntime"), "openvino": ("openvino",),
    }  # fmt: skip
    usable = [one for one in can[weights.kind] if one in installed()]
    if device != "cpu":
        usable = [one for one in usable if one == "torch" or _runs_on_gpu(weights)]
        if not usable:
            raise TrackingError(
                f"{weights.path.name} runs on a CPU here: take --device cpu, or its .pt file."
            )
        usable = [one for one in usable if one != "openvino"]
    if asked != "auto":
        usable = [one for one in usable if one == asked]
    if not usable:
        needed = door.EXTRA if weights.kind == "pt" else SMALL_EXTRA
        what = asked if asked != "auto" else " or ".join(can[weights.kind])
        raise TrackingError(f"{weights.path.name} needs {what} to run: {needed}")
    return usable[0]


def _runs_on_gpu(weights: Weights) -> bool:
    """Whether the onnxruntime that is installed runs an ONNX file on CUDA."""
    if weights.kind != "onnx" or not importlib.util.find_spec("onnxruntime"):
        return False
    import onnxruntime

    return "CUDAExecutionProvider" in onnxruntime.get_available_providers()


def _precision(runtime: Runtime, device: str, asked: str) -> Precision:
    can: dict[tuple[str, bool], tuple[Precision, ...]] = {
        ("torch", True): ("float16", "float32", "bfloat16"), ("torch", False): ("float32",),
        ("openvino", False): ("float32", "bfloat16"), ("onnxruntime", False): ("float32",),
        ("onnxruntime", True): ("float32",),
    }  # fmt: skip
    usable = can[runtime, device.startswith("cuda")] if device != "mps" else ("float32",)
    if asked == "auto":
        return usable[0]
    for one in usable:
        if one == asked:
            return one
    raise TrackingError(
        f"{runtime} on {device} cannot compute in {asked}: it has {', '.join(usable)}."
    )


def shorter(choice: Choice) -> Choice | None:
    """The same with half the bits on a CPU made for that (two thirds of the time); None if not."""
    if choice.runtime != "openvino" or choice.precision != "float32":
        return None
    able = openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return replace(choice, precision="bfloat16") if "BF16" in able else None


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
