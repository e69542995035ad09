"""What can go wrong when an erasure is asked for."""

from hookline.errors import Invalid, NotFound


class OwnNumber(Invalid):
    """The number is the account's own. An erasure is about a person: give the number of whoever the
    account wrote to or talked with."""

    code = "own_number"
    title = "The number is the account's own"


class ErasureNotFound(NotFound):
    """There is no such erasure in this account and mode."""

    code = "erasure_not_found"
    title = "There is no such erasure"

    def __init__(self, erasure_id: str) -> None:
        super().__init__(f"There is no erasure {erasure_id[:64]} in this account and mode.")
