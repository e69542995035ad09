"""Ends, extends or cancels the grace of a rotation that is under way."""

from dataclasses import replace

from hookline.clock import SECOND_MS, UnixMs
from hookline.credentials import grace_store as grace_sql
from hookline.credentials import model
from hookline.credentials import store as sql
from hookline.credentials.announcement import announce
from hookline.credentials.errors import GraceExtended
from hookline.credentials.model import EXTENSION_S, GRACE_MAX_S, Credential, PreviousToken, Step
from hookline.credentials.reading import get_for_change
from hookline.errors import Invalid
from hookline.events.model import EventType
from hookline.principal import Principal, Scope
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction


async def end_grace(
    tx: Transaction, store: Store, principal: Principal, credential_id: str
) -> Credential:
    """Refuse the old token from now on.

    Raises CredentialNotFound, CredentialEnded, CredentialDisabled, NotRotating.
    """
    before, _ = await _rotating(tx, store, principal, credential_id, Step.END_GRACE)
    now = store.now()
    after = replace(
        before,
        status=before.after(Step.END_GRACE),
        updated_at=now,
        previous=None,
        first_use_grace_ms=None,
    )
    await tx.changed(grace_sql.set_grace_end(after.id, now, now))
    await tx.changed(grace_sql.forget_first_use(after.id))
    await _tell(tx, principal, before, after, "credential.expire_now")
    return after


async def cancel_rotation(
    tx: Transaction, store: Store, principal: Principal, credential_id: str
) -> Credential:
    """Refuse the new token from now on; the old one goes on as if nothing had been.

    Raises CredentialNotFound, CredentialEnded, CredentialDisabled, NotRotating, ScopeNotHeld,
    RestrictionWidened.
    """
    before, old = await _rotating(tx, store, principal, credential_id, Step.CANCEL_ROTATION)
    model.check_scopes(principal, before.scopes)
    principal.require_within(before.restrictions)
    now = store.now()
    after = replace(
        before,
        status=before.after(Step.CANCEL_ROTATION),
        prefix=old.prefix,
        last4=old.last4,
        updated_at=now,
        rotated_at=old.created_at if old.created_at != before.created_at else None,
        last_used=old.last_used,
        refused_from=None,
        previous=None,
        first_use_grace_ms=None,
    )
    await tx.changed(grace_sql.cancel_present(after.id, now))
    await tx.changed(grace_sql.restore_previous(after.id, now))
    await tx.changed(sql.mark_rotated(after.id, after.rotated_at, now))
    await _tell(tx, principal, before, after, "credential.rotate_cancel")
    return after


async def extend_grace(
    tx: Transaction,
    store: Store,
    principal: Principal,
    credential_id: str,
    seconds: int = EXTENSION_S,
) -> Credential:
    """Have the old token live so many seconds longer, once, whatever the new one's first use.

    Raises CredentialNotFound, CredentialEnded, CredentialDisabled, NotRotating, GraceExtended,
    ScopeNotHeld, RestrictionWidened, Invalid.
    """
    model.check_grace(seconds)
    before, old = await _rotating(tx, store, principal, credential_id, Step.EXTEND_GRACE)
    model.check_scopes(principal, before.scopes)
    principal.require_within(before.restrictions)
    if old.is_extended:
        raise GraceExtended("This grace was extended before, and that goes once.")
    now = store.now()
    ends_at = _extended(before, old, now, seconds)
    longer = replace(old, grace_ends_at=ends_at, is_extended=True)
    after = replace(before, updated_at=now, previous=longer, first_use_grace_ms=None)
    await tx.changed(grace_sql.set_grace_end(after.id, now, ends_at, is_extended=1))
    await tx.changed(grace_sql.forget_first_use(after.id))
    await _tell(tx, principal, before, after, "credential.extend_grace")
    return after


def _extended(before: Credential, old: PreviousToken, now: UnixMs, seconds: int) -> UnixMs:
    ends_at = old.grace_ends_at + seconds * SECOND_MS
    if ends_at > now + GRACE_MAX_S * SECOND_MS:
        raise Invalid.at(
            "/grace_seconds", "grace_too_long", "A grace ends 30 days from now at the latest."
        )
    return UnixMs(min(ends_at, before.expires_at or ends_at))


async def _rotating(
    tx: Transaction, store: Store, principal: Principal, credential_id: str, step: Step
) -> tuple[Credential, PreviousToken]:
    principal.require(Scope.CREDENTIALS_WRITE)
    credential = await get_for_change(tx, store, principal, credential_id)
    credential.after(step)
    assert credential.previous is not None, "a rotating credential has a token in its grace"
    return credential, credential.previous


async def _tell(
    tx: Transaction, principal: Principal, before: Credential, after: Credential, action: str
) -> None:
    await tx.changed(sql.touch(after.id, after.updated_at))
    announce(tx, principal, EventType.CREDENTIAL_UPDATED, after, before=before, action=action)
