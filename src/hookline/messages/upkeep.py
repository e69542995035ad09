"""What messages need from time to time: those due are queued, the outlived end, the orphaned go on.

A message whose node is gone is orphaned. `queued` ones are safe to send; `sending` ones follow
their link's policy, because the carrier may have them or not (ADR-0004).
"""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

from hookline.carriers.port import Outstanding
from hookline.clock import HOUR_MS, UnixMs
from hookline.errors import HooklineError
from hookline.ids import CarrierId, MessageId
from hookline.messages import duplicates
from hookline.messages import store as sql
from hookline.messages.ambiguity import settle_ambiguous
from hookline.messages.dispatch import Dispatcher
from hookline.messages.errors import RecipientOptedOut
from hookline.messages.inquiries import Inquiries
from hookline.messages.model import SUBMIT_AMBIGUOUS, Change, Message, Status, from_row
from hookline.messages.progress import Move, move
from hookline.messages.reassembly import store_incomplete
from hookline.messages.repeats import forget_old
from hookline.messages.rerouting import Failover, rerouted
from hookline.messages.rerouting_store import hand_on
from hookline.routing.router import Router
from hookline.storage.leases import Leases
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
_TICK_S = 1.0
_AMBIGUITY_TICKS = 3
_SLOW_TICKS = 60
_PAGE = 500


class Upkeep:
    """The message room's clockwork."""

    def __init__(
        self, store: Store, dispatcher: Dispatcher, router: Router, leases: Leases
    ) -> None:
        self._store = store
        self._dispatcher = dispatcher
        self._router = router
        self.failover = Failover(store, router)
        self._leases = leases
        self._inquiries = Inquiries(store, dispatcher)

    async def run(self) -> None:
        """Tick for ever."""
        ticks = 0
        while True:
            await asyncio.sleep(_TICK_S)
            ticks += 1
            try:
                await self.queue_due()
                await self.failover.look()
                await self._dispatcher.claim_everything()
                if ticks % _AMBIGUITY_TICKS == 0:
                    await self._inquiries.ask_ambiguous()
                    await settle_ambiguous(self._store, self._dispatcher)
                if ticks % _SLOW_TICKS == 0:
                    await self.end_outlived()
                    await self.match_receipts()
                    await self._inquiries.ask_overdue()
                    await self.give_up_receipts()
                    await store_incomplete(self._store)
                    await forget_old(self._store)
                    await duplicates.forget_old(self._store)
            except HooklineError as error:
                log.warning("upkeep_failed", detail=error.detail)

    async def queue_due(self) -> None:
        """Queue scheduled messages whose time has come, but to those who have opted out since."""
        while True:
            now = self._store.now()
            due = [from_row(tuple(row)) for row in await self._store.read(sql.due(now, _PAGE))]
            if not due:
                return
            carriers = {
                message.id: carrier_id
                for message in due
                if (carrier_id := await rerouted(self._router, message)) is not None
            }
            queue = partial(_queue_or_refuse, due=due, now=now, carriers=carriers)
            await self._store.commit(queue)

    async def end_outlived(self) -> None:
        """Expire queued messages that nobody could send within their validity."""
        while True:
            now = self._store.now()
            rows = await self._store.read(sql.outlived(now, _PAGE))
            if not rows:
                return
            outlived = [from_row(tuple(row)) for row in rows]
            await self._move(outlived, Change.OUTLIVED, now, error_code="expired")

    async def match_receipts(self) -> None:
        """Apply receipts that waited for ids which another node, or one now gone, has recorded."""
        rows = await self._store.read(sql.matchable_receipts(_PAGE))
        self._dispatcher.match_receipts([tuple(row) for row in rows])

    async def give_up_receipts(self) -> None:
        """Mark sent messages whose receipt has not come within the timeout."""
        now = self._store.now()
        cutoff = now - self._store.settings.receipt_timeout_hours * HOUR_MS
        while await self._store.commit(
            lambda tx: tx.changed(sql.give_up_receipts(cutoff, now, _PAGE))
        ):
            """A page at a time, as the writer has other work."""
        await self._store.commit(lambda tx: tx.changed(sql.forget_unmatched(cutoff)))

    async def recover(self) -> None:
        """Take up what nodes that are gone have left; harmless when repeated.

        What was `sending` comes before what was `queued` behind it.
        """
        sending = await self._recover_sending()
        queued = await self._recover_queued()
        sent = await self._recover_sent()
        if queued or sending or sent:
            log.info("messages_recovered", queued=queued, sending=sending, sent=sent)
        await self.match_receipts()
        await self._dispatcher.claim_everything()

    async def _gone(self, status: Status) -> set[str]:
        """Nodes that messages name and that live no more. A node that begins meanwhile has its
        lease before its first message, so that it is not taken for gone."""
        named = {str(row.owner) for row in await self._store.read(sql.owners(status))}
        if not named:
            return named
        return named - await self._leases.living_nodes() - {self._leases.node}

    async def _recover_sending(self) -> int:
        total = 0
        gone = await self._gone(Status.SENDING)
        while gone and (orphans := await self._owned_by(gone, Status.SENDING)):
            total += len(orphans)
            now = self._store.now()
            by_owner: dict[str | None, list[Move]] = {}
            for message in orphans:
                by_owner.setdefault(message.owner, []).append(await self._settling(message, now))

            async def settle(
                tx: Transaction, wanted: dict[str | None, list[Move]] = by_owner
            ) -> None:
                for owner, moves in wanted.items():
                    moved = await move(tx, moves, owner=owner)
                    ids = [message.id for message in moved if message is not None]
                    await tx.changed(sql.own(ids, None))

            await self._store.commit(settle)
        return total

    async def _settling(self, message: Message, now: UnixMs) -> Move:
        queue = await self._dispatcher.queue_for(CarrierId(message.carrier_id or ""))
        ambiguity = None if queue is None or queue.link is None else queue.link.ambiguity
        if ambiguity is not None and ambiguity.then == "resend" and not ambiguity.wait_s:
            detail = "The node that was sending it stopped."
            return Move(message.id, Change.RECOVERED, now, detail=detail)
        return Move(message.id, Change.ANSWER_LOST, now, error_code=SUBMIT_AMBIGUOUS)

    async def _recover_queued(self) -> int:
        gone = await self._gone(Status.QUEUED)
        if not gone:
            return 0
        return await self._store.commit(lambda tx: tx.changed(sql.release_queued(gone)))

    async def _recover_sent(self) -> int:
        """Tell links of what they had taken before; only those that keep nothing act on it."""
        total = 0
        gone = await self._gone(Status.SENT)
        while gone and (orphans := await self._owned_by(gone, Status.SENT)):
            total += len(orphans)
            ids = [message.id for message in orphans]
            parts: dict[str, list[str]] = {}
            for row in await self._store.read(sql.open_parts(ids)):
                parts.setdefault(row.message_id, []).append(row.carrier_message_id)

            async def adopt(tx: Transaction, wanted: Sequence[str] = ids) -> None:
                await tx.changed(sql.own(wanted, self._leases.node))

            await self._store.commit(adopt)
            await self._tell_links(orphans, parts)
        return total

    async def _tell_links(self, orphans: Sequence[Message], parts: dict[str, list[str]]) -> None:
        by_carrier: dict[CarrierId, list[Outstanding]] = {}
        for message in orphans:
            by_carrier.setdefault(CarrierId(message.carrier_id or ""), []).append(
                Outstanding(
                    MessageId(message.id),
                    message.recipient,
                    UnixMs(message.sent_at or message.updated_at),
                    tuple(parts.get(message.id, ())),
                )
            )
        for carrier_id, outstanding in by_carrier.items():
            queue = await self._dispatcher.queue_for(carrier_id)
            if queue is not None and queue.link is not None:
                queue.link.recover(outstanding)

    async def _owned_by(self, nodes: set[str], status: Status) -> list[Message]:
        rows = await self._store.read(sql.owned_by(nodes, status, _PAGE))
        return [from_row(tuple(row)) for row in rows]

    async def _move(
        self,
        found: Sequence[Message],
        change: Change,
        now: UnixMs,
        error_code: str | None = None,
    ) -> None:
        moves = [Move(message.id, change, now, error_code=error_code) for message in found]

        async def apply(tx: Transaction) -> None:
            await move(tx, moves)

        await self._store.commit(apply)


async def _queue_or_refuse(
    tx: Transaction, *, due: Sequence[Message], now: UnixMs, carriers: Mapping[str, CarrierId]
) -> None:
    """In one transaction with the look at the opt-outs, as in `Accept`.

    `carriers`: by message, where routes say another one now than when it was accepted.
    """
    for message_id, carrier_id in carriers.items():
        await tx.changed(hand_on([message_id], carrier_id))
    keys = [(message.account_id, message.mode, message.recipient) for message in due]
    opted_out = await tx.select(sql.IS_OPTED_OUT, keys)
    await move(
        tx,
        [
            Move(message.id, Change.REFUSED, now, error_code=RecipientOptedOut.code)
            if sql.blocks(rows, message.sender)
            else Move(message.id, Change.DUE, now)
            for message, rows in zip(due, opted_out, strict=True)
        ],
    )
