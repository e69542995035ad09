"""What can go wrong with routes."""

from hookline.errors import Conflict, NotFound


class RouteNotFound(NotFound):
    """There is no such route in this account. List the routes to see their ids and names."""

    code = "route_not_found"
    title = "There is no such route"

    def __init__(self, route: str) -> None:
        super().__init__(f"There is no route {route[:64]!r} in this account.")


class RouteNameTaken(Conflict):
    """Another route of the account has this name. Choose another one, or change that route."""

    code = "route_name_taken"
    title = "The name is taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is a route {name!r} already. Choose another name.")


class TooManyRoutes(Conflict):
    """An account has at most 500 routes. Put several countries, prefixes or senders into one."""

    code = "too_many_routes"
    title = "There are too many routes"
