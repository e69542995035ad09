"""HTTP routes of routes."""

from starlette.responses import Response

from hookline.api.idempotency import CommitOnce
from hookline.api.routing import Caller, Routes, Storage
from hookline.api.wire import Page
from hookline.numbers.book import NumberBook
from hookline.numbers.e164 import InvalidNumber
from hookline.principal import LiveModeNeeded, Scope
from hookline.routing import registration
from hookline.routing.book import load
from hookline.routing.errors import RouteNameTaken, RouteNotFound, TooManyRoutes
from hookline.routing.preview import preview_route
from hookline.routing.router import Router
from hookline.routing.schemas import (
    RouteCreate,
    RoutePatch,
    RoutePreview,
    RoutePreviewRequest,
    RouteShape,
    preview_shape,
    route_shape,
)
from hookline.storage.transaction import Transaction


def routes(engine: Router, book: NumberBook) -> Routes:
    """Routes: list, read, add, change, remove, dry run."""
    router = Routes("/v1/routes", "Routes")
    _reading(router, engine, book)
    _changing(router)
    return router


def _reading(router: Routes, engine: Router, book: NumberBook) -> None:
    @router.on("GET", "", scope=Scope.CARRIERS_READ, answer=Page[RouteShape])
    async def list_routes(caller: Caller, store: Storage) -> Page[RouteShape]:
        """All routes of the account, in the order in which they are asked."""
        found = await load(store, caller.account_id)
        shapes = [route_shape(route) for route in found]
        return Page(data=shapes, has_more=False, next_cursor=None)

    @router.on(
        "POST", "/preview", scope=Scope.CARRIERS_READ, answer=RoutePreview,
        problems=[InvalidNumber],
    )  # fmt: skip
    async def preview_message_route(
        caller: Caller, store: Storage, body: RoutePreviewRequest
    ) -> RoutePreview:
        """Which carrier would take a live message now, and why. Nothing is sent."""
        preview = await preview_route(
            store, engine, book, caller, sender=body.sender, recipient=body.to, tags=body.tags
        )
        return preview_shape(preview.found, preview.carrier_name)

    @router.on(
        "GET", "/{id}", scope=Scope.CARRIERS_READ, answer=RouteShape, problems=[RouteNotFound]
    )
    async def get_route(caller: Caller, store: Storage, id: str) -> RouteShape:
        """One route."""
        found = await load(store, caller.account_id)
        return route_shape(registration.find_route(found, id))


def _changing(router: Routes) -> None:
    @router.on(
        "POST", "", scope=Scope.CARRIERS_WRITE, answer=RouteShape, status=201,
        problems=[RouteNameTaken, TooManyRoutes, LiveModeNeeded], idempotent=True,
    )  # fmt: skip
    async def create_route(
        caller: Caller, store: Storage, once: CommitOnce, body: RouteCreate
    ) -> Response:
        """Add a route. The next live message is asked about it."""
        new, wanted = body.new_route()

        async def add(tx: Transaction) -> RouteShape:
            return route_shape(await registration.add_route(tx, store, caller, new, wanted))

        return await once.commit(add)

    @router.on(
        "PATCH", "/{id}", scope=Scope.CARRIERS_WRITE, answer=RouteShape,
        problems=[RouteNotFound, RouteNameTaken, LiveModeNeeded],
    )  # fmt: skip
    async def patch_route(caller: Caller, store: Storage, id: str, body: RoutePatch) -> RouteShape:
        """Change a route, move it, disable it or enable it again."""
        change = body.change()
        return route_shape(
            await store.commit(lambda tx: registration.change_route(tx, caller, id, change))
        )

    @router.on(
        "DELETE", "/{id}", scope=Scope.CARRIERS_WRITE, answer=None, status=204,
        problems=[RouteNotFound, LiveModeNeeded],
    )  # fmt: skip
    async def delete_route(caller: Caller, store: Storage, id: str) -> None:
        """Remove a route. Messages that took it stay with their carriers."""
        await store.commit(lambda tx: registration.remove_route(tx, caller, id))
