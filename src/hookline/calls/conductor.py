"""The calls of this node: begins them, tells each what the engines report, and hears of wishes.

A call runs on the node that has its engine (ADR-0004): its row names the node before anything rings.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from sqlalchemy import Row

from hookline.calls import store as sql
from hookline.calls.commands import input_of
from hookline.calls.errors import TooManyCalls
from hookline.calls.hand_over import WORK_TOPIC, Begun, commands_topic
from hookline.calls.live import LiveCall, live_call
from hookline.calls.model import Call, HangupBy, Leg, call_of, leg_of
from hookline.calls.recovery import break_call
from hookline.calls.runner import CallRunner, Desk
from hookline.calls.steps import HangUpWanted, Step
from hookline.clock import SECOND_MS
from hookline.errors import HooklineError
from hookline.ids import CarrierId
from hookline.storage.transaction import Transaction
from hookline.storage.wakeups import Wakeups
from hookline.telemetry.logs import get_logger
from hookline.voice import port
from hookline.voice.engines import SANDBOX, Engines
from hookline.voice.port import CameIn, Cause, Ended, Engine, Happening, LegId

log = get_logger(__name__)
_PAGE = 200
_SANDBOX_KIND = "sandbox"
_FORSAKEN_AFTER_MS = 10_000
"""Longer than it takes from a commit to the begin of what was committed."""

TakeIn = Callable[[CarrierId, CameIn], Coroutine[object, object, tuple[Call, Sequence[Leg]] | None]]
"""Stores a call that came in as this node's; None when nobody has the number."""


class Conductor:
    """Runs the calls of one node. It is what engines report to."""

    def __init__(self, desk: Desk, engines: Engines, take_in: TakeIn) -> None:
        self._desk = desk
        self._store = desk.store
        self._node = desk.node
        self._engines = engines
        self._take_in = take_in
        self._arriving: dict[str, list[Happening]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._running: dict[str, CallRunner] = {}
        self._is_stopping = False
        engines.watch(self._engine_opened, self._engine_closed)

    # --- calls begin --------------------------------------------------------------------------------

    def owner_for(self, carrier_id: CarrierId, *, is_sandbox: bool) -> str | None:
        """This node, if it has the engine and that is up. Raises TooManyCalls."""
        if self._is_stopping or not self._can_begin(carrier_id, is_sandbox=is_sandbox):
            return None
        if len(self._running) >= self._store.settings.calls_max:
            raise TooManyCalls
        return self._node

    def begin(self, call: Call, legs: Sequence[Leg], *, engine: Engine | None = None) -> None:
        """Run a call that is stored as this node's."""
        self._start(live_call(call, legs, self._store.ids.new), engine)

    def go_on(self, begun: Begun) -> None:
        """Run a call that is stored as this node's, with its first step taken."""
        self._start(begun.live, None, begun.step)

    def _start(self, live: LiveCall, engine: Engine | None, taken: Step | None = None) -> None:
        engine = engine or self._engines.find(CarrierId(live.call.carrier_id), is_sandbox=False)
        runner = CallRunner(live, engine, self._desk)
        self._running[live.call.id] = runner
        self._spawn(self._run(runner, taken))

    async def _run(self, runner: CallRunner, taken: Step | None) -> None:
        call = runner.live.call
        try:
            await runner.run(taken)
        except Exception:
            log.exception("call_broke", call_id=call.id)
            runner.hang_up_all()
            await break_call(self._store, call, self._node, "internal_error")
        finally:
            self._running.pop(call.id, None)

    async def claim(self) -> None:
        """Take queued calls that nobody has and whose engine is here; fail those that waited long."""
        rows = await self._store.read(sql.waiting(_PAGE))
        oldest = self._store.now() - self._store.settings.call_queue_timeout_s * SECOND_MS
        wanted = [row for row in rows if self._is_for_us(row) or row.created_at < oldest]
        room = self._store.settings.calls_max - len(self._running)
        if not wanted or room <= 0 or self._is_stopping:
            return
        ids = [row.id for row in wanted[:room]]

        async def take(tx: Transaction) -> list[Call]:
            taken = await tx.execute(sql.claim(ids, self._node))
            return [call_of(tuple(row)) for row in taken]

        calls = sorted(await self._store.commit(take), key=lambda call: call.id)
        legs = await self._legs_of([call.id for call in calls])
        for call in calls:
            self.begin(call, [leg for leg in legs if leg.call_id == call.id])

    async def end_forsaken(self) -> None:
        """Fail calls of this node that nothing here runs: their end could not be committed."""
        oldest = self._store.now() - _FORSAKEN_AFTER_MS
        rows = await self._store.read(sql.abandoned([self._node], _PAGE + len(self._running)))
        for call in (call_of(tuple(row)) for row in rows):
            if call.id not in self._running and call.updated_at < oldest:
                log.error("call_forsaken", call_id=call.id)
                await break_call(self._store, call, self._node, "internal_error")

    def _is_for_us(self, row: Row[Any]) -> bool:  # Any: the columns of `waiting`
        return self._can_begin(row.carrier_id, is_sandbox=row.kind == _SANDBOX_KIND)

    def _can_begin(self, carrier_id: CarrierId, *, is_sandbox: bool) -> bool:
        """An engine whose link is down would refuse what can as well wait for it."""
        engine = self._engines.find(carrier_id, is_sandbox=is_sandbox)
        return engine is not None and (is_sandbox or carrier_id == SANDBOX or engine.is_up)

    async def _legs_of(self, call_ids: Sequence[str]) -> list[Leg]:
        rows = await self._store.read(sql.legs_of(call_ids)) if call_ids else []
        return [leg_of(tuple(row)) for row in rows]

    # --- what engines report --------------------------------------------------------------------------

    def happened(self, carrier_id: CarrierId, happenings: Sequence[Happening]) -> None:
        """The port's: pass each on to the call that it is about."""
        for one in happenings:
            if isinstance(one, CameIn):
                self._arriving[one.leg_id] = []
                self._spawn(self._came_in(carrier_id, one))
            elif isinstance(one, port.Lost):
                log.warning("engine_lost_track", carrier_id=carrier_id, detail=one.detail)
                self._reconcile(carrier_id)
                self._spawn(self.claim())  # what has waited for the link
            else:
                self._pass_on(one)

    def _pass_on(self, one: Happening) -> None:
        key = one.recording_id if isinstance(one, port.RecordingEnded) else _leg_of(one)
        runner = self._desk.runs.get(key)
        if runner is not None:
            runner.put(one, one.at)
        elif key in self._arriving:
            self._arriving[key].append(one)

    async def _came_in(self, carrier_id: CarrierId, one: CameIn) -> None:
        engine = self._engines.find(carrier_id, is_sandbox=False)
        try:
            stored = None if self._is_stopping else await self._take_in(carrier_id, one)
            if stored is not None:
                self.begin(*stored, engine=engine)
            elif engine is not None:
                engine.hang_up(one.leg_id, Cause.NOT_FOUND)
        except Exception:
            if engine is not None:
                engine.hang_up(one.leg_id, Cause.CONGESTION)
            raise
        finally:
            for later in self._arriving.pop(one.leg_id, []):
                self._pass_on(later)

    def _reconcile(self, carrier_id: CarrierId) -> None:
        engine = self._engines.find(carrier_id, is_sandbox=False)
        if engine is not None:
            engine.reconcile(self._legs_on(carrier_id))

    def _legs_on(self, carrier_id: CarrierId) -> list[LegId]:
        mine = [one for one in self._running.values() if one.live.call.carrier_id == carrier_id]
        known = [leg_id for one in mine for leg_id in one.engine_legs]
        return known + [LegId(key) for key in self._arriving]

    def _engine_opened(self, carrier_id: CarrierId) -> None:
        self._reconcile(carrier_id)  # hangs up what an earlier node left behind
        self._spawn(self.claim())

    def _engine_closed(self, carrier_id: CarrierId) -> None:
        """Whatever it would still say, nobody hears any more."""
        now = self._store.now()
        for leg_id in self._legs_on(carrier_id):
            self._pass_on(Ended(leg_id, now, Cause.LOST, detail="The engine was closed."))

    # --- wishes ---------------------------------------------------------------------------------------

    def listen(self, wakeups: Wakeups) -> None:
        """Hear of work and of wishes that were stored, here or on other nodes."""
        wakeups.subscribe(WORK_TOPIC, lambda: self._spawn(self.claim()))
        wakeups.subscribe(commands_topic(self._node), lambda: self._spawn(self.obey()))

    async def obey(self) -> None:
        """Carry out what was asked of calls on this node, each once."""

        async def take(tx: Transaction) -> list[Row[Any]]:  # Any: the columns of `take_commands`
            return sorted(await tx.execute(sql.take_commands(self._node)), key=lambda row: row.id)

        rows = await self._store.commit(take)
        for row in rows:
            runner = self._running.get(row.call_id)
            if runner is not None:
                runner.put(input_of(row.command, runner.live.plan))

    # --- the end ----------------------------------------------------------------------------------------

    async def stop(self) -> None:
        """Hang up what runs; whoever comes next ends what did not end in time."""
        self._is_stopping = True
        for runner in tuple(self._running.values()):
            runner.put(HangUpWanted(HangupBy.SYSTEM, "server_stopping"))
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def cancel(self) -> None:
        """Leave off whatever is still being done."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _leg_of(one: Happening) -> str:
    assert not isinstance(one, port.RecordingEnded | port.Lost)
    return one.leg_id


async def _logged(work: Coroutine[object, object, None]) -> None:
    try:
        await work
    except HooklineError as error:  # upkeep comes back to whatever this was about
        log.warning("call_work_failed", detail=error.detail)
    except Exception:
        log.exception("call_work_broke")
