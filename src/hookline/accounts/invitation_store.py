"""All SQL of invitations."""

from typing import Any

from sqlalchemy import Delete, Row, Select, Update, delete, select, update

from hookline.accounts.model import Invitation
from hookline.accounts.store import grant_of
from hookline.clock import UnixMs
from hookline.ids import AccountId, InvitationId
from hookline.principal import Principal, PrincipalKind
from hookline.storage import sets
from hookline.storage.schema import accounts, credentials, invitations, users

Query = Select[Any]  # Any: the columns that `from_row` reads

INSERT = sets.Insert(
    invitations,
    (
        "id", "account_id", "email", "role", "permissions", "digest", "invited_by_kind",
        "invited_by", "invited_by_label", "created_at", "expires_at",
    ),
    conflict=("account_id", "email"),
)  # fmt: skip


def of_account(account_id: AccountId) -> Query:
    return select(invitations).where(invitations.c.account_id == account_id)


def one(account_id: AccountId, invitation_id: str) -> Query:
    return of_account(account_id).where(invitations.c.id == invitation_id)


def by_digest(digest: bytes, now: UnixMs) -> Query:
    """The invitation whose link this is, with its account's name, while it is open."""
    return (
        select(invitations, accounts.c.name.label("account_name"), users.c.id.label("user_id"))
        .join_from(invitations, accounts, accounts.c.id == invitations.c.account_id)
        .outerjoin(users, users.c.email == invitations.c.email)
        .where(invitations.c.digest == digest, invitations.c.expires_at > now)
    )


def renew(invitation: Invitation, principal: Principal, digest: bytes) -> Update:
    """Another link, from whoever sends it again; the one before is worth nothing."""
    return (
        update(invitations)
        .where(invitations.c.id == invitation.id)
        .values(
            digest=digest,
            expires_at=invitation.expires_at,
            invited_by_kind=principal.kind.value,
            invited_by=principal.id,
            invited_by_label=principal.label,
        )
    )


def end(invitation_id: InvitationId) -> Delete:
    return delete(invitations).where(invitations.c.id == invitation_id)


def forget_expired(account_id: AccountId, email: str, now: UnixMs, oldest: int) -> Delete:
    """Those of the account that nobody has renewed for long, and an expired one to the address."""
    mine = invitations.c.account_id == account_id
    theirs = (invitations.c.email == email) & (invitations.c.expires_at <= now)
    return delete(invitations).where(mine, theirs | (invitations.c.expires_at <= oldest))


def scopes_of_credential(account_id: AccountId, credential_id: str, now: UnixMs) -> Select[str]:
    """The scopes of a credential that works."""
    return (
        select(credentials.c.scopes)
        .where(credentials.c.account_id == account_id, credentials.c.id == credential_id)
        .where(credentials.c.status == "active")
        .where(credentials.c.expires_at.is_(None) | (credentials.c.expires_at > now))
    )


def from_row(row: Row[Any]) -> Invitation:  # Any: a row of `invitations`
    return Invitation(
        InvitationId(row.id),
        AccountId(row.account_id),
        row.email,
        grant_of(row),
        row.invited_by,
        PrincipalKind(row.invited_by_kind),
        row.invited_by_label,
        row.created_at,
        row.expires_at,
    )
