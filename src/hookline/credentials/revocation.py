"""Revokes a credential: it stops at once, and stays listed with who, when and why."""

from dataclasses import replace

from hookline.credentials import grace_store as grace_sql
from hookline.credentials import store as sql
from hookline.credentials.announcement import announce
from hookline.credentials.model import REASON_MAX, Actor, Credential, Ending, Status, Step
from hookline.credentials.reading import get_for_change, own_id
from hookline.events.model import EventType
from hookline.principal import Principal, Scope
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

DEFAULT_REASON = "deleted"


async def revoke_credential(
    tx: Transaction,
    store: Store,
    principal: Principal,
    credential_id: str,
    *,
    reason: str | None = None,
) -> Credential:
    """Stop a credential; repeating it changes nothing. Raises CredentialNotFound."""
    principal.require(Scope.CREDENTIALS_WRITE)
    return await _revoke(tx, store, principal, credential_id, reason)


async def revoke_own(
    tx: Transaction, store: Store, principal: Principal, *, reason: str | None = None
) -> Credential:
    """The credential that is calling stops itself; needs no scope. Raises NotACredential."""
    return await _revoke(tx, store, principal, own_id(principal), reason)


async def _revoke(
    tx: Transaction,
    store: Store,
    principal: Principal,
    credential_id: str,
    reason: str | None,
) -> Credential:
    before = await get_for_change(tx, store, principal, credential_id)
    if before.status is Status.REVOKED:
        return before
    now, by = store.now(), Actor(principal.id, principal.label)
    ending = Ending(now, by, (reason or "").strip()[:REASON_MAX] or DEFAULT_REASON)
    credential = replace(
        before,
        status=before.after(Step.REVOKE),
        updated_at=now,
        ended=ending,
        previous=None,
        first_use_grace_ms=None,
    )
    await tx.changed(sql.end_present(credential.id, "revoked", now))
    await tx.changed(grace_sql.set_grace_end(credential.id, now, now))
    await tx.changed(sql.mark_ended(credential.id, credential.status, ending))
    announce(
        tx, principal, EventType.CREDENTIAL_REVOKED, credential,
        before=before, reason=ending.reason,
    )  # fmt: skip
    return credential
