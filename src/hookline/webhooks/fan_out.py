"""Makes the deliveries of events, in the transaction of the events themselves.

Each account's endpoints are kept in memory with their version. The account's stream row tells the
version that holds in this transaction, so that a new endpoint misses nothing on any node.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from hookline.clock import Clock, UnixMs
from hookline.events.model import Event, EventType
from hookline.ids import AccountId, DeliveryId, EndpointId, IdSource
from hookline.principal import Mode
from hookline.storage.transaction import Transaction
from hookline.webhooks import ledger
from hookline.webhooks import store as sql
from hookline.webhooks.formats import Formats
from hookline.webhooks.lanes import LaneKey, status_url_key
from hookline.webhooks.model import Delivery, DeliveryStatus, Endpoint

_PENDING = DeliveryStatus.PENDING.value
_SNAPSHOTS_MAX = 10_000


class Holder(Protocol):
    """Works on deliveries in this process."""

    node: str

    def holds(self, endpoint_id: EndpointId) -> bool:
        """Whether the endpoint belongs to this node."""
        ...

    def takes(self, key: LaneKey, count: int) -> bool: ...

    def due(self, key: LaneKey) -> int: ...

    def accept(
        self, deliveries: Sequence[Delivery], endpoints: Mapping[EndpointId, Endpoint]
    ) -> None: ...

    def fall_behind(self, key: LaneKey, endpoint: Endpoint | None) -> None: ...


class Snapshot:
    """The enabled endpoints of an account at one version."""

    def __init__(self, version: int, endpoints: Sequence[Endpoint]) -> None:
        self.version = version
        self.endpoints = tuple(endpoints)
        self._covering: dict[tuple[Mode, EventType], tuple[Endpoint, ...]] = {}

    def targets(
        self, mode: Mode, event_type: EventType, numbers: tuple[str, ...]
    ) -> tuple[Endpoint, ...]:
        key = (mode, event_type)
        covering = self._covering.get(key)
        if covering is None:
            covering = tuple(
                endpoint for endpoint in self.endpoints if endpoint.wants(event_type, mode, ())
            )
            self._covering[key] = covering
        if any(endpoint.numbers for endpoint in covering):
            return tuple(
                endpoint for endpoint in covering if endpoint.wants(event_type, mode, numbers)
            )
        return covering


class FanOut:
    """The fan-out that `events.append` calls. Without a holder every delivery waits to be claimed."""

    def __init__(
        self, ids: IdSource, clock: Clock, formats: Formats, holder: Holder | None = None
    ) -> None:
        self._ids = ids
        self._clock = clock
        self._formats = formats
        self._holder = holder
        self._snapshots: dict[AccountId, Snapshot] = {}

    async def fan_out(
        self,
        tx: Transaction,
        events: Sequence[Event],
        endpoint_versions: Mapping[AccountId, int],
    ) -> None:
        fresh: dict[AccountId, Snapshot] = {}
        for account_id, version in endpoint_versions.items():
            known = self._snapshots.get(account_id)
            if known is None or known.version != version:
                fresh[account_id] = await _load(tx, account_id, version)
        batch = _Batch(self._ids, self._clock.now_ms(), self._holder)
        for event in events:
            account_id = event.draft.account_id
            self._fan_out_one(batch, event, fresh.get(account_id) or self._snapshots[account_id])
        if batch.rows:
            await tx.insert(ledger.INSERT, batch.rows)
        for endpoint_id in batch.elsewhere:
            tx.notify(f"deliveries:{endpoint_id}")

        def hand_over() -> None:
            # Only now: what was loaded may have been rolled back with this very transaction.
            if len(self._snapshots) > _SNAPSHOTS_MAX:
                self._snapshots.clear()
            self._snapshots.update(fresh)
            batch.hand_over()

        tx.after_commit(hand_over)

    def _fan_out_one(self, batch: "_Batch", event: Event, snapshot: Snapshot) -> None:
        draft = event.draft
        for endpoint in snapshot.targets(draft.mode, draft.type, draft.numbers):
            if self._formats.tells_of(endpoint.format, draft.type, event.body):
                batch.add(event, endpoint, None)
        if draft.status_url is not None:
            batch.add(event, None, draft.status_url)


class _Batch:
    """The deliveries of one transaction: their rows, and those that are handed over in memory."""

    def __init__(self, ids: IdSource, now: UnixMs, holder: Holder | None) -> None:
        self._ids = ids
        self._now = now
        self._holder = holder
        self.rows: list[tuple[object, ...]] = []
        self.elsewhere: set[str] = set()
        self._kept: list[Delivery] = []
        self._endpoints: dict[EndpointId, Endpoint] = {}
        self._counts: dict[LaneKey, int] = {}
        self._behind: dict[LaneKey, Endpoint | None] = {}

    def add(self, event: Event, endpoint: Endpoint | None, url: str | None) -> None:
        draft = event.draft
        delivery = Delivery(
            DeliveryId(self._ids.new("dlv")),
            draft.account_id,
            endpoint.id if endpoint else None,
            url,
            event.id,
            str(draft.type),
            draft.resource_id,
            event.body,
            self._now,
        )
        owner, due = self._owner(delivery, endpoint)
        if owner is not None:
            self._kept.append(delivery)
        self.rows.append(
            (
                delivery.id, draft.account_id, str(draft.mode), delivery.endpoint_id, url,
                event.id, delivery.event_type, draft.resource_id, _PENDING, 0, self._now, due,
                owner, event.position,
            )
        )  # fmt: skip

    def _owner(self, delivery: Delivery, endpoint: Endpoint | None) -> tuple[str | None, int]:
        """The node that works on it at once, if one may be named, and when it is due."""
        holder = self._holder
        if endpoint is not None:
            key: LaneKey = endpoint.id
            self._endpoints[endpoint.id] = endpoint
        else:
            key = status_url_key(delivery.account_id, delivery.url or "")
        if holder is None or (endpoint is not None and not holder.holds(endpoint.id)):
            self.elsewhere.add(delivery.endpoint_id or "")
            return None, self._now
        count = self._counts[key] = self._counts.get(key, 0) + 1
        # What must wait for others is claimed, for only the database knows them all.
        if not (endpoint and endpoint.is_ordered) and holder.takes(key, count):
            return holder.node, self._now
        self._behind[key] = endpoint
        return None, max(self._now, holder.due(key))

    def hand_over(self) -> None:
        if self._holder is None:
            return
        if self._kept:
            self._holder.accept(self._kept, self._endpoints)
        for key, endpoint in self._behind.items():
            self._holder.fall_behind(key, endpoint)


async def _load(tx: Transaction, account_id: AccountId, version: int) -> Snapshot:
    rows = await tx.execute(sql.enabled_of(account_id))
    return Snapshot(version, [sql.endpoint_of(row) for row in rows])
