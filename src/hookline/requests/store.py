"""All SQL of the request log."""

from typing import Any

import msgspec
from sqlalchemy import Delete, Row, Select, delete, func, literal_column, select

from hookline.ids import AccountId, first_of
from hookline.principal import Mode, Principal
from hookline.requests.model import LoggedRequest
from hookline.storage.schema import requests
from hookline.storage.sets import Insert

Requests = Select[Any]  # Any: the columns that `from_row` reads
_COLUMNS = (
    "id", "account_id", "mode", "credential_id", "token_prefix", "token_last4", "method", "path",
    "route", "query", "status", "code", "duration_us", "ip", "user_agent", "has_idempotency_key", "made",
    "headers", "body", "body_bytes",
)  # fmt: skip
INSERT = Insert(requests, _COLUMNS, conflict=("id",))  # written twice, it is there once
_CLASS = 100
_ERROR_CLASS = 4
_COUNTED_MAX = 5_000
_SHOWN_MAX = 10


def visible_to(principal: Principal) -> Select[str]:
    """The ids of the account's requests; in test mode only those of test credentials, as with
    credentials.

    Only ids, so that lists are looked for in indexes alone; `whole` then reads the rows.
    """
    statement = select(requests.c.id).where(requests.c.account_id == principal.account_id)
    return with_mode(statement, Mode.TEST) if principal.mode is Mode.TEST else statement


def whole(ids: Select[str], *, is_ascending: bool = False) -> Requests:
    """The rows that have these ids, in their order."""
    found = ids.subquery()
    columns = (requests.c[name] for name in _COLUMNS)
    order = requests.c.id.asc() if is_ascending else requests.c.id.desc()
    return select(*columns).where(requests.c.id.in_(select(found.c.id))).order_by(order)


def with_mode(statement: Select[str], mode: Mode) -> Select[str]:
    """Those of one mode. Written out, so that an index of the test ones serves."""
    return statement.where(requests.c.mode == literal_column(f"'{mode.value}'"))


def with_status(statement: Select[str], status: str) -> Select[str]:
    """Those with this status, `404`, or of this class, `4xx`."""
    if int(status[0]) >= _ERROR_CLASS:  # said besides, so that the index of failed ones serves
        statement = statement.where(requests.c.status >= literal_column("400"))
    if status.endswith("xx"):
        least = int(status[0]) * _CLASS
        return statement.where(requests.c.status >= least, requests.c.status < least + _CLASS)
    return statement.where(requests.c.status == int(status))


def with_path(statement: Select[str], start: str) -> Select[str]:
    """Those whose path begins so; LIKE would not tell capitals from small letters on SQLite."""
    return statement.where(func.substr(requests.c.path, 1, len(start)) == start)


def uses_of_token(account_id: AccountId, credential_id: str, last4: str, since: int) -> Requests:
    """From where and for what one of a credential's tokens was used since an instant: how often, and
    the id of the latest request. Of so many requests as can be counted at once.
    """
    used = (
        select(requests.c.id, requests.c.ip, requests.c.method, requests.c.route)
        .where(requests.c.account_id == account_id, requests.c.credential_id == credential_id)
        .where(requests.c.id >= first_of("req", since), requests.c.token_last4 == last4)
        .order_by(requests.c.id.desc())
        .limit(_COUNTED_MAX)
        .subquery()
    )
    names = ("ip", "method", "route")
    return (
        select(
            *(used.c[name] for name in names),
            func.count().label("uses"),
            func.max(used.c.id).label("latest"),
        )
        .group_by(*(used.c[name] for name in names))
        .order_by(func.count().desc(), used.c.ip)
        .limit(_SHOWN_MAX)
    )


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


def from_row(row: Row[Any]) -> LoggedRequest:  # Any: the columns of `whole`
    """A row of `whole`."""
    return LoggedRequest(
        id=row.id,
        account_id=row.account_id,
        mode=Mode(row.mode),
        credential_id=row.credential_id,
        token_prefix=row.token_prefix,
        token_last4=row.token_last4,
        method=row.method,
        path=row.path,
        route=row.route,
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
