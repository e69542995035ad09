"""Lists by id: newest first unless asked otherwise, stable while rows are being added."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field
from sqlalchemy import ColumnElement, Row, Select, Table

from hookline.api.wire import Body, Moment, Page
from hookline.clock import from_datetime
from hookline.errors import Invalid
from hookline.ids import is_id

T = TypeVar("T")
PartyFilter = Annotated[str | None, Field(max_length=255)]


class Paging(Body):
    """The query parameters of every list; rooms add their filters by inheriting."""

    limit: Annotated[int, Field(ge=1, le=100, description="Items on a page.")] = 20
    cursor: Annotated[
        str | None, Field(max_length=64, description="`next_cursor` of the page before.")
    ] = None
    order: Annotated[Literal["asc", "desc"], Field(description="By time of creation.")] = "desc"


class CreatedWithin(Body):
    """What narrows by time of creation."""

    created_gte: Annotated[Moment | None, Field(alias="created[gte]")] = None
    created_gt: Annotated[Moment | None, Field(alias="created[gt]")] = None
    created_lte: Annotated[Moment | None, Field(alias="created[lte]")] = None
    created_lt: Annotated[Moment | None, Field(alias="created[lt]")] = None


class CreatedPaging(Paging, CreatedWithin):
    """A list that can also be narrowed by time of creation."""


class TrafficPaging(CreatedPaging):
    """A list of what goes from one side to another."""

    direction: Literal["outbound", "inbound"] | None = None
    to: PartyFilter = None
    sender: Annotated[PartyFilter, Field(alias="from")] = None


def narrowed(
    statement: Select[Any],  # Any: the room's own columns
    table: Table,
    wanted: TrafficPaging,
    status: str | None,
) -> Select[Any]:
    """The statement with what is asked for of a table of messages or calls."""
    exact = {
        "status": status,
        "direction": wanted.direction,
        "recipient": party(wanted.to),
        "sender": party(wanted.sender),
    }
    for name, value in exact.items():
        if value is not None:
            statement = statement.where(table.c[name] == value)
    return statement.where(*created_within(table.c.created_at, wanted))


def party(text: str | None) -> str | None:
    """A number as it was meant: in a query string a plus sign that was not escaped arrives as a space."""
    return "+" + text[1:] if text is not None and text.startswith(" ") else text


def created_within(column: ColumnElement[int], wanted: CreatedWithin) -> list[ColumnElement[bool]]:
    """The conditions that the `created[…]` parameters stand for."""
    conditions = []
    if wanted.created_gte:
        conditions.append(column >= from_datetime(wanted.created_gte))
    if wanted.created_gt:
        conditions.append(column > from_datetime(wanted.created_gt))
    if wanted.created_lte:
        conditions.append(column <= from_datetime(wanted.created_lte))
    if wanted.created_lt:
        conditions.append(column < from_datetime(wanted.created_lt))
    return conditions


def paged(
    statement: Select[Any],  # Any: the room's own columns
    column: ColumnElement[str],
    paging: Paging,
    *,
    prefix: str,
) -> Select[Any]:
    """The statement cut to one page and one row more, ordered by the id column."""
    if paging.cursor is not None:
        if not is_id(prefix, paging.cursor):
            raise Invalid.at("?cursor", "invalid_cursor", "Take next_cursor of the page before.")
        after = column > paging.cursor if paging.order == "asc" else column < paging.cursor
        statement = statement.where(after)
    ordered = column.asc() if paging.order == "asc" else column.desc()
    return statement.order_by(ordered).limit(paging.limit + 1)


def cut(
    rows: Sequence[Row[Any]],  # Any: the room's own columns
    paging: Paging,
    from_row: Callable[[tuple[Any, ...]], T],
) -> tuple[list[T], bool]:
    """What is on the page that `paged` asked for, and whether more follows."""
    found = [from_row(tuple(row)) for row in rows[: paging.limit]]
    return found, len(rows) > paging.limit


def page(
    rows: Sequence[Row[Any]],  # Any: the room's own columns
    paging: Paging,
    to_shape: Callable[[Row[Any]], T],
    *,
    cursor: str = "id",
) -> Page[T]:
    """The page made of rows that `paged` asked for."""
    shown = rows[: paging.limit]
    has_more = len(rows) > paging.limit
    return Page(
        data=[to_shape(row) for row in shown],
        has_more=has_more,
        next_cursor=str(getattr(shown[-1], cursor)) if has_more else None,
    )
