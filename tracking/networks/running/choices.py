"""What runs a network here: which runtime, on which device, how exactly, with how many threads.

    choice = choose(describe(file), device="auto")

A ``Choice`` says all that decides the numbers; it can be stored, and sent to other processes.
"""

from __future__ import annotations

import importlib.util
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from tracking.errors import TrackingError
from tracking.networks import door
from tracking.networks.openvino_parts import openvino
from tracking.networks.weights import SMALL_EXTRA, Weights, describe

Runtime = Literal["torch", "onnxruntime", "openvino"]
Precision = Literal["float32", "float16", "bfloat16"]
DEVICES = "auto, cpu, cuda, cuda:1, mps"
GPU_BATCH, CPU_BATCH = 16, 1  # on one core of a CPU more at a time is no faster


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
    try:
        return describe(file)
    except TrackingError:  # none yet, or one that something damaged: it is only a copy
        pass
    try:
        return describe(door.export(weights.path, file, weights.image_px))
    except TrackingError:
        if runtime != "auto":
            raise
        return None


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
