"""One request as the log keeps it. Pure."""

import re
from dataclasses import dataclass
from typing import Any

import msgspec

from hookline.api.observing import Observed
from hookline.clock import UnixMs
from hookline.ids import time_of
from hookline.principal import Mode
from hookline.requests.redaction import (
    clean,
    redacted_body,
    redacted_path,
    redacted_query,
    redacted_text,
)

MADE_MAX = 100
_HEADERS = frozenset({
    b"accept", b"accept-encoding", b"accept-language", b"content-encoding", b"content-length",
    b"content-type", b"host", b"last-event-id", b"range", b"traceparent", b"transfer-encoding",
    b"x-client-id",
})  # fmt: skip
_HEADER_MAX = 200
_KEY_HEADER = b"idempotency-key"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_ID = rb"(?:[a-z]{3,4})_[0-7][0-9a-z]{25}"
_MADE = re.compile(rb'\A\s*\{\s*"id"\s*:\s*"(' + _ID + rb')"')
_MADE_IN_BATCH = re.compile(rb'"message":\{"id":"(' + _ID + rb')"')
_BATCH = b'{"object":"batch"'
_ERROR = 400


class _Problem(msgspec.Struct):
    code: str | None = None


_decode_problem = msgspec.json.Decoder(_Problem).decode


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """A row of the log."""

    id: str
    account_id: str
    mode: Mode
    credential_id: str
    token_prefix: str
    token_last4: str
    method: str
    path: str
    route: str
    """The path as declared; empty: there is none."""
    query: str
    status: int
    code: str | None
    duration_us: int
    ip: str
    user_agent: str
    has_idempotency_key: bool
    made: tuple[str, ...]
    headers: dict[str, str]
    body: str | None
    body_bytes: int

    @property
    def created_at(self) -> UnixMs:
        """When it came: its id tells."""
        return UnixMs(time_of(self.id))

    @property
    def is_error(self) -> bool:
        return is_error(self.status)


def is_error(status: int) -> bool:
    """Whether a request was refused, or failed."""
    return status >= _ERROR


def row_of(seen: Observed) -> tuple[object, ...]:
    """The values of `store.INSERT`: everything that may be kept of a request."""
    context, scope = seen.context, seen.scope
    token = context.presented
    assert token is not None, "only requests with a known token are observed"
    names = [name for name, _ in scope["headers"]]
    return (
        context.request_id, token.account_id, token.mode, token.credential_id, token.prefix,
        token.last4, clean(scope["method"][:16]), redacted_path(scope["path"]), seen.route,
        redacted_query(scope.get("query_string", b"")), seen.status, _code(seen),
        int(seen.duration_s * 1_000_000), clean(context.ip),
        clean(redacted_text(context.user_agent)), int(_KEY_HEADER in names),
        msgspec.json.encode(_made(seen)).decode(),
        msgspec.json.encode(_kept(scope["headers"])).decode(),
        redacted_body(context.body, context.body_bytes), context.body_bytes,
    )  # fmt: skip


def _kept(headers: Any) -> dict[str, str]:  # Any: ASGI's pairs of bytes
    return {
        name.decode(): clean(redacted_text(value.decode("latin-1")))[:_HEADER_MAX]
        for name, value in headers
        if name in _HEADERS
    }


def _code(seen: Observed) -> str | None:
    if not is_error(seen.status):
        return None
    try:
        code = _decode_problem(seen.context.answer).code
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return None if code is None else clean(code[:100])


def _made(seen: Observed) -> list[str]:
    """The ids of what the answer says was made or changed."""
    if is_error(seen.status) or seen.scope["method"] in _SAFE_METHODS:
        return []
    answer = seen.context.answer
    if answer.startswith(_BATCH):
        found = _MADE_IN_BATCH.finditer(answer)
        return [match[1].decode() for _, match in zip(range(MADE_MAX), found, strict=False)]
    match = _MADE.match(answer)
    return [match[1].decode()] if match else []
