"""How endpoints fare: failing, warned of, disabled after five days, recovered.

What the database says decides: since when an endpoint has been failing, and what was told of it. The
memory of a node only says when it is worth looking.
"""

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import Update as Change

from hookline.clock import SECOND_MS, UnixMs
from hookline.events.append import append
from hookline.events.model import Draft, EventType
from hookline.ids import EndpointId
from hookline.storage.schema import endpoints
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.webhooks import store as sql
from hookline.webhooks.lanes import Lane
from hookline.webhooks.letters import write_owners
from hookline.webhooks.model import DisabledReason, Endpoint
from hookline.webhooks.retry import percent_due
from hookline.webhooks.schemas import endpoint_data

_QUIET_MS = 20 * SECOND_MS
"""An endpoint that something got through to within this time is not failing."""


class Health(StrEnum):
    """What an attempt says about its endpoint that the database may not know yet."""

    FAILING = "failing"
    RECOVERED = "recovered"


def examine(lane: Lane, now: UnixMs, *, is_success: bool, is_kept: bool) -> Health | None:
    """Note an attempt in the lane; what is to be written about its endpoint.

    A failure counts once its delivery leaves the memory: a hiccup is no outage.
    """
    endpoint = lane.endpoint
    if is_success:
        lane.last_success_at, lane.failing_since = now, None
        is_known_to_fail = endpoint is not None and endpoint.first_failure_at is not None
        return Health.RECOVERED if is_known_to_fail else None
    if lane.failing_since is None:
        lane.failing_since = now
    if endpoint is None or is_kept or now - lane.last_success_at < _QUIET_MS:
        return None
    since = endpoint.first_failure_at
    is_news = since is None or percent_due(since, now) > endpoint.warned_percent
    return Health.FAILING if is_news else None


async def note_failing(
    tx: Transaction, store: Store, endpoint_id: EndpointId, *, since: UnixMs
) -> None:
    """Remember since when it fails; warn of, and after five days do, the disabling."""
    now = store.now()
    begun = await tx.changed(_begin(endpoint_id, since, now))
    for endpoint in await _read(tx, endpoint_id):
        if begun:
            await sql.bump_version(tx, endpoint.account_id)
        percent = percent_due(endpoint.first_failure_at or now, now)
        if percent == 100:
            await disable(tx, store, endpoint_id, DisabledReason.FAILING)
        elif await tx.changed(_warn(endpoint_id, percent, now)):
            await _tell(tx, endpoint_id, EventType.WEBHOOK_FAILING, store)


async def note_recovered(tx: Transaction, store: Store, endpoint_id: EndpointId) -> None:
    """Something got through again. Told only if there was a warning."""
    for before in await _read(tx, endpoint_id):
        if not await tx.changed(_end(endpoint_id, store.now())):
            return
        if before.warned_percent:
            await _tell(tx, endpoint_id, EventType.WEBHOOK_RECOVERED)
        else:
            await sql.bump_version(tx, before.account_id)


async def disable(
    tx: Transaction, store: Store, endpoint_id: EndpointId, reason: DisabledReason
) -> None:
    """Disable an endpoint that is enabled, and tell of it."""
    if await tx.changed(sql.disable_if_enabled(endpoint_id, store.now(), reason)):
        await _tell(tx, endpoint_id, EventType.WEBHOOK_DISABLED, store)


async def announce(tx: Transaction, endpoint: Endpoint, event_type: EventType) -> None:
    """Append an event about an endpoint, and make every node know its new state."""
    await sql.bump_version(tx, endpoint.account_id)
    append(
        tx,
        Draft(
            endpoint.account_id,
            event_type,
            endpoint.mode,
            endpoint.id,
            endpoint_data(endpoint),
            endpoint.updated_at,
        ),
    )


async def _tell(
    tx: Transaction, endpoint_id: EndpointId, event_type: EventType, writes: Store | None = None
) -> None:
    """By an event, which the endpoint itself may not get any more, and to the owners by e-mail."""
    for endpoint in await _read(tx, endpoint_id):
        await announce(tx, endpoint, event_type)
        if writes is not None:
            await write_owners(tx, writes, endpoint)


async def _read(tx: Transaction, endpoint_id: EndpointId) -> Sequence[Endpoint]:
    return [sql.endpoint_of(row) for row in await tx.execute(sql.by_ids([endpoint_id]))]


def _begin(endpoint_id: EndpointId, since: UnixMs, now: UnixMs) -> Change:
    is_news = endpoints.c.first_failure_at.is_(None)
    return sql.change(endpoint_id, now, first_failure_at=since).where(is_news)


def _warn(endpoint_id: EndpointId, percent: int, now: UnixMs) -> Change:
    is_news = endpoints.c.warned_percent < percent
    return sql.change(endpoint_id, now, warned_percent=percent).where(is_news)


def _end(endpoint_id: EndpointId, now: UnixMs) -> Change:
    is_news = endpoints.c.first_failure_at.is_not(None)
    return sql.change(endpoint_id, now, **sql.WELL).where(is_news)
