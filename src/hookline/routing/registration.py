"""Use cases of routes: add, change, remove. Free of HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Row

from hookline.audit.append import record
from hookline.carriers.kinds import CALLS_ONLY
from hookline.errors import Invalid
from hookline.ids import CarrierId
from hookline.principal import Principal, Scope
from hookline.routing import store as sql
from hookline.routing.book import topic
from hookline.routing.errors import RouteNameTaken, RouteNotFound, TooManyRoutes
from hookline.routing.model import PREFIX, FailoverCause, Match, Route, Target
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

ROUTES_MAX = 500
TARGETS_MAX = 20


@dataclass(frozen=True, slots=True)
class WantedTarget:
    """A carrier by its id or name."""

    carrier: str
    priority: int = 1
    weight: int = 1


@dataclass(frozen=True, slots=True)
class RouteChange:
    """What a route is to be; None and what is left out stays."""

    name: str | None = None
    position: int | None = None
    match: Match | None = None
    carriers: Sequence[WantedTarget] | None = None
    failover_on: frozenset[FailoverCause] | None = None
    carrier_down_after_s: int | None = None
    no_receipt_after_s: int | None = None
    disabled: bool | None = None


async def add_route(
    tx: Transaction, store: Store, principal: Principal, new: Route, wanted: Sequence[WantedTarget]
) -> Route:
    """Add a route at its position, or behind all others when that is 0.

    The id, the account and the targets of `new` are made here. Raises RouteNameTaken,
    TooManyRoutes, LiveModeNeeded, Invalid.
    """
    _check_may_write(principal)
    account_id = principal.account_id
    others = await _all(tx, principal)
    if len(others) >= ROUTES_MAX:
        raise TooManyRoutes
    targets = await _targets(tx, principal, wanted)
    position = new.position or max((one.position for one in others), default=0) + 1
    if any(one.position >= position for one in others):
        await tx.changed(sql.make_room(account_id, position))
    route = replace(
        new,
        id=store.ids.new(PREFIX),
        account_id=account_id,
        position=position,
        targets=targets,
        created_at=store.now(),
    )
    if not (await tx.insert(sql.INSERT, [_row(route)]))[0]:
        raise RouteNameTaken(route.name)
    await _store_targets(tx, route)
    record(tx, principal, "route.create", route.id, after=_facts(route))
    tx.notify(topic(account_id))
    return route


async def change_route(
    tx: Transaction, principal: Principal, route_id: str, change: RouteChange
) -> Route:
    """Change a route. Raises RouteNotFound, RouteNameTaken, LiveModeNeeded, Invalid."""
    _check_may_write(principal)
    before = _only(await _all(tx, principal), route_id)
    targets = before.targets
    if change.carriers is not None:
        targets = await _targets(tx, principal, change.carriers)
    given = {
        name: value
        for name in (
            "name", "position", "match", "failover_on", "carrier_down_after_s",
            "no_receipt_after_s", "disabled",
        )
        if (value := getattr(change, name)) is not None
    }  # fmt: skip
    after = replace(before, targets=targets, **given)
    if await tx.execute(sql.others_named(principal.account_id, after.name, after.id)):
        raise RouteNameTaken(after.name)
    if after.position != before.position:
        await tx.changed(sql.make_room(principal.account_id, after.position))
    columns = dict(zip(sql.INSERT.columns, _row(after), strict=True))
    await tx.changed(sql.change(after.id, columns))
    if targets != before.targets:
        await tx.changed(sql.remove_targets(after.id))
        await _store_targets(tx, after)
    record(tx, principal, "route.update", after.id, before=_facts(before), after=_facts(after))
    tx.notify(topic(principal.account_id))
    return after


async def remove_route(tx: Transaction, principal: Principal, route_id: str) -> None:
    """Remove a route. What has been routed by it stays where it is. Raises RouteNotFound."""
    _check_may_write(principal)
    before = _only(await _all(tx, principal), route_id)
    await tx.changed(sql.remove_targets(before.id))
    await tx.changed(sql.remove(before.id))
    record(tx, principal, "route.delete", before.id, before=_facts(before))
    tx.notify(topic(principal.account_id))


def find_route(routes: Sequence[Route], name_or_id: str) -> Route:
    """One of the account's routes by its name or id. Raises RouteNotFound."""
    for route in routes:
        if name_or_id in (route.id, route.name):
            return route
    raise RouteNotFound(name_or_id)


def _check_may_write(principal: Principal) -> None:
    principal.require(Scope.CARRIERS_WRITE)
    principal.require_live("Routes carry live messages")


async def _all(tx: Transaction, principal: Principal) -> list[Route]:
    """The account's routes, which nobody else changes until this is committed."""
    await tx.execute(sql.lock(principal.account_id))
    rows: Sequence[Row[tuple[object, ...]]] = await tx.execute(sql.of_account(principal.account_id))
    targets = await tx.execute(sql.targets_of(principal.account_id)) if rows else []
    return sql.routes_of(rows, targets)


def _only(routes: Sequence[Route], route_id: str) -> Route:
    for route in routes:
        if route.id == route_id:
            return route
    raise RouteNotFound(route_id)


async def _targets(
    tx: Transaction, principal: Principal, wanted: Sequence[WantedTarget]
) -> tuple[Target, ...]:
    """Raises Invalid that points at the carrier that cannot be one."""
    rows = await tx.execute(sql.usable_carriers(principal.account_id))
    by_name = {name: row for row in rows for name in (row.name, row.id)}
    targets: dict[CarrierId, Target] = {}
    for place, one in enumerate(wanted):
        pointer = f"/carriers/{place}/carrier"
        row = by_name.get(one.carrier)
        if row is None:
            text = f"There is no carrier {one.carrier[:64]!r} in this account."
            raise Invalid.at(pointer, "unknown_carrier", text)
        if row.kind in CALLS_ONLY:
            text = f"{row.name!r} carries calls only; choose a carrier of messages."
            raise Invalid.at(pointer, "calls_only", text)
        carrier_id = CarrierId(row.id)
        if carrier_id in targets:
            text = f"{row.name!r} is there twice; give it one priority and one weight."
            raise Invalid.at(pointer, "repeated_carrier", text)
        targets[carrier_id] = Target(carrier_id, one.priority, one.weight)
    return tuple(sorted(targets.values(), key=lambda one: (one.priority, one.carrier_id)))


async def _store_targets(tx: Transaction, route: Route) -> None:
    rows = [(route.id, one.carrier_id, one.priority, one.weight) for one in route.targets]
    await tx.insert(sql.INSERT_TARGET, rows)


def _row(route: Route) -> tuple[object, ...]:
    return (
        route.id,
        route.account_id,
        route.name,
        route.position,
        sql.conditions_of(route.match),
        sql.causes_of(route.failover_on),
        route.carrier_down_after_s,
        route.no_receipt_after_s,
        int(route.disabled),
        route.created_at,
    )


def _facts(route: Route) -> Mapping[str, object]:
    """What the audit trail keeps."""
    return {
        "name": route.name,
        "position": route.position,
        "match": sql.conditions_of(route.match),
        "carriers": [
            {"carrier": one.carrier_id, "priority": one.priority, "weight": one.weight}
            for one in route.targets
        ],
        "failover_on": sorted(route.failover_on),
        "disabled": route.disabled,
    }
