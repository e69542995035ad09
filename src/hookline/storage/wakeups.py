"""Wake-ups: who waits for a topic hears of the commit that touched it, on every node.

Topics are short words such as `events:acc_…`. A wake-up is a hint, never the news itself: whoever
is woken reads the database, and polls now and then in case a hint was lost.
"""

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial

import asyncpg

from hookline.storage.callbacks import call_safely
from hookline.storage.database import CHANNEL, EVERYTHING, Database, PostgresDatabase
from hookline.storage.writer import Topics, Writer
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
_RECONNECT_S = 2.0
_TIMEOUT_S = 10.0
_PROBE_INTERVAL_S = 30.0


class Wakeups:
    """Routes the topics of commits to those who subscribed to them."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._listeners: dict[str, set[Callable[[], None]]] = {}
        self._prefixes: list[tuple[str, Callable[[str], None]]] = []
        writer.on_topics(self._wake)
        writer.on_foreign_commit(lambda: self._wake(frozenset({EVERYTHING})))

    def subscribe(self, topic: str, listener: Callable[[], None]) -> Callable[[], None]:
        """Call the listener at each commit that notified the topic; returns the way to stop it."""
        listeners = self._listeners.setdefault(topic, set())
        listeners.add(listener)

        def unsubscribe() -> None:
            listeners.discard(listener)
            if not listeners and self._listeners.get(topic) is listeners:
                del self._listeners[topic]

        return unsubscribe

    def subscribe_prefix(self, prefix: str, listener: Callable[[str], None]) -> None:
        """Call with what follows the prefix, or with an empty text when anything may have changed."""
        self._prefixes.append((prefix, listener))

    async def run(self) -> None:
        """Listen to other nodes for ever; returns at once on SQLite, where there are none."""
        if not isinstance(self._database, PostgresDatabase):
            return
        while True:
            try:
                await self._listen(self._database.dsn)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
                log.warning("listen_lost", reason=repr(error))
            await asyncio.sleep(_RECONNECT_S)

    async def _listen(self, dsn: str) -> None:
        connection = await asyncpg.connect(dsn, timeout=_TIMEOUT_S, command_timeout=_TIMEOUT_S)
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _connection: lost.set())
        try:
            await connection.add_listener(CHANNEL, self._heard)
            self._wake(frozenset({EVERYTHING}))  # whatever was said while nobody listened
            while not lost.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_PROBE_INTERVAL_S):
                        await lost.wait()
                        return
                await connection.execute("SELECT 1")  # a dead peer is not heard to hang up
        finally:
            with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                await connection.close(timeout=2)

    def _heard(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        self._wake(frozenset(str(payload).split()))

    def _wake(self, topics: Topics) -> None:
        everything = EVERYTHING in topics
        names = list(self._listeners) if everything else [t for t in topics if t in self._listeners]
        for name in names:
            for listener in tuple(self._listeners.get(name, ())):
                call_safely(listener)
        for prefix, hear in self._prefixes:
            if everything:
                call_safely(partial(hear, ""))
                continue
            for topic in topics:
                if topic.startswith(prefix):
                    call_safely(partial(hear, topic.removeprefix(prefix)))
