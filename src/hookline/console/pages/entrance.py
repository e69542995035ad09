"""Signing in, with a code where there is a second factor, and out; the person's account and data."""

import secrets
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from hookline.accounts.errors import (
    CodeRefused,
    PasswordsBusy,
    SignInExpired,
    SignInRefused,
    TooManySignIns,
)
from hookline.accounts.model import NewSession, Pending
from hookline.accounts.sessions import sign_out, switch_account
from hookline.accounts.sign_in import CodeTyped, SignIn, finish_sign_in, sign_in
from hookline.api.context import context_of
from hookline.console import cookies
from hookline.console.routing import OpenPage, Page
from hookline.console.safety import NO_STORE, local_path
from hookline.console.visit import Guest, SignInNeeded, Values, Visit, enter
from hookline.errors import HooklineError

CODE = "/sign-in/code"
_FORM_TOKEN_BYTES = 24
_REFUSALS = (SignInRefused, TooManySignIns, PasswordsBusy)


async def show_sign_in(guest: Guest) -> Response:
    """The form; who is signed in already goes on."""
    try:
        await enter(guest)
    except SignInNeeded:
        return _sign_in_form(guest, next_url=guest.query("next"))
    return RedirectResponse(local_path(guest.query("next")), 303)


async def begin_session(guest: Guest) -> Response:
    """Check what was typed, and begin a session with a new cookie."""
    form, context = guest.typed, context_of(guest.request)
    typed = SignIn(form.text("email"), form.raw("password"), context.ip, context.user_agent)
    next_url = local_path(form.text("next"))
    try:
        new = await sign_in(guest.console.store, guest.console.passwords, typed)
    except _REFUSALS as error:
        return _sign_in_form(
            guest,
            next_url=next_url,
            email=typed.email,
            error=_in_words(error),
            refused=error,
        )
    if isinstance(new, Pending):
        response = RedirectResponse(f"{CODE}?{urlencode({'next': next_url})}", 303)
        cookies.put(response, guest.request, guest.settings, cookies.PENDING, new.token)
        return response
    return await let_in(guest, new, next_url)


async def show_code(guest: Guest) -> Response:
    """The form for the code; without a password first there is nothing to do here."""
    if not cookies.read(guest.request, guest.settings, cookies.PENDING):
        return RedirectResponse("/sign-in", 303)
    return _code_form(guest, next_url=guest.query("next"))


async def give_code(guest: Guest) -> Response:
    """Check the code, and begin a session with a new cookie."""
    form, context = guest.typed, context_of(guest.request)
    token = cookies.read(guest.request, guest.settings, cookies.PENDING)
    typed = CodeTyped(token, form.text("code"), context.ip, context.user_agent)
    next_url = local_path(form.text("next"))
    try:
        new = await finish_sign_in(guest.console.store, guest.console.box, typed)
    except (CodeRefused, TooManySignIns) as error:
        return _code_form(guest, next_url=next_url, error=_in_words(error), refused=error)
    except (SignInExpired, SignInRefused) as error:
        response = _sign_in_form(guest, next_url=next_url, error=_in_words(error), refused=error)
        cookies.drop(response, guest.request, guest.settings, cookies.PENDING)
        return response
    return await let_in(guest, new, next_url)


async def let_in(guest: Guest, new: NewSession, url: str) -> Response:
    """Go on with the new session; the one that this browser had before ends."""
    request, settings = guest.request, guest.settings
    await sign_out(guest.console.store, cookies.read(request, settings, cookies.SESSION))
    response = RedirectResponse(url, 303)
    cookies.put(response, request, settings, cookies.SESSION, new.token)
    for name in (cookies.GUEST_FORM, cookies.PENDING):
        cookies.drop(response, request, settings, name)
    return response


async def end_session(visit: Visit) -> Response:
    """End this session, here and in the database."""
    guest = visit.guest
    await sign_out(visit.store, cookies.read(guest.request, guest.settings, cookies.SESSION))
    response = RedirectResponse("/sign-in", 303)
    cookies.drop(response, guest.request, guest.settings, cookies.SESSION)
    return response


async def change_account(visit: Visit) -> Response:
    """Go on in another of the person's accounts."""
    new = await switch_account(visit.store, visit.session, visit.typed.text("account_id"))
    return visit.renewed(visit.go("/"), new)


async def change_mode(visit: Visit) -> Response:
    """Look at live or at test data."""
    response = visit.go(_list_of(local_path(visit.typed.text("next"))))
    cookies.put_mode(response, visit.typed.text("mode"))
    return response


def _list_of(path: str) -> str:
    """A thing of one mode is not there in the other: go to its list."""
    for prefix in ("/messages", "/webhooks", "/administration/integrations/config/credentials"):
        if path.startswith(f"{prefix}/"):
            return prefix
    return "/webhooks" if path.startswith("/deliveries/") else path


def _sign_in_form(
    guest: Guest,
    *,
    next_url: str,
    email: str = "",
    error: str = "",
    refused: HooklineError | None = None,
) -> Response:
    values = {"next": local_path(next_url), "email": email, "error": error}
    return guest_form(guest, "sign_in.html", refused, **values)


def _code_form(
    guest: Guest, *, next_url: str, error: str = "", refused: HooklineError | None = None
) -> Response:
    return guest_form(guest, "code.html", refused, next=local_path(next_url), error=error)


def guest_form(
    guest: Guest, template: str, refused: HooklineError | None = None, **values: Values
) -> Response:
    """A page with a form for somebody who is not signed in."""
    # The one that is there is kept: a form in another tab has it too.
    kept = cookies.read(guest.request, guest.settings, cookies.GUEST_FORM)
    token = kept or secrets.token_urlsafe(_FORM_TOKEN_BYTES)
    status_code = refused.status if refused else 200
    response = guest.page(template, status_code, **values, csrf_token=token)
    response.headers["Cache-Control"] = NO_STORE
    for name, value in (refused.headers if refused else {}).items():
        response.headers[name] = value
    cookies.put(response, guest.request, guest.settings, cookies.GUEST_FORM, token)
    return response


def _in_words(error: HooklineError) -> str:
    if isinstance(error, TooManySignIns):
        minutes = max(1, round(int(error.headers.get("Retry-After", "60")) / 60))
        unit = "minute" if minutes == 1 else "minutes"
        return f"Too many failed attempts. Try again in {minutes} {unit}."
    return f"{error.detail}." if not error.detail.endswith(".") else error.detail


OPEN_PAGES = (
    OpenPage("GET", "/sign-in", show_sign_in),
    OpenPage("POST", "/sign-in", begin_session),
    OpenPage("GET", CODE, show_code),
    OpenPage("POST", CODE, give_code),
)
PAGES = (
    Page("POST", "/sign-out", end_session, before_set_up=True),
    Page("POST", "/session/account", change_account, before_set_up=True),
    Page("POST", "/session/mode", change_mode, before_set_up=True),
)
