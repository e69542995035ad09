"""Inviting, sending again, revoking."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from hookline.accounts.errors import (
    GrantNotHeld,
    InvitationEnded,
    InvitationExists,
    InvitationNotFound,
    OwnersOnly,
    UserExists,
)
from hookline.accounts.invitations import (
    Invited,
    NewInvitation,
    get_invitation,
    invite,
    resend,
    revoke_invitation,
)
from hookline.accounts.joining import find_invitation
from hookline.accounts.model import Account, Member
from hookline.accounts.roles import Grant, Role
from hookline.clock import DAY_MS, ManualClock
from hookline.outbound import mail
from hookline.outbound.sealing import SecretBox
from hookline.principal import InsufficientScope, Principal, Scope
from hookline.storage.schema import audit, invitations, mails
from hookline.storage.store import Store
from tests.accounts.cast import add, as_caller, as_credential
from tests.services.mail import MailServer

ORIGIN = "https://hookline.example"
EMAIL = "mara@example.com"


@pytest.fixture
async def admin(store: Store, account: Account) -> Member:
    return await add(store, account, "admin@example.com")


async def send(
    store: Store,
    box: SecretBox,
    by: Principal,
    email: str = EMAIL,
    role: Role = Role.DEVELOPER,
) -> Invited:
    new = NewInvitation(email, Grant(role), ORIGIN)
    return await store.commit(lambda tx: invite(tx, store, box, by, new))


def token_of(invited: Invited) -> str:
    assert invited.link
    assert invited.link.startswith(f"{ORIGIN}/join/")
    return invited.link.rpartition("/")[2]


async def test_without_a_mail_server_the_link_is_handed_over(
    store: Store, box: SecretBox, account: Account, admin: Member
) -> None:
    invited = await send(store, box, as_caller(admin), " Mara@Example.com")
    welcome = await find_invitation(store, token_of(invited))
    assert (welcome.invitation, welcome.account_name, welcome.is_known) == (
        invited.invitation,
        "Acme",
        False,
    )
    assert invited.invitation.email == EMAIL
    assert invited.invitation.expires_at == store.now() + 7 * DAY_MS


async def test_only_the_digest_of_the_link_is_stored(
    store: Store, box: SecretBox, admin: Member
) -> None:
    invited = await send(store, box, as_caller(admin))
    rows = [await store.read(select(table)) for table in (invitations, audit, mails)]
    assert token_of(invited) not in repr(rows) + repr(invited)


async def test_with_a_mail_server_the_link_goes_to_the_address_alone(
    store: Store, box: SecretBox, admin: Member, mail_server: MailServer
) -> None:
    mailing = replace(store, settings=mail_server.settings(store.settings))
    invited = await send(mailing, box, as_caller(admin))
    assert invited.link is None
    assert f"{ORIGIN}/join/" not in repr(await store.read(select(mails)))
    await mail.send_due(mailing, box)
    (recipient, letter), text = mail_server.taken[0], mail_server.taken[0][1].get_content()
    assert (recipient, letter["Subject"]) == (EMAIL, "Invitation to Acme")
    assert "admin@example.com invites you to Acme on Hookline, as developer" in text
    link = next(line for line in text.splitlines() if line.startswith(ORIGIN))
    assert (await find_invitation(store, link.rpartition("/")[2])).invitation == invited.invitation


async def test_link_ends_after_its_days(
    store: Store, box: SecretBox, admin: Member, clock: ManualClock
) -> None:
    token = token_of(await send(store, box, as_caller(admin)))
    clock.advance(seconds=7 * 86_400)
    for text in (token, "", "x" * 500, "é\udc80"):
        with pytest.raises(InvitationEnded):
            await find_invitation(store, text)


async def test_sent_again_there_is_another_link(
    store: Store, box: SecretBox, admin: Member, clock: ManualClock
) -> None:
    first = await send(store, box, as_caller(admin))
    other = as_caller(await add(store, Account(admin.account_id, "", store.now()), "b@example.com"))
    clock.advance(seconds=8 * 86_400)
    again = await store.commit(
        lambda tx: resend(tx, store, box, other, first.invitation.id, ORIGIN)
    )
    with pytest.raises(InvitationEnded):
        await find_invitation(store, token_of(first))
    found = await find_invitation(store, token_of(again))
    assert found.invitation.invited_by == other.id
    assert found.invitation.expires_at == store.now() + 7 * DAY_MS


async def test_revoked_link_opens_nothing(store: Store, box: SecretBox, admin: Member) -> None:
    invited, by = await send(store, box, as_caller(admin)), as_caller(admin)
    known = invited.invitation.id
    await store.commit(lambda tx: revoke_invitation(tx, by, known))
    with pytest.raises(InvitationEnded):
        await find_invitation(store, token_of(invited))
    with pytest.raises(InvitationNotFound):
        await get_invitation(store, by, known)
    acts = [row.action for row in await store.read(select(audit).order_by(audit.c.number))]
    assert acts[-2:] == ["invitation.create", "invitation.revoke"]


async def test_address_is_invited_once(
    store: Store, box: SecretBox, admin: Member, clock: ManualClock
) -> None:
    by = as_caller(admin)
    first = await send(store, box, by)
    with pytest.raises(InvitationExists):
        await send(store, box, by)
    with pytest.raises(UserExists):
        await send(store, box, by, "admin@example.com")
    clock.advance(seconds=7 * 86_400)
    assert (await send(store, box, by)).invitation.id != first.invitation.id


async def test_nobody_invites_to_more_than_they_have(
    store: Store, box: SecretBox, account: Account, admin: Member
) -> None:
    limited = await add(
        store, account, "l@example.com", permissions={Scope.CREDENTIALS_WRITE: False}
    )
    viewer = await add(store, account, "v@example.com", Role.VIEWER)
    narrow = as_credential(account, Scope.USERS_WRITE, Scope.USERS_READ)
    for by, role, refusal in (
        (as_caller(limited), Role.ADMIN, GrantNotHeld),
        (narrow, Role.VIEWER, GrantNotHeld),
        (as_caller(admin), Role.OWNER, OwnersOnly),
        (as_credential(account), Role.OWNER, OwnersOnly),
        (as_caller(viewer), Role.VIEWER, InsufficientScope),
    ):
        with pytest.raises(refusal):
            await send(store, box, by, role=role)
    assert await store.read(select(invitations)) == []


async def test_sending_again_needs_as_much_as_inviting(
    store: Store, box: SecretBox, account: Account
) -> None:
    owner = await add(store, account, "o@example.com", Role.OWNER)
    invited = await send(store, box, as_caller(owner), role=Role.OWNER)
    with pytest.raises(OwnersOnly):
        await store.commit(
            lambda tx: resend(tx, store, box, as_credential(account), invited.invitation.id, ORIGIN)
        )


async def test_other_accounts_invitation_is_not_found(
    store: Store, box: SecretBox, admin: Member, other_account: Account
) -> None:
    known = (await send(store, box, as_caller(admin))).invitation.id
    outsider = as_caller(await add(store, other_account, "x@example.com"))
    for name in (known, "inv_\x00", "nonsense"):
        with pytest.raises(InvitationNotFound):
            await get_invitation(store, outsider, name)
        with pytest.raises(InvitationNotFound):
            await store.commit(lambda tx, name=name: revoke_invitation(tx, outsider, name))
