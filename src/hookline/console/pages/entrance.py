"""Signing in and out, the person's account, data and password."""

import secrets

from starlette.responses import RedirectResponse, Response

from hookline.accounts.errors import PasswordsBusy, SignInRefused, TooManySignIns
from hookline.accounts.own_password import Change, change_own_password
from hookline.accounts.passwords import LENGTH_MIN
from hookline.accounts.sessions import sign_out, switch_account
from hookline.accounts.sign_in import SignIn, sign_in
from hookline.api.context import context_of
from hookline.console import cookies
from hookline.console.forms import NOTHING_WRONG, Refusal, refusal_of
from hookline.console.routing import OpenPage, Page
from hookline.console.safety import NO_STORE, local_path
from hookline.console.visit import Guest, SignInNeeded, Visit, enter
from hookline.errors import HooklineError, Invalid

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
    try:
        new = await sign_in(guest.console.store, guest.console.passwords, typed)
    except _REFUSALS as error:
        return _sign_in_form(
            guest,
            next_url=form.text("next"),
            email=typed.email,
            error=_in_words(error),
            refused=error,
        )
    response = RedirectResponse(local_path(form.text("next")), 303)
    cookies.put(response, guest.request, guest.settings, cookies.SESSION, new.token)
    cookies.drop(response, guest.request, guest.settings, cookies.GUEST_FORM)
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
    await switch_account(visit.store, visit.session, visit.typed.text("account_id"))
    return visit.go("/")


async def change_mode(visit: Visit) -> Response:
    """Look at live or at test data."""
    response = visit.go(_list_of(local_path(visit.typed.text("next"))))
    cookies.put_mode(response, visit.typed.text("mode"))
    return response


async def show_password(visit: Visit) -> Response:
    return await _password_form(visit, NOTHING_WRONG)


async def change_password(visit: Visit) -> Response:
    """Replace the password; the other sessions end."""
    change = Change(visit.typed.raw("current"), visit.typed.raw("new"))
    try:
        await change_own_password(
            visit.store, visit.console.passwords, visit.session, visit.principal, change
        )
    except (Invalid, TooManySignIns, PasswordsBusy) as error:
        refusal = refusal_of(error, ("current", "new"))
        return await _password_form(visit, refusal, status_code=error.status)
    return visit.go("/", "Password changed")


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
    # The one that is there is kept: a form in another tab has it too.
    kept = cookies.read(guest.request, guest.settings, cookies.GUEST_FORM)
    token = kept or secrets.token_urlsafe(_FORM_TOKEN_BYTES)
    response = guest.page(
        "sign_in.html",
        refused.status if refused else 200,
        next=local_path(next_url),
        email=email,
        error=error,
        csrf_token=token,
    )
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


async def _password_form(visit: Visit, refusal: Refusal, status_code: int = 200) -> Response:
    return await visit.page(
        "password.html",
        status_code=status_code,
        active="",
        error=refusal.whole,
        errors=refusal.fields,
        rule=f"At least {LENGTH_MIN} characters. A few unrelated words are easy to remember.",
    )


OPEN_PAGES = (
    OpenPage("GET", "/sign-in", show_sign_in),
    OpenPage("POST", "/sign-in", begin_session),
)
PAGES = (
    Page("POST", "/sign-out", end_session),
    Page("POST", "/session/account", change_account),
    Page("POST", "/session/mode", change_mode),
    Page("GET", "/session/password", show_password),
    Page("POST", "/session/password", change_password),
)
