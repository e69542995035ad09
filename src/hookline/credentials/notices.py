"""Gives the notices that time brings: expiry near, rotation due, idle; and disables the idle.

Every node looks. A notice is a row whose key says what it is about, written with its event in one
transaction, so that each is given exactly once, whoever was first and whatever dies meanwhile.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import msgspec

from hookline.clock import DAY_MS, UnixMs, to_rfc3339
from hookline.credentials import letters
from hookline.credentials import policy_store as sql
from hookline.credentials import store as credential_sql
from hookline.credentials.announcement import announce
from hookline.credentials.letters import write_owners
from hookline.credentials.model import Credential, Status, Step
from hookline.credentials.policy import policy_in
from hookline.credentials.reading import get_for_change
from hookline.credentials.schemas import credential_shape
from hookline.events.append import append
from hookline.events.model import Draft, EventType
from hookline.ids import AccountId
from hookline.principal import Principal, system
from hookline.storage.store import Store
from hookline.storage.transaction import Rows, Transaction

IDLE_WARNING_MS = 7 * DAY_MS
_LOOK_EVERY_S = 60.0
_ACTOR = "credential upkeep"
Work = Callable[[Transaction, Credential], Awaitable[None]]


async def run(store: Store) -> None:
    """Look for ever."""
    while True:
        await look(store)
        await asyncio.sleep(_LOOK_EVERY_S)


async def look(store: Store) -> None:
    """Give every notice that is due now, and disable whoever stayed idle."""
    notices = Notices(store)
    now = store.now()
    await notices.each(await store.read(sql.expiring(now)), notices.warn_of_expiry)
    await notices.each(await store.read(sql.due(now)), notices.tell_rotation_due)
    idle = await store.read(sql.idle(now, IDLE_WARNING_MS))
    await notices.each(idle, notices.watch_idle)


class Notices:
    """What happens to one credential; each in a transaction of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def each(self, found: Rows, work: Work) -> None:
        """Do the work for each credential, locked, as it is in that transaction."""
        for row in found:
            principal = _principal(row.account_id)

            async def use_case(
                tx: Transaction, known: str = row.id, who: Principal = principal
            ) -> None:
                await work(tx, await get_for_change(tx, self._store, who, known))

            await self._store.commit(use_case)

    async def warn_of_expiry(self, tx: Transaction, credential: Credential) -> None:
        now, expires_at = self._store.now(), credential.expires_at
        if expires_at is None or expires_at <= now or not _lives(credential):
            return
        left_days = -(-(expires_at - now) // DAY_MS)
        stage = next((days for days in sql.STAGES if left_days <= days), None)
        if stage is not None and await self._is_first(
            tx, credential, "expiring", stage, expires_at
        ):
            _tell(tx, EventType.CREDENTIAL_EXPIRING, credential, now, days_left=stage)
            await write_owners(tx, self._store, credential, *letters.expiring(stage))

    async def tell_rotation_due(self, tx: Transaction, credential: Credential) -> None:
        """Also says from when on the token is refused, if the policy wants that."""
        now, due_at = self._store.now(), credential.rotation_due_at
        if due_at > now or not _lives(credential):
            return
        refuse_days = (await policy_in(tx, credential.account_id)).refuse_overdue_after_days
        if refuse_days is not None and credential.refused_from is None:
            refused_from = UnixMs(now + refuse_days * DAY_MS)
            await tx.changed(sql.refuse_from(credential.id, refused_from))
            credential = replace(credential, refused_from=refused_from)
            await self._is_first(tx, credential, "rotation_due", 0, due_at)
        elif not await self._is_first(tx, credential, "rotation_due", 0, due_at):
            return
        _tell(tx, EventType.CREDENTIAL_ROTATION_DUE, credential, now)
        await write_owners(tx, self._store, credential, *letters.rotation_due(credential))

    async def watch_idle(self, tx: Transaction, credential: Credential) -> None:
        """Warn first; disable when the warning is old enough and nothing has happened since."""
        now = self._store.now()
        days = (await policy_in(tx, credential.account_id)).disable_idle_after_days
        if days is None or credential.status is not Status.ACTIVE:
            return
        used = credential.last_used
        since = max(credential.updated_at, used.at if used else UnixMs(0))
        if await self._is_first(tx, credential, "idle", 0, since):
            disabled_from = to_rfc3339(max(since + days * DAY_MS, now + IDLE_WARNING_MS))
            _tell(tx, EventType.CREDENTIAL_IDLE, credential, now, disabled_from=disabled_from)
            await write_owners(tx, self._store, credential, *letters.idle(disabled_from))
            return
        warned_at = (await tx.execute(sql.idle_warning(credential.id, since)))[0].given_at
        if now >= max(since + days * DAY_MS, warned_at + IDLE_WARNING_MS):
            await self._disable(tx, credential, now)

    async def _disable(self, tx: Transaction, before: Credential, now: UnixMs) -> None:
        after = replace(before, status=before.after(Step.DISABLE), updated_at=now)
        await tx.changed(credential_sql.disable_token(after.id, now))
        await tx.changed(credential_sql.set_status(after.id, after.status, now))
        announce(
            tx, _principal(after.account_id), EventType.CREDENTIAL_UPDATED, after,
            before=before, action="credential.disable_idle",
        )  # fmt: skip

    async def _is_first(
        self, tx: Transaction, credential: Credential, kind: str, stage: int, about: UnixMs
    ) -> bool:
        row = (credential.id, kind, stage, about, self._store.now())
        return (await tx.insert(sql.INSERT_NOTICE, [row]))[0]


def _lives(credential: Credential) -> bool:
    return credential.status in {Status.ACTIVE, Status.ROTATING}


def _tell(
    tx: Transaction, event: EventType, credential: Credential, now: UnixMs, **more: object
) -> None:
    data: dict[str, Any] = credential_shape(credential).model_dump()  # Any: JSON
    body = msgspec.json.encode(data | more)
    append(tx, Draft(credential.account_id, event, credential.mode, credential.id, body, now))


def _principal(account_id: str) -> Principal:
    return system(AccountId(account_id), _ACTOR)
