"""HTTP routes of how webhooks do, and their wire shapes."""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field

from hookline.api.pagination import Paging, page, paged
from hookline.api.routing import Caller, Routes, Storage
from hookline.api.wire import Page, Shape, Timestamp, shown
from hookline.ids import EndpointId
from hookline.principal import Scope
from hookline.storage.schema import endpoints
from hookline.webhooks import store as sql
from hookline.webhooks.errors import EndpointNotFound
from hookline.webhooks.stats import Counts, Failure, Stats, get_stats, glance_at

Rate = Annotated[
    float | None,
    Field(description="Of those that are over, the part that was delivered; null when none is."),
]


class DeliveryCounts(Shape):
    """What became of a sample: the newest deliveries of the last 24 hours."""

    delivered: int
    failed: int
    pending: int


class LastFailure(Shape):
    """The latest attempt that failed, of the newest deliveries that are not well."""

    delivery_id: str
    at: Timestamp
    status: Annotated[int | None, Field(description="The HTTP status; null without an answer.")]
    error: str | None


class WebhookStats(Shape):
    """How a webhook does, by its newest deliveries of the last 24 hours, up to 1,000."""

    object: Literal["webhook_stats"] = "webhook_stats"
    webhook_id: str
    success_rate: Rate
    counts: DeliveryCounts
    p50_ms: Annotated[int | None, Field(description="Half of the attempts took no longer.")]
    p95_ms: Annotated[int | None, Field(description="95 % of the attempts took no longer.")]
    backlog: Annotated[int, Field(description="All that is pending, counted up to 100,000.")]
    backlog_is_exact: bool
    oldest_undelivered_at: Timestamp | None
    oldest_undelivered_seconds: float | None
    last_success_at: Annotated[
        Timestamp | None, Field(description="null: none of the newest 1,000 deliveries succeeded.")
    ]
    last_failure: LastFailure | None


class WebhookGlance(Shape):
    """How a webhook does at a glance: by its newest 100 deliveries of the last 24 hours."""

    object: Literal["webhook_glance"] = "webhook_glance"
    webhook_id: str
    success_rate: Rate
    counts: DeliveryCounts


def stats_routes() -> Routes:
    """How webhooks do. Before those of `/webhooks/{id}`, which would take `stats` for an id."""
    router = Routes("/v1/webhooks", "Webhooks")

    @router.on("GET", "/stats", scope=Scope.WEBHOOKS_READ, answer=Page[WebhookGlance])
    async def list_webhook_stats(
        caller: Caller, store: Storage, paging: Annotated[Paging, Query()]
    ) -> Page[WebhookGlance]:
        """How the account's webhooks do at a glance, in the order of the list of webhooks."""
        mine = sql.of_account(caller.account_id, caller.mode).with_only_columns(endpoints.c.id)
        rows = await store.read(paged(mine, endpoints.c.id, paging, prefix="whk"))
        seen = await glance_at(store, [EndpointId(row.id) for row in rows[: paging.limit]])
        return page(rows, paging, lambda row: _glance(row.id, seen[row.id]))

    @router.on(
        "GET", "/{id}/stats", scope=Scope.WEBHOOKS_READ, answer=WebhookStats,
        problems=[EndpointNotFound],
    )  # fmt: skip
    async def get_webhook_stats(caller: Caller, store: Storage, id: str) -> WebhookStats:
        """How one webhook does: success, durations, what waits, the last success and failure."""
        return stats_shape(id, await get_stats(store, caller, id))

    return router


def _glance(webhook_id: str, counts: Counts) -> WebhookGlance:
    rate = counts.success_rate
    return WebhookGlance(webhook_id=webhook_id, success_rate=rate, counts=_shown_counts(counts))


def stats_shape(webhook_id: str, one: Stats) -> WebhookStats:
    return WebhookStats(
        webhook_id=webhook_id,
        success_rate=one.counts.success_rate,
        counts=_shown_counts(one.counts),
        p50_ms=one.p50_ms,
        p95_ms=one.p95_ms,
        backlog=one.backlog,
        backlog_is_exact=one.is_backlog_exact,
        oldest_undelivered_at=shown(one.oldest_pending_at),
        oldest_undelivered_seconds=one.oldest_pending_s,
        last_success_at=shown(one.last_success_at),
        last_failure=_failure(one.last_failure) if one.last_failure else None,
    )


def _failure(one: Failure) -> LastFailure:
    return LastFailure(
        delivery_id=one.delivery_id, at=shown(one.at) or "", status=one.status, error=one.error
    )


def _shown_counts(counts: Counts) -> DeliveryCounts:
    return DeliveryCounts(delivered=counts.delivered, failed=counts.failed, pending=counts.pending)
