"""Enables a credential that was disabled because nobody used it."""

from dataclasses import replace

from hookline.credentials import model
from hookline.credentials import store as sql
from hookline.credentials.announcement import announce
from hookline.credentials.model import Credential, Step
from hookline.credentials.reading import get_for_change
from hookline.events.model import EventType
from hookline.principal import Principal, Scope
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction


async def enable_credential(
    tx: Transaction, store: Store, principal: Principal, credential_id: str
) -> Credential:
    """Let its token work again, from the next request on; repeating it changes nothing.

    Raises CredentialNotFound, CredentialEnded, ScopeNotHeld, RestrictionWidened.
    """
    principal.require(Scope.CREDENTIALS_WRITE)
    before = await get_for_change(tx, store, principal, credential_id)
    after = replace(before, status=before.after(Step.ENABLE), updated_at=store.now())
    model.check_scopes(principal, after.scopes)
    principal.require_within(after.restrictions)
    if after.status is before.status:
        return before
    await tx.changed(sql.enable_token(after.id))
    await tx.changed(sql.set_status(after.id, after.status, after.updated_at))
    announce(
        tx, principal, EventType.CREDENTIAL_UPDATED, after,
        before=before, action="credential.enable",
    )  # fmt: skip
    return after
