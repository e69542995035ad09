"""HTTP routes of replays."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from hookline.api.idempotency import CommitOnce
from hookline.api.pagination import Paging, page, paged
from hookline.api.routing import Caller, Routes, Storage
from hookline.api.wire import Page
from hookline.principal import Scope
from hookline.storage.schema import replays
from hookline.storage.transaction import Transaction
from hookline.webhooks import replay_store as sql
from hookline.webhooks import replaying
from hookline.webhooks.endpoints import get_endpoint
from hookline.webhooks.engine import Webhooks
from hookline.webhooks.errors import (
    EndpointDisabled,
    EndpointNotFound,
    ReplayFinished,
    ReplayNotFound,
    ReplayRunning,
)
from hookline.webhooks.replay import PREFIX
from hookline.webhooks.replay_schemas import (
    ReplayCreate,
    ReplayPreview,
    ReplayShape,
    replay_shape,
)


def replay_routes(webhooks: Webhooks) -> Routes:
    """Replays: preview, begin, list, read, cancel."""
    router = Routes("/v1", "Webhooks")
    _add_begin(router, webhooks)
    _add_follow(router)
    return router


def _add_begin(router: Routes, webhooks: Webhooks) -> None:
    @router.on(
        "POST", "/webhooks/{id}/replay", scope=Scope.WEBHOOKS_WRITE, answer=ReplayShape, status=202,
        problems=[EndpointNotFound, EndpointDisabled, ReplayRunning], idempotent=True,
    )  # fmt: skip
    async def replay_webhook(
        caller: Caller, store: Storage, once: CommitOnce, id: str, body: ReplayCreate
    ) -> Response:
        """Send again what a webhook has missed, with the same `webhook-id` as before, beside everything
        else and not faster than twice what it gets normally. One at a time for each webhook.
        """
        planned, _ = await replaying.plan_replay(store, caller, id, body.wish())

        async def begin(tx: Transaction) -> ReplayShape:
            return replay_shape(await replaying.begin_replay(tx, store, caller, planned))

        return await once.commit(begin, status=202)

    @router.on(
        "POST", "/webhooks/{id}/replay/preview", scope=Scope.WEBHOOKS_READ, answer=ReplayPreview,
        problems=[EndpointNotFound, EndpointDisabled],
    )  # fmt: skip
    async def preview_webhook_replay(
        caller: Caller, store: Storage, id: str, body: ReplayCreate
    ) -> ReplayPreview:
        """How many deliveries a replay would make due. It changes nothing."""
        found = await replaying.preview_replay(store, webhooks.formats, caller, id, body.wish())
        return ReplayPreview(count=found.count, is_exact=found.is_exact, rate=round(found.rate, 3))

    @router.on(
        "GET", "/webhooks/{id}/replays", scope=Scope.WEBHOOKS_READ, answer=Page[ReplayShape],
        problems=[EndpointNotFound],
    )  # fmt: skip
    async def list_webhook_replays(
        caller: Caller, store: Storage, id: str, paging: Annotated[Paging, Query()]
    ) -> Page[ReplayShape]:
        """The replays of one webhook, newest first; for 90 days."""
        endpoint = await get_endpoint(store, caller, id)
        mine = sql.of_account(caller.account_id, caller.mode)
        mine = mine.where(replays.c.endpoint_id == endpoint.id)
        rows = await store.read(paged(mine, replays.c.id, paging, prefix=PREFIX))
        return page(rows, paging, lambda row: replay_shape(sql.replay_of(row)))


def _add_follow(router: Routes) -> None:
    @router.on(
        "GET", "/replays/{id}", scope=Scope.WEBHOOKS_READ, answer=ReplayShape,
        problems=[ReplayNotFound],
    )  # fmt: skip
    async def get_replay(caller: Caller, store: Storage, id: str) -> ReplayShape:
        """One replay, and how far it is."""
        return replay_shape(await replaying.get_replay(store, caller, id))

    @router.on(
        "POST", "/replays/{id}/cancel", scope=Scope.WEBHOOKS_WRITE, answer=ReplayShape,
        problems=[ReplayNotFound, ReplayFinished],
    )  # fmt: skip
    async def cancel_replay(caller: Caller, store: Storage, id: str) -> ReplayShape:
        """Make no more deliveries due. Those that are due already are still made."""
        canceled = await store.commit(lambda tx: replaying.cancel_replay(tx, store, caller, id))
        return replay_shape(canceled)
