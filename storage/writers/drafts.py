"""Files that appear whole or not at all: written under another name, then renamed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from storage.errors import StudyError, unwritten


@contextmanager
def draft_of(path: Path) -> Iterator[Path]:
    """Yield the name to write to; what is there at the end becomes `path`, on an error nothing.

    The ending stays, since libraries go by it. A process that is killed leaves the draft, whose
    name begins with a full stop, and never half of the file that was asked for.
    """
    path = path.absolute()
    if path.is_dir():
        raise StudyError(f"{path} is a folder: give the name of a file in it.")
    if not path.parent.is_dir():
        raise StudyError(f"There is no folder {path.parent}: make it first.")
    draft = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
    try:
        yield draft
        draft.replace(path)
    except OSError as error:
        raise unwritten(path, error, "try another place") from error
    finally:
        with suppress(OSError):  # a drive that may only be read refuses even this
            draft.unlink(missing_ok=True)


def file_name(name: str) -> str:
    """A name as that of a file on any system.

    >>> file_name("cage 1: day/night?")
    'cage 1_ day_night_'
    """
    safe = "".join("_" if c in '\\/:*?"<>|' or not c.isprintable() else c for c in name)
    return safe.strip(" .")[:150] or "video"
