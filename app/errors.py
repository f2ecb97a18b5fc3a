"""The one error base class of the program around the packages."""


class AppError(Exception):
    """Something the person at the keyboard can act on: what, which one, what to do next."""
