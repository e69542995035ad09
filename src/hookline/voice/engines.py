"""The voice engines that are open on this node, by carrier.

The sandbox needs no network, so that every node has one of its own for each carrier that asks. A
network engine is open on one node; whoever keeps it there adds and removes it.
"""

import asyncio
from collections.abc import Callable
from functools import partial

from hookline.ids import CarrierId
from hookline.storage.callbacks import call_safely
from hookline.voice.port import Engine

SANDBOX = CarrierId("sandbox")
"""The engine of every test call; no row is needed for it."""
MakeSandbox = Callable[[CarrierId], Engine]


class Engines:
    """Finds the engine that a leg goes by."""

    def __init__(self, make_sandbox: MakeSandbox) -> None:
        self._make_sandbox = make_sandbox
        self._engines: dict[CarrierId, Engine] = {}
        self._watchers: list[tuple[Callable[[CarrierId], None], Callable[[CarrierId], None]]] = []

    def watch(
        self, opened: Callable[[CarrierId], None], closed: Callable[[CarrierId], None]
    ) -> None:
        """Hear of network engines. `closed` comes after the last report of the engine."""
        self._watchers.append((opened, closed))

    def find(self, carrier_id: CarrierId, *, is_sandbox: bool) -> Engine | None:
        """The open engine of this carrier on this node; None when there is none."""
        engine = self._engines.get(carrier_id)
        if engine is None and (is_sandbox or carrier_id == SANDBOX):
            engine = self._engines.setdefault(carrier_id, self._make_sandbox(carrier_id))
        return engine

    def add(self, engine: Engine) -> None:
        """A network carrier's engine is open here."""
        self._engines[engine.carrier_id] = engine
        for opened, _ in self._watchers:
            call_safely(partial(opened, engine.carrier_id))

    async def remove(self, carrier_id: CarrierId) -> None:
        """Close the engine; harmless when there is none."""
        engine = self._engines.pop(carrier_id, None)
        if engine is None:
            return
        await engine.close()
        for _, closed in self._watchers:
            call_safely(partial(closed, carrier_id))

    async def close(self) -> None:
        """Close them all, at once."""
        async with asyncio.TaskGroup() as tasks:
            for carrier_id in tuple(self._engines):
                tasks.create_task(self.remove(carrier_id))
