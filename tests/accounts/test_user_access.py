"""What administrators do about how others sign in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import select

from hookline.accounts.errors import (
    OwnersOnly,
    SecondFactorOff,
    SessionNotFound,
    SharedUser,
    SignInRefused,
    UserNotFound,
)
from hookline.accounts.model import Account, Member, NewSession
from hookline.accounts.passwords import Passwords
from hookline.accounts.people import UserChange, change_user
from hookline.accounts.roles import Role
from hookline.accounts.sessions import (
    end_own_other_sessions,
    end_own_session,
    find_session,
    list_own_sessions,
    switch_account,
)
from hookline.accounts.user_access import (
    count_sessions,
    end_session,
    end_sessions,
    list_sessions,
    reset_second_factor,
    reset_second_factor_of,
)
from hookline.audit.append import AuditTrail
from hookline.clock import ManualClock
from hookline.events.append import EventLog
from hookline.ids import IdSource
from hookline.outbound import mail
from hookline.outbound.sealing import SecretBox
from hookline.principal import Principal, Scope, system
from hookline.storage.database import open_database
from hookline.storage.schema import audit, recovery_codes, second_factors
from hookline.storage.store import Store
from tests.accounts.cast import PASSWORD, add, as_caller, enter, set_up
from tests.services.mail import MailServer
from tests.services.store import RecordingFanOut
from tests.storage.databases import running_writer

EMAIL = "dana@example.com"


@asynccontextmanager
async def another_node(store: Store) -> AsyncIterator[Store]:
    """Another process's store on the same database."""
    database, ids = open_database(store.settings), IdSource(store.clock)
    finishers = (AuditTrail(store.clock), EventLog(ids, RecordingFanOut()))
    async with running_writer(database, store.settings, *finishers) as writer:
        yield Store(database, writer, ids, store.clock, store.settings)
    await database.close()


@pytest.fixture
async def admin(store: Store, account: Account) -> Principal:
    return as_caller(await add(store, account, "admin@example.com"))


@pytest.fixture
async def dana(store: Store, account: Account, passwords: Passwords) -> Member:
    chosen = await passwords.choose(PASSWORD)
    return await add(store, account, EMAIL, Role.DEVELOPER, password=chosen)


@pytest.fixture
async def here(store: Store, dana: Member, passwords: Passwords) -> NewSession:
    return await enter(store, passwords, dana.email)


async def change(store: Store, by: Principal, user_id: str, wanted: UserChange) -> None:
    await store.commit(lambda tx: change_user(tx, store, by, user_id, wanted))


async def test_sessions_are_listed_the_latest_first(
    store: Store, passwords: Passwords, admin: Principal, here: NewSession, clock: ManualClock
) -> None:
    clock.advance(seconds=120)
    later = await enter(store, passwords, EMAIL, ip="198.51.100.7")
    found = await list_sessions(store, admin, here.session.user_id)
    assert [one.id for one in found] == [later.session.id, here.session.id]
    assert (found[0].ip, found[0].user_agent, found[0].started_at) == (
        "198.51.100.7",
        "Firefox",
        store.now(),
    )
    assert await count_sessions(store, admin) == {here.session.user_id: 2}
    clock.advance(seconds=store.settings.session_hours * 3_600)
    assert await list_sessions(store, admin, here.session.user_id) == []
    assert await count_sessions(store, admin) == {}


async def test_one_ends_ones_own_sessions(
    store: Store, passwords: Passwords, here: NewSession
) -> None:
    others = [await enter(store, passwords, EMAIL) for _ in range(3)]
    by, known = here.session.principal(), others[0].session.id
    await store.commit(lambda tx: end_own_session(tx, here.session, by, known))
    assert await find_session(store, others[0].token) is None
    with pytest.raises(SessionNotFound):
        await store.commit(lambda tx: end_own_session(tx, here.session, by, known))
    ended = await store.commit(lambda tx: end_own_other_sessions(tx, here.session, by))
    assert ended == 2
    assert [one.id for one in await list_own_sessions(store, here.session)] == [here.session.id]


async def test_somebody_elses_session_cannot_be_named(
    store: Store, passwords: Passwords, account: Account, here: NewSession
) -> None:
    await add(store, account, "eve@example.com", password=await passwords.choose(PASSWORD))
    eve = await enter(store, passwords, "eve@example.com")
    with pytest.raises(SessionNotFound):
        await store.commit(
            lambda tx: end_own_session(tx, eve.session, eve.session.principal(), here.session.id)
        )
    assert await find_session(store, here.token)


async def test_what_ends_here_has_ended_on_other_nodes(
    store: Store, admin: Principal, here: NewSession
) -> None:
    async with another_node(store) as node:
        assert await find_session(node, here.token)
        user_id = here.session.user_id
        assert await store.commit(lambda tx: end_sessions(tx, admin, user_id)) == 1
        assert await find_session(node, here.token) is None


async def test_one_session_of_another_is_ended(
    store: Store, passwords: Passwords, admin: Principal, here: NewSession
) -> None:
    other = await enter(store, passwords, EMAIL)
    user_id, known = here.session.user_id, here.session.id
    await store.commit(lambda tx: end_session(tx, admin, user_id, known))
    assert await find_session(store, here.token) is None
    assert await find_session(store, other.token)
    with pytest.raises(SessionNotFound):
        await store.commit(lambda tx: end_session(tx, admin, user_id, known))


async def test_sessions_in_other_accounts_are_not_the_administrators(
    store: Store, admin: Principal, here: NewSession, other_account: Account
) -> None:
    await add(store, other_account, EMAIL)
    there = await switch_account(store, here.session, other_account.id)
    user_id = here.session.user_id
    assert await list_sessions(store, admin, user_id) == []
    assert await store.commit(lambda tx: end_sessions(tx, admin, user_id)) == 0
    assert await find_session(store, there.token)


async def test_only_owners_end_owners_sessions(
    store: Store, admin: Principal, account: Account
) -> None:
    owner = await add(store, account, "o@example.com", Role.OWNER)
    with pytest.raises(OwnersOnly):
        await store.commit(lambda tx: end_sessions(tx, admin, owner.id))
    with pytest.raises(OwnersOnly):
        await store.commit(lambda tx: reset_second_factor(tx, store, admin, owner.id))


async def test_more_rights_need_a_new_sign_in_and_fewer_count_at_once(
    store: Store, passwords: Passwords, admin: Principal, here: NewSession
) -> None:
    user_id = here.session.user_id
    await change(store, admin, user_id, UserChange(role=Role.VIEWER))
    session = await find_session(store, here.token)
    assert session
    assert session.role is Role.VIEWER
    await change(store, admin, user_id, UserChange(permissions={Scope.MESSAGES_SEND: True}))
    assert await find_session(store, here.token) is None
    again = await enter(store, passwords, EMAIL)
    await change(store, admin, user_id, UserChange(name="Dana D."))
    assert await find_session(store, again.token)


async def test_disabled_user_is_out_until_enabled(
    store: Store, passwords: Passwords, admin: Principal, here: NewSession
) -> None:
    user_id = here.session.user_id
    await change(store, admin, user_id, UserChange(disabled=True))
    assert await find_session(store, here.token) is None
    with pytest.raises(SignInRefused):
        await enter(store, passwords, EMAIL)
    await change(store, admin, user_id, UserChange(disabled=False))
    assert await find_session(store, here.token) is None
    assert await enter(store, passwords, EMAIL)


async def test_disabled_in_one_account_one_works_in_the_other(
    store: Store, passwords: Passwords, admin: Principal, here: NewSession, other_account: Account
) -> None:
    await add(store, other_account, EMAIL, Role.VIEWER)
    await change(store, admin, here.session.user_id, UserChange(disabled=True))
    made = await enter(store, passwords, EMAIL)
    assert made.session.account_id == other_account.id


async def test_second_factor_is_reset_and_its_user_told(
    store: Store,
    box: SecretBox,
    passwords: Passwords,
    admin: Principal,
    here: NewSession,
    mail_server: MailServer,
) -> None:
    mailing = Store(
        store.database, store.writer, store.ids, store.clock, mail_server.settings(store.settings)
    )
    _, turned = await set_up(store, box, here)
    user_id = here.session.user_id
    await store.commit(lambda tx: reset_second_factor(tx, mailing, admin, user_id))
    assert await find_session(store, turned.session.token) is None
    assert await enter(store, passwords, EMAIL)
    assert (
        await store.read(select(second_factors)) == await store.read(select(recovery_codes)) == []
    )
    row = (await store.read(select(audit).where(audit.c.action == "user.reset_second_factor")))[0]
    assert row.actor_label == "admin@example.com"
    await mail.send_due(mailing, box)
    assert "was reset by admin@example.com" in mail_server.taken[0][1].get_content()
    with pytest.raises(SecondFactorOff):
        await store.commit(lambda tx: reset_second_factor(tx, store, admin, user_id))


async def test_second_factor_that_guards_another_account_is_the_operators(
    store: Store,
    box: SecretBox,
    passwords: Passwords,
    admin: Principal,
    here: NewSession,
    other_account: Account,
) -> None:
    await set_up(store, box, here)
    await add(store, other_account, EMAIL, Role.OWNER)
    with pytest.raises(SharedUser):
        await store.commit(lambda tx: reset_second_factor(tx, store, admin, here.session.user_id))
    await reset_second_factor_of(store, EMAIL.upper())
    assert await enter(store, passwords, EMAIL)
    acts = await store.read(select(audit).where(audit.c.action == "user.reset_second_factor"))
    assert {row.account_id for row in acts} == {admin.account_id, other_account.id}
    with pytest.raises(UserNotFound):
        await reset_second_factor_of(store, "nobody@example.com")


async def test_removed_user_leaves_nothing_to_sign_in_with(
    store: Store, box: SecretBox, admin: Principal, here: NewSession
) -> None:
    from hookline.accounts.people import remove_user

    await set_up(store, box, here)
    user_id = here.session.user_id
    await store.commit(lambda tx: remove_user(tx, system(admin.account_id, "tests"), user_id))
    assert (
        await store.read(select(second_factors)) == await store.read(select(recovery_codes)) == []
    )
