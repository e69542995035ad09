import pytest

from hookline.accounts.errors import AccountNotFound
from hookline.accounts.model import Account, Member, NewSession
from hookline.accounts.passwords import Passwords
from hookline.accounts.people import UserChange, change_user, remove_user
from hookline.accounts.roles import Role
from hookline.accounts.sessions import (
    find_session,
    list_own_accounts,
    sign_out,
    sign_out_everywhere,
    switch_account,
)
from hookline.clock import DAY_MS, HOUR_MS, ManualClock
from hookline.principal import Scope, system
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from tests.accounts.cast import PASSWORD, add, enter


@pytest.fixture
async def dana(store: Store, account: Account, passwords: Passwords) -> Member:
    chosen = await passwords.choose(PASSWORD)
    return await add(store, account, "dana@example.com", password=chosen)


@pytest.fixture
async def entered(store: Store, dana: Member, passwords: Passwords) -> NewSession:
    return await enter(store, passwords, dana.email)


async def settle(store: Store) -> None:
    """Wait until what was posted to the writer is committed."""

    async def nothing(tx: Transaction) -> None:
        """Commits after whatever was posted before it."""

    await store.commit(nothing)


@pytest.mark.parametrize("token", ["", "x", "x" * 10_000, "é\udc80"])
async def test_unknown_cookie_has_no_session(store: Store, token: str) -> None:
    assert await find_session(store, token) is None


async def test_unused_session_ends(store: Store, entered: NewSession, clock: ManualClock) -> None:
    idle_s = store.settings.session_hours * HOUR_MS / 1_000
    clock.advance(seconds=idle_s - 1)
    assert await find_session(store, entered.token)
    await settle(store)
    clock.advance(seconds=idle_s - 1)
    assert await find_session(store, entered.token)
    await settle(store)
    clock.advance(seconds=idle_s)
    assert await find_session(store, entered.token) is None


async def test_session_ends_after_a_week_however_used(
    store: Store, entered: NewSession, clock: ManualClock
) -> None:
    step_s = store.settings.session_hours * HOUR_MS / 1_000 - 1
    while store.now() + step_s * 1_000 < entered.session.created_at + 7 * DAY_MS:
        clock.advance(seconds=step_s)
        assert await find_session(store, entered.token)
        await settle(store)
    clock.advance(seconds=step_s)
    assert await find_session(store, entered.token) is None


async def test_use_is_noted_once_a_minute(
    store: Store, entered: NewSession, clock: ManualClock
) -> None:
    seen = []
    for _ in range(4):
        clock.advance(seconds=30)
        session = await find_session(store, entered.token)
        assert session
        seen.append(session.last_seen_at - entered.session.created_at)
        await settle(store)
    assert seen == [0, 0, 60_000, 60_000]


async def test_role_changes_at_once(
    store: Store, account: Account, dana: Member, entered: NewSession
) -> None:
    by = system(account.id, "tests")
    change = UserChange(permissions={Scope.CREDENTIALS_WRITE: False})
    await store.commit(lambda tx: change_user(tx, store, by, dana.id, change))
    session = await find_session(store, entered.token)
    assert session
    assert not session.principal().may(Scope.CREDENTIALS_WRITE)


async def test_signing_out_ends_this_session_only(
    store: Store, dana: Member, passwords: Passwords, entered: NewSession
) -> None:
    other = await enter(store, passwords, dana.email)
    await sign_out(store, entered.token)
    assert await find_session(store, entered.token) is None
    assert await find_session(store, other.token)


async def test_signing_out_everywhere_ends_all(
    store: Store, dana: Member, passwords: Passwords, entered: NewSession
) -> None:
    other = await enter(store, passwords, dana.email)
    by = entered.session.principal()
    await store.commit(lambda tx: sign_out_everywhere(tx, by, dana.id))
    assert await find_session(store, entered.token) is None
    assert await find_session(store, other.token) is None


async def test_user_goes_on_in_another_account(
    store: Store, dana: Member, entered: NewSession, other_account: Account
) -> None:
    await add(store, other_account, dana.email, Role.VIEWER)
    own = await list_own_accounts(store, entered.session)
    assert [(found.name, role) for found, role in own] == [
        ("Acme", Role.ADMIN),
        ("Outsiders", Role.VIEWER),
    ]
    moved = await switch_account(store, entered.session, other_account.id)
    assert await find_session(store, entered.token) is None
    session = await find_session(store, moved.token)
    assert session
    assert (session.account_id, session.role) == (other_account.id, Role.VIEWER)
    # What a tab still shows of the first account must not act on the second.
    assert session.csrf_token != entered.session.csrf_token


async def test_nobody_enters_an_account_of_others(
    store: Store, entered: NewSession, other_account: Account
) -> None:
    for account_id in (other_account.id, "acc_\x00"):
        with pytest.raises(AccountNotFound):
            await switch_account(store, entered.session, account_id)


async def test_removed_user_is_out(
    store: Store, account: Account, dana: Member, entered: NewSession
) -> None:
    await store.commit(lambda tx: remove_user(tx, system(account.id, "tests"), dana.id))
    assert await find_session(store, entered.token) is None
