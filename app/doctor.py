"""What this installation can do: versions, video decoding, GPU, models, model endpoint."""

import importlib
import importlib.util
import os
import platform
import shutil
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import Any

from app import __version__

# distribution -> the module that has to import
BASE = {
    "av": "av",
    "duckdb": "duckdb",
    "filelock": "filelock",
    "h5py": "h5py",
    "kaleido": "kaleido",
    "numpy": "numpy",
    "openai": "openai",
    "opencv-python-headless": "cv2",
    "openpyxl": "openpyxl",
    "pandas": "pandas",
    "plotly": "plotly",
    "pyarrow": "pyarrow",
    "rapidfuzz": "rapidfuzz",
    "scikit-learn": "sklearn",
    "scipy": "scipy",
    "starlette": "starlette",
    "statsmodels": "statsmodels",
    "streamlit": "streamlit",
}
SLOW_TO_IMPORT = (
    "kaleido",
    "openai",
    "plotly",
    "sklearn",
    "statsmodels",
    "streamlit",
)  # plain Python: finding them is enough
MODELS = {
    "torch": "torch",
    "torchvision": "torchvision",
    "ultralytics-opencv-headless": "ultralytics",
    "segment-anything": "segment_anything",
    "onnx": "onnx",
    "onnxruntime": "onnxruntime",
    "openvino": "openvino",
}
ENDPOINT_WAIT_S = 5.0
MODELS_SHOWN = 5
OUR_FOLDERS = ("app", "tracking", "llm_query", "storage", "assets")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    state: str  # ok | missing (wanted, hint says how) | absent (optional) | broken
    detail: str
    hint: str = ""

    def line(self) -> str:
        """The finding as one line for a terminal."""
        mark = {"ok": "ok     ", "missing": "MISSING", "broken": "BROKEN "}.get(
            self.state, "-      "
        )
        return f"{mark}  {self.name}: {self.detail}" + (f". {self.hint}" if self.hint else "")


@dataclass(frozen=True)
class Report:
    """All findings; `ok` when the base works, whatever the optional parts are."""

    findings: list[Finding]

    @property
    def ok(self) -> bool:
        """Whether nothing that every user needs is missing or broken."""
        return not self.missing

    @property
    def missing(self) -> list[str]:
        """Names of what has to be mended."""
        return [f.name for f in self.findings if f.state in ("missing", "broken")]

    def verdict(self) -> str:
        """The whole report in one line."""
        if self.ok:
            return "Everything that tracking, questions and exports need is here."
        return f"To be mended: {', '.join(self.missing)}."

    def to_json(self) -> dict[str, Any]:
        """The report as one object, with what programs ask for most at the top."""
        found = {finding.name: finding for finding in self.findings}
        installed = {
            name: found[name].detail if found[name].state == "ok" else None
            for name in (*BASE, *MODELS)
        }
        return {
            "ok": self.ok,
            "version": __version__,
            "missing": self.missing,
            "packages": installed,
            "gpu": found["GPU"].detail if found["GPU"].state == "ok" else None,
            "model_endpoint": (
                found["model endpoint"].detail if found["model endpoint"].state == "ok" else None
            ),
            "findings": [asdict(finding) for finding in self.findings],
        }


def examine() -> Report:
    """Look at everything there is to know about this installation; nothing is changed."""
    findings = [
        Finding("ethoscribe", "ok", __version__),
        _python(),
        *(_package(name, module) for name, module in BASE.items()),
        _decoders(),
        _opencv_twice(),
        _folder_names(),
        _confinement(),
        _gpu(),
        *(_model_package(name, module) for name, module in MODELS.items()),
        _identities(),
        _networks(),
        outlines_by_click(),
        _endpoint(),
        Finding("processors", "ok", f"{os.cpu_count() or 1}"),
    ]
    return Report(findings)


def _python() -> Finding:
    where = f"{platform.system()} {platform.machine()}"
    return Finding("python", "ok", f"{platform.python_version()} on {where}")


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _package(distribution: str, module: str) -> Finding:
    """Whether a package of the base is installed and its compiled parts load."""
    installed = _version(distribution)
    if importlib.util.find_spec(module) is None:
        return Finding(distribution, "missing", "not installed", "Install ethoscribe again")
    if module not in SLOW_TO_IMPORT:
        try:
            importlib.import_module(module)
        except (ImportError, OSError) as error:
            return Finding(
                distribution, "broken", f"does not load: {error}", "Install ethoscribe again"
            )
    return Finding(distribution, "ok", installed or "installed")


def _decoders() -> Finding:
    """The FFmpeg libraries inside PyAV, and whether they decode the usual kinds of video."""
    try:
        import av
        from av.codec import codecs_available
    except (ImportError, OSError) as error:
        return Finding("video decoding", "broken", str(error), "Install the package av again")
    libraries = getattr(av, "library_versions", {})
    spelled = ".".join(str(part) for part in libraries.get("libavcodec", ()))
    usual = ("h264", "hevc", "mjpeg", "mpeg4", "vp9", "av1")
    lacking = [name for name in usual if name not in codecs_available]
    detail = f"libavcodec {spelled or 'unknown'}, {len(usual) - len(lacking)} of the usual codecs"
    if "h264" in lacking:
        return Finding("video decoding", "broken", detail, "Install the package av again")
    return Finding(
        "video decoding", "ok", detail + (f" (no {', '.join(lacking)})" if lacking else "")
    )


def _opencv_twice() -> Finding:
    """Two OpenCV packages overwrite each other's files."""
    owners = sorted(set(packages_distributions().get("cv2", [])))
    if len(owners) > 1:
        hint = "Uninstall both, then install opencv-python-headless"
        return Finding("one OpenCV", "broken", f"{' and '.join(owners)} share one folder", hint)
    return Finding("one OpenCV", "ok", ", ".join(owners) or "cv2")


def _folder_names() -> Finding:
    """Our folders have plain names; another package with one of them would be imported instead."""
    owners = packages_distributions()
    others = {
        f"{name} ({owner})"
        for name in OUR_FOLDERS
        for owner in owners.get(name, [])
        if owner != "ethoscribe"
    }
    if others:
        hint = "Install ethoscribe in an environment of its own"
        return Finding("own environment", "broken", f"taken: {', '.join(sorted(others))}", hint)
    return Finding("own environment", "ok", "no other package uses its folder names")


def _confinement() -> Finding:
    """Whether analysis code is shut off from files, network and programs; tried, not believed."""
    from llm_query.confinement import confinement
    from llm_query.errors import QueryError
    from llm_query.sandbox import doors

    name, how = "confinement", confinement()
    if not how.complete:
        hint = "Analysis code could read your files: run only code you would run yourself"
        return Finding(name, "absent", how.why, hint)
    try:
        tried = doors()
    except QueryError as error:
        return Finding(name, "broken", str(error))
    if open_doors := [door for door, is_open in tried.items() if is_open]:
        return Finding(name, "broken", f"analysis code can {', '.join(open_doors)}")
    return Finding(name, "ok", f"{how.why}; {len(tried)} of {len(tried)} ways out are shut")


def _gpu() -> Finding:
    """The graphics card as torch sees it, or as the driver does when torch is not installed."""
    if importlib.util.find_spec("torch") is not None:
        try:
            import torch
        except (ImportError, OSError) as error:
            return Finding("GPU", "absent", f"torch does not load: {error}")
        if torch.cuda.is_available():
            names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
            return Finding("GPU", "ok", ", ".join(names))
        if torch.backends.mps.is_available():
            return Finding("GPU", "ok", "Apple Metal")
        return Finding("GPU", "absent", "none that torch can use; the CPU does the work")
    if shutil.which("nvidia-smi"):
        hint = "pip install 'ethoscribe[models]'"
        return Finding("GPU", "absent", "an NVIDIA driver is installed, torch is not", hint)
    return Finding("GPU", "absent", "none found; background tracking needs none")


def _model_package(distribution: str, module: str) -> Finding:
    """A package of the optional `models` extra."""
    if importlib.util.find_spec(module) is None:
        return Finding(distribution, "absent", "not installed (extra: models)")
    return Finding(distribution, "ok", _version(distribution) or "installed")


def _identities() -> Finding:
    """How animals are told apart by their looks: what `track --identification auto` does."""
    from tracking.identities.evidence import chosen_method

    name = "identities"
    if chosen_method("auto") == "contrastive":
        return Finding(name, "ok", "by small networks that learn each video (contrastive)")
    hint = "For networks that learn each video: pip install 'ethoscribe[models]'"
    return Finding(name, "ok", "by size, outline and shades (descriptors)", hint)


def _networks() -> Finding:
    """What would run a trained network here, and what would train one: `track --segmenter yolo`."""
    from tracking.errors import TrackingError
    from tracking.networks import door
    from tracking.networks.running.choices import device_for, installed

    name = "networks"
    try:
        runtimes, device = installed(), device_for("auto")
    except TrackingError as error:
        return Finding(name, "broken", str(error))
    if not runtimes:
        hint = "To run trained ones: pip install 'ethoscribe[onnx]'; to train: 'ethoscribe[models]'"
        return Finding(name, "absent", "nothing that runs them is installed", hint)
    first = "torch" if device != "cpu" and "torch" in runtimes else runtimes[0]
    where = device if first == "torch" else "cpu"
    trains = f"trained on {device}" if door.is_installed() else "not trained (extra: models)"
    return Finding(name, "ok", f"run by {first} on {where}; {trains}")


def outlines_by_click() -> Finding:
    """Which engine finds an outline under a click: the built-in one always, a network if set up."""
    from app.annotating.clicking import FILE, TABLE, WEIGHTS, weights_for
    from app.errors import AppError
    from tracking import sam

    name, built_in = "outlines by click", "built in: difference from the empty arena, gray level"
    try:
        weights = weights_for(Path())
    except AppError as error:
        return Finding(name, "broken", str(error))
    if not sam.is_installed():
        hint = "For segment-anything: pip install 'ethoscribe[models]'"
        return Finding(name, "absent", f"{built_in}; segment-anything is not installed", hint)
    if weights is None:
        hint = (
            f"Get sam_vit_b_01ec64.pth (375 MB) from {sam.WHERE}, then set {WEIGHTS} to it, or "
            f'write [{TABLE}] with weights = "its path" into {FILE}'
        )
        return Finding(name, "absent", f"{built_in}; segment-anything has no weights", hint)
    if not weights.file.is_file():
        return Finding(
            name, "broken", f"there are no weights at {weights.file}", f"Get: {sam.WHERE}"
        )
    return Finding(name, "ok", f"segment-anything {weights.model}, {weights.file}")


def _endpoint() -> Finding:
    """Which language model endpoint is configured and whether it answers; a key is never shown."""
    from llm_query.errors import QueryError
    from llm_query.model import ChatModel, settings_from

    name = "model endpoint"
    try:
        settings = settings_from(os.environ)
    except QueryError as error:
        return Finding(name, "broken", str(error))
    if settings is None:
        return Finding(name, "absent", "none configured; questions are read offline")
    key = "with a key" if settings.api_key else "without a key"
    place = f"configured: {settings.host}, {key}"
    try:
        has = ChatModel(settings).models(ENDPOINT_WAIT_S)
    except QueryError as error:
        return Finding(name, "absent", f"{place}; {error}")
    model = settings.model
    if model and model not in has:
        hint = f"It has: {', '.join(has[:MODELS_SHOWN]) or 'none'}"
        return Finding(name, "absent", f"{place}; answers, but has no model '{model}'", hint)
    known = f"has {model}" if model else f"has {', '.join(has[:MODELS_SHOWN]) or 'no models'}"
    more = f" and {len(has) - MODELS_SHOWN} more" if not model and len(has) > MODELS_SHOWN else ""
    return Finding(name, "ok", f"{place}; answers, {known}{more}")
