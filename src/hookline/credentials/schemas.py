"""The wire shapes of credentials."""

from dataclasses import fields
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StrictInt
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from hookline.api.countries import AllowedCountries
from hookline.api.pagination import CreatedPaging
from hookline.api.wire import Body, Shape, Timestamp, shown
from hookline.clock import to_rfc3339
from hookline.credentials import model
from hookline.credentials.model import DESCRIPTION_MAX, REASON_MAX
from hookline.principal import Mode, Scope
from hookline.restrictions import (
    CAP_MAX,
    IPS_MAX,
    NUMBERS_MAX,
    RATE_MAX,
    Restrictions,
    parse_network,
)

_NOT_YET = "not_supported_yet"
_CIDR_LENGTH_MAX = 64


def _refuse(value: Any) -> Any:  # Any: whatever JSON was sent
    if value is not None:
        raise PydanticCustomError(
            _NOT_YET, "This restriction is not enforced by this version yet, so it is refused."
        )
    return value


def _only_zero(seconds: int) -> int:
    if seconds != 0:
        raise PydanticCustomError(
            _NOT_YET,
            "A grace period is not supported by this version yet: the old token stops at once. "
            "Leave the field out, or send 0.",
        )
    return seconds


# A restriction that is accepted is enforced. Those to come are known by name, so that the refusal
# says why, but they are not part of the schema.
NotYet = SkipJsonSchema[Annotated[None, BeforeValidator(_refuse)]]
Description = Annotated[
    str,
    Field(
        min_length=1,
        max_length=DESCRIPTION_MAX,
        pattern=r"\S",
        description="What the credential is for.",
        examples=["CRM synchronisation"],
    ),
]
Scopes = Annotated[
    list[Scope],
    Field(
        min_length=1,
        max_length=2 * len(Scope),
        description="Only scopes that the caller has.",
        examples=[["messages:send", "messages:read"]],
    ),
]
Grace = Annotated[
    StrictInt,
    Field(
        description="How long the old token goes on working. Only 0 for now: it stops at once.",
        json_schema_extra={"enum": [0]},
    ),
    AfterValidator(_only_zero),
]
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
StatusName = Literal["active", "rotating", "expired", "revoked", "disabled_idle"]
Reason = Annotated[str, Field(max_length=REASON_MAX, description="Kept in the audit log.")]


class RestrictionFields(Body):
    """What holds a credential besides its scopes. `null`, or leaving it out, does not restrict."""

    expires_in_days: NotYet = None
    allowed_ips: AllowedIps | None = None
    allowed_numbers: AllowedNumbers | None = None
    allowed_countries: AllowedCountries | None = None
    rate_limit: RateLimit | None = None
    daily_message_cap: DailyMessageCap | None = None
    daily_call_cap: DailyCallCap | None = None


_RESTRICTIONS = frozenset(field.name for field in fields(Restrictions))


class CredentialCreate(RestrictionFields):
    """A credential to make."""

    description: Description
    scopes: Scopes
    mode: Annotated[
        Mode, Field(description="`test` never reaches a real carrier, and sees only test objects.")
    ] = Mode.LIVE


class CredentialPatch(RestrictionFields):
    """What to change; what is left out stays, and `null` lifts a restriction. It takes effect on the
    credential's next request.
    """

    description: Description | None = None
    scopes: Scopes | None = None


class CredentialRotate(Body):
    """How to rotate."""

    grace_seconds: Grace = 0
    end_grace_after_first_use_seconds: NotYet = None
    reason: Reason | None = None


class CredentialFilter(CreatedPaging):
    """Which credentials to list."""

    status: Annotated[StatusName | None, Field(description="Only with this status.")] = None
    mode: Annotated[Mode | None, Field(description="Only live, or only test ones.")] = None
    q: Annotated[
        str | None, Field(min_length=1, max_length=100, description="Part of the description.")
    ] = None


class CredentialEnd(Body):
    """Why a credential is deleted."""

    reason: Reason | None = None


class CredentialActor(Shape):
    """Who did it: a user, another credential, or the system."""

    id: str
    label: str


class CredentialLastUse(Shape):
    """The latest request with the present token; at most 60 seconds old."""

    at: Timestamp
    ip: str
    user_agent: str
    route: str


class CredentialEnding(Shape):
    """When, by whom and why the credential was stopped."""

    at: Timestamp
    by: CredentialActor
    reason: str


class Credential(Shape):
    """An integration credential. Its token is shown once, when it is made."""

    id: str
    object: Literal["credential"] = "credential"
    description: str
    mode: Mode
    scopes: list[Scope]
    status: StatusName
    prefix: Annotated[str, Field(description="How the present token begins.")]
    last4: Annotated[str, Field(description="How the present token ends.")]
    created_by: CredentialActor
    created_at: Timestamp
    updated_at: Timestamp
    rotated_at: Timestamp | None
    rotation_due_at: Annotated[Timestamp, Field(description="90 days after the present token.")]
    last_used: CredentialLastUse | None
    ended: CredentialEnding | None
    allowed_ips: Annotated[list[str] | None, Field(description="null: from everywhere.")]
    allowed_numbers: Annotated[list[str] | None, Field(description="null: all of the account's.")]
    allowed_countries: Annotated[
        list[str] | None, Field(description="null: wherever the account may.")
    ]
    rate_limit: Annotated[int | None, Field(description="Requests a second on each node.")]
    daily_message_cap: Annotated[int | None, Field(description="Messages a UTC day.")]
    daily_call_cap: Annotated[int | None, Field(description="Calls a UTC day.")]


class CredentialWithToken(Credential):
    """The only answer that holds the token."""

    token: Annotated[
        str,
        Field(
            description="Keep it safe: it cannot be retrieved later.",
            examples=["hk_live_" + "0" * 43 + "000000"],
        ),
    ]


def credential_shape(credential: model.Credential) -> Credential:
    """The wire shape of a credential."""
    return Credential(**_fields(credential))


def credential_with_token(credential: model.Credential, token: str) -> CredentialWithToken:
    """The wire shape of a credential whose token was just made."""
    return CredentialWithToken(**_fields(credential), token=token)


def _fields(credential: model.Credential) -> dict[str, Any]:  # Any: the fields of the shape
    return {
        "id": credential.id,
        "description": credential.description,
        "mode": credential.mode,
        "scopes": sorted(credential.scopes),
        **_restrictions(credential.restrictions),
        "status": credential.status.value,
        "prefix": credential.prefix,
        "last4": credential.last4,
        "created_by": _actor(credential.created_by),
        "created_at": to_rfc3339(credential.created_at),
        "updated_at": to_rfc3339(credential.updated_at),
        "rotated_at": shown(credential.rotated_at),
        "rotation_due_at": to_rfc3339(credential.rotation_due_at),
        "last_used": _last_use(credential.last_used),
        "ended": _ending(credential.ended),
    }


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


def _restrictions(restrictions: Restrictions) -> dict[str, object]:
    return dict.fromkeys(_RESTRICTIONS) | dict(restrictions.in_words)


def _actor(actor: model.Actor) -> CredentialActor:
    return CredentialActor(id=actor.id, label=actor.label)


def _last_use(use: model.LastUse | None) -> CredentialLastUse | None:
    if use is None:
        return None
    return CredentialLastUse(
        at=to_rfc3339(use.at), ip=use.ip, user_agent=use.user_agent, route=use.route
    )


def _ending(ending: model.Ending | None) -> CredentialEnding | None:
    if ending is None:
        return None
    return CredentialEnding(at=to_rfc3339(ending.at), by=_actor(ending.by), reason=ending.reason)
