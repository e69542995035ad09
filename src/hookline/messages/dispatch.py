"""Dispatch: from accepted messages to links, in order, no more at once than a link's window.

What this node has accepted it holds in memory and owns in the row (ADR-0004). What does not fit
stays in the database without an owner, and is claimed when there is room again.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from hookline.carriers.encoding import Encoding, split
from hookline.carriers.links import Links
from hookline.carriers.port import Incoming, Link, Outgoing, Receipt, ReceiptState, Submitted
from hookline.clock import UnixMs
from hookline.ids import CarrierId, MessageId
from hookline.messages import store as sql
from hookline.messages.inbound import Inbound
from hookline.messages.model import Change, Message, from_row
from hookline.messages.progress import MarkSending, Move, RecordSubmitted, Reported, move
from hookline.messages.receipts import Arrived, RecordReceipts
from hookline.storage.sets import Row
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.storage.wakeups import Wakeups
from hookline.telemetry import metrics

_CLAIM = 1_000
_WORK = "work:"


def work_topic(carrier_id: str) -> str:
    """The wake-up topic of queued messages that belong to nobody yet."""
    return f"{_WORK}{carrier_id}"


class Dispatch(Protocol):
    """What submission needs to know of dispatch."""

    async def queue_for(self, carrier_id: CarrierId) -> "CarrierQueue | None": ...

    def owner_for(self, queue: "CarrierQueue | None") -> str | None: ...

    def enqueue(self, messages: Sequence[Message]) -> None: ...


class DispatchElsewhere:
    """For a process that sends nothing itself, such as the command line: a server takes over."""

    async def queue_for(self, carrier_id: CarrierId) -> "CarrierQueue | None":
        return None

    def owner_for(self, queue: "CarrierQueue | None") -> str | None:
        return None

    def enqueue(self, messages: Sequence[Message]) -> None:
        """Nobody here could send them."""


@dataclass(slots=True)
class CarrierQueue:
    """What waits for one carrier's link on this node."""

    carrier_id: CarrierId
    link: Link
    waiting: deque[Message] = field(default_factory=deque)
    under_way: int = 0
    """Handed to the writer or the link, and not reported."""
    overflowed: bool = False
    """Some of its messages are only in the database; newer ones queue up behind them there."""
    paused_until: float = 0.0


class Dispatcher:
    """Moves messages to the links of this node, and takes their reports."""

    def __init__(self, store: Store, links: Links, inbound: Inbound, node: str) -> None:
        self._store = store
        self._inbound = inbound
        self._links = links
        self.node = node
        self._queues: dict[CarrierId, CarrierQueue] = {}
        self._mark = MarkSending(node, self._marked)
        self._record = RecordSubmitted(self._requeue, self._early_receipts)
        self._receive = RecordReceipts(self._ended)
        self._claiming: set[CarrierId] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False

    async def queue_for(self, carrier_id: CarrierId) -> CarrierQueue | None:
        """The queue of a carrier whose link is open here; None when another node has it."""
        queue = self._queues.get(carrier_id)
        if queue is None:
            link = await self._links.find(carrier_id, self)
            if link is None:
                return None
            queue = self._queues.setdefault(carrier_id, CarrierQueue(carrier_id, link))
        return queue

    def owner_for(self, queue: CarrierQueue | None) -> str | None:
        """Who a new message belongs to: this node, or nobody yet."""
        if queue is None or self._stopped:
            return None
        if len(queue.waiting) >= self._store.settings.dispatch_queue_max:
            queue.overflowed = True
        return None if queue.overflowed else self.node

    def enqueue(self, messages: Sequence[Message]) -> None:
        """Take over messages that are durable, `queued` and owned by this node."""
        touched = set()
        for message in messages:
            carrier_id = CarrierId(message.carrier_id or "")
            self._queues[carrier_id].waiting.append(message)
            touched.add(carrier_id)
        for carrier_id in touched:
            self._pump(self._queues[carrier_id])

    # --- reports of links --------------------------------------------------------------------

    def submitted(self, carrier_id: CarrierId, outcomes: Sequence[Submitted]) -> None:
        queue = self._queues[carrier_id]
        queue.under_way -= len(outcomes)
        now = self._store.now()
        self._store.writer.post(
            self._record, [Reported(carrier_id, outcome, now) for outcome in outcomes]
        )
        self._pump(queue)

    def receipts(
        self,
        carrier_id: CarrierId,
        receipts: Sequence[Receipt],
        done: Callable[[], None] | None = None,
    ) -> None:
        now = self._store.now()
        self._post_receipts([Arrived(carrier_id, receipt, now) for receipt in receipts])
        if done is not None:
            self._after_next_commit(done)

    async def received(self, carrier_id: CarrierId, message: Incoming) -> MessageId:
        return await self._inbound.receive(carrier_id, message)

    def ready(self, carrier_id: CarrierId) -> None:
        self._pump(self._queues[carrier_id])

    # --- the way out ---------------------------------------------------------------------------

    def _pump(self, queue: CarrierQueue) -> None:
        loop = asyncio.get_running_loop()
        if self._stopped or loop.time() < queue.paused_until:
            return
        count = min(queue.link.window - queue.under_way, len(queue.waiting))
        if count > 0:
            now = self._store.now()
            taken = [queue.waiting.popleft() for _ in range(count)]
            queue.under_way += count
            self._store.writer.post(self._mark, [(message, now) for message in taken])
        half = self._store.settings.dispatch_queue_max // 2
        if queue.overflowed and len(queue.waiting) <= half:
            self._claim_soon(queue)
        metrics.QUEUE_DEPTH.labels("dispatch").set(len(queue.waiting))

    def _marked(self, wanted: Sequence[Message], marked: Sequence[Message | None]) -> None:
        by_carrier: dict[CarrierId, list[Outgoing]] = {}
        for asked, message in zip(wanted, marked, strict=True):
            carrier_id = CarrierId(asked.carrier_id or "")
            if message is None:  # canceled meanwhile, or another node has taken it
                self._queues[carrier_id].under_way -= 1
            else:
                by_carrier.setdefault(carrier_id, []).append(_outgoing(message))
        for carrier_id, outgoing in by_carrier.items():
            self._queues[carrier_id].link.submit(outgoing)

    def _requeue(self, throttled: Sequence[tuple[Message, float]]) -> None:
        """Back to the head of the queue, in order, after a pause of the whole link."""
        loop = asyncio.get_running_loop()
        for message, retry_after_s in sorted(throttled, key=lambda pair: pair[0].id, reverse=True):
            queue = self._queues[CarrierId(message.carrier_id or "")]
            queue.waiting.appendleft(message)
            queue.paused_until = max(queue.paused_until, loop.time() + retry_after_s)
        for carrier_id in {CarrierId(message.carrier_id or "") for message, _ in throttled}:
            queue = self._queues[carrier_id]
            loop.call_at(queue.paused_until + 0.001, self._pump, queue)

    def _early_receipts(self, early: Sequence[tuple[CarrierId, str, Row]]) -> None:
        arrived = []
        for carrier_id, carrier_message_id, row in early:
            state, code, at = row
            receipt = Receipt(
                carrier_message_id, ReceiptState(str(state)), None if code is None else str(code)
            )
            arrived.append(Arrived(carrier_id, receipt, UnixMs(int(str(at))), early=True))
        self._post_receipts(arrived)

    def _post_receipts(self, arrived: Sequence[Arrived]) -> None:
        self._store.writer.post(self._receive, arrived)

    def _ended(self, messages: Sequence[Message]) -> None:
        for message in messages:
            metrics.MESSAGES_ENDED.labels(message.status).inc()

    def _after_next_commit(self, done: Callable[[], None]) -> None:
        async def confirm() -> None:
            async def nothing(_tx: Transaction) -> None:
                """Committed after everything that was posted before it."""

            await self._store.commit(nothing)
            done()

        self._spawn(confirm())

    # --- claiming from the database ------------------------------------------------------------

    def _claim_soon(self, queue: CarrierQueue) -> None:
        if queue.carrier_id not in self._claiming:
            self._claiming.add(queue.carrier_id)
            self._spawn(self._claim(queue))

    async def _claim(self, queue: CarrierQueue) -> None:
        try:
            await self.claim(queue)
        finally:
            self._claiming.discard(queue.carrier_id)

    async def claim(self, queue: CarrierQueue) -> int:
        """Take messages that nobody works on; how many came."""
        room = self._store.settings.dispatch_queue_max - len(queue.waiting)
        limit = max(0, min(room, _CLAIM))
        skip_locked = self._store.database.dialect == "postgresql"

        async def take(tx: Transaction) -> list[Message]:
            rows = await tx.execute(
                sql.claim_work(queue.carrier_id, self.node, limit, skip_locked=skip_locked)
            )
            return sorted((from_row(tuple(row)) for row in rows), key=lambda message: message.id)

        claimed = await self._store.commit(take) if limit else []
        queue.overflowed = len(claimed) == limit
        self.enqueue(claimed)
        return len(claimed)

    async def claim_everything(self) -> None:
        """Look for work without an owner; run now and then, in case nobody was told of it."""
        for row in await self._store.read(sql.carriers_with_work()):
            queue = await self.queue_for(CarrierId(row.carrier_id))
            if queue is not None:
                self._claim_soon(queue)

    async def expire(self, outlived: Sequence[Message]) -> None:
        """Give up messages whose validity has passed in the queue."""
        now = self._store.now()
        moves = [
            Move(message.id, Change.OUTLIVED, now, error_code="expired") for message in outlived
        ]

        async def end(tx: Transaction) -> None:
            await move(tx, moves)

        await self._store.commit(end)

    def listen(self, wakeups: Wakeups) -> None:
        """Claim at once what other processes leave."""

        def hear(_carrier_id: str) -> None:
            if not self._stopped:
                self._spawn(self.claim_everything())

        wakeups.subscribe_prefix(_WORK, hear)

    async def stop(self) -> None:
        """Hand nothing more to links."""
        self._stopped = True
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _outgoing(message: Message) -> Outgoing:
    text = message.text or ""
    encoding = Encoding(message.encoding)
    parts = (text,) if message.segments == 1 else tuple(split(text))
    return Outgoing(
        MessageId(message.id),
        message.sender,
        message.recipient,
        parts,
        encoding,
        UnixMs(message.valid_until or message.created_at),
    )
