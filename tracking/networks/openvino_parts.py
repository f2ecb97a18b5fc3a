"""OpenVINO without its telemetry: that package is kept from being imported."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from tracking.errors import TrackingError

TELEMETRY = "openvino_telemetry"


def openvino() -> ModuleType:
    """The module openvino; in place of its telemetry it has a stand-in that sends nothing."""
    modules: dict[str, Any] = sys.modules
    if "openvino" not in modules:
        modules.setdefault(TELEMETRY, None)  # an import of it fails from now on
    try:
        import openvino as found
    except (ImportError, OSError, RuntimeError) as error:
        raise TrackingError(
            f"OpenVINO does not load ({error}): install it again, or --set runtime=onnxruntime."
        ) from error
    return found
