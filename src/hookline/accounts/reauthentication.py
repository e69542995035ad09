"""A signed-in person proves again who they are, before secrets and rights are touched.

Throttled like a sign-in. The session goes on under a new token.
"""

from dataclasses import dataclass, field

from hookline.accounts import session_store as session_sql
from hookline.accounts import store as sql
from hookline.accounts.errors import CodeRefused, SignInRefused
from hookline.accounts.model import NewSession, Session
from hookline.accounts.passwords import Passwords
from hookline.accounts.sessions import renew_session
from hookline.accounts.spending import Spent, spend_code
from hookline.accounts.throttle import Attempt, CodeAttempt, count_attempt, forgive
from hookline.audit.append import record
from hookline.errors import Invalid
from hookline.outbound.sealing import SecretBox
from hookline.principal import Principal
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Proof:
    """What was typed; the code only where there is a second factor."""

    password: str = field(repr=False)
    code: str = field(default="", repr=False)


async def reauthenticate(
    store: Store,
    passwords: Passwords,
    box: SecretBox,
    session: Session,
    principal: Principal,
    proof: Proof,
) -> NewSession:
    """Raises Invalid for a wrong password, CodeRefused, TooManySignIns, PasswordsBusy."""
    attempt = Attempt(session.email, principal.ip or "")
    await store.commit(lambda tx: count_attempt(tx, store, attempt))
    found = await store.read(sql.user_of_email(session.email))
    if not found:
        raise SignInRefused
    stored = found[0].password_hash
    if not (await passwords.verify(stored, proof.password)).is_right:
        log.warning("proof_refused", ip=principal.ip, user_id=session.user_id)
        raise Invalid.at("/password", "wrong_password", "This is not your password.")
    await store.commit(lambda tx: forgive(tx, store, attempt))
    code_attempt = CodeAttempt(session.email, principal.ip or "")
    if session.has_second_factor:
        await store.commit(lambda tx: count_attempt(tx, store, code_attempt))

    async def note(tx: Transaction) -> NewSession:
        now_stored = await tx.execute(sql.user_of_email(session.email))
        if not now_stored or now_stored[0].password_hash != stored:
            raise SignInRefused
        if session.has_second_factor:
            spent = await spend_code(tx, store, box, session.user_id, proof.code)
            if spent is Spent.NOTHING:
                log.warning("code_refused", ip=principal.ip, user_id=session.user_id)
                raise CodeRefused
            await forgive(tx, store, code_attempt)
            if spent is Spent.RECOVERY:
                record(tx, principal, "user.use_recovery_code", session.user_id)
        await tx.changed(session_sql.note_proof(session.digest, store.now()))
        return await renew_session(tx, session)

    return await store.commit(note)
