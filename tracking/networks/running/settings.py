"""The settings of finding animals by a network: what is stored with a run and set by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tracking.errors import TrackingError
from tracking.networks.running.answers import MOST, Rules
from tracking.settings import Settings, areas_of, check_sizes

RUNTIMES = ("auto", "torch", "onnxruntime", "openvino")
PRECISIONS = ("auto", "float32", "float16", "bfloat16")
LARGEST_IMAGE = 4096  # pixels


@dataclass(frozen=True)
class NetworkSettings(Settings):
    """Everything beside the weights that decides what a network calls an animal."""

    UNKNOWN: ClassVar[str] = "A network has no setting"

    confidence: float = 0.25  # the least score, 0 to 1
    overlap: float = 0.7  # boxes that share more of both together are one animal
    least_part: float = 0.1  # of a mask's largest part: smaller parts are left out
    most: int = 0  # animals in a frame, the surest first; 0: hardly any limit
    image_px: int = 0  # longer side of the pictures; 0: as in training
    classes: str = ""  # that are animals, with commas between; empty: all
    runtime: str = "auto"
    precision: str = "auto"
    min_area_px: float = 1.0  # smaller masks are not animals
    max_area_px: float = 1e9  # larger ones are not animals
    typical_area_px: float = 100.0  # of one animal
    typical_length_px: float = 18.0  # of one animal
    areas_px: str = ""  # typical area of each animal, where they differ much: "2669 54"

    def checked(self) -> NetworkSettings:
        """Itself; TrackingError when a value cannot work."""
        for name in ("confidence", "overlap", "least_part"):
            if not 0 < getattr(self, name) <= 1:
                raise TrackingError(f"Setting {name} is a share above 0, up to 1.")
        if not 0 <= self.most <= MOST:
            raise TrackingError(f"Setting most is from 0 (no limit) to {MOST} animals in a frame.")
        if not (self.image_px == 0 or 32 <= self.image_px <= LARGEST_IMAGE):
            raise TrackingError(
                f"Setting image_px is 0 (as in training), or from 32 to {LARGEST_IMAGE} pixels."
            )
        for name, choices in (("runtime", RUNTIMES), ("precision", PRECISIONS)):
            if getattr(self, name) not in choices:
                raise TrackingError(f"Setting {name} must be one of {', '.join(choices)}.")
        check_sizes(
            self.min_area_px, self.max_area_px, self.typical_area_px, self.typical_length_px
        )
        self.areas(1)
        return self

    def areas(self, n_animals: int) -> list[float]:
        """The typical area of each animal in square pixels, largest first."""
        return areas_of(self.areas_px, self.typical_area_px, n_animals)

    def rules(self, classes: tuple[str, ...]) -> Rules:
        """What counts as an animal, for a network that knows these classes."""
        return Rules(self.confidence, self.overlap, self.least_part, MOST, self._numbers(classes))

    def _numbers(self, classes: tuple[str, ...]) -> tuple[int, ...] | None:
        wanted = [name.strip() for name in self.classes.split(",") if name.strip()]
        missing = [name for name in wanted if name not in classes]
        if missing:
            raise TrackingError(
                f"The network knows no class {missing[0]!r}. It knows: {', '.join(classes)}."
            )
        return tuple(classes.index(name) for name in wanted) or None
