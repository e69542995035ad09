import asyncio

import pytest
from sqlalchemy import select

from hookline.accounts.errors import (
    GrantNotHeld,
    InvitationNeeded,
    LastOwner,
    OwnersOnly,
    UserExists,
    UserNotFound,
)
from hookline.accounts.model import Account
from hookline.accounts.passwords import NewPassword
from hookline.accounts.people import UserChange, change_user, get_user, remove_user
from hookline.accounts.roles import Role
from hookline.accounts.tenancy import rename_account
from hookline.errors import Invalid
from hookline.principal import (
    InsufficientScope,
    LiveModeNeeded,
    Mode,
    Principal,
    PrincipalKind,
    Scope,
)
from hookline.storage.schema import audit, users
from hookline.storage.store import Store
from tests.accounts.cast import add, as_caller, as_credential


async def change(store: Store, by: Principal, user_id: str, wanted: UserChange) -> None:
    await store.commit(lambda tx: change_user(tx, store, by, user_id, wanted))


async def test_address_is_kept_in_lower_case(store: Store, account: Account) -> None:
    member = await add(store, account, " Dana@Example.COM ")
    assert member.email == "dana@example.com"


@pytest.mark.parametrize(
    "email", ["", "dana", "@example.com", "a b@example.com", "a@b@c", "a@b\n", "a@" + "b" * 300]
)
async def test_what_is_no_address_is_refused(store: Store, account: Account, email: str) -> None:
    if email.endswith("\n"):
        email = "a@b\nc"
    with pytest.raises(Invalid):
        await add(store, account, email)


async def test_user_is_added_once(store: Store, account: Account) -> None:
    await add(store, account, "dana@example.com")
    with pytest.raises(UserExists):
        await add(store, account, "DANA@example.com")


async def test_same_person_in_two_accounts_is_one_user(
    store: Store, account: Account, other_account: Account
) -> None:
    here = await add(store, account, "dana@example.com", Role.ADMIN)
    there = await add(store, other_account, "dana@example.com", Role.VIEWER)
    assert here.id == there.id
    assert (await get_user(store, as_caller(here), here.id)).grant.role is Role.ADMIN


async def test_password_of_somebody_elses_user_is_not_replaced(
    store: Store, account: Account, other_account: Account
) -> None:
    await add(store, account, "dana@example.com")
    chosen = NewPassword("hash", "text", is_generated=False)
    with pytest.raises(Invalid, match="has a password already"):
        await add(store, other_account, "dana@example.com", password=chosen)


async def test_known_person_is_not_added_without_their_consent(
    store: Store, account: Account, other_account: Account
) -> None:
    await add(store, account, "dana@example.com")
    admin = await add(store, other_account, "a@example.com")
    for by in (as_caller(admin), as_credential(other_account)):
        with pytest.raises(InvitationNeeded):
            await add(store, other_account, "dana@example.com", by=by)


async def test_admin_without_a_right_cannot_give_it(store: Store, account: Account) -> None:
    limited = await add(
        store, account, "l@example.com", permissions={Scope.CREDENTIALS_WRITE: False}
    )
    by = as_caller(limited)
    with pytest.raises(GrantNotHeld, match="credentials:write"):
        await add(store, account, "new@example.com", by=by)
    with pytest.raises(GrantNotHeld):
        await change(store, by, limited.id, UserChange(permissions={Scope.CREDENTIALS_WRITE: True}))


async def test_right_is_taken_and_given_back(store: Store, account: Account) -> None:
    admin = as_caller(await add(store, account, "a@example.com"))
    user = await add(store, account, "u@example.com")
    for has in (False, True):
        wanted = UserChange(permissions={Scope.CREDENTIALS_WRITE: has})
        await change(store, admin, user.id, wanted)
        scopes = (await get_user(store, admin, user.id)).scopes
        assert (Scope.CREDENTIALS_WRITE in scopes) is has


async def test_change_is_audited_before_and_after(store: Store, account: Account) -> None:
    admin = as_caller(await add(store, account, "a@example.com"))
    user = await add(store, account, "u@example.com", Role.VIEWER)
    await change(store, admin, user.id, UserChange(role=Role.DEVELOPER, name="Uma"))
    row = (await store.read(select(audit).where(audit.c.action == "user.change")))[0]
    assert ('"role":"viewer"' in row.before, '"role":"developer"' in row.after) == (True, True)
    assert row.actor_label == "a@example.com"


async def test_only_owners_touch_owners(store: Store, account: Account) -> None:
    owner = await add(store, account, "o@example.com", Role.OWNER)
    admin = await add(store, account, "a@example.com")
    for by in (as_caller(admin), as_credential(account)):
        with pytest.raises(OwnersOnly):
            await change(store, by, owner.id, UserChange(name="x"))
        with pytest.raises(OwnersOnly):
            await change(store, by, admin.id, UserChange(role=Role.OWNER))
    await change(store, as_caller(owner), admin.id, UserChange(role=Role.OWNER))


async def test_last_owner_cannot_go(store: Store, account: Account) -> None:
    owner = await add(store, account, "o@example.com", Role.OWNER)
    by = as_caller(owner)
    with pytest.raises(LastOwner):
        await change(store, by, owner.id, UserChange(role=Role.ADMIN))
    with pytest.raises(LastOwner):
        await store.commit(lambda tx: remove_user(tx, by, owner.id))


async def test_two_owners_going_at_once_leave_one(store: Store, account: Account) -> None:
    pair = [await add(store, account, f"{name}@example.com", Role.OWNER) for name in "ab"]
    going = [
        store.commit(lambda tx, who=who: remove_user(tx, as_caller(who), who.id)) for who in pair
    ]
    outcomes = await asyncio.gather(*going, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes].count(LastOwner) == 1


async def test_removed_user_is_forgotten_with_the_last_account(
    store: Store, account: Account, other_account: Account
) -> None:
    here = await add(store, account, "dana@example.com")
    there = await add(store, other_account, "dana@example.com")
    await store.commit(lambda tx: remove_user(tx, as_caller(here), here.id))
    assert len(await store.read(select(users))) == 1
    await store.commit(lambda tx: remove_user(tx, as_caller(there), there.id))
    assert await store.read(select(users)) == []


async def test_other_accounts_user_is_not_found(
    store: Store, account: Account, other_account: Account
) -> None:
    user = await add(store, other_account, "o@example.com")
    by = as_caller(await add(store, account, "a@example.com"))
    for user_id in (user.id, "usr_\x00", "nonsense"):
        with pytest.raises(UserNotFound):
            await change(store, by, user_id, UserChange(name="x"))


async def test_changing_users_needs_the_scope_and_live_mode(store: Store, account: Account) -> None:
    user = await add(store, account, "u@example.com", Role.VIEWER)
    with pytest.raises(InsufficientScope):
        await change(store, as_caller(user), user.id, UserChange(role=Role.ADMIN))
    test_caller = Principal(
        account.id, PrincipalKind.CREDENTIAL, "crd_x", frozenset(Scope), Mode.TEST
    )
    with pytest.raises(LiveModeNeeded):
        await change(store, test_caller, user.id, UserChange(name="x"))
    with pytest.raises(LiveModeNeeded):
        await store.commit(lambda tx: rename_account(tx, test_caller, "Mine"))
