"""All SQL of replays: their rows, and the deliveries and events that they walk over."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Insert,
    and_,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy import Select as Query
from sqlalchemy import Update as Change
from sqlalchemy.sql.dml import Delete

from hookline.clock import UnixMs
from hookline.ids import AccountId, EndpointId, first_of
from hookline.principal import Mode
from hookline.storage.schema import (
    OPEN_REPLAY,
    UNSUCCESSFUL,
    calls,
    deliveries,
    endpoints,
    events,
    leases,
    replays,
)
from hookline.webhooks.model import DeliveryStatus
from hookline.webhooks.replay import SAMPLE_MAX, Replay, ReplayStatus, Selection

Rows = Query[Any]  # Any: the statement's own columns
_r = replays.c
_FAILED = deliveries.c.status == literal_column(f"'{DeliveryStatus.FAILED.value}'")
_NODE = "node:"


# Rows of replays.


def add(new: Replay) -> Insert:
    return insert(replays).values(
        id=new.id,
        account_id=new.account_id,
        mode=new.mode.value,
        endpoint_id=new.endpoint_id,
        selection=new.selection.value,
        types=msgspec.json.encode(new.types).decode(),
        since=new.since,
        until=new.until,
        end_position=new.end_position,
        status=new.status.value,
        rate=new.rate,
        place=new.place,
        asked_by=new.asked_by,
        created_at=new.created_at,
    )


def of_account(account_id: AccountId, mode: Mode) -> Rows:
    return select(replays).where(_r.account_id == account_id, _r.mode == mode)


def by_id(account_id: AccountId, mode: Mode, replay_id: str) -> Rows:
    return of_account(account_id, mode).where(_r.id == replay_id)


def open_of(endpoint_id: EndpointId) -> Rows:
    return select(replays).where(_r.endpoint_id == endpoint_id, OPEN_REPLAY)


def lock_endpoint(endpoint_id: EndpointId) -> Rows:
    """Whoever begins a replay holds the endpoint, so that only one begins."""
    return select(endpoints.c.id).where(endpoints.c.id == endpoint_id).with_for_update()


def to_take(node: str, carried_out: Sequence[str], now: UnixMs, limit: int) -> Rows:
    """Open replays that no living node carries out, the oldest first. `carried_out`: what this node
    does; what it had and no longer does is free, too.
    """
    living = select(leases.c.owner).where(
        leases.c.name == _NODE + leases.c.owner, leases.c.expires_at > now
    )
    is_dropped = (_r.owner == node) & _r.id.not_in(carried_out)
    is_free = or_(_r.owner.is_(None), _r.owner.not_in(living), is_dropped)
    return select(replays).where(OPEN_REPLAY, is_free).order_by(_r.id).limit(limit)


def take(found: Replay, node: str) -> Change:
    """Take it, as it was found; changes nothing when another node was first."""
    same = _r.owner.is_(None) if found.owner is None else _r.owner == found.owner
    return (
        update(replays)
        .where(_r.id == found.id, _r.status == found.status.value, same)
        .values(status=ReplayStatus.RUNNING.value, owner=node)
    )


def go_on(replay: Replay, **values: object) -> Change:
    """Say how far it is; changes nothing when it was canceled, or another node has taken it."""
    return (
        update(replays)
        .where(_r.id == replay.id, _r.status == ReplayStatus.RUNNING.value)
        .where(_r.owner == replay.owner, _r.place == replay.place)
        .values(**values)
    )


def lock_endpoint_shared(endpoint_id: EndpointId) -> Rows:
    """The endpoint as it stays until the commit: it is neither disabled nor deleted meanwhile."""
    return select(endpoints).where(endpoints.c.id == endpoint_id).with_for_update(read=True)


def cancel(replay_id: str, now: UnixMs) -> Change:
    return (
        update(replays)
        .where(_r.id == replay_id, OPEN_REPLAY)
        .values(status=ReplayStatus.CANCELED.value, owner=None, finished_at=now)
    )


def give_back(node: str) -> Change:
    """What a node that stops leaves to others."""
    return update(replays).where(_r.owner == node, OPEN_REPLAY).values(owner=None)


def forget_finished(before: UnixMs) -> Delete:
    return delete(replays).where(_r.finished_at < before)


def replay_of(row: Any) -> Replay:  # Any: a row of the table
    return Replay(
        id=row.id,
        account_id=AccountId(row.account_id),
        mode=Mode(row.mode),
        endpoint_id=EndpointId(row.endpoint_id),
        selection=Selection(row.selection),
        types=tuple(msgspec.json.decode(row.types)),
        since=UnixMs(row.since),
        until=UnixMs(row.until),
        end_position=row.end_position,
        status=ReplayStatus(row.status),
        rate=row.rate,
        total=row.total,
        done=row.done,
        place=row.place,
        error=row.error,
        asked_by=row.asked_by,
        owner=row.owner,
        created_at=UnixMs(row.created_at),
        finished_at=row.finished_at,
    )


# What they walk over.


def first_position(account_id: AccountId) -> Rows:
    return select(func.min(events.c.position).label("position")).where(
        events.c.account_id == account_id
    )


def event_at(account_id: AccountId, position: int) -> Rows:
    """The first event that is kept from a position on."""
    return (
        select(events.c.position, events.c.id)
        .where(events.c.account_id == account_id, events.c.position >= position)
        .order_by(events.c.position)
        .limit(1)
    )


def made_since(endpoint_id: EndpointId, since: UnixMs) -> Query[int, Any]:  # Any: null when none
    """How many deliveries were made for an endpoint; and the oldest of a full sample."""
    newest = (
        select(deliveries.c.id)
        .where(deliveries.c.endpoint_id == endpoint_id)
        .where(deliveries.c.id >= first_of("dlv", since))
        .order_by(deliveries.c.id.desc())
        .limit(SAMPLE_MAX)
        .subquery()
    )
    return select(func.count().label("made"), func.min(newest.c.id).label("oldest"))


def failed(replay: Replay, limit: int) -> Rows:
    """Failed deliveries behind its place, the oldest first; those of events that are still kept."""
    is_kept = select(events.c.id).where(events.c.id == deliveries.c.event_id).exists()
    return (
        select(
            deliveries.c.id.label("delivery_id"),
            deliveries.c.event_id,
            deliveries.c.event_type,
            deliveries.c.resource_id,
        )
        .where(UNSUCCESSFUL, _FAILED, deliveries.c.endpoint_id == replay.endpoint_id)
        .where(deliveries.c.id > replay.place, *_within(deliveries.c.event_id, replay))
        .where(deliveries.c.event_type.in_(replay.types), is_kept)
        .order_by(deliveries.c.id)
        .limit(limit)
    )


def kept_events(
    replay: Replay, wanted: Sequence[str], *, until: int, limit: int, with_body: bool
) -> Rows:
    """Events behind its place up to a position: without a delivery to the endpoint and of a wanted
    type, or with one that is to be sent again.
    """
    # With "" behind it the endpoint's index is not taken, which would be walked for every event.
    is_to_it = deliveries.c.endpoint_id.concat("") == replay.endpoint_id
    delivered = and_(deliveries.c.event_id == events.c.id, is_to_it)
    is_missing = and_(deliveries.c.id.is_(None), events.c.type.in_(wanted))
    is_again = deliveries.c.status.in_(replay.selection.statuses)
    columns: list[ColumnElement[Any]] = [  # Any: columns of two tables
        events.c.position,
        events.c.id.label("event_id"),
        events.c.type.label("event_type"),
        events.c.resource_id,
        deliveries.c.id.label("delivery_id"),
    ]
    return (
        select(*columns, *([events.c.body] if with_body else []))
        .outerjoin(deliveries, delivered)
        .where(events.c.account_id == replay.account_id, events.c.mode == replay.mode.value)
        .where(events.c.position > int(replay.place), events.c.position <= until)
        .where(*_within(events.c.id, replay), events.c.type.in_(replay.types))
        .where(or_(is_missing, is_again) if replay.selection.statuses else is_missing)
        .order_by(events.c.position)
        .limit(limit)
    )


def count_of(statement: Rows, place: str) -> Query[int, Any]:  # Any: an id or a position
    """How many rows a statement has, and the last of them."""
    rows = statement.subquery()
    return select(func.count().label("found"), func.max(rows.c[place]).label("place"))


def callers_of(call_ids: Sequence[str]) -> Rows:
    """Who is on calls."""
    columns = (calls.c.id, calls.c.direction, calls.c.sender, calls.c.recipient)
    return select(*columns).where(calls.c.id.in_(call_ids))


def _within(event_id: ColumnElement[str], replay: Replay) -> tuple[ColumnElement[bool], ...]:
    """Ids of events begin with their time."""
    return event_id >= first_of("evt", replay.since), event_id < first_of("evt", replay.until)
