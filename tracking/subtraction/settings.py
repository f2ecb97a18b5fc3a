"""The settings of background subtraction: what is stored with a run and set by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from tracking.errors import TrackingError
from tracking.settings import Settings, areas_of, check_sizes

Statistic = Literal["median", "bright", "dark", "masked median"]
Polarity = Literal["darker", "brighter"]
Contrast = Literal["absolute", "relative"]
WIDEST = 99  # pixels; radius of an opening or closing


@dataclass(frozen=True)
class BackgroundSettings(Settings):
    """Everything that decides what background subtraction calls an animal.

    ``threshold`` is in gray levels for absolute contrast; for relative contrast it is the share of
    the background's own brightness that must be missing, which finds a black mouse on a light
    floor and before a dark wall alike.
    """

    statistic: Statistic = "median"  # how the empty arena was estimated
    animals: Polarity = "darker"  # than the background
    contrast: Contrast = "absolute"
    threshold: float = 25.0  # gray levels, or a share from 0 to 1
    black_level: float = 0.0  # gray level of black in this video (16 in limited range)
    min_area_px: float = 30.0  # smaller blobs are not animals
    max_area_px: float = 1e9  # larger blobs are several animals, or not an animal
    typical_area_px: float = 100.0  # of one animal
    typical_length_px: float = 18.0  # of one animal
    open_px: int = 0  # radius of the opening that takes off tails, legs and specks
    close_px: int = 0  # radius of the closing that joins the parts of one animal
    areas_px: str = ""  # typical area of each animal, where they differ much: "2669 54"
    own_level: float = 0.0  # mean gray level that an animal does not exceed (brighter: undercut)
    usual_light: float = 0.0  # of a frame, times that of the background; 0: light is not followed
    most_strange: float = 0.0  # share of a frame that animals change; 0: hands are not looked for

    def checked(self) -> BackgroundSettings:
        """Itself; TrackingError when a value cannot work."""
        choices = {"statistic": Statistic, "animals": Polarity, "contrast": Contrast}
        for name, kind in choices.items():
            if getattr(self, name) not in get_args(kind):
                raise TrackingError(f"Setting {name} must be one of {', '.join(get_args(kind))}.")
        limit = 1.0 if self.contrast == "relative" else 255.0
        if not 0 < self.threshold < limit:
            raise TrackingError(
                f"Setting threshold must lie between 0 and {limit:g} for {self.contrast} contrast."
            )
        check_sizes(
            self.min_area_px, self.max_area_px, self.typical_area_px, self.typical_length_px
        )
        if not 0 <= self.black_level < 255:
            raise TrackingError("Setting black_level must lie between 0 and 255.")
        if not (0 <= self.open_px <= WIDEST and 0 <= self.close_px <= WIDEST):
            raise TrackingError("Settings open_px and close_px are radii from 0 to 99 pixels.")
        if not 0 <= self.own_level <= 255:
            raise TrackingError("Setting own_level must lie between 0 (any level) and 255.")
        self.areas(1)
        if not 0 <= self.usual_light <= 10:
            raise TrackingError("Setting usual_light is a ratio from 0 (not followed) to 10.")
        if not 0 <= self.most_strange <= 1:
            raise TrackingError("Setting most_strange is a share from 0 (not looked at) to 1.")
        return self

    def areas(self, n_animals: int) -> list[float]:
        """The typical area of each animal in square pixels, largest first."""
        return areas_of(self.areas_px, self.typical_area_px, n_animals)

    def lines(self) -> list[str]:
        """The settings as a person reads them, one line each."""
        return [f"{name} = {value}" for name, value in self.to_dict().items()]
