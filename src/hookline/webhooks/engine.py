"""The delivery engine of one node, put together: fan-out, lanes, claims, attempts, results."""

import asyncio
import random as randomness
from collections.abc import Callable, Mapping, Sequence

from hookline.ids import EndpointId
from hookline.outbound.http_client import HttpClient
from hookline.outbound.sealing import SecretBox
from hookline.storage.leases import Leases
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.storage.wakeups import Wakeups
from hookline.telemetry.logs import get_logger
from hookline.webhooks import ledger
from hookline.webhooks.attempt import Sender
from hookline.webhooks.claims import Claims
from hookline.webhooks.dispatch import Dispatcher
from hookline.webhooks.fan_out import FanOut
from hookline.webhooks.formats import Formats
from hookline.webhooks.keys import Keyring
from hookline.webhooks.lanes import LaneKey
from hookline.webhooks.model import Attempt, Delivery, Endpoint

log = get_logger(__name__)
STOP_TIMEOUT_S = 2.0
REDACTED_PREFIX = "redacted:"


class Webhooks:
    """Delivers webhooks. `start` after the leases, `run` for as long as it serves, then `stop`.

    Hand `fan_out` to the EventLog, and `node_died` to `Leases.run`.
    """

    def __init__(
        self,
        store: Store,
        leases: Leases,
        wakeups: Wakeups,
        client: HttpClient,
        box: SecretBox,
        formats: Formats | None = None,
        *,
        random: Callable[[], float] = randomness.random,
    ) -> None:
        self.node = leases.node
        self.box = box
        self.formats = formats or Formats(store.settings)
        self.keyring = Keyring(store.database, box, store.clock)
        self._store = store
        sender = Sender(
            client=client,
            keyring=self.keyring,
            formats=self.formats,
            database=store.database,
            clock=store.clock,
            settings=store.settings,
        )
        self._dispatcher = Dispatcher(store, leases.node, sender, random, self.wake)
        self._claims = Claims(store, leases, wakeups, self._dispatcher)
        self._stopping = asyncio.Event()
        self._ended = asyncio.Event()
        self._ended.set()
        self.fan_out = FanOut(store.ids, store.clock, self.formats, self)
        wakeups.subscribe_prefix(REDACTED_PREFIX, self._dispatcher.lanes.forget_bodies)

    # Life.

    async def start(self) -> None:
        """Free what dead nodes left. What is fanned out meanwhile is held until `run`."""
        await self._claims.free_orphans()

    async def run(self) -> None:
        """Deliver until `stop`."""
        self._ended.clear()
        try:
            async with asyncio.TaskGroup() as group:
                self._dispatcher.start(group)
                claiming = group.create_task(self._claims.run())
                try:
                    await self._stopping.wait()
                finally:
                    self._dispatcher.leave()
                claiming.cancel()
                await self._dispatcher.stop(STOP_TIMEOUT_S)
        finally:
            self._ended.set()

    async def stop(self) -> None:
        """End what is under way, within two seconds, and give the rest back to other nodes."""
        self._stopping.set()
        await self._ended.wait()

        async def nothing(_tx: Transaction) -> None:
            """Returns behind the results that were posted before it."""

        async def free(tx: Transaction) -> None:
            await tx.changed(ledger.free_node(self.node))

        await self._store.commit(nothing)
        await self._store.commit(free)

    async def node_died(self, node: str) -> None:
        """Another node's lease ran out: what it held is claimed by those that live."""
        log.info("taking_over", node=node)
        await self._claims.free_orphans()
        self.wake()

    def wake(self) -> None:
        """Look for what is due, in memory and in the database."""
        self._dispatcher.tick()
        self._claims.wake()

    # What the fan-out and the use cases need.

    def holds(self, endpoint_id: EndpointId) -> bool:
        return self._claims.holds(endpoint_id)

    def takes(self, key: LaneKey, count: int) -> bool:
        return self._dispatcher.takes(key, count)

    def due(self, key: LaneKey) -> int:
        return self._dispatcher.due(key)

    def accept(
        self, deliveries: Sequence[Delivery], endpoints: Mapping[EndpointId, Endpoint]
    ) -> None:
        self._dispatcher.accept(deliveries, endpoints)

    def fall_behind(self, key: LaneKey, endpoint: Endpoint | None) -> None:
        self._dispatcher.fall_behind(key, endpoint)

    def require_running(self) -> None:
        """Raises NotDelivering unless attempts are made here now."""
        self._dispatcher.require_running()

    async def attempt_now(self, delivery: Delivery, endpoint: Endpoint) -> Attempt:
        """One attempt at once, recorded like any other. Raises NotDelivering."""
        return await self._dispatcher.attempt_now(delivery, endpoint)

    @property
    def held(self) -> int:
        """Deliveries that this node holds in memory."""
        return len(self._dispatcher.lanes.held)
