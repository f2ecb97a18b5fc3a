"""Batches of edits, those of everybody who waits in one transaction: done, or refused one by one.

Opening and closing the database costs more than an edit does. Ten people who score at once would
queue for it one after the other; instead, whoever comes while it is open is served together at
the next opening.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.errors import AppError, one_line
from app.library import WAIT_S
from storage.bouts import bouts_state
from storage.edits import Applied, BrokenEditError, apply, next_steps, refuse
from storage.study import Study, StudyError, open_study
from storage.videos import find_video


@dataclass(frozen=True)
class Edit:
    """One numbered edit of a tab."""

    seq: int
    kind: str
    data: dict[str, Any]


@dataclass(eq=False)
class _Batch:
    """What one tab sent, and what becomes of it."""

    video_id: int
    client: str
    edits: Sequence[Edit]
    author: str
    refused: dict[int, str]
    turn: threading.Event = field(default_factory=threading.Event)
    told: dict[str, Any] | None = None
    error: BaseException | None = None

    @property
    def scores(self) -> bool:
        """Whether it has to do with bouts."""
        return any(
            edit.kind.startswith("bouts.") or edit.data.get("scope") == "bouts"
            for edit in self.edits
        )

    @property
    def finished(self) -> bool:
        return self.told is not None or self.error is not None


class _Desk:
    """Where the batches for one study wait; one of those who wait serves them all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._waiting: list[_Batch] = []
        self._open = False

    def serve(self, batch: _Batch) -> None:
        """Come back when the batch is finished, having served others meanwhile or been served."""
        with self._lock:
            self._waiting.append(batch)
            wait, self._open = self._open, True
        if wait:
            batch.turn.wait()
        if batch.finished:
            return
        with self._lock:
            together, self._waiting = self._waiting, []
        try:
            _apply_together(self.folder, together)
        except BaseException as error:
            for each in together:
                each.told, each.error = None, error
            raise
        finally:
            self._next(together)

    def _next(self, served: Sequence[_Batch]) -> None:
        with self._lock:
            if self._waiting:
                self._waiting[0].turn.set()
            else:
                self._open = False
        for each in served:
            each.turn.set()


_desks: dict[Path, _Desk] = {}
_desks_lock = threading.Lock()


def apply_batch(
    folder: Path,
    video_id: int,
    client: str,
    edits: Sequence[Edit],
    author: str,
    refused: Mapping[int, str] | None = None,
) -> dict[str, Any]:
    """Apply edits in order, in one transaction, and say what became of each.

    `refused` are those that are not to be made, by number, each with the reason. An edit that
    breaks the transaction, which none should, is refused and the others are applied anew without
    it: a tab that keeps sending it would never get rid of it.
    """
    with _desks_lock:
        desk = _desks.setdefault(folder, _Desk(folder))
    batch = _Batch(video_id, client, edits, author, dict(refused or {}))
    desk.serve(batch)
    if batch.told is None:
        raise batch.error or StudyError("The edits were not made: send them again.")
    return batch.told


def _apply_together(folder: Path, batches: Sequence[_Batch]) -> None:
    while True:
        culprit = batches[0]
        try:
            with open_study(folder, write=True, timeout_s=WAIT_S) as study:
                for culprit in batches:
                    _apply_one_batch(study, culprit)
            return
        except BrokenEditError as error:
            if error.seq is None:
                raise
            culprit.refused[error.seq] = str(error)
            for each in batches:
                each.told = each.error = None


def _apply_one_batch(study: Study, batch: _Batch) -> None:
    try:
        video_id = find_video(study, batch.video_id).video_id
    except StudyError as error:
        batch.error = error
        return
    results: list[dict[str, Any]] = []
    for edit in batch.edits:
        done = _one(study, video_id, edit, batch)
        told = {"edit_id": done.edit_id, **done.result} if done.error is None else {}
        results.append({"seq": edit.seq, **told, **({"error": done.error} if done.error else {})})
    batch.told = {
        "acknowledged": batch.edits[-1].seq,
        "state": bouts_state(study, video_id),
        "results": results,
        **({"steps": next_steps(study, video_id, "bouts", batch.author)} if batch.scores else {}),
    }


def _one(study: Study, video_id: int, edit: Edit, batch: _Batch) -> Applied:
    data, wrong = edit.data, batch.refused.get(edit.seq)
    if wrong is None and edit.kind.startswith("tracks."):
        from app.annotating.reviewing import prepared

        try:
            data = prepared(study, video_id, edit.kind, data)
        except (AppError, StudyError) as error:
            wrong = one_line(error)
    author, client = batch.author, batch.client
    if wrong is not None:
        return refuse(study, video_id, edit.kind, data, wrong, author, client, edit.seq)
    return apply(study, video_id, edit.kind, data, author=author, client=client, seq=edit.seq)
