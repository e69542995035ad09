"""Small pieces that tests of the writer commit: rows of `leases`, by one operation or by hand."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import select

from hookline.errors import HooklineError
from hookline.storage.database import Database
from hookline.storage.schema import leases
from hookline.storage.sets import Insert, Update
from hookline.storage.transaction import Transaction
from hookline.storage.writer import Writer

ADD = Insert(leases, ("name", "owner", "expires_at"))
GUARD = Insert(leases, ("name", "owner", "expires_at"), conflict=("name",))
COUNT = Update(
    leases,
    key=("name",),
    values=("seen",),
    changes={"expires_at": "t.expires_at + 1"},
    guard="t.expires_at = {seen}",
    returning=("expires_at",),
    value_types={"seen": "expires_at"},
)

UseCase = Callable[[Transaction], Awaitable[Any]]


class Taken(HooklineError):
    """The name exists already."""

    code = "taken"
    status = 409


class Claim:
    """Inserts names; the ones that exist already are refused."""

    name = "claim"
    rank = 10

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.heard: list[tuple[str, object]] = []

    def key(self, item: str) -> str | None:
        return None

    async def apply(self, tx: Transaction, items: Sequence[str]) -> list[str | HooklineError]:
        self.batches.append(list(items))
        won = await tx.insert(GUARD, [(name, "claim", 0) for name in items])
        return [name if ok else Taken() for name, ok in zip(items, won, strict=True)]

    def committed(self, items: Sequence[str], outcomes: Sequence[Any]) -> None:
        self.heard.extend(zip(items, outcomes, strict=True))


class Step:
    """Counts a row up, if it stands where the caller saw it: `(name, seen)`."""

    name = "step"
    rank = 20

    def __init__(self) -> None:
        self.batches: list[list[tuple[str, int]]] = []

    def key(self, item: tuple[str, int]) -> str | None:
        return item[0]

    async def apply(self, tx: Transaction, items: Sequence[tuple[str, int]]) -> list[bool]:
        self.batches.append(list(items))
        return [row is not None for row in await tx.update(COUNT, items)]

    def committed(self, items: Sequence[tuple[str, int]], outcomes: Sequence[Any]) -> None:
        """Nothing is handed over."""


def adding(name: str, owner: str = "test") -> UseCase:
    """A use case that adds the row and fails when it exists."""

    async def add(tx: Transaction) -> str:
        tx.add(ADD, (name, owner, 0))
        return name

    return add


@asynccontextmanager
async def held_up(writer: Writer) -> AsyncIterator[None]:
    """Inside the block one batch is under way, so that what is submitted waits for the next."""
    under_way, go_on = asyncio.Event(), asyncio.Event()

    async def wait(_tx: Transaction) -> None:
        under_way.set()
        await go_on.wait()

    holder = asyncio.create_task(writer.run(wait))
    await under_way.wait()
    try:
        yield
    finally:
        go_on.set()
        await holder


async def queued(writer: Writer, *work: Awaitable[Any]) -> list[asyncio.Future[Any]]:
    """Start the work; returns once all of it waits before the writer."""
    depth = writer.depth
    tasks = [asyncio.ensure_future(one) for one in work]
    while writer.depth < depth + len(tasks):  # noqa: ASYNC110 - nothing tells of the queue
        await asyncio.sleep(0)
    return tasks


async def names(database: Database) -> list[str]:
    """The rows that another connection can read."""
    return sorted(row.name for row in await database.read(select(leases.c.name)))
