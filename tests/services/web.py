"""A small application around a room's routes, with the real edge, driven in this process."""

from collections.abc import Sequence

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from hookline.api import problems
from hookline.api.authentication import Authenticator, InvalidToken
from hookline.api.context import RequestContext
from hookline.api.edge import Edge
from hookline.api.observing import Observer
from hookline.api.routing import Routes
from hookline.credentials.leak_routes import OPEN_ROUTES
from hookline.principal import Principal
from hookline.storage.store import Store


class KnownCallers:
    """Stands at the port where credentials will be: each principal by a word instead of a token."""

    def __init__(self, **callers: Principal) -> None:
        self._callers = callers

    async def authenticate(self, token: str, context: RequestContext) -> Principal:
        if token not in self._callers:
            raise InvalidToken("The token is not known.")
        return self._callers[token]


def web_client(
    store: Store,
    authenticator: Authenticator,
    *routers: Routes,
    peer: str = "127.0.0.1",
    observers: Sequence[Observer] = (),
) -> AsyncClient:
    """A client of the routes, to be used as a context manager; its connections come from `peer`."""
    app = FastAPI()
    app.state.store = store
    problems.install(app)
    for router in routers:
        app.include_router(router)
    edge = Edge(
        app,
        authenticator=authenticator,
        settings=store.settings,
        clock=store.clock,
        ids=store.ids,
        open_routes=OPEN_ROUTES,
        observers=observers,
    )
    return AsyncClient(
        transport=ASGITransport(edge, client=(peer, 49_152)), base_url="http://localhost"
    )


def bearer(token: str, **headers: str) -> dict[str, str]:
    """The headers of a request with this token."""
    return {"Authorization": f"Bearer {token}", **headers}
