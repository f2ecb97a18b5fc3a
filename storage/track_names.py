"""Another name for an animal, and the way back: bouts that had the name already keep theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from storage.bouts import ANALYSIS
from storage.study import Study
from storage.videos import animal_names, rename_animal

Kept = dict[str, list[Any]]


def rename(study: Study, video_id: int, animal_id: int, name: str) -> Kept:
    """Rename an animal; returns who had the new name without being an animal of the video."""
    kept = _strangers(study, video_id, name)
    rename_animal(study, video_id, animal_id, name)
    return kept


def rename_back(
    study: Study, video_id: int, animal_id: int, name: str, kept: Mapping[str, list[Any]]
) -> Kept:
    """Undo `rename`: what it had returned is given its own name again."""
    theirs = animal_names(study, video_id)[animal_id]
    strangers = rename(study, video_id, animal_id, name)
    for column in ("subject", "target"):
        study.rows(
            f"UPDATE bouts SET {column} = ? WHERE list_contains(?, bout_id) AND {column} = ?",
            [theirs, kept[column], name],
        )
    for fact, value in kept["metadata"]:
        study.rows(
            "UPDATE metadata SET animal = ? WHERE rowid = (SELECT min(rowid) FROM metadata "
            "WHERE video_id = ? AND animal = ? AND name = ? AND value = ?)",
            [theirs, video_id, name, fact, value],
        )
    return strangers


def follow(study: Study, video_id: int, changes: Mapping[str, str]) -> None:
    """Call all that people scored and noted of some animals by other names, all at once."""
    if not changes:
        return
    name = {"old": list(changes), "new": list(changes.values()), "video": video_id}
    # The name at the same place of the other list, or the same name where it is in none.
    other = "coalesce($new[list_position($old, {0})], {0})"
    for column in ("subject", "target"):
        study.rows(
            f"UPDATE bouts SET {column} = {other.format(column)} WHERE video_id = $video "
            f"AND source != '{ANALYSIS}' AND list_contains($old, {column})",
            name,
        )
    study.rows(
        f"UPDATE metadata SET animal = {other.format('animal')} WHERE video_id = $video "
        "AND list_contains($old, animal)",
        name,
    )


def _strangers(study: Study, video_id: int, name: str) -> Kept:
    found: Kept = {}
    for column in ("subject", "target"):
        sql = f"SELECT bout_id FROM bouts WHERE video_id = ? AND {column} = ? ORDER BY bout_id"
        found[column] = [number for (number,) in study.rows(sql, [video_id, name])]
    sql = "SELECT name, value FROM metadata WHERE video_id = ? AND animal = ? ORDER BY ALL"
    found["metadata"] = [list(row) for row in study.rows(sql, [video_id, name])]
    return found
