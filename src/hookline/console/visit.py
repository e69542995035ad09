"""One request to the console: of a guest, or of somebody who is signed in.

Pages get a Visit, ask the rooms with its principal, and reply through it.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import urlencode

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hookline.accounts.model import NewSession, Session
from hookline.accounts.sessions import find_session, list_own_accounts
from hookline.api.context import context_of
from hookline.api.pagination import CreatedPaging
from hookline.console import cookies
from hookline.console.collaborators import Console
from hookline.console.forms import Form
from hookline.console.navigation import MAIN
from hookline.console.safety import NO_STORE, local_path
from hookline.erasure.asking import NEEDED as NEEDED_TO_ERASE
from hookline.errors import Forbidden, Invalid, NotFound, Unauthenticated
from hookline.events.read import head_position
from hookline.principal import Principal, Scope
from hookline.settings import Settings
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

T = TypeVar("T")
SET_UP = "/session/second-factor"
Values = Any  # Any: whatever a template shows


class SignInNeeded(Unauthenticated):
    """There is no session, or it has ended. Sign in again."""

    code = "sign_in_needed"
    title = "Sign in first"


class SecondFactorNeeded(Forbidden):
    """The account requires a second factor, and the user has none yet. Set one up."""

    code = "second_factor_needed"
    title = "Set up a second factor first"


@dataclass(frozen=True, slots=True)
class Guest:
    """A request whose sender is not known (yet)."""

    request: Request
    console: Console
    form: Form | None = None

    @property
    def settings(self) -> Settings:
        return self.console.store.settings

    @property
    def is_htmx(self) -> bool:
        """Whether a part of a page is wanted, not a whole one."""
        return self.request.headers.get("hx-request") == "true"

    @property
    def origin(self) -> str:
        """How this server is reached, for commands that people copy."""
        if self.settings.public_url:
            return self.settings.public_url.rstrip("/")
        return f"{self.request.url.scheme}://{self.request.headers.get('host', '')}"

    def path(self, name: str) -> str:
        """A part of the address. Raises NotFound when it can be no id at all."""
        value = str(self.request.path_params[name])
        if not value.isascii() or not value.isprintable():
            raise NotFound("There is nothing at this address.")
        return value

    def query(self, name: str) -> str:
        return self.request.query_params.get(name, "").strip()

    def paging(self, per_page: int) -> CreatedPaging:
        """Which page of a list is wanted. Raises Invalid."""
        try:
            return CreatedPaging(limit=per_page, cursor=self.query("cursor") or None)
        except ValidationError as error:
            raise Invalid.at("?cursor", "invalid_cursor", "Go back to the first page.") from error

    @property
    def typed(self) -> Form:
        assert self.form is not None, "only POST requests have a form"
        return self.form

    def render(self, template: str, **values: Values) -> str:
        theme = cookies.theme_of(self.request)
        return self.console.renderer.render(template, {"theme": theme, **values})

    def page(self, template: str, /, status_code: int = 200, **values: Values) -> HTMLResponse:
        return HTMLResponse(self.render(template, **values), status_code)


@dataclass(frozen=True, slots=True)
class Visit:
    """A request of somebody who is signed in."""

    guest: Guest
    session: Session
    principal: Principal
    position: int
    """The account's latest event when the request came in: what the page is at least as new as."""

    @property
    def request(self) -> Request:
        return self.guest.request

    @property
    def console(self) -> Console:
        return self.guest.console

    @property
    def store(self) -> Store:
        return self.console.store

    @property
    def typed(self) -> Form:
        return self.guest.typed

    @property
    def now(self) -> int:
        return self.store.now()

    def may(self, scope: Scope) -> bool:
        return self.principal.may(scope)

    async def commit(self, use_case: Callable[[Transaction], Awaitable[T]]) -> T:
        return await self.store.commit(use_case)

    async def page(self, template: str, /, *, status_code: int = 200, **values: Values) -> Response:
        """A whole page."""
        shown = {**await self._frame(), **values}
        return HTMLResponse(
            self.guest.render(template, **shown), status_code, headers={"Cache-Control": NO_STORE}
        )

    async def dialog(
        self, template: str, heading: str, /, *, status_code: int = 200, **values: Values
    ) -> Response:
        """What the page's dialog shows; a page of its own for browsers without scripts."""
        if not self.guest.is_htmx:
            frame = {"dialog_template": template, "dialog_title": heading, "active": ""}
            return await self.page(
                "dialog_page.html", status_code=status_code, **{**frame, **values}
            )
        shown = {**self._parts(), **values}
        headers = {"Cache-Control": NO_STORE, "Vary": "HX-Request"}
        return HTMLResponse(self.guest.render(template, **shown), status_code, headers=headers)

    def fragment(self, template: str, **values: Values) -> Response:
        """A part of a page."""
        shown = {**self._parts(), **values}
        headers = {"Cache-Control": NO_STORE}
        return HTMLResponse(self.guest.render(template, **shown), headers=headers)

    def stay(self, note: str, url: str) -> Response:
        """Done: the page below refreshes itself and says so; from a form that is a page of its own, and
        without scripts, go to `url`.
        """
        if not self.guest.is_htmx:
            return self.go(url, note)
        return Response(status_code=204, headers=triggers(closeDialog=url, refresh="", toast=note))

    def go(self, url: str, note: str = "") -> Response:
        """Done: open another page, which says so."""
        response: Response
        if self.guest.is_htmx:
            response = Response(status_code=204, headers={"HX-Redirect": url})
        else:
            response = RedirectResponse(url, 303)
        if note:
            cookies.put_note(response, note)
        return response

    def renewed(self, response: Response, new: NewSession) -> Response:
        """The same answer, after which the session goes on under its new token."""
        cookies.put(response, self.request, self.guest.settings, cookies.SESSION, new.token)
        return response

    def _parts(self) -> dict[str, Values]:
        """What forms and fragments need besides their own values."""
        return {"csrf_token": self.session.csrf_token, "mode": self.principal.mode.value}

    async def _frame(self) -> dict[str, Values]:
        accounts = await list_own_accounts(self.store, self.session)
        here = self.request.url.path
        if self.request.url.query and self.request.method == "GET":
            here = f"{here}?{self.request.url.query}"
        return {
            **self._parts(),
            "who": who(self.session, [account for account, _ in accounts]),
            "navigation": MAIN,
            "can": {
                "credentials": self.may(Scope.CREDENTIALS_WRITE),
                "messages": self.may(Scope.MESSAGES_SEND),
                "calls": self.may(Scope.CALLS_CREATE),
                "webhooks": self.may(Scope.WEBHOOKS_WRITE),
                "carriers": self.may(Scope.CARRIERS_WRITE),
                "users": self.may(Scope.USERS_WRITE),
                "erasures": all(self.may(scope) for scope in NEEDED_TO_ERASE),
            },
            "here": local_path(here),
            "live_key": f"{self.session.account_id}:{self.session.user_id}",
            "live_position": self.position,
        }


def who(session: Session, accounts: object) -> Mapping[str, Values]:
    """The person and the account, as the frame of a page shows them."""
    name = session.user_name or session.email
    words = name.partition("@")[0].replace(".", " ").replace("-", " ").split()
    initials = "".join(word[0] for word in words[:2]).upper() or "?"
    return {
        "name": name,
        "email": session.email,
        "initials": initials,
        "role": session.role.value.capitalize(),
        "account_id": session.account_id,
        "account_name": session.account_name,
        "accounts": accounts,
    }


async def enter(guest: Guest) -> Visit:
    """The visit of whoever's session cookie came along. Raises SignInNeeded."""
    token = cookies.read(guest.request, guest.settings, cookies.SESSION)
    session = await find_session(guest.console.store, token)
    if session is None:
        raise SignInNeeded
    context = context_of(guest.request)
    principal = session.principal(context.ip, context.user_agent, context.request_id)
    position = await head_position(guest.console.store, session.account_id)
    mode = cookies.mode_of(guest.request)
    return Visit(guest, session, replace(principal, mode=mode), position)


def triggers(*, toast: str = "", kind: str = "ok", **events: str) -> dict[str, str]:
    """The header with which htmx raises events in the page. ASCII, whatever the texts."""
    wanted: dict[str, Values] = dict(events)
    if toast:
        wanted["toast"] = {"text": toast, "kind": kind}
    return {"HX-Trigger": json.dumps(wanted)}


def set_up_url(guest: Guest) -> str:
    """Where to set up a second factor, and to come back from."""
    here = _place_of(guest)
    return SET_UP if here == "/" else f"{SET_UP}?{urlencode({'next': here})}"


def sign_in_url(guest: Guest) -> str:
    """Where to sign in, and to come back from."""
    here = _place_of(guest)
    return "/sign-in" if here == "/" else f"/sign-in?{urlencode({'next': here})}"


def _place_of(guest: Guest) -> str:
    """The page that is open; `/` when what was asked for is none."""
    here = guest.request.url.path
    if guest.request.method == "GET" and guest.request.url.query:
        here = f"{here}?{guest.request.url.query}"
    if guest.request.method != "GET" or guest.is_htmx:
        here = "/"
    return here
