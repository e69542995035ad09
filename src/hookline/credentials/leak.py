"""Takes a report that a token has leaked: whoever finds it can stop it, and needs no account.

What was a token's present one revokes its credential; an old one in its grace ends there. The caller
learns nothing: neither the answer nor its time says whether the token was live.
"""

from dataclasses import replace

import msgspec

from hookline.api.authentication import InvalidToken
from hookline.api.context import RequestContext
from hookline.credentials import store as sql
from hookline.credentials.grace import end_grace
from hookline.credentials.letters import write_owners
from hookline.credentials.model import Credential, Status
from hookline.credentials.reading import get_for_change
from hookline.credentials.revocation import revoke_credential
from hookline.credentials.schemas import credential_shape
from hookline.credentials.tokens import parse_token
from hookline.events.append import append
from hookline.events.model import Draft, EventType
from hookline.ids import AccountId
from hookline.principal import Principal, system
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

_ACTOR = "leak report"
_LIVE = frozenset({Status.ACTIVE, Status.ROTATING, Status.DISABLED_IDLE})


async def report_leak(
    tx: Transaction, store: Store, token: str, url: str | None, context: RequestContext
) -> None:
    """Stop the token if it is live, and tell the owners. `url`: where it was found."""
    try:
        digest = parse_token(token)
    except InvalidToken:
        return
    found = await tx.execute(sql.owner_of_token(digest))
    if not found:
        return
    principal = replace(
        system(AccountId(found[0].account_id), _ACTOR),
        ip=context.ip,
        user_agent=context.user_agent,
        request_id=context.request_id,
    )
    known = str(found[0].credential_id)
    before = await get_for_change(tx, store, principal, known)
    row = (await tx.execute(sql.owner_of_token(digest)))[0]
    shown = f"{row.prefix}…{row.last4}"
    if row.status in {"active", "disabled"} and before.status in _LIVE:
        why = f"leaked{f', found at {url}' if url else ''}"
        after = await revoke_credential(tx, store, principal, known, reason=why)
    elif row.status == "rotated" and row.ended_at > store.now() and before.status in _LIVE:
        after = await end_grace(tx, store, principal, known)
    else:
        return
    await _tell(tx, store, principal, after, shown, url)


async def _tell(
    tx: Transaction,
    store: Store,
    principal: Principal,
    credential: Credential,
    token: str,
    url: str | None,
) -> None:
    shape = credential_shape(credential).model_dump()
    data = msgspec.json.encode(shape | {"leak": {"token": token, "url": url}})
    event = EventType.CREDENTIAL_LEAKED
    append(
        tx,
        Draft(credential.account_id, event, credential.mode, credential.id, data, store.now()),
    )
    where = f" It was found at {url}" if url else ""
    await write_owners(
        tx, store, credential, "Leaked token stopped",
        f"Somebody reported the token {token} of the credential below as leaked, so it was stopped "
        f"at once.{where}\n\nLook at what was done with it, and give its application a new one.",
    )  # fmt: skip
