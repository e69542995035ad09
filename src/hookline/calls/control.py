"""What is asked of a call while it lives: hang up, or do something now.

It is stored in the same transaction as it is checked in, and the node that runs the call is woken.
"""

from hookline.calls import store as sql
from hookline.calls.commands import HANG_UP, command_of
from hookline.calls.errors import CallNotLive, NotRecording, RecordingUnderWay
from hookline.calls.hand_over import commands_topic
from hookline.calls.model import LIVE, Call, Change, HangupBy, Role, Status, call_of, leg_of
from hookline.calls.progress import Taken, take_steps
from hookline.calls.reading import missing_call
from hookline.calls.schemas import CallAction
from hookline.calls.steps import CallMove, LegMove, Move, Step
from hookline.ids import is_id
from hookline.numbers.call_urls import check_url
from hookline.principal import Principal
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.voice.port import LegId

_CANCELER = "canceled"
"""The owner of a call that was canceled before any node had it."""


async def hang_up(tx: Transaction, store: Store, principal: Principal, call_id: str) -> Call:
    """End a call. Raises NotFound, CallNotLive."""
    call = await _locked(tx, principal, call_id)
    if Status(call.status) not in LIVE:
        raise CallNotLive(f"The call is {call.status} already.")
    if call.owner is None:
        return await _cancel(tx, store, call)
    await _store_command(tx, store, call, HANG_UP)
    return call


async def act(
    tx: Transaction, store: Store, principal: Principal, call_id: str, action: CallAction
) -> Call:
    """Do something on a call. Raises NotFound, CallNotLive, RecordingUnderWay, NotRecording."""
    call = await _locked(tx, principal, call_id)
    if call.status != Status.IN_PROGRESS or call.owner is None:
        raise CallNotLive(f"The call is {call.status}; it must be in progress.")
    if action.key == "play":
        check_url("/play/url", action.play.url, store.settings.allow_targets)
    if action.key == "record":
        is_recording = bool(await tx.execute(sql.under_way([call.id])))
        if action.record == "start" and is_recording:
            raise RecordingUnderWay
        if action.record != "start" and not is_recording:
            raise NotRecording
    await _store_command(tx, store, call, command_of(action))
    return call


async def _cancel(tx: Transaction, store: Store, call: Call) -> Call:
    """No node has it: it ends here and now."""
    await tx.changed(sql.own([call.id], _CANCELER))
    legs = [leg_of(tuple(row)) for row in await tx.execute(sql.legs_of([call.id]))]
    end = (HangupBy.API, "hangup")
    moves: list[Move] = [
        LegMove(LegId(leg.id), Role(leg.role), Change.CANCELED, *end) for leg in legs
    ]
    step = Step(store.now(), [*moves, CallMove(Change.CANCELED, *end)])
    (ended,) = await take_steps(tx, [Taken(call, _CANCELER, step)])
    assert ended is not None, "the row is locked"
    return ended


async def _store_command(tx: Transaction, store: Store, call: Call, command: str) -> None:
    assert call.owner is not None
    row = (store.ids.new("cmd"), call.id, call.owner, command, store.now())
    await tx.insert(sql.INSERT_COMMAND, [row])
    tx.notify(commands_topic(call.owner))


async def _locked(tx: Transaction, principal: Principal, call_id: str) -> Call:
    if not is_id("call", call_id):
        raise missing_call(call_id)
    rows = await tx.execute(sql.locked(principal.account_id, principal.mode, call_id))
    if not rows:
        raise missing_call(call_id)
    return call_of(tuple(rows[0]))
