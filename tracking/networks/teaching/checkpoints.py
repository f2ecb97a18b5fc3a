"""Checkpoints appear whole or not at all: a kill amid writing leaves those of the epoch before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def appear_whole(trainer: Any) -> Iterator[None]:
    """Let a trainer write `best` and `last` beside their places, and move them there when whole.

    The best goes first: where only that came to its place, its epoch is done again.
    """
    places: tuple[Path, Path] = trainer.best, trainer.last
    drafts = [file.with_name(f".{file.name}") for file in places]
    for draft in drafts:
        draft.unlink(missing_ok=True)  # of one that was killed
    trainer.best, trainer.last = drafts
    try:
        yield
    finally:
        trainer.best, trainer.last = places
    for draft, file in zip(drafts, places, strict=True):
        if draft.is_file():
            draft.replace(file)
