"""The errors of this package."""


class StudyError(Exception):
    """Something is wrong with a study; the message says what, which one and what to do next."""


class StudyBusyError(StudyError):
    """Another process or thread holds the study; trying again later may work."""


class StudyPlaceError(StudyError):
    """The drive is full or may only be read; trying again works when that is mended."""


_PLACES = {  # what systems and libraries say of a drive, and what a person does about it
    "No space left": "its drive is full: make room",
    "Disk quota exceeded": "your share of its drive is used up: make room",
    "File too large": "files on its drive, or of this account, may not grow so large: make room",
    "Read-only file system": "its drive may only be read: let it be written to, or copy it",
    "ead-only": "it may only be read: ask its owner for access, or copy it",
    "Permission denied": "this account may not write there: ask its owner for access, or copy it",
}


def unwritten(path: object, error: BaseException, advice: str) -> StudyError:
    """Why a file could not be written, and what to do: about its place where that is the matter.

    >>> str(unwritten("a.csv", OSError(28, "No space left on device"), "try another place"))
    'Cannot write a.csv, its drive is full: make room, then try again.'
    """
    trouble = place_trouble(error)
    if trouble is not None:
        return StudyPlaceError(f"Cannot write {path}, {trouble}, then try again.")
    line = str(error).strip().splitlines()[0]
    return StudyError(f"Cannot write {path} ({line}): {advice}.")


def place_trouble(error: BaseException) -> str | None:
    """What is wrong with the place that was written to; None where that is not the matter.

    >>> place_trouble(OSError(28, "No space left on device"))
    'its drive is full: make room'
    """
    text = str(error)
    return next((said for sign, said in _PLACES.items() if sign in text), None)
