"""The router: the carrier of a message, the next one after a failure, and why."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from hookline.ids import AccountId, CarrierId
from hookline.routing.book import RouteBook
from hookline.routing.choice import Standing, ranked
from hookline.routing.health import CarrierHealth, Health
from hookline.routing.model import FailoverCause, Route, Target, Wanted
from hookline.storage.store import Store
from hookline.storage.wakeups import Wakeups


@dataclass(frozen=True, slots=True)
class Step:
    """One route that was asked."""

    route: Route
    miss: str | None
    """Why it did not decide; None where it did."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One carrier of the route that decided."""

    target: Target
    health: Health | None
    """None: the carrier is not known yet."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the router would do."""

    steps: list[Step]
    route: Route | None
    """None: no route is for the message, which takes its sender's carrier."""
    candidates: list[Candidate]
    """The first choice first."""
    carrier_id: CarrierId
    why: str


class Router:
    """Finds the carriers of live messages."""

    @classmethod
    def open(cls, store: Store, wakeups: Wakeups) -> "Router":
        return cls(RouteBook(store, wakeups), CarrierHealth(store))

    def __init__(self, book: RouteBook, health: CarrierHealth) -> None:
        self.book = book
        self.health = health

    async def carrier_for(
        self, account_id: AccountId, home: CarrierId, wanted: Wanted
    ) -> CarrierId:
        """The carrier that takes it now; `home`, its sender's own, where no route is for it."""
        routes = await self.book.find(account_id)
        if not routes:
            return home
        route = deciding(routes, wanted)
        if route is None:
            return home
        return (await self._ranked(route, wanted))[0].carrier_id

    async def route_for(self, account_id: AccountId, wanted: Wanted) -> Route | None:
        """The route that decides about the message."""
        return deciding(await self.book.find(account_id), wanted)

    async def next_after(
        self,
        account_id: str,
        wanted: Wanted,
        cause: FailoverCause,
        current: CarrierId,
        tried: Collection[CarrierId],
    ) -> CarrierId | None:
        """The carrier to go on with when the current one cannot; None when there is none.

        A message that has come to its carrier by no route stays there.
        """
        route = deciding(await self.book.find(account_id), wanted)
        if route is None or cause not in route.failover_on:
            return None
        if all(target.carrier_id != current for target in route.targets):
            return None
        known = await self.health.all()
        for target in await self._ranked(route, wanted):
            is_other = target.carrier_id != current and target.carrier_id not in tried
            if is_other and self.health.takes(known.get(target.carrier_id)):
                return target.carrier_id
        return None

    async def explain(self, account_id: AccountId, home: CarrierId, wanted: Wanted) -> Explanation:
        """A dry run: what would be done with the message, and why."""
        known = await self.health.fresh()
        steps = []
        for route in await self.book.find(account_id):
            steps.append(Step(route, route.match.miss(wanted)))
            if steps[-1].miss is None:
                break
        if not steps or steps[-1].miss is not None:
            why = "No route is for it: it takes the carrier that its sender is at home on."
            return Explanation(steps, None, [], home, why)
        route = steps[-1].route
        found = [
            Candidate(target, known.get(target.carrier_id))
            for target in await self._ranked(route, wanted)
        ]
        why = _why(route, found)
        return Explanation(steps, route, found, found[0].target.carrier_id, why)

    async def _ranked(self, route: Route, wanted: Wanted) -> list[Target]:
        if len(route.targets) == 1:
            return list(route.targets)
        return ranked(route.targets, wanted.recipient, _standings(await self.health.all()))


def deciding(routes: Collection[Route], wanted: Wanted) -> Route | None:
    """The first route that is for the message."""
    return next((route for route in routes if route.match.miss(wanted) is None), None)


def _standings(known: Mapping[CarrierId, Health]) -> dict[CarrierId, Standing]:
    return {carrier_id: health.standing for carrier_id, health in known.items()}


def _why(route: Route, found: list[Candidate]) -> str:
    first = found[0]
    of_route = f"Route {route.name!r} is the first that is for it"
    if len(found) == 1:
        return f"{of_route}, and has one carrier."
    if first.health is None or first.health.standing is Standing.DOWN:
        return f"{of_route}. None of its carriers is up: the message waits for the first choice."
    passed = [one for one in found[1:] if one.target.priority < first.target.priority]
    if passed:
        return f"{of_route}. Carriers of a lower priority number are down or faulty."
    alike = [one for one in found if one.target.priority == first.target.priority]
    if len(alike) == 1:
        return f"{of_route}, and this carrier comes first by priority."
    return f"{of_route}. Among carriers of one priority the weights divide the recipients."
