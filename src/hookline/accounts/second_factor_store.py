"""All SQL of second factors and of sign-ins that wait for a code."""

from typing import Any

from sqlalchemy import Delete, Select, Update, delete, func, select, update

from hookline.clock import UnixMs
from hookline.ids import UserId
from hookline.storage import sets
from hookline.storage.schema import (
    accounts,
    memberships,
    pending_sign_ins,
    recovery_codes,
    second_factors,
    users,
)

Query = Select[Any]  # Any: the columns that the use case reads

INSERT_FACTOR = sets.Insert(
    second_factors, ("user_id", "secret", "created_at", "last_step"), conflict=("user_id",)
)
INSERT_RECOVERY = sets.Insert(recovery_codes, ("digest", "user_id", "created_at"))
INSERT_PENDING = sets.Insert(
    pending_sign_ins, ("digest", "user_id", "password_changed_at", "expires_at")
)


def factor(user_id: UserId) -> Query:
    return select(second_factors).where(second_factors.c.user_id == user_id)


def lock_factor(user_id: UserId) -> Query:
    """Makes changes of one user's recovery codes wait for each other, on every node."""
    return factor(user_id).with_for_update()


def spend_step(user_id: UserId, step: int) -> Update:
    """Take a code, if neither it nor a later one was taken before."""
    return (
        update(second_factors)
        .where(second_factors.c.user_id == user_id, second_factors.c.last_step < step)
        .values(last_step=step)
    )


def spend_recovery(user_id: UserId, digest: bytes) -> Delete:
    return delete(recovery_codes).where(
        recovery_codes.c.user_id == user_id, recovery_codes.c.digest == digest
    )


def count_recovery(user_id: UserId) -> Select[int]:
    return (
        select(func.count()).select_from(recovery_codes).where(recovery_codes.c.user_id == user_id)
    )


def forget_recovery(user_id: UserId) -> Delete:
    return delete(recovery_codes).where(recovery_codes.c.user_id == user_id)


def forget_factor(user_id: UserId) -> Delete:
    return delete(second_factors).where(second_factors.c.user_id == user_id)


def pending(digest: bytes, now: UnixMs) -> Query:
    """A sign-in that waits for its code, unless the password was changed meanwhile."""
    return (
        select(users.c.id, users.c.email, users.c.password_hash, pending_sign_ins.c.expires_at)
        .join_from(pending_sign_ins, users, users.c.id == pending_sign_ins.c.user_id)
        .where(pending_sign_ins.c.digest == digest, pending_sign_ins.c.expires_at > now)
        .where(pending_sign_ins.c.password_changed_at == users.c.password_changed_at)
    )


def end_pending(digest: bytes) -> Delete:
    return delete(pending_sign_ins).where(pending_sign_ins.c.digest == digest)


def end_pending_of(user_id: UserId) -> Delete:
    return delete(pending_sign_ins).where(pending_sign_ins.c.user_id == user_id)


def forget_old_pending(now: UnixMs) -> Delete:
    return delete(pending_sign_ins).where(pending_sign_ins.c.expires_at <= now)


def demanding(user_id: UserId) -> Query:
    """The user's accounts that ask for a second factor."""
    return (
        select(accounts.c.name)
        .join_from(memberships, accounts, accounts.c.id == memberships.c.account_id)
        .where(memberships.c.user_id == user_id, memberships.c.disabled_at.is_(None))
        .where(accounts.c.second_factor_required == 1)
        .order_by(accounts.c.name)
    )


def homes(user_id: UserId) -> Query:
    """Every account of the user, also those that are closed to them."""
    return select(memberships.c.account_id).where(memberships.c.user_id == user_id)
