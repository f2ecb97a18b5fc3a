"""One process at a time does the work on one video."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from filelock import FileLock, Timeout

from app.errors import AppError
from app.jobs.tracking_task import Task


class AtWorkError(AppError):
    """Another process is at this very work."""


@contextmanager
def alone(task: Task) -> Iterator[None]:
    """Let one process at a time do this work; the file of its lock goes when it ends.

    Locks are taken and their files removed under one guard, else a process could lock a file
    that another is just removing.
    """
    task.place.parent.mkdir(exist_ok=True)
    guard = FileLock(task.place.with_name(".lock"))
    file = task.place.with_name(f".{task.place.name}.lock")
    mine = FileLock(file, timeout=0)
    try:
        with guard:
            mine.acquire()
    except Timeout as error:
        raise AtWorkError(
            f"{task.info.path} is being tracked into this study by another process. Wait for it "
            "to end."
        ) from error
    try:
        yield
    finally:
        with guard:
            mine.release()
            file.unlink(missing_ok=True)


def clear_left(task: Task) -> None:
    """Take away work that was killed after its run was stored, unless somebody is at it."""
    if task.place.is_dir():
        with suppress(AppError), alone(task):
            shutil.rmtree(task.place)
