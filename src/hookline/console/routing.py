"""From a table of pages to routes: sign-in, forged forms, scopes, failures and headers, once for all."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hookline.api.context import context_of
from hookline.console import cookies, forgery
from hookline.console.collaborators import Console
from hookline.console.forms import read_form
from hookline.console.refusals import guest_error, refuse, translated
from hookline.console.safety import PAGE_HEADERS
from hookline.console.visit import Guest, Visit, enter
from hookline.errors import HooklineError
from hookline.principal import Scope
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
_API_PREFIXES = ("/v1/", "/api/")


@dataclass(frozen=True, slots=True)
class Page:
    """One page or action for people who are signed in."""

    method: str
    path: str
    handler: Callable[[Visit], Awaitable[Response]]
    scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class OpenPage:
    """One page or action for everybody."""

    method: str
    path: str
    handler: Callable[[Guest], Awaitable[Response]]


def to_routes(
    console: Console, pages: Sequence[Page], open_pages: Sequence[OpenPage]
) -> list[Route]:
    """The pages as routes of the application."""
    routes = [
        Route(page.path, _endpoint(_Signed(console, page)), methods=[page.method]) for page in pages
    ]
    routes += [
        Route(page.path, _endpoint(_Open(console, page)), methods=[page.method])
        for page in open_pages
    ]
    return routes


def install(app: FastAPI, console: Console) -> None:
    """Answer unknown addresses with a page when a person asks; programs keep their JSON."""
    before = app.exception_handlers[HTTPException]

    async def handle(request: Request, error: Exception) -> Response:
        if not _is_person(request):
            answer = before(request, error)
            return await answer if isinstance(answer, Awaitable) else answer
        response = guest_error(Guest(request, console), translated(error))
        response.headers.update(PAGE_HEADERS)
        return response

    app.add_exception_handler(HTTPException, handle)


def _is_person(request: Request) -> bool:
    wants_page = "text/html" in request.headers.get("accept", "")
    return wants_page and not request.url.path.startswith(_API_PREFIXES)


def _endpoint(
    answer: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        response = await answer(request)
        for name, value in PAGE_HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return endpoint


@dataclass(frozen=True, slots=True)
class _Signed:
    console: Console
    page: Page

    async def __call__(self, request: Request) -> Response:
        guest, visit = Guest(request, self.console), None
        try:
            visit = await enter(guest)
            visit = await self._checked(visit)
            return await self.page.handler(visit)
        except (HooklineError, HTTPException) as error:
            return await refuse(guest, visit, translated(error))
        except Exception as error:
            log.exception("page_failed", **_facts(request))
            return await refuse(guest, visit, translated(error))

    async def _checked(self, visit: Visit) -> Visit:
        if self.page.method == "POST":
            guest = await _with_form(visit.guest)
            forgery.check_token(visit.session.csrf_token, guest.typed.raw(forgery.FIELD))
            visit = replace(visit, guest=guest)
        if self.page.scope is not None:
            visit.principal.require(self.page.scope)
        return visit


@dataclass(frozen=True, slots=True)
class _Open:
    console: Console
    page: OpenPage

    async def __call__(self, request: Request) -> Response:
        guest = Guest(request, self.console)
        try:
            if self.page.method == "POST":
                guest = await _with_form(guest)
                expected = cookies.read(request, guest.settings, cookies.GUEST_FORM)
                forgery.check_token(expected, guest.typed.raw(forgery.FIELD))
            return await self.page.handler(guest)
        except (HooklineError, HTTPException) as error:
            return guest_error(guest, translated(error))
        except Exception as error:
            log.exception("page_failed", **_facts(request))
            return guest_error(guest, translated(error))


async def _with_form(guest: Guest) -> Guest:
    forgery.check_origin(guest.request, guest.settings.public_url)
    return replace(guest, form=await read_form(guest.request))


def _facts(request: Request) -> dict[str, str]:
    context = context_of(request)
    return {"request_id": context.request_id, "route": context.route}
