"""The SQL of the trail and of its verifications. Nothing here changes a row of the trail."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, or_, select, update
from sqlalchemy.sql.dml import Delete, Update

from hookline.audit.model import Anchor, Break, BreakKind, Verification, VerificationStatus
from hookline.clock import UnixMs
from hookline.ids import AccountId
from hookline.storage.schema import account_streams, audit, audit_verifications
from hookline.storage.sets import Insert

Rows = Select[Any]  # Any: the table's own columns
_BETWEEN = "\x1f"
"""Is in no text that somebody searches for."""
_OPEN = (VerificationStatus.QUEUED.value, VerificationStatus.RUNNING.value)
_v = audit_verifications.c

INSERT_VERIFICATION = Insert(
    audit_verifications,
    (
        "id", "account_id", "status", "asked_by", "known", "head_number", "head_hash",
        "created_at", "updated_at",
    ),
)  # fmt: skip


def head(account_id: AccountId) -> Select[int, str]:
    """Where the account's trail ends."""
    return select(account_streams.c.audit_number, account_streams.c.audit_hash).where(
        account_streams.c.account_id == account_id
    )


def last_number(account_id: AccountId) -> Select[int]:
    """The highest number that has a row; null when there is none."""
    return select(func.max(audit.c.number)).where(audit.c.account_id == account_id)


def rows_after(account_id: AccountId, number: int, until: int, limit: int) -> Rows:
    """The next rows of the chain, whole."""
    return (
        select(audit)
        .where(audit.c.account_id == account_id, audit.c.number > number, audit.c.number <= until)
        .order_by(audit.c.number)
        .limit(limit)
    )


def places(account_id: AccountId, hashes: Sequence[str]) -> Select[str, int]:
    """Which rows have one of these hashes."""
    return select(audit.c.hash, audit.c.number).where(
        audit.c.account_id == account_id, audit.c.hash.in_(hashes)
    )


def of_account(account_id: AccountId) -> Rows:
    """The account's entries, as `entry_of` reads them."""
    columns = [column for column in audit.c if column.name != "account_id"]
    return select(*columns).where(audit.c.account_id == account_id)


def one(account_id: AccountId, number: int) -> Rows:
    return of_account(account_id).where(audit.c.number == number)


def containing(statement: Rows, text: str) -> Rows:
    """Entries that have the text, in any case, in what a person reads of them."""
    escaped = text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    always = (audit.c.action, audit.c.actor_label, audit.c.actor_id, audit.c.resource_id)
    perhaps = (audit.c.ip, audit.c.user_agent, audit.c.request_id, audit.c.before, audit.c.after)
    parts = [*always, *(func.coalesce(one, "") for one in perhaps)]
    whole: ColumnElement[str] = parts[0]
    for part in parts[1:]:  # one text is searched sooner than nine
        whole = whole + _BETWEEN + part
    return statement.where(func.lower(whole).like(f"%{escaped}%", escape="\\"))


def verifications(account_id: AccountId) -> Rows:
    return select(audit_verifications).where(_v.account_id == account_id)


def open_verifications(account_id: AccountId) -> Rows:
    return verifications(account_id).where(_v.status.in_(_OPEN)).limit(1)


def to_take(silent_since: UnixMs) -> Rows:
    """The oldest verification that nobody works on: new, or left by a node that says nothing more."""
    left = (_v.status == VerificationStatus.RUNNING.value) & (_v.updated_at < silent_since)
    statement = select(audit_verifications).where(
        or_(_v.status == VerificationStatus.QUEUED.value, left)
    )
    return statement.order_by(_v.id).limit(1)


def go_on(found: Verification, checked: Anchor, now: UnixMs) -> Update:
    """Take it, or say how far it is; changes nothing when another node has done so meanwhile."""
    return (
        update(audit_verifications)
        .where(_v.id == found.id, _v.status == found.status.value)
        .where(_v.updated_at == found.updated_at)
        .values(
            status=VerificationStatus.RUNNING.value,
            checked=checked.number,
            checked_hash=checked.hash,
            updated_at=now,
        )
    )


def finish(found: Verification, broken: Break | None, now: UnixMs) -> Update:
    status = VerificationStatus.INTACT if broken is None else VerificationStatus.BROKEN
    return (
        update(audit_verifications)
        .where(_v.id == found.id, _v.status == VerificationStatus.RUNNING.value)
        .where(_v.updated_at == found.updated_at)
        .values(
            status=status.value,
            break_number=broken.number if broken else None,
            break_kind=broken.kind.value if broken else None,
            break_detail=broken.detail if broken else None,
            updated_at=now,
            finished_at=now,
        )
    )


def forget_finished(before: UnixMs) -> Delete:
    return delete(audit_verifications).where(_v.finished_at < before)


def verification_of(row: Any) -> Verification:  # Any: a row of the table
    return Verification(
        id=row.id,
        account_id=row.account_id,
        status=VerificationStatus(row.status),
        asked_by=row.asked_by,
        known=Anchor.parse(row.known) if row.known else None,
        head=Anchor(row.head_number, row.head_hash),
        checked=Anchor(row.checked, row.checked_hash),
        found=None
        if row.break_kind is None
        else Break(row.break_number, BreakKind(row.break_kind), row.break_detail),
        created_at=row.created_at,
        updated_at=row.updated_at,
        finished_at=row.finished_at,
    )
