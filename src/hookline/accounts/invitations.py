"""Invites people into an account: by e-mail, or with a link that the one who invites hands over.

Only a digest of the link's secret is kept. Nobody invites to more than they have themselves.
"""

import hashlib
import secrets
from dataclasses import dataclass, field, replace

from hookline.accounts import invitation_store as sql
from hookline.accounts import store as account_sql
from hookline.accounts.errors import InvitationExists, InvitationNotFound, UserExists
from hookline.accounts.model import Invitation
from hookline.accounts.people import check_may_write, normalise_email
from hookline.accounts.roles import Grant, check_grant
from hookline.audit.append import record
from hookline.clock import DAY_MS, UnixMs, to_rfc3339
from hookline.ids import InvitationId, is_id
from hookline.outbound.mail import PLACE_OF_SECRET, queue_mail, seal_for_mail
from hookline.outbound.sealing import SecretBox
from hookline.principal import Principal, Scope
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

LINK_PATH = "/join"
_TOKEN_BYTES = 32
_KEPT_EXPIRED_MS = 30 * DAY_MS


@dataclass(frozen=True, slots=True)
class NewInvitation:
    """Whom to invite, as what. `origin` is how people reach this server: `https://hookline.example`."""

    email: str
    grant: Grant
    origin: str


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation that was just made or renewed."""

    invitation: Invitation
    link: str | None = field(repr=False)
    """To hand over by other means; None when it was sent by e-mail. Shown once."""


async def invite(
    tx: Transaction, store: Store, box: SecretBox, principal: Principal, new: NewInvitation
) -> Invited:
    """Raises InvitationExists, UserExists, OwnersOnly, GrantNotHeld, Invalid."""
    principal, by_owner = await check_may_write(tx, principal)
    email, now = normalise_email(new.email), store.now()
    check_grant(principal, by_owner=by_owner, before=None, after=new.grant)
    known = await tx.execute(account_sql.user_of_email(email))
    if known and await tx.execute(account_sql.member(principal.account_id, known[0].id)):
        raise UserExists(f"{email} is already a user of this account.")
    invitation = Invitation(
        InvitationId(store.ids.new("inv")),
        principal.account_id,
        email,
        new.grant,
        principal.id,
        principal.kind,
        principal.label,
        now,
        _end(store),
    )
    oldest = now - _KEPT_EXPIRED_MS
    await tx.changed(sql.forget_expired(principal.account_id, email, now, oldest))
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    row = (
        invitation.id, invitation.account_id, email, new.grant.role.value,
        account_sql.permissions_text(new.grant.permissions), digest_of(token),
        principal.kind.value, principal.id, principal.label, now, invitation.expires_at,
    )  # fmt: skip
    if not (await tx.insert(sql.INSERT, [row]))[0]:
        raise InvitationExists(f"{email} is invited already. Send that invitation again.")
    record(tx, principal, "invitation.create", invitation.id, after=_facts(invitation))
    return await _hand_over(tx, store, box, invitation, _link(new.origin, token))


async def resend(
    tx: Transaction,
    store: Store,
    box: SecretBox,
    principal: Principal,
    invitation_id: str,
    origin: str,
) -> Invited:
    """A new link with a whole life; the one before stops. It is from whoever sends it now.

    Raises InvitationNotFound, OwnersOnly, GrantNotHeld.
    """
    principal, by_owner = await check_may_write(tx, principal)
    before = await _locked(tx, principal, invitation_id)
    check_grant(principal, by_owner=by_owner, before=None, after=before.grant)
    after = replace(
        before,
        invited_by=principal.id,
        invited_by_kind=principal.kind,
        invited_by_label=principal.label,
        expires_at=_end(store),
    )
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    await tx.changed(sql.renew(after, principal, digest_of(token)))
    record(tx, principal, "invitation.resend", after.id, after=_facts(after))
    return await _hand_over(tx, store, box, after, _link(origin, token))


async def revoke_invitation(tx: Transaction, principal: Principal, invitation_id: str) -> None:
    """Its link stops at once. Raises InvitationNotFound."""
    principal, _ = await check_may_write(tx, principal)
    found = await _locked(tx, principal, invitation_id)
    await tx.changed(sql.end(found.id))
    record(tx, principal, "invitation.revoke", found.id, before=_facts(found))


async def get_invitation(store: Store, principal: Principal, invitation_id: str) -> Invitation:
    """One open or expired invitation of the account. Raises InvitationNotFound."""
    principal.require(Scope.USERS_READ)
    _check_id(invitation_id)
    found = await store.read(sql.one(principal.account_id, invitation_id))
    if not found:
        raise InvitationNotFound
    return sql.from_row(found[0])


def digest_of(token: str) -> bytes:
    """What is kept of a link's secret."""
    return hashlib.sha256(token.encode(errors="replace")).digest()


async def _locked(tx: Transaction, principal: Principal, invitation_id: str) -> Invitation:
    _check_id(invitation_id)
    wanted = sql.one(principal.account_id, invitation_id).with_for_update()
    found = await tx.execute(wanted)
    if not found:
        raise InvitationNotFound
    return sql.from_row(found[0])


async def _hand_over(
    tx: Transaction, store: Store, box: SecretBox, invitation: Invitation, link: str
) -> Invited:
    if not store.settings.smtp_host:
        return Invited(invitation, link)
    account = (await tx.execute(account_sql.account(invitation.account_id)))[0]
    name = " ".join(account.name.split())
    text = (
        f"{invitation.invited_by_label} invites you to {name} on Hookline, as "
        f"{invitation.grant.role.value}.\n\nTo join, open\n\n{PLACE_OF_SECRET}\n\n"
        f"The link works once, until {to_rfc3339(invitation.expires_at)}. If you did not expect "
        "this, do nothing.\n"
    )
    await queue_mail(
        tx,
        store,
        invitation.account_id,
        [invitation.email],
        subject=f"Invitation to {name}"[:200],
        text=text,
        sealed=seal_for_mail(box, link),
    )
    return Invited(invitation, None)


def _link(origin: str, token: str) -> str:
    return f"{origin.rstrip('/')}{LINK_PATH}/{token}"


def _end(store: Store) -> UnixMs:
    return UnixMs(store.now() + store.settings.invitation_days * DAY_MS)


def _check_id(invitation_id: str) -> None:
    if not is_id("inv", invitation_id):
        raise InvitationNotFound


def _facts(invitation: Invitation) -> dict[str, object]:
    return {
        "email": invitation.email,
        "role": invitation.grant.role.value,
        "permissions": {one.value: has for one, has in invitation.grant.permissions.items()},
        "expires_at": to_rfc3339(invitation.expires_at),
    }
