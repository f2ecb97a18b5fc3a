"""Rows that belong to something that is not there."""

from __future__ import annotations

from storage.checks.findings import Fault, rows
from storage.study import Study

ASIDE = "set these rows aside in repairs/"
# table, the column that points to something, the table it points into, what that is called
_POINTERS = (
    ("frame_times", "video_id", "videos", "video"),
    ("animals", "video_id", "videos", "video"),
    ("runs", "video_id", "videos", "video"),
    ("regions", "video_id", "videos", "video"),
    ("bouts", "video_id", "videos", "video"),
    ("watched", "video_id", "videos", "video"),
    ("metadata", "video_id", "videos", "video"),
    ("edits", "video_id", "videos", "video"),
    ("label_revisions", "video_id", "videos", "video"),
    ("label_proposals", "video_id", "videos", "video"),
    ("tracks", "run_id", "runs", "run"),
    ("masks", "run_id", "runs", "run"),
    ("keypoints", "run_id", "runs", "run"),
    ("raw_tracks", "run_id", "runs", "run"),
    ("raw_masks", "run_id", "runs", "run"),
    ("raw_keypoints", "run_id", "runs", "run"),
    ("fragments", "run_id", "runs", "run"),
    ("crossings", "run_id", "runs", "run"),
    ("doubts", "run_id", "runs", "run"),
    ("animal_ways", "run_id", "runs", "run"),
    ("run_rows", "run_id", "runs", "run"),
    ("edit_rows", "edit_id", "edits", "edit"),
    ("labels", "revision_id", "label_revisions", "label revision"),
    ("label_marks", "batch", "label_revisions", "label revision"),
    ("turn_definitions", "turn_id", "turns", "question"),
)
# Rows that are of use without what they point to: told, never set aside.
_LOOSE = (
    ("bouts", "origin_id", "origins", "origin", "who made them is not known any more"),
    ("bouts", "analysis_id", "analyses", "kept answer", "their question is not known any more"),
    ("edits", "run_id", "runs", "run", "they cannot be undone; the log keeps them"),
)


def orphans(study: Study) -> list[Fault]:
    """Rows whose video, run, edit or label revision is missing."""
    found = [fault for pointer in _POINTERS for fault in _pointing_nowhere(study, *pointer)]
    for table, column, into, what, but in _LOOSE:
        number = _count(study, table, _missing(column, into))
        if number:
            detail = f"{rows(number)} of {table} are of {_one(what)} that is not in the study"
            found.append(Fault("orphans", detail, f"They stay: {but}"))
    return [*found, *_nameless(study), *_unfounded(study)]


def _pointing_nowhere(study: Study, table: str, column: str, into: str, what: str) -> list[Fault]:
    where = _missing(column, into)
    number = _count(study, table, where)
    if not number:
        return []
    detail = f"{rows(number)} of {table} belong to {_one(what)} that is not in the study"
    hint = "Nobody sees them; doctor --repair sets them aside"
    return [Fault("orphans", detail, hint, ASIDE, table, where)]


def _missing(column: str, into: str) -> str:
    return f"{column} IS NOT NULL AND {column} NOT IN (SELECT {column} FROM {into})"


def _nameless(study: Study) -> list[Fault]:
    """Tracks of animals that have no name, unless a person took the animal out."""
    found = study.rows(
        "SELECT v.name, t.animal_id, count(*) FROM tracks t JOIN runs r USING (run_id) "
        "JOIN videos v ON v.video_id = t.video_id WHERE r.active AND NOT EXISTS (SELECT 1 FROM "
        "animals a WHERE a.video_id = t.video_id AND a.animal_id = t.animal_id) AND NOT EXISTS ("
        "SELECT 1 FROM edits e WHERE e.run_id = r.run_id AND e.kind = 'tracks.remove') "
        "GROUP BY ALL ORDER BY ALL"
    )
    return [
        Fault(
            "orphans", f"{rows(number)} of tracks of {name} are of animal {animal}, which has no "
            "name and is seen nowhere", f"Give it the name animal{animal}",
            f"give it the name animal{animal}", update="INSERT INTO animals SELECT video_id, "
            "$animal::SMALLINT, 'animal' || $animal FROM videos WHERE name = $video",
            parameters={"animal": animal, "video": name},
        )
        for name, animal, number in found
    ]  # fmt: skip


def _unfounded(study: Study) -> list[Fault]:
    """What analyses found in tracks that are not there."""
    where = (
        "source = 'analysis' AND video_id NOT IN (SELECT video_id FROM runs WHERE active) "
        "AND video_id IN (SELECT video_id FROM videos)"
    )
    number = _count(study, "bouts", where)
    if not number:
        return []
    detail = f"{rows(number, 'bout')} of analyses are of videos that are not tracked"
    hint = "Track the video and ask again; doctor --repair sets them aside"
    return [Fault("orphans", detail, hint, ASIDE, "bouts", where)]


def _count(study: Study, table: str, where: str) -> int:
    return study.rows(f"SELECT count(*) FROM {table} WHERE {where}")[0][0]


def _one(what: str) -> str:
    return f"{'an' if what[0] in 'aeiou' else 'a'} {what}"
