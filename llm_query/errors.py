"""The one kind of error a question can end in: what, which one, what to do next."""


class QueryError(Exception):
    """A question, an analysis or a measure cannot be answered as asked; the message says why."""
