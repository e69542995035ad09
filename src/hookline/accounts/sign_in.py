"""Signs a user in with e-mail address and password, and a code where there is a second factor.

An unknown user and a wrong password are the same error, and take as long. A session begins with a
new token, whatever the browser had before.
"""

import hashlib
import secrets
from dataclasses import dataclass, field

from hookline.accounts import second_factor_store as factor_sql
from hookline.accounts import store as sql
from hookline.accounts.errors import CodeRefused, SignInExpired, SignInRefused
from hookline.accounts.model import SESSION_MAX_MS, NewSession, Pending
from hookline.accounts.passwords import Passwords, Verdict
from hookline.accounts.spending import Spent, spend_code
from hookline.accounts.throttle import Attempt, CodeAttempt, count_attempt, forgive
from hookline.audit.append import record
from hookline.clock import MINUTE_MS
from hookline.ids import AccountId, UserId
from hookline.outbound.sealing import SecretBox
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
PENDING_MS = 10 * MINUTE_MS
_TOKEN_BYTES = 32
_TOKEN_MAX = 128
_USER_AGENT_MAX = 255


@dataclass(frozen=True, slots=True)
class SignIn:
    """What a person typed, and where from."""

    email: str
    password: str = field(repr=False)
    ip: str
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class CodeTyped:
    """The second step: the token of the first one, and the code."""

    token: str = field(repr=False)
    code: str = field(repr=False)
    ip: str
    user_agent: str = ""


async def sign_in(store: Store, passwords: Passwords, typed: SignIn) -> NewSession | Pending:
    """A new session; where there is a second factor, a sign-in that waits for its code.

    Raises SignInRefused, TooManySignIns, PasswordsBusy.
    """
    email = typed.email.strip().lower()
    attempt = Attempt(email, typed.ip)
    await store.commit(lambda tx: count_attempt(tx, store, attempt))
    found = await store.read(sql.user_of_email(email)) if _is_storable(email) else []
    stored = found[0].password_hash if found else None
    verdict = await passwords.verify(stored, typed.password)
    if stored is None or not verdict.is_right:
        # Not what was typed, which may be a password in the wrong field.
        log.warning("sign_in_refused", ip=typed.ip, user_id=found[0].id if found else None)
        raise SignInRefused

    async def begin(tx: Transaction) -> NewSession | Pending:
        made = await _begin(tx, store, typed, stored, verdict)
        await forgive(tx, store, attempt)
        return made

    return await store.commit(begin)


async def finish_sign_in(store: Store, box: SecretBox, typed: CodeTyped) -> NewSession:
    """The session, once the code is right. Raises SignInExpired, CodeRefused, TooManySignIns."""
    digest = digest_of(typed.token)
    is_token = 0 < len(typed.token) <= _TOKEN_MAX
    found = await store.read(factor_sql.pending(digest, store.now())) if is_token else []
    if not found:
        raise SignInExpired
    attempt = CodeAttempt(found[0].email, typed.ip)
    await store.commit(lambda tx: count_attempt(tx, store, attempt))

    async def finish(tx: Transaction) -> NewSession:
        rows = await tx.execute(factor_sql.pending(digest, store.now()))
        if not rows or await tx.changed(factor_sql.end_pending(digest)) == 0:
            raise SignInExpired
        user_id, stored = UserId(rows[0].id), rows[0].password_hash
        spent = await spend_code(tx, store, box, user_id, typed.code)
        if spent is Spent.NOTHING:
            log.warning("code_refused", ip=typed.ip, user_id=user_id)
            raise CodeRefused
        await forgive(tx, store, attempt)
        await _mark(tx, store, user_id, stored, stored)
        made = await begin_session(tx, store, user_id, ip=typed.ip, user_agent=typed.user_agent)
        if spent is Spent.RECOVERY:
            who = made.session.principal(typed.ip, typed.user_agent[:_USER_AGENT_MAX])
            record(tx, who, "user.use_recovery_code", user_id)
        return made

    return await store.commit(finish)


async def begin_session(
    tx: Transaction,
    store: Store,
    user_id: UserId,
    *,
    ip: str,
    user_agent: str,
    account_id: AccountId | None = None,
) -> NewSession:
    """A session in that account, or in the user's first. Raises SignInRefused when there is none."""
    homes = [row.id for row in await tx.execute(sql.accounts_of(user_id))]
    chosen = account_id or (homes[0] if homes else None)
    if chosen not in homes:
        raise SignInRefused
    token, now = new_session_token(), store.now()
    digest, agent = digest_of(token), user_agent[:_USER_AGENT_MAX]
    row = (
        digest, user_id, chosen, new_session_token(), now, now,
        now, now + SESSION_MAX_MS, ip, agent, store.ids.new("ses"),
    )  # fmt: skip
    await tx.changed(sql.forget_expired_sessions(now))
    await tx.insert(sql.INSERT_SESSION, [row])
    session = sql.session_from_row((await tx.execute(sql.session(digest)))[0])
    record(tx, session.principal(ip, agent), "user.sign_in", user_id)
    return NewSession(session, token)


def new_session_token() -> str:
    """For the cookie, or for the forms of a session."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def digest_of(token: str) -> bytes:
    """What is kept of a session's token."""
    return hashlib.sha256(token.encode(errors="replace")).digest()


async def _begin(
    tx: Transaction, store: Store, typed: SignIn, stored: str, verdict: Verdict
) -> NewSession | Pending:
    # The password may have been reset, or the user removed, while it was being checked.
    found = await tx.execute(sql.user_of_email(typed.email.strip().lower()))
    if not found or found[0].password_hash != stored:
        raise SignInRefused
    user, user_id, now = found[0], UserId(found[0].id), store.now()
    if not await tx.execute(sql.accounts_of(user_id)):
        raise SignInRefused
    if await tx.execute(factor_sql.factor(user_id)):
        token = new_session_token()
        await tx.changed(factor_sql.forget_old_pending(now))
        row = (digest_of(token), user_id, user.password_changed_at, now + PENDING_MS)
        await tx.insert(factor_sql.INSERT_PENDING, [row])
        return Pending(token)
    await _mark(tx, store, user_id, stored, verdict.new_hash or stored)
    return await begin_session(tx, store, user_id, ip=typed.ip, user_agent=typed.user_agent)


async def _mark(tx: Transaction, store: Store, user_id: UserId, stored: str, kept: str) -> None:
    if await tx.changed(sql.mark_signed_in(user_id, stored, kept, store.now())) == 0:
        raise SignInRefused


def _is_storable(email: str) -> bool:
    """Whether a database can be asked for it at all."""
    return "\x00" not in email and email.isascii()
