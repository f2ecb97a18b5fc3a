"""Edits of the bouts that a person scores: add, change, delete, and `watched to the end`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from storage.bouts import PERSON
from storage.edits import Change, Data, kind
from storage.errors import StudyError
from storage.ethogram import read_ethogram
from storage.provenance import scoring_origin
from storage.scored_bouts import (
    Row,
    checked,
    line_of,
    merged,
    own_rows,
    put_rows,
    rows_of,
    with_ids,
    with_names,
)  # fmt: skip
from storage.study import Study
from storage.videos import animal_names

CHANGEABLE = (
    "behaviour", "subject", "target", "kind", "start_frame", "stop_frame", "modifiers", "comment",
)  # fmt: skip
MOST = 10_000  # bouts in one edit


def _scored(data: Data) -> str:
    who = f" of {data['subject']}" if data.get("subject") else ""
    return f"{data.get('behaviour')}{who} at frame {data.get('start_frame')}"


def _deleted(data: Data) -> str:
    ids = data.get("bout_ids")
    number = len(ids) if isinstance(ids, list) else 0
    return "delete a bout" if number == 1 else f"delete {number} bouts"


def _changed(data: Data) -> str:
    given = [name.replace("_", " ") for name in CHANGEABLE if name in data]
    return f"change {', '.join(given)} of a bout"


def _watched(data: Data) -> str:
    return f"{'' if data.get('done') else 'not '}watched to the end for {data.get('behaviour')}"


@kind("bouts.add", scope="bouts", describe=_scored)
def add(study: Study, video_id: int, data: Data, author: str) -> Change:
    """Score one bout; one that overlaps an own bout of the same is made one with it."""
    given = {name: _renamed(study, video_id, data).get(name) for name in CHANGEABLE}
    given["kind"] = given["kind"] or "state"
    row = checked(study, video_id, given)
    row |= {"source": PERSON, "annotator": author or None, "definition": None, "analysis_id": None}
    row["origin_id"] = scoring_origin(study, video_id, author)
    row, gone = merged(study, video_id, row)
    _check_group(study, video_id, row)
    row["bout_id"] = study.rows("SELECT nextval('bout_ids')")[0][0]
    return _put(study, video_id, gone, [row], _told(row, gone))


@kind("bouts.change", scope="bouts", describe=_changed)
def change(study: Study, video_id: int, data: Data, author: str) -> Change:
    """Change what is given of an own bout; it is made one with an own bout that it now overlaps."""
    (before,) = own_rows(study, video_id, [_number(data.get("bout_id"))], author)
    now = _renamed(study, video_id, data)
    given = {name: now[name] for name in CHANGEABLE if name in now}
    row, gone = merged(study, video_id, checked(study, video_id, {**before, **given}))
    if row == before and not gone:
        return Change(result=_told(row, gone))
    if {"behaviour", "subject", "kind", "start_frame", "stop_frame"} & given.keys():
        _check_group(study, video_id, row)
    return _put(study, video_id, gone, [row], _told(row, gone))


@kind("bouts.delete", scope="bouts", describe=_deleted)
def delete(study: Study, video_id: int, data: Data, author: str) -> Change:
    """Delete own bouts."""
    wanted = data.get("bout_ids")
    if not isinstance(wanted, list) or not 0 < len(wanted) <= MOST:
        raise StudyError(f"bout_ids is a list of 1 to {MOST} numbers of bouts.")
    rows = own_rows(study, video_id, [_number(one) for one in wanted], author)
    gone = [row["bout_id"] for row in rows]
    return _put(study, video_id, gone, [], {"deleted": gone})


@kind("bouts.put", scope="bouts", internal=True)
def put(study: Study, video_id: int, data: Data, author: str) -> Change:
    """Take out bouts and put back others just as they were: the inverse of all the above.

    What came into the study since by another way, such as a file, is no edit that was taken back
    before this one: a bout put back is made one with those that it overlaps.
    """
    own = [*data["remove"], *(row["bout_id"] for row in data["rows"])]
    rows, gone = [], list(data["remove"])
    for row in with_names(study, video_id, data["rows"]):
        joined, also = merged(study, video_id, row, own, newer=data.get("newest"))
        rows.append(joined)
        gone += also
    told = {"deleted": gone, "restored": [row["bout_id"] for row in rows]}
    return _put(study, video_id, gone, rows, told)


@kind("bouts.watched", scope="bouts", describe=_watched)
def watched(study: Study, video_id: int, data: Data, author: str) -> Change:
    """Say that one has watched the video to the end for a behaviour, or take that back."""
    behaviour, done = data.get("behaviour"), data.get("done")
    if not isinstance(done, bool):
        raise StudyError("done is true or false.")
    behaviour = line_of(behaviour, "behaviour")
    owner = [video_id, behaviour, PERSON, author or None]
    noted = study.rows(f"SELECT watched_at FROM watched WHERE {_OWNER}", owner)
    if bool(noted) == done:
        return Change(result={"watched": done})
    at = datetime.now(UTC).replace(tzinfo=None).isoformat() if done else None
    return _note(study, owner, at)


@kind("bouts.watched_at", scope="bouts", internal=True)
def watched_at(study: Study, video_id: int, data: Data, author: str) -> Change:
    """Set or take away the time at which a person had watched a video to its end."""
    return _note(study, [video_id, data["behaviour"], PERSON, author or None], data["at"])


_OWNER = "video_id = ? AND behaviour = ? AND source = ? AND annotator IS NOT DISTINCT FROM ?"


def _note(study: Study, owner: list[Any], at: str | None) -> Change:
    before = study.rows(f"DELETE FROM watched WHERE {_OWNER} RETURNING watched_at", owner)
    if at is not None:
        study.rows("INSERT INTO watched VALUES (?, ?, ?, ?, ?, NULL)", [*owner, at])
    earlier = before[0][0].isoformat() if before else None
    inverse = {"behaviour": owner[1], "at": earlier}
    return Change(("bouts.watched_at", inverse), {"watched": at is not None})


def _put(
    study: Study, video_id: int, gone: Sequence[int], rows: Sequence[Row], told: dict[str, Any]
) -> Change:
    numbers = [row["bout_id"] for row in rows]
    before = with_ids(study, video_id, rows_of(study, video_id, [*gone, *numbers]))
    put_rows(study, video_id, gone, rows)
    newest = study.rows("SELECT coalesce(max(bout_id), 0) FROM bouts")[0][0]
    newest = max([newest, *gone])
    inverse = {"remove": numbers, "rows": before, "newest": newest}
    return Change(("bouts.put", inverse), told)


def _renamed(study: Study, video_id: int, data: Data) -> Data:
    """The data with its animals called as they are now, where it says their numbers too."""
    names = animal_names(study, video_id)
    now = {
        who: names[data[f"{who}_id"]]
        for who in ("subject", "target")
        if who in data and isinstance(data.get(f"{who}_id"), int) and data[f"{who}_id"] in names
    }
    return {**data, **now}


def _check_group(study: Study, video_id: int, row: Row) -> None:
    """StudyError where a state overlaps another one of its exclusive group, scored by the same."""
    groups = {one.behaviour: one.exclusive_group for one in read_ethogram(study)}
    group = groups.get(row["behaviour"])
    if group is None or row["kind"] != "state":
        return
    others = [name for name, one in groups.items() if one == group and name != row["behaviour"]]
    found = study.rows(
        "SELECT behaviour, start_frame, stop_frame FROM bouts WHERE video_id = ? AND subject = ? "
        "AND kind = 'state' AND source = ? AND annotator IS NOT DISTINCT FROM ? "
        "AND list_contains(?, behaviour) AND start_frame < ? AND stop_frame > ? "
        "ORDER BY start_frame LIMIT 1",
        [
            video_id, row["subject"], row["source"], row["annotator"], others,
            row["stop_frame"], row["start_frame"],
        ],
    )  # fmt: skip
    for behaviour, start, stop in found:
        raise StudyError(
            f"{row['behaviour']} of {row['subject']}, frames {row['start_frame']} to "
            f"{row['stop_frame'] - 1}, overlaps {behaviour}, frames {start} to {stop - 1}: in "
            f"'{group}' there is one at a time. Change or delete that bout first."
        )


def _told(row: Row, gone: Sequence[int]) -> dict[str, Any]:
    told = {name: row[name] for name in ("bout_id", "start_frame", "stop_frame")}
    if not gone:
        return told
    note = f"made one with the bout of {row['behaviour']} that it overlapped"
    return {**told, "merged": list(gone), "note": note}


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1 << 62:
        raise StudyError("Say by its number which bout is meant.")
    return value
