"""Edits of labels: saved, cleared, and withdrawn again, each frame with an undo of its own.

A revision is never changed or removed. Taking one back marks it as withdrawn, and what holds of
its frame is then the newest one before it that stands, whoever made that.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from storage.edits import Applied, Change, Data, apply, kind
from storage.errors import StudyError
from storage.label_masks import decode, rasterise
from storage.labels import (
    BACKGROUND,
    CLEARED,
    DRAFT,
    IMPORT,
    NETWORK,
    PERSON,
    POSE,
    Label,
    LabelledFrame,
    is_by_hand,
    is_corrected,
    label_of,
    read_labels,
    utc_now,
)
from storage.study import Study
from storage.videos import Video, find_video

MOST = 1000  # labels of one frame
LONGEST = 60  # letters of a class name
_BAD = "A label cannot be used ({}): draw it again."


def save_labels(
    study: Study,
    video_id: int,
    frame: int,
    labels: Sequence[Label],
    *,
    author: str,
    origin: str = PERSON,
    sureness: float | None = None,
    was: int | None = None,
    client: str | None = None,
    seq: int | None = None,
) -> int:
    """Add a revision of a frame, and return its number; no labels: nobody is there.

    `was` is the revision that the author saw, 0 where nothing was there: where another person's
    came since, nothing is saved and the error says so. None: whatever is there is covered, but
    never what another person corrected by a draft. One with a `client` and `seq` that were seen
    before is only looked up.
    """
    data = {
        "frame": frame, "labels": [label_record(one) for one in labels], "origin": origin,
        "sureness": sureness, **({} if was is None else {"was": was}),
    }  # fmt: skip
    done = _done(apply(study, video_id, "labels.save", data, author=author, client=client, seq=seq))
    return int(done.result["revision_id"])


def save_many(
    study: Study,
    video_id: int,
    labels: Mapping[int, Sequence[Label]],
    *,
    author: str,
    origin: str,
    sureness: Mapping[int, float] | None = None,
    force: bool = False,
) -> list[int]:
    """Add a revision to several frames (by frame) as one edit, and return the frames that got one.

    A frame that a person labelled keeps what it has, unless `force` brings another person's.
    """
    frames = [
        {"frame": frame, "labels": [label_record(one) for one in found],
         "sureness": (sureness or {}).get(frame)}
        for frame, found in sorted(labels.items())
    ]  # fmt: skip
    data = {"frames": frames, "origin": origin, "force": force}
    done = _done(apply(study, video_id, "labels.put", data, author=author))
    return list(done.result["frames"])


def clear_labels(study: Study, video_id: int, frame: int, *, author: str) -> None:
    """Let a frame be not labelled any more, and not be proposed any more either."""
    _done(apply(study, video_id, "labels.clear", {"frame": frame}, author=author))


def undo_labels(study: Study, video_id: int, frame: int | None, *, author: str) -> str:
    """Take back this author's last edit of a frame, or their last import or filling; its words."""
    data = {"scope": "labels", "frame": frame}
    return str(_done(apply(study, video_id, "undo", data, author=author)).result["words"])


def redo_labels(study: Study, video_id: int, frame: int | None, *, author: str) -> str:
    """Do again what this author took back last, as `undo_labels` is of; its words."""
    data = {"scope": "labels", "frame": frame}
    return str(_done(apply(study, video_id, "redo", data, author=author)).result["words"])


def label_record(label: Label) -> dict[str, Any]:
    """A label as edits carry it, and as the browser gets it.

    >>> label_record(Label("fly", (4, 5, 6, 6), b"\\x00\\x00\\x02\\x00"))["rle"]
    'AAACAA=='
    """
    x0, y0, x1, y1 = label.box
    return {
        "class": label.class_name, "animal_id": label.animal_id, "x0": x0, "y0": y0,
        "width": x1 - x0, "height": y1 - y0, "rle": base64.b64encode(label.rle).decode(),
    }  # fmt: skip


def label_from(record: object, width: int, height: int) -> Label:
    """The label that an edit carries: by run lengths in a box, or by `polygons` (and `holes`)."""
    if not isinstance(record, dict):
        raise StudyError(_BAD.format("it is no object"))
    name, animal = record.get("class"), record.get("animal_id")
    if not isinstance(name, str) or not 0 < len(name.strip()) <= LONGEST:
        raise StudyError(f"A label needs the name of its class, of 1 to {LONGEST} letters.")
    if animal is not None and not _is_number(animal, 1, 1 << 15):
        raise StudyError(_BAD.format("its animal is no number from 1"))
    name = " ".join(name.split())
    if "polygons" in record:
        rings = [record["polygons"], record.get("holes") or []]
        if not all(isinstance(one, list) for one in rings) or len(rings[0]) + len(rings[1]) > MOST:
            raise StudyError(_BAD.format("its polygons are no list, or too many"))
        mask = rasterise(rings[0], width, height, rings[1])
        if not mask.any():
            raise StudyError(f"The outline of a {name} encloses no pixel of the picture: draw it.")
        return label_of(mask, name, animal)
    x0, y0, box_width, box_height = _box(record, name, width, height)
    return label_of(decode(_runs(record.get("rle")), box_height, box_width), name, animal, x0, y0)


def _frame_words(data: Data) -> str:
    count = data.get("count", len(data.get("labels") or []))
    found = "nobody" if not count else f"{count} label{'' if count == 1 else 's'}"
    return f"{found} in frame {data.get('frame')}"


@kind("labels.save", scope="labels", describe=_frame_words)
def save(study: Study, video_id: int, data: Data, author: str) -> Change:
    """Add a revision {frame, labels, origin, sureness, was, over, window} of one frame.

    `over`: the author was told of what another person saved, and wants theirs on top of it.
    `window`: the client that asks, as the same person may label in two windows.
    """
    video = find_video(study, video_id)
    frame, origin = _frame(data.get("frame"), video), _origin(data.get("origin", PERSON))
    labels = _labels(data.get("labels"), video)
    now = read_labels(study, video_id, [frame])
    _check_meanwhile(study, now, data, author)
    _check_draft(now, origin, author)
    if now and is_by_hand(now[0].origin) and not is_by_hand(origin):
        raise StudyError(f"A person labelled frame {frame}, so nothing is filled in there.")
    if now and _same(now[0], labels, origin, author):
        return Change(result={"revision_id": now[0].revision_id, "frame": frame})
    batch = _add(study, video_id, {frame: labels}, origin, author, {frame: data.get("sureness")})
    logged = {"frame": frame, "origin": origin, "count": len(labels)}
    return _added(batch, {"revision_id": batch, "frame": frame}, logged)


def _many_words(data: Data) -> str:
    count = data.get("count", len(data.get("frames") or []))
    return f"{count} frame{'' if count == 1 else 's'} by {data.get('origin')}"


@kind("labels.put", scope="labels", describe=_many_words)
def put(study: Study, video_id: int, data: Data, author: str) -> Change:
    """Add a revision to each of several frames {frames: [...], origin, force} at once."""
    video, origin = find_video(study, video_id), _origin(data.get("origin"))
    listed = data.get("frames")
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise StudyError("There are no frames to label.")
    found = {_frame(one.get("frame"), video): _labels(one.get("labels"), video) for one in listed}
    sure = {one["frame"]: one.get("sureness") for one in listed}
    if not (data.get("force") and is_corrected(origin)):
        for kept in read_labels(study, video_id, found):
            if is_by_hand(kept.origin):
                del found[kept.frame]
    if not found:
        return Change(result={"frames": []}, logged={"origin": origin, "count": 0})
    batch = _add(study, video_id, found, origin, author, sure)
    logged = {"origin": origin, "count": len(found), "first": min(found), "last": max(found)}
    return _added(batch, {"batch": batch, "frames": sorted(found)}, logged)


@kind("labels.clear", scope="labels", describe=lambda data: f"clear frame {data.get('frame')}")
def clear(study: Study, video_id: int, data: Data, author: str) -> Change:
    """Let the frame {frame, was, over} be not labelled any more."""
    frame = _frame(data.get("frame"), find_video(study, video_id))
    _check_meanwhile(study, read_labels(study, video_id, [frame]), data, author)
    batch = _add(study, video_id, {frame: ()}, CLEARED, author, {})
    return _added(batch, {"revision_id": batch, "frame": frame}, {"frame": frame})


@kind("labels.withdraw", scope="labels", internal=True)
def withdraw(study: Study, video_id: int, data: Data, author: str) -> Change:
    """Take the revisions of a batch back."""
    return _mark(study, int(data["batch"]), True, author)


@kind("labels.restore", scope="labels", internal=True)
def restore(study: Study, video_id: int, data: Data, author: str) -> Change:
    """Bring the revisions of a batch back."""
    return _mark(study, int(data["batch"]), False, author)


def _mark(study: Study, batch: int, withdrawn: bool, author: str) -> Change:
    study.rows(
        "INSERT INTO label_marks (batch, withdrawn, author, made_at) VALUES (?, ?, ?, ?)",
        [batch, withdrawn, author, utc_now()],
    )
    frames = study.rows("SELECT frame FROM label_revisions WHERE batch = ? ORDER BY 1", [batch])
    other = "labels.restore" if withdrawn else "labels.withdraw"
    return Change((other, {"batch": batch}), {"frames": [frame for (frame,) in frames]})


def _added(batch: int, result: dict[str, Any], logged: dict[str, Any]) -> Change:
    return Change(("labels.withdraw", {"batch": batch}), result, logged=logged)


def _add(
    study: Study,
    video_id: int,
    found: Mapping[int, Sequence[Label]],
    origin: str,
    author: str,
    sureness: Mapping[int, Any],
) -> int:
    """Add revisions that belong together, and return their batch: the number of the first."""
    sql = f"SELECT nextval('label_revision_ids') FROM range({len(found)})"
    numbers = sorted(number for (number,) in study.rows(sql))
    made_at = utc_now()
    rows, shapes = [], []
    for number, (frame, labels) in zip(numbers, sorted(found.items()), strict=True):
        sure = _sureness(sureness.get(frame))
        rows.append([number, numbers[0], video_id, frame, origin, author, made_at, sure])
        shapes += [(number, place, one) for place, one in enumerate(labels)]
    for row in rows:
        study.rows(
            "INSERT INTO label_revisions (revision_id, batch, video_id, frame, origin, author, "
            f"made_at, sureness) VALUES ({', '.join('?' * len(row))})",
            row,
        )
    if shapes:
        study.connection.register("new_labels", _table(shapes))
        study.rows("INSERT INTO labels SELECT * FROM new_labels ORDER BY revision_id, number")
        study.connection.unregister("new_labels")
    return numbers[0]


def _table(shapes: Iterable[tuple[int, int, Label]]) -> pa.Table:
    rows = [
        {
            "revision_id": number, "number": place, "class_name": one.class_name,
            "animal_id": one.animal_id, "x0": one.box[0], "y0": one.box[1],
            "width": one.box[2] - one.box[0], "height": one.box[3] - one.box[1], "rle": one.rle,
        }
        for number, place, one in shapes
    ]  # fmt: skip
    small = pa.int16()
    types = [pa.int64(), small, pa.string(), small, small, small, small, small, pa.binary()]
    return pa.Table.from_pylist(rows, pa.schema(list(zip(rows[0], types, strict=True))))


def _labels(listed: object, video: Video) -> list[Label]:
    if not isinstance(listed, list) or len(listed) > MOST:
        raise StudyError(f"The labels of a frame are a list of at most {MOST}.")
    labels = [label_from(one, video.width, video.height) for one in listed]
    named = [one.animal_id for one in labels if one.animal_id is not None]
    twice = sorted({one for one in named if named.count(one) > 1})
    if twice:
        raise StudyError(f"Two labels of one frame cannot both be animal {twice[0]}: choose one.")
    return labels


def _same(now: LabelledFrame, labels: Sequence[Label], origin: str, author: str) -> bool:
    return (now.labels, now.origin, now.author) == (tuple(labels), origin, author)


def _check_meanwhile(study: Study, now: Sequence[LabelledFrame], data: Data, author: str) -> None:
    """Refuse to cover what came since the author looked: another person's, or another window's.

    A browser always says what it saw (`was`); 0 and null both say that nothing was there. Its own
    changes one after another do not wait for the number of the one before.
    """
    if "was" not in data or data.get("over") is True or not now:
        return
    last = now[0]
    if not is_by_hand(last.origin) or last.revision_id == data["was"]:
        return
    who, where = last.author or "Somebody else", ""
    if last.author == author:
        maker = _window_of(study, last)
        if not data.get("window") or maker in (None, data["window"]):
            return
        who, where = "You", " in another window"
    raise StudyError(
        f"{who} changed the labels of frame {last.frame}{where} meanwhile: look at them first."
    )


def _window_of(study: Study, found: LabelledFrame) -> str | None:
    """The client that made a revision; None where no browser did."""
    rows = study.rows(
        "SELECT client FROM edits WHERE video_id = ? AND scope = 'labels' AND error IS NULL "
        "AND kind IN ('labels.save', 'labels.clear') "
        "AND (result->>'revision_id')::BIGINT = ? ORDER BY edit_id LIMIT 1",
        [found.video_id, found.revision_id],
    )
    return rows[0][0] if rows else None


def _check_draft(now: Sequence[LabelledFrame], origin: str, author: str) -> None:
    """Refuse a draft over what another person corrected: the frame would not be learned from."""
    if origin == DRAFT and now and now[0].corrected and now[0].author != author:
        last = now[0]
        raise StudyError(
            f"{last.author or 'Somebody else'} corrected frame {last.frame}: look at it first, and "
            "say that yours is right to put it on top."
        )


def _frame(value: object, video: Video) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < video.n_frames:
        raise StudyError(
            f"Frame {str(value)[:40]} is not in the video: it has {video.n_frames}, from 0."
        )
    return value


def _origin(value: object) -> str:
    known = value in (PERSON, DRAFT, POSE, BACKGROUND) or (
        isinstance(value, str) and value.startswith((IMPORT, NETWORK)) and value[-1] != ":"
    )
    if not known:
        raise StudyError(f"Labels do not come from '{str(value)[:40]}': say person, for example.")
    return str(value)


def _sureness(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise StudyError("How sure a label is goes from 0 to 1.")
    return float(value)


def _is_number(value: object, low: int, stop: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value < stop


def _box(record: Mapping[str, Any], name: str, width: int, height: int) -> tuple[int, ...]:
    box = tuple(record.get(key) for key in ("x0", "y0", "width", "height"))
    numbers = tuple(one for one in box if isinstance(one, int) and not isinstance(one, bool))
    inside = len(numbers) == 4 and min(numbers[:2]) >= 0 and min(numbers[2:]) > 0
    if not inside or numbers[0] + numbers[2] > width or numbers[1] + numbers[3] > height:
        raise StudyError(f"The box of a {name} leaves the picture of {width} x {height} px.")
    return numbers


def _runs(packed: object) -> bytes:
    try:
        runs = base64.b64decode(packed if isinstance(packed, str) else "", validate=True)
    except (ValueError, binascii.Error) as error:
        raise StudyError(_BAD.format("its run lengths are no base64")) from error
    if not runs or len(runs) % 2:
        raise StudyError(_BAD.format("it has no run lengths"))
    return runs


def _done(applied: Applied) -> Applied:
    if applied.error is not None:
        raise StudyError(applied.error)
    return applied
