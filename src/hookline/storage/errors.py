"""What can go wrong with the database, as callers see it."""

from hookline.errors import Unavailable


class WriterBusy(Unavailable):
    """More work waits to be committed than the server holds. Nothing was changed; retry after a second."""

    code = "overloaded"
    title = "The server is taking more work than it can commit"

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


class DatabaseUnavailable(Unavailable):
    """The database does not answer. If the request had an Idempotency-Key, repeat it with the same key."""

    code = "database_unavailable"
    title = "The database does not answer"

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"Retry-After": "2"})


class CommitUncertain(DatabaseUnavailable):
    """The database went away while it committed: the request may have been done or not.

    Repeat it with the same Idempotency-Key, or look whether it was done.
    """

    code = "commit_uncertain"
    title = "It is not known whether the request was done"


class ShuttingDown(Unavailable):
    """The server is stopping. Nothing was changed; try another node, or again in a few seconds."""

    code = "shutting_down"
    title = "The server is stopping"

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "5"})
