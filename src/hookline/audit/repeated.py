"""Acts that take many requests and are noted once, such as listening to a recording."""

from sqlalchemy import Select, literal, select

from hookline.audit.append import record
from hookline.clock import HOUR_MS, UnixMs
from hookline.principal import Principal
from hookline.storage.schema import audit
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

_SAME_FOR_MS = HOUR_MS


async def record_once(store: Store, principal: Principal, action: str, resource_id: str) -> None:
    """Note the act, durably, unless the same caller did it from the same address within an hour.

    A player asks for a file in many parts, from wherever it likes: which part is asked for says
    nothing, so that nobody is missed who leaves out the beginning. Two first requests at the same
    moment may both be noted.
    """
    since = UnixMs(store.now() - _SAME_FOR_MS)
    if await store.read(_alike(principal, action, resource_id, since)):
        return

    async def note(tx: Transaction) -> None:
        record(tx, principal, action, resource_id)

    await store.commit(note)


def _alike(principal: Principal, action: str, resource_id: str, since: UnixMs) -> Select[int]:
    return (
        select(literal(1))
        .where(audit.c.account_id == principal.account_id, audit.c.resource_id == resource_id)
        .where(audit.c.action == action, audit.c.at >= since)
        .where(audit.c.actor_kind == principal.kind.value, audit.c.actor_id == principal.id)
        .where(audit.c.ip == principal.ip if principal.ip else audit.c.ip.is_(None))
        .limit(1)
    )
