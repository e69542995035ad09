"""Routes as pages show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hookline.carriers.live_state import State
from hookline.console.views.links import link_badge
from hookline.console.views.status import Badge
from hookline.ids import CarrierId
from hookline.routing.health import Health
from hookline.routing.model import FailoverCause, Match, Route, Target
from hookline.routing.router import Explanation

CAUSES = {
    FailoverCause.CARRIER_DOWN: ("The carrier is down", "Messages that wait for it go on."),
    FailoverCause.TEMPORARY_ERROR: ("It has faults of its own", "After it was asked four times."),
    FailoverCause.PERMANENT_ERROR: ("It refuses the message", "Whatever its reason is."),
    FailoverCause.NO_RECEIPT: ("It reports nothing", "The person may get the message twice."),
}
_SHORT = {
    FailoverCause.CARRIER_DOWN: "down",
    FailoverCause.TEMPORARY_ERROR: "faults",
    FailoverCause.PERMANENT_ERROR: "refusals",
    FailoverCause.NO_RECEIPT: "no receipt",
}
_CONDITIONS = ("countries", "prefixes", "senders", "tags")


@dataclass(frozen=True, slots=True)
class TargetView:
    """A carrier of a route."""

    carrier_id: str
    name: str
    priority: int
    weight: int
    share: str
    """Of the recipients, among those of one priority."""
    status: Badge
    health: int | None


@dataclass(frozen=True, slots=True)
class RouteView:
    """One route."""

    id: str
    name: str
    position: int
    conditions: Sequence[tuple[str, str]]
    """What it is for, and the values; empty: every message."""
    targets: Sequence[TargetView]
    failover: str
    is_disabled: bool
    status: Badge


@dataclass(frozen=True, slots=True)
class StepView:
    """A route that was asked about a message."""

    name: str
    decided: bool
    reason: str


@dataclass(frozen=True, slots=True)
class PreviewView:
    """Which carrier would take a message, and why."""

    carrier: str
    reason: str
    steps: Sequence[StepView]
    targets: Sequence[TargetView]


def route_view(
    route: Route, names: Mapping[str, str], known: Mapping[CarrierId, Health]
) -> RouteView:
    causes = [_SHORT[cause] for cause in CAUSES if cause in route.failover_on]
    return RouteView(
        id=route.id,
        name=route.name,
        position=route.position,
        conditions=conditions(route.match),
        targets=[_target(one, route.targets, names, known) for one in route.targets],
        failover=", ".join(causes) if len(route.targets) > 1 else "",
        is_disabled=route.disabled,
        status=Badge("Disabled") if route.disabled else Badge("In use", "ok"),
    )


def conditions(match: Match) -> list[tuple[str, str]]:
    """What the route is for, in words."""
    lists = (sorted(match.countries), match.prefixes, sorted(match.senders), sorted(match.tags))
    return [
        (name.capitalize(), ", ".join(values))
        for name, values in zip(_CONDITIONS, lists, strict=True)
        if values
    ]


def preview_view(
    found: Explanation, carrier: str, names: Mapping[str, str], known: Mapping[CarrierId, Health]
) -> PreviewView:
    targets = [one.target for one in found.candidates]
    return PreviewView(
        carrier=carrier,
        reason=found.why,
        steps=[StepView(one.route.name, one.miss is None, one.miss or "") for one in found.steps],
        targets=[_target(one, targets, names, known) for one in targets],
    )


def _target(
    one: Target,
    all_of_them: Sequence[Target],
    names: Mapping[str, str],
    known: Mapping[CarrierId, Health],
) -> TargetView:
    health = known.get(one.carrier_id)
    weights = sum(other.weight for other in all_of_them if other.priority == one.priority)
    return TargetView(
        carrier_id=one.carrier_id,
        name=names.get(one.carrier_id, one.carrier_id),
        priority=one.priority,
        weight=one.weight,
        share=f"{round(100 * one.weight / weights)} %",
        status=link_badge(health.state if health else State.CONNECTING),
        health=health.score if health else None,
    )
