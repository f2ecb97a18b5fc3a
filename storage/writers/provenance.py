"""Where an export's numbers come from, as it is written into files that have room for it.

Only what belongs to the data: who exported it and when is in the dictionary beside the file, so
that the same data give the same file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from storage.writers.taking import Taken


def facts_of(taken: Taken) -> dict[str, Any]:
    """Video, run and origins of bouts of one video, as plain values."""
    return data_facts(taken.facts)


def data_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What `provenance_of` tells without who asked, with the hash of the run's settings."""
    found = {name: value for name, value in facts.items() if name != "exported"}
    run = found.get("run")
    if run:
        found["run"] = {**run, "settings_hash": hash_of(run["settings"])}
    found["program"] = (facts.get("exported") or {}).get("program")
    return found


def hash_of(settings: Mapping[str, Any]) -> str:
    """The SHA-256 of settings, whatever their order, hexadecimal.

    >>> hash_of({"a": 1, "b": 2}) == hash_of({"b": 2, "a": 1})
    True
    """
    text = json.dumps(settings, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def program_of(taken: Taken) -> str:
    """Name and version of this program."""
    return str((taken.facts.get("exported") or {}).get("program") or "ethoscribe")


def as_text(facts: Sequence[Mapping[str, Any]]) -> str:
    """The facts of several videos as one JSON text."""
    return json.dumps(list(facts), ensure_ascii=False, sort_keys=True, default=str)
