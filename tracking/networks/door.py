"""The only door to ultralytics: it is kept offline and quiet, without telemetry or installing.

Whoever trains, loads or exports a network of the YOLO family comes through here. ultralytics keeps
its settings in a folder of this process alone, sends nothing, installs nothing and downloads
nothing; what it changes in other libraries when it is imported is put back.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import shutil
import sys
import tempfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from pickle import UnpicklingError
from types import ModuleType
from typing import Any

from tracking.errors import TrackingError
from tracking.networks.torchvision_parts import declare_missing

EXTRA = "pip install 'ethoscribe[models]'"
QUIET = {
    "YOLO_OFFLINE": "1",
    "YOLO_AUTOINSTALL": "0",
    "YOLO_VERBOSE": "0",
    "ULTRALYTICS_SAFE_LOAD": "1",  # a file of weights is a pickle: only known classes are made
    "WANDB_DISABLED": "true",
    "COMET_MODE": "DISABLED",
}
SHARING = ("sync", "clearml", "comet", "dvc", "mlflow", "raytune", "tensorboard", "wandb",
           "vscode_msg", "openvino_msg")  # fmt: skip
NEEDED = ("torch", "torchvision", "ultralytics")
SIZES = "nsmlx"

_lock = threading.RLock()
_prepared: list[ModuleType] = []


def is_installed() -> bool:
    """Whether the packages that train and load networks are there."""
    return all(importlib.util.find_spec(name) for name in NEEDED)


def prepare(threads: int | None = None) -> ModuleType:
    """The module ultralytics, shut off from the network; ``threads`` for torch on a CPU.

    ultralytics sets torch to all cores but one whenever it chooses a CPU: given ``threads`` it
    sets those instead.
    """
    with _lock:
        if not _prepared:
            if not is_installed():
                raise TrackingError(
                    "Networks of the YOLO family need more than the base installation: " + EXTRA
                )
            _prepared.append(_imported())
        if threads is not None:
            import torch
            from ultralytics.utils import torch_utils

            torch_utils.NUM_THREADS = threads
            torch.set_num_threads(threads)
        return _prepared[0]


def _imported() -> ModuleType:
    """Import ultralytics with everything off, and put back what it changes elsewhere."""
    folder = tempfile.mkdtemp(prefix="ethoscribe-yolo-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ.update(QUIET | {"YOLO_CONFIG_DIR": folder})
    os.environ.pop("ULTRALYTICS_API_KEY", None)
    declare_missing()
    try:
        with _others_unchanged():
            import ultralytics
            from ultralytics.nn import tasks
            from ultralytics.utils import SETTINGS, callbacks, downloads
            from ultralytics.utils.callbacks import base
            from ultralytics.utils.events import events
    except (ImportError, OSError, RuntimeError) as error:
        line = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
        raise TrackingError(f"ultralytics does not load: {line}. Install again: {EXTRA}") from error
    SETTINGS.update({name: False for name in SHARING})
    events.enabled = False
    tasks.SAFE_LOAD = True
    downloads.is_url, downloads.safe_download = _no_address, _not_fetched
    for name, module in list(sys.modules.items()):
        # somebody may have imported ultralytics before it was told to be quiet
        if name.startswith("ultralytics."):
            for switch in {"ONLINE", "AUTOINSTALL"} & set(vars(module)):
                setattr(module, switch, False)
    callbacks.add_integration_callbacks = base.add_integration_callbacks = _nothing
    return ultralytics


def _nothing(_: object) -> None:
    """What ultralytics calls instead of its analytics, its platform and six loggers."""


def _no_address(url: object, check: bool = False) -> bool:
    """Whether something is an address that can be reached: none can; asking would be a call."""
    return not check and str(url).lower().startswith(("http:/", "https:/"))


def _not_fetched(url: object, *_: object, **__: object) -> None:
    """What ultralytics calls instead of fetching a file."""
    raise ConnectionError(f"{url} is not fetched: give a file")


@contextmanager
def _others_unchanged() -> Iterator[None]:
    """Put back the functions and settings of other libraries that ultralytics replaces."""
    import cv2
    import numpy as np
    from PIL import Image

    threads, opening = cv2.getNumThreads(), Image.open
    printing: Any = {k: v for k, v in np.get_printoptions().items() if k != "override_repr"}
    drawn = {name: getattr(cv2, name, None) for name in ("imread", "imwrite", "imshow")}
    try:
        yield
    finally:
        cv2.setNumThreads(threads)
        np.set_printoptions(**printing)
        Image.open = opening
        for name, function in drawn.items():
            if function is not None:
                setattr(cv2, name, function)


def architectures() -> list[str]:
    """The segmentation networks that can be trained from random weights, oldest family first.

    Of each family the sizes n, s, m, l and x: ``yolo11n-seg.yaml``, ``yolo26n-seg.yaml``.
    """
    import re

    folder = Path(str(prepare().__file__)).parent / "cfg" / "models"
    families = set[tuple[int, str]]()
    for file in folder.glob("*/yolo*-seg.yaml"):
        found = re.fullmatch(r"yolo(v?)(\d+)-seg", file.stem)
        if found and "scales:" in file.read_text():
            families.add((int(found[2]), f"yolo{found[1]}{found[2]}"))
    return [f"{name}{size}-seg.yaml" for _, name in sorted(families) for size in SIZES]


def published() -> dict[str, str]:
    """Trained weights for segmentation that ultralytics publishes: name to address."""
    prepare()
    from ultralytics.utils import downloads

    place = f"https://github.com/{downloads.GITHUB_ASSETS_REPO}/releases/download/v8.4.0"
    names = sorted(n for n in downloads.GITHUB_ASSETS_NAMES if n.endswith("-seg.pt"))
    return {name: f"{place}/{name}" for name in names if name.startswith("yolo")}


def load(weights: Path) -> Any:
    """The network in a ``.pt`` file as a torch module in float32 on the CPU, layers fused.

    Only classes of networks are made from the file: no code in it is run.
    """
    prepare()
    from ultralytics.nn.tasks import load_checkpoint

    try:
        with redirect_stdout(StringIO()):
            module, _ = load_checkpoint(weights, device="cpu", fuse=True)
    except (RuntimeError, OSError, EOFError, UnpicklingError, TypeError, KeyError, ValueError,
            AttributeError, ImportError) as error:  # fmt: skip
        raise TrackingError(
            f"{weights.name} is damaged, or holds no network that ultralytics trained: train or "
            "copy it again."
        ) from error
    return module


def trainer_class() -> Any:
    """The class that trains a segmentation network, and leaves its last judgement to us.

    ultralytics' own ends with one more pass over the validation pictures; ours only takes what
    training alone needs out of the files. And masks are as large as they were labelled.
    """
    draw_exactly()
    from ultralytics.models.yolo.segment import SegmentationTrainer

    from tracking.networks.teaching.checkpoints import appear_whole

    class Trainer(SegmentationTrainer):
        def build_dataset(self, *given: Any, **named: Any) -> Any:
            made = super().build_dataset(*given, **named)
            made.drawing = _Exactly()
            return made

        def get_validator(self) -> Any:
            made = super().get_validator()
            usual = made._prepare_batch

            def halved(number: int, batch: dict[str, Any]) -> dict[str, Any]:
                found: dict[str, Any] = usual(number, batch)
                found["masks"] = (found["masks"] > 0.5).float()  # masks judge, not shares
                return found

            made._prepare_batch = halved
            return made

        def save_model(self) -> Any:
            with appear_whole(self):
                return super().save_model()

        def final_eval(self) -> None:
            for file in (self.last, self.best):
                if file.exists():
                    strip(file)

    return Trainer


def draw_exactly() -> None:
    """Let masks to learn from be drawn by us, since ultralytics draws them too large.

    It asks for them where it is told that masks are apart: ``overlap_mask`` is off.
    """
    prepare()
    from ultralytics.data import augment

    from tracking.networks.teaching.targets import shares

    augment.polygons2masks = shares


class _Exactly:
    """Goes with a data set to the processes that load its pictures, and draws exactly there too."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _drawing_exactly, ()


def _drawing_exactly() -> _Exactly:
    draw_exactly()
    return _Exactly()


def tracker(name: str, fps: float) -> Any:
    """ultralytics' own ``bytetrack`` or ``botsort``, with its usual settings, for boxes alone."""
    prepare()
    from ultralytics.trackers.bot_sort import BOTSORT
    from ultralytics.trackers.byte_tracker import BYTETracker
    from ultralytics.utils import ROOT, YAML, IterableSimpleNamespace

    told = YAML.load(ROOT / "cfg" / "trackers" / f"{name}.yaml")
    told["gmc_method"] = None  # the camera stands still
    told["track_buffer"] = max(1, round(told["track_buffer"] * fps / 30))
    made = {"bytetrack": BYTETracker, "botsort": BOTSORT}[name]
    return made(IterableSimpleNamespace(**told))


def boxes_class() -> Any:
    """The class of boxes that ultralytics' trackers take: rows of x0, y0, x1, y1, score, class."""
    prepare()
    from ultralytics.engine.results import Boxes

    return Boxes


def strip(weights: Path) -> None:
    """Take out of a checkpoint what going on with its training alone needs."""
    prepare()
    from ultralytics.utils.torch_utils import strip_optimizer

    draft = weights.with_name(f".{weights.name}")
    draft.unlink(missing_ok=True)
    with redirect_stdout(StringIO()):
        strip_optimizer(weights, str(draft))
    if draft.is_file():
        draft.replace(weights)


def is_over(weights: Path) -> bool:
    """Whether a checkpoint holds nothing more to go on with its training from."""
    prepare()
    from ultralytics.nn.tasks import load_checkpoint

    try:
        with redirect_stdout(StringIO()):
            _, told = load_checkpoint(weights, device="cpu")
    except FileNotFoundError:
        return False
    except (RuntimeError, OSError, EOFError, UnpicklingError, KeyError, TypeError) as error:
        raise TrackingError(
            f"The training cannot go on, since {weights} is damaged: --finish keeps the best "
            "network so far, --restart begins anew."
        ) from error
    return told.get("epoch", -1) == -1


def begin(architecture: str, file: Path, classes: tuple[str, ...], image_px: int = 640) -> Path:
    """Write a network of random weights, as it is before training; torch's seed decides them."""
    prepare()
    import torch
    from ultralytics.nn.tasks import SegmentationModel

    module = SegmentationModel(architecture, nc=len(classes), verbose=False)
    module.names, module.task = dict(enumerate(classes)), "segment"
    told = {"task": "segment", "imgsz": image_px, "model": architecture}
    torch.save({"model": module.half(), "train_args": told}, file)
    return file


def export(weights: Path, file: Path, image_px: int = 640, dynamic: bool = True) -> Path:
    """Write the network of a ``.pt`` file as ONNX to ``file``, for onnxruntime and OpenVINO.

    A ``dynamic`` file takes pictures of any size that is a multiple of 32, and any batch.
    """
    prepare()
    from ultralytics.engine.exporter import Exporter

    with tempfile.TemporaryDirectory(prefix="ethoscribe-export-") as folder:
        copied = Path(folder) / "network.pt"
        module = load(weights)
        module.pt_path = str(copied)
        overrides = {
            "format": "onnx", "imgsz": image_px, "dynamic": dynamic, "simplify": False,
            "device": "cpu", "batch": 1, "verbose": False, "task": "segment", "mode": "export",
        }  # fmt: skip
        try:
            with redirect_stdout(StringIO()):
                made = Exporter(overrides=overrides)(model=module)
        except (RuntimeError, ImportError, AssertionError, ValueError) as error:
            line = (str(error).strip().splitlines() or [repr(error)])[0]
            raise TrackingError(
                f"{weights.name} cannot be written as ONNX: {line}. It still runs with torch, or "
                f"install what writes it: {EXTRA}"
            ) from error
        draft = file.with_name(f".{file.name}.{uuid.uuid4().hex}.part")  # others may export it now
        shutil.copyfile(str(made), draft)
    draft.replace(file)
    return file
