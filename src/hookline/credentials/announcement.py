"""Tells of a change: the event for receivers, the row for the audit trail. Never the token."""

from hookline.audit.append import record
from hookline.clock import UnixMs, to_rfc3339
from hookline.credentials.model import Credential
from hookline.credentials.schemas import credential_shape
from hookline.events.append import append
from hookline.events.model import Draft, EventType
from hookline.principal import Principal
from hookline.storage.transaction import Transaction

_ACTIONS = {
    EventType.CREDENTIAL_CREATED: "credential.create",
    EventType.CREDENTIAL_UPDATED: "credential.update",
    EventType.CREDENTIAL_ROTATED: "credential.rotate",
    EventType.CREDENTIAL_REVOKED: "credential.revoke",
}


def announce(
    tx: Transaction,
    principal: Principal,
    event: EventType,
    credential: Credential,
    *,
    before: Credential | None = None,
    reason: str | None = None,
    action: str | None = None,
) -> None:
    """Append the event with the credential as it is now, and record who did it.

    `action`: what the audit trail calls it, where the event says less.
    """
    occurred_at: UnixMs = credential.updated_at
    data = credential_shape(credential).model_dump_json().encode()
    append(
        tx,
        Draft(credential.account_id, event, credential.mode, credential.id, data, occurred_at),
    )
    after = _facts(credential)
    if reason:
        after["reason"] = reason
    record(
        tx,
        principal,
        action or _ACTIONS[event],
        credential.id,
        before=_facts(before) if before else None,
        after=after,
    )


def _facts(credential: Credential) -> dict[str, object]:
    facts: dict[str, object] = {
        "description": credential.description,
        "mode": credential.mode.value,
        "scopes": sorted(credential.scopes),
        "restrictions": credential.restrictions.in_words,
        "status": credential.status.value,
        "token": f"{credential.prefix}…{credential.last4}",
    }
    if credential.expires_at is not None:
        facts["expires_at"] = to_rfc3339(credential.expires_at)
    if credential.previous is not None:
        facts["grace_ends_at"] = to_rfc3339(credential.previous.grace_ends_at)
    return facts
