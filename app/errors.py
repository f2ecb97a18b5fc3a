"""The errors of the application, and how an error of any package becomes one line."""

import errno
import sys


class AppError(Exception):
    """Something the person at the keyboard can act on: what, which one, what to do next."""


# A class can only have been raised if its module is loaded, so nothing is imported to ask.
_BASE_ERRORS = {
    "tracking.errors": "TrackingError",
    "storage.errors": "StudyError",
    "llm_query.errors": "QueryError",
}

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def known_errors() -> tuple[type[Exception], ...]:
    """The base error of every package that is loaded: what a person may cause and can mend."""
    found: list[type[Exception]] = [AppError, OSError]
    for module, name in _BASE_ERRORS.items():
        if module in sys.modules:
            found.append(getattr(sys.modules[module], name))
    return tuple(found)


def one_line(error: BaseException) -> str:
    """Say an error in one line, whatever line breaks its message has.

    >>> one_line(AppError("no such video:\\n  clip.mp4"))
    'no such video: clip.mp4'
    """
    if isinstance(error, OSError) and error.errno in _FULL:
        return (
            f"{error.strerror}: make room on the drive, then do it again. What was stored before "
            "is safe."
        )
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__
