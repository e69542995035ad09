"""The wire shapes of the request log."""

from typing import Annotated, Literal

from pydantic import Field

from hookline.api.pagination import CreatedPaging
from hookline.api.wire import Moment, Shape, Timestamp
from hookline.clock import to_rfc3339
from hookline.principal import Mode
from hookline.requests.model import LoggedRequest

_US_A_MS = 1_000


class RequestFilter(CreatedPaging):
    """Which requests to list."""

    credential: Annotated[
        str | None, Field(max_length=64, description="Only with this credential's tokens.")
    ] = None
    token: Annotated[
        str | None,
        Field(
            pattern=r"^[0-9A-Za-z]{4}$",
            description="Only with the token that ends in these four characters.",
        ),
    ] = None
    status: Annotated[
        str | None,
        Field(
            pattern=r"^([1-5][0-9]{2}|[1-5]xx)$", description="A status, `404`, or a class, `4xx`."
        ),
    ] = None
    method: Annotated[str | None, Field(pattern=r"^[A-Z]{3,16}$", description="Only these.")] = None
    path: Annotated[
        str | None, Field(min_length=1, max_length=200, description="How the path begins.")
    ] = None
    mode: Annotated[
        Mode | None, Field(description="Only of live, or only of test credentials.")
    ] = None
    request_id: Annotated[
        str | None, Field(max_length=64, description="The `Request-Id` of the answer.")
    ] = None
    ip: Annotated[
        str | None, Field(max_length=64, description="Only from this address, exactly.")
    ] = None
    since: Annotated[Moment | None, Field(description="From this instant on.")] = None
    until: Annotated[Moment | None, Field(description="Before this instant.")] = None


class RequestToken(Shape):
    """Which of the credential's tokens was used; never its text."""

    prefix: str
    last4: str


class RequestSummary(Shape):
    """A request to this API, as the list shows it."""

    id: Annotated[str, Field(description="The `Request-Id` of its answer.")]
    object: Literal["request"] = "request"
    created_at: Timestamp
    mode: Mode
    method: str
    path: str
    route: Annotated[
        str | None,
        Field(
            description="The path as declared; null: there is none.", examples=["/v1/calls/{id}"]
        ),
    ]
    query: Annotated[str, Field(description="Without the values of secrets.")]
    status: Annotated[
        int | None, Field(description="null: the caller left before there was an answer.")
    ]
    code: Annotated[str | None, Field(description="The problem's `code`.")]
    duration_ms: float
    credential_id: str
    token: RequestToken
    ip: str
    user_agent: str
    idempotency_key: Annotated[bool, Field(description="Whether there was an `Idempotency-Key`.")]
    resource_ids: Annotated[
        list[str], Field(description="What the request made or changed; at most 100.")
    ]


class LoggedRequestShape(RequestSummary):
    """A request with what is kept of its head and body."""

    headers: Annotated[dict[str, str], Field(description="Those that say nothing secret.")]
    body: Annotated[
        str | None,
        Field(
            description="Without secrets; of texts only the length; cut off behind 4,096 bytes.",
            examples=['{"from":"+12025550100","to":"+12025550110","text":"[5 characters]"}'],
        ),
    ]
    body_bytes: Annotated[int, Field(description="How long it was.")]


def request_summary(logged: LoggedRequest) -> RequestSummary:
    """The wire shape of a request in a list."""
    return RequestSummary(**_fields(logged))


def request_shape(logged: LoggedRequest) -> LoggedRequestShape:
    """The wire shape of one request."""
    return LoggedRequestShape(
        **_fields(logged),
        headers=logged.headers,
        body=logged.body,
        body_bytes=logged.body_bytes,
    )


def _fields(logged: LoggedRequest) -> dict[str, object]:
    return {
        "id": logged.id,
        "created_at": to_rfc3339(logged.created_at),
        "mode": logged.mode,
        "method": logged.method,
        "path": logged.path,
        "route": logged.route or None,
        "query": logged.query,
        "status": logged.status or None,
        "code": logged.code,
        "duration_ms": logged.duration_us / _US_A_MS,
        "credential_id": logged.credential_id,
        "token": RequestToken(prefix=logged.token_prefix, last4=logged.token_last4),
        "ip": logged.ip,
        "user_agent": logged.user_agent,
        "idempotency_key": logged.has_idempotency_key,
        "resource_ids": list(logged.made),
    }
