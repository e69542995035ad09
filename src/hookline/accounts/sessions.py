"""Sessions of signed-in users: found, listed, moved between accounts, ended.

They are read with every request, so what ends here has ended on every node.
"""

from collections.abc import Sequence
from typing import NamedTuple

from hookline.accounts import session_store as list_sql
from hookline.accounts import store as sql
from hookline.accounts.errors import AccountNotFound, SessionNotFound, SignInRefused
from hookline.accounts.model import TOUCH_EVERY_MS, Account, ListedSession, NewSession, Session
from hookline.accounts.roles import Role
from hookline.accounts.sign_in import digest_of, new_session_token
from hookline.audit.append import record
from hookline.ids import UserId, is_id
from hookline.principal import Principal
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

_TOKEN_MAX = 128


class _Touch(NamedTuple):
    digest: bytes
    at: int


class TouchSessions:
    """The operation that notes that sessions are being used."""

    name = "accounts.touch_session"
    rank = 90

    def key(self, item: _Touch) -> str | None:
        return item.digest.hex()

    async def apply(self, tx: Transaction, items: Sequence[_Touch]) -> Sequence[None]:
        await tx.update(sql.TOUCH_SESSION, sorted(items))
        return [None] * len(items)

    def committed(self, items: Sequence[_Touch], outcomes: Sequence[object]) -> None:
        """Nothing to hand over."""


_TOUCH = TouchSessions()


async def find_session(store: Store, token: str) -> Session | None:
    """The living session of this cookie, with the user's rights as they are now; one query.

    That it is in use is noted once a minute, without waiting for the commit.
    """
    if not token or len(token) > _TOKEN_MAX:
        return None
    found = await store.read(sql.session(digest_of(token)))
    if not found:
        return None
    session, now = sql.session_from_row(found[0]), store.now()
    if not session.is_alive(now, store.settings.session_hours):
        return None
    if now - session.last_seen_at >= TOUCH_EVERY_MS:
        store.writer.post(_TOUCH, [_Touch(session.digest, now)])
    return session


async def list_own_accounts(store: Store, session: Session) -> list[tuple[Account, Role]]:
    """The accounts that the user may switch to, with the role in each."""
    rows = await store.read(sql.accounts_of(session.user_id))
    return [(sql.account_from_row(row), Role(row.role)) for row in rows]


async def list_own_sessions(store: Store, session: Session) -> list[ListedSession]:
    """The person's living sessions in all of their accounts, the latest used first."""
    hours = store.settings.session_hours
    rows = await store.read(list_sql.alive(session.user_id, store.now(), hours))
    return [list_sql.listed(row) for row in rows]


async def end_own_session(
    tx: Transaction, session: Session, principal: Principal, session_id: str
) -> None:
    """End one of the person's sessions. Raises SessionNotFound."""
    if await tx.changed(list_sql.end_named(session.user_id, session_id)) == 0:
        raise SessionNotFound
    record(tx, principal, "user.end_session", session.user_id, after={"session": session_id})


async def end_own_other_sessions(tx: Transaction, session: Session, principal: Principal) -> int:
    """End every session of the person but this one. How many there were."""
    ended = await tx.changed(list_sql.end_others(session.user_id, session.id))
    record(tx, principal, "user.sign_out_elsewhere", session.user_id, after={"sessions": ended})
    return ended


async def renew_session(tx: Transaction, session: Session) -> NewSession:
    """The session goes on under a new token: whoever knew the old one is out.

    Done wherever it becomes worth more. Raises SignInRefused when it has ended.
    """
    token = new_session_token()
    digest = digest_of(token)
    if await tx.changed(list_sql.renew(session.digest, digest)) == 0:
        raise SignInRefused("The session has ended. Sign in again.")
    found = await tx.execute(sql.session(digest))
    if not found:
        raise SignInRefused("The session has ended. Sign in again.")
    return NewSession(sql.session_from_row(found[0]), token)


async def switch_account(store: Store, session: Session, account_id: str) -> NewSession:
    """Go on in another of the user's accounts, under a new token. Raises AccountNotFound.

    A form that another tab still shows belongs to the account before: its token ends.
    """

    async def switch(tx: Transaction) -> NewSession:
        statement = sql.move_session(
            session.digest, session.user_id, account_id, new_session_token()
        )
        if await tx.changed(statement) == 0:
            raise AccountNotFound("You are not a member of such an account.")
        return await renew_session(tx, session)

    if not is_id("acc", account_id):
        raise AccountNotFound("You are not a member of such an account.")
    return await store.commit(switch)


async def sign_out(store: Store, token: str) -> None:
    """End the session of this cookie; harmless when there is none."""
    if not 0 < len(token) <= _TOKEN_MAX:
        return

    async def end(tx: Transaction) -> None:
        await tx.changed(sql.end_session(digest_of(token)))

    await store.commit(end)


async def sign_out_everywhere(tx: Transaction, principal: Principal, user_id: UserId) -> None:
    """End all sessions of the user, in every account."""
    await tx.changed(sql.end_sessions_of(user_id))
    record(tx, principal, "user.sign_out_everywhere", user_id)
