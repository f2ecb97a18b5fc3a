"""The settings of background subtraction: what is stored with a run and set by hand."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args

import numpy as np

from tracking.errors import TrackingError

Statistic = Literal["median", "bright", "dark", "masked median"]
Polarity = Literal["darker", "brighter"]
Contrast = Literal["absolute", "relative"]
WIDEST = 99  # pixels; radius of an opening or closing


@dataclass(frozen=True)
class BackgroundSettings:
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

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> BackgroundSettings:
        return cls().with_changes(values)

    def with_changes(self, changes: dict[str, Any]) -> BackgroundSettings:
        """A copy with some values set by hand (numbers may be text); TrackingError if unusable."""
        known = {f.name: getattr(self, f.name) for f in fields(self)}
        clean: dict[str, Any] = {}
        for name, value in changes.items():
            if name not in known:
                raise TrackingError(f"There is no setting {name}. Settings: {', '.join(known)}.")
            clean[name] = _as_kind(name, value, type(known[name]))
        return replace(self, **clean).checked()

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
        if not 0 < self.min_area_px < self.max_area_px:
            raise TrackingError("Setting min_area_px must be above 0 and below max_area_px.")
        if not (self.typical_area_px > 0 and self.typical_length_px > 0):
            raise TrackingError("Settings typical_area_px and typical_length_px must be above 0.")
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
        try:
            given = [float(area) for area in self.areas_px.split()]
        except ValueError as error:
            raise TrackingError(
                f"Setting areas_px is numbers with spaces between, not {self.areas_px!r}."
            ) from error
        return given if len(given) == n_animals else [self.typical_area_px] * n_animals

    def lines(self) -> list[str]:
        """The settings as a person reads them, one line each."""
        return [f"{name} = {value}" for name, value in self.to_dict().items()]


def _as_kind(name: str, value: Any, kind: type) -> Any:
    """A setting by hand as a value of its kind; numbers may come as text."""
    complaint = f"Setting {name} cannot be {value!r}."
    if kind is str:
        return str(value)
    if isinstance(value, bool):
        raise TrackingError(complaint)
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise TrackingError(complaint) from error
    if not np.isfinite(number) or (kind is int and number != int(number)):
        raise TrackingError(complaint)
    return kind(number)
