"""Accepting an invitation."""

import asyncio

import pytest
from sqlalchemy import insert, select

from hookline.accounts.errors import InvitationEnded, UserExists, WrongInvitee
from hookline.accounts.joining import Newcomer, find_invitation, join_as_known, join_as_new
from hookline.accounts.model import Account, Member, NewSession
from hookline.accounts.passwords import Passwords
from hookline.accounts.people import UserChange, change_user, get_user, remove_user
from hookline.accounts.roles import Role
from hookline.accounts.sessions import find_session
from hookline.errors import Invalid
from hookline.outbound.sealing import SecretBox
from hookline.principal import Scope, system
from hookline.storage.schema import audit, credentials, users
from hookline.storage.store import Store
from tests.accounts.cast import IP, PASSWORD, add, as_caller, as_credential, enter
from tests.accounts.test_invite import EMAIL, send, token_of

NEW = "an entirely new password"


@pytest.fixture
async def admin(store: Store, account: Account) -> Member:
    return await add(store, account, "admin@example.com")


@pytest.fixture
async def token(store: Store, box: SecretBox, admin: Member) -> str:
    return token_of(await send(store, box, as_caller(admin)))


async def join(
    store: Store, passwords: Passwords, token: str, password: str = NEW, name: str = "Mara"
) -> NewSession:
    return await join_as_new(store, passwords, Newcomer(token, name, password, IP, "Firefox"))


async def test_newcomer_is_signed_in_with_the_role_of_the_invitation(
    store: Store, passwords: Passwords, admin: Member, token: str
) -> None:
    made = await join(store, passwords, token)
    assert (made.session.email, made.session.user_name) == (EMAIL, "Mara")
    assert (made.session.role, made.session.account_id) == (Role.DEVELOPER, admin.account_id)
    assert await enter(store, passwords, EMAIL, NEW)
    row = (await store.read(select(audit).where(audit.c.action == "user.join")))[0]
    assert (row.actor_label, row.ip) == (EMAIL, IP)


async def test_link_works_once_also_for_two_at_once(
    store: Store, passwords: Passwords, token: str
) -> None:
    both = (join(store, passwords, token), join(store, passwords, token))
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(one).__name__ for one in outcomes) == ["InvitationEnded", "NewSession"]
    with pytest.raises(InvitationEnded):
        await find_invitation(store, token)


async def test_a_weak_password_leaves_the_invitation_open(
    store: Store, passwords: Passwords, token: str
) -> None:
    with pytest.raises(Invalid):
        await join(store, passwords, token, "short")
    with pytest.raises(Invalid):
        await join(store, passwords, token, name="x" * 101)
    assert await join(store, passwords, token)


async def test_known_person_joins_by_signing_in(
    store: Store, passwords: Passwords, other_account: Account, admin: Member, token: str
) -> None:
    await add(store, other_account, EMAIL, password=await passwords.choose(PASSWORD))
    assert (await find_invitation(store, token)).is_known
    with pytest.raises(WrongInvitee):
        await join(store, passwords, token)
    here = await enter(store, passwords, EMAIL)
    made = await join_as_known(store, here.session, here.session.principal(IP), token)
    assert (made.session.account_id, made.session.role) == (admin.account_id, Role.DEVELOPER)
    assert await find_session(store, here.token) is None
    assert await find_session(store, made.token) == made.session


async def test_nobody_joins_with_somebody_elses_link(
    store: Store, passwords: Passwords, other_account: Account, token: str
) -> None:
    chosen = await passwords.choose(PASSWORD)
    await add(store, other_account, "thief@example.com", password=chosen)
    here = await enter(store, passwords, "thief@example.com")
    with pytest.raises(WrongInvitee, match=r"mara@example\.com"):
        await join_as_known(store, here.session, here.session.principal(IP), token)
    assert await find_invitation(store, token)


async def test_member_does_not_join_twice(
    store: Store, passwords: Passwords, account: Account, token: str
) -> None:
    await add(store, account, EMAIL, password=await passwords.choose(PASSWORD))
    here = await enter(store, passwords, EMAIL)
    with pytest.raises(UserExists):
        await join_as_known(store, here.session, here.session.principal(IP), token)


@pytest.mark.parametrize("how", ["removed", "disabled", "demoted", "narrowed"])
async def test_who_has_lost_the_right_invites_nobody(
    store: Store, passwords: Passwords, account: Account, admin: Member, token: str, how: str
) -> None:
    operator = system(account.id, "tests")
    changes = {
        "disabled": UserChange(disabled=True),
        "demoted": UserChange(role=Role.VIEWER),
        "narrowed": UserChange(permissions={Scope.MESSAGES_SEND: False}),
    }
    if how == "removed":
        await store.commit(lambda tx: remove_user(tx, operator, admin.id))
    else:
        await store.commit(lambda tx: change_user(tx, store, operator, admin.id, changes[how]))
    with pytest.raises(InvitationEnded):
        await join(store, passwords, token)
    assert await store.read(select(users).where(users.c.email == EMAIL)) == []


@pytest.mark.parametrize("status", ["active", "revoked"])
async def test_revoked_credential_invites_nobody(
    store: Store, box: SecretBox, passwords: Passwords, account: Account, status: str
) -> None:
    token = token_of(await send(store, box, as_credential(account)))
    row = {
        "id": "crd_x", "account_id": account.id, "mode": "live", "description": "CRM",
        "scopes": " ".join(Scope), "status": status, "created_by": "x", "created_by_label": "x",
        "created_at": 1, "updated_at": 1,
    }  # fmt: skip
    await store.commit(lambda tx: tx.execute(insert(credentials).values(**row)))
    if status == "active":
        assert (await join(store, passwords, token)).session.role is Role.DEVELOPER
    else:
        with pytest.raises(InvitationEnded):
            await join(store, passwords, token)


async def test_owner_invites_an_owner(
    store: Store, box: SecretBox, passwords: Passwords, account: Account
) -> None:
    owner = as_caller(await add(store, account, "o@example.com", Role.OWNER))
    token = token_of(await send(store, box, owner, role=Role.OWNER))
    made = await join(store, passwords, token)
    assert (await get_user(store, owner, made.session.user_id)).grant.role is Role.OWNER
