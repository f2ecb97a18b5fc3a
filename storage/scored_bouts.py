"""One person's scored bouts as rows: checked, made one where they overlap, put and taken out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from storage.bouts import PERSON, edges_of
from storage.errors import StudyError
from storage.study import Study
from storage.videos import Video, animal_names, find_video

NO_SUBJECT = "No focal subject"  # of a bout that is about the whole scene, as BORIS says it
NAME_LENGTH, COMMENT_LENGTH, MODIFIERS = 200, 2000, 20
FIELDS = (
    "bout_id", "behaviour", "subject", "target", "kind", "start_frame", "stop_frame", "start_s",
    "stop_s", "source", "annotator", "definition", "analysis_id", "modifiers", "comment",
    "origin_id",
)  # fmt: skip
Row = dict[str, Any]  # FIELDS by name; modifiers is a dict or None


def rows_of(study: Study, video_id: int, bout_ids: Sequence[int]) -> list[Row]:
    """The bouts with these numbers, in the order of their numbers; unknown ones are left out."""
    return _select(study, "video_id = ? AND list_contains(?, bout_id)", [video_id, list(bout_ids)])


def own_rows(study: Study, video_id: int, bout_ids: Sequence[int], author: str) -> list[Row]:
    """The bouts with these numbers; StudyError where one is gone or is not the author's own."""
    wanted = list(dict.fromkeys(bout_ids))
    rows = rows_of(study, video_id, wanted)
    gone = sorted(set(wanted) - {row["bout_id"] for row in rows})
    if gone:
        raise StudyError(f"There is no bout {gone[0]} in this video any more: look again.")
    for row in rows:
        if row["source"] != PERSON or (row["annotator"] or "") != author:
            raise StudyError(
                f"This bout of {row['behaviour']} is by {row['annotator'] or row['source']}, not "
                f"by {author or 'you'}: score your own beside it."
            )
    return rows


def checked(study: Study, video_id: int, row: Row) -> Row:
    """The row with its seconds, if everything in it can be true of the video."""
    video = find_video(study, video_id)
    names = list(animal_names(study, video_id).values())
    behaviour = line_of(row.get("behaviour"), "behaviour")
    what = row.get("kind")
    if what not in ("state", "point"):
        raise StudyError(f"A bout is a state or a point, not {str(what)[:40]!r}.")
    start, stop = _frames(video, behaviour, what, row.get("start_frame"), row.get("stop_frame"))
    edges_s = edges_of(study, video, {start, stop})
    return {
        **row,
        "behaviour": behaviour,
        "subject": _subject(row.get("subject"), names, video),
        "target": _target(study, video, row.get("target"), names),
        "kind": what,
        "start_frame": start,
        "stop_frame": stop,
        "start_s": edges_s[start],
        "stop_s": edges_s[stop],
        "modifiers": _modifiers(row.get("modifiers")),
        "comment": _comment(row.get("comment")),
    }


def merged(
    study: Study, video_id: int, row: Row, but: Sequence[int] = (), newer: int | None = None
) -> tuple[Row, list[int]]:
    """The row made one with the same person's bouts of the same that it overlaps; their numbers.

    Nobody does one thing twice at once, and a key pressed over an old bout must not be lost: so
    the time that either covers is kept. Bouts that say different things more closely are not
    joined, for which of both is right only the person can tell. The bouts with the numbers `but`
    are left alone, and with `newer` those that are not newer than this number.
    """
    found = _select(
        study,
        "video_id = ? AND behaviour = ? AND subject = ? AND target IS NOT DISTINCT FROM ? "
        "AND kind = ? AND source = ? AND annotator IS NOT DISTINCT FROM ? "
        "AND bout_id IS DISTINCT FROM ? AND (start_frame < ? AND stop_frame > ? "
        "OR kind = 'point' AND start_frame = ?) AND NOT list_contains(?, bout_id) "
        "AND bout_id > ?",
        [
            video_id, row["behaviour"], row["subject"], row["target"], row["kind"], row["source"],
            row["annotator"], row.get("bout_id"), row["stop_frame"], row["start_frame"],
            row["start_frame"], list(but), newer or 0,
        ],
    )  # fmt: skip
    for other in found:
        if other["modifiers"] != row["modifiers"]:
            raise StudyError(
                f"{row['behaviour']} of {row['subject']} is scored from frame "
                f"{other['start_frame']} to {other['stop_frame']} with other modifiers: change or "
                "delete that bout first."
            )
    everything = [*found, row]
    first = min(everything, key=lambda one: one["start_frame"])
    last = max(everything, key=lambda one: one["stop_frame"])
    comments = dict.fromkeys(one["comment"] for one in everything if one["comment"])
    joined = {
        **row,
        **{name: first[name] for name in ("start_frame", "start_s")},
        **{name: last[name] for name in ("stop_frame", "stop_s")},
        "comment": "; ".join(comments)[:COMMENT_LENGTH] or None,
    }
    return joined, [other["bout_id"] for other in found]


def put_rows(study: Study, video_id: int, bout_ids: Sequence[int], rows: Sequence[Row]) -> None:
    """Take out the bouts with these numbers and those of the rows, then put in the rows."""
    numbers = [*bout_ids, *(row["bout_id"] for row in rows)]
    study.rows(
        "DELETE FROM bouts WHERE video_id = ? AND list_contains(?, bout_id)", [video_id, numbers]
    )
    marks = ", ".join("?" * (len(FIELDS) + 1))
    for row in rows:
        values = {**row, "modifiers": row["modifiers"] and json.dumps(row["modifiers"])}
        study.rows(
            f"INSERT INTO bouts (video_id, {', '.join(FIELDS)}) VALUES ({marks})",
            [video_id, *(values.get(name) for name in FIELDS)],
        )


def known_subjects(study: Study, video_id: int) -> list[str]:
    """Who may be scored: the video's animals; without them, whom metadata and bouts name."""
    names = list(animal_names(study, video_id).values())
    if names:
        return names
    found = study.rows(
        "SELECT animal FROM metadata WHERE video_id = $video AND animal IS NOT NULL "
        "UNION SELECT subject FROM bouts WHERE video_id = $video AND subject != $nobody ORDER BY 1",
        {"video": video_id, "nobody": NO_SUBJECT},
    )
    return [name for (name,) in found]


def with_ids(study: Study, video_id: int, rows: Sequence[Row]) -> list[Row]:
    """The rows with the numbers of their animals, which outlive a new name."""
    numbers = {name: number for number, name in animal_names(study, video_id).items()}
    return [
        {**row, "subject_id": numbers.get(row["subject"]), "target_id": numbers.get(row["target"])}
        for row in rows
    ]


def with_names(study: Study, video_id: int, rows: Sequence[Row]) -> list[Row]:
    """The rows of `with_ids`, their animals called as they are now."""
    names = animal_names(study, video_id)
    return [
        {
            **{name: row.get(name) for name in FIELDS},
            "subject": names.get(row["subject_id"], row["subject"]),
            "target": names.get(row["target_id"], row["target"]),
        }
        for row in rows
    ]


def _select(study: Study, where: str, parameters: list[Any]) -> list[Row]:
    sql = f"SELECT {', '.join(FIELDS)} FROM bouts WHERE {where} ORDER BY bout_id"
    rows = [dict(zip(FIELDS, row, strict=True)) for row in study.rows(sql, parameters)]
    return [{**row, "modifiers": json.loads(row["modifiers"] or "null")} for row in rows]


def line_of(value: object, what: str) -> str:
    """The text of a name, if it can be one."""
    good = isinstance(value, str) and value.isprintable() and len(value) <= NAME_LENGTH
    if not good or not str(value).strip():
        raise StudyError(f"A {what} is one line of 1 to {NAME_LENGTH} letters.")
    return str(value).strip()


def _frames(
    video: Video, behaviour: str, what: str, start: object, stop: object
) -> tuple[int, int]:
    """First frame and the frame after the last; a point lasts no time."""
    first, after = _whole(start), _whole(start if what == "point" else stop)
    if first is None or after is None:
        raise StudyError(f"{behaviour}: start_frame and stop_frame are whole frame numbers.")
    last = video.n_frames - 1
    if not 0 <= first <= last or after > video.n_frames:
        raise StudyError(
            f"{behaviour} runs from frame {first} to {after}, but '{video.name}' has the frames 0 "
            f"to {last}."
        )
    if what == "state" and after <= first:
        raise StudyError(
            f"{behaviour} stops at frame {after}, not after its start at frame {first}: a state "
            "lasts one frame at least."
        )
    return first, after


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _subject(value: object, names: list[str], video: Video) -> str:
    """One of the video's animals; nobody stands for the only one, or for the whole scene."""
    if value in (None, "", NO_SUBJECT):
        return names[0] if len(names) == 1 else NO_SUBJECT
    name = line_of(value, "subject")
    if names and name not in names:
        raise StudyError(
            f"There is no animal '{name}' in '{video.name}': it has {', '.join(names)}."
        )
    return name


def _target(study: Study, video: Video, value: object, names: list[str]) -> str | None:
    if value in (None, ""):
        return None
    name = line_of(value, "target")
    sql = "SELECT name FROM regions WHERE video_id = ? ORDER BY name"
    known = [*names, *(place for (place,) in study.rows(sql, [video.video_id]))]
    if names and name not in known:
        raise StudyError(
            f"There is no animal or region '{name}' in '{video.name}': it has {', '.join(known)}."
        )
    return name


def _modifiers(value: object) -> dict[str, Any] | None:
    if value in (None, {}):
        return None
    if not isinstance(value, dict) or len(value) > MODIFIERS:
        raise StudyError(f"Modifiers are up to {MODIFIERS} names with a value each.")
    for name, said in value.items():
        line_of(name, "modifier")
        texts = said if isinstance(said, list) else [said]
        if len(texts) > MODIFIERS or not all(
            isinstance(text, str | int | float | bool) and len(str(text)) <= NAME_LENGTH
            for text in texts
        ):
            raise StudyError(
                f"Modifier '{name}' is a text, a number or a list of up to {MODIFIERS} of them."
            )
    return value


def _comment(value: object) -> str | None:
    if value in (None, ""):
        return None
    if not isinstance(value, str) or len(value) > COMMENT_LENGTH or "\0" in value:
        raise StudyError(f"A comment is a text of up to {COMMENT_LENGTH} letters.")
    return value.strip() or None
