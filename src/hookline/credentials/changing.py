"""Changes a credential's description, scopes, expiry or restrictions, without a new token."""

from dataclasses import dataclass, field, replace

from hookline.credentials import model
from hookline.credentials import store as sql
from hookline.credentials import usage_store as usage_sql
from hookline.credentials.announcement import announce
from hookline.credentials.lifetime import check_lifetime
from hookline.credentials.model import Credential, Step
from hookline.credentials.reading import get_for_change
from hookline.credentials.restricting import Changes, restricted
from hookline.events.model import EventType
from hookline.principal import Principal, Scope
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Change:
    """What to change; None leaves it as it is."""

    description: str | None = None
    scopes: frozenset[Scope] | None = None
    expires_in_days: int | None = None
    """Counted from now."""
    lifts_expiry: bool = False
    """It never expires any more."""
    restrictions: Changes = field(default_factory=dict)
    """By name; None lifts one, and those left out stay."""


async def patch_credential(
    tx: Transaction,
    store: Store,
    principal: Principal,
    credential_id: str,
    change: Change,
) -> Credential:
    """Change a credential from its next request on; the result is within what the caller has.

    Raises CredentialNotFound, CredentialEnded, CredentialDisabled, ScopeNotHeld, OutlivesCaller,
    RestrictionWidened, NotOnItself, Invalid.
    """
    principal.require(Scope.CREDENTIALS_WRITE)
    model.check_not_itself(principal, credential_id)
    before = await get_for_change(tx, store, principal, credential_id)
    after = replace(before, status=before.after(Step.CHANGE))
    if change.description is not None:
        after = replace(after, description=model.clean_description(change.description))
    if change.scopes is not None:
        after = replace(after, scopes=model.check_any_scope(change.scopes))
    if change.lifts_expiry or change.expires_in_days is not None:
        days = None if change.lifts_expiry else change.expires_in_days
        after = replace(after, expires_at=model.expiry_in(days, store.now()))
        await check_lifetime(tx, principal, after.expires_at)
    restrictions = await restricted(
        tx, principal.account_id, before.restrictions, change.restrictions
    )
    after = replace(after, restrictions=restrictions)
    model.check_scopes(principal, after.scopes)
    principal.require_within(after.restrictions)
    if after == before:
        return before
    after = replace(after, updated_at=store.now())
    for statement in sql.change(after):
        await tx.changed(statement)
    await _note_grants(tx, before, after)
    announce(tx, principal, EventType.CREDENTIAL_UPDATED, after, before=before)
    return after


async def _note_grants(tx: Transaction, before: Credential, after: Credential) -> None:
    """A scope that was just added is not one that nobody needs."""
    added = sorted(after.scopes - before.scopes)
    if not added:
        return
    rows = [(after.id, scope.value, after.updated_at) for scope in added]
    await tx.insert(usage_sql.FIRST_GRANT, rows)
    await tx.update(usage_sql.GRANT, rows)
