"""Writes what attempts came to: two set statements a batch, whatever the number of deliveries."""

from collections.abc import Callable, Sequence

import msgspec

from hookline.clock import Clock, UnixMs
from hookline.events.append import append
from hookline.events.model import Draft, EventType
from hookline.ids import EndpointId
from hookline.storage.transaction import Transaction
from hookline.webhooks import ledger
from hookline.webhooks import store as sql
from hookline.webhooks.lanes import Lane
from hookline.webhooks.model import Attempt, Delivery, DeliveryStatus, Endpoint
from hookline.webhooks.schemas import endpoint_data
from hookline.webhooks.verdict import Verdict

_ERROR_LENGTH_MAX = 500
_headers = msgspec.json.Encoder()


class Result(msgspec.Struct, frozen=True):
    """An attempt, and what it means."""

    delivery: Delivery
    lane: Lane
    attempt: Attempt
    verdict: Verdict
    keeper: str | None
    """The node that keeps it in memory for its next attempt, if one does."""


class RecordResults:
    """The operation that the engine posts its results to."""

    name = "delivery_results"
    rank = 70

    def __init__(
        self, clock: Clock, settled: Callable[[Sequence[Result], Sequence[bool]], None]
    ) -> None:
        self._clock = clock
        self._settled = settled

    def key(self, item: Result) -> str:
        return item.delivery.id

    async def apply(self, tx: Transaction, items: Sequence[Result]) -> list[bool]:
        """One outcome a result: whether the delivery was still waiting for it."""
        now = self._clock.now_ms()
        changed = await tx.update(ledger.RECORD, [_delivery_row(item, now) for item in items])
        won = [row is not None for row in changed]
        recorded = [item for item, is_won in zip(items, won, strict=True) if is_won]
        if recorded:
            await tx.insert(ledger.INSERT_ATTEMPT, [_attempt_row(item) for item in recorded])
        gone = {item.delivery.endpoint_id for item in recorded if item.verdict.is_gone}
        for endpoint_id in sorted(filter(None, gone)):
            await disable(tx, endpoint_id, now=now, reason="gone")
        return won

    def committed(self, items: Sequence[Result], outcomes: Sequence[bool]) -> None:
        self._settled(items, outcomes)


class GiveBack:
    """Returns deliveries that this node holds to whoever claims them when they are due."""

    name = "delivery_give_back"
    rank = 75  # behind the results of the same batch
    Item = tuple[str, int, str]  # the delivery, when it is due, the node that holds it

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def key(self, item: Item) -> str:
        return item[0]

    async def apply(self, tx: Transaction, items: Sequence[Item]) -> list[bool]:
        return [row is not None for row in await tx.update(ledger.GIVE_BACK, items)]

    def committed(self, items: Sequence[Item], outcomes: Sequence[bool]) -> None:
        self._wake()


async def disable(tx: Transaction, endpoint_id: EndpointId, *, now: UnixMs, reason: str) -> None:
    """Disable an endpoint that is enabled, and tell of it."""
    if not await tx.changed(sql.disable_if_enabled(endpoint_id, now, reason)):
        return
    rows = await tx.execute(sql.by_ids([endpoint_id]))
    await announce(tx, sql.endpoint_of(rows[0]), EventType.WEBHOOK_DISABLED)


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


def _shown_error(error: str | None) -> str | None:
    return None if error is None else error[:_ERROR_LENGTH_MAX].replace("\x00", "")


def _delivery_row(item: Result, now: UnixMs) -> tuple[object, ...]:
    verdict, attempt = item.verdict, item.attempt
    finished_at = None if verdict.status is DeliveryStatus.PENDING else now
    return (
        item.delivery.id, verdict.status.value, attempt.number, verdict.retry_at, finished_at,
        attempt.status, _shown_error(attempt.error), item.keeper,
    )  # fmt: skip


def _attempt_row(item: Result) -> tuple[object, ...]:
    attempt = item.attempt
    return (
        item.delivery.id, attempt.number, attempt.attempted_at, attempt.url, attempt.address,
        attempt.status, attempt.elapsed_ms,
        _shown_error(attempt.error),
        _headers.encode(attempt.headers).decode(), attempt.body,
    )  # fmt: skip
