"""Failures as pages for people, as notes for scripts."""

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hookline.api.context import context_of
from hookline.api.problems import InternalError
from hookline.console.safety import NO_STORE
from hookline.console.visit import (
    Guest,
    SecondFactorNeeded,
    SignInNeeded,
    Visit,
    set_up_url,
    sign_in_url,
    triggers,
)
from hookline.errors import HooklineError, MalformedRequest, MethodNotAllowed, NotFound

_SYMBOLS = {403: "lock", 404: "search", 503: "clock"}


def translated(error: Exception) -> HooklineError:
    """The failure in our words; what is unknown is our own fault."""
    if isinstance(error, HooklineError):
        return error
    if isinstance(error, HTTPException):
        known = {404: NotFound("There is nothing at this address."), 405: MethodNotAllowed()}
        return known.get(error.status_code, MalformedRequest(str(error.detail)[:200]))
    return InternalError()


async def refuse(guest: Guest, visit: Visit | None, error: HooklineError) -> Response:
    """What the browser gets in place of the page."""
    if isinstance(error, SignInNeeded):
        return _elsewhere(guest, sign_in_url(guest), 401)
    if isinstance(error, SecondFactorNeeded):
        return _elsewhere(guest, set_up_url(guest), 403)
    if guest.is_htmx:
        return Response(
            status_code=error.status,
            headers={**error.headers, **triggers(toast=error.detail, kind="bad")},
        )
    values = _values(guest, error)
    if visit is not None and error.status < 500:  # the frame needs a database that answers
        return await visit.page(
            "error.html", status_code=error.status, **values, frame="layout.html"
        )
    return guest_error(guest, error)


def guest_error(guest: Guest, error: HooklineError) -> Response:
    """The failure outside any session."""
    html = guest.render("error.html", **_values(guest, error), frame="public.html")
    return HTMLResponse(html, error.status, headers={**error.headers, "Cache-Control": NO_STORE})


def _elsewhere(guest: Guest, url: str, status: int) -> Response:
    if guest.is_htmx:
        return Response(status_code=status, headers={"HX-Redirect": url, "Cache-Control": NO_STORE})
    return RedirectResponse(url, 303, headers={"Cache-Control": NO_STORE})


def _values(guest: Guest, error: HooklineError) -> dict[str, object]:
    return {
        "title": error.title,
        "status": error.status,
        "code": error.code,
        "detail": error.detail,
        "symbol": _SYMBOLS.get(error.status, "warn"),
        "back": {"url": "/", "title": "Back to the start"},
        "request_id": context_of(guest.request).request_id,
        "active": "",
    }
