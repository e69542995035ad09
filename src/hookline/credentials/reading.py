"""Reads credentials as the caller may see them."""

from hookline.api.pagination import created_within, page, paged
from hookline.api.wire import Page
from hookline.credentials import schemas
from hookline.credentials import store as sql
from hookline.credentials.errors import CredentialNotFound, NotACredential
from hookline.credentials.model import Credential, TokenVersion, restrictions_from_text
from hookline.ids import is_id
from hookline.principal import Principal, PrincipalKind, Scope
from hookline.restrictions import Restrictions
from hookline.storage.schema import credentials
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

PREFIX = "crd"


async def list_credentials(
    store: Store, principal: Principal, paging: schemas.CredentialFilter
) -> Page[schemas.Credential]:
    """One page of the account's credentials, ended ones too, newest first."""
    principal.require(Scope.CREDENTIALS_READ)
    now = store.now()
    statement = sql.visible_to(principal, now)
    if paging.status is not None:
        statement = statement.where(sql.state_at(now) == paging.status)
    if paging.mode is not None:
        statement = statement.where(credentials.c.mode == paging.mode.value)
    if paging.q is not None:
        statement = sql.described(statement, paging.q)
    statement = statement.where(*created_within(credentials.c.created_at, paging))
    rows = await store.read(paged(statement, credentials.c.id, paging, prefix=PREFIX))
    return page(rows, paging, lambda row: schemas.credential_shape(sql.from_row(row)))


async def get_credential(store: Store, principal: Principal, credential_id: str) -> Credential:
    """One credential. Raises CredentialNotFound."""
    principal.require(Scope.CREDENTIALS_READ)
    return await _read(store, principal, credential_id)


async def get_own(store: Store, principal: Principal) -> Credential:
    """The credential that is calling; needs no scope. Raises NotACredential."""
    return await _read(store, principal, own_id(principal))


async def list_versions(
    store: Store, principal: Principal, credential_id: str
) -> list[TokenVersion]:
    """The credential's latest tokens, the present one first. Raises CredentialNotFound."""
    found = await get_credential(store, principal, credential_id)
    return [sql.version_from_row(row) for row in await store.read(sql.versions(found.id))]


async def restrictions_of(store: Store, credential_id: str) -> Restrictions:
    """What holds a credential now, also one that has ended. Raises CredentialNotFound."""
    found = await store.read(sql.restrictions(credential_id))
    if not found:
        raise CredentialNotFound(_absent(credential_id))
    return restrictions_from_text(found[0].restrictions)


async def get_for_change(
    tx: Transaction, store: Store, principal: Principal, credential_id: str
) -> Credential:
    """One credential, locked until the commit. Raises CredentialNotFound."""
    _check_id(credential_id)
    # Two statements: the second must see what the holder of the lock before us has committed.
    await tx.execute(sql.lock(principal.account_id, credential_id))
    found = await tx.execute(sql.by_id(principal, credential_id, store.now()))
    if not found:
        raise CredentialNotFound(_absent(credential_id))
    return sql.from_row(found[0])


def own_id(principal: Principal) -> str:
    """The caller's own credential id. Raises NotACredential."""
    if principal.kind is not PrincipalKind.CREDENTIAL:
        raise NotACredential("Only a request with a credential's token can use `self`.")
    return principal.id


async def _read(store: Store, principal: Principal, credential_id: str) -> Credential:
    _check_id(credential_id)
    found = await store.read(sql.by_id(principal, credential_id, store.now()))
    if not found:
        raise CredentialNotFound(_absent(credential_id))
    return sql.from_row(found[0])


def _check_id(credential_id: str) -> None:
    if not is_id(PREFIX, credential_id):
        raise CredentialNotFound(_absent(credential_id))


def _absent(credential_id: str) -> str:
    return f"There is no credential {credential_id[:64]!r} here. Check the id and the mode."
