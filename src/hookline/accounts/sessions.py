"""Sessions of signed-in users: found, moved between accounts, ended."""

from collections.abc import Sequence
from typing import NamedTuple

from hookline.accounts import store as sql
from hookline.accounts.errors import AccountNotFound
from hookline.accounts.model import TOUCH_EVERY_MS, Account, Session
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


async def switch_account(store: Store, session: Session, account_id: str) -> None:
    """Go on in another of the user's accounts. Raises AccountNotFound.

    A form that another tab still shows belongs to the account before: its token ends.
    """

    async def switch(tx: Transaction) -> None:
        statement = sql.move_session(
            session.digest, session.user_id, account_id, new_session_token()
        )
        if await tx.changed(statement) == 0:
            raise AccountNotFound("You are not a member of such an account.")

    if not is_id("acc", account_id):
        raise AccountNotFound("You are not a member of such an account.")
    await store.commit(switch)


async def sign_out(store: Store, token: str) -> None:
    """End the session of this cookie; harmless when there is none."""

    async def end(tx: Transaction) -> None:
        await tx.changed(sql.end_session(digest_of(token)))

    await store.commit(end)


async def sign_out_everywhere(tx: Transaction, principal: Principal, user_id: UserId) -> None:
    """End all sessions of the user, in every account."""
    await tx.changed(sql.end_sessions_of(user_id))
    record(tx, principal, "user.sign_out_everywhere", user_id)
