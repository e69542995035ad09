"""Failures that know their HTTP status, their stable code and whether trying again can help.

Rooms derive one class a failure in their own `errors.py`; the HTTP edge turns each into
`application/problem+json` (RFC 9457) without knowing any of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with one part of a request."""

    pointer: str
    """JSON pointer into the body (`/to`), or `?name` for a query parameter."""
    code: str
    detail: str


class HooklineError(Exception):
    """The parent of every expected failure. The docstring of a subclass says what the caller can do."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"
    permanent: ClassVar[bool] = True

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.detail = detail or self.title
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        super().__init__(self.detail)


class MalformedRequest(HooklineError):
    """The request could not be parsed. Check that the body is complete, valid JSON."""

    code = "malformed_request"
    status = 400
    title = "The request could not be read"


class Unauthenticated(HooklineError):
    """No valid token came with the request. Send `Authorization: Bearer <token>`."""

    code = "unauthenticated"
    status = 401
    title = "Authentication is needed"


class Forbidden(HooklineError):
    """The caller is known but may not do this."""

    code = "forbidden"
    status = 403
    title = "Not allowed"


class NotFound(HooklineError):
    """There is no such thing in this account. Check the id and the mode (live or test)."""

    code = "not_found"
    status = 404
    title = "Not found"


class MethodNotAllowed(HooklineError):
    """The path exists, but not with this method; `Allow` lists those that it has."""

    code = "method_not_allowed"
    status = 405
    title = "Method not allowed"


class Conflict(HooklineError):
    """The state of the thing does not allow this now."""

    code = "conflict"
    status = 409
    title = "The state does not allow this"


class BodyTooLarge(HooklineError):
    """The body is larger than the server takes. Send less, or split the batch."""

    code = "body_too_large"
    status = 413
    title = "The body is too large"


class UnsupportedMediaType(HooklineError):
    """The body is not JSON. Send `Content-Type: application/json`."""

    code = "unsupported_media_type"
    status = 415
    title = "The body must be JSON"


class Invalid(HooklineError):
    """The request was understood, but a value in it cannot be accepted; `errors` names each one."""

    code = "invalid"
    status = 422
    title = "A value is not valid"

    @classmethod
    def at(cls, pointer: str, code: str, detail: str) -> "Invalid":
        """The usual case: one field is wrong."""
        return cls(detail, errors=[FieldError(pointer, code, detail)])


class TooManyRequests(HooklineError):
    """The caller went over its rate. Wait as long as `Retry-After` says."""

    code = "rate_limited"
    status = 429
    title = "Too many requests"
    permanent = False


class Unavailable(HooklineError):
    """The server cannot take this now. Nothing was changed; try again after `Retry-After` seconds."""

    code = "unavailable"
    status = 503
    title = "The service is busy"
    permanent = False


def all_errors() -> Iterator[type[HooklineError]]:
    """Every error class that has been imported, parents first; the reference is made from it."""
    waiting: list[type[HooklineError]] = [HooklineError]
    while waiting:
        cls = waiting.pop(0)
        yield cls
        waiting.extend(cls.__subclasses__())
