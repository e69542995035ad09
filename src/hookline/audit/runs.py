"""Verifications that run beside the requests: asked for by one, carried out by any node.

A run is a row. Whoever takes it says after each page how far it is; what a dead node leaves is taken
up where it stood.
"""

import asyncio
import contextlib
from dataclasses import replace

from sqlalchemy import ColumnElement

from hookline.api.pagination import Paging, page, paged
from hookline.api.wire import Page
from hookline.audit import store as sql
from hookline.audit.append import record
from hookline.audit.errors import VerificationNotFound, VerificationRunning
from hookline.audit.model import Anchor, Break, Verification, VerificationStatus
from hookline.audit.reading import require_reader
from hookline.audit.schemas import AuditVerification, verification_shape
from hookline.audit.verification import check
from hookline.clock import DAY_MS, UnixMs
from hookline.ids import AccountId
from hookline.principal import Principal
from hookline.storage.schema import audit_verifications
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.storage.wakeups import Wakeups
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
TOPIC = "audit_verifications"
PREFIX = "avf"
KEPT_DAYS = 90
_LOOK_EVERY_S = 30.0
_SILENT_MS = 60_000


async def begin_verification(
    tx: Transaction, store: Store, principal: Principal, known: Anchor | None
) -> Verification:
    """Have the account's trail verified, up to what is its head now. Raises VerificationRunning."""
    require_reader(principal)
    for row in await tx.execute(sql.open_verifications(principal.account_id)):
        raise VerificationRunning(f"The audit log is being verified already: {row.id}.")
    [found] = await tx.execute(sql.head(principal.account_id))
    head, now = Anchor(found.audit_number, found.audit_hash), store.now()
    asked_by = principal.label or principal.id
    new_id = store.ids.new(PREFIX)
    noted = None if known is None else str(known)
    values = (
        new_id, principal.account_id, VerificationStatus.QUEUED.value, asked_by, noted,
        head.number, head.hash, now, now,
    )  # fmt: skip
    await tx.insert(sql.INSERT_VERIFICATION, [values])
    await tx.changed(sql.forget_finished(UnixMs(now - KEPT_DAYS * DAY_MS)))
    facts = {"head": str(head), "known": noted}
    record(tx, principal, "audit.verify", new_id, after=facts)
    tx.notify(TOPIC)
    [row] = await tx.execute(sql.verifications(principal.account_id).where(_is(new_id)))
    return sql.verification_of(row)


async def get_verification(store: Store, principal: Principal, known: str) -> Verification:
    """One run. Raises VerificationNotFound."""
    require_reader(principal)
    rows = await store.read(sql.verifications(principal.account_id).where(_is(known)))
    if not rows:
        raise VerificationNotFound(f"There is no verification {known!r:.80} in this account.")
    return sql.verification_of(rows[0])


async def find_latest(store: Store, principal: Principal) -> Verification | None:
    """The account's newest run, if there is one."""
    require_reader(principal)
    newest = sql.verifications(principal.account_id).order_by(audit_verifications.c.id.desc())
    rows = await store.read(newest.limit(1))
    return sql.verification_of(rows[0]) if rows else None


async def list_verifications(
    store: Store, principal: Principal, paging: Paging
) -> Page[AuditVerification]:
    """One page of the account's runs, newest first."""
    require_reader(principal)
    mine = sql.verifications(principal.account_id)
    rows = await store.read(paged(mine, audit_verifications.c.id, paging, prefix=PREFIX))
    return page(rows, paging, lambda row: verification_shape(sql.verification_of(row)))


def _is(known: str) -> ColumnElement[bool]:
    return audit_verifications.c.id == known


class Verifier:
    """Carries out what was asked for, one run at a time in each process."""

    def __init__(self, store: Store, wakeups: Wakeups) -> None:
        self._store = store
        self._woken = asyncio.Event()
        wakeups.subscribe(TOPIC, self._woken.set)

    async def run(self) -> None:
        """Look for ever."""
        while True:
            self._woken.clear()
            if not await self.verify_next():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_EVERY_S):
                        await self._woken.wait()

    async def verify_next(self) -> bool:
        """Carry out one run, if there is one that nobody works on."""
        silent_since = UnixMs(self._store.now() - _SILENT_MS)
        for row in await self._store.read(sql.to_take(silent_since)):
            found = sql.verification_of(row)
            taken = await self._say(found, found.checked)
            if taken is not None:
                await self._verify(taken)
            return True
        return False

    async def _verify(self, run: Verification) -> None:
        account_id = AccountId(run.account_id)
        steps = check(self._store, account_id, run.head, known=run.known, start=run.checked)
        async for step in steps:
            if isinstance(step, Break):
                await self._finish(run, step)
                return
            said = await self._say(run, step)
            if said is None:  # we were silent for so long that another node has taken it
                return
            run = said
        await self._finish(run, None)

    async def _say(self, run: Verification, checked: Anchor) -> Verification | None:
        now = UnixMs(max(self._store.now(), run.updated_at + 1))

        async def write(tx: Transaction) -> int:
            return await tx.changed(sql.go_on(run, checked, now))

        if not await self._store.commit(write):
            return None
        return replace(run, status=VerificationStatus.RUNNING, checked=checked, updated_at=now)

    async def _finish(self, run: Verification, broken: Break | None) -> None:
        now = self._store.now()

        async def write(tx: Transaction) -> None:
            await tx.changed(sql.finish(run, broken, now))

        await self._store.commit(write)
        if broken is not None:
            log.error(
                "audit_chain_broken",
                account_id=run.account_id, number=broken.number, kind=broken.kind.value,
            )  # fmt: skip
