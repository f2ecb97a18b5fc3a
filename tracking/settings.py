"""What the settings of every way of finding animals have in common: by hand, stored, checked."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, ClassVar, Self

import numpy as np

from tracking.errors import TrackingError


@dataclass(frozen=True)
class Settings:
    """Numbers and texts with names, which a run stores and a person may set."""

    UNKNOWN: ClassVar[str] = "There is no setting"  # how a wrong name is answered

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        return cls().with_changes(values)

    def with_changes(self, changes: dict[str, Any]) -> Self:
        """A copy with some values set by hand (numbers may be text); TrackingError if unusable."""
        known = {f.name: getattr(self, f.name) for f in fields(self)}
        clean: dict[str, Any] = {}
        for name, value in changes.items():
            if name not in known:
                raise TrackingError(f"{self.UNKNOWN} {name}. Settings: {', '.join(known)}.")
            clean[name] = _as_kind(name, value, type(known[name]))
        return replace(self, **clean).checked()

    def checked(self) -> Self:
        """Itself; TrackingError when a value cannot work."""
        return self


def check_sizes(min_area: float, max_area: float, typical_area: float, length: float) -> None:
    """Refuse areas and a length, in pixels, that no animal can have."""
    if not 0 < min_area < max_area:
        raise TrackingError("Setting min_area_px must be above 0 and below max_area_px.")
    if not (typical_area > 0 and length > 0):
        raise TrackingError("Settings typical_area_px and typical_length_px must be above 0.")


def areas_of(areas_px: str, typical_area: float, n_animals: int) -> list[float]:
    """The typical area of each animal in square pixels, largest first.

    >>> areas_of("2669 54", 100, 2), areas_of("", 100, 2)
    ([2669.0, 54.0], [100, 100])
    """
    try:
        given = [float(area) for area in areas_px.split()]
    except ValueError as error:
        raise TrackingError(
            f"Setting areas_px is numbers with spaces between, not {areas_px!r}."
        ) from error
    return given if len(given) == n_animals else [typical_area] * n_animals


def _as_kind(name: str, value: Any, kind: type) -> Any:
    """A setting by hand as a value of its kind; numbers may come as text."""
    if kind is str:
        return str(value)
    complaint = f"Setting {name} cannot be {value!r}."
    if isinstance(value, bool):
        raise TrackingError(complaint)
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise TrackingError(complaint) from error
    if not np.isfinite(number) or (kind is int and number != int(number)):
        raise TrackingError(complaint)
    return kind(number)
