"""Edits by hand: applied in order, logged for good, taken back and done again without limit.

A module that knows one kind of edit registers a function for it::

    @kind("regions.delete", scope="setup")
    def delete(study, video_id, data, author):
        ...check everything first and raise StudyError, only then write...
        return Change(inverse=("regions.save", {...}))

The function returns how to take the edit back: another kind with its data. Taking back calls
that kind, whose own inverse is then what does it again. So one that is called only in this way
(`internal=True`) is a kind like every other, and cannot be sent by a browser.

Whose edits an undo takes back: tracks and the setup of a video are one thing that everybody works
on, so it is the last edit of anybody, and `by` says whose it was. Bouts and labels are one
person's own judgement, so it is the last one of that person (`OWN`). An edit that somebody made
in between is never skipped: those after it may rest on it.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from storage.errors import StudyError
from storage.study import Study
from storage.videos import find_video

MODULES = (
    "storage.edit_bouts", "storage.edit_tracks", "storage.edit_places", "storage.edit_setup",
    "storage.edit_labels",
)  # fmt: skip
OWN = frozenset({"bouts", "labels"})  # scopes in which a person takes back only what is theirs
APART = frozenset({"labels"})  # scopes in which every frame, named in the data, has its own undo
Data = Mapping[str, Any]
# What a kind may raise by mistake: on ill-formed data it did not check, or half way through.
_MISTAKES = (duckdb.Error, LookupError, TypeError, ValueError, AttributeError, OverflowError)


class BrokenEditError(StudyError):
    """An edit failed half way: its transaction must end, and the edit be refused in the next."""

    def __init__(self, seq: int | None, message: str) -> None:
        super().__init__(message)
        self.seq = seq


@dataclass(frozen=True)
class Change:
    """What one edit did, and how to take it back."""

    inverse: tuple[str, dict[str, Any]] | None = None  # kind and data; None: nothing changed
    result: dict[str, Any] = field(default_factory=dict)  # told to the browser
    saved: Mapping[str, pa.Table] = field(default_factory=dict)  # rows before, by table
    run_id: str | None = None  # the tracking run it changed
    logged: Data | None = None  # kept in the log in place of what was sent, where that is large


@dataclass(frozen=True)
class Applied:
    """An edit that is in the log; `error` says why it was refused."""

    edit_id: int
    result: dict[str, Any]
    error: str | None = None


Do = Callable[[Study, int, Data, str], Change]


@dataclass(frozen=True)
class Kind:
    """One kind of edit."""

    name: str
    scope: str  # bouts, tracks, setup or labels
    do: Do
    describe: Callable[[Data], str]
    internal: bool


_kinds: dict[str, Kind] = {}


def kind(
    name: str,
    *,
    scope: str,
    describe: Callable[[Data], str] | None = None,
    internal: bool = False,
) -> Callable[[Do], Do]:
    """Register a function `do(study, video_id, data, author) -> Change` for one kind of edit.

    It checks everything before it writes anything, and says by StudyError what is wrong. Where
    its inverse needs the rows it saved, it gets them by `saved_rows(study, data["edit_id"], ...)`.
    """

    def register(do: Do) -> Do:
        spoken = describe or (lambda data: name.replace(".", " "))
        _kinds[name] = Kind(name, scope, do, spoken, internal)
        return do

    return register


def kinds() -> dict[str, Kind]:
    """Every kind of edit that is known, by name."""
    for module in MODULES:
        if find_spec(module):
            importlib.import_module(module)
    return _kinds


def apply(
    study: Study,
    video_id: int,
    kind: str,
    data: Data,
    *,
    author: str,
    client: str | None = None,
    seq: int | None = None,
) -> Applied:
    """Do one edit and log it; one whose client and seq were seen before is only looked up.

    An edit that cannot be done is logged with the reason, so that it is refused once and for
    all. `undo` and `redo` take {"scope": ..., "of": ...}; where `of` names the edit that is meant,
    as {"edit_id": ...} or by the {"client": ..., "seq": ...} it came with, any other is left alone.
    """
    before = _seen(study, video_id, client, seq)
    if before is not None:
        return before
    if not study.rows("SELECT 1 FROM videos WHERE video_id = ?", [video_id]):
        find_video(study, video_id)  # which says what there is
    entry = _Entry(video_id, kind, data, author, client, seq)
    study.rows("SET VARIABLE author = ?", [author])  # what is drawn is by whose edit it is
    try:
        return _step(study, entry) if kind in ("undo", "redo") else _fresh(study, entry)
    except StudyError as error:
        return refuse(study, video_id, kind, data, str(error), author, client, seq)
    except duckdb.IOException:  # a full drive is no mistake of the edit, which can be sent again
        raise
    except _MISTAKES as error:
        line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise BrokenEditError(seq, f"{kind[:80]} could not be done: {line}") from error


def refuse(
    study: Study,
    video_id: int,
    kind: str,
    data: Data,
    error: str,
    author: str,
    client: str | None = None,
    seq: int | None = None,
) -> Applied:
    """Log an edit that was not done, with the reason."""
    before = _seen(study, video_id, client, seq)
    if before is not None:
        return before
    scope = _kinds[kind].scope if kind in _kinds else str(data.get("scope", ""))
    entry = _Entry(video_id, kind, data, author, client, seq)
    return _log(study, entry, scope, Change(), error=error)


def saved_rows(study: Study, edit_id: int, table: str) -> pa.Table:
    """The rows that an edit kept of a table before it changed them."""
    found = study.rows(
        "SELECT rows FROM edit_rows WHERE edit_id = ? AND table_name = ?", [edit_id, table]
    )
    if not found:
        raise StudyError(f"Edit {edit_id} kept no rows of {table}: it cannot be taken back.")
    with pa.ipc.open_stream(found[0][0]) as stream:
        return stream.read_all()


def can_undo(
    study: Study, video_id: int, scope: str, author: str = "", frame: int | None = None
) -> str | None:
    """What an undo would take back, in words; None when there is nothing."""
    done, _ = _stacks(study, video_id, scope, author, frame)
    return done[-1].words if done else None


def can_redo(
    study: Study, video_id: int, scope: str, author: str = "", frame: int | None = None
) -> str | None:
    """What a redo would do again, in words; None when there is nothing."""
    _, undone = _stacks(study, video_id, scope, author, frame)
    return undone[-1].words if undone else None


def next_steps(
    study: Study, video_id: int, scope: str, author: str = "", frame: int | None = None
) -> dict[str, Any]:
    """What an undo and a redo of this person would be of: {edit_id, words, by} each, or None.

    `at` is the last edit of the video, by which a later answer is told from an earlier one.
    """
    stacks = _stacks(study, video_id, scope, author, frame)
    undo, redo = (
        {"edit_id": last.edit_id, "words": last.words, "by": last.author} if last else None
        for last in (stack[-1] if stack else None for stack in stacks)
    )
    sql = "SELECT coalesce(max(edit_id), 0) FROM edits WHERE video_id = ?"
    at = study.rows(sql, [video_id])[0][0]
    return {"undo": undo, "redo": redo, "at": at, "author": author}


def log(study: Study, video_id: int | None = None) -> pd.DataFrame:
    """Every edit that was made, in order: who, when, what, and whether it stands.

    Columns edit_id, video, scope, kind, data, author, made_at, run_id, undoes, error, stands and
    words. Undo and redo are rows of their own; a refused edit has its `error`.
    """
    table = study.arrow(
        "SELECT edit_id, e.video_id, v.name AS video, scope, kind, data::VARCHAR AS data, author, "
        "made_at, run_id, undoes, error FROM edits e JOIN videos v USING (video_id) "
        "WHERE ($video::INTEGER IS NULL OR e.video_id = $video) ORDER BY edit_id",
        {"video": video_id},
    ).to_pandas()
    standing: set[int] = set()
    scopes = table[["video_id", "scope", "author"]].drop_duplicates()
    for video, scope, author in scopes.itertuples(index=False, name=None):
        for done, _ in _replayed(study, video, scope, author).values():
            standing |= {row.edit_id for row in done}
    table["stands"] = table["edit_id"].isin(standing)
    pairs = zip(table["kind"], table["data"], strict=True)
    table["words"] = [_words(name, json.loads(data)) for name, data in pairs]
    return table.drop(columns="video_id")


@dataclass(frozen=True)
class _Entry:
    video_id: int
    kind: str
    data: Data
    author: str
    client: str | None
    seq: int | None


@dataclass(frozen=True)
class _Row:
    """One edit that stands or was taken back, with what reverts its present state."""

    edit_id: int  # of the edit itself
    last_id: int  # of the edit, undo or redo that brought it to its present state
    kind: str
    data: str  # JSON
    author: str  # of the edit itself

    @property
    def words(self) -> str:
        """The edit in a few words."""
        return _words(self.kind, json.loads(self.data))


def _fresh(study: Study, entry: _Entry) -> Applied:
    known = kinds().get(entry.kind)
    if known is None or known.internal:
        names = ", ".join(sorted(one.name for one in _kinds.values() if not one.internal))
        raise StudyError(f"There is no edit '{entry.kind[:80]}'. There are: {names}, undo, redo.")
    data = _with_bout(study, entry)
    change = known.do(study, entry.video_id, data, entry.author)
    if change.logged is not None:
        entry = replace(entry, data=change.logged)
    return _log(study, entry, known.scope, change)


def _with_bout(study: Study, entry: _Entry) -> Data:
    """A browser may name a bout whose number it was not told yet by the edit that made it."""
    seq = entry.data.get("bout_seq")
    if seq is None or entry.data.get("bout_id") is not None:
        return entry.data
    made = _seen(study, entry.video_id, entry.client, seq) if isinstance(seq, int) else None
    if made is None or "bout_id" not in made.result:
        raise StudyError("The bout that was meant was never made: score it again.")
    return {**entry.data, "bout_id": made.result["bout_id"]}


def _step(study: Study, entry: _Entry) -> Applied:
    """Take back the last edit of a scope that stands, or do the last undone one again."""
    scope = entry.data.get("scope")
    known = sorted({one.scope for one in kinds().values()})
    if scope not in known:
        raise StudyError(f"{entry.kind} needs a scope: one of {', '.join(known)}.")
    frame = entry.data.get("frame")
    done, undone = _stacks(study, entry.video_id, scope, entry.author, frame)
    stack = done if entry.kind == "undo" else undone
    meant = _meant(study, entry)
    if not stack:
        raise StudyError(_nothing(study, entry, scope))
    row = stack[-1]
    if meant is not None and meant != row.edit_id:
        taken = "taken back" if entry.kind == "undo" else "done again"
        raise StudyError(
            f"Not {taken}: the last one was made elsewhere, it is '{row.words}'. "
            f"{entry.kind.capitalize()} once more for that one."
        )
    sql = "SELECT inverse::VARCHAR FROM edits WHERE edit_id = ?"
    inverse = json.loads(study.rows(sql, [row.last_id])[0][0])
    data = {**inverse["data"], "edit_id": row.last_id}
    change = _kinds[inverse["kind"]].do(study, entry.video_id, data, entry.author)
    told = {**change.result, "words": row.words, "by": row.author}
    change = Change(change.inverse, told, change.saved, change.run_id)
    undoes = row.edit_id if entry.kind == "undo" else row.last_id
    return _log(study, entry, scope, change, undoes=undoes)


def _meant(study: Study, entry: _Entry) -> int | None:
    """The edit that an undo or a redo says it is of; None where it only says the last one."""
    of = entry.data.get("of")
    if of is None:
        return None
    edit_id, client, seq = (
        (of.get(name) for name in ("edit_id", "client", "seq"))
        if isinstance(of, dict)
        else [None] * 3
    )
    if isinstance(edit_id, int):
        return edit_id
    if not isinstance(client, str) or not isinstance(seq, int):
        raise StudyError(f"{entry.kind} says in `of` an edit_id, or a client and a seq.")
    made = _seen(study, entry.video_id, client, seq)
    if made is None or made.error is not None:
        raise StudyError(f"What was meant by {entry.kind} was not done: the study is as it was.")
    sql = "SELECT inverse IS NULL FROM edits WHERE edit_id = ?"
    if study.rows(sql, [made.edit_id])[0][0]:
        raise StudyError(f"What was meant by {entry.kind} had changed nothing.")
    return made.edit_id


def _nothing(study: Study, entry: _Entry, scope: str) -> str:
    """Why there is nothing to take back or to do again."""
    past = study.rows(
        "SELECT count(*) FROM edits WHERE video_id = ? AND scope = ? AND error IS NULL "
        "AND undoes IS NULL AND run_id NOT IN (SELECT run_id FROM runs WHERE active)",
        [entry.video_id, scope],
    )[0][0]
    why = f": the {past} edits before were of tracks that were computed anew since"
    return f"There is nothing to {entry.kind}{why if past else ''}."


_Stacks = tuple[list[_Row], list[_Row]]


def _stacks(study: Study, video_id: int, scope: str, author: str, frame: object = None) -> _Stacks:
    """The edits that stand and those taken back, as the log has them; the last one is the next."""
    part = frame if scope in APART else None
    return _replayed(study, video_id, scope, author).get(part, ([], []))


def _replayed(study: Study, video_id: int, scope: str, author: str) -> dict[object, _Stacks]:
    """The stacks of a scope: one, or one for every frame and one for edits of many frames (None).

    Edits of tracks that were computed anew since are past: they are in none.
    """
    whose = "AND author = $author" if scope in OWN else ""
    rows = study.rows(
        "SELECT edit_id, kind, data::VARCHAR, author FROM edits WHERE video_id = $video "
        "AND scope = $scope AND error IS NULL AND (inverse IS NOT NULL OR undoes IS NOT NULL) "
        "AND (run_id IS NULL OR run_id IN (SELECT run_id FROM runs WHERE active)) "
        f"{whose} ORDER BY edit_id",
        {"video": video_id, "scope": scope, **({"author": author} if whose else {})},
    )
    stacks: dict[object, _Stacks] = {}
    for edit_id, name, data, by in rows:
        part = json.loads(data).get("frame") if scope in APART else None
        done, undone = stacks.setdefault(part, ([], []))
        if name == "undo":
            undone.append(replace(done.pop(), last_id=edit_id))
        elif name == "redo":
            done.append(replace(undone.pop(), last_id=edit_id))
        else:
            done.append(_Row(edit_id, edit_id, name, data, by))
            undone.clear()
    return stacks


def _words(name: str, data: Data) -> str:
    """An edit in a few words; one whose module is gone keeps its bare name."""
    known = kinds().get(name)
    return name if known is None else known.describe(data)


def _seen(study: Study, video_id: int, client: str | None, seq: int | None) -> Applied | None:
    """The edit that this tab sent before under the same number."""
    if client is None or seq is None:
        return None
    found = study.rows(
        "SELECT edit_id, result::VARCHAR, error FROM edits "
        "WHERE video_id = ? AND client = ? AND seq = ?",
        [video_id, client, seq],
    )
    return Applied(found[0][0], json.loads(found[0][1]), found[0][2]) if found else None


def _log(
    study: Study,
    entry: _Entry,
    scope: str,
    change: Change,
    undoes: int | None = None,
    error: str | None = None,
) -> Applied:
    inverse = change.inverse and {"kind": change.inverse[0], "data": change.inverse[1]}
    row = {
        "video_id": entry.video_id, "scope": scope, "kind": entry.kind,
        "data": _text(entry.data), "inverse": inverse and _text(inverse),
        "result": _text(change.result), "author": entry.author, "client": entry.client,
        "seq": entry.seq, "made_at": datetime.now(UTC).replace(tzinfo=None),
        "run_id": change.run_id, "undoes": undoes, "error": error,
    }  # fmt: skip
    sql = f"INSERT INTO edits ({', '.join(row)}) VALUES ({', '.join('?' * len(row))}) "
    edit_id = study.rows(f"{sql} RETURNING edit_id", list(row.values()))[0][0]
    for table, rows in change.saved.items():
        study.rows("INSERT INTO edit_rows VALUES (?, ?, ?)", [edit_id, table, _packed(rows)])
    return Applied(edit_id, change.result, error)


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _packed(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, rows.schema, options=options) as stream:
        stream.write_table(rows)
    return sink.getvalue().to_pybytes()
