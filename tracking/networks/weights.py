"""What a file of weights is: its task, classes and size, and one clear line where it cannot serve.

    known = describe(Path("mice.onnx"))
    known.classes, known.image_px, known.sha256

Three kinds are known: ``pt`` (torch, as training leaves it), ``onnx``, and ``openvino`` (an .xml
with a .bin beside it, or the folder of both).
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from tracking.errors import TrackingError
from tracking.networks import door
from tracking.networks.openvino_parts import openvino

Kind = Literal["pt", "onnx", "openvino"]
SMALL_EXTRA = "pip install 'ethoscribe[onnx]'"
TASKS = {
    "detect": "finds boxes, not outlines", "classify": "names whole pictures",
    "pose": "finds body points, not outlines", "obb": "finds boxes, not outlines",
    "semantic": "does not tell one animal from another", "depth": "measures depth",
}  # fmt: skip
PROTOTYPES = 32  # that masks are mixed of, in every network of the family


@dataclass(frozen=True)
class Weights:
    """One segmentation network as its file describes it."""

    path: Path
    kind: Kind
    classes: tuple[str, ...]
    image_px: int  # longer side of the pictures that it was trained on
    stride: int  # sides of a picture are multiples of it
    fixed: tuple[int, int] | None  # height and width, where it takes no other
    fixed_batch: int | None  # pictures at a time, where it takes no other number
    end_to_end: bool  # gives the best boxes alone, with overlapping ones taken away
    sha256: str

    @property
    def name(self) -> str:
        """What a person calls it: the file without its ending."""
        return self.path.stem

    def record(self) -> dict[str, Any]:
        """What is stored with a run, so that the same weights are known again."""
        return {
            "name": self.name, "file": str(self.path), "sha256": self.sha256, "kind": self.kind,
            "classes": list(self.classes), "image_px": self.image_px,
        }  # fmt: skip


def describe(path: Path | str) -> Weights:
    """Read what a file of weights is; TrackingError with one line where it cannot serve."""
    file = _file(Path(path))
    state = file.stat()
    return _described(file, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=16)
def _described(file: Path, size: int, changed_ns: int) -> Weights:
    """The same file is read once; one that was written anew is read anew."""
    if size == 0:
        raise TrackingError(f"{file} is empty (0 bytes): train or copy the weights again.")
    readers = {".pt": _of_torch, ".onnx": _of_graph, ".xml": _of_graph}
    known, n_masks, n_classes = readers[file.suffix.lower()](file)
    task = str(known.get("task", ""))
    if task != "segment":
        does = TASKS.get(task, "does not say what it finds")
        raise TrackingError(
            f"{file.name} {does} (task {task or 'unknown'}): animals need outlines. Take weights "
            "whose name ends in -seg, or train some: ethoscribe train"
        )
    classes = _classes(file, known.get("names"))
    if n_masks != PROTOTYPES or n_classes not in (None, len(classes)):
        raise TrackingError(
            f"{file.name} names {len(classes)} classes, and gives {n_classes or 'other'}: it is "
            "damaged or was changed. Train or export it again."
        )
    return Weights(
        file, _kind(file), classes, int(max(known["image"])), int(known["stride"]),
        known["fixed"], known["fixed_batch"], bool(known["end_to_end"]), sha256_of(file),
    )  # fmt: skip


def sha256_of(file: Path) -> str:
    """The fingerprint of a file of weights (hex); of OpenVINO's both parts together."""
    digest = hashlib.sha256()
    parts = [file, file.with_suffix(".bin")] if file.suffix == ".xml" else [file]
    for part in parts:
        digest.update(part.read_bytes())
    return digest.hexdigest()


def _kind(file: Path) -> Kind:
    kinds: dict[str, Kind] = {".pt": "pt", ".onnx": "onnx", ".xml": "openvino"}
    return kinds[file.suffix.lower()]


def _file(path: Path) -> Path:
    """The file that holds the network; of a folder of OpenVINO's its .xml."""
    if path.is_dir():
        found = sorted(path.glob("*.xml"))
        if len(found) != 1:
            raise TrackingError(
                f"{path} is a folder with {len(found)} networks of OpenVINO: name its .xml file."
            )
        path = found[0]
    if not path.is_file():
        raise TrackingError(
            f"There are no weights at {path}. Give a file (.pt, .onnx, .xml), or train some: "
            "ethoscribe train"
        )
    if path.suffix.lower() not in (".pt", ".onnx", ".xml"):
        raise TrackingError(
            f"{path.name} is no file of weights: they end in .pt (torch), .onnx or .xml (OpenVINO)."
        )
    if path.suffix.lower() == ".xml" and not path.with_suffix(".bin").is_file():
        raise TrackingError(f"{path.name} needs {path.stem}.bin beside it: copy both files.")
    return path.resolve()


Read = tuple[dict[str, Any], int | None, int | None]  # what is known, masks and classes it makes


def _of_torch(file: Path) -> Read:
    """What a .pt file holds; it has to be loaded for that."""
    module = door.load(file)
    head = module.model[-1]
    args = getattr(module, "args", {}) or {}
    size = args.get("imgsz", 640) if isinstance(args, dict) else getattr(args, "imgsz", 640)
    known = {
        "task": getattr(module, "task", ""), "names": dict(module.names),
        "image": size if isinstance(size, (list, tuple)) else [size],
        "stride": int(max(float(module.stride.max()), 32)), "fixed": None, "fixed_batch": None,
        "end_to_end": bool(getattr(head, "end2end", False)),
    }  # fmt: skip
    return known, getattr(head, "nm", None), getattr(head, "nc", None)


def _of_graph(file: Path) -> Read:
    """What an ONNX or OpenVINO file holds, by whichever of their runtimes is installed."""
    if _kind(file) == "onnx" and importlib.util.find_spec("onnxruntime"):
        told, shapes = _by_onnxruntime(file)
    elif importlib.util.find_spec("openvino"):
        told, shapes = _by_openvino(file)
    else:
        needed = "OpenVINO" if _kind(file) == "openvino" else "onnxruntime"
        raise TrackingError(f"{file.name} needs {needed} to run: {SMALL_EXTRA}")
    pictures, predictions, prototypes = shapes
    ends = str(told.get("end2end", "False")) == "True"
    masks = prototypes[1]
    channels = predictions[1]
    n_classes = None if ends or channels is None or masks is None else channels - 4 - masks
    size = _literal(told.get("imgsz"), [640, 640])
    batch, _, height, width = pictures
    known = {
        "task": told.get("task", ""), "names": _literal(told.get("names"), None), "image": size,
        "stride": _literal(told.get("stride"), 32),
        "fixed": (height, width) if height and width else None, "fixed_batch": batch,
        "end_to_end": ends,
    }  # fmt: skip
    return known, masks, n_classes


Shapes = list[list[int | None]]  # of pictures, predictions and prototypes; None: any


def _by_onnxruntime(file: Path) -> tuple[dict[str, str], Shapes]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(str(file), options, ["CPUExecutionProvider"])
    except _refusals() as error:
        raise _damaged(file) from error
    told = dict(session.get_modelmeta().custom_metadata_map)
    nodes = [*session.get_inputs(), *session.get_outputs()]
    return told, _shapes(file, told, [[_number(n) for n in node.shape] for node in nodes])


def _refusals() -> tuple[type[Exception], ...]:
    """What onnxruntime raises at files that it cannot read."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    names = ("InvalidProtobuf", "InvalidGraph", "Fail", "InvalidArgument", "NotImplemented")
    found = (getattr(state, name, None) for name in names)
    return (RuntimeError, ValueError, *(kind for kind in found if kind))


def _by_openvino(file: Path) -> tuple[dict[str, str], Shapes]:
    try:
        model = openvino().Core().read_model(str(file))
    except RuntimeError as error:
        raise _damaged(file) from error
    beside = file.with_name("metadata.yaml")
    told = _plain_yaml(beside) if beside.is_file() else {}
    info = model.get_rt_info()
    if "framework" in info:
        told |= {name: str(one.astype(str)) for name, one in info["framework"].items()}
    nodes = [*model.inputs, *model.outputs]
    shapes = [
        [None if n.is_dynamic else n.get_length() for n in node.get_partial_shape()]
        for node in nodes
    ]
    return told, _shapes(file, told, shapes)


def _shapes(file: Path, told: dict[str, str], shapes: Shapes) -> Shapes:
    """One picture in, predictions and prototypes out; else it is another kind of network."""
    if told.get("task", "segment") != "segment":
        return [[None] * 4, [None] * 3, [None, PROTOTYPES, None, None]]
    if [len(one) for one in shapes] != [4, 3, 4]:
        raise TrackingError(
            f"{file.name} is no segmentation network of the YOLO family: train or export one: "
            "ethoscribe train"
        )
    return shapes


def _number(size: Any) -> int | None:
    return size if isinstance(size, int) else None


def _damaged(file: Path) -> TrackingError:
    return TrackingError(
        f"{file.name} is damaged or no {_kind(file).upper()} file: export or copy it again."
    )


def _plain_yaml(file: Path) -> dict[str, str]:
    """The few values that ultralytics writes beside an OpenVINO file, without a YAML package."""
    told: dict[str, str] = {}
    lists: dict[str, list[str]] = {}
    name = ""
    for line in file.read_text(encoding="utf-8").splitlines():
        key, colon, value = line.partition(":")
        if line[:1] not in (" ", "-") and colon:
            name, told[name] = key, value.strip().strip("'\"")
        elif name and line.strip().startswith("- "):
            lists.setdefault(name, []).append(line.strip()[2:])
        elif name == "names" and colon:
            number, label = key.strip(), value.strip().strip("'\"")
            lists.setdefault(name, []).append(f"{number}: {label!r}")
    for name, values in lists.items():
        told[name] = ("{%s}" if name == "names" else "[%s]") % ", ".join(values)
    return {**told, "end2end": told.get("end2end", "false").capitalize()}


def _literal(text: Any, otherwise: Any) -> Any:
    try:
        return ast.literal_eval(str(text))
    except (ValueError, SyntaxError):
        return otherwise


def _classes(file: Path, names: Any) -> tuple[str, ...]:
    if isinstance(names, dict) and names:
        return tuple(str(names[number]) for number in sorted(names))
    raise TrackingError(f"{file.name} does not name its classes: export it again with ultralytics.")
