"""The errors of tracking: one base class, so that a caller can show any of them as one line."""


class TrackingError(Exception):
    """Tracking cannot go on; the message says what, which one, and what to do next."""


class VideoError(TrackingError):
    """A video cannot be read as it is."""
