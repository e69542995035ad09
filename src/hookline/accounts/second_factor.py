"""A person's second factor: set up, recovery codes made anew, turned off; and reset by others.

While it is being set up the secret is with the person alone, sealed in their form: nothing is stored
before a code has shown that their app has it.
"""

from dataclasses import dataclass, field

import msgspec

from hookline.accounts import second_factor_store as sql
from hookline.accounts import session_store as session_sql
from hookline.accounts.errors import (
    SecondFactorOff,
    SecondFactorOn,
    SecondFactorRequired,
)
from hookline.accounts.model import NewSession, Session
from hookline.accounts.one_time_codes import (
    matching_step,
    new_recovery_codes,
    new_secret,
    provisioning_uri,
    recovery_digest,
    tidy,
)
from hookline.accounts.sessions import renew_session
from hookline.accounts.spending import purpose
from hookline.audit.append import record
from hookline.clock import HOUR_MS
from hookline.errors import Invalid
from hookline.ids import UserId
from hookline.outbound.errors import SecretUnreadable
from hookline.outbound.sealing import SecretBox
from hookline.principal import Principal
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

_SET_UP_MS = HOUR_MS


class _Draft(msgspec.Struct):
    secret: str
    made_at: int


@dataclass(frozen=True, slots=True)
class SetUp:
    """What the person needs to set their app up, and to come back with."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)
    sealed: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TurnedOn:
    """Shown once; the session goes on under a new token."""

    session: NewSession
    recovery_codes: list[str] = field(repr=False)


def begin_set_up(store: Store, box: SecretBox, session: Session, sealed: str = "") -> SetUp:
    """A new secret, or the one that `sealed` holds. Raises SecondFactorOn, Invalid."""
    if session.has_second_factor:
        raise SecondFactorOn
    secret = _opened(store, box, session, sealed) if sealed else new_secret()
    draft = msgspec.json.encode(_Draft(secret, store.now()))
    kept = sealed or box.seal(_draft_purpose(session), draft)
    return SetUp(secret, provisioning_uri(secret, session.email), kept)


async def turn_on(
    tx: Transaction,
    store: Store,
    box: SecretBox,
    session: Session,
    principal: Principal,
    *,
    sealed: str,
    code: str,
) -> TurnedOn:
    """Keep the secret, once a code of it is right; the person's other sessions end.

    Raises Invalid, SecondFactorOn.
    """
    secret, user_id, now = _opened(store, box, session, sealed), session.user_id, store.now()
    step = matching_step(secret, tidy(code), now)
    if step is None:
        raise Invalid.at(
            "/code",
            "wrong_code",
            "This is not the app's code. Is the clock of the device right?",
        )
    row = (user_id, box.seal(purpose(user_id), secret), now, step)
    if not (await tx.insert(sql.INSERT_FACTOR, [row]))[0]:
        raise SecondFactorOn
    codes = await _fresh_codes(tx, store, user_id)
    await tx.changed(session_sql.end_others(user_id, session.id))
    await tx.changed(sql.end_pending_of(user_id))
    record(tx, principal, "user.turn_on_second_factor", user_id)
    return TurnedOn(await renew_session(tx, session), codes)


async def renew_recovery_codes(
    tx: Transaction, store: Store, session: Session, principal: Principal
) -> list[str]:
    """Ten new codes; the old ones are worth nothing. Raises SecondFactorOff."""
    if not await tx.execute(sql.lock_factor(session.user_id)):
        raise SecondFactorOff
    codes = await _fresh_codes(tx, store, session.user_id)
    record(tx, principal, "user.renew_recovery_codes", session.user_id)
    return codes


async def turn_off(tx: Transaction, session: Session, principal: Principal) -> None:
    """The password alone is enough again. Raises SecondFactorOff, SecondFactorRequired."""
    demanding = await tx.execute(sql.demanding(session.user_id))
    if demanding:
        raise SecondFactorRequired(f"{demanding[0].name} requires a second factor of its users.")
    if not await forget_second_factor(tx, session.user_id):
        raise SecondFactorOff
    await tx.changed(session_sql.end_others(session.user_id, session.id))
    record(tx, principal, "user.turn_off_second_factor", session.user_id)


async def count_recovery_codes(store: Store, session: Session) -> int:
    """How many are left."""
    return int((await store.read(sql.count_recovery(session.user_id)))[0][0])


async def forget_second_factor(tx: Transaction, user_id: UserId) -> bool:
    """Remove it with its codes and with sign-ins that wait for one. Whether there was one."""
    await tx.changed(sql.forget_recovery(user_id))
    await tx.changed(sql.end_pending_of(user_id))
    return await tx.changed(sql.forget_factor(user_id)) == 1


async def _fresh_codes(tx: Transaction, store: Store, user_id: UserId) -> list[str]:
    codes, now = new_recovery_codes(), store.now()
    await tx.changed(sql.forget_recovery(user_id))
    rows = [(recovery_digest(user_id, code), user_id, now) for code in codes]
    await tx.insert(sql.INSERT_RECOVERY, rows)
    return codes


def _draft_purpose(session: Session) -> str:
    return f"user.second_factor.draft.{session.id}"


def _opened(store: Store, box: SecretBox, session: Session, sealed: str) -> str:
    try:
        draft = msgspec.json.decode(box.open(_draft_purpose(session), sealed), type=_Draft)
    except SecretUnreadable:
        raise Invalid.at("/code", "set_up_again", "This form is too old. Begin again.") from None
    if store.now() - draft.made_at > _SET_UP_MS:
        raise Invalid.at("/code", "set_up_again", "This form is too old. Begin again.")
    return draft.secret
