"""A batch of edits in one transaction: what can be done is done, the rest refused one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.errors import AppError, one_line
from app.library import WAIT_S
from storage.bouts import bouts_state
from storage.edits import Applied, BrokenEditError, apply, refuse
from storage.study import Study, StudyError, open_study
from storage.videos import find_video


@dataclass(frozen=True)
class Edit:
    """One numbered edit of a tab."""

    seq: int
    kind: str
    data: dict[str, Any]


def apply_batch(
    folder: Path,
    video_id: int,
    client: str,
    edits: Sequence[Edit],
    author: str,
    refused: Mapping[int, str] | None = None,
) -> dict[str, Any]:
    """Apply edits in order, in one transaction, and say what became of each.

    `refused` are those that are not to be made, by number, each with the reason.
    An edit that breaks the transaction, which none should, is refused and the others are applied
    anew without it: a tab that keeps sending it would never get rid of it.
    """
    refused = dict(refused or {})
    while True:
        try:
            with open_study(folder, write=True, timeout_s=WAIT_S) as study:
                return _applied(study, video_id, client, edits, author, refused)
        except BrokenEditError as error:
            if error.seq is None:
                raise
            refused[error.seq] = str(error)


def _applied(
    study: Study,
    video_id: int,
    client: str,
    edits: Sequence[Edit],
    author: str,
    refused: Mapping[int, str],
) -> dict[str, Any]:
    video_id = find_video(study, video_id).video_id
    results: list[dict[str, Any]] = []
    for edit in edits:
        done = _one(study, video_id, edit, author, client, refused.get(edit.seq))
        told = {"edit_id": done.edit_id, **done.result} if done.error is None else {}
        results.append({"seq": edit.seq, **told, **({"error": done.error} if done.error else {})})
    return {
        "acknowledged": edits[-1].seq,
        "state": bouts_state(study, video_id),
        "results": results,
    }


def _one(
    study: Study, video_id: int, edit: Edit, author: str, client: str, wrong: str | None
) -> Applied:
    data = edit.data
    if wrong is None and edit.kind.startswith("tracks."):
        from app.reviewing import prepared

        try:
            data = prepared(study, video_id, edit.kind, data)
        except (AppError, StudyError) as error:
            wrong = one_line(error)
    if wrong is not None:
        return refuse(study, video_id, edit.kind, data, wrong, author, client, edit.seq)
    return apply(study, video_id, edit.kind, data, author=author, client=client, seq=edit.seq)
