"""How long a credential lives: nobody hands out a life that is longer than their own."""

from hookline.clock import UnixMs
from hookline.credentials import store as sql
from hookline.credentials.errors import OutlivesCaller
from hookline.principal import Principal, PrincipalKind
from hookline.storage.transaction import Transaction


async def check_lifetime(tx: Transaction, principal: Principal, expires_at: UnixMs | None) -> None:
    """Raise OutlivesCaller when the caller is a credential that expires before then."""
    if principal.kind is not PrincipalKind.CREDENTIAL:
        return
    found = await tx.execute(sql.expiry_of(principal.id))
    own = found[0].expires_at if found else None
    if own is not None and (expires_at is None or expires_at > own):
        raise OutlivesCaller("You expire before it would: ask for fewer days.")
