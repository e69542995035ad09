"""A message room whose real number is on a carrier that is asked by HTTP, with the door for its calls."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network

import httpx
import msgspec
from fastapi import FastAPI
from sqlalchemy import select, update

from hookline.accounts.model import Account
from hookline.api import problems
from hookline.api.edge import Edge
from hookline.carriers.http.door import Door
from hookline.carriers.keeper import LinkKeeper
from hookline.carriers.kinds import KINDS, MESSAGES
from hookline.carriers.secrets import seal_secrets
from hookline.outbound.http_client import HttpClient
from hookline.outbound.sealing import SecretBox
from hookline.storage.schema import carriers, messages
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from tests.carriers.http.linked import PUBLIC
from tests.messages.room import REAL_NUMBER, Room, SignalingFanOut, furnish
from tests.services.web import KnownCallers


@dataclass
class Wired:
    """The room, and how its carrier reaches it."""

    room: Room
    keeper: LinkKeeper
    box: SecretBox
    web: httpx.AsyncClient

    def url(self, what: str) -> str:
        """As the carrier knows it."""
        return f"{PUBLIC}/callbacks/{self.room.carrier_id}/{what}"

    async def connect(self, kind: str, settings: object, secrets: Mapping[str, str]) -> None:
        """Make the room's carrier one of this kind."""
        await self.change(
            kind=kind,
            settings=msgspec.json.encode(settings).decode(),
            secrets=seal_secrets(self.box, secrets),
        )

    async def change(self, **values: object) -> None:
        """Change the carrier's row, as its keeper sees at once."""

        async def write(tx: Transaction) -> None:
            await tx.execute(
                update(carriers).where(carriers.c.id == self.room.carrier_id).values(values)
            )

        await self.room.store.commit(write)
        await self.keeper.look()

    async def owners(self) -> set[tuple[str, str | None]]:
        """The statuses and owners of all messages."""
        rows = await self.room.store.read(select(messages.c.status, messages.c.owner))
        return {(row.status, row.owner) for row in rows}

    async def until_owners(self, wanted: set[tuple[str, str | None]]) -> None:
        async with asyncio.timeout(10):
            while await self.owners() != wanted:
                await self.room.settle()

    async def send(self, to: str, text: str = "hello", **more: object) -> str:
        return await self.room.send(to, text, sender=REAL_NUMBER, **more)


def here(url: str) -> str:
    """Where the client of a `Wired` calls a public URL."""
    return url.replace(PUBLIC, "http://localhost")


@asynccontextmanager
async def wired_room(
    store: Store, fan_out: SignalingFanOut, account: Account, box: SecretBox
) -> AsyncIterator[Wired]:
    """One node with its links and its door."""
    room = Room(store, fan_out, account.id, await furnish(store, account.id))
    room.links.played.clear()
    await room.start()
    client = HttpClient(allow_targets=[ip_network("127.0.0.0/8")])
    homes = {MESSAGES: room.links.home(room.dispatcher, client)}
    keeper = LinkKeeper(store, room.leases, room.wakeups, box, kinds=KINDS, homes=homes)
    door = Door(store, box, KINDS, room.links, room.dispatcher)
    async with web_of(store, door) as web:
        yield Wired(room, keeper, box, web)
        await keeper.stop()
        await room.stop()
    await client.close()


def web_of(store: Store, door: Door) -> httpx.AsyncClient:
    """A client of the door behind the real edge."""
    app = FastAPI()
    app.state.store = store
    problems.install(app)
    app.router.routes.extend(door.routes())
    edge = Edge(
        app,
        authenticator=KnownCallers(),
        settings=store.settings,
        clock=store.clock,
        ids=store.ids,
    )
    transport = httpx.ASGITransport(edge, client=("192.0.2.7", 49_152))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")
