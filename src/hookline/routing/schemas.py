"""The wire shapes of routes."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool

from hookline.api.wire import Body, Shape, Timestamp, shown
from hookline.carriers.live_state import State
from hookline.ids import AccountId, is_id
from hookline.numbers.e164 import DIGITS_MAX, TEXT_LENGTH_MAX
from hookline.restrictions import parse_country
from hookline.routing.model import PREFIX, FailoverCause, Match, Route
from hookline.routing.registration import TARGETS_MAX, RouteChange, WantedTarget
from hookline.routing.router import Candidate, Explanation

NAME_LENGTH_MAX = 64
CONDITIONS_MAX = 300
CARRIER_DOWN_AFTER_S = 10
NO_RECEIPT_AFTER_S = 600
WEIGHT_MAX = 1_000
PRIORITY_MAX = 100
POSITION_MAX = 1_000_000
FAILOVER_ON = (FailoverCause.CARRIER_DOWN, FailoverCause.TEMPORARY_ERROR)
_PREFIX = re.compile(rf"\+[1-9][0-9]{{0,{DIGITS_MAX - 1}}}")


def _name(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise ValueError("use printable characters, and no space at the beginning or end")
    if is_id(PREFIX, text):
        raise ValueError("this is the form of an id; choose a name that people recognise")
    return text


def _prefix(text: str) -> str:
    if not _PREFIX.fullmatch(text):
        raise ValueError("write a prefix as + and digits, such as +4477")
    return text


Name = Annotated[
    str,
    AfterValidator(_name),
    Field(min_length=1, max_length=NAME_LENGTH_MAX, examples=["United Kingdom"]),
]
Position = Annotated[
    int,
    Field(
        ge=1,
        le=POSITION_MAX,
        description="Routes are asked in this order; those from here on move back by one. Left out: "
        "behind all others.",
    ),
]
FailoverOn = Annotated[
    list[FailoverCause],
    Field(
        max_length=len(FailoverCause),
        description="When a message goes on to the next carrier. carrier_down: it waits and the link "
        "is down; temporary_error: the carrier had faults of its own; permanent_error: it refused the "
        "message; no_receipt: it took the message and reported nothing, so that the person may get "
        "it twice.",
    ),
]
DownAfter = Annotated[int, Field(ge=1, le=86_400, description="For carrier_down.")]
ReceiptAfter = Annotated[int, Field(ge=10, le=259_200, description="For no_receipt.")]


class RouteMatch(Body):
    """Which messages the route is for: all conditions that are there hold. None: every message."""

    countries: Annotated[
        list[Annotated[str, Field(max_length=10), AfterValidator(parse_country)]],
        Field(
            default_factory=list,
            max_length=CONDITIONS_MAX,
            description="Of the recipient's number, as ISO 3166 codes.",
            examples=[["GB", "IE"]],
        ),
    ]
    prefixes: Annotated[
        list[Annotated[str, AfterValidator(_prefix)]],
        Field(
            default_factory=list,
            max_length=CONDITIONS_MAX,
            description="How the recipient's number begins.",
        ),
    ]
    senders: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=TEXT_LENGTH_MAX)]],
        Field(
            default_factory=list, max_length=CONDITIONS_MAX, description="`from` of the message."
        ),
    ]
    tags: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=64)]],
        Field(
            default_factory=list,
            max_length=CONDITIONS_MAX,
            description="The message has any of them.",
        ),
    ]


class RouteCarrierInput(Body):
    """A carrier of the route, with priority and weight as in DNS SRV records."""

    carrier: Annotated[str, Field(min_length=1, max_length=64, description="Its id or name.")]
    priority: Annotated[
        int,
        Field(ge=1, le=PRIORITY_MAX, description="The lowest comes first; others are its reserve."),
    ] = 1
    weight: Annotated[
        int,
        Field(
            ge=1,
            le=WEIGHT_MAX,
            description="Its share of recipients among those of one priority. All messages to one "
            "number take one carrier, so that they arrive in order.",
        ),
    ] = 1


Carriers = Annotated[list[RouteCarrierInput], Field(min_length=1, max_length=TARGETS_MAX)]


class RouteCreate(Body):
    """A route to add."""

    name: Name
    position: Position | None = None
    match: Annotated[RouteMatch, Field(default_factory=RouteMatch)]
    carriers: Carriers
    failover_on: Annotated[FailoverOn, Field(default_factory=lambda: list(FAILOVER_ON))]
    carrier_down_after_seconds: DownAfter = CARRIER_DOWN_AFTER_S
    no_receipt_after_seconds: ReceiptAfter = NO_RECEIPT_AFTER_S
    disabled: StrictBool = False

    def new_route(self) -> tuple[Route, list[WantedTarget]]:
        """What is to be added."""
        route = Route(
            id="",
            account_id=AccountId(""),
            name=self.name,
            position=self.position or 0,
            match=_match(self.match),
            targets=(),
            failover_on=frozenset(self.failover_on),
            carrier_down_after_s=self.carrier_down_after_seconds,
            no_receipt_after_s=self.no_receipt_after_seconds,
            disabled=self.disabled,
            created_at=0,
        )
        return route, _wanted(self.carriers)


class RoutePatch(Body):
    """What to change; what is left out stays. `match` and `carriers` are replaced as wholes."""

    name: Name | None = None
    position: Position | None = None
    match: RouteMatch | None = None
    carriers: Carriers | None = None
    failover_on: FailoverOn | None = None
    carrier_down_after_seconds: DownAfter | None = None
    no_receipt_after_seconds: ReceiptAfter | None = None
    disabled: StrictBool | None = None

    def change(self) -> RouteChange:
        return RouteChange(
            self.name,
            self.position,
            None if self.match is None else _match(self.match),
            None if self.carriers is None else _wanted(self.carriers),
            None if self.failover_on is None else frozenset(self.failover_on),
            self.carrier_down_after_seconds,
            self.no_receipt_after_seconds,
            self.disabled,
        )


class RouteCarrier(Shape):
    """A carrier of the route."""

    carrier_id: str
    priority: int
    weight: int


class RouteMatchShape(Shape):
    """Which messages the route is for; an empty list holds for every message."""

    countries: list[str]
    prefixes: list[str]
    senders: list[str]
    tags: list[str]


class RouteShape(Shape):
    """Which carriers take which messages, and when the next one does."""

    id: str
    object: Literal["route"] = "route"
    name: str
    position: int
    match: RouteMatchShape
    carriers: list[RouteCarrier]
    failover_on: list[FailoverCause]
    carrier_down_after_seconds: int
    no_receipt_after_seconds: int
    disabled: bool
    created_at: Timestamp


class RoutePreviewRequest(Body):
    """A message that might be sent."""

    sender: Annotated[str, Field(alias="from", min_length=1, max_length=TEXT_LENGTH_MAX)]
    to: Annotated[str, Field(min_length=1, max_length=TEXT_LENGTH_MAX)]
    tags: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=64)]],
        Field(default_factory=list, max_length=20),
    ]


class RouteStep(Shape):
    """A route that was asked."""

    route_id: str
    name: str
    matched: bool
    reason: Annotated[str | None, Field(description="Why it is not for the message.")]


class RouteCandidate(Shape):
    """A carrier that could take it, the first choice first."""

    carrier_id: str
    name: str
    priority: int
    weight: int
    state: Annotated[State | None, Field(description="null: it was added this second.")]
    health: Annotated[
        int | None, Field(description="0–100: the share of good answers in the last minutes.")
    ]
    reason: str


class RoutePreview(Shape):
    """Which carrier would take the message now, and why. Nothing is sent."""

    object: Literal["route_preview"] = "route_preview"
    carrier_id: str
    carrier: Annotated[str, Field(description="Its name.")]
    route_id: Annotated[str | None, Field(description="null: the sender's own carrier.")]
    reason: str
    steps: list[RouteStep]
    candidates: list[RouteCandidate]


def route_shape(route: Route) -> RouteShape:
    return RouteShape(
        id=route.id,
        name=route.name,
        position=route.position,
        match=RouteMatchShape(
            countries=sorted(route.match.countries),
            prefixes=list(route.match.prefixes),
            senders=sorted(route.match.senders),
            tags=sorted(route.match.tags),
        ),
        carriers=[
            RouteCarrier(carrier_id=one.carrier_id, priority=one.priority, weight=one.weight)
            for one in route.targets
        ],
        failover_on=sorted(route.failover_on),
        carrier_down_after_seconds=route.carrier_down_after_s,
        no_receipt_after_seconds=route.no_receipt_after_s,
        disabled=route.disabled,
        created_at=shown(route.created_at) or "",
    )


def preview_shape(found: Explanation, name: str) -> RoutePreview:
    """`name` is that of the chosen carrier."""
    return RoutePreview(
        carrier_id=found.carrier_id,
        carrier=name,
        route_id=found.route and found.route.id,
        reason=found.why,
        steps=[
            RouteStep(
                route_id=step.route.id,
                name=step.route.name,
                matched=step.miss is None,
                reason=step.miss,
            )
            for step in found.steps
        ],
        candidates=[_candidate(one) for one in found.candidates],
    )


def _candidate(one: Candidate) -> RouteCandidate:
    health = one.health
    return RouteCandidate(
        carrier_id=one.target.carrier_id,
        name=health.name if health else one.target.carrier_id,
        priority=one.target.priority,
        weight=one.target.weight,
        state=health and health.state,
        health=health and health.score,
        reason=health.why if health else "Nothing is known of it yet.",
    )


def _match(match: RouteMatch) -> Match:
    return Match(
        frozenset(match.countries),
        tuple(sorted(set(match.prefixes))),
        frozenset(match.senders),
        frozenset(match.tags),
    )


def _wanted(carriers: list[RouteCarrierInput]) -> list[WantedTarget]:
    return [WantedTarget(one.carrier, one.priority, one.weight) for one in carriers]
