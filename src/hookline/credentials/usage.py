"""Counts the requests of each credential, and knows which scopes and addresses it is used with.

What is counted waits in memory for a second and is written together, behind all that others wait
for; a crash loses that second. An address that is new for a credential is told of, once.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from hookline.api.observing import TOPIC, Observed
from hookline.clock import DAY_MS, HOUR_MS, MINUTE_MS
from hookline.credentials import usage_store as sql
from hookline.credentials.new_addresses import note_new_address
from hookline.errors import HooklineError
from hookline.storage.errors import CommitUncertain
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
_EVERY_S = 1.0
_CREDENTIALS_MAX = 50_000
_KNOWN_MAX = 50_000
_NEW_MAX = 100
"""New addresses that are looked at in a second; the others wait for their next use."""
_ADDRESS_EVERY_MS = MINUTE_MS
_SCOPE_EVERY_MS = HOUR_MS
_ERROR = 400


class Day(NamedTuple):
    """A credential's day."""

    credential_id: str
    day: int
    account_id: str


class Address(NamedTuple):
    """A use of a credential from an address."""

    credential_id: str
    ip: str
    account_id: str


@dataclass(slots=True)
class Noted:
    """What was noted and is not written yet."""

    requests: Counter[Day] = field(default_factory=Counter)
    errors: Counter[Day] = field(default_factory=Counter)
    skipped: Counter[Day] = field(default_factory=Counter)
    old_uses: Counter[bytes] = field(default_factory=Counter)
    """Of tokens in their grace, by digest."""
    scopes: dict[tuple[str, str], int] = field(default_factory=dict)
    """Credential and scope, and when."""
    addresses: dict[Address, tuple[int, str]] = field(default_factory=dict)
    """When, and with which user agent."""

    def add(self, other: "Noted") -> None:
        """Take what is older and could not be written."""
        for name in ("requests", "errors", "skipped", "old_uses"):
            getattr(self, name).update(getattr(other, name))
        self.scopes = other.scopes | self.scopes
        self.addresses = other.addresses | self.addresses


class WriteUsage:
    """The operation that writes it; says which addresses have no row."""

    name = "credentials.usage"
    rank = 96

    def key(self, item: Noted) -> str | None:
        return "usage"  # one at a time: what it adds to is then there

    async def apply(self, tx: Transaction, items: Sequence[Noted]) -> list[list[Address]]:
        return [await self._write(tx, noted) for noted in items]

    async def _write(self, tx: Transaction, noted: Noted) -> list[Address]:
        await self._count(tx, noted)
        for account_id in {day.account_id for day in noted.requests}:
            tx.notify(f"{TOPIC}{account_id}")
        if noted.old_uses:
            await tx.update(sql.COUNT_OLD_USES, sorted(noted.old_uses.items()))
        await self._touch_scopes(tx, noted)
        addresses = sorted(noted.addresses)
        if not addresses:
            return []
        rows = [(one.credential_id, one.ip, noted.addresses[one][0]) for one in addresses]
        touched = await tx.update(sql.TOUCH_ADDRESS, rows)
        return [one for one, row in zip(addresses, touched, strict=True) if row is None]

    async def _count(self, tx: Transaction, noted: Noted) -> None:
        rows = {
            day: (day.credential_id, day.day, count, noted.errors[day], noted.skipped[day])
            for day, count in sorted(noted.requests.items())
        }
        if not rows:
            return
        counted = await tx.update(sql.COUNT_REQUESTS, list(rows.values()))
        new = [day for day, row in zip(rows, counted, strict=True) if row is None]
        if new:
            await tx.insert(
                sql.OPEN_DAY, [(day.credential_id, day.day, day.account_id) for day in new]
            )
            await tx.update(sql.COUNT_REQUESTS, [rows[day] for day in new])

    async def _touch_scopes(self, tx: Transaction, noted: Noted) -> None:
        if not noted.scopes:
            return
        rows = [(*pair, at) for pair, at in sorted(noted.scopes.items())]
        won = await tx.insert(sql.FIRST_USE_OF_SCOPE, rows)
        known = [row for row, is_first in zip(rows, won, strict=True) if not is_first]
        if known:
            await tx.update(sql.TOUCH_SCOPE, known)

    def committed(self, items: Sequence[Noted], outcomes: Sequence[object]) -> None:
        """Nothing to hand over."""


_WRITE = WriteUsage()


class Usage:
    """What this process has not written yet; an Observer, behind the request log."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._noted = Noted()
        self._scope_written: dict[tuple[str, str], int] = {}
        self._address_written: dict[Address, int] = {}

    def __call__(self, seen: Observed) -> None:
        """Count one request. Called on every request, so it only remembers."""
        token = seen.context.presented
        if token is None or len(self._noted.requests) >= _CREDENTIALS_MAX:
            return
        noted, now = self._noted, self._store.now()
        day = Day(token.credential_id, now // DAY_MS, token.account_id)
        noted.requests[day] += 1
        if seen.status >= _ERROR:
            noted.errors[day] += 1
        if not seen.context.is_kept:
            noted.skipped[day] += 1
        principal = seen.context.principal
        if principal is None:
            return
        if token.is_old:
            noted.old_uses[token.digest] += 1
        for scope in principal.exercised:
            pair = (token.credential_id, str(scope))
            if now - self._scope_written.get(pair, 0) >= _SCOPE_EVERY_MS:
                noted.scopes[pair] = now
        address = Address(token.credential_id, seen.context.ip, token.account_id)
        if now - self._address_written.get(address, 0) >= _ADDRESS_EVERY_MS:
            noted.addresses[address] = (now, seen.context.user_agent)

    async def flush(self) -> None:
        """Write what was noted. What could not be written waits on."""
        noted, self._noted = self._noted, Noted()
        if not noted.requests:
            return
        try:
            new: list[Address] = await self._store.writer.submit(_WRITE, noted)
        except CommitUncertain:
            return  # it may be counted: rather once too little than twice
        except HooklineError:
            noted.add(self._noted)
            self._noted = noted
            return
        except Exception:
            log.exception("usage_lost", credentials=len(noted.requests))
            return
        self._remember(noted, new)
        for address in new[:_NEW_MAX]:
            await self._note_new(address, *noted.addresses[address])

    def _remember(self, noted: Noted, new: Sequence[Address]) -> None:
        if len(self._scope_written) > _KNOWN_MAX:
            self._scope_written.clear()
        if len(self._address_written) > _KNOWN_MAX:
            self._address_written.clear()
        self._scope_written.update(noted.scopes)
        unknown = frozenset(new)
        self._address_written.update(
            {one: at for one, (at, _) in noted.addresses.items() if one not in unknown}
        )

    async def _note_new(self, address: Address, at: int, user_agent: str) -> None:
        try:
            await self._store.commit(
                lambda tx: note_new_address(tx, self._store, address, at, user_agent)
            )
        except HooklineError:
            return  # the next use tries again
        except Exception:
            log.exception("address_not_noted", credential=address.credential_id)
            return
        self._address_written[address] = at

    async def run(self) -> None:
        """Write for ever, about once a second; the rest when the task is cancelled.

        Cancel and await it before the writer stops.
        """
        try:
            while True:
                await asyncio.sleep(_EVERY_S)
                await self.flush()
        finally:
            await self.flush()
