"""What administrators do about how others sign in: list and end their sessions, reset their second
factor. Only owners do it to owners.

A person's sessions in other accounts are not shown and stay; a second factor that also guards
another account is for the operator to reset.
"""

from hookline.accounts import second_factor_store as factor_sql
from hookline.accounts import session_store as sql
from hookline.accounts import store as account_sql
from hookline.accounts.errors import (
    SecondFactorOff,
    SessionNotFound,
    SharedUser,
    UserNotFound,
)
from hookline.accounts.model import ListedSession, Member
from hookline.accounts.people import check_may_write, get_user, lock_user, normalise_email
from hookline.accounts.roles import check_grant
from hookline.accounts.second_factor import forget_second_factor
from hookline.audit.append import record
from hookline.ids import AccountId, UserId
from hookline.outbound.mail import queue_mail
from hookline.principal import Principal, system
from hookline.storage.schema import sessions
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction


async def list_sessions(store: Store, principal: Principal, user_id: str) -> list[ListedSession]:
    """The user's living sessions in the caller's account. Raises UserNotFound."""
    member = await get_user(store, principal, user_id)
    theirs = sql.alive(member.id, store.now(), store.settings.session_hours)
    rows = await store.read(theirs.where(sessions.c.account_id == principal.account_id))
    return [sql.listed(row) for row in rows]


async def count_sessions(store: Store, principal: Principal) -> dict[str, int]:
    """How many living sessions each user of the account has in it."""
    hours = store.settings.session_hours
    rows = await store.read(sql.count_alive(principal.account_id, store.now(), hours))
    return {row.user_id: row.counted for row in rows}


async def end_sessions(tx: Transaction, principal: Principal, user_id: str) -> int:
    """End the user's sessions in the account; how many. Raises UserNotFound, OwnersOnly."""
    member = await _touch(tx, principal, user_id)
    ended = await tx.changed(sql.end_in_account(member.account_id, member.id))
    record(tx, principal, "user.end_sessions", member.id, after={"sessions": ended})
    return ended


async def end_session(tx: Transaction, principal: Principal, user_id: str, session_id: str) -> None:
    """End one of them. Raises UserNotFound, SessionNotFound, OwnersOnly."""
    member = await _touch(tx, principal, user_id)
    if await tx.changed(sql.end_named_in(member.account_id, member.id, session_id)) == 0:
        raise SessionNotFound
    record(tx, principal, "user.end_session", member.id, after={"session": session_id})


async def reset_second_factor(
    tx: Transaction, store: Store, principal: Principal, user_id: str
) -> None:
    """Take it away from somebody who has lost it; their sessions end, and they are told by e-mail.

    Raises UserNotFound, OwnersOnly, SharedUser, SecondFactorOff.
    """
    member = await _touch(tx, principal, user_id)
    homes = {row.account_id for row in await tx.execute(factor_sql.homes(member.id))}
    if homes != {member.account_id}:
        raise SharedUser(
            f"{member.email} is a user of another account, too, which the second factor also "
            f"guards. The operator can run: hookline users reset-second-factor {member.email}"
        )
    await _reset(tx, store, member.id, member.email, [principal])


async def reset_second_factor_of(store: Store, email: str, *, actor: str = "operator") -> None:
    """The same by address, for the operator. Raises UserNotFound, SecondFactorOff."""
    address = normalise_email(email)

    async def reset(tx: Transaction) -> None:
        found = await tx.execute(account_sql.user_of_email(address))
        if not found:
            raise UserNotFound(f"There is no user {address}.")
        user_id = UserId(found[0].id)
        homes = [AccountId(row.account_id) for row in await tx.execute(factor_sql.homes(user_id))]
        await _reset(tx, store, user_id, address, [system(home, actor) for home in homes])

    await store.commit(reset)


async def _reset(
    tx: Transaction, store: Store, user_id: UserId, email: str, actors: list[Principal]
) -> None:
    if not await forget_second_factor(tx, user_id):
        raise SecondFactorOff(f"{email} has no second factor.")
    await tx.changed(account_sql.end_sessions_of(user_id))
    for actor in actors:
        record(tx, actor, "user.reset_second_factor", user_id)
    text = (
        f"The second factor of {email} was reset by {actors[0].label}, and all of your sessions "
        "have ended. Sign in with your password, and set up a second factor again.\n\n"
        "If you did not ask for it, tell your administrators.\n"
    )
    await queue_mail(
        tx,
        store,
        actors[0].account_id,
        [email],
        subject="Your second factor was reset",
        text=text,
    )


async def _touch(tx: Transaction, principal: Principal, user_id: str) -> Member:
    _, member = await lock_user(tx, principal, user_id)
    principal, by_owner = await check_may_write(tx, principal)
    check_grant(principal, by_owner=by_owner, before=member.grant, after=member.grant)
    return member
