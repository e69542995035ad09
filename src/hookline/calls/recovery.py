"""Ends the calls that a node has left behind: exactly once, as failed, with everything of theirs.

Nobody can go on with a call whose engine's reports were lost. What was queued has not been dialled
and is simply taken by another node.
"""

from collections.abc import Sequence

from hookline.calls import store as sql
from hookline.calls.model import (
    LIVE,
    Call,
    Change,
    HangupBy,
    Leg,
    Recording,
    Role,
    Status,
    call_of,
    leg_of,
    recording_of,
)
from hookline.calls.progress import Taken, take_steps
from hookline.calls.steps import CallMove, LegMove, Move, RecordingEnd, Step
from hookline.clock import UnixMs
from hookline.storage.leases import Leases
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.telemetry.logs import get_logger
from hookline.voice.port import LegId, RecordingId

log = get_logger(__name__)
NODE_LOST = "node_lost"
_PAGE = 200


async def recover(store: Store, leases: Leases) -> int:
    """End or release what nodes that are gone have left; how many calls. Harmless when repeated."""
    gone = await _gone(store, leases)
    if not gone:
        return 0
    await store.commit(lambda tx: tx.changed(sql.release_queued(gone)))
    total = 0
    while rows := await store.read(sql.abandoned(gone, _PAGE)):
        found = [call_of(tuple(row)) for row in rows]
        total += len(found)
        await _break_all(store, found, leases.node, NODE_LOST)
    while rows := await store.read(sql.orphaned_recordings(gone, _PAGE)):
        await _break_recordings(store, [recording_of(tuple(row)) for row in rows], leases.node)
    await store.commit(lambda tx: tx.changed(sql.forget_commands_of(gone)))
    if total:
        log.info("calls_ended", calls=total, reason=NODE_LOST)
    return total


async def break_call(store: Store, call: Call, node: str, reason: str) -> None:
    """End a call of this node that cannot go on."""
    await _break_all(store, [call], node, reason)


async def _gone(store: Store, leases: Leases) -> set[str]:
    """Nodes that calls name and that live no more."""
    statements = (sql.owners(), sql.recording_owners())
    named = {row.owner for one in statements for row in await store.read(one)} - {None}
    return named - await leases.living_nodes() - {leases.node} if named else set()


async def _break_all(store: Store, found: Sequence[Call], node: str, reason: str) -> None:
    ids = [call.id for call in found]
    legs = [leg_of(tuple(row)) for row in await store.read(sql.legs_of(ids))]
    open_ = [recording_of(tuple(row)) for row in await store.read(sql.under_way(ids))]
    now = store.now()
    steps = [
        Taken(call, call.owner or node, _last_step(call, legs, open_, reason, now))
        for call in found
    ]

    async def apply(tx: Transaction) -> None:
        await take_steps(tx, steps)
        await tx.changed(
            sql.own(ids, node)
        )  # a node that is not as dead as it seemed has lost them

    await store.commit(apply)


async def _break_recordings(store: Store, found: Sequence[Recording], node: str) -> None:
    ids = sorted({one.call_id for one in found})
    rows = await store.read(sql.by_ids(ids))
    now = store.now()
    steps = []
    for call in (call_of(tuple(row)) for row in rows):
        ends: list[Move] = [
            RecordingEnd(RecordingId(one.id), None, NODE_LOST)
            for one in found
            if one.call_id == call.id
        ]
        steps.append(Taken(call, call.owner or node, Step(now, ends)))

    async def apply(tx: Transaction) -> None:
        await take_steps(tx, steps)
        await tx.changed(sql.own(ids, node))

    await store.commit(apply)


def _last_step(
    call: Call, legs: Sequence[Leg], recordings: Sequence[Recording], reason: str, at: UnixMs
) -> Step:
    moves: list[Move] = [
        LegMove(LegId(leg.id), Role(leg.role), Change.BROKE, HangupBy.SYSTEM, reason)
        for leg in legs
        if leg.call_id == call.id and Status(leg.status) in LIVE
    ]
    moves += [
        RecordingEnd(RecordingId(one.id), None, reason)
        for one in recordings
        if one.call_id == call.id
    ]
    return Step(at, [*moves, CallMove(Change.BROKE, HangupBy.SYSTEM, reason)])
