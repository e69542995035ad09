"""Reads the request log as the caller may see it."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Row

from hookline.api.pagination import paged
from hookline.clock import from_datetime
from hookline.errors import NotFound
from hookline.ids import first_of, is_id
from hookline.principal import Principal, Scope
from hookline.requests import store as sql
from hookline.requests.model import LoggedRequest
from hookline.requests.schemas import RequestFilter
from hookline.storage.schema import requests
from hookline.storage.store import Store

PREFIX = "req"
_EXACT = {
    "credential": "credential_id",
    "token": "token_last4",
    "method": "method",
    "request_id": "id",
    "ip": "ip",
}


async def list_requests(
    store: Store, principal: Principal, wanted: RequestFilter
) -> tuple[list[LoggedRequest], bool]:
    """A page of requests, newest first, and whether more follow."""
    principal.require(Scope.REQUESTS_READ)
    statement = sql.visible_to(principal).where(*_within(wanted))
    for name, column in _EXACT.items():
        value = getattr(wanted, name)
        if value is not None:
            statement = statement.where(requests.c[column] == value)
    if wanted.mode is not None:
        statement = sql.with_mode(statement, wanted.mode)
    if wanted.status is not None:
        statement = sql.with_status(statement, wanted.status)
    if wanted.path is not None:
        statement = sql.with_path(statement, wanted.path)
    ids = paged(statement, requests.c.id, wanted, prefix=PREFIX)
    rows = await store.read(sql.whole(ids, is_ascending=wanted.order == "asc"))
    return _shown(rows[: wanted.limit]), len(rows) > wanted.limit


async def get_request(store: Store, principal: Principal, request_id: str) -> LoggedRequest:
    """One request. Raises NotFound."""
    principal.require(Scope.REQUESTS_READ)
    rows = (
        await store.read(sql.whole(sql.visible_to(principal).where(requests.c.id == request_id)))
        if is_id(PREFIX, request_id)
        else []
    )
    if not rows:
        raise NotFound(
            f"There is no request {request_id[:64]} in the log. It is written a second after its "
            f"answer and kept for {store.settings.request_log_days} days."
        )
    return sql.from_row(rows[0])


def _within(wanted: RequestFilter) -> list[ColumnElement[bool]]:
    """The times that are asked for, in ids: those tell when they were made, and are indexed."""
    least = [(wanted.since, 0), (wanted.created_gte, 0), (wanted.created_gt, 1)]
    most = [(wanted.until, 0), (wanted.created_lt, 0), (wanted.created_lte, 1)]
    conditions = [
        requests.c.id >= first_of(PREFIX, from_datetime(at) + more) for at, more in least if at
    ]
    conditions += [
        requests.c.id < first_of(PREFIX, from_datetime(at) + more) for at, more in most if at
    ]
    return conditions


def _shown(rows: Iterable[Row[Any]]) -> list[LoggedRequest]:  # Any: the log's columns
    return [sql.from_row(row) for row in rows]
