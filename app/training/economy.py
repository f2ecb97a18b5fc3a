"""Label economy: how good a network becomes with how many corrected frames."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from storage.networks import FOLDER, check_network_name

FILE = "economy.json"


def economy_of(study: Path, name: str) -> list[dict[str, Any]]:
    """What was measured for a network: rows of frames, way, ap50, ap and cpu_s."""
    try:
        text = (study / FOLDER / check_network_name(name) / FILE).read_text(encoding="utf-8")
        return list(json.loads(text))
    except (OSError, ValueError):
        return []


def keep_economy(study: Path, name: str, rows: Sequence[dict[str, Any]]) -> None:
    """Keep what was measured, for the reports on this network."""
    file = study / FOLDER / check_network_name(name) / FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{FILE}")
    draft.write_text(json.dumps(list(rows)), encoding="utf-8")
    draft.replace(file)
