"""Rotates a credential: a new token, and the old one is refused from the commit on."""

from dataclasses import replace

from hookline.api.authentication import InvalidToken
from hookline.credentials import model
from hookline.credentials import store as sql
from hookline.credentials.announcement import announce
from hookline.credentials.authentication import refusal
from hookline.credentials.issuing import Issued
from hookline.credentials.model import Credential, Step
from hookline.credentials.reading import get_for_change, own_id
from hookline.credentials.tokens import Token
from hookline.events.model import EventType
from hookline.principal import Principal, Scope
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction


async def rotate_credential(
    tx: Transaction,
    store: Store,
    principal: Principal,
    credential_id: str,
    *,
    reason: str | None = None,
) -> Issued:
    """Replace the token.

    Raises CredentialNotFound, CredentialEnded, ScopeNotHeld, RestrictionWidened.
    """
    principal.require(Scope.CREDENTIALS_WRITE)
    credential = await get_for_change(tx, principal, credential_id)
    model.check_scopes(principal, credential.scopes)
    principal.require_within(credential.restrictions)
    return await _rotate(tx, store, principal, credential, reason)


async def rotate_own(
    tx: Transaction,
    store: Store,
    principal: Principal,
    digest: bytes,
    *,
    reason: str | None = None,
) -> Issued:
    """The credential that is calling replaces its own token, whose digest is given.

    Of two requests at once with one token, the second must not kill the first's new token: it
    raises InvalidToken, as it would have a moment later. Raises InsufficientScope.
    """
    principal.require(Scope.CREDENTIALS_ROTATE_SELF)
    credential = await get_for_change(tx, principal, own_id(principal))
    await check_still_valid(tx, digest)
    return await _rotate(tx, store, principal, credential, reason)


async def check_still_valid(tx: Transaction, digest: bytes) -> None:
    """Raise InvalidToken when the token has ended since the request was let in."""
    found = await tx.execute(sql.token_state(digest))
    if not found:
        raise InvalidToken("The token is not known.")
    if found[0].status != "active":
        raise refusal(found[0].status, found[0].ended_at)


async def _rotate(
    tx: Transaction,
    store: Store,
    principal: Principal,
    before: Credential,
    reason: str | None,
) -> Issued:
    now, token = store.now(), Token.new(before.mode)
    credential = replace(
        before,
        status=before.after(Step.ROTATE),
        prefix=token.prefix,
        last4=token.last4,
        updated_at=now,
        rotated_at=now,
        last_used=None,
    )
    await tx.changed(sql.end_token(credential.id, "rotated", now))
    await tx.changed(sql.mark_rotated(credential.id, now))
    tx.add(sql.INSERT_TOKEN, sql.new_token_row(credential, token, now))
    announce(tx, principal, EventType.CREDENTIAL_ROTATED, credential, before=before, reason=reason)
    return Issued(credential, token.text)
