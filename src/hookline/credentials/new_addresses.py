"""Notes that a credential is used from an address for the first time, and tells of it.

At most once for each address: its row is the memory of that, written in the transaction of the event.
"""

from typing import Protocol

import msgspec

from hookline.clock import UnixMs, to_rfc3339
from hookline.credentials import usage_store as sql
from hookline.credentials.reading import get_for_change
from hookline.credentials.schemas import credential_shape
from hookline.events.append import append
from hookline.events.model import Draft, EventType
from hookline.ids import AccountId
from hookline.principal import system
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

ADDRESSES_MAX = 1_000
"""Of one credential. From then on the one that was not used for longest makes room, untold."""
_ACTOR = "credential usage"


class AddressOf(Protocol):
    """Which credential was used from where."""

    @property
    def credential_id(self) -> str: ...
    @property
    def account_id(self) -> str: ...
    @property
    def ip(self) -> str: ...


async def note_new_address(
    tx: Transaction, store: Store, address: AddressOf, at: int, user_agent: str
) -> bool:
    """Note it, and tell of it unless it is the credential's first; whether it was told.

    The credential is locked, so that of two nodes one is first. Raises CredentialNotFound.
    """
    who = system(AccountId(address.account_id), _ACTOR)
    credential = await get_for_change(tx, store, who, address.credential_id)
    row = (credential.id, address.ip, at, at)
    if not (await tx.insert(sql.ADD_ADDRESS, [row]))[0]:
        return False
    known = (await tx.execute(sql.count_addresses(credential.id)))[0][0]
    if known > ADDRESSES_MAX:
        await tx.changed(sql.drop_oldest_address(credential.id))
    if known == 1 or known > ADDRESSES_MAX:
        return False
    use = {"ip": address.ip, "at": to_rfc3339(at), "user_agent": user_agent}
    data = credential_shape(credential).model_dump() | {"new_ip": use}
    append(
        tx,
        Draft(
            credential.account_id,
            EventType.CREDENTIAL_USED_FROM_NEW_IP,
            credential.mode,
            credential.id,
            msgspec.json.encode(data),
            UnixMs(at),
        ),
    )
    return True
