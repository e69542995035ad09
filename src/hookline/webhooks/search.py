"""Finds deliveries: by phone number, time, answer, status. Each by an index, however many there are.

`number` has no column of its own: what messages, calls and recordings it was in is looked up first.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import CTE, ColumnElement, FromClause, Table, func, or_, select, union_all
from sqlalchemy import Select as Query

from hookline.api.pagination import Paging, paged, party
from hookline.api.wire import Moment
from hookline.clock import from_datetime
from hookline.errors import Invalid
from hookline.events.catalogue import example_resource_id
from hookline.events.model import EventType
from hookline.ids import EndpointId, first_of
from hookline.numbers.e164 import InvalidNumber, is_alphanumeric_sender, is_short_code, parse_number
from hookline.numbers.parties import is_sip_uri
from hookline.principal import Principal, Scope
from hookline.storage.schema import (
    OF_EVERY_RESOURCE,
    SELDOM,
    UNSUCCESSFUL,
    calls,
    deliveries,
    endpoints,
    messages,
    recordings,
)
from hookline.storage.store import Store
from hookline.storage.transaction import Rows
from hookline.webhooks import ledger
from hookline.webhooks.model import DeliveryStatus

_LOOKED_UP_MAX = 1_000
"""Resources of a number, or pending deliveries, that are named one by one."""
_FEW = 5_000
"""Deliveries that are read and sorted, where they are not met in the list soon enough."""
_IN_INDEX = frozenset({DeliveryStatus.FAILED, DeliveryStatus.CANCELED})
_LAST = "z" * 26
_PARTIES = {Scope.MESSAGES_READ: messages, Scope.CALLS_READ: calls}
Condition = ColumnElement[bool]
Columns = Any  # Any: the columns of deliveries, in whichever table they are


class DeliverySearch(Paging):
    """Which deliveries to list."""

    status: DeliveryStatus | None = None
    event_type: EventType | None = None
    event_id: Annotated[str | None, Field(max_length=64)] = None
    resource_id: Annotated[str | None, Field(max_length=64)] = None
    id: Annotated[
        str | None, Field(pattern=r"^dlv_[0-9a-z]{0,26}$", description="How the id begins.")
    ] = None
    number: Annotated[
        str | None,
        Field(
            max_length=255,
            description="Only about messages and calls with this phone number, on either side. Needs "
            "`messages:read`, `calls:read` or `recordings:read`, and finds what they may read.",
        ),
    ] = None
    response_status: Annotated[
        str | None,
        Field(
            pattern=r"^([2-5][0-9]{2}|[2-5]xx|none)$",
            description="What the latest attempt was answered with: a status, `404`, or a class, "
            "`5xx`; `none`: it got no answer.",
        ),
    ] = None
    since: Annotated[Moment | None, Field(description="Made at this instant or later.")] = None
    until: Annotated[Moment | None, Field(description="Made before this instant.")] = None


async def search_deliveries(
    store: Store,
    principal: Principal,
    wanted: DeliverySearch,
    endpoint_id: EndpointId | None = None,
) -> Rows:
    """One page, and one row more, with the URL that each goes to now. Raises Invalid,
    InsufficientScope.
    """
    source, further = await _source(store, principal, wanted, endpoint_id)
    column = source.c
    found = (
        select(source, endpoints.c.url.label("endpoint_url"))
        .outerjoin(endpoints, endpoints.c.id == column.endpoint_id)
        .where(column.account_id == principal.account_id, column.mode == principal.mode)
        .where(*_plain(wanted, column), *further)
    )
    if source is deliveries and _is_rare(wanted):
        found = found.where(UNSUCCESSFUL)
    is_seldom = source is deliveries and _is_seldom(wanted.event_type)
    if is_seldom:
        found = found.where(SELDOM)
    if endpoint_id is not None:
        # With "" behind it no index by endpoint is taken: that by type has far less to walk over.
        of = column.endpoint_id.concat("") if is_seldom else column.endpoint_id
        found = found.where(of == endpoint_id)
    return await store.read(paged(found, column.id, wanted, prefix="dlv"))


async def _source(
    store: Store, principal: Principal, wanted: DeliverySearch, endpoint_id: EndpointId | None
) -> tuple[FromClause, list[Condition]]:
    """What to look through: all deliveries, or the few that are known to be meant."""
    if wanted.number is not None:
        return await _about(store, principal, _number(wanted.number))
    if wanted.event_id is not None:
        return _few(deliveries.c.event_id == wanted.event_id), []
    if wanted.resource_id is not None:
        return _few(deliveries.c.resource_id == wanted.resource_id), []
    if wanted.status is DeliveryStatus.PENDING:
        ids = await _pending(store, principal, endpoint_id)
        if len(ids) <= _LOOKED_UP_MAX:
            return _few(deliveries.c.id.in_(ids)), []
    if wanted.event_type is not None and not _is_seldom(wanted.event_type):
        ids = await _resources(store, principal, wanted.event_type)
        if len(ids) <= _LOOKED_UP_MAX:
            return _few(deliveries.c.resource_id.in_(ids)), []
    return deliveries, []


def _is_seldom(event_type: EventType | None) -> bool:
    return event_type is not None and event_type.value not in OF_EVERY_RESOURCE


async def _resources(store: Store, principal: Principal, event_type: EventType) -> Sequence[str]:
    """The messages or calls that such events can be about; no more than tells that there are many, so
    that they are soon met in the list. Examples are about none of them.
    """
    table = messages if event_type.value.startswith("message.") else calls
    newest = (
        select(table.c.id)
        .where(table.c.account_id == principal.account_id, table.c.mode == principal.mode)
        .order_by(table.c.id.desc())
        .limit(_LOOKED_UP_MAX + 1)
    )
    found = [row.id for row in await store.read(newest)]
    return [*found, example_resource_id(event_type)]


def _few(are_meant: Condition) -> CTE:
    """Read by this condition's own index. Both planners would rather walk the whole list otherwise,
    which is in the wanted order.
    """
    return select(deliveries).where(are_meant).cte("few").prefix_with("MATERIALIZED")


def _plain(wanted: DeliverySearch, column: Columns) -> list[Condition]:
    exact = {
        column.status: wanted.status,
        column.event_type: wanted.event_type,
        column.event_id: wanted.event_id,
        column.resource_id: wanted.resource_id,
    }
    conditions: list[Condition] = [
        one == value for one, value in exact.items() if value is not None
    ]
    if wanted.response_status is not None:
        conditions += _answered(wanted.response_status, column)
    if wanted.id is not None:
        conditions += [column.id >= wanted.id, column.id <= wanted.id + _LAST]
    if wanted.since is not None:
        conditions.append(column.id >= first_of("dlv", from_datetime(wanted.since)))
    if wanted.until is not None:
        conditions.append(column.id < first_of("dlv", from_datetime(wanted.until)))
    return conditions


def _is_rare(wanted: DeliverySearch) -> bool:
    """Whether the index of what did not succeed has all that is wanted."""
    answer = wanted.response_status
    return wanted.status in _IN_INDEX or (answer is not None and not answer.startswith("2"))


def _answered(text: str, column: Columns) -> list[Condition]:
    if text == "none":
        return [column.last_status.is_(None), column.last_error.is_not(None)]
    first = int(text[0]) * 100 if text.endswith("xx") else int(text)
    last = first + 99 if text.endswith("xx") else first
    return [column.last_status >= first, column.last_status <= last]


async def _pending(
    store: Store, principal: Principal, endpoint_id: EndpointId | None
) -> Sequence[str]:
    """Ids of pending ones, from the index that they have by endpoint; no more than tells that there
    are many.
    """
    of_messages = (
        deliveries.c.endpoint_id.is_(None),
        deliveries.c.account_id.concat("") == principal.account_id,  # not by the account's index
    )
    of_endpoints = deliveries.c.endpoint_id.in_(
        select(endpoints.c.id).where(
            endpoints.c.account_id == principal.account_id, endpoints.c.mode == principal.mode
        )
    )
    parts: list[tuple[Condition, ...]] = (
        [(of_endpoints,), of_messages]
        if endpoint_id is None
        else [(deliveries.c.endpoint_id == endpoint_id,)]
    )
    ids: list[str] = []
    for conditions in parts:
        statement = select(deliveries.c.id).where(ledger.PENDING, *conditions)
        ids += [row.id for row in await store.read(statement.limit(_LOOKED_UP_MAX + 1))]
    return ids


def _number(text: str) -> str:
    text = party(text) or ""
    if is_alphanumeric_sender(text) or is_short_code(text) or is_sip_uri(text):
        return text
    try:
        return parse_number(text)
    except InvalidNumber as error:
        raise Invalid.at("?number", error.code, error.detail) from error


async def _about(
    store: Store, principal: Principal, number: str
) -> tuple[FromClause, list[Condition]]:
    """What the number was in. More than a few are so many that they are soon met in the list."""
    may_hear = principal.may(Scope.RECORDINGS_READ)
    tables = [table for scope, table in _PARTIES.items() if principal.may(scope)]
    if not tables and not may_hear:
        principal.require(Scope.MESSAGES_READ)
    ids: list[str] = []
    for table in tables:
        ids += await _with_number(store, principal, table, number)
    if may_hear:
        of_calls = ids if calls in tables else await _with_number(store, principal, calls, number)
        ids += await _recordings_of(store, of_calls)
    if len(ids) <= _LOOKED_UP_MAX and await _are_few(store, ids):
        return _few(deliveries.c.resource_id.in_(ids)), []
    return deliveries, [or_(*_walking(tables, number, may_hear=may_hear))]


async def _are_few(store: Store, ids: Sequence[str]) -> bool:
    """Whether there are not too many deliveries about some resources to read them all."""
    some = select(deliveries.c.resource_id).where(deliveries.c.resource_id.in_(ids))
    counted = select(func.count().label("found")).select_from(some.limit(_FEW + 1).subquery())
    [row] = await store.read(counted)
    return bool(row.found <= _FEW)


async def _with_number(
    store: Store, principal: Principal, table: Table, number: str
) -> Sequence[str]:
    sides = [
        select(table.c.id)
        .where(table.c.account_id == principal.account_id, table.c[side] == number)
        .order_by(table.c.id.desc())
        .limit(_LOOKED_UP_MAX + 1)
        .subquery()
        for side in ("sender", "recipient")
    ]
    rows = await store.read(union_all(*(select(side.c.id) for side in sides)))
    return [row.id for row in rows]


async def _recordings_of(store: Store, ids: Sequence[str]) -> Sequence[str]:
    of_calls = [one for one in ids if one.startswith("call_")][:_LOOKED_UP_MAX]
    statement = select(recordings.c.id).where(recordings.c.call_id.in_(of_calls))
    return [row.id for row in await store.read(statement.limit(_LOOKED_UP_MAX + 1))]


def _walking(tables: Sequence[Table], number: str, *, may_hear: bool) -> list[Condition]:
    """For each delivery that is met. The limit has PostgreSQL look each up by its id, where it would
    read all resources of the number for an EXISTS.
    """
    known: list[Query[Any]] = [  # Any: an id
        select(table.c.id).where(table.c.id == deliveries.c.resource_id, _is_party(table, number))
        for table in tables
    ]
    if may_hear:
        known.append(
            select(recordings.c.id)
            .join(calls, calls.c.id == recordings.c.call_id)
            .where(recordings.c.id == deliveries.c.resource_id, _is_party(calls, number))
        )
    return [one.correlate(deliveries).limit(1).scalar_subquery().is_not(None) for one in known]


def _is_party(table: Table, number: str) -> Condition:
    return or_(table.c.sender == number, table.c.recipient == number)
