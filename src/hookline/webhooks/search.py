"""Finds deliveries: by phone number, time, answer, status. Each by an index, however many there are.

`number` has no column of its own: what messages, calls and recordings it was in is looked up first.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import ColumnElement, Table, or_, select, union_all
from sqlalchemy import Select as Query

from hookline.api.pagination import Paging, paged, party
from hookline.api.wire import Moment
from hookline.clock import from_datetime
from hookline.errors import Invalid
from hookline.events.model import EventType
from hookline.ids import EndpointId, first_of
from hookline.numbers.e164 import InvalidNumber, is_alphanumeric_sender, is_short_code, parse_number
from hookline.numbers.parties import is_sip_uri
from hookline.principal import Principal, Scope
from hookline.storage.schema import (
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
_IN_INDEX = frozenset({DeliveryStatus.FAILED, DeliveryStatus.CANCELED})
_LAST = "z" * 26
_PARTIES = {Scope.MESSAGES_READ: messages, Scope.CALLS_READ: calls}
Condition = ColumnElement[bool]


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
    found = ledger.of_account(principal.account_id, principal.mode).where(*_plain(wanted))
    if endpoint_id is not None:
        found = found.where(deliveries.c.endpoint_id == endpoint_id)
    if wanted.status is DeliveryStatus.PENDING:
        found = found.where(*await _pending(store, principal, endpoint_id))
    if wanted.number is not None:
        found = found.where(await _about(store, principal, _number(wanted.number)))
    return await store.read(paged(found, deliveries.c.id, wanted, prefix="dlv"))


def _plain(wanted: DeliverySearch) -> list[Condition]:
    exact = {
        deliveries.c.status: wanted.status,
        deliveries.c.event_type: wanted.event_type,
        deliveries.c.event_id: wanted.event_id,
        deliveries.c.resource_id: wanted.resource_id,
    }
    conditions = [column == value for column, value in exact.items() if value is not None]
    if wanted.status in _IN_INDEX:
        conditions.append(UNSUCCESSFUL)
    if wanted.response_status is not None:
        conditions += _answered(wanted.response_status)
    if wanted.id is not None:
        conditions += [deliveries.c.id >= wanted.id, deliveries.c.id <= wanted.id + _LAST]
    if wanted.since is not None:
        conditions.append(deliveries.c.id >= first_of("dlv", from_datetime(wanted.since)))
    if wanted.until is not None:
        conditions.append(deliveries.c.id < first_of("dlv", from_datetime(wanted.until)))
    return conditions


def _answered(text: str) -> list[Condition]:
    column = deliveries.c.last_status
    if text == "none":
        return [UNSUCCESSFUL, column.is_(None), deliveries.c.last_error.is_not(None)]
    first = int(text[0]) * 100 if text.endswith("xx") else int(text)
    last = first + 99 if text.endswith("xx") else first
    is_in_index = [UNSUCCESSFUL] if first >= 300 else []
    return [*is_in_index, column >= first, column <= last]


async def _pending(
    store: Store, principal: Principal, endpoint_id: EndpointId | None
) -> list[Condition]:
    """Pending ones are in an index of their own, by endpoint. Where they are few, they are read there."""
    of_endpoint = (
        deliveries.c.endpoint_id == endpoint_id
        if endpoint_id is not None
        else deliveries.c.endpoint_id.in_(
            select(endpoints.c.id).where(
                endpoints.c.account_id == principal.account_id, endpoints.c.mode == principal.mode
            )
        )
    )
    of_messages = (
        deliveries.c.endpoint_id.is_(None),
        deliveries.c.account_id == principal.account_id,
    )
    parts = [[of_endpoint]] if endpoint_id is not None else [[of_endpoint], [*of_messages]]
    ids: list[str] = []
    for conditions in parts:
        statement = select(deliveries.c.id).where(ledger.PENDING, *conditions)
        ids += [row.id for row in await store.read(statement.limit(_LOOKED_UP_MAX + 1))]
    return [deliveries.c.id.in_(ids)] if len(ids) <= _LOOKED_UP_MAX else []


def _number(text: str) -> str:
    text = party(text) or ""
    if is_alphanumeric_sender(text) or is_short_code(text) or is_sip_uri(text):
        return text
    try:
        return parse_number(text)
    except InvalidNumber as error:
        raise Invalid.at("?number", error.code, error.detail) from error


async def _about(store: Store, principal: Principal, number: str) -> Condition:
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
    if len(ids) <= _LOOKED_UP_MAX:
        return deliveries.c.resource_id.in_(ids)
    return or_(*_walking(tables, number, may_hear=may_hear))


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
    conditions: list[Condition] = [
        select(table.c.id)
        .where(table.c.id == deliveries.c.resource_id, _is_party(table, number))
        .exists()
        for table in tables
    ]
    if may_hear:
        heard: Query[Any] = (  # Any: an id
            select(recordings.c.id)
            .join(calls, calls.c.id == recordings.c.call_id)
            .where(recordings.c.id == deliveries.c.resource_id, _is_party(calls, number))
        )
        conditions.append(heard.exists())
    return conditions


def _is_party(table: Table, number: str) -> Condition:
    return or_(table.c.sender == number, table.c.recipient == number)
