"""The wire shapes of what is known of a credential's use."""

from typing import Annotated

from pydantic import Field

from hookline.api.wire import Shape, Timestamp, shown
from hookline.clock import DAY_MS, UnixMs, to_rfc3339
from hookline.credentials import model
from hookline.credentials.schemas import Credential, credential_shape
from hookline.credentials.usage_facts import UsageFacts
from hookline.principal import Scope


class CredentialAddress(Shape):
    """An address that the credential was used from."""

    ip: str
    first_used_at: Timestamp
    last_used_at: Annotated[Timestamp, Field(description="At most 60 seconds old.")]


class CredentialDay(Shape):
    """The requests of one UTC day, refused ones too."""

    date: Annotated[str, Field(description="A UTC day.", examples=["2026-01-15"])]
    requests: int
    errors: Annotated[int, Field(description="Of them, answered with 4xx or 5xx.")]
    not_logged: Annotated[
        int, Field(description="Of them, counted but not in the request log: too many a second.")
    ]


class CredentialWithUsage(Credential):
    """A credential with what is known of its use."""

    last_ips: Annotated[
        list[CredentialAddress], Field(description="The last 10, the latest one first.")
    ]
    requests_per_day: Annotated[
        list[CredentialDay], Field(description="The last 90 days, oldest first, today included.")
    ]
    scopes_last_used: Annotated[
        dict[Scope, Timestamp | None],
        Field(description="When each scope was last needed, at most an hour old; null: not yet."),
    ]
    unused_scopes: Annotated[
        list[Scope] | None,
        Field(
            description="Granted for 90 days and not used for as long; null: it is too early to say."
        ),
    ]


def credential_with_usage(
    credential: model.Credential, facts: UsageFacts, now: UnixMs
) -> CredentialWithUsage:
    """The wire shape of a credential with what is known of its use."""
    return CredentialWithUsage(
        **credential_shape(credential).model_dump(),
        last_ips=[
            CredentialAddress(
                ip=one.ip,
                first_used_at=to_rfc3339(one.first_used_at),
                last_used_at=to_rfc3339(one.last_used_at),
            )
            for one in facts.addresses
        ],
        requests_per_day=[
            CredentialDay(
                date=to_rfc3339(one.day * DAY_MS)[:10],
                requests=one.requests,
                errors=one.errors,
                not_logged=one.skipped,
            )
            for one in facts.days
        ],
        scopes_last_used={
            scope: shown(use.last_used_at) for scope, use in sorted(facts.scopes.items())
        },
        unused_scopes=facts.unused_scopes(now) if facts.can_say(now) else None,
    )
