"""Leases: who owns what, for as long as it keeps saying so.

A node holds one lease for itself and one for each thing that must have a single owner. Rows name
the node that works on them; they are its own while the node's lease lives (ADR-0004).
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from sqlalchemy import delete, or_, select, update

from hookline.clock import Clock
from hookline.errors import HooklineError
from hookline.settings import Settings
from hookline.storage.callbacks import call_safely
from hookline.storage.database import Database
from hookline.storage.schema import leases
from hookline.storage.sets import Insert
from hookline.storage.transaction import Transaction
from hookline.storage.writer import Writer
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
_NODE = "node:"
_RENEWALS_PER_TTL = 3
_INSERT = Insert(leases, ("name", "owner", "expires_at"), conflict=("name",))


class NodeLost(HooklineError):
    """This node's lease ran out before it was renewed; what it owned may belong to another node."""

    code = "node_lost"
    status = 503
    permanent = False


class Leases:
    """The leases of one node."""

    def __init__(
        self, database: Database, writer: Writer, clock: Clock, settings: Settings
    ) -> None:
        self.node = secrets.token_hex(8)
        self._database = database
        self._writer = writer
        self._clock = clock
        self._ttl_ms = int(settings.lease_ttl_s * 1_000)
        self._interval_s = settings.lease_ttl_s / _RENEWALS_PER_TTL
        self._held: set[str] = set()
        self._lost_listeners: list[Callable[[str], None]] = []

    def on_lost(self, listener: Callable[[str], None]) -> None:
        """Called with the name of a lease that another node has taken."""
        self._lost_listeners.append(listener)

    @property
    def name(self) -> str:
        """The node's own lease."""
        return _NODE + self.node

    @property
    def held(self) -> frozenset[str]:
        return frozenset(self._held)

    async def start(self, *, alone: bool) -> None:
        """Announce the node. `alone`: no other process can be running, so every lease is stale."""

        async def announce(tx: Transaction) -> None:
            if alone:
                await tx.execute(delete(leases))
            await tx.insert(_INSERT, [(self.name, self.node, self._deadline())])

        await self._writer.run(announce)
        self._held.add(self.name)

    async def claim(self, name: str) -> bool:
        """Become the owner, unless another living node is. Repeating it is harmless."""

        async def attempt(tx: Transaction) -> bool:
            deadline = self._deadline()
            if (await tx.insert(_INSERT, [(name, self.node, deadline)]))[0]:
                return True
            changed = await tx.changed(
                update(leases)
                .where(leases.c.name == name)
                .where(
                    or_(leases.c.owner == self.node, leases.c.expires_at <= self._clock.now_ms())
                )
                .values(owner=self.node, expires_at=deadline)
            )
            return changed == 1

        won = await self._writer.run(attempt)
        if won:
            self._held.add(name)
        return won

    async def release(self, names: Sequence[str]) -> None:
        """Let go of leases that are ours."""
        self._held.difference_update(names)  # at once: a failure leaves them to run out

        async def let_go(tx: Transaction) -> None:
            await tx.changed(
                delete(leases).where(leases.c.name.in_(names), leases.c.owner == self.node)
            )

        await self._writer.run(let_go)

    async def release_all(self) -> None:
        """A clean stop: others may take over at once.

        The node's own lease is left to be buried, as it still stands in rows that it worked on.
        """
        names = sorted(self._held - {self.name})
        self._held.clear()

        async def let_go(tx: Transaction) -> None:
            mine = leases.c.owner == self.node
            await tx.changed(delete(leases).where(leases.c.name.in_(names), mine))
            ended = update(leases).where(leases.c.name == self.name, mine).values(expires_at=0)
            await tx.changed(ended)

        await self._writer.run(let_go)

    async def renew(self) -> None:
        """Prolong all that is held; those that were taken by another node are reported lost."""
        held = frozenset(self._held)  # what is claimed meanwhile is no loss

        async def prolong(tx: Transaction) -> set[str]:
            rows = await tx.execute(
                update(leases)
                .where(leases.c.name.in_(held), leases.c.owner == self.node)
                .values(expires_at=self._deadline())
                .returning(leases.c.name)
            )
            return {row.name for row in rows}

        kept = await self._writer.run(prolong)
        for name in sorted((held - kept) & self._held):
            log.error("lease_lost", lease=name)
            self._held.discard(name)
            for listener in self._lost_listeners:
                call_safely(partial(listener, name))

    async def run(self, when_node_dies: Callable[[str], Awaitable[None]]) -> None:
        """Renew for ever; take over the lease of each node that died, report it, then end it.

        `when_node_dies` may be called again for the same node, also by another one, until it has
        returned once.
        """
        async with asyncio.TaskGroup() as tasks:  # apart: what is held must not wait for a burial
            tasks.create_task(self._repeat(self.renew), name="renew leases")
            tasks.create_task(
                self._repeat(partial(self._bury_dead_nodes, when_node_dies)), name="bury nodes"
            )

    async def _repeat(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(self._interval_s)
            try:
                await work()
            except HooklineError as error:
                log.warning("lease_work_failed", detail=error.detail)

    async def living_nodes(self) -> set[str]:
        """Nodes whose lease has not run out, this one among them."""
        rows = await self._database.read(
            select(leases.c.name, leases.c.owner).where(
                leases.c.name.like(_NODE + "%"), leases.c.expires_at > self._clock.now_ms()
            )
        )
        return {row.owner for row in rows if row.name == _NODE + row.owner}

    async def _bury_dead_nodes(self, when_node_dies: Callable[[str], Awaitable[None]]) -> None:
        """Hold a dead node's lease until all that it worked on has been taken over.

        It cannot come back meanwhile, and if we die too, the burial falls to another node.
        """
        unburied = {name for name in self._held if name.startswith(_NODE)}
        unburied.discard(_NODE + self.node)
        rows = await self._database.read(
            select(leases.c.name).where(
                leases.c.name.like(_NODE + "%"),
                leases.c.name != _NODE + self.node,
                leases.c.expires_at <= self._clock.now_ms(),
            )
        )
        for name in sorted(unburied | {row.name for row in rows}):
            if await self.claim(name):
                node = name.removeprefix(_NODE)
                log.warning("node_died", node=node)
                await when_node_dies(node)
                await self.release([name])

    def _deadline(self) -> int:
        return self._clock.now_ms() + self._ttl_ms
