"""Writes what attempts came to: two set statements a batch, whatever the number of deliveries."""

from collections.abc import Callable, Sequence

import msgspec

from hookline.clock import UnixMs
from hookline.ids import EndpointId
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.webhooks import health, ledger
from hookline.webhooks.health import Health
from hookline.webhooks.lanes import Lane
from hookline.webhooks.model import Attempt, Delivery, DeliveryStatus
from hookline.webhooks.verdict import Verdict

_ERROR_LENGTH_MAX = 500
_headers = msgspec.json.Encoder()


class Result(msgspec.Struct, frozen=True):
    """What was tried, and what it means."""

    delivery: Delivery
    lane: Lane
    attempts: tuple[Attempt, ...]
    """Two, when the first failed and the failover URL was tried at once."""
    verdict: Verdict
    keeper: str | None
    """The node that keeps it in memory for its next attempt, if one does."""
    health: Health | None = None
    failing_since: UnixMs | None = None

    @property
    def last(self) -> Attempt:
        return self.attempts[-1]

    @property
    def endpoint_id(self) -> EndpointId | None:
        return self.delivery.endpoint_id


class RecordResults:
    """The operation that the engine posts its results to."""

    name = "delivery_results"
    rank = 70

    def __init__(
        self, store: Store, settled: Callable[[Sequence[Result], Sequence[bool]], None]
    ) -> None:
        self._store = store
        self._settled = settled

    def key(self, item: Result) -> str:
        return item.delivery.id

    async def apply(self, tx: Transaction, items: Sequence[Result]) -> list[bool]:
        """One outcome a result: whether the delivery was still waiting for it."""
        now = self._store.now()
        changed = await tx.update(ledger.RECORD, [_delivery_row(item, now) for item in items])
        won = [row is not None for row in changed]
        recorded = [item for item, is_won in zip(items, won, strict=True) if is_won]
        if recorded:
            rows = [_attempt_row(item, one) for item in recorded for one in item.attempts]
            await tx.insert(ledger.INSERT_ATTEMPT, rows)
        await _follow_endpoints(tx, self._store, recorded)
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


async def _follow_endpoints(tx: Transaction, store: Store, recorded: Sequence[Result]) -> None:
    """What the results say of the endpoints themselves, the last word of each; rarely anything."""
    disabling = {item.endpoint_id: item for item in recorded if item.verdict.disables}
    telling = {item.endpoint_id: item for item in recorded if item.health} | disabling
    for endpoint_id in sorted(filter(None, telling)):
        item = telling[endpoint_id]
        if item.verdict.disables is not None:
            await health.disable(tx, store, endpoint_id, item.verdict.disables)
        elif item.health is Health.FAILING:
            since = item.failing_since or item.last.attempted_at
            await health.note_failing(tx, store, endpoint_id, since=since)
        else:
            await health.note_recovered(tx, store, endpoint_id)


def _shown_error(error: str | None) -> str | None:
    return None if error is None else error[:_ERROR_LENGTH_MAX].replace("\x00", "")


def _delivery_row(item: Result, now: UnixMs) -> tuple[object, ...]:
    verdict, attempt = item.verdict, item.last
    finished_at = None if verdict.status is DeliveryStatus.PENDING else now
    return (
        item.delivery.id, str(verdict.status), attempt.number, verdict.retry_at, finished_at,
        attempt.status, _shown_error(attempt.error), item.keeper, item.delivery.round + 1,
        item.attempts[0].number - 1,
    )  # fmt: skip


def _attempt_row(item: Result, attempt: Attempt) -> tuple[object, ...]:
    return (
        item.delivery.id, attempt.number, attempt.attempted_at, attempt.url, attempt.address,
        attempt.status, attempt.elapsed_ms,
        _shown_error(attempt.error),
        _headers.encode(attempt.headers).decode(), attempt.body,
    )  # fmt: skip
