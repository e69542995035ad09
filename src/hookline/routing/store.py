"""All SQL of routes."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Delete, Row, Select, Update, delete, select, update

from hookline.ids import AccountId, CarrierId
from hookline.routing.model import FailoverCause, Match, Route, Target
from hookline.storage.schema import carrier_links, carriers, route_carriers, routes
from hookline.storage.sets import Insert

Rows = Select[Any]  # Any: the statement's own columns
_r = routes.c

INSERT = Insert(
    routes,
    (
        "id", "account_id", "name", "position", "conditions", "failover_on", "carrier_down_after_s",
        "no_receipt_after_s", "disabled", "created_at",
    ),
    conflict=("account_id", "name"),
)  # fmt: skip
INSERT_TARGET = Insert(route_carriers, ("route_id", "carrier_id", "priority", "weight"))


def of_account(account_id: AccountId) -> Rows:
    """In the order in which they are asked."""
    return select(routes).where(_r.account_id == account_id).order_by(_r.position, _r.id)


def targets_of(account_id: AccountId) -> Rows:
    return (
        select(route_carriers)
        .join(routes, _r.id == route_carriers.c.route_id)
        .where(_r.account_id == account_id)
        .order_by(route_carriers.c.priority, route_carriers.c.carrier_id)
    )


def others_named(account_id: AccountId, name: str, route_id: str) -> Rows:
    return select(_r.id).where(_r.account_id == account_id, _r.name == name, _r.id != route_id)


def lock(account_id: AccountId) -> Rows:
    """Changes of one account's routes take turns."""
    return select(_r.id).where(_r.account_id == account_id).order_by(_r.id).with_for_update()


def make_room(account_id: AccountId, position: int) -> Update:
    """Move those from the position on by one."""
    return (
        update(routes)
        .where(_r.account_id == account_id, _r.position >= position)
        .values(position=_r.position + 1)
    )


def change(route_id: str, values: dict[str, object]) -> Update:
    return update(routes).where(_r.id == route_id).values(values)


def remove(route_id: str) -> Delete:
    return delete(routes).where(_r.id == route_id)


def remove_targets(route_id: str) -> Delete:
    return delete(route_carriers).where(route_carriers.c.route_id == route_id)


def usable_carriers(account_id: AccountId) -> Rows:
    return select(carriers.c.id, carriers.c.name, carriers.c.kind).where(
        carriers.c.account_id == account_id
    )


def carriers_of_routes() -> Rows:
    """Every carrier that a route has, with the last state of its link."""
    used = select(route_carriers.c.carrier_id).distinct()
    return (
        select(
            carriers.c.id,
            carriers.c.name,
            carriers.c.kind,
            carriers.c.disabled,
            carriers.c.created_at,
            carrier_links,
        )
        .join(carrier_links, carrier_links.c.carrier_id == carriers.c.id, isouter=True)
        .where(carriers.c.id.in_(used))
    )


def conditions_of(match: Match) -> str:
    """As they are stored."""
    lists = {
        "countries": sorted(match.countries),
        "prefixes": list(match.prefixes),
        "senders": sorted(match.senders),
        "tags": sorted(match.tags),
    }
    return msgspec.json.encode({name: one for name, one in lists.items() if one}).decode()


def causes_of(failover_on: Iterable[FailoverCause]) -> str:
    """As they are stored."""
    return msgspec.json.encode(sorted(failover_on)).decode()


def routes_of(rows: Iterable[Row[Any]], targets: Sequence[Row[Any]]) -> list[Route]:
    """Stored rows as routes, in their order."""
    by_route: dict[str, list[Target]] = {}
    for row in targets:
        target = Target(CarrierId(row.carrier_id), row.priority, row.weight)
        by_route.setdefault(row.route_id, []).append(target)
    return [_route(row, by_route.get(row.id, [])) for row in rows]


def _route(row: Row[Any], targets: Sequence[Target]) -> Route:
    conditions = msgspec.json.decode(row.conditions)
    match = Match(
        frozenset(conditions.get("countries", ())),
        tuple(conditions.get("prefixes", ())),
        frozenset(conditions.get("senders", ())),
        frozenset(conditions.get("tags", ())),
    )
    return Route(
        id=row.id,
        account_id=AccountId(row.account_id),
        name=row.name,
        position=row.position,
        match=match,
        targets=tuple(targets),
        failover_on=frozenset(FailoverCause(one) for one in msgspec.json.decode(row.failover_on)),
        carrier_down_after_s=row.carrier_down_after_s,
        no_receipt_after_s=row.no_receipt_after_s,
        disabled=bool(row.disabled),
        created_at=row.created_at,
    )
