"""Remembers when, whence and for what each token was last used, and writes it now and then.

At most one write a token a minute, all in one batch; a crash loses the last minute of it.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from hookline.api.context import RequestContext
from hookline.api.observing import Observed
from hookline.clock import MINUTE_MS, Clock, UnixMs
from hookline.credentials import grace_store as grace_sql
from hookline.credentials import store as sql
from hookline.errors import Unavailable
from hookline.storage.transaction import Transaction
from hookline.storage.writer import Writer

_INTERVAL_MS = MINUTE_MS
_LOOK_EVERY_S = 2.0
_TOKENS_MAX = 10_000
_BATCH_MAX = 500


class Use(NamedTuple):
    """The columns of one use."""

    digest: bytes
    at: int
    ip: str
    user_agent: str
    route: str


class WriteUses:
    """The operation that writes uses."""

    name = "credentials.last_use"
    rank = 90

    def key(self, item: Use) -> str | None:
        return item.digest.hex()

    async def apply(self, tx: Transaction, items: Sequence[Use]) -> Sequence[None]:
        await tx.update(sql.USED, sorted(items))
        return [None] * len(items)

    def committed(self, items: Sequence[Use], outcomes: Sequence[object]) -> None:
        """Nothing to hand over."""


_WRITE = WriteUses()


class LastUses:
    """The uses of this process that are not written yet. Bounded: beyond that, uses go unnoted."""

    def __init__(self, writer: Writer, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock
        self._waiting: dict[bytes, Use] = {}
        self._written_at: dict[bytes, int] = {}

    def now(self) -> UnixMs:
        return self._clock.now_ms()

    async def note_first(self, digest: bytes, credential_id: str, grace_ms: int) -> None:
        """A new token's first use ends the old one's grace so many milliseconds later.

        Returns when that is committed. Repeating it changes nothing; if there is no database to
        write to, the next use tries again.
        """
        ends_at = UnixMs(self.now() + grace_ms)

        async def cut(tx: Transaction) -> None:
            if await tx.changed(grace_sql.note_first_use(digest)):
                await tx.changed(grace_sql.cut_grace(credential_id, ends_at))

        with suppress(Unavailable):
            await self._writer.run(cut)

    def __call__(self, seen: Observed) -> None:
        """A token was used, if it was let in. Called on every request, so it only remembers.

        What is kept is the path as declared: in a path itself there may be a person's number.
        """
        context = seen.context
        if context.presented is not None and context.principal is not None:
            route = f"{seen.scope['method']} {seen.route or 'unknown'}"
            self.note(context.presented.digest, context, route)

    def note(self, digest: bytes, context: RequestContext, route: str) -> None:
        """Remember it: method and declared path."""
        if len(self._waiting) < _TOKENS_MAX or digest in self._waiting:
            self._waiting[digest] = Use(
                digest, self._clock.now_ms(), context.ip, context.user_agent, route
            )

    def flush(self, *, everything: bool = False) -> int:
        """Hand what is due to the writer; how many. Returns before they are committed."""
        now = self._clock.now_ms()
        recent = {digest: at for digest, at in self._written_at.items() if now - at < _INTERVAL_MS}
        due = [use for digest, use in self._waiting.items() if everything or digest not in recent]
        if not everything:
            del due[_BATCH_MAX:]
        for use in due:
            del self._waiting[use.digest]
            recent[use.digest] = now
        self._written_at = recent
        self._writer.post(_WRITE, due)
        return len(due)

    async def run(self) -> None:
        """Flush for ever; what is left is handed over when the task is cancelled.

        Cancel and await it before the writer stops.
        """
        try:
            while True:
                await asyncio.sleep(_LOOK_EVERY_S)
                self.flush()
        finally:
            self.flush(everything=True)
