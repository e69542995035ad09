"""Failover: messages that their carrier cannot or will not take go on to the next one of their route.

A refusal is seen in the transaction that would have recorded it. What waits for a carrier that is
down, and what was taken and never reported, is looked for from time to time (`Failover`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec

from hookline.clock import DAY_MS, SECOND_MS, UnixMs
from hookline.ids import AccountId, CarrierId
from hookline.messages import rerouting_store as sql
from hookline.messages.ambiguity_store import supersede_parts
from hookline.messages.hand_over import work_topic
from hookline.messages.model import Change, Message, Status, from_row
from hookline.messages.progress import Move, Reported, move
from hookline.principal import Mode
from hookline.routing.choice import Standing
from hookline.routing.health import Health
from hookline.routing.model import FailoverCause, Wanted
from hookline.routing.router import Router
from hookline.storage.store import Store
from hookline.storage.transaction import Rows, Transaction
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
_PAGE = 500
_RECEIPTS_EVERY_MS = 5_000
_FAULT = "carrier_unavailable"


@dataclass(frozen=True, slots=True)
class Detour:
    """A message and the carrier that is to take it instead."""

    message: Message
    carrier_id: CarrierId
    move: Move


def wanted_of(message: Message) -> Wanted:
    """The message as routes look at it."""
    tags = msgspec.json.decode(message.tags, type=list[str]) if message.tags else ()
    return Wanted(message.sender, message.recipient, tags)


async def rerouted(router: Router, message: Message) -> CarrierId | None:
    """The carrier that routes have for a live message now, if it is another one than it has."""
    if message.mode != Mode.LIVE:
        return None
    home = CarrierId(message.carrier_id or "")
    chosen = await router.carrier_for(AccountId(message.account_id), home, wanted_of(message))
    return None if chosen == home else chosen


async def divert_refused(
    tx: Transaction, refused: Sequence[Reported], *, router: Router
) -> dict[str, Message]:
    """Those of the refused that another carrier takes, queued for it, by their ids."""
    ids = [item.outcome.message_id for item in refused]
    found = await _locked(tx, ids, Status.SENDING)
    tried = await _tried(tx, list(found))
    known = await router.health.all()
    detours = []
    for item in refused:
        message = found.get(item.outcome.message_id)
        if message is None or message.carrier_id != item.carrier_id:
            continue
        is_fault = item.outcome.error_code == _FAULT
        cause = FailoverCause.TEMPORARY_ERROR if is_fault else FailoverCause.PERMANENT_ERROR
        following = await router.next_after(
            message.account_id, wanted_of(message), cause, item.carrier_id, tried[message.id]
        )
        if following is not None:
            detail = (
                f"{_name(known, item.carrier_id)} refused it; {_name(known, following)} takes it."
            )
            wanted = Move(
                message.id,
                Change.REROUTED,
                item.at,
                carrier_code=item.outcome.carrier_code,
                detail=detail,
            )
            detours.append(Detour(message, following, wanted))
    return await _divert(tx, detours, remember=True)


class Failover:
    """Looks for what waits in vain. Every node may; they share the work by its rows' locks."""

    def __init__(self, store: Store, router: Router) -> None:
        self._store = store
        self._router = router
        self._walked: dict[CarrierId, tuple[object, str]] = {}
        """How far the queue of a carrier that is down has been looked through, and under what."""
        self._reported: dict[tuple[CarrierId, int], int] = {}
        """Until when messages with a carrier were sent that have been looked at."""
        self._receipts_at = 0

    async def look(self) -> None:
        """Once; cheap where no account has routes."""
        known = await self._router.health.all()
        if not known:
            return
        limits = _limits(await self._store.read(sql.failover_limits()))
        for carrier_id, health in known.items():
            down = limits.get((carrier_id, FailoverCause.CARRIER_DOWN))
            if down and health.standing is Standing.DOWN:
                await self._leave(carrier_id, health, known, down)
        if self._store.now() - self._receipts_at < _RECEIPTS_EVERY_MS:
            return
        self._receipts_at = self._store.now()
        for carrier_id in known:
            for after_ms in limits.get((carrier_id, FailoverCause.NO_RECEIPT), ()):
                await self._give_up_waiting(carrier_id, known, after_ms)

    async def _leave(
        self,
        carrier_id: CarrierId,
        health: Health,
        known: Mapping[CarrierId, Health],
        limits: Collection[int],
    ) -> None:
        """Take what waits for a carrier that is down to others that are up.

        A message is looked at once, until carriers come up, routes change or a further limit passes.
        """
        now = self._store.now()
        down_for_ms = now - (health.down_since or now)
        passed = sum(limit <= down_for_ms for limit in limits)
        if not passed:
            return
        up = frozenset(one for one, other in known.items() if other.standing is not Standing.DOWN)
        stamp = (self._router.book.forgotten, up, health.down_since, passed)
        before, after = self._walked.get(carrier_id, (None, ""))
        if before != stamp:
            after = ""
        while True:
            rows = await self._store.read(sql.waiting_for(carrier_id, after, _PAGE))
            if rows:
                after = rows[-1].id
                ids = [row.id for row in rows]
                work = partial(self._leave_page, ids, carrier_id, known, down_for_ms)
                await self._store.commit(work)
            self._walked[carrier_id] = stamp, after
            if len(rows) < _PAGE:
                return

    async def _leave_page(
        self,
        ids: Sequence[str],
        carrier_id: CarrierId,
        known: Mapping[CarrierId, Health],
        down_for_ms: int,
        tx: Transaction,
    ) -> None:
        now = self._store.now()
        found = await _locked(tx, ids, Status.QUEUED)
        tried = await _tried(tx, list(found))
        detours = []
        for message in found.values():
            if message.carrier_id != carrier_id or _is_over(message, now):
                continue
            wanted = wanted_of(message)
            route = await self._router.route_for(AccountId(message.account_id), wanted)
            if route is None or route.carrier_down_after_s * SECOND_MS > down_for_ms:
                continue
            following = await self._router.next_after(
                message.account_id,
                wanted,
                FailoverCause.CARRIER_DOWN,
                carrier_id,
                tried[message.id],
            )
            if following is not None:
                detail = f"{_name(known, carrier_id)} is down; {_name(known, following)} takes it."
                wanted_move = Move(message.id, Change.DIVERTED, now, detail=detail)
                detours.append(Detour(message, following, wanted_move))
        await _divert(tx, detours, remember=False)

    async def _give_up_waiting(
        self, carrier_id: CarrierId, known: Mapping[CarrierId, Health], after_ms: int
    ) -> None:
        """Send again by others what the carrier took and has not reported within the limit."""
        now = self._store.now()
        until = now - after_ms
        since = self._reported.get((carrier_id, after_ms), now - DAY_MS)
        after = ""
        while True:
            rows = await self._store.read(sql.unreported(carrier_id, since, until, after, _PAGE))
            if rows:
                after = rows[-1].id
                ids = [row.id for row in rows]
                await self._store.commit(
                    partial(self._give_up_page, ids, carrier_id, known, after_ms)
                )
            if len(rows) < _PAGE:
                break
        self._reported[carrier_id, after_ms] = until

    async def _give_up_page(
        self,
        ids: Sequence[str],
        carrier_id: CarrierId,
        known: Mapping[CarrierId, Health],
        after_ms: int,
        tx: Transaction,
    ) -> None:
        now = self._store.now()
        found = await _locked(tx, ids, Status.SENT)
        tried = await _tried(tx, list(found))
        detours = []
        for message in found.values():
            if message.carrier_id != carrier_id or _is_over(message, now) or message.error_code:
                continue
            wanted = wanted_of(message)
            route = await self._router.route_for(AccountId(message.account_id), wanted)
            if route is None or route.no_receipt_after_s * SECOND_MS != after_ms:
                continue
            following = await self._router.next_after(
                message.account_id,
                wanted,
                FailoverCause.NO_RECEIPT,
                carrier_id,
                tried[message.id],
            )
            if following is not None:
                detail = (
                    f"{_name(known, carrier_id)} has not reported it; "
                    f"{_name(known, following)} takes it."
                )
                wanted_move = Move(message.id, Change.UNREPORTED, now, detail=detail)
                detours.append(Detour(message, following, wanted_move))
        moved = await _divert(tx, detours, remember=True)
        if moved:
            await tx.changed(supersede_parts(list(moved)))


async def _divert(
    tx: Transaction, detours: Sequence[Detour], *, remember: bool
) -> dict[str, Message]:
    """Queue the messages for their new carriers, where the move is possible still."""
    if not detours:
        return {}
    moved = await move(tx, [detour.move for detour in detours])
    done = {message.id: message for message in moved if message is not None}
    going: dict[CarrierId, list[str]] = {}
    for detour in detours:
        if detour.message.id in done:
            going.setdefault(detour.carrier_id, []).append(detour.message.id)
    for carrier_id, ids in going.items():
        await tx.changed(sql.hand_on(ids, carrier_id))
        tx.notify(work_topic(carrier_id))
    if remember:
        rows = [
            (detour.message.id, detour.message.carrier_id, detour.move.at)
            for detour in detours
            if detour.message.id in done
        ]
        await tx.insert(sql.INSERT_TRIED, rows)
    log.info("messages_rerouted", messages=len(done), carriers=sorted(going))
    return done


async def _locked(tx: Transaction, ids: Collection[str], status: Status) -> dict[str, Message]:
    """Those of the live messages that are in this status, by their ids."""
    found = (from_row(tuple(row)) for row in await tx.execute(sql.locked(ids, status)))
    return {message.id: message for message in found if message.mode == Mode.LIVE}


async def _tried(tx: Transaction, ids: Sequence[str]) -> dict[str, set[CarrierId]]:
    rows: Iterable[Sequence[Sequence[object]]] = await tx.select(sql.TRIED, [(one,) for one in ids])
    return {
        one: {CarrierId(str(carrier_id)) for (carrier_id,) in carriers}
        for one, carriers in zip(ids, rows, strict=True)
    }


def _limits(rows: Rows) -> dict[tuple[CarrierId, FailoverCause], set[int]]:
    """After how many milliseconds routes leave a carrier, by what they leave it for."""
    limits: dict[tuple[CarrierId, FailoverCause], set[int]] = {}
    for row in rows:
        causes = msgspec.json.decode(row.failover_on)
        for cause, after_s in (
            (FailoverCause.CARRIER_DOWN, row.carrier_down_after_s),
            (FailoverCause.NO_RECEIPT, row.no_receipt_after_s),
        ):
            if cause in causes:
                limits.setdefault((CarrierId(row.carrier_id), cause), set()).add(
                    after_s * SECOND_MS
                )
    return limits


def _is_over(message: Message, now: UnixMs) -> bool:
    """Nobody would send it any more."""
    return message.text is None or (message.valid_until is not None and message.valid_until <= now)


def _name(known: Mapping[CarrierId, Health], carrier_id: CarrierId) -> str:
    health = known.get(carrier_id)
    return health.name if health else "The carrier"
