"""The errors of this package."""


class StudyError(Exception):
    """Something is wrong with a study; the message says what, which one and what to do next."""


class StudyBusyError(StudyError):
    """Another process or thread holds the study; trying again later may work."""
