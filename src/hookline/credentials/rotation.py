"""Rotates a credential: a new token, and the old one is refused at once or after a grace.

At most two tokens of a credential work at any time. A grace ends by the clock, without anything
that has to run: its end stands in the old token's row, and every look-up compares it.
"""

from dataclasses import replace

from hookline.api.authentication import InvalidToken
from hookline.clock import SECOND_MS, UnixMs
from hookline.credentials import grace_store as grace_sql
from hookline.credentials import model
from hookline.credentials import store as sql
from hookline.credentials.announcement import announce
from hookline.credentials.authentication import TokenState, refusal
from hookline.credentials.errors import RotationUnderWay
from hookline.credentials.issuing import Issued
from hookline.credentials.model import Credential, PreviousToken, Rotation
from hookline.credentials.reading import get_for_change, own_id
from hookline.credentials.tokens import Token
from hookline.events.model import EventType
from hookline.principal import Principal, Scope
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

AT_ONCE = Rotation()


async def rotate_credential(
    tx: Transaction,
    store: Store,
    principal: Principal,
    credential_id: str,
    rotation: Rotation = AT_ONCE,
) -> Issued:
    """Replace the token.

    Raises CredentialNotFound, CredentialEnded, CredentialDisabled, RotationUnderWay, ScopeNotHeld,
    RestrictionWidened, Invalid.
    """
    principal.require(Scope.CREDENTIALS_WRITE)
    rotation.check()
    credential = await get_for_change(tx, store, principal, credential_id)
    model.check_scopes(principal, credential.scopes)
    principal.require_within(credential.restrictions)
    return await _rotate(tx, store, principal, credential, rotation)


async def rotate_own(
    tx: Transaction,
    store: Store,
    principal: Principal,
    digest: bytes,
    rotation: Rotation = AT_ONCE,
) -> Issued:
    """The credential that is calling replaces its own token, whose digest is given.

    Of two requests at once with one token, the second must not kill the first's new token: it
    raises InvalidToken, as it would have a moment later; RotationUnderWay while that token is in
    its grace. Raises InsufficientScope, Invalid.
    """
    principal.require(Scope.CREDENTIALS_ROTATE_SELF)
    rotation.check()
    credential = await get_for_change(tx, store, principal, own_id(principal))
    await check_present(tx, digest, store.now())
    return await _rotate(tx, store, principal, credential, rotation)


async def check_present(tx: Transaction, digest: bytes, now: UnixMs) -> None:
    """Raise InvalidToken when the token has ended, RotationUnderWay when it is in its grace."""
    found = await tx.execute(sql.token_state(digest))
    if not found:
        raise InvalidToken("The token is not known.")
    row = found[0]
    state = TokenState(row.status, row.ended_at, row.rotated_at, row.expires_at, row.refused_from)
    if not state.is_valid(now):
        raise refusal(state)
    if state.status != "active":
        raise RotationUnderWay(
            "This token has been rotated out and is in its grace. Rotate with the new one."
        )


async def _rotate(
    tx: Transaction,
    store: Store,
    principal: Principal,
    before: Credential,
    rotation: Rotation,
) -> Issued:
    now, token = store.now(), Token.new(before.mode)
    ends_at = UnixMs(min(now + rotation.grace_s * SECOND_MS, before.expires_at or 2**62))
    early_s = rotation.end_after_first_use_s
    credential = replace(
        before,
        status=before.after(rotation.step),
        prefix=token.prefix,
        last4=token.last4,
        updated_at=now,
        rotated_at=now,
        last_used=None,
        previous=_in_grace(before, now, ends_at) if rotation.grace_s else None,
        refused_from=None,
        first_use_grace_ms=None if early_s is None else early_s * SECOND_MS,
    )
    await tx.changed(grace_sql.set_grace_end(credential.id, now, now))
    await tx.changed(grace_sql.rotate_out(credential.id, now, ends_at))
    await tx.changed(sql.mark_rotated(credential.id, now, now))
    tx.add(sql.INSERT_TOKEN, sql.new_token_row(credential, token, now))
    announce(
        tx, principal, EventType.CREDENTIAL_ROTATED, credential,
        before=before, reason=rotation.reason,
    )  # fmt: skip
    return Issued(credential, token.text)


def _in_grace(before: Credential, now: UnixMs, ends_at: UnixMs) -> PreviousToken:
    return PreviousToken(
        prefix=before.prefix,
        last4=before.last4,
        created_at=before.rotated_at or before.created_at,
        rotated_at=now,
        grace_ends_at=ends_at,
        is_extended=False,
        last_used=before.last_used,
    )
