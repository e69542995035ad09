"""Dispatch: from accepted messages to links, in order, no more at once than a link's window.

What this node has accepted it holds in memory and owns in the row (ADR-0004). What does not fit
stays in the database without an owner, and is claimed when there is room again.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial

import msgspec

from hookline.carriers.links import Links
from hookline.carriers.port import (
    Incoming,
    Outgoing,
    Receipt,
    ReceiptState,
    Session,
    SubmitResult,
    Submitted,
)
from hookline.clock import UnixMs
from hookline.errors import HooklineError
from hookline.ids import CarrierId, MessageId
from hookline.messages import store as sql
from hookline.messages.carrier_queue import CarrierQueue, outgoing_of
from hookline.messages.hand_over import WORK_TOPICS, work_topic
from hookline.messages.inbound import Inbound
from hookline.messages.model import Change, Message, Status, from_row
from hookline.messages.progress import MarkSending, Move, RecordSubmitted, Reported, move
from hookline.messages.receipts import Arrived, RecordReceipts
from hookline.messages.rerouting import divert_refused
from hookline.routing.router import Router
from hookline.storage.sets import Row
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.storage.wakeups import Wakeups
from hookline.telemetry import metrics
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
_CLAIM = 1_000
_RETRY_S = 1.0


class Dispatcher:
    """Moves messages to the links of this node, and takes their reports."""

    def __init__(
        self, store: Store, links: Links, inbound: Inbound, router: Router, node: str
    ) -> None:
        self._store = store
        self._inbound = inbound
        self._links = links
        self.node = node
        self._queues: dict[CarrierId, CarrierQueue] = {}
        self._mark = MarkSending(node, self._marked)
        self._record = RecordSubmitted(
            self._requeue, self.match_receipts, partial(divert_refused, router=router)
        )
        self._receive = RecordReceipts()
        self._claiming: set[CarrierId] = set()
        self._alone: set[CarrierId] = set()  # whose only link is here
        self._is_looking = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False
        links.watch(self._link_opened, self._link_closed)

    async def queue_for(self, carrier_id: CarrierId) -> CarrierQueue | None:
        """The queue of a carrier whose link is open here; None when another node has it.

        The first to ask has what waits in the database taken up.
        """
        queue = self._queues.get(carrier_id)
        if queue is None or queue.link is None:
            link = await self._links.find(carrier_id, self)
            if link is None:
                return None
            queue = self._queues.setdefault(carrier_id, CarrierQueue(carrier_id))
            if queue.open(link):
                self._claim_soon(queue)
        return queue

    def open_carriers(self) -> list[CarrierId]:
        """The carriers whose links are open here and in use."""
        return [queue.carrier_id for queue in self._queues.values() if queue.link is not None]

    async def open_queue(self, carrier_id: CarrierId) -> None:
        """Have the carrier's queue at hand, if its link can be opened here."""
        await self.queue_for(carrier_id)

    def owned(self, messages: Sequence[Message]) -> list[Message]:
        """The queued ones among new messages as this node's own, as far as there is room.

        Called while they are being committed: no claim can come between this and the commit, so
        that what is left in the database is never overtaken.
        """
        if self._stopped:
            return list(messages)
        counts: dict[str, int] = {}
        return [self._own(message, counts) for message in messages]

    def _own(self, message: Message, counts: dict[str, int]) -> Message:
        carrier_id = CarrierId(message.carrier_id or "")
        queue = self._queues.get(carrier_id)
        if queue is None or queue.link is None or message.status != Status.QUEUED:
            return message
        count = counts.get(carrier_id, 0)
        if not queue.has_room(count, self._store.settings.dispatch_queue_max):
            return message
        counts[carrier_id] = count + 1
        return msgspec.structs.replace(message, owner=self.node)

    def enqueue(self, messages: Sequence[Message]) -> None:
        """Take over messages that are durable, `queued` and owned by this node."""
        for carrier_id, taken_over in _by_carrier(messages).items():
            queue = self._queues[carrier_id]
            queue.append(taken_over)
            if queue.link is None:  # closed while they were being committed
                self._let_go(queue)
            else:
                self._pump(queue)

    # --- reports of links --------------------------------------------------------------------

    def submitted(self, carrier_id: CarrierId, outcomes: Sequence[Submitted]) -> None:
        queue = self._queues[carrier_id]
        queue.under_way -= len(outcomes)
        for outcome in outcomes:
            if outcome.result is SubmitResult.THROTTLED:  # at once: nothing newer may overtake it
                queue.returning += 1
                self._pause(queue, outcome.retry_after_s)
        now = self._store.now()
        self._store.writer.post(
            self._record, [Reported(carrier_id, outcome, now) for outcome in outcomes]
        )
        self._pump(queue)

    def receipts(
        self,
        carrier_id: CarrierId,
        receipts: Sequence[Receipt],
        done: Callable[[Receipt], None] | None = None,
    ) -> None:
        now = self._store.now()
        arrived = [Arrived(carrier_id, receipt, now, done=done) for receipt in receipts]
        self._store.writer.post(self._receive, arrived)

    async def received(self, carrier_id: CarrierId, message: Incoming) -> MessageId | None:
        return await self._inbound.receive(carrier_id, message)

    def acknowledged(self, carrier_id: CarrierId, session: Session, before: UnixMs) -> None:
        self._spawn(self._inbound.forget_acknowledged(carrier_id, session, before))

    def ready(self, carrier_id: CarrierId) -> None:
        if queue := self._queues.get(carrier_id):  # else nothing has asked for the new link yet
            self._pump(queue)

    # --- links that come and go ----------------------------------------------------------------

    def _link_opened(self, carrier_id: CarrierId) -> None:
        """Take up what waits for it in the database, also with nodes that had the link before."""
        self._alone.add(carrier_id)
        self._spawn(self.open_queue(carrier_id))

    def _link_closed(self, carrier_id: CarrierId) -> None:
        """Leave what waits to whoever opens the link next; what had no outcome was reported."""
        self._alone.discard(carrier_id)
        queue = self._queues.get(carrier_id)
        if queue is None or queue.link is None:
            return
        held = queue.close()
        if held:
            self._hand_back(queue, held)
        if not self._stopped:  # else it is recovered from this node's rows
            self._let_go(queue)

    def _let_go(self, queue: CarrierQueue) -> None:
        queue.waiting.clear()
        self._spawn(self._release(queue.carrier_id))

    async def _release(self, carrier_id: CarrierId) -> None:
        async def release(tx: Transaction) -> None:
            if await tx.changed(sql.release_carrier(carrier_id, self.node)):
                tx.notify(work_topic(carrier_id))

        while not self._stopped:  # nobody else can know of these
            try:
                await self._store.commit(release)
                return
            except HooklineError as error:
                log.warning("release_failed", carrier_id=carrier_id, detail=error.detail)
                await asyncio.sleep(_RETRY_S)

    def _hand_back(self, queue: CarrierQueue, outgoing: Sequence[Outgoing]) -> None:
        """What was marked `sending` for a link that is gone never left."""
        detail = "The link was closed before it was sent."
        self.submitted(
            queue.carrier_id,
            [
                Submitted(one.message_id, SubmitResult.THROTTLED, detail=detail, retry_after_s=0.0)
                for one in outgoing
            ],
        )

    # --- the way out ---------------------------------------------------------------------------

    def _pump(self, queue: CarrierQueue) -> None:
        if self._stopped or queue.is_blocked:
            return
        now = self._store.now()
        taken, outlived = queue.take(now)
        if outlived:
            self._spawn(self._expire(outlived))
        if taken:
            queue.under_way += len(taken)
            queue.marking += len(taken)
            self._store.writer.post(self._mark, [(message, now) for message in taken])
        elif queue.held:
            self._submit(queue, [])
        if queue.overflowed and len(queue.waiting) <= self._store.settings.dispatch_queue_max // 2:
            self._claim_soon(queue)
        metrics.QUEUE_DEPTH.labels("dispatch").set(len(queue.waiting))

    def _marked(self, wanted: Sequence[Message], marked: Sequence[Message | None]) -> None:
        outgoing: dict[CarrierId, list[Outgoing]] = {}
        for asked, message in zip(wanted, marked, strict=True):
            carrier_id = CarrierId(asked.carrier_id or "")
            going = outgoing.setdefault(carrier_id, [])
            self._queues[carrier_id].marking -= 1
            if message is not None:  # else canceled meanwhile, or another node has taken it
                going.append(outgoing_of(message))
            else:
                self._queues[carrier_id].under_way -= 1
        for carrier_id, going in outgoing.items():
            queue = self._queues[carrier_id]
            self._submit(queue, going)
            if len(going) < len(wanted) or queue.held:  # room came free without a report
                self._pump(queue)

    def _submit(self, queue: CarrierQueue, outgoing: Sequence[Outgoing]) -> None:
        if queue.link is None:
            self._hand_back(queue, outgoing)
        elif ready := queue.hand_over(outgoing):
            queue.link.submit(ready)

    def _requeue(self, returned: Sequence[tuple[CarrierId, Message | None]]) -> None:
        """Back to the head of the queue, in the order in which they were accepted.

        None for one that has gone another way meanwhile.
        """
        for carrier_id, _ in returned:
            self._queues[carrier_id].returning -= 1
        messages = _by_carrier([message for _, message in returned if message is not None])
        for carrier_id in dict.fromkeys(carrier_id for carrier_id, _ in returned):
            queue = self._queues[carrier_id]
            if queue.link is None:
                self._let_go(queue)
            else:
                queue.put_back(messages.get(carrier_id, []))
                self._pump(queue)

    def _pause(self, queue: CarrierQueue, seconds: float) -> None:
        """Hand the link nothing for a while."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        if until > queue.paused_until:
            queue.paused_until = until
            loop.call_at(until, self._resume, queue, until)

    def _resume(self, queue: CarrierQueue, until: float) -> None:
        if queue.paused_until == until:  # else the pause has been prolonged
            queue.paused_until = 0.0
            self._pump(queue)

    async def _expire(self, outlived: Sequence[Message]) -> None:
        """Give up messages whose validity has passed in the queue."""
        now = self._store.now()
        moves = [Move(one.id, Change.OUTLIVED, now, error_code="expired") for one in outlived]

        async def end(tx: Transaction) -> None:
            await move(tx, moves)

        await self._store.commit(end)

    def match_receipts(self, early: Sequence[Row]) -> None:
        """Record receipts that had waited: rows of `matchable_receipts`."""
        arrived = []
        for carrier_id, carrier_message_id, state, code, at in early:
            receipt = Receipt(
                str(carrier_message_id),
                ReceiptState(str(state)),
                None if code is None else str(code),
            )
            when = UnixMs(int(str(at)))
            arrived.append(Arrived(CarrierId(str(carrier_id)), receipt, when, early=True))
        self._store.writer.post(self._receive, arrived)

    # --- claiming from the database ------------------------------------------------------------

    def _claim_soon(self, queue: CarrierQueue) -> None:
        if not self._stopped and queue.carrier_id not in self._claiming:
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
        limit = min(room, _CLAIM)
        if limit <= 0 or queue.link is None:
            return 0
        is_alone = queue.carrier_id in self._alone
        work = sql.claim_work(queue.carrier_id, self.node, limit, also_others=is_alone)

        async def take(tx: Transaction) -> list[Message]:
            rows = await tx.execute(work)
            claimed = [from_row(tuple(row)) for row in rows]
            claimed.sort(key=lambda message: message.id)
            seen = queue.left_behind if len(claimed) < limit else None
            tx.after_commit(partial(self._claimed, queue, claimed, seen))
            return claimed

        return len(await self._store.commit(take))

    def _claimed(self, queue: CarrierQueue, claimed: Sequence[Message], seen: int | None) -> None:
        """In the moment of the commit, before anything newer can be accepted as our own.

        `seen`: how many had been left behind when these were all that were there.
        """
        queue.overflowed = seen != queue.left_behind
        self._claiming.discard(queue.carrier_id)
        self.enqueue(claimed)
        self._pump(queue)

    async def claim_everything(self) -> None:
        """Look for work without an owner; run now and then, in case nobody was told of it."""
        for row in await self._store.read(sql.carriers_with_work()):
            queue = await self.queue_for(CarrierId(row.carrier_id))
            if queue is not None:
                self._claim_soon(queue)

    def listen(self, wakeups: Wakeups) -> None:
        """Claim at once what other processes leave."""
        wakeups.subscribe_prefix(WORK_TOPICS, self._hear)

    def _hear(self, carrier_id: str) -> None:
        queue = self._queues.get(CarrierId(carrier_id))
        if queue is not None and queue.link is not None:
            if not queue.overflowed:  # else it claims as room comes free
                self._claim_soon(queue)
        elif not self._stopped and not self._is_looking:
            self._is_looking = True
            self._spawn(self._look())

    async def _look(self) -> None:
        self._is_looking = False  # what is heard of from now on may not be seen by this look
        await self.claim_everything()

    async def stop(self) -> None:
        """Hand nothing more to links."""
        self._stopped = True
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, HooklineError):  # upkeep comes back to whatever this was about
            log.warning("dispatch_failed", detail=error.detail)
        elif error is not None:
            log.error("dispatch_failed", exc_info=error)


def _by_carrier(messages: Sequence[Message]) -> dict[CarrierId, list[Message]]:
    found: dict[CarrierId, list[Message]] = {}
    for message in messages:
        found.setdefault(CarrierId(message.carrier_id or ""), []).append(message)
    return found
