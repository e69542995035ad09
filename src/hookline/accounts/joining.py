"""Whoever has the link of an invitation joins the account: as a new user, or as one who signs in.

What the invitation gives is checked again against whoever made it: a right that they have lost
meanwhile, or a credential that was revoked, invites nobody.
"""

from dataclasses import dataclass, field

from hookline.accounts import invitation_store as sql
from hookline.accounts import store as account_sql
from hookline.accounts.errors import (
    InvitationEnded,
    UserExists,
    WrongInvitee,
)
from hookline.accounts.invitations import digest_of
from hookline.accounts.model import Invitation, NewSession, Session
from hookline.accounts.passwords import Passwords
from hookline.accounts.people import clean_person_name
from hookline.accounts.roles import Role
from hookline.accounts.sessions import renew_session
from hookline.accounts.sign_in import begin_session, new_session_token
from hookline.audit.append import record
from hookline.ids import UserId
from hookline.principal import Principal, PrincipalKind, Scope, parse_scopes
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

_TOKEN_MAX = 128


@dataclass(frozen=True, slots=True)
class Welcome:
    """What the link opens."""

    invitation: Invitation
    account_name: str
    is_known: bool
    """The address has a user already, who joins by signing in."""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What a new user types, and where from."""

    token: str = field(repr=False)
    name: str
    password: str = field(repr=False)
    ip: str
    user_agent: str = ""


async def find_invitation(store: Store, token: str) -> Welcome:
    """What the link's secret opens. Raises InvitationEnded."""
    if not 0 < len(token) <= _TOKEN_MAX:
        raise InvitationEnded
    found = await store.read(sql.by_digest(digest_of(token), store.now()))
    if not found:
        raise InvitationEnded
    row = found[0]
    return Welcome(sql.from_row(row), row.account_name, row.user_id is not None)


async def join_as_new(store: Store, passwords: Passwords, newcomer: Newcomer) -> NewSession:
    """Make the user, and begin a session. Raises InvitationEnded, WrongInvitee, Invalid."""
    welcome = await find_invitation(store, newcomer.token)  # before what a password costs
    about = [newcomer.name, welcome.invitation.email, welcome.account_name]
    chosen = await passwords.choose(newcomer.password, about=about)
    name = clean_person_name(newcomer.name)

    async def join(tx: Transaction) -> NewSession:
        invitation = await _open(tx, store, newcomer.token)
        user_id, now = UserId(store.ids.new("usr")), store.now()
        row = (user_id, invitation.email, name, chosen.hash, now, now)
        if not (await tx.insert(account_sql.INSERT_USER, [row]))[0]:
            raise WrongInvitee("This address has a user already. Sign in to join.")
        await _accept(tx, store, invitation, user_id, newcomer.ip, newcomer.user_agent)
        await tx.changed(account_sql.mark_signed_in(user_id, chosen.hash, chosen.hash, now))
        return await begin_session(
            tx,
            store,
            user_id,
            ip=newcomer.ip,
            user_agent=newcomer.user_agent,
            account_id=invitation.account_id,
        )

    return await store.commit(join)


async def join_as_known(
    store: Store, session: Session, principal: Principal, token: str
) -> NewSession:
    """Join as who is signed in, and go on in that account under a new token.

    Raises InvitationEnded, WrongInvitee, UserExists.
    """

    async def join(tx: Transaction) -> NewSession:
        invitation = await _open(tx, store, token)
        if invitation.email != session.email:
            raise WrongInvitee(
                f"The invitation is for {invitation.email}; you are signed in as {session.email}."
            )
        agent = principal.user_agent or ""
        await _accept(tx, store, invitation, session.user_id, principal.ip, agent)
        move = account_sql.move_session(
            session.digest, session.user_id, invitation.account_id, new_session_token()
        )
        await tx.changed(move)
        return await renew_session(tx, session)

    return await store.commit(join)


async def _open(tx: Transaction, store: Store, token: str) -> Invitation:
    """The invitation, taken away from whoever else comes with the link. Raises InvitationEnded."""
    found = await tx.execute(sql.by_digest(digest_of(token), store.now()))
    if not found:
        raise InvitationEnded
    invitation = sql.from_row(found[0])
    if not await _is_backed(tx, store, invitation):
        raise InvitationEnded
    if await tx.changed(sql.end(invitation.id)) == 0:
        raise InvitationEnded
    return invitation


async def _is_backed(tx: Transaction, store: Store, invitation: Invitation) -> bool:
    """Whether the one who invited may still give as much."""
    account_id, by = invitation.account_id, invitation.invited_by
    if invitation.invited_by_kind is PrincipalKind.SYSTEM:
        return True
    if invitation.invited_by_kind is PrincipalKind.CREDENTIAL:
        rows = await tx.execute(sql.scopes_of_credential(account_id, by, store.now()))
        held = parse_scopes(rows[0].scopes.split()) if rows else frozenset[Scope]()
        return {Scope.USERS_WRITE, *invitation.grant.scopes} <= held
    found = await tx.execute(account_sql.member(account_id, by))
    member = account_sql.member_from_row(found[0]) if found else None
    if member is None or member.disabled_at is not None:
        return False
    if invitation.grant.role is Role.OWNER and member.grant.role is not Role.OWNER:
        return False
    return {Scope.USERS_WRITE, *invitation.grant.scopes} <= member.scopes


async def _accept(
    tx: Transaction,
    store: Store,
    invitation: Invitation,
    user_id: UserId,
    ip: str | None,
    user_agent: str,
) -> None:
    grant = invitation.grant
    row = (
        invitation.account_id, user_id, grant.role.value,
        account_sql.permissions_text(grant.permissions), store.now(),
    )  # fmt: skip
    if not (await tx.insert(account_sql.INSERT_MEMBERSHIP, [row]))[0]:
        raise UserExists("You are a user of this account already.")
    who = Principal(
        invitation.account_id,
        PrincipalKind.USER,
        user_id,
        grant.scopes,
        label=invitation.email,
        ip=ip,
        user_agent=user_agent[:255],
    )
    facts = {"email": invitation.email, "role": grant.role.value, "invitation": invitation.id}
    record(tx, who, "user.join", user_id, after=facts)
