"""Signs a user in with e-mail address and password.

An unknown user and a wrong password are the same error, and take as long.
"""

import hashlib
import secrets
from dataclasses import dataclass, field

from hookline.accounts import store as sql
from hookline.accounts.errors import SignInRefused
from hookline.accounts.model import SESSION_MAX_MS, NewSession
from hookline.accounts.passwords import Passwords, Verdict
from hookline.accounts.throttle import Attempt, count_attempt, forgive
from hookline.audit.append import record
from hookline.ids import AccountId, UserId
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

_TOKEN_BYTES = 32
_USER_AGENT_MAX = 255


@dataclass(frozen=True, slots=True)
class SignIn:
    """What a person typed, and where from."""

    email: str
    password: str = field(repr=False)
    ip: str
    user_agent: str = ""


async def sign_in(store: Store, passwords: Passwords, typed: SignIn) -> NewSession:
    """A new session, with a new token. Raises SignInRefused, TooManySignIns, PasswordsBusy."""
    email = typed.email.strip().lower()
    attempt = Attempt(email, typed.ip)
    await store.commit(lambda tx: count_attempt(tx, store, attempt))
    found = await store.read(sql.user_of_email(email)) if _is_storable(email) else []
    stored = found[0].password_hash if found else None
    verdict = await passwords.verify(stored, typed.password)
    if stored is None or not verdict.is_right:
        raise SignInRefused

    async def begin(tx: Transaction) -> NewSession:
        made = await _begin(tx, store, typed, stored, verdict)
        await forgive(tx, store, attempt)
        return made

    return await store.commit(begin)


def new_session_token() -> str:
    """For the cookie, or for the forms of a session."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def digest_of(token: str) -> bytes:
    """What is kept of a session's token."""
    return hashlib.sha256(token.encode(errors="replace")).digest()


async def _begin(
    tx: Transaction, store: Store, typed: SignIn, stored: str, verdict: Verdict
) -> NewSession:
    # The password may have been reset, or the user removed, while it was being checked.
    found = await tx.execute(sql.user_of_email(typed.email.strip().lower()))
    if not found or found[0].password_hash != stored:
        raise SignInRefused
    user_id = UserId(found[0].id)
    homes = await tx.execute(sql.accounts_of(user_id))
    if not homes:
        raise SignInRefused
    token, now = new_session_token(), store.now()
    digest = digest_of(token)
    row = (
        digest, user_id, AccountId(homes[0].id), new_session_token(), now, now,
        now, now + SESSION_MAX_MS, typed.ip, typed.user_agent[:_USER_AGENT_MAX],
    )  # fmt: skip
    await tx.changed(sql.forget_expired_sessions(now))
    await tx.insert(sql.INSERT_SESSION, [row])
    await tx.changed(sql.mark_signed_in(user_id, verdict.new_hash or stored, now))
    session = sql.session_from_row((await tx.execute(sql.session(digest)))[0])
    principal = session.principal(typed.ip, typed.user_agent[:_USER_AGENT_MAX])
    record(tx, principal, "user.sign_in", user_id)
    return NewSession(session, token)


def _is_storable(email: str) -> bool:
    """Whether a database can be asked for it at all."""
    return "\x00" not in email and email.isascii()
