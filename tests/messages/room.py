"""The message room wired as `app.py` does it, with a link at the port that tests play the carrier of."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

import msgspec
from sqlalchemy import select

from hookline.api.idempotency import Claim
from hookline.audit.append import AuditTrail
from hookline.carriers import store as carrier_sql
from hookline.carriers.links import Links
from hookline.carriers.port import (
    Ambiguity,
    Link,
    Outgoing,
    Outstanding,
    Receipt,
    ReceiptState,
    Reports,
    SubmitResult,
    Submitted,
)
from hookline.clock import Clock
from hookline.events.append import EventLog
from hookline.ids import AccountId, CarrierId, IdSource, MessageId
from hookline.messages.books import Books
from hookline.messages.dispatch import Dispatcher
from hookline.messages.inbound import Inbound
from hookline.messages.model import EVENT_OF, FINAL, TRANSITIONS, Message, Status, from_row
from hookline.messages.opt_out_rules import RuleBook
from hookline.messages.phones import Phones
from hookline.messages.resource import timeline
from hookline.messages.store import any_mode
from hookline.messages.submission import SendMessage, Submission
from hookline.messages.upkeep import Upkeep
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
from hookline.telemetry.link_state import LinkPhase, LinkState
from tests.services.store import RecordingFanOut
from tests.storage.databases import running_writer

SANDBOX_NUMBER = "+12025550100"
PHONE = "+12025550110"
REAL_NUMBER = "+12025550190"
"""At home on the carrier that the test plays."""
PATIENCE_S = 10.0
"""Only a failing test ever waits as long."""


class SignalingFanOut(RecordingFanOut):
    """Also lets tests wait for the next commit that has events."""

    def __init__(self) -> None:
        super().__init__()
        self.changed = asyncio.Condition()
        self._signals: set[asyncio.Task[None]] = set()

    async def fan_out(self, tx: Transaction, events: Any, endpoint_versions: Any) -> None:
        await super().fan_out(tx, events, endpoint_versions)
        tx.after_commit(self._signal)

    def _signal(self) -> None:
        async def tell() -> None:
            async with self.changed:
                self.changed.notify_all()

        task = asyncio.create_task(tell())
        self._signals.add(task)
        task.add_done_callback(self._signals.discard)


class PlayedLink:
    """A link to a carrier that only does what the test says."""

    def __init__(
        self,
        carrier_id: CarrierId,
        reports: Reports,
        *,
        window: int,
        policy: Literal["resend", "hold"],
    ) -> None:
        self.carrier_id = carrier_id
        self.window = window
        self.ambiguity = (
            Ambiguity("resend", 0.0) if policy == "resend" else Ambiguity("fail", 600.0)
        )
        self.reports = reports
        self.phase = LinkPhase.BOUND
        self.since = 0
        self.taken: list[Outgoing] = []
        self.outstanding: list[Outstanding] = []
        self.inquired: list[Outstanding] = []
        self.most_at_once = 0
        self._open: set[MessageId] = set()
        self._arrived = asyncio.Event()

    def submit(self, messages: Sequence[Outgoing]) -> None:
        self.taken.extend(messages)
        self._open.update(message.message_id for message in messages)
        self.most_at_once = max(self.most_at_once, len(self._open))
        self._arrived.set()

    def recover(self, outstanding: Sequence[Outstanding]) -> None:
        self.outstanding.extend(outstanding)

    def inquire(self, outstanding: Sequence[Outstanding]) -> None:
        self.inquired.extend(outstanding)

    def state(self) -> LinkState:
        return LinkState(phase=self.phase, since=self.since, window=self.window)

    async def close(self) -> None:
        """Nothing is open."""

    @property
    def open(self) -> list[Outgoing]:
        """Taken and not answered, in order; one that was sent again is one."""
        latest = {message.message_id: message for message in self.taken}
        return [message for message in latest.values() if message.message_id in self._open]

    async def taking(self, count: int) -> list[Outgoing]:
        """Everything taken, once it is that many."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.taken) < count:
                self._arrived.clear()
                await self._arrived.wait()
        return self.taken

    def answer(
        self,
        *messages: Outgoing,
        result: SubmitResult = SubmitResult.ACCEPTED,
        retry_after_s: float = 0.01,
    ) -> None:
        """Report this outcome of the messages (all that are open, if none is named)."""
        answered = messages or tuple(self.open)
        self._open.difference_update(message.message_id for message in answered)
        outcomes = [self.outcome(message, result, retry_after_s) for message in answered]
        self.reports.submitted(self.carrier_id, outcomes)

    def outcome(self, message: Outgoing, result: SubmitResult, retry_after_s: float) -> Submitted:
        accepted = result is SubmitResult.ACCEPTED
        return Submitted(
            message.message_id,
            result,
            part_ids(message) if accepted else (),
            error_code="carrier_rejected" if result is SubmitResult.REJECTED else None,
            carrier_code=None if accepted else result.value.upper(),
            retry_after_s=retry_after_s,
        )

    def receipt(
        self,
        part_id: str,
        state: ReceiptState = ReceiptState.DELIVERED,
        code: str | None = None,
        done: Callable[[Receipt], None] | None = None,
    ) -> None:
        self.reports.receipts(self.carrier_id, [Receipt(part_id, state, code)], done)


def part_ids(message: Outgoing) -> tuple[str, ...]:
    """The ids that the played carrier gives."""
    return tuple(f"{message.message_id}/{number}" for number, _ in enumerate(message.parts))


class LinksWithPlayed(Links):
    """The real ones, and those to carriers that the test plays."""

    def __init__(self, store: Store, played: dict[CarrierId, dict[str, Any]]) -> None:
        super().__init__(store)
        self.played = played
        self.made: dict[CarrierId, PlayedLink] = {}

    async def find(self, carrier_id: CarrierId, reports: Reports) -> Link | None:
        if carrier_id not in self.played:
            return await super().find(carrier_id, reports)
        if carrier_id not in self.made:
            manner = {"window": 100, "policy": "hold", **self.played[carrier_id]}
            self.made[carrier_id] = PlayedLink(carrier_id, reports, **manner)
        return self.made[carrier_id]


@dataclass
class Room:
    """One node's message room."""

    store: Store
    fan_out: SignalingFanOut
    account_id: AccountId
    carrier_id: CarrierId
    """The one that the test plays."""
    manner: dict[str, Any] = field(default_factory=dict)
    """Of its link: window, policy."""

    def __post_init__(self) -> None:
        store = self.store
        self.wakeups = Wakeups(store.database, store.writer)
        self.leases = Leases(store.database, store.writer, store.clock, store.settings)
        self.links = LinksWithPlayed(store, {self.carrier_id: self.manner})
        self.rules = RuleBook(store, self.wakeups)
        self.inbound = Inbound(store, self.rules)
        self.books = Books.open(store, self.wakeups)
        self.router = self.books.router
        self.dispatcher = Dispatcher(store, self.links, self.inbound, self.router, self.leases.node)
        self.submission = Submission(store, self.books, self.dispatcher)
        self.upkeep = Upkeep(store, self.dispatcher, self.router, self.leases)
        self.phones = Phones(store, self.dispatcher)
        self.live = credential(self.account_id)
        self.test = credential(self.account_id, Mode.TEST)

    async def start(self) -> None:
        await self.leases.start(alone=False)

    async def stop(self) -> None:
        await self.dispatcher.stop()
        await self.links.close()

    async def link(self) -> PlayedLink:
        await self.dispatcher.open_queue(self.carrier_id)
        return self.links.made[self.carrier_id]

    async def send(self, to: str, text: str = "hello", **more: Any) -> MessageId:
        """Submit over the sandbox (`sender=` and `by=` change that); the id."""
        principal = more.pop("by", self.live)
        wanted = SendMessage(more.pop("sender", SANDBOX_NUMBER), to, text, **more)
        accepted = await self.submission.submit(principal, wanted)
        return MessageId(msgspec.json.decode(accepted.body)["id"])

    async def send_played(self, to: str = "+447700900123", **more: Any) -> MessageId:
        """Submit over the carrier that the test plays."""
        return await self.send(to, sender=REAL_NUMBER, **more)

    async def get(self, message_id: str) -> Message:
        rows = await self.store.read(any_mode(self.account_id, message_id))
        return from_row(tuple(rows[0]))

    async def status(self, message_id: str) -> str:
        return (await self.get(message_id)).status

    async def statuses(self, message_id: str) -> list[str]:
        """Every status that the message has had."""
        return [entry.status for entry in timeline(await self.get(message_id))]

    async def events(self, message_id: str) -> list[dict[str, Any]]:
        """The events about the message, in the order of the log."""
        rows = await self.store.read(
            select(events.c.body)
            .where(events.c.resource_id == message_id)
            .order_by(events.c.position)
        )
        return [msgspec.json.decode(row.body) for row in rows]

    async def types(self, message_id: str) -> list[str]:
        return [event["type"] for event in await self.events(message_id)]

    async def settle(self, rounds: int = 3) -> None:
        """Everything that was posted is committed, and what that led to, so many times."""

        async def nothing(_tx: Transaction) -> None:
            """Comes after what was posted before it."""

        for _ in range(rounds):
            await self.store.commit(nothing)

    async def until(self, is_so: Callable[[], Awaitable[bool]]) -> None:
        """Look again after each commit that has events."""
        async with asyncio.timeout(PATIENCE_S), self.fan_out.changed:
            while not await is_so():
                await self.fan_out.changed.wait()

    async def until_status(self, status: Status, *message_ids: str) -> None:
        async def is_so() -> bool:
            return all([await self.status(one) == status for one in message_ids])

        await self.until(is_so)

    async def until_ended(self, *message_ids: str) -> None:
        async def is_so() -> bool:
            return all([await self.status(one) in FINAL for one in message_ids])

        await self.until(is_so)

    async def check_history(self, message_id: str) -> None:
        """The timeline is a way through the transitions, and the events are those of its steps."""
        message = await self.get(message_id)
        passed = [Status(status) for status in await self.statuses(message_id)]
        steps = {(source, to) for (source, _), to in TRANSITIONS.items()}
        assert passed[0] in {Status.SCHEDULED, Status.QUEUED, Status.RECEIVED}
        assert set(pairwise(passed)) <= steps
        assert passed[-1] == message.status
        assert sum(status in FINAL for status in passed) == (message.status in FINAL)
        told = await self.events(message_id)
        eventful = [status for status in passed if status in EVENT_OF]
        assert [event["type"] for event in told] == [EVENT_OF[status] for status in eventful]
        assert [event["data"]["status"] for event in told] == eventful
        assert [event["sequence"] for event in told] == list(range(1, len(told) + 1))
        assert message.sequence == len(told)


def credential(account_id: AccountId, mode: Mode = Mode.LIVE, *without: Scope) -> Principal:
    scopes = frozenset(Scope) - set(without)
    return Principal(account_id, PrincipalKind.CREDENTIAL, f"crd_{mode.value}", scopes, mode)


def claim(key: str, body: bytes = b"body") -> Claim:
    """The use of an Idempotency-Key by a request with this body."""
    return Claim(key, hashlib.sha256(key.encode()).digest(), hashlib.sha256(body).digest())


async def furnish(store: Store, account_id: AccountId) -> CarrierId:
    """A sandbox, and a carrier that tests play with a number and a sender name on it."""
    carrier_id = CarrierId(store.ids.new("car"))
    owner = credential(account_id)

    async def make(tx: Transaction) -> None:
        await furnish_sandbox(tx, store, account_id)
        row = (carrier_id, account_id, "played", "played", "{}", None, store.now())
        await tx.insert(carrier_sql.INSERT_CARRIER, [row])
        for number in (REAL_NUMBER, "Hookline"):
            await add_number(tx, store, owner, Registration(number, "played"))

    await store.commit(make)
    return carrier_id


@asynccontextmanager
async def another_node(
    room: Room, settings: Settings | None = None, clock: Clock | None = None, **manner: Any
) -> AsyncIterator[Room]:
    """A second process on the same database: its own connection, writer and links."""
    settings, clock = settings or room.store.settings, clock or room.store.clock
    database = open_database(settings)
    fan_out = SignalingFanOut()
    ids = IdSource(clock)
    finishers = (AuditTrail(clock), EventLog(ids, fan_out))
    async with running_writer(database, settings, *finishers) as writer:
        store = Store(database, writer, ids, clock, settings)
        node = Room(store, fan_out, room.account_id, room.carrier_id, manner or room.manner)
        await node.start()
        try:
            yield node
        finally:
            await node.stop()
    await database.close()
