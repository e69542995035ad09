"""Use cases of erasures: ask for one, follow it. Free of HTTP."""

from dataclasses import replace

from hookline.audit.append import record
from hookline.erasure import store as sql
from hookline.erasure.errors import ErasureNotFound, OwnNumber
from hookline.erasure.model import PREFIX, Erasure, ErasureStatus
from hookline.numbers.e164 import parse_number_at, redact
from hookline.principal import Principal, Scope
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

TOPIC = "erasures"
NEEDED = (Scope.RECORDINGS_DELETE, Scope.MESSAGES_SEND)
"""What deletes a recording, and what removes a message's text."""


async def begin_erasure(
    tx: Transaction, store: Store, principal: Principal, number: str
) -> Erasure:
    """Have whoever has this number forgotten; a node carries it out.

    Raises InvalidNumber, OwnNumber, InsufficientScope, RestrictionWidened.
    """
    for scope in NEEDED:
        principal.require(scope)
    principal.require_within(
        replace(principal.restrictions, allowed_numbers=None, allowed_countries=None)
    )
    person = parse_number_at("/number", number)
    if await tx.execute(sql.own_number(principal.account_id, person)):
        raise OwnNumber.at(
            "/number",
            OwnNumber.code,
            "This number is the account's own. Give the number of the person to be forgotten.",
        )
    now = store.now()
    new = Erasure(
        id=store.ids.new(PREFIX),
        account_id=principal.account_id,
        mode=principal.mode,
        number=person,
        status=ErasureStatus.RUNNING,
        messages=0,
        calls=0,
        recordings=0,
        step=0,
        asked_by=principal.label or principal.id,
        created_at=now,
        erased_at=now,
    )
    await tx.execute(sql.add(new))
    record(tx, principal, "erasure.create", new.id, after={"number": redact(person)})
    tx.notify(TOPIC)
    return new


async def get_erasure(store: Store, principal: Principal, erasure_id: str) -> Erasure:
    """One erasure of the caller's account and mode. Raises ErasureNotFound."""
    rows = await store.read(sql.by_id(principal.account_id, principal.mode, erasure_id))
    if not rows:
        raise ErasureNotFound(erasure_id)
    return sql.erasure_of(rows[0])
