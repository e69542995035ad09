"""Every failure as `application/problem+json` (RFC 9457), and never a stack trace."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hookline.api.context import context_of
from hookline.errors import (
    FieldError,
    HooklineError,
    Invalid,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
)
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
MEDIA_TYPE = "application/problem+json"
_FIELD_ERRORS_MAX = 20


class InternalError(HooklineError):
    """Something failed that should not have. Repeat the request; if it persists, quote `request_id`."""

    code = "internal_error"
    status = 500
    title = "Something went wrong on our side"
    permanent = False


def problem_body(error: HooklineError, request_id: str) -> bytes:
    """The JSON of a problem."""
    problem: dict[str, object] = {
        "type": f"/docs/errors/{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "request_id": request_id,
    }
    if error.errors:
        problem["errors"] = [
            {"pointer": part.pointer, "code": part.code, "detail": part.detail}
            for part in error.errors[:_FIELD_ERRORS_MAX]
        ]
    return msgspec.json.encode(problem)


def problem_response(error: HooklineError, request_id: str) -> Response:
    return Response(
        problem_body(error, request_id),
        status_code=error.status,
        headers=dict(error.headers),
        media_type=MEDIA_TYPE,
    )


def install(app: FastAPI) -> None:
    """Make the application answer every failure as a problem."""
    app.add_exception_handler(HooklineError, _hookline)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _internal)


async def _hookline(request: Request, error: Exception) -> Response:
    assert isinstance(error, HooklineError)
    return problem_response(error, context_of(request).request_id)


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem_response(translate(error.errors()), context_of(request).request_id)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    failure: HooklineError
    if isinstance(error.__cause__, HooklineError):
        failure = error.__cause__  # ours, met while the framework was reading the body
    elif error.status_code == 405:
        failure = MethodNotAllowed(
            f"{request.method} is not possible here.",
            headers=_allowed(request, error.headers or {}),
        )
    elif error.status_code == 404:
        failure = NotFound(f"There is nothing at {request.url.path[:200]}.")
    else:
        failure = MalformedRequest(str(error.detail)[:200])
    return problem_response(failure, context_of(request).request_id)


def _allowed(request: Request, told: Mapping[str, str]) -> Mapping[str, str]:
    """The `Allow` header: the framework tells only of the first route that has this path."""
    paths: Mapping[str, Mapping[str, object]] = request.app.openapi()["paths"]
    path = request.url.path
    fitting = [path, *(template for template in paths if _fits(template, path))]
    methods = next((paths[template] for template in fitting if template in paths), None)
    return told if methods is None else {"Allow": ", ".join(method.upper() for method in methods)}


def _fits(template: str, path: str) -> bool:
    parts, given = template.split("/"), path.split("/")
    return len(parts) == len(given) and all(
        part == text or part.startswith("{") for part, text in zip(parts, given, strict=True)
    )


async def _internal(request: Request, _error: Exception) -> Response:
    """The framework raises it again afterwards, so that the edge logs it."""
    return problem_response(InternalError(), context_of(request).request_id)


def translate(errors: Sequence[Mapping[str, Any]]) -> HooklineError:  # Any: pydantic's shape
    """Pydantic's findings in our words: 400 when the body is not JSON at all, else 422."""
    if any(error["type"] == "json_invalid" for error in errors):
        return MalformedRequest("The body is not valid JSON.")
    fields = [_field(error) for error in errors]
    detail = fields[0].detail if len(fields) == 1 else f"{len(fields)} values are not valid."
    return Invalid(detail, errors=fields)


def _field(error: Mapping[str, Any]) -> FieldError:
    place, *path = (str(part) for part in error["loc"])
    if place == "query":
        pointer = "?" + ".".join(path)
    elif place == "header":
        pointer = "header:" + "-".join(path)
    else:
        pointer = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)
    kind, text = str(error["type"]), str(error["msg"])
    if kind == "extra_forbidden":
        kind, text = "unknown_field", "There is no such field; remove it or check its spelling."
    elif kind == "missing":
        text = "This field is needed."
    elif kind == "value_error":
        text = text.removeprefix("Value error, ")
    return FieldError(pointer[:200], kind, text[:500])
