"""The wire shapes of what holds a credential besides its scopes."""

from dataclasses import fields
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StrictInt

from hookline.api.countries import AllowedCountries
from hookline.api.wire import Body
from hookline.restrictions import (
    CAP_MAX,
    IPS_MAX,
    NUMBERS_MAX,
    RATE_MAX,
    Restrictions,
    parse_network,
)

_CIDR_LENGTH_MAX = 64

AllowedIps = Annotated[
    list[
        Annotated[
            str,
            Field(max_length=_CIDR_LENGTH_MAX),
            AfterValidator(lambda text: str(parse_network(text))),
        ]
    ],
    Field(
        min_length=1,
        max_length=IPS_MAX,
        description="Where requests may come from, as CIDRs of IPv4 or IPv6; from elsewhere the "
        "token gets 403 `address_not_allowed`.",
        examples=[["203.0.113.0/24", "2001:db8::/32"]],
    ),
]
AllowedNumbers = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=32)]],
    Field(
        min_length=1,
        max_length=NUMBERS_MAX,
        description="Which of the account's numbers and senders it may send and call from; others "
        "get 403 `number_not_allowed`. What it may read is not restricted by it.",
        examples=[["+12025550100"]],
    ),
]
RateLimit = Annotated[
    StrictInt,
    Field(
        ge=1,
        le=RATE_MAX,
        description="Requests a second on each node; more get 429 `rate_limited`. The server's own "
        "limit holds as well.",
    ),
]
DailyMessageCap = Annotated[
    StrictInt,
    Field(
        ge=1,
        le=CAP_MAX,
        description="Messages that are accepted on a UTC day; more get 429 "
        "`daily_message_cap_reached`. What is refused does not count.",
    ),
]
DailyCallCap = Annotated[
    StrictInt,
    Field(
        ge=1,
        le=CAP_MAX,
        description="Calls that are placed on a UTC day; more get 429 `daily_call_cap_reached`.",
    ),
]


class RestrictionFields(Body):
    """What holds a credential besides its scopes. `null`, or leaving it out, does not restrict."""

    allowed_ips: AllowedIps | None = None
    allowed_numbers: AllowedNumbers | None = None
    allowed_countries: AllowedCountries | None = None
    rate_limit: RateLimit | None = None
    daily_message_cap: DailyMessageCap | None = None
    daily_call_cap: DailyCallCap | None = None


_RESTRICTIONS = frozenset(field.name for field in fields(Restrictions))


def restriction_changes(body: RestrictionFields) -> dict[str, Any]:  # Any: as `Changes`
    """The restrictions that the body names, as use cases take them; None lifts one."""
    named = body.model_dump(include=body.model_fields_set & _RESTRICTIONS)
    ips = named.get("allowed_ips")
    if ips is not None:
        named["allowed_ips"] = [*dict.fromkeys(parse_network(one) for one in ips)]
    countries = named.get("allowed_countries")
    if countries is not None:
        named["allowed_countries"] = sorted(set(countries))
    return {name: tuple(one) if isinstance(one, list) else one for name, one in named.items()}


def restrictions_in_shape(restrictions: Restrictions) -> dict[str, object]:
    """All of them by name, as the public resource has them."""
    return dict.fromkeys(_RESTRICTIONS) | dict(restrictions.in_words)
