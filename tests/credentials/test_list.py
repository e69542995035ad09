from typing import Any

import pytest

from hookline.accounts.model import Account
from hookline.credentials.reading import list_credentials
from hookline.credentials.revocation import revoke_credential
from hookline.credentials.schemas import CredentialFilter
from hookline.principal import Mode, Principal, PrincipalKind, Scope
from hookline.storage.store import Store
from tests.credentials.issued import issue
from tests.services.store import owner_of


async def descriptions(store: Store, principal: Principal, **wanted: Any) -> list[str]:
    page = await list_credentials(store, principal, CredentialFilter(**wanted))
    return [credential.description for credential in page.data]


@pytest.fixture
async def three(store: Store, account: Account) -> Principal:
    """A live, a test and a revoked credential, in this order."""
    owner = owner_of(account)
    await issue(store, owner, description="Équipe 100%")
    await issue(store, owner, description="Sandbox", mode=Mode.TEST)
    known = (await issue(store, owner, description="Old CRM")).credential.id
    await store.commit(lambda tx: revoke_credential(tx, store, owner, known))
    return owner


async def test_newest_first_and_ended_ones_stay(store: Store, three: Principal) -> None:
    assert await descriptions(store, three) == ["Old CRM", "Sandbox", "Équipe 100%"]
    assert await descriptions(store, three, order="asc", limit=1) == ["Équipe 100%"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"status": "active"}, ["Sandbox", "Équipe 100%"]),
        ({"status": "revoked"}, ["Old CRM"]),
        ({"mode": "test"}, ["Sandbox"]),
        ({"q": "crm"}, ["Old CRM"]),
        ({"q": "Équ"}, ["Équipe 100%"]),
        ({"q": "%"}, ["Équipe 100%"]),
    ],
)
async def test_filters(
    store: Store, three: Principal, wanted: dict[str, str], expected: list[str]
) -> None:
    assert await descriptions(store, three, **wanted) == expected


async def test_pages_follow_each_other(store: Store, three: Principal) -> None:
    first = await list_credentials(store, three, CredentialFilter(limit=2))
    assert first.has_more
    rest = await descriptions(store, three, limit=2, cursor=first.next_cursor)
    assert rest == ["Équipe 100%"]


async def test_test_callers_see_test_credentials_only(
    store: Store, account: Account, three: Principal
) -> None:
    caller = Principal(account.id, PrincipalKind.CREDENTIAL, "crd_x", frozenset(Scope), Mode.TEST)
    assert await descriptions(store, caller) == ["Sandbox"]


async def test_outsiders_see_nothing(
    store: Store, other_account: Account, three: Principal
) -> None:
    assert await descriptions(store, owner_of(other_account)) == []
