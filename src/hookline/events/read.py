"""Reads events back, oldest first, and rewrites those of a redacted resource."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import select, update

from hookline.errors import Invalid
from hookline.events.append import FINISHER
from hookline.events.model import Draft, EventType, readable_types, scope_of, types_matching
from hookline.ids import AccountId
from hookline.principal import Principal
from hookline.storage.schema import account_streams, events
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

REDACTED_TOPIC = "redacted:"
Data = dict[str, Any]  # Any: JSON
_POSITION = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event as it stands in the log."""

    id: str
    type: str
    position: int
    body: bytes


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some events in a row, and whether more follow."""

    events: Sequence[StoredEvent]
    has_more: bool


def visible_types(principal: Principal, pattern: str | None) -> list[EventType]:
    """The types that the caller may see and asks for. Raises Invalid, InsufficientScope."""
    readable = readable_types(principal)
    if pattern is None:
        return readable
    asked = types_matching(pattern)
    if not asked:
        raise Invalid.at(
            "?type", "unknown_event_type", f"There is no event type {pattern[:64]!r}; see the list."
        )
    visible = [kind for kind in asked if kind in readable]
    if not visible and pattern != "*":
        principal.require(scope_of(asked[0]))
    return visible


async def list_events(
    store: Store, principal: Principal, *, after: str | None, pattern: str | None, limit: int
) -> EventPage:
    """Events behind `after` (an event's id; None: from the oldest). Raises Invalid."""
    types = visible_types(principal, pattern)
    position = 0 if after is None else await position_of(store, principal, after)
    found = await read_after(store, principal, position, types, limit=limit + 1)
    return EventPage(found[:limit], len(found) > limit)


async def read_after(
    store: Store, principal: Principal, position: int, types: Sequence[EventType], *, limit: int
) -> list[StoredEvent]:
    """The next events of the caller's account and mode behind a position."""
    rows = await store.read(
        select(events.c.id, events.c.type, events.c.position, events.c.body)
        .where(
            events.c.account_id == principal.account_id,
            events.c.position > position,
            events.c.mode == principal.mode,
            events.c.type.in_(types),
        )
        .order_by(events.c.position)
        .limit(limit)
    )
    return [StoredEvent(row.id, row.type, row.position, bytes(row.body)) for row in rows]


async def position_of(store: Store, principal: Principal, event_id: str) -> int:
    """Where an event of the account stands; a position, such as 0 for the beginning, is itself.

    Raises Invalid when there is no such event, or no longer.
    """
    if _POSITION.fullmatch(event_id):
        return min(int(event_id), await head_position(store, principal.account_id))
    rows = await store.read(
        select(events.c.position).where(
            events.c.id == event_id, events.c.account_id == principal.account_id
        )
    )
    if not rows:
        raise Invalid.at(
            "?after",
            "unknown_event",
            "There is no such event, or it is no longer kept. Give 0 to begin with the oldest "
            "one that is.",
        )
    return int(rows[0].position)


async def head_position(store: Store, account_id: AccountId) -> int:
    """The position of the account's latest event."""
    rows = await store.read(
        select(account_streams.c.position).where(account_streams.c.account_id == account_id)
    )
    return int(rows[0].position) if rows else 0


async def redact(
    tx: Transaction, account_id: AccountId, resource_id: str, change: Callable[[Data], Data]
) -> int:
    """Rewrite the `data` of every event about a resource; how many there were.

    Deliveries read their bodies from here, and those held in memory are told to read again.
    """
    await tx.flush()
    mine = (events.c.account_id == account_id, events.c.resource_id == resource_id)
    drafts: list[Draft] = tx.deferred.get(FINISHER, [])
    for place, draft in enumerate(drafts):  # events of the same batch are not written yet
        if draft.account_id == account_id and draft.resource_id == resource_id:
            data = msgspec.json.encode(change(msgspec.json.decode(draft.data)))
            drafts[place] = msgspec.structs.replace(draft, data=data)
    rows = await tx.execute(select(events.c.position, events.c.body).where(*mine))
    for row in rows:
        body = msgspec.json.decode(row.body)
        body["data"] = change(body["data"])
        await tx.changed(
            update(events)
            .where(events.c.account_id == account_id, events.c.position == row.position)
            .values(body=msgspec.json.encode(body))
        )
    tx.notify(REDACTED_TOPIC + resource_id)
    return len(rows)
