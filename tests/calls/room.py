"""The call room wired as `app.py` does it, with what stands at its ports played by the test."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import select

from hookline.accounts.countries import AccountCountries
from hookline.audit.append import AuditTrail
from hookline.calls import control, reading
from hookline.calls.conductor import Conductor
from hookline.calls.inbound import Inbound
from hookline.calls.model import EVENT_OF, FINAL, TRANSITIONS, Call, Leg, Status
from hookline.calls.permission import Permission
from hookline.calls.progress import TakeSteps
from hookline.calls.recording_files import LocalRecordings
from hookline.calls.recovery import recover
from hookline.calls.resource import timeline
from hookline.calls.runner import Desk
from hookline.calls.schemas import CallAction, CallCreate
from hookline.calls.steps import TimerRang
from hookline.calls.submission import Placement
from hookline.carriers import store as carrier_sql
from hookline.clock import Clock
from hookline.errors import HooklineError
from hookline.events.append import EventLog
from hookline.ids import AccountId, CarrierId, IdSource
from hookline.numbers.book import NumberBook
from hookline.numbers.registration import Registration, add_number
from hookline.numbers.sandbox import furnish_sandbox
from hookline.principal import Mode, Principal, PrincipalKind, Scope
from hookline.settings import Settings
from hookline.storage.database import open_database
from hookline.storage.leases import Leases
from hookline.storage.schema import events
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.storage.wakeups import Wakeups
from hookline.voice.engines import Engines
from hookline.voice.port import (
    LegId,
)
from tests.calls.played import NUMBER, PATIENCE_S, TO, PlayedAnswers, PlayedEngine, PlayedMedia
from tests.events.published import assert_as_published
from tests.messages.room import SignalingFanOut
from tests.storage.databases import running_writer

AGENT = "+447700900999"
Json = Any  # Any: JSON


@dataclass
class Room:
    """One node's call room."""

    store: Store
    fan_out: SignalingFanOut
    account_id: AccountId
    carrier_id: CarrierId
    """The one that the test plays."""
    folder: Path
    media: PlayedMedia = field(default_factory=PlayedMedia)
    answers: PlayedAnswers = field(default_factory=PlayedAnswers)

    def __post_init__(self) -> None:
        store = self.store
        self.wakeups = Wakeups(store.database, store.writer)
        self.leases = Leases(store.database, store.writer, store.clock, store.settings)
        self.engines = Engines(self._make_sandbox)
        self.files = LocalRecordings(self.folder / "recordings")
        self.permission = Permission(store, AccountCountries(store, self.wakeups))
        self.desk = Desk(
            store, self.leases.node, self.media, self.answers, self.files, TakeSteps(), {}
        )
        self.inbound = Inbound(store, self.leases.node, self.permission)
        self.conductor = Conductor(self.desk, self.engines, self.inbound.take_in)
        self.conductor.listen(self.wakeups)
        self.book = NumberBook(store, self.wakeups)
        self.placement = Placement(store, self.book, self.permission, self.conductor)
        self.engine = PlayedEngine(self.carrier_id, self.conductor, store.clock)
        self.live = credential(self.account_id)
        self.test = credential(self.account_id, Mode.TEST)

    def _make_sandbox(self, carrier_id: CarrierId) -> PlayedEngine:
        return PlayedEngine(carrier_id, self.conductor, self.store.clock)

    async def start(self, *, has_engine: bool = True) -> None:
        await self.leases.start(alone=False)
        if has_engine:
            self.engines.add(self.engine)

    async def stop(self) -> None:
        """Forget what runs; what is being read or committed comes to its end."""
        self.conductor._is_stopping = True
        for runner in self.conductor._running.values():
            runner.live.is_over = True
            runner.live.recordings.clear()
            runner.put(TimerRang("none"))
        tasks = self.conductor._tasks
        if tasks:
            await asyncio.wait(tasks, timeout=PATIENCE_S)

    # --- what the test does -----------------------------------------------------------------------

    async def place(self, **changes: Any) -> str:
        """Place a call to TO that says something (`by=` changes who); the id."""
        principal = changes.pop("by", self.live)
        body = {"from": NUMBER, "to": TO, **changes}
        if not {"agent", "actions", "answer_url"} & body.keys():
            body["actions"] = [{"say": {"text": "hello"}}]
        prepared = await self.placement.prepare(principal, CallCreate.model_validate(body))
        call = await self.store.commit(lambda tx: self.placement.accept(tx, prepared))
        return call.id

    async def place_answered(self, **changes: Any) -> tuple[str, LegId]:
        """Place a call whose first leg picks up; the ids of the call and of the leg."""
        before = len(self.engine.all_told("dial"))
        call_id = await self.place(**changes)
        dial = await self.engine.telling("dial", before + 1)
        self.engine.pick_up(dial.leg_id)
        return call_id, dial.leg_id

    async def hang_up(self, call_id: str) -> Call:
        return await self.store.commit(
            lambda tx: control.hang_up(tx, self.store, self.live, call_id)
        )

    async def act(self, call_id: str, **action: Any) -> Call:
        wanted = CallAction.model_validate(action)
        return await self.store.commit(
            lambda tx: control.act(tx, self.store, self.live, call_id, wanted)
        )

    async def recover(self) -> int:
        return await recover(self.store, self.leases)

    # --- what it looks at ---------------------------------------------------------------------------

    async def get(self, call_id: str) -> Call:
        mode = self.live if await self._is_live(call_id) else self.test
        return await reading.find_call(self.store, mode, call_id)

    async def _is_live(self, call_id: str) -> bool:
        try:
            await reading.find_call(self.store, self.live, call_id)
        except HooklineError:
            return False
        return True

    async def legs(self, call_id: str) -> dict[str, Leg]:
        """The legs by role, the latest of each."""
        legs = await reading.legs_of(self.store, await self.get(call_id))
        return {leg.role: leg for leg in legs}

    async def events(self, *resource_ids: str) -> list[Json]:
        rows = await self.store.read(
            select(events.c.body)
            .where(events.c.resource_id.in_(resource_ids))
            .order_by(events.c.position)
        )
        return [msgspec.json.decode(row.body) for row in rows]

    async def types(self, *resource_ids: str) -> list[str]:
        return [event["type"] for event in await self.events(*resource_ids)]

    async def until(self, is_so: Callable[[], Awaitable[bool]]) -> None:
        """Look again after each commit that has events."""
        async with asyncio.timeout(PATIENCE_S), self.fan_out.changed:
            while not await is_so():
                await self.fan_out.changed.wait()

    async def until_status(self, status: str, call_id: str) -> Call:
        async def is_so() -> bool:
            return (await self.get(call_id)).status == status

        await self.until(is_so)
        return await self.get(call_id)

    async def until_type(self, kind: str, *resource_ids: str) -> Json:
        """The first such event about these, or about anything."""

        async def is_so() -> bool:
            return await self._find_event(kind, resource_ids) is not None

        await self.until(is_so)
        return await self._find_event(kind, resource_ids)

    async def _find_event(self, kind: str, resource_ids: Sequence[str]) -> Json:
        statement = select(events.c.body).where(events.c.type == kind).order_by(events.c.position)
        if resource_ids:
            statement = statement.where(events.c.resource_id.in_(resource_ids))
        rows = await self.store.read(statement)
        if not rows:
            return None
        assert_as_published(bytes(rows[0].body))
        return msgspec.json.decode(rows[0].body)

    async def check_history(self, call_id: str) -> None:
        """The timeline is a way through the transitions, and exactly one event tells of the end."""
        call = await self.get(call_id)
        assert call.status in FINAL
        passed = [
            Status(one.status)
            for one in timeline(call)
            if one.leg is None and _is_status(one.status)
        ]
        assert sum(status in FINAL for status in passed) == 1
        for leg in (await self.legs(call_id)).values():
            lines = [one.status for one in timeline(call) if one.leg == leg.role]
            steps = {(source, to) for (source, _), to in TRANSITIONS.items()}
            assert set(pairwise(map(Status, lines))) <= steps
            assert leg.status in FINAL
        told = await self.events(call_id)
        ends = [event["type"] for event in told if event["data"]["status"] in FINAL]
        assert ends == [EVENT_OF[Status(call.status)]]
        numbers = [event["sequence"] for event in told]
        assert numbers == sorted(set(numbers))
        assert call.sequence >= len(told)


def _is_status(text: str) -> bool:
    return text in set(Status)


def credential(account_id: AccountId, mode: Mode = Mode.LIVE, *without: Scope) -> Principal:
    scopes = frozenset(Scope) - set(without)
    return Principal(account_id, PrincipalKind.CREDENTIAL, f"crd_{mode.value}", scopes, mode)


async def furnish(store: Store, account_id: AccountId) -> CarrierId:
    """A sandbox, and a carrier that tests play with a number on it."""
    carrier_id = CarrierId(store.ids.new("car"))
    owner = credential(account_id)

    async def make(tx: Transaction) -> None:
        await furnish_sandbox(tx, store, account_id)
        row = (carrier_id, account_id, "played", "played", "{}", None, store.now())
        await tx.insert(carrier_sql.INSERT_CARRIER, [row])
        await add_number(tx, store, owner, Registration(NUMBER, "sandbox", "played"))

    await store.commit(make)
    return carrier_id


@asynccontextmanager
async def another_node(
    room: Room,
    settings: Settings | None = None,
    clock: Clock | None = None,
    *,
    has_engine: bool = False,
) -> AsyncIterator[Room]:
    """A second process on the same database: its own connection, writer and engines."""
    settings, clock = settings or room.store.settings, clock or room.store.clock
    database = open_database(settings)
    fan_out = SignalingFanOut()
    ids = IdSource(clock)
    finishers = (AuditTrail(clock), EventLog(ids, fan_out))
    async with running_writer(database, settings, *finishers) as writer:
        store = Store(database, writer, ids, clock, settings)
        node = Room(store, fan_out, room.account_id, room.carrier_id, room.folder)
        await node.start(has_engine=has_engine)
        try:
            yield node
        finally:
            await node.stop()
    await database.close()
