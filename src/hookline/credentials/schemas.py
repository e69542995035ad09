"""The wire shapes of credentials."""

from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt, field_validator

from hookline.api.pagination import CreatedPaging
from hookline.api.wire import Body, Shape, Timestamp, shown
from hookline.clock import SECOND_MS, to_rfc3339
from hookline.credentials import model
from hookline.credentials.model import (
    DESCRIPTION_MAX,
    EXPIRY_MAX_DAYS,
    EXTENSION_S,
    GRACE_MAX_S,
    REASON_MAX,
)
from hookline.credentials.policy import (
    IDLE_DAYS_MAX,
    IDLE_DAYS_MIN,
    NOTICE_DAYS_MAX,
    NOTICE_DAYS_MIN,
    ROTATION_DAYS_MAX,
)
from hookline.credentials.restriction_schemas import RestrictionFields, restrictions_in_shape
from hookline.principal import Mode, Scope

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
        ge=0,
        le=GRACE_MAX_S,
        description="How long the old token goes on working, seconds; 0: it stops at once.",
        examples=[86_400],
    ),
]
EarlyEnd = Annotated[
    StrictInt,
    Field(
        ge=0,
        le=GRACE_MAX_S,
        description="The old token stops this long after the new one's first use, seconds, where "
        "that is before the end of the grace.",
        examples=[3_600],
    ),
]
Lifetime = Annotated[
    StrictInt,
    Field(ge=1, le=EXPIRY_MAX_DAYS, description="When it expires, days from now."),
]
RotationDays = Annotated[
    StrictInt,
    Field(ge=1, le=ROTATION_DAYS_MAX, description="When a token's rotation is due, days."),
]
RefuseDays = Annotated[
    StrictInt,
    Field(
        ge=NOTICE_DAYS_MIN,
        le=NOTICE_DAYS_MAX,
        description="How long after its notice an overdue token is refused, days; null: never.",
    ),
]
IdleDays = Annotated[
    StrictInt,
    Field(
        ge=IDLE_DAYS_MIN,
        le=IDLE_DAYS_MAX,
        description="When a credential that nobody uses is disabled, days; null: never.",
    ),
]
Longer = Annotated[
    StrictInt,
    Field(ge=1, le=GRACE_MAX_S, description="How much longer the old token works, seconds."),
]
StatusName = Literal["active", "rotating", "expired", "revoked", "disabled_idle"]
TokenStatus = Literal["active", "rotated", "canceled", "disabled", "revoked"]
Reason = Annotated[str, Field(max_length=REASON_MAX, description="Kept in the audit log.")]


class CredentialCreate(RestrictionFields):
    """A credential to make."""

    description: Description
    scopes: Scopes
    expires_in_days: Lifetime | None = None
    mode: Annotated[
        Mode, Field(description="`test` never reaches a real carrier, and sees only test objects.")
    ] = Mode.LIVE


class CredentialPatch(RestrictionFields):
    """What to change; what is left out stays, and `null` lifts a restriction or the expiry. It takes
    effect on the credential's next request.
    """

    description: Description | None = None
    scopes: Scopes | None = None
    expires_in_days: Lifetime | None = None

    @property
    def lifts_expiry(self) -> bool:
        """Whether the body says that it never expires, rather than nothing of it."""
        return "expires_in_days" in self.model_fields_set and self.expires_in_days is None


class CredentialRotate(Body):
    """How to rotate."""

    grace_seconds: Grace = 0
    end_grace_after_first_use_seconds: EarlyEnd | None = None
    reason: Reason | None = None


class GraceExtension(Body):
    """How to extend a grace."""

    grace_seconds: Longer = EXTENSION_S


class CredentialPolicyPatch(Body):
    """What to change; what is left out stays, `null` switches off."""

    rotation_days: RotationDays | None = None
    refuse_overdue_after_days: RefuseDays | None = None
    disable_idle_after_days: IdleDays | None = None

    @field_validator("rotation_days")
    @classmethod
    def _is_always_due(cls, value: int | None) -> int | None:
        if value is None:
            raise ValueError("rotation is due some day: give a number of days")
        return value


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


class CredentialPreviousToken(Shape):
    """The old token of a rotation, which works until its grace ends."""

    prefix: str
    last4: str
    created_at: Timestamp
    rotated_at: Timestamp
    grace_ends_at: Annotated[Timestamp, Field(description="From then on it is refused.")]
    extended: Annotated[bool, Field(description="Whether the grace was extended, which goes once.")]
    requests: Annotated[int, Field(description="How many it made since the rotation.")]
    last_used: CredentialLastUse | None


class CredentialToken(Shape):
    """What is kept of one token of a credential; never its text."""

    object: Literal["credential_token"] = "credential_token"
    prefix: str
    last4: str
    status: Annotated[
        TokenStatus, Field(description="`rotated`: refused from `ended_at` on, which may be ahead.")
    ]
    created_at: Timestamp
    rotated_at: Timestamp | None
    ended_at: Timestamp | None
    last_used: CredentialLastUse | None


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
    rotation_due_at: Annotated[
        Timestamp, Field(description="90 days after the present token, or as the policy says.")
    ]
    refused_from: Annotated[
        Timestamp | None,
        Field(description="From then on the overdue token is refused, if the policy wants that."),
    ]
    expires_at: Annotated[
        Timestamp | None, Field(description="From then on its tokens are refused.")
    ]
    last_used: CredentialLastUse | None
    ended: CredentialEnding | None
    previous_token: Annotated[
        CredentialPreviousToken | None,
        Field(description="The old token, while the status is `rotating`."),
    ]
    end_grace_after_first_use_seconds: Annotated[
        int | None,
        Field(description="The new token's first use, still to come, ends the grace after this."),
    ]
    allowed_ips: Annotated[list[str] | None, Field(description="null: from everywhere.")]
    allowed_numbers: Annotated[list[str] | None, Field(description="null: all of the account's.")]
    allowed_countries: Annotated[
        list[str] | None, Field(description="null: wherever the account may.")
    ]
    rate_limit: Annotated[int | None, Field(description="Requests a second on each node.")]
    daily_message_cap: Annotated[int | None, Field(description="Messages a UTC day.")]
    daily_call_cap: Annotated[int | None, Field(description="Calls a UTC day.")]


class CredentialPolicy(Shape):
    """What the account asks of its credentials."""

    object: Literal["credential_policy"] = "credential_policy"
    rotation_days: int
    refuse_overdue_after_days: int | None
    disable_idle_after_days: int | None


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
    early_ms = credential.first_use_grace_ms
    early_s = None if early_ms is None else early_ms // SECOND_MS
    return {
        "id": credential.id,
        "description": credential.description,
        "mode": credential.mode,
        "scopes": sorted(credential.scopes),
        **restrictions_in_shape(credential.restrictions),
        "status": credential.status.value,
        "prefix": credential.prefix,
        "last4": credential.last4,
        "created_by": _actor(credential.created_by),
        "created_at": to_rfc3339(credential.created_at),
        "updated_at": to_rfc3339(credential.updated_at),
        "rotated_at": shown(credential.rotated_at),
        "rotation_due_at": to_rfc3339(credential.rotation_due_at),
        "refused_from": shown(credential.refused_from),
        "expires_at": shown(credential.expires_at),
        "last_used": _last_use(credential.last_used),
        "ended": _ending(credential.ended),
        "previous_token": _previous(credential.previous),
        "end_grace_after_first_use_seconds": early_s,
    }


def token_shape(version: model.TokenVersion) -> CredentialToken:
    """The wire shape of one token of a credential."""
    return CredentialToken(
        prefix=version.prefix,
        last4=version.last4,
        status=version.status,
        created_at=to_rfc3339(version.created_at),
        rotated_at=shown(version.rotated_at),
        ended_at=shown(version.ended_at),
        last_used=_last_use(version.last_used),
    )


def _previous(old: model.PreviousToken | None) -> CredentialPreviousToken | None:
    if old is None:
        return None
    return CredentialPreviousToken(
        prefix=old.prefix,
        last4=old.last4,
        created_at=to_rfc3339(old.created_at),
        rotated_at=to_rfc3339(old.rotated_at),
        grace_ends_at=to_rfc3339(old.grace_ends_at),
        extended=old.is_extended,
        requests=old.requests,
        last_used=_last_use(old.last_used),
    )


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
