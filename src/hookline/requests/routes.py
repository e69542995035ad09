"""HTTP routes of the request log."""

from typing import Annotated

from fastapi import Query

from hookline.api.routing import Caller, Routes, Storage
from hookline.api.wire import Page
from hookline.errors import NotFound
from hookline.principal import Scope
from hookline.requests import reading
from hookline.requests.schemas import (
    LoggedRequestShape,
    RequestFilter,
    RequestSummary,
    request_shape,
    request_summary,
)


def routes() -> Routes:
    """The request log: list and read."""
    router = Routes("/v1/requests", "Request log")

    @router.on("GET", "", scope=Scope.REQUESTS_READ, answer=Page[RequestSummary])
    async def list_requests(
        caller: Caller, store: Storage, wanted: Annotated[RequestFilter, Query()]
    ) -> Page[RequestSummary]:
        """Requests with the account's tokens, newest first, a second after their answer. A live
        credential sees those of test credentials, too.
        """
        found, has_more = await reading.list_requests(store, caller, wanted)
        return Page(
            data=[request_summary(one) for one in found],
            has_more=has_more,
            next_cursor=found[-1].id if has_more else None,
        )

    @router.on(
        "GET", "/{id}", scope=Scope.REQUESTS_READ, answer=LoggedRequestShape, problems=[NotFound]
    )
    async def get_request(caller: Caller, store: Storage, id: str) -> LoggedRequestShape:
        """One request with what is kept of its head and body, by the `Request-Id` of its answer."""
        return request_shape(await reading.get_request(store, caller, id))

    return router
