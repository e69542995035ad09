"""What the link of an invitation opens."""

from starlette.responses import RedirectResponse, Response

from hookline.accounts.errors import PasswordsBusy, WrongInvitee
from hookline.accounts.invitations import LINK_PATH
from hookline.accounts.joining import (
    Newcomer,
    Welcome,
    find_invitation,
    join_as_known,
    join_as_new,
)
from hookline.accounts.model import Session
from hookline.accounts.passwords import LENGTH_MIN
from hookline.api.context import context_of
from hookline.console import cookies
from hookline.console.forms import NOTHING_WRONG, Refusal, refusal_of
from hookline.console.pages.entrance import guest_form, let_in
from hookline.console.routing import OpenPage
from hookline.console.visit import Guest, SignInNeeded, Visit, enter
from hookline.errors import Conflict, HooklineError, Invalid

_FIELDS = ("name", "password")
_REFUSED = (Invalid, Conflict, WrongInvitee, PasswordsBusy)


async def show_invitation(guest: Guest) -> Response:
    """Who is invited where, and what to do to join."""
    welcome = await find_invitation(guest.console.store, guest.path("token"))
    return await _page(guest, welcome)


async def join(guest: Guest) -> Response:
    """Join as who is signed in, or as a new user."""
    token, visit = guest.path("token"), await _visit(guest)
    welcome = await find_invitation(guest.console.store, token)
    try:
        if welcome.is_known:
            return await _join_known(guest, visit, token)
        return await _join_new(guest, token)
    except _REFUSED as error:
        return await _page(guest, welcome, refusal_of(error, _FIELDS), error)


async def _join_known(guest: Guest, visit: Visit | None, token: str) -> Response:
    if visit is None:
        return RedirectResponse(guest.request.url.path, 303)
    new = await join_as_known(visit.store, visit.session, visit.principal, token)
    return visit.renewed(RedirectResponse("/", 303), new)


async def _join_new(guest: Guest, token: str) -> Response:
    form, context = guest.typed, context_of(guest.request)
    newcomer = Newcomer(
        token, form.text("name"), form.raw("password"), context.ip, context.user_agent
    )
    new = await join_as_new(guest.console.store, guest.console.passwords, newcomer)
    return await let_in(guest, new, "/")


async def _page(
    guest: Guest,
    welcome: Welcome,
    refusal: Refusal = NOTHING_WRONG,
    refused: HooklineError | None = None,
) -> Response:
    visit = await _visit(guest)
    return guest_form(
        guest,
        "join.html",
        refused,
        here=guest.request.url.path,
        account=welcome.account_name,
        email=welcome.invitation.email,
        role=welcome.invitation.grant.role.value,
        invited_by=welcome.invitation.invited_by_label,
        state=_state(welcome, visit.session if visit else None),
        signed_in_as=visit.session.email if visit else "",
        session_token=visit.session.csrf_token if visit else "",
        name=guest.form.text("name") if guest.form else "",
        rule=f"At least {LENGTH_MIN} characters. A few unrelated words are easy to remember.",
        error=refusal.whole,
        errors=refusal.fields,
    )


def _state(welcome: Welcome, session: Session | None) -> str:
    """What the page offers: `new` form, `sign_in`, `join` as who one is, or `other` person."""
    if session is None:
        return "sign_in" if welcome.is_known else "new"
    return "join" if session.email == welcome.invitation.email else "other"


async def _visit(guest: Guest) -> Visit | None:
    if not cookies.read(guest.request, guest.settings, cookies.SESSION):
        return None
    try:
        return await enter(guest)
    except SignInNeeded:
        return None


_LINK = f"{LINK_PATH}/{{token}}"
OPEN_PAGES = (
    OpenPage("GET", _LINK, show_invitation),
    OpenPage("POST", _LINK, join),
)
