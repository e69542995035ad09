"""What messages need from time to time: those due are queued, the outlived end, the orphaned go on.

A message whose node is gone is orphaned. `queued` ones are safe to send; `sending` ones follow
their link's policy, because the carrier may have them or not (ADR-0004).
"""

import asyncio
from collections.abc import Sequence
from functools import partial

from sqlalchemy import Update, select, update

from hookline.carriers.port import Outstanding
from hookline.clock import HOUR_MS, UnixMs
from hookline.errors import HooklineError
from hookline.ids import CarrierId, MessageId
from hookline.messages import store as sql
from hookline.messages.dispatch import Dispatcher
from hookline.messages.model import SUBMIT_AMBIGUOUS, Change, Message, Status, from_row
from hookline.messages.progress import Move, move
from hookline.storage.leases import Leases
from hookline.storage.schema import message_parts, messages
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
_TICK_S = 1.0
_SLOW_TICKS = 60
_PAGE = 500


class Upkeep:
    """The message room's clockwork."""

    def __init__(self, store: Store, dispatcher: Dispatcher, leases: Leases) -> None:
        self._store = store
        self._dispatcher = dispatcher
        self._leases = leases

    async def run(self) -> None:
        """Tick for ever."""
        ticks = 0
        while True:
            await asyncio.sleep(_TICK_S)
            ticks += 1
            try:
                await self.queue_due()
                await self._dispatcher.claim_everything()
                if ticks % _SLOW_TICKS == 0:
                    await self.end_outlived()
                    await self.give_up_receipts()
            except HooklineError as error:
                log.warning("upkeep_failed", detail=error.detail)

    async def queue_due(self) -> None:
        """Queue scheduled messages whose time has come."""
        while True:
            now = self._store.now()
            due = [from_row(tuple(row)) for row in await self._store.read(sql.due(now, _PAGE))]
            if not due:
                return
            await self._move(due, Change.DUE, now)

    async def end_outlived(self) -> None:
        """Expire queued messages that nobody could send within their validity."""
        while True:
            now = self._store.now()
            rows = await self._store.read(sql.outlived(now, _PAGE))
            if not rows:
                return
            outlived = [from_row(tuple(row)) for row in rows]
            await self._move(outlived, Change.OUTLIVED, now, error_code="expired")

    async def give_up_receipts(self) -> None:
        """Mark sent messages whose receipt has not come within the timeout."""
        cutoff = self._store.now() - self._store.settings.receipt_timeout_hours * HOUR_MS
        await self._store.commit(lambda tx: tx.changed(sql.without_receipt(cutoff)))

    async def recover(self) -> None:
        """Take up what nodes that are gone have left; harmless when repeated."""
        alive = sorted(await self._leases.living_nodes() | {self._leases.node})
        released = await self._store.commit(lambda tx: tx.changed(_release_queued(alive)))
        sending = await self._orphans(alive, Status.SENDING)
        for message in sending:
            await self._settle_sending(message)
        owed = await self._recover_receipts(alive)
        if released or sending or owed:
            log.info("messages_recovered", queued=released, sending=len(sending), sent=owed)
        await self._dispatcher.claim_everything()

    async def _settle_sending(self, message: Message) -> None:
        queue = await self._dispatcher.queue_for(CarrierId(message.carrier_id or ""))
        now = self._store.now()
        resend = queue is not None and queue.link.ambiguous == "resend"
        wanted = (
            Move(message.id, Change.RECOVERED, now, detail="The node that was sending it stopped.")
            if resend
            else Move(message.id, Change.ANSWER_LOST, now, error_code=SUBMIT_AMBIGUOUS)
        )

        async def settle(tx: Transaction) -> None:
            if (await move(tx, [wanted], owner=message.owner))[0] is not None:
                await tx.changed(
                    update(messages).where(messages.c.id == message.id).values(owner=None)
                )

        await self._store.commit(settle)

    async def _recover_receipts(self, alive: Sequence[str]) -> int:
        """Tell links of what they had taken before; only those that keep nothing act on it."""
        total = 0
        while orphans := await self._orphans(alive, Status.SENT):
            total += len(orphans)
            ids = [message.id for message in orphans]
            parts = await self._store.read(
                select(message_parts.c.message_id, message_parts.c.carrier_message_id)
                .where(message_parts.c.message_id.in_(ids), message_parts.c.state.is_(None))
                .order_by(message_parts.c.part)
            )
            adopt = update(messages).where(messages.c.id.in_(ids)).values(owner=self._leases.node)
            await self._store.commit(partial(_run, adopt))
            await self._tell_links(
                orphans, [(row.message_id, row.carrier_message_id) for row in parts]
            )
        return total

    async def _tell_links(
        self, orphans: Sequence[Message], parts: Sequence[tuple[str, str]]
    ) -> None:
        part_ids: dict[str, list[str]] = {}
        for message_id, carrier_message_id in parts:
            part_ids.setdefault(message_id, []).append(carrier_message_id)
        by_carrier: dict[CarrierId, list[Outstanding]] = {}
        for message in orphans:
            by_carrier.setdefault(CarrierId(message.carrier_id or ""), []).append(
                Outstanding(
                    MessageId(message.id),
                    message.recipient,
                    UnixMs(message.sent_at or message.updated_at),
                    tuple(part_ids.get(message.id, ())),
                )
            )
        for carrier_id, outstanding in by_carrier.items():
            queue = await self._dispatcher.queue_for(carrier_id)
            if queue is not None:
                queue.link.recover(outstanding)

    async def _orphans(self, alive: Sequence[str], status: Status) -> list[Message]:
        rows = await self._store.read(sql.disowned(alive, [status]).limit(_PAGE))
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


async def _run(statement: Update, tx: Transaction) -> int:
    return await tx.changed(statement)


def _release_queued(alive: Sequence[str]) -> Update:
    return (
        update(messages)
        .where(messages.c.status == Status.QUEUED, messages.c.owner.is_not(None))
        .where(messages.c.owner.not_in(alive))
        .values(owner=None)
    )
