"""Carries out replays, page by page, several at once; those of dead nodes from where they stood.

A page is one transaction: what is made due and how far that is. So a process that ends in the middle
neither loses a delivery nor makes it due twice.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import replace

from hookline.clock import UnixMs
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.storage.wakeups import Wakeups
from hookline.telemetry.logs import get_logger
from hookline.webhooks import ledger
from hookline.webhooks import replay_store as sql
from hookline.webhooks import store as endpoint_sql
from hookline.webhooks.formats import Formats
from hookline.webhooks.model import DeliveryStatus, Endpoint
from hookline.webhooks.replay import Candidate, Replay, ReplayStatus, Stretch
from hookline.webhooks.replay_walk import Walk
from hookline.webhooks.replaying import TOPIC

log = get_logger(__name__)
AT_ONCE_MAX = 50
_LOOK_EVERY_S = 5.0
_PENDING = DeliveryStatus.PENDING.value


class Replayer:
    """The replays of one node."""

    def __init__(self, store: Store, wakeups: Wakeups, node: str, formats: Formats) -> None:
        self._store = store
        self._node = node
        self._formats = formats
        self._carried_out: set[str] = set()
        self._woken = asyncio.Event()
        wakeups.subscribe(TOPIC, self._woken.set)

    async def run(self) -> None:
        """Take what nobody carries out, for ever."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._woken.clear()
                for found in await self._free():
                    taken = await self._take(found)
                    if taken is not None:
                        self._carried_out.add(taken.id)
                        group.create_task(self._carry_out(taken), name=f"replay {taken.id}")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_EVERY_S):
                        await self._woken.wait()

    async def _free(self) -> Sequence[Replay]:
        room = AT_ONCE_MAX - len(self._carried_out)
        if room <= 0:
            return []
        mine = sorted(self._carried_out)
        rows = await self._store.read(sql.to_take(self._node, mine, self._store.now(), room))
        return [sql.replay_of(row) for row in rows]

    async def _take(self, found: Replay) -> Replay | None:
        async def take(tx: Transaction) -> int:
            return await tx.changed(sql.take(found, self._node))

        if not await self._store.commit(take):
            return None
        return replace(found, status=ReplayStatus.RUNNING, owner=self._node)

    async def _carry_out(self, replay: Replay) -> None:
        try:
            await self._replay(replay)
        except Exception:  # the worker loop: the next look takes it up again
            log.exception("replay_broke", replay=replay.id)
        finally:
            self._carried_out.discard(replay.id)

    async def _replay(self, replay: Replay) -> None:
        rows = await self._store.read(endpoint_sql.by_ids([replay.endpoint_id]))
        endpoint = endpoint_sql.endpoint_of(rows[0]) if rows else None
        if endpoint is not None and replay.total is None:
            total = await self._count(replay, endpoint)
            counted = await self._say(replay, total=total)
            if counted is None:
                return
            replay = counted
        while True:
            began_s = self._store.clock.monotonic_s()
            stretch = Stretch((), None)
            if endpoint is not None:
                walk = Walk(self._store, self._formats, replay, endpoint)
                stretch = await walk.next(replay.page_size)
            page = _Page(self._store, replay, stretch)
            following = await self._store.commit(page.make_due)
            if following is None or not following.status.is_open:
                return
            replay, endpoint = following, page.endpoint
            took_s = self._store.clock.monotonic_s() - began_s
            await asyncio.sleep(max(0.0, page.made / replay.rate - took_s))

    async def _count(self, replay: Replay, endpoint: Endpoint) -> int:
        walk, total = Walk(self._store, self._formats, replay, endpoint), 0
        while True:
            count, place = await walk.count_next()
            total += count
            if place is None:
                return total

    async def _say(self, replay: Replay, *, total: int) -> Replay | None:
        async def write(tx: Transaction) -> int:
            return await tx.changed(sql.go_on(replay, total=total))

        return replace(replay, total=total) if await self._store.commit(write) else None


class _Page:
    """Makes some deliveries due, in one transaction with how far the replay is."""

    def __init__(self, store: Store, replay: Replay, stretch: Stretch) -> None:
        self._store = store
        self._replay = replay
        self._stretch = stretch
        self.made = 0
        self.endpoint: Endpoint | None = None

    async def make_due(self, tx: Transaction) -> Replay | None:
        """The replay as it is now; None when it was canceled or is another node's."""
        self.made = 0
        rows = await tx.execute(sql.lock_endpoint_shared(self._replay.endpoint_id))
        self.endpoint = endpoint_sql.endpoint_of(rows[0]) if rows else None
        if self.endpoint is None:
            return await self._end(tx, ReplayStatus.FAILED, "webhook_deleted")
        if not self.endpoint.is_enabled:
            return await self._end(tx, ReplayStatus.FAILED, "webhook_disabled")
        # First the replay's own row, which tells whether this page is still ours to make.
        place = self._stretch.place or self._replay.place
        if not await tx.changed(sql.go_on(self._replay, place=place)):
            return None
        going = replace(self._replay, place=place)
        self.made = await self._make(tx, self._stretch.candidates)
        going = replace(going, done=going.done + self.made)
        if self._stretch.place is None:
            self._replay = going
            return await self._end(tx, ReplayStatus.COMPLETED, None)
        total = max(going.total or 0, going.done)
        await tx.changed(sql.go_on(going, done=going.done, total=total))
        return replace(going, total=total)

    async def _make(self, tx: Transaction, candidates: Sequence[Candidate]) -> int:
        now = self._store.now()
        again = [one.delivery_id for one in candidates if one.delivery_id is not None]
        fresh = [one for one in candidates if one.delivery_id is None]
        made = len(fresh)
        if again:
            statuses = self._replay.selection.statuses
            made += await tx.changed(ledger.resend_all(again, statuses, now))
        if fresh:
            await tx.insert(ledger.INSERT, [self._row(one, now) for one in fresh])
        if made:
            tx.notify(f"deliveries:{self._replay.endpoint_id}")
        return made

    def _row(self, one: Candidate, now: UnixMs) -> tuple[object, ...]:
        replay = self._replay
        return (
            self._store.ids.new("dlv"), replay.account_id, replay.mode.value, replay.endpoint_id,
            None, one.event_id, one.event_type, one.resource_id, _PENDING, 0, now, now, None,
            one.position,
        )  # fmt: skip

    async def _end(self, tx: Transaction, status: ReplayStatus, error: str | None) -> Replay | None:
        replay, now = self._replay, self._store.now()
        total = replay.done if status is ReplayStatus.COMPLETED else replay.total
        changed = await tx.changed(
            sql.go_on(
                replay, status=status.value, error=error, done=replay.done, total=total,
                owner=None, finished_at=now,
            )
        )  # fmt: skip
        return replace(replay, status=status, error=error) if changed else None
