"""What this node's virtual phones show, stored so that every node can show it.

The board of phones lives in the process that runs the call. A change is stored as soon as the one
before it is; open pages, which no event tells of it, are woken by a topic.
"""

from collections.abc import Iterable
from functools import partial

import msgspec

from hookline.calls import phone_store as sql
from hookline.calls.errands import Errand
from hookline.calls.phone_book import account_of, number_of
from hookline.clock import DAY_MS, UnixMs
from hookline.ids import AccountId
from hookline.principal import Mode
from hookline.storage.leases import Leases
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.voice.engines import SANDBOX
from hookline.voice.port import LegId
from hookline.voice.sandbox.phones import PhoneCall, PhoneCallState, VirtualPhones

PHONES_TOPICS = "phones:"
"""The wake-up topics of what phones show: behind it the account, a colon, and the kind of change."""
SCREEN = "phone"
"""The kind of change that begins, answers or ends a call at a phone."""
SOUND = "sound"
"""The kind of change of what is heard or pressed during one."""
_KEPT_MS = DAY_MS
_encode = msgspec.json.Encoder().encode


class PhoneScreens:
    """Stores what the board of this node shows."""

    def __init__(self, store: Store, leases: Leases, phones: VirtualPhones) -> None:
        self._store = store
        self._leases = leases
        self._changed: dict[LegId, PhoneCall] = {}
        self._states: dict[LegId, PhoneCallState] = {}
        self._errand = Errand("phone_screens", self._keep_changed)
        phones.watch(self._show)

    async def keep(self, calls: Iterable[PhoneCall]) -> None:
        """Durable when it returns."""
        shown = tuple(calls)
        await self._store.commit(lambda tx: self._write(tx, shown))
        for call in shown:
            if call.state is PhoneCallState.ENDED:
                self._states.pop(call.leg_id, None)
            else:
                self._states[call.leg_id] = call.state

    async def settle(self) -> None:
        """Wait until all is stored that was shown."""
        await self._errand.settle()

    async def cancel(self) -> None:
        await self._errand.cancel()

    async def end_lost(self) -> None:
        """End what nodes that are gone have left at phones; harmless when repeated."""
        named = {row.owner for row in await self._store.read(sql.owners())}
        gone = named - await self._leases.living_nodes() - {self._leases.node} if named else set()
        if gone:
            await self._store.commit(partial(self._end_on, gone))

    async def forget_old(self) -> None:
        """A call is shown for a day after its end; the call itself is kept with all others."""
        statement = sql.forget_ended(UnixMs(self._store.now() - _KEPT_MS))
        await self._store.commit(lambda tx: tx.changed(statement))

    def _show(self, call: PhoneCall) -> None:
        self._changed[call.leg_id] = call
        self._errand.want()

    async def _keep_changed(self) -> None:
        calls, self._changed = self._changed, {}
        try:
            await self.keep(calls.values())
        except BaseException:
            self._changed = calls | self._changed
            raise

    async def _write(self, tx: Transaction, calls: tuple[PhoneCall, ...]) -> None:
        rows = [self._row(call) for call in calls]
        won = await tx.insert(sql.INSERT_SHOWN, rows)
        known = [row for row, is_new in zip(rows, won, strict=True) if not is_new]
        if known:
            await tx.update(sql.CHANGE_SHOWN, [(row[0], *row[-3:]) for row in known])
        for call in calls:
            is_new_state = self._states.get(call.leg_id) is not call.state
            kind = SCREEN if is_new_state else SOUND
            tx.notify(phones_topic(account_of(call.phone_id), kind))

    def _row(self, call: PhoneCall) -> tuple[object, ...]:
        return (
            call.leg_id,
            account_of(call.phone_id),
            mode_on(call).value,
            number_of(call.phone_id),
            self._leases.node,
            call.state.value,
            _encode(call).decode(),
            call.ended_at,
        )

    async def _end_on(self, nodes: set[str], tx: Transaction) -> None:
        await tx.changed(sql.end_on(nodes, self._store.now()))
        await tx.changed(sql.forget_acts_of(nodes))


def phones_topic(account_id: AccountId, kind: str) -> str:
    """The wake-up topic of a change of what an account's phones show."""
    return f"{PHONES_TOPICS}{account_id}:{kind}"


def mode_on(call: PhoneCall) -> Mode:
    """Test calls have a sandbox of their own."""
    return Mode.TEST if call.carrier_id == SANDBOX else Mode.LIVE
