"""All SQL of failover."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Select as Query
from sqlalchemy import Update, select, update

from hookline.ids import CarrierId
from hookline.messages.model import COLUMNS, Status
from hookline.messages.store import is_in
from hookline.storage.schema import QUEUED, messages, route_carriers, routes, tried_carriers
from hookline.storage.sets import Insert, Select

INSERT_TRIED = Insert(
    tried_carriers,
    ("message_id", "carrier_id", "tried_at"),
    conflict=("message_id", "carrier_id"),
)
TRIED = Select(tried_carriers, key=("message_id",), columns=("carrier_id",))

_m = messages.c


def locked(ids: Collection[str], status: Status) -> Query[Any]:
    """Whole messages; another node that looks at them at once leaves them to this one."""
    return (
        select(*(_m[name] for name in COLUMNS))
        .where(_m.id.in_(ids), _m.status == status)
        .order_by(_m.id)
        .with_for_update(skip_locked=True)
    )


def hand_on(ids: Collection[str], carrier_id: CarrierId) -> Update:
    """To whichever node has the link of the new carrier."""
    return update(messages).where(_m.id.in_(ids)).values(carrier_id=carrier_id, owner=None)


def failover_limits() -> Query[Any]:
    """The carriers of routes in use, with what their routes say of failover."""
    return (
        select(
            route_carriers.c.carrier_id,
            routes.c.failover_on,
            routes.c.carrier_down_after_s,
            routes.c.no_receipt_after_s,
        )
        .join(routes, routes.c.id == route_carriers.c.route_id)
        .where(routes.c.disabled == 0, routes.c.failover_on != "[]")
        .distinct()
    )


def waiting_for(carrier_id: CarrierId, after: str, limit: int) -> Query[Any]:
    return (
        select(_m.id)
        .where(QUEUED, _m.carrier_id == carrier_id, _m.id > after)
        .order_by(_m.id)
        .limit(limit)
    )


def unreported(carrier_id: CarrierId, since: int, until: int, after: str, limit: int) -> Query[Any]:
    """Messages that the carrier took within these instants and whose receipt has not come."""
    return (
        select(_m.id)
        .where(is_in(Status.SENT), _m.carrier_id == carrier_id, _m.id > after)
        .where(_m.error_code.is_(None), _m.sent_at > since, _m.sent_at <= until)
        .order_by(_m.id)
        .limit(limit)
    )
