"""Settings as a person types them."""

from __future__ import annotations

import shlex
from typing import Any


def spell_settings(settings: dict[str, Any]) -> str:
    """Write settings as --set takes them, numbers to six digits.

    >>> spell_settings({"threshold": 30.0, "statistic": "masked median", "black_level": 17.25})
    "black_level=17.25 statistic='masked median' threshold=30"
    """

    def spell(value: Any) -> str:
        return f"{value:.6g}" if isinstance(value, float) else shlex.quote(str(value))

    return " ".join(f"{key}={spell(value)}" for key, value in sorted(settings.items()))
