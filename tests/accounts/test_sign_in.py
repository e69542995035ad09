import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from hookline.accounts.errors import SignInRefused, TooManySignIns
from hookline.accounts.model import Account, Member
from hookline.accounts.passwords import Passwords
from hookline.accounts.people import remove_user
from hookline.accounts.sessions import find_session
from hookline.clock import DAY_MS, ManualClock
from hookline.principal import PrincipalKind, system
from hookline.storage.schema import sessions, users
from hookline.storage.store import Store
from tests.accounts.cast import IP, PASSWORD, add, enter


@pytest.fixture
async def dana(store: Store, account: Account, passwords: Passwords) -> Member:
    chosen = await passwords.choose(PASSWORD)
    return await add(store, account, "Dana@Example.com", password=chosen)


async def test_right_password_begins_a_session(
    store: Store, account: Account, dana: Member, passwords: Passwords
) -> None:
    made = await enter(store, passwords, " dana@example.COM ")
    principal = made.session.principal(IP, "Firefox", "req_1")
    assert (principal.kind, principal.id, principal.label) == (
        PrincipalKind.USER,
        dana.id,
        "dana@example.com",
    )
    assert principal.scopes == dana.scopes
    assert (made.session.account_name, made.session.expires_at) == (
        "Acme",
        store.now() + 7 * DAY_MS,
    )
    assert await find_session(store, made.token) == made.session


async def test_what_is_refused_is_logged_without_what_was_typed(
    store: Store, dana: Member, passwords: Passwords
) -> None:
    typed = "wrong horse battery"
    with capture_logs() as log:
        for email in (dana.email, typed):
            with pytest.raises(SignInRefused):
                await enter(store, passwords, email, typed)
    assert [(one["event"], one["ip"], one["user_id"]) for one in log] == [
        ("sign_in_refused", IP, dana.id),
        ("sign_in_refused", IP, None),
    ]
    assert typed not in repr(log)


async def test_only_the_digest_of_the_cookie_is_stored(
    store: Store, dana: Member, passwords: Passwords
) -> None:
    made = await enter(store, passwords, dana.email)
    assert made.token not in repr(await store.read(select(sessions))) + repr(made)
    assert len(made.token) == 43


async def test_each_sign_in_has_a_session_of_its_own(
    store: Store, dana: Member, passwords: Passwords
) -> None:
    first = await enter(store, passwords, dana.email)
    second = await enter(store, passwords, dana.email)
    assert first.token != second.token
    assert first.session.csrf_token != second.session.csrf_token


async def test_unknown_user_and_wrong_password_look_alike(
    store: Store, dana: Member, passwords: Passwords
) -> None:
    details = set()
    for email in (dana.email, "nobody@example.com", "\x00", "é" * 300):
        with pytest.raises(SignInRefused) as refused:
            await enter(store, passwords, email, "wrong horse battery")
        details.add(refused.value.detail)
    assert len(details) == 1


async def test_too_many_failures_refuse_the_right_password_too(
    store: Store, dana: Member, passwords: Passwords, clock: ManualClock
) -> None:
    for _ in range(store.settings.sign_in_attempts):
        with pytest.raises(SignInRefused):
            await enter(store, passwords, dana.email, "wrong horse battery")
    with pytest.raises(TooManySignIns):
        await enter(store, passwords, dana.email)
    clock.advance(seconds=15 * 60)
    assert await enter(store, passwords, dana.email)


async def test_sign_ins_that_succeed_are_not_counted(
    store: Store, dana: Member, passwords: Passwords
) -> None:
    for _ in range(store.settings.sign_in_attempts + 1):
        assert await enter(store, passwords, dana.email)


async def test_user_without_an_account_is_refused(
    store: Store, account: Account, dana: Member, passwords: Passwords
) -> None:
    await store.commit(lambda tx: remove_user(tx, system(account.id, "tests"), dana.id))
    with pytest.raises(SignInRefused):
        await enter(store, passwords, dana.email)


async def test_password_of_older_parameters_is_kept_anew(
    store: Store, dana: Member, passwords: Passwords
) -> None:
    from argon2 import PasswordHasher

    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    await store.commit(lambda tx: tx.execute(update(users).values(password_hash=old)))
    await enter(store, passwords, dana.email)
    kept = (await store.read(select(users.c.password_hash)))[0][0]
    assert kept.startswith("$argon2id$v=19$m=19456")
