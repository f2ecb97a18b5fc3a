"""The one error of this package."""


class StudyError(Exception):
    """Something is wrong with a study; the message says what, which one and what to do next."""
