"""Learned behaviours: trained models by name and version, with what they were trained on."""

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from storage.study import Study, StudyError

MAX_MODEL_BYTES = 64 << 20
# What an analysis may see of a model, for the snapshot.
SELECT_LEARNED = (
    "SELECT name, version, behaviour, target_kind, length_unit, features::VARCHAR AS features, "
    "model, settings::VARCHAR AS settings, report::VARCHAR AS report FROM learned_behaviours "
    "WHERE list_contains($names, name) ORDER BY name, version"
)
_JSON = ("features", "settings", "report", "trained_on", "versions")
_COLUMNS = (
    "name, version, behaviour, annotator, target_kind, length_unit, features, model, settings, "
    "report, trained_on, versions, created_at"
)


@dataclass(frozen=True)
class Learned:
    """One version of a learned behaviour, as the study keeps it."""

    name: str
    version: int  # from 1; 0 before it is saved
    behaviour: str  # the scored behaviour that it was learned from
    annotator: str | None
    target_kind: str  # "none" or "animal"
    length_unit: str
    features: list[str]
    model: bytes  # npz without pickled objects
    settings: dict[str, Any]  # JSON, units in the names
    report: dict[str, Any]  # JSON
    trained_on: list[dict[str, Any]]  # JSON: video, subject, target, seconds
    versions: dict[str, str]
    created_at: datetime  # UTC


def save_learned(study: Study, learned: Learned) -> int:
    """Keep a learned behaviour as the next version of its name, and return the version."""
    if not learned.name.strip():
        raise StudyError("A learned behaviour needs a name: give it one.")
    if len(learned.model) > MAX_MODEL_BYTES:
        raise StudyError(
            f"The model of '{learned.name}' is {len(learned.model) >> 20} MB, more than the "
            f"{MAX_MODEL_BYTES >> 20} MB that are kept: train it with fewer trees."
        )
    known = [one.version for one in learned_behaviours(study) if one.name == learned.name]
    version = max(known, default=0) + 1
    facts: dict[str, Any] = {name: getattr(learned, name) for name in _COLUMNS.split(", ")}
    facts |= {name: json.dumps(_plain(facts[name]), ensure_ascii=False) for name in _JSON}
    facts |= {"version": version, "created_at": learned.created_at.astimezone(UTC)}
    facts["created_at"] = facts["created_at"].replace(tzinfo=None)
    places = ", ".join(f"${name}" for name in facts)
    study.rows(f"INSERT INTO learned_behaviours ({_COLUMNS}) VALUES ({places})", facts)
    return version


def find_learned(study: Study, name: str, version: int | None = None) -> Learned:
    """A learned behaviour by name: the latest version, or the one asked for."""
    everything = learned_behaviours(study)
    found = [one for one in everything if one.name == name and version in (None, one.version)]
    if found:
        return found[-1]
    known = ", ".join(dict.fromkeys(one.name for one in everything))
    asked = name if version is None else f"{name} version {version}"
    raise StudyError(
        f"The study has no learned behaviour '{asked}'. It has: "
        f"{known or 'none, make one with ethoscribe learn'}."
    )


def learned_behaviours(study: Study) -> list[Learned]:
    """All learned behaviours and their versions, by name and version."""
    rows = study.rows(f"SELECT {_COLUMNS} FROM learned_behaviours ORDER BY name, version")
    return [_learned(row) for row in rows]


def stored_row(learned: Learned) -> dict[str, Any]:
    """A learned behaviour as its row in a snapshot, lists and settings as JSON text."""
    facts = {name: getattr(learned, name) for name in _COLUMNS.split(", ")}
    return facts | {name: json.dumps(facts[name]) for name in _JSON}


def learned_names(study: Study) -> list[str]:
    """The names of all learned behaviours, without reading their models."""
    rows = study.rows("SELECT DISTINCT name FROM learned_behaviours ORDER BY name")
    return [name for (name,) in rows]


def delete_learned(study: Study, name: str, version: int | None = None) -> int:
    """Delete a learned behaviour, or one version of it, and return how many versions went.

    Bouts that it found stay.
    """
    find_learned(study, name, version)
    return len(
        study.rows(
            "DELETE FROM learned_behaviours WHERE name = $name "
            "AND ($version::INTEGER IS NULL OR version = $version) RETURNING 1",
            {"name": name, "version": version},
        )
    )


def _plain(value: Any) -> Any:
    """NaN, which JSON has not, becomes null."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _learned(row: tuple[Any, ...]) -> Learned:
    facts = dict(zip(_COLUMNS.split(", "), row, strict=True))
    facts |= {name: json.loads(facts[name]) for name in _JSON}
    facts["created_at"] = facts["created_at"].replace(tzinfo=UTC)
    return Learned(**facts)
