"""A person changes their own password; every other session of theirs ends, and this one goes on
under a new token.

The present password is asked for and throttled like a sign-in: a session that was left open must
not be enough to take the account over.
"""

from dataclasses import dataclass, field

from hookline.accounts import store as sql
from hookline.accounts.errors import SignInRefused
from hookline.accounts.model import NewSession, Session
from hookline.accounts.passwords import Passwords
from hookline.accounts.session_store import end_others
from hookline.accounts.sessions import renew_session
from hookline.accounts.throttle import Attempt, count_attempt, forgive
from hookline.audit.append import record
from hookline.errors import Invalid
from hookline.principal import Principal
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Change:
    """What was typed."""

    current: str = field(repr=False)
    new: str = field(repr=False)


async def change_own_password(
    store: Store, passwords: Passwords, session: Session, principal: Principal, change: Change
) -> NewSession:
    """Raises Invalid, TooManySignIns, PasswordsBusy; SignInRefused when the user is gone."""
    attempt = Attempt(session.email, principal.ip or "")
    await store.commit(lambda tx: count_attempt(tx, store, attempt))
    found = await store.read(sql.user_of_email(session.email))
    if not found:
        raise SignInRefused
    stored = found[0].password_hash
    if not (await passwords.verify(stored, change.current)).is_right:
        raise Invalid.at("/current", "wrong_password", "This is not your current password.")
    chosen = await passwords.choose(change.new, pointer="/new", about=[session.email])

    async def store_it(tx: Transaction) -> NewSession:
        await forgive(tx, store, attempt)
        await tx.changed(sql.change_password(session.user_id, chosen.hash, store.now()))
        await tx.changed(end_others(session.user_id, session.id))
        record(tx, principal, "user.change_password", session.user_id)
        return await renew_session(tx, session)

    return await store.commit(store_it)
