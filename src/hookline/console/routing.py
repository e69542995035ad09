"""From a table of pages to routes: sign-in, forged forms, scopes, failures and headers, once for all."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hookline.accounts.errors import CodeRefused, PasswordsBusy, TooManySignIns
from hookline.accounts.reauthentication import reauthenticate
from hookline.api.context import context_of
from hookline.console import confirming, cookies, forgery
from hookline.console.collaborators import Console
from hookline.console.forms import read_form, refusal_of
from hookline.console.refusals import guest_error, refuse, translated
from hookline.console.safety import PAGE_HEADERS
from hookline.console.visit import Guest, SecondFactorNeeded, Visit, enter
from hookline.errors import HooklineError, Invalid, NotFound
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
    recent: bool = False
    """It touches secrets or rights, or destroys at large: who signed in long ago proves again who they
    are."""
    before_set_up: bool = False
    """It is there for those who still have to set up their second factor."""


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
    confirm = _Confirm(console, {(page.method, page.path): page for page in pages})
    routes.append(Route(confirming.PATH, _endpoint(confirm), methods=["POST"]))
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
            if self.page.recent and not confirming.is_recent(visit):
                return await confirming.ask(visit, self.page.method, self.page.path)
            return await self.page.handler(visit)
        except (HooklineError, HTTPException) as error:
            return await refuse(guest, visit, translated(error))
        except Exception as error:
            log.exception("page_failed", **_facts(request))
            return await refuse(guest, visit, translated(error))

    async def _checked(self, visit: Visit) -> Visit:
        if self.page.method == "POST":
            visit = await _with_own_form(visit)
        _check_may(visit, self.page)
        return visit


@dataclass(frozen=True, slots=True)
class _Confirm:
    """Takes the proof, and goes on with what was wanted, under the session's new token."""

    console: Console
    pages: Mapping[tuple[str, str], Page]

    async def __call__(self, request: Request) -> Response:
        guest, visit = Guest(request, self.console), None
        try:
            visit = await _with_own_form(await enter(guest))
            sealed = visit.typed.raw(confirming.KEPT)
            kept = confirming.open_kept(visit, sealed)
            page = self.pages.get((kept.method, kept.page))
            if page is None:  # kept by another version of the program
                raise NotFound("There is nothing at this address.")
            _check_may(visit, page)
            try:
                made = await reauthenticate(
                    visit.store,
                    visit.console.passwords,
                    visit.console.box,
                    visit.session,
                    visit.principal,
                    confirming.proof_in(visit.typed),
                )
            except (Invalid, CodeRefused, TooManySignIns, PasswordsBusy) as error:
                wrong = refusal_of(error, ("password",))
                return await confirming.show(visit, sealed, wrong, status_code=422)
            answer = await self._go_on(confirming.resumed(visit, kept, made.session), page)
            cookies.put_unless_set(answer, request, guest.settings, cookies.SESSION, made.token)
            return answer
        except (HooklineError, HTTPException) as error:
            return await refuse(guest, visit, translated(error))
        except Exception as error:
            log.exception("page_failed", **_facts(request))
            return await refuse(guest, visit, translated(error))

    async def _go_on(self, visit: Visit, page: Page) -> Response:
        try:
            return await page.handler(visit)
        except (HooklineError, HTTPException) as error:
            return await refuse(visit.guest, visit, translated(error))
        except Exception as error:
            log.exception("page_failed", **_facts(visit.request))
            return await refuse(visit.guest, visit, translated(error))


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


def _check_may(visit: Visit, page: Page) -> None:
    """Raises SecondFactorNeeded, InsufficientScope."""
    if visit.session.must_set_up and not page.before_set_up:
        raise SecondFactorNeeded
    if page.scope is not None:
        visit.principal.require(page.scope)


async def _with_own_form(visit: Visit) -> Visit:
    """With the form that came along, once it is known to be one of this session's."""
    guest = await _with_form(visit.guest)
    forgery.check_token(visit.session.csrf_token, guest.typed.raw(forgery.FIELD))
    return replace(visit, guest=guest)


async def _with_form(guest: Guest) -> Guest:
    forgery.check_origin(guest.request, guest.settings.public_url)
    return replace(guest, form=await read_form(guest.request))


def _facts(request: Request) -> dict[str, str]:
    """The page as it is declared: what stands in its braces may be a secret."""
    path = getattr(request.scope.get("route"), "path", "")
    return {"request_id": context_of(request).request_id, "route": f"{request.method} {path}"}
