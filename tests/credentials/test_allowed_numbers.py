"""The numbers and countries that a credential is bound to, as they are set and handed on."""

import pytest

from hookline.accounts.model import Account
from hookline.credentials.changing import Change, patch_credential
from hookline.credentials.rotation import rotate_credential
from hookline.errors import Invalid
from hookline.numbers.sandbox import furnish_sandbox
from hookline.principal import Principal, PrincipalKind, RestrictionWidened, Scope
from hookline.restrictions import Restrictions
from hookline.storage.store import Store
from tests.credentials.issued import issue
from tests.services.store import owner_of

ONE, TWO = "+12025550100", "+12025550101"


@pytest.fixture
async def owner(store: Store, account: Account) -> Principal:
    """Of an account with two numbers."""
    await store.commit(lambda tx: furnish_sandbox(tx, store, account.id))
    return owner_of(account)


def bound(account: Account, **restrictions: tuple[str, ...]) -> Principal:
    """A credential that is held itself."""
    return Principal(
        account.id, PrincipalKind.CREDENTIAL, "crd_x", frozenset(Scope),
        restrictions=Restrictions(**restrictions),  # type: ignore[arg-type]  # by name
    )  # fmt: skip


async def test_numbers_are_kept_as_the_account_has_them(store: Store, owner: Principal) -> None:
    made = await issue(store, owner, allowed_numbers=(TWO, "+1 (202) 555-0100", TWO))
    assert made.credential.restrictions.allowed_numbers == (ONE, TWO)


@pytest.mark.parametrize("number", ["+12025550999", "Hookline", "", "+"])
async def test_a_number_that_is_not_the_accounts_is_refused(
    store: Store, owner: Principal, number: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await issue(store, owner, allowed_numbers=(ONE, number))
    error = refused.value.errors[0]
    assert (error.pointer, error.code) == ("/allowed_numbers/1", "unknown_number")


async def test_another_accounts_number_is_not_there(
    store: Store, owner: Principal, other_account: Account
) -> None:
    with pytest.raises(Invalid):
        await issue(store, owner_of(other_account), allowed_numbers=(ONE,))


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"allowed_numbers": (ONE, TWO), "allowed_countries": ("US",)},
        {"allowed_numbers": (ONE,), "allowed_countries": ("GB", "US")},
        {"allowed_numbers": (ONE,)},
    ],
)
async def test_nobody_makes_one_that_has_more(
    store: Store, account: Account, owner: Principal, wanted: dict[str, tuple[str, ...]]
) -> None:
    held = bound(account, allowed_numbers=(ONE,), allowed_countries=("US",))
    with pytest.raises(RestrictionWidened):
        await issue(store, held, **wanted)
    await issue(store, held, allowed_numbers=(ONE,), allowed_countries=("US",))


async def test_nobody_widens_or_takes_over_one_that_has_more(
    store: Store, account: Account, owner: Principal
) -> None:
    held = bound(account, allowed_numbers=(ONE,))
    narrow = (await issue(store, owner, allowed_numbers=(ONE,))).credential.id
    wide = (await issue(store, owner)).credential.id
    lift = Change(restrictions={"allowed_numbers": None})
    with pytest.raises(RestrictionWidened):
        await store.commit(lambda tx: patch_credential(tx, store, held, narrow, lift))
    with pytest.raises(RestrictionWidened):
        await store.commit(lambda tx: rotate_credential(tx, store, held, wide))
    assert await store.commit(lambda tx: rotate_credential(tx, store, held, narrow))


async def test_what_a_change_does_not_name_stays(store: Store, owner: Principal) -> None:
    made = await issue(store, owner, allowed_numbers=(ONE,), allowed_countries=("US",))
    change = Change(restrictions={"allowed_countries": None})
    changed = await store.commit(
        lambda tx: patch_credential(tx, store, owner, made.credential.id, change)
    )
    assert changed.restrictions == Restrictions(allowed_numbers=(ONE,))
