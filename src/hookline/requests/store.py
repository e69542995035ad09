"""All SQL of the request log."""

from typing import Any

import msgspec
from sqlalchemy import Delete, Row, Select, delete, func, select

from hookline.ids import AccountId
from hookline.principal import Mode, Principal
from hookline.requests.model import LoggedRequest
from hookline.storage.schema import requests
from hookline.storage.sets import Insert

Requests = Select[Any]  # Any: the columns that `from_row` reads
_COLUMNS = (
    "id", "account_id", "mode", "credential_id", "token_prefix", "token_last4", "method", "path",
    "query", "status", "code", "duration_us", "ip", "user_agent", "has_idempotency_key", "made",
    "headers", "body", "body_bytes",
)  # fmt: skip
INSERT = Insert(requests, _COLUMNS, conflict=("id",))  # written twice, it is there once
_CLASS = 100


def visible_to(principal: Principal) -> Requests:
    """The account's requests; in test mode only those of test credentials, as with credentials."""
    statement = select(*(requests.c[name] for name in _COLUMNS))
    statement = statement.where(requests.c.account_id == principal.account_id)
    if principal.mode is Mode.TEST:
        statement = statement.where(requests.c.mode == Mode.TEST.value)
    return statement


def with_status(statement: Requests, status: str) -> Requests:
    """Those with this status, `404`, or of this class, `4xx`."""
    if status.endswith("xx"):
        least = int(status[0]) * _CLASS
        return statement.where(requests.c.status >= least, requests.c.status < least + _CLASS)
    return statement.where(requests.c.status == int(status))


def with_path(statement: Requests, start: str) -> Requests:
    """Those whose path begins so; LIKE would not tell capitals from small letters on SQLite."""
    return statement.where(func.substr(requests.c.path, 1, len(start)) == start)


def oldest_kept(account_id: AccountId, rows_max: int) -> Select[str]:
    """The id of the newest request of an account that is one too many."""
    return (
        select(requests.c.id)
        .where(requests.c.account_id == account_id)
        .order_by(requests.c.id.desc())
        .offset(rows_max)
        .limit(1)
    )


def accounts_with_requests(after: str) -> Select[str]:
    """The next account that has a request; one step of a walk over the index."""
    return (
        select(requests.c.account_id)
        .where(requests.c.account_id > after)
        .order_by(requests.c.account_id)
        .limit(1)
    )


def drop_up_to(account_id: str, last_id: str, chunk: int) -> Delete:
    """Delete one chunk of an account's oldest requests, that one included."""
    oldest = (
        select(requests.c.id)
        .where(requests.c.account_id == account_id, requests.c.id <= last_id)
        .order_by(requests.c.id)
        .limit(chunk)
    )
    return delete(requests).where(requests.c.id.in_(oldest.scalar_subquery()))


def drop_before(first_id: str, chunk: int) -> Delete:
    """Delete one chunk of the oldest requests of all accounts."""
    oldest = (
        select(requests.c.id).where(requests.c.id < first_id).order_by(requests.c.id).limit(chunk)
    )
    return delete(requests).where(requests.c.id.in_(oldest.scalar_subquery()))


def from_row(row: Row[Any]) -> LoggedRequest:  # Any: the columns of `visible_to`
    """A row of `visible_to`."""
    return LoggedRequest(
        id=row.id,
        account_id=row.account_id,
        mode=Mode(row.mode),
        credential_id=row.credential_id,
        token_prefix=row.token_prefix,
        token_last4=row.token_last4,
        method=row.method,
        path=row.path,
        query=row.query,
        status=row.status,
        code=row.code,
        duration_us=row.duration_us,
        ip=row.ip,
        user_agent=row.user_agent,
        has_idempotency_key=bool(row.has_idempotency_key),
        made=tuple(msgspec.json.decode(row.made)),
        headers=msgspec.json.decode(row.headers),
        body=row.body,
        body_bytes=row.body_bytes,
    )
