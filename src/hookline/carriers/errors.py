"""What can go wrong with carriers."""

from hookline.errors import Conflict, NotFound


class CarrierNotFound(NotFound):
    """There is no such carrier in this account. List the carriers to see their ids and names."""

    code = "carrier_not_found"
    title = "There is no such carrier"

    def __init__(self, carrier: str) -> None:
        super().__init__(f"There is no carrier {carrier[:64]!r} in this account.")


class CarrierNameTaken(Conflict):
    """Another carrier of the account has this name. Choose another one, or change that carrier."""

    code = "carrier_name_taken"
    title = "The name is taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is a carrier {name!r} already. Choose another name.")


class CarrierInUse(Conflict):
    """Numbers are at home on the carrier, routes have it, or messages wait for it. Move the numbers,
    change the routes, let it finish."""

    code = "carrier_in_use"
    title = "The carrier is in use"


class NoRequests(Conflict):
    """The carrier is not one that is asked by HTTP, so that it has no requests to show. Test it instead."""

    code = "carrier_no_requests"
    title = "The carrier is not asked by HTTP"

    def __init__(self, kind: str) -> None:
        super().__init__(f"A carrier of kind {kind} is not asked by HTTP; test it instead.")
