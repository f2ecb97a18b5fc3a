"""Fragments, crossings and doubts of a run: their columns, and what must hold among their rows."""

from __future__ import annotations

from storage.study import Study

IDENTITIES: dict[str, tuple[str, ...]] = {
    "fragments": (
        "fragment_id", "animal_id", "start_frame", "stop_frame", "probability", "appearance",
    ),
    "crossings": ("crossing_id", "start_frame", "stop_frame", "animals", "probability", "kind"),
    "doubts": ("doubt_id", "kind", "start_frame", "stop_frame", "animals", "score", "why"),
}  # fmt: skip
DOUBT_KINDS = ("crossing", "jump", "missing", "duplicate", "low_confidence")
_KINDS = {"crossings": ("contact", "lost"), "doubts": DOUBT_KINDS}
_SHARE = {"fragments": "probability", "crossings": "probability", "doubts": "score"}
_BEFORE = {"fragments": "<", "crossings": "<=", "doubts": "<"}  # a step takes no frame
_STRANGE = {
    "fragments": "animal_id NOT BETWEEN 1 AND $animals",
    "crossings": "NOT coalesce(list_min(animals) >= 1 AND list_max(animals) <= $animals, false)",
    "doubts": "NOT coalesce(list_min(animals) >= 1 AND list_max(animals) <= $animals, false)",
}


def complaints_of(study: Study, run_id: str, n_frames: int, n_animals: int) -> list[str]:
    """What is wrong with the fragments, crossings and doubts of a run, a phrase each."""
    found = []
    for table, columns in IDENTITIES.items():
        numbers = {"run": run_id, "frames": n_frames, "animals": n_animals}
        rows, distinct, strange, beyond = study.rows(
            f"SELECT count(*), count(DISTINCT {columns[0]}), count(*) FILTER (WHERE "
            f"NOT (0 <= start_frame AND start_frame {_BEFORE[table]} stop_frame "
            f"AND stop_frame <= $frames) OR {_STRANGE[table]}), count(*) FILTER "
            f"(WHERE {_SHARE[table]} NOT BETWEEN 0 AND 1) "
            f"FROM {table} WHERE run_id = $run",
            numbers,
        )[0]
        complaints = {
            f"{rows - distinct} {table} twice": rows != distinct,
            f"{strange} {table} of frames or animals that do not exist": strange,
            f"{beyond} {table} with a {_SHARE[table]} that is not from 0 to 1": beyond,
        }
        found += [text for text, wrong in complaints.items() if wrong]
        found += _unknown_kinds(study, table, run_id)
    return found + _overlaps(study, run_id)


def _unknown_kinds(study: Study, table: str, run_id: str) -> list[str]:
    if table not in _KINDS:
        return []
    unknown = study.rows(
        f"SELECT DISTINCT kind FROM {table} WHERE run_id = $run "
        "AND NOT list_contains($kinds, kind) ORDER BY kind",
        {"run": run_id, "kinds": list(_KINDS[table])},
    )
    return [f"{table} of the unknown kind '{kind}'" for (kind,) in unknown]


def _overlaps(study: Study, run_id: str) -> list[str]:
    """An animal is in one place at a time, so its fragments follow one another."""
    number = study.rows(
        "SELECT count(*) FROM (SELECT start_frame < lag(stop_frame) OVER (PARTITION BY animal_id "
        "ORDER BY start_frame) AS early FROM fragments WHERE run_id = ?) WHERE early",
        [run_id],
    )[0][0]
    return [f"{number} fragments of one animal at the same time"] if number else []
