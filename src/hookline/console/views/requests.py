"""Requests as the log shows them."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hookline.clock import to_rfc3339
from hookline.console.navigation import CREDENTIALS, PAGES_BY_PREFIX
from hookline.ids import time_of
from hookline.requests.model import LoggedRequest
from hookline.requests.redaction import REDACTED
from hookline.storage.transaction import Rows

_US_A_MS = 1_000
_CODE_PAGE = "/docs/errors"
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True)
class Made:
    """Something that a request made or changed."""

    id: str
    url: str
    """Empty: it has no page."""


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One row of the log."""

    id: str
    created_at: int
    status: str
    tone: str
    code: str
    code_url: str
    method: str
    path: str
    query: str
    ip: str
    duration: str
    credential_id: str
    credential: str
    credential_url: str
    token: str
    is_test: bool
    made: Sequence[Made]

    @property
    def first_made(self) -> Made | None:
        return self.made[0] if self.made else None


@dataclass(frozen=True, slots=True)
class RequestView:
    """One request with everything that is kept of it."""

    row: RequestRow
    at: str
    user_agent: str
    has_idempotency_key: bool
    headers: Sequence[tuple[str, str]]
    body: str
    body_bytes: int
    is_redacted: bool
    curl: str


@dataclass(frozen=True, slots=True)
class TokenUse:
    """From where, for what and how often a token was used."""

    ip: str
    route: str
    uses: int
    latest_at: int


def request_row(logged: LoggedRequest, descriptions: Mapping[str, str]) -> RequestRow:
    """A row of the log; `descriptions` of credentials by id."""
    return RequestRow(
        id=logged.id,
        created_at=logged.created_at,
        status=str(logged.status) if logged.status else "No answer",
        tone=_tone(logged.status),
        code=logged.code or "",
        code_url=f"{_CODE_PAGE}/{logged.code}" if logged.code else "",
        method=logged.method,
        path=logged.path,
        query=logged.query,
        ip=logged.ip,
        duration=duration(logged.duration_us),
        credential_id=logged.credential_id,
        credential=descriptions.get(logged.credential_id, logged.credential_id),
        credential_url=f"{CREDENTIALS}/{logged.credential_id}",
        token=f"{logged.token_prefix}…{logged.token_last4}",
        is_test=logged.mode.value == "test",
        made=[Made(known, page_of(known)) for known in logged.made],
    )


def request_view(
    logged: LoggedRequest, descriptions: Mapping[str, str], origin: str
) -> RequestView:
    """One request, and how to repeat it at this origin."""
    return RequestView(
        row=request_row(logged, descriptions),
        at=to_rfc3339(logged.created_at),
        user_agent=logged.user_agent,
        has_idempotency_key=logged.has_idempotency_key,
        headers=sorted(logged.headers.items()),
        body=logged.body or "",
        body_bytes=logged.body_bytes,
        is_redacted=_is_redacted(logged.body or ""),
        curl=request_curl(logged, origin),
    )


def request_curl(logged: LoggedRequest, origin: str) -> str:
    """A command that makes the request again, with the token in a variable."""
    query = f"?{logged.query}" if logged.query else ""
    lines = [
        f"curl -X {logged.method} {shlex.quote(f'{origin}{logged.path}{query}')}",
        '-H "Authorization: Bearer $HOOKLINE_TOKEN"',
    ]
    headers = logged.headers
    lines += [
        f"-H {shlex.quote(f'{title}: {headers[name]}')}"
        for name, title in (("x-client-id", "X-Client-Id"), ("content-type", "Content-Type"))
        if name in headers
    ]
    if logged.has_idempotency_key:
        lines.append('-H "Idempotency-Key: $(uuidgen)"')
    if logged.body and logged.method in _BODY_METHODS:
        lines.append(f"-d {shlex.quote(logged.body)}")
    return " \\\n  ".join(lines)


def token_uses(rows: Rows) -> list[TokenUse]:
    """What `uses_of_token` found."""
    return [
        TokenUse(row.ip, f"{row.method} {row.route or 'unknown'}", row.uses, time_of(row.latest))
        for row in rows
    ]


def page_of(known: str) -> str:
    """The page about what has this id; empty where there is none."""
    page = PAGES_BY_PREFIX.get(known.partition("_")[0])
    return f"{page}/{known}" if page else ""


def duration(duration_us: int) -> str:
    """`0.4 ms`, `12 ms`, `1.5 s`."""
    duration_ms = duration_us / _US_A_MS
    if duration_ms < 10:
        return f"{duration_ms:.1f} ms"
    return f"{duration_ms:.0f} ms" if duration_ms < 1_000 else f"{duration_ms / 1_000:.1f} s"


def _tone(status: int) -> str:
    if not status:
        return "warn"
    if status < 400:
        return "ok"
    return "warn" if status < 500 else "bad"


def _is_redacted(body: str) -> bool:
    return REDACTED in body or " character" in body or not body.startswith(("{", "["))
