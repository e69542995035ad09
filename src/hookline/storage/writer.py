"""The group-commit writer: every change of this process goes through it.

Callers hand it units of work; it commits all that are waiting in one transaction, and only then
lets them know. It commits whenever it is idle, without linger (ADR-0003). A unit that fails in a
way its operation did not foresee makes the batch run again unit by unit, so that only it fails.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar, cast

from hookline.errors import HooklineError
from hookline.settings import Settings
from hookline.storage.database import Database, WriterConnection
from hookline.storage.errors import DatabaseUnavailable, ShuttingDown, WriterBusy
from hookline.storage.transaction import Finisher, Transaction
from hookline.telemetry import metrics
from hookline.telemetry.logs import get_logger

T = TypeVar("T")
Item = TypeVar("Item", contravariant=True)
Outcome = TypeVar("Outcome", covariant=True)
Topics = frozenset[str]

log = get_logger(__name__)
_REOPEN_DELAY_S = 0.2
_REOPEN_DELAY_MAX_S = 5.0


class Operation(Protocol[Item, Outcome]):
    """One kind of write, done for all the units of a batch at once by set statements.

    `apply` may run twice for the same items (the batch is rerun singly after a failure), so it
    keeps its effects inside the transaction. An outcome that is a HooklineError refuses its unit;
    such a unit must have written nothing.
    """

    name: str
    rank: int
    """Operations of a batch run in this order."""

    def key(self, item: Item) -> str | None:
        """The row that the item changes: one unit a key in a batch. None: no such row."""
        ...

    async def apply(
        self, tx: Transaction, items: Sequence[Item]
    ) -> Sequence[Outcome | HooklineError]:
        """Do it; one outcome an item, in order."""
        ...

    def committed(self, items: Sequence[Item], outcomes: Sequence[Any]) -> None:
        """The batch is durable: hand the rows over in memory. Outcomes may be errors."""
        ...


class _Unit:
    __slots__ = ("item", "operation", "waiter")

    def __init__(
        self, operation: Operation[Any, Any], item: object, waiter: asyncio.Future[Any] | None
    ) -> None:
        self.operation = operation
        self.item = item
        self.waiter = waiter


class _Procedure:
    """Runs use cases one after the other, each under a savepoint of its own."""

    name = "procedure"
    rank = 50

    def key(self, item: object) -> str | None:
        return None

    async def apply(
        self, tx: Transaction, items: Sequence[Callable[[Transaction], Awaitable[Any]]]
    ) -> list[Any]:
        outcomes: list[Any] = []
        for use_case in items:
            try:
                async with tx.isolated("unit"):
                    outcomes.append(await use_case(tx))
            except HooklineError as refusal:
                outcomes.append(refusal)
        return outcomes

    def committed(self, items: Sequence[object], outcomes: Sequence[Any]) -> None:
        """Nothing to hand over: a use case registers its own callbacks."""


_PROCEDURE = _Procedure()


class Writer:
    """The only committer of this process."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._finishers: list[Finisher] = []
        self._pending: deque[_Unit] = deque()
        self._awake = asyncio.Event()
        self._topic_listeners: list[Callable[[Topics], None]] = []
        self._foreign_listeners: list[Callable[[], None]] = []
        self._connection: WriterConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    def add_finisher(self, finisher: Finisher) -> None:
        """Finishers run in the order in which they were added; one may defer to a later one."""
        self._finishers.append(finisher)

    def on_topics(self, listener: Callable[[Topics], None]) -> None:
        """Called after each commit that notified anything."""
        self._topic_listeners.append(listener)

    def on_foreign_commit(self, listener: Callable[[], None]) -> None:
        """Called when another process has changed the embedded database."""
        self._foreign_listeners.append(listener)

    @property
    def depth(self) -> int:
        """Units that wait to be committed."""
        return len(self._pending)

    async def start(self) -> None:
        self._connection = await self._database.open_writer()
        self._task = asyncio.create_task(self._run(), name="writer")

    async def stop(self) -> None:
        """Commit what waits, then close."""
        self._stopping = True
        self._awake.set()
        if self._task is not None:
            await self._task
        if self._connection is not None:
            await self._connection.close()

    async def submit(self, operation: Operation[Any, T], item: object) -> T:
        """Commit the item; returns when it is durable, or raises the operation's refusal."""
        if self._stopping:
            raise ShuttingDown
        if len(self._pending) >= self._settings.writer_queue_max:
            raise WriterBusy
        waiter: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._pending.append(_Unit(operation, item, waiter))
        self._awake.set()
        return await waiter

    async def run(self, use_case: Callable[[Transaction], Awaitable[T]]) -> T:
        """Commit one use case, which writes through the transaction that it is given."""
        return cast("T", await self.submit(_PROCEDURE, use_case))

    def post(self, operation: Operation[Any, Any], items: Sequence[object]) -> None:
        """Commit items nobody waits for; `operation.committed` hears of them.

        For the inside only, where windows bound how much can be under way: it never refuses.
        """
        self._pending.extend([_Unit(operation, item, None) for item in items])
        self._awake.set()

    async def _run(self) -> None:
        while True:
            if not self._pending:
                if self._stopping:
                    return
                await self._idle()
                continue
            batch = self._take()
            started = asyncio.get_running_loop().time()
            await self._commit_all(batch)
            metrics.BATCH_UNITS.observe(len(batch))
            metrics.BATCH_SECONDS.observe(asyncio.get_running_loop().time() - started)

    async def _idle(self) -> None:
        self._awake.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.poll_interval_s):
                await self._awake.wait()
                return
        if self._connection is not None and await self._connection.foreign_commit():
            for listener in self._foreign_listeners:
                _call_safely(listener)

    def _take(self) -> list[_Unit]:
        """The next batch: at most one unit for each key of an operation, in order."""
        batch: list[_Unit] = []
        kept: list[_Unit] = []
        keys: set[tuple[str, str]] = set()
        pending, batch_max = self._pending, self._settings.writer_batch_max
        while pending and len(batch) < batch_max and len(kept) < batch_max:
            unit = pending.popleft()
            key = unit.operation.key(unit.item)
            if key is not None:
                mark = (unit.operation.name, key)
                if mark in keys:
                    kept.append(unit)
                    continue
                keys.add(mark)
            batch.append(unit)
        pending.extendleft(reversed(kept))
        return batch

    async def _commit_all(self, batch: Sequence[_Unit]) -> None:
        try:
            await self._commit(batch)
        except DatabaseUnavailable as error:
            await self._give_back(batch, error)
        except Exception as error:  # noqa: BLE001 - the worker loop; the unit's caller gets it
            if len(batch) == 1:
                self._fail(batch[0], error)
                return
            log.warning("batch_rerun_singly", units=len(batch), reason=repr(error)[:300])
            metrics.BATCH_RERUNS.inc()
            for unit in batch:
                await self._commit_all([unit])

    async def _commit(self, batch: Sequence[_Unit]) -> None:
        connection = self._connection
        if connection is None:
            raise DatabaseUnavailable
        tx = await connection.begin()
        try:
            groups = _by_operation(batch)
            outcomes = []
            for operation, units in groups:
                items = [unit.item for unit in units]
                outcomes.append(await operation.apply(tx, items))
                await tx.flush()
            for finisher in self._finishers:
                items = tx.deferred.pop(finisher.name, [])
                if items:
                    await finisher.finish(tx, items)
            await tx.flush()
            await connection.commit(tx)
        except BaseException:
            await connection.roll_back()
            raise
        self._settle(tx, groups, outcomes)

    def _settle(
        self,
        tx: Transaction,
        groups: Sequence[tuple[Operation[Any, Any], Sequence[_Unit]]],
        outcomes: Sequence[Sequence[Any]],
    ) -> None:
        for callback in tx.callbacks:
            _call_safely(callback)
        for (operation, units), results in zip(groups, outcomes, strict=True):
            for unit, result in zip(units, results, strict=True):
                if unit.waiter is None or unit.waiter.done():
                    continue
                if isinstance(result, HooklineError):
                    unit.waiter.set_exception(result)
                else:
                    unit.waiter.set_result(result)
            items = [unit.item for unit in units]
            _call_safely(partial(operation.committed, items, results))
        if tx.topics:
            topics = frozenset(tx.topics)
            for listener in self._topic_listeners:
                _call_safely(partial(listener, topics))

    def _fail(self, unit: _Unit, error: Exception) -> None:
        if unit.waiter is not None and not unit.waiter.done():
            unit.waiter.set_exception(error)
        else:
            log.error("unit_failed", operation=unit.operation.name, exc_info=error)
        metrics.UNITS_FAILED.inc()

    async def _give_back(self, batch: Sequence[_Unit], error: DatabaseUnavailable) -> None:
        """The connection was lost: callers hear of it, inner work is tried again.

        Inner operations are compare-and-set, so that one whose commit did arrive loses quietly.
        """
        log.error("database_unavailable", detail=error.detail, units=len(batch))
        again = [unit for unit in batch if unit.waiter is None]
        for unit in batch:
            if unit.waiter is not None and not unit.waiter.done():
                unit.waiter.set_exception(DatabaseUnavailable(error.detail))
        self._pending.extendleft(reversed(again))
        delay_s = _REOPEN_DELAY_S
        while self._connection is not None and not self._stopping:
            await asyncio.sleep(delay_s)
            try:
                await self._connection.reopen()
                return
            except DatabaseUnavailable:
                delay_s = min(delay_s * 2, _REOPEN_DELAY_MAX_S)


def _by_operation(
    batch: Sequence[_Unit],
) -> list[tuple[Operation[Any, Any], list[_Unit]]]:
    groups: dict[str, tuple[Operation[Any, Any], list[_Unit]]] = {}
    for unit in batch:
        groups.setdefault(unit.operation.name, (unit.operation, []))[1].append(unit)
    return sorted(groups.values(), key=lambda group: group[0].rank)


def _call_safely(callback: Callable[[], object]) -> None:
    """A callback's failure must not stop the writer: everything hangs on it."""
    try:
        callback()
    except Exception:
        log.exception("after_commit_failed")
