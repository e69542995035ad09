"""The group-commit writer: every change of this process goes through it.

Callers hand it units of work; it commits all that are waiting in one transaction, and only then
lets them know. It commits whenever it is idle, without linger (ADR-0003). A batch that fails in a
way its operations did not foresee is rerun in halves, so that only the offender fails.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeVar, cast

from hookline.errors import HooklineError
from hookline.settings import Settings
from hookline.storage.batches import Group, PendingUnits, Unit, group_by_operation, split_urgent
from hookline.storage.callbacks import call_safely
from hookline.storage.database import Database, WriterConnection
from hookline.storage.errors import (
    CommitUncertain,
    DatabaseUnavailable,
    ShuttingDown,
    WriterBusy,
)
from hookline.storage.failures import is_clash
from hookline.storage.operation import Operation, Procedure
from hookline.storage.transaction import Finisher, Transaction
from hookline.telemetry import metrics
from hookline.telemetry.logs import get_logger

__all__ = ["Operation", "Topics", "Writer"]

T = TypeVar("T")
Topics = frozenset[str]

log = get_logger(__name__)
_REOPEN_DELAY_S = 0.2
_REOPEN_DELAY_MAX_S = 5.0
_CLASH_TRIES = 3
_PROCEDURE = Procedure()
_DEPTH = metrics.QUEUE_DEPTH.labels("commit")


class Writer:
    """The only committer of this process."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._has_round_trips = database.dialect == "postgresql"
        self._finishers: list[Finisher] = []
        self._pending = PendingUnits()
        self._awake = asyncio.Event()
        self._topic_listeners: list[Callable[[Topics], None]] = []
        self._foreign_listeners: list[Callable[[], None]] = []
        self._uncertain_listeners: list[Callable[[], None]] = []
        self._connection: WriterConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._stop_by: float | None = None
        self._reopen_delay_s = _REOPEN_DELAY_S
        self._is_cut_off = False
        self._foreign_check_at = 0.0

    def add_finisher(self, finisher: Finisher) -> None:
        """Finishers run in the order in which they were added; one may defer to a later one."""
        self._finishers.append(finisher)

    def on_topics(self, listener: Callable[[Topics], None]) -> None:
        """Called after each commit that notified anything."""
        self._topic_listeners.append(listener)

    def on_foreign_commit(self, listener: Callable[[], None]) -> None:
        """Called when another process has changed the embedded database."""
        self._foreign_listeners.append(listener)

    def on_uncertain_commit(self, listener: Callable[[], None]) -> None:
        """Called when a commit's answer was lost, so that rows may exist that nobody holds."""
        self._uncertain_listeners.append(listener)

    @property
    def depth(self) -> int:
        """Units that wait to be committed."""
        return len(self._pending)

    async def start(self) -> None:
        self._connection = await self._database.open_writer()
        self._task = asyncio.create_task(self._run(), name="writer")

    async def stop(self) -> None:
        """Commit what waits, then close. Without a database it gives up after the stop's time."""
        if self._stop_by is None:
            loop = asyncio.get_running_loop()
            self._stop_by = loop.time() + self._settings.shutdown_timeout_s
        self._stopping.set()
        self._awake.set()
        try:
            if self._task is not None:
                await self._task
        finally:
            if self._connection is not None:
                await self._connection.close()
                self._connection = None

    async def wait_until_ended(self) -> None:
        """Returns when the writer has stopped, or died of something nobody foresaw."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def submit(self, operation: Operation[Any, T], item: object) -> T:
        """Commit the item; returns when it is durable, or raises the operation's refusal."""
        if self._stop_by is not None:
            raise ShuttingDown
        if self._is_cut_off:
            raise DatabaseUnavailable
        if len(self._pending) >= self._settings.writer_queue_max:
            raise WriterBusy
        waiter: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._pending.add((Unit(operation, item, waiter),))
        self._awake.set()
        return await waiter

    async def run(self, use_case: Callable[[Transaction], Awaitable[T]]) -> T:
        """Commit one use case, which writes through the transaction that it is given."""
        return cast("T", await self.submit(_PROCEDURE, use_case))

    def post(self, operation: Operation[Any, Any], items: Sequence[object]) -> None:
        """Commit items nobody waits for; `operation.committed` hears of them.

        For the inside only, where windows bound how much can be under way: it never refuses.
        """
        self._pending.add([Unit(operation, item, None) for item in items])
        self._awake.set()

    async def _run(self) -> None:
        try:
            while self._pending or self._stop_by is None:
                await self._hear_others()
                if not self._pending:
                    await self._idle()
                    continue
                batch = self._pending.take(self._settings.writer_batch_max)
                await self._commit_parts(split_urgent(batch) if self._has_round_trips else [batch])
                _DEPTH.set(len(self._pending))
        finally:  # also when canceled: nobody may wait for ever
            self._pending.refuse(ShuttingDown)

    async def _commit_parts(self, parts: Sequence[Sequence[Unit]]) -> None:
        for place, part in enumerate(parts):
            try:
                await self._commit_measured(part)
            except BaseException:  # what comes behind it waits on, to be refused with the rest
                self._pending.put_back([unit for later in parts[place + 1 :] for unit in later])
                raise

    async def _commit_measured(self, batch: Sequence[Unit]) -> None:
        started = asyncio.get_running_loop().time()
        await self._commit_all(batch)
        metrics.BATCH_UNITS.observe(len(batch))
        metrics.BATCH_SECONDS.observe(asyncio.get_running_loop().time() - started)

    async def _idle(self) -> None:
        self._awake.clear()
        if self._stop_by is not None:
            return
        loop = asyncio.get_running_loop()
        poll = loop.call_later(self._settings.poll_interval_s, self._awake.set)
        try:
            await self._awake.wait()
        finally:
            poll.cancel()

    async def _hear_others(self) -> None:
        """Look for another process's commits now and then, however busy this one is."""
        now = asyncio.get_running_loop().time()
        if now < self._foreign_check_at or self._connection is None:
            return
        self._foreign_check_at = now + self._settings.poll_interval_s
        with contextlib.suppress(DatabaseUnavailable):  # the next batch will find out
            if await self._connection.foreign_commit():
                for listener in self._foreign_listeners:
                    call_safely(listener)

    async def _commit_all(self, batch: Sequence[Unit]) -> None:
        try:
            await self._commit_despite_clashes(batch)
        except DatabaseUnavailable as error:
            await self._give_back(batch, error)
        except Exception as error:  # noqa: BLE001 - the worker loop; the unit's caller gets it
            await self._commit_in_halves(batch, error)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                for unit in batch:
                    unit.fail(ShuttingDown())
                raise
            await self._commit_in_halves(batch, RuntimeError(f"canceled from inside: {error!r}"))

    async def _commit_in_halves(self, batch: Sequence[Unit], error: Exception) -> None:
        if len(batch) == 1:
            self._fail(batch[0], error)
            return
        log.warning("batch_rerun", units=len(batch), reason=repr(error)[:300])
        metrics.BATCH_RERUNS.inc()
        ordered = [unit for _, units in group_by_operation(batch) for unit in units]
        middle = len(ordered) // 2
        await self._commit_all(ordered[:middle])
        await self._commit_all(ordered[middle:])

    async def _commit_despite_clashes(self, batch: Sequence[Unit]) -> None:
        for _ in range(_CLASH_TRIES - 1):
            try:
                return await self._commit(batch)
            except Exception as error:
                if not is_clash(error):
                    raise
                log.info("batch_clashed", units=len(batch), reason=repr(error)[:300])
        return await self._commit(batch)

    async def _commit(self, batch: Sequence[Unit]) -> None:
        connection = self._connection
        if connection is None:
            raise DatabaseUnavailable
        tx = await connection.begin()
        tx.is_single = len(batch) == 1
        groups = group_by_operation(batch)
        try:
            outcomes = [await _apply(tx, operation, units) for operation, units in groups]
            await self._finish(tx)
            await connection.commit(tx)
        except BaseException:
            await connection.roll_back()
            raise
        self._reopen_delay_s = _REOPEN_DELAY_S
        self._settle(tx, groups, outcomes)

    async def _finish(self, tx: Transaction) -> None:
        for finisher in self._finishers:
            items = tx.deferred.pop(finisher.name, [])
            if items:
                await finisher.finish(tx, items)
        await tx.flush()
        left = [name for name, items in tx.deferred.items() if items]
        if left:  # an event or an audit row must not vanish quietly
            raise LookupError(f"nothing finishes what was deferred to {', '.join(left)}")

    def _settle(
        self, tx: Transaction, groups: Sequence[Group], outcomes: Sequence[Sequence[Any]]
    ) -> None:
        for callback in tx.callbacks:
            call_safely(callback)
        for (operation, units), results in zip(groups, outcomes, strict=True):
            for unit, result in zip(units, results, strict=True):
                if isinstance(result, HooklineError):
                    unit.fail(result)
                else:
                    unit.succeed(result)
            items = [unit.item for unit in units]
            call_safely(partial(operation.committed, items, results))
        if tx.topics:
            topics = frozenset(tx.topics)
            for listener in self._topic_listeners:
                call_safely(partial(listener, topics))

    def _fail(self, unit: Unit, error: Exception) -> None:
        told = unit.fail(error)
        if told and isinstance(error, HooklineError):
            return
        if not told:
            log.error("unit_failed", operation=unit.operation.name, exc_info=error)
        metrics.UNITS_FAILED.inc()

    async def _give_back(self, batch: Sequence[Unit], error: DatabaseUnavailable) -> None:
        """The connection was lost: callers hear of it, inner work is tried again.

        Inner operations are compare-and-set, so that one whose commit did arrive loses quietly.
        What it would have handed over in memory is lost then: the listeners hear of that.
        """
        reason = repr(error.__cause__ or error)[:300]
        log.error("database_unavailable", reason=reason, units=len(batch))
        for unit in batch:
            unit.fail(type(error)())
        if isinstance(error, CommitUncertain):
            for listener in self._uncertain_listeners:
                call_safely(listener)
        self._pending.put_back([unit for unit in batch if unit.waiter is None])
        await self._reopen()

    async def _reopen(self) -> None:
        loop = asyncio.get_running_loop()
        while self._connection is not None:
            await self._pause()
            if self._stop_by is not None and loop.time() >= self._stop_by:
                self._pending.refuse(DatabaseUnavailable)
                log.error("work_abandoned", units=self._pending.clear())
                return
            try:
                async with asyncio.timeout_at(self._stop_by):
                    await self._connection.reopen()
            except (DatabaseUnavailable, TimeoutError) as error:
                reason = repr(error.__cause__ or error)[:300]
                log.warning("database_still_unavailable", reason=reason)
                self._is_cut_off = True
                self._pending.refuse(DatabaseUnavailable)
            else:
                self._is_cut_off = False
                return

    async def _pause(self) -> None:
        """Before the next attempt; a stop cuts it short."""
        delay_s = self._reopen_delay_s
        self._reopen_delay_s = min(delay_s * 2, _REOPEN_DELAY_MAX_S)
        if self._stop_by is not None:
            left_s = self._stop_by - asyncio.get_running_loop().time()
            await asyncio.sleep(min(delay_s, max(left_s, 0)))
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self._stopping.wait()


async def _apply(
    tx: Transaction, operation: Operation[Any, Any], units: Sequence[Unit]
) -> Sequence[Any]:
    outcomes = await operation.apply(tx, [unit.item for unit in units])
    if len(outcomes) != len(units):  # found before the commit, after which nothing may fail
        raise ValueError(f"{operation.name}: {len(outcomes)} outcomes of {len(units)} items")
    await tx.flush()
    return outcomes
