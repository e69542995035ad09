"""A node with its delivery engine, put together as the program does, and receivers on loopback."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from hookline.accounts.tenancy import create_account, signing_secret_of
from hookline.audit.append import AuditTrail
from hookline.clock import Clock, SystemClock
from hookline.events.append import EventLog, append
from hookline.events.model import Draft, EventType
from hookline.ids import AccountId, IdSource
from hookline.outbound.http_client import HttpClient
from hookline.outbound.sealing import SecretBox
from hookline.principal import Mode, Principal, PrincipalKind, Scope
from hookline.settings import Settings
from hookline.storage.database import Database, open_database
from hookline.storage.leases import Leases
from hookline.storage.schema import attempts, deliveries
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.storage.wakeups import Wakeups
from hookline.storage.writer import Writer
from hookline.webhooks.endpoints import NewEndpoint, create_endpoint
from hookline.webhooks.engine import Webhooks
from hookline.webhooks.model import Endpoint
from tests.outbound.servers import OK, read_request, serve
from tests.storage.databases import settings_for

PATIENCE_S = 20
BOX = SecretBox(["a key for tests that is long enough"])
DATA = b'{"id":"msg_1","object":"message","text":"Hello"}'


@dataclass
class Receiver:
    """Answers webhooks as told and keeps what it was sent."""

    answers: list[bytes] = field(default_factory=lambda: [OK])
    """The next answers; the last one is repeated for ever."""
    requests: asyncio.Queue[tuple[str, bytes]] = field(default_factory=asyncio.Queue)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0
    waiting_max: int = 0
    url: str = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await read_request(reader)
            self.waiting += 1
            self.waiting_max = max(self.waiting_max, self.waiting)
            self.requests.put_nowait(request)
            await self.gate.wait()
            self.waiting -= 1
            writer.write(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
            await writer.drain()

    async def take(self, count: int = 1) -> list[tuple[dict[str, str], bytes]]:
        """The next requests, as headers in lower case and body."""
        async with asyncio.timeout(PATIENCE_S):
            return [_parsed(await self.requests.get()) for _ in range(count)]


@asynccontextmanager
async def receiving(*answers: bytes, is_held: bool = False) -> AsyncIterator[Receiver]:
    """A receiver for the length of the block. Held: it answers once its gate is opened."""
    receiver = Receiver(list(answers) or [OK])
    if not is_held:
        receiver.gate.set()
    async with serve(receiver.handle) as server:
        receiver.url = server.url()
        yield receiver


def answer(status: int, *headers: str, body: bytes = b"") -> bytes:
    """An answer's bytes."""
    lines = [f"HTTP/1.1 {status} Status", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _parsed(request: tuple[str, bytes]) -> tuple[dict[str, str], bytes]:
    head, body = request
    pairs = [line.partition(": ") for line in head.split("\r\n")[1:] if line]
    return {name.lower(): value for name, _, value in pairs}, body


@dataclass
class Node:
    """One process's parts."""

    settings: Settings
    database: Database
    writer: Writer
    store: Store
    leases: Leases
    wakeups: Wakeups
    client: HttpClient
    webhooks: Webhooks
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    is_stopped: bool = False

    async def start(self) -> None:
        await self.writer.start()
        await self.leases.start(alone=self.settings.is_sqlite)
        await self.webhooks.start()

    def deliver(self) -> None:
        """Begin to work."""
        self.tasks = [
            asyncio.create_task(self.webhooks.run()),
            asyncio.create_task(self.wakeups.run()),
        ]

    async def stop(self) -> None:
        """A clean stop."""
        if self.is_stopped:
            return
        self.is_stopped = True
        if self.tasks:
            await self.webhooks.stop()
        await self._end()
        await self.leases.release_all()
        await self.writer.stop()
        await self.client.close()
        await self.database.close()

    async def crash(self) -> None:
        """End with nothing given back, as kill -9 would."""
        self.is_stopped = True
        await self._end()
        await self.writer.stop()
        await self.client.close()
        await self.database.close()

    async def _end(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def quiet(self) -> None:
        """Until everything that is held has been worked off."""
        async with asyncio.timeout(PATIENCE_S):
            while self.webhooks.held:
                await self.store.commit(_nothing)

    async def until(self, is_so: Callable[[], Awaitable[bool]]) -> None:
        """Until the database says so."""
        async with asyncio.timeout(PATIENCE_S):
            while not await is_so():
                await self.store.commit(_nothing)

    async def account(self) -> AccountId:
        made = await self.store.commit(lambda tx: create_account(tx, self.store, BOX, name="Acme"))
        return made.id

    async def account_secret(self, account_id: AccountId) -> str:
        return await signing_secret_of(self.store, BOX, account_id)

    async def endpoint(
        self, principal: Principal, url: str, *events: str, **more: Any
    ) -> tuple[Endpoint, str]:
        new = NewEndpoint(url=url, events=events or ("message.*",), **more)
        return await self.store.commit(
            lambda tx: create_endpoint(tx, self.store, BOX, principal, new)
        )

    async def append(self, *drafts: Draft) -> None:
        async def act(tx: Transaction) -> None:
            for draft in drafts:
                append(tx, draft)

        await self.store.commit(act)

    async def deliveries(self) -> Sequence[Any]:
        return await self.store.read(select(deliveries).order_by(deliveries.c.id))

    async def attempts(self) -> Sequence[Any]:
        statement = select(attempts).order_by(attempts.c.delivery_id, attempts.c.number)
        return await self.store.read(statement)


def make_node(
    url: str, clock: Clock | None = None, *, client: HttpClient | None = None, **changes: Any
) -> Node:
    """A node on the database; `start` it, and `deliver`."""
    changes.setdefault("allow_targets", "127.0.0.0/8")
    settings = settings_for(url, **changes)
    clock = clock or SystemClock()
    database = open_database(settings)
    writer = Writer(database, settings)
    store = Store(database, writer, IdSource(clock), clock, settings)
    leases = Leases(database, writer, clock, settings)
    wakeups = Wakeups(database, writer)
    client = client or HttpClient(allow_targets=settings.allow_targets)
    webhooks = Webhooks(store, leases, wakeups, client, BOX, random=lambda: 0.5)
    writer.add_finisher(EventLog(store.ids, webhooks.fan_out))
    writer.add_finisher(AuditTrail(clock))
    return Node(settings, database, writer, store, leases, wakeups, client, webhooks)


@asynccontextmanager
async def running_node(
    url: str,
    clock: Clock | None = None,
    *,
    delivers: bool = True,
    client: HttpClient | None = None,
    **changes: Any,
) -> AsyncIterator[Node]:
    """A node for the length of the block."""
    node = make_node(url, clock, client=client, **changes)
    await node.start()
    if delivers:
        node.deliver()
    try:
        yield node
    finally:
        await node.stop()


def caller(
    account_id: AccountId, *scopes: Scope, mode: Mode = Mode.LIVE, all_scopes: bool = True
) -> Principal:
    """A credential of the account, by default with every scope."""
    granted = frozenset(Scope) if all_scopes and not scopes else frozenset(scopes)
    return Principal(account_id, PrincipalKind.CREDENTIAL, "crd_1", granted, mode, "tests")


def message_event(
    account_id: AccountId,
    event_type: EventType = EventType.MESSAGE_SENT,
    *,
    resource_id: str = "msg_1",
    mode: Mode = Mode.LIVE,
    **more: Any,
) -> Draft:
    """An event about a message."""
    return Draft(account_id, event_type, mode, resource_id, DATA, 1_780_000_000_000, **more)


async def _nothing(_tx: Transaction) -> None:
    """A batch that only passes through."""
