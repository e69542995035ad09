"""Carries out erasures, a few resources in each transaction, so that nothing else has to wait.

What has been erased is no longer found by the number. So a process that ends in the middle leaves the
rest to be found, and what is done twice changes nothing.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from hookline.api.erasing import find_answers
from hookline.calls import erasing as of_calls
from hookline.calls.deleting import remove_file
from hookline.calls.recording_files import RecordingFiles
from hookline.clock import DAY_MS, SECOND_MS, UnixMs
from hookline.erasing import Person
from hookline.erasure import store as sql
from hookline.erasure.asking import TOPIC
from hookline.erasure.model import Erasure, ErasureStatus
from hookline.messages import erasing as of_messages
from hookline.messages.conversations import erase_from_conversations
from hookline.numbers.e164 import redact
from hookline.requests.erasing import find_requests
from hookline.storage.leases import Leases
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.storage.wakeups import Wakeups
from hookline.telemetry.logs import get_logger
from hookline.webhooks.erasing import erase_from_deliveries

Work = Callable[[Transaction], Awaitable[None]]
log = get_logger(__name__)
_LEASE = "erasures"
_LOOK_EVERY_S = 5.0
_LOGGED_MS = 5 * SECOND_MS
"""After this long the request log has everything that came before, the wish itself included."""
_TRIED_DAYS = 7
"""Nobody is told of what is older, unless somebody asks for it."""
_CHUNK = 100


class Eraser:
    """The erasures of one node."""

    def __init__(
        self, store: Store, leases: Leases, wakeups: Wakeups, files: RecordingFiles
    ) -> None:
        self._store = store
        self._leases = leases
        self._files = files
        # An attempt may try two URLs, each for so long.
        self._settled_ms = int(2 * store.settings.webhook_timeout_s * SECOND_MS) + _LOGGED_MS
        self._woken = asyncio.Event()
        wakeups.subscribe(TOPIC, self._woken.set)

    async def run(self) -> None:
        """Carry out what there is, for ever; one node at a time does."""
        while True:
            self._woken.clear()
            rows = await self._store.read(sql.running())
            if rows and await self._leases.claim(_LEASE):
                for row in rows:
                    await self._try(sql.erasure_of(row))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY_S):
                    await self._woken.wait()

    async def _try(self, found: Erasure) -> None:
        try:
            await self.carry_out(found)
        except Exception:  # the worker loop: the next look takes it up again, and others go on
            log.exception("erasure_broke", erasure=found.id)

    async def carry_out(self, found: Erasure) -> None:
        """As much as can be done now. What is still sent or talked about is for the next look."""
        going: Erasure | None = found
        while going is not None:
            page = _Page(going, self._store.now())
            going = await self._store.commit(page.erase)
            for recording_id in page.recordings:
                await asyncio.to_thread(remove_file, self._files, recording_id)
            if going is not None and page.is_last:
                break
        if going is None or page.is_under_way:
            return
        if self._store.now() < going.erased_at + self._settled_ms:
            return
        going = await self._erase_traces(going)
        if going is not None:
            await self._store.commit(lambda tx: self._complete(tx, going))

    async def _erase_traces(self, going: Erasure) -> Erasure | None:
        """In what receivers have answered since, in the request log, in answers to be repeated."""
        person, before = Person(going.number), UnixMs(going.created_at + _LOGGED_MS)
        current = await self._erase_late_answers(going, person)
        last_id: str | None = ""
        while last_id is not None and current is not None:
            found, last_id = await find_requests(
                self._store, going.account_id, person, last_id, before
            )
            if found.rows:
                current = await self._step(current, found.erase)
        last: bytes | None = b""
        while last is not None and current is not None:
            answers, last = await find_answers(self._store, person, last, before)
            ids = answers.resource_ids
            if ids:
                own = await self._store.read(sql.among(going.account_id, going.mode, ids))
                about = {row.id for row in own}
                current = await self._step(current, partial(answers.erase, about=about))
        return current

    async def _erase_late_answers(self, going: Erasure, person: Person) -> Erasure | None:
        now = self._store.now()
        of = (going.account_id, going.mode, UnixMs(now - _TRIED_DAYS * DAY_MS))
        rows = [
            *await self._store.read(of_messages.erased_since(*of)),
            *await self._store.read(of_calls.erased_since(*of)),
        ]
        current: Erasure | None = going
        for start in range(0, len(rows), _CHUNK):
            ids = [row.id for row in rows[start : start + _CHUNK]]
            erase = partial(erase_from_deliveries, resource_ids=ids, person=person, now=now)
            current = current and await self._step(current, erase)
        return current

    async def _step(self, going: Erasure, work: Work) -> Erasure | None:
        async def write(tx: Transaction) -> Erasure | None:
            if not await tx.changed(sql.go_on(going)):
                return None
            await work(tx)
            return replace(going, step=going.step + 1)

        return await self._store.commit(write)

    async def _complete(self, tx: Transaction, going: Erasure) -> None:
        person = Person(going.number)
        await of_messages.erase_from_segments(tx, going.account_id, person)
        of = (going.account_id, going.mode, person, going.created_at)
        await erase_from_conversations(tx, *of)
        await tx.changed(
            sql.go_on(
                going,
                number=redact(going.number),
                status=ErasureStatus.COMPLETED.value,
                finished_at=self._store.now(),
            )
        )


class _Page:
    """One transaction's worth of messages and calls."""

    def __init__(self, going: Erasure, now: UnixMs) -> None:
        self._going = going
        self._now = now
        self.recordings: list[str] = []
        self.is_last = False
        self.is_under_way = False

    async def erase(self, tx: Transaction) -> Erasure | None:
        """The erasure as it is now; None when another node carries it out."""
        going = self._going
        of = (going.account_id, going.mode, Person(going.number), going.created_at)
        if not await tx.changed(sql.go_on(going)):
            return None
        going = replace(going, step=going.step + 1)
        if await of_messages.cancel_waiting(tx, *of):
            return going  # whoever is told of that is known once this is committed
        messages = await of_messages.erase_from_messages(tx, *of)
        calls = await of_calls.erase_from_calls(tx, *of)
        self.recordings = list(calls.recordings)
        resources = [*messages, *calls.resources]
        self.is_last = not resources
        if self.is_last:
            self.is_under_way = await of_messages.any_under_way(
                tx, *of
            ) or await of_calls.any_under_way(tx, *of)
            return going
        await erase_from_deliveries(tx, resources, Person(going.number), self._now)
        counted = replace(
            going,
            messages=going.messages + len(messages),
            calls=going.calls + calls.calls,
            recordings=going.recordings + len(calls.recordings),
            erased_at=self._now,
        )
        await tx.changed(sql.count(counted))
        return counted
