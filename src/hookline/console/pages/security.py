"""A person's own way in: password, second factor, sessions."""

from starlette.responses import Response

from hookline.accounts.errors import PasswordsBusy, TooManySignIns
from hookline.accounts.own_password import Change, change_own_password
from hookline.accounts.passwords import LENGTH_MIN
from hookline.accounts.second_factor import (
    begin_set_up,
    count_recovery_codes,
    renew_recovery_codes,
    turn_off,
    turn_on,
)
from hookline.accounts.sessions import (
    end_own_other_sessions,
    end_own_session,
    list_own_sessions,
)
from hookline.console.forms import NOTHING_WRONG, Refusal, refusal_of
from hookline.console.navigation import SECURITY
from hookline.console.routing import Page
from hookline.console.safety import local_path
from hookline.console.views.people import session_view
from hookline.console.views.qr import qr_svg
from hookline.console.visit import SET_UP, Visit
from hookline.errors import Conflict, Invalid

_PASSWORD = "/session/password"  # noqa: S105 - an address


async def show_security(visit: Visit) -> Response:
    """Everything on one page."""
    sessions = await list_own_sessions(visit.store, visit.session)
    has_factor = visit.session.has_second_factor
    left = await count_recovery_codes(visit.store, visit.session) if has_factor else 0
    return await visit.page(
        "security/show.html",
        active="",
        base=SECURITY,
        has_second_factor=has_factor,
        is_required=visit.session.second_factor_required,
        codes_left=left,
        sessions=[session_view(one, visit.session.id) for one in sessions],
    )


async def end_session(visit: Visit) -> Response:
    """End one of the person's sessions elsewhere."""
    known = visit.guest.path("id")
    await visit.commit(lambda tx: end_own_session(tx, visit.session, visit.principal, known))
    return visit.stay("Session ended", SECURITY)


async def end_others(visit: Visit) -> Response:
    """Sign out everywhere but here."""
    await visit.commit(lambda tx: end_own_other_sessions(tx, visit.session, visit.principal))
    return visit.stay("You are signed out everywhere else", SECURITY)


async def show_password(visit: Visit) -> Response:
    return await _password_form(visit, NOTHING_WRONG)


async def change_password(visit: Visit) -> Response:
    """Replace the password; the other sessions end."""
    change = Change(visit.typed.raw("current"), visit.typed.raw("new"))
    try:
        new = await change_own_password(
            visit.store, visit.console.passwords, visit.session, visit.principal, change
        )
    except (Invalid, TooManySignIns, PasswordsBusy) as error:
        refusal = refusal_of(error, ("current", "new"))
        return await _password_form(visit, refusal, status_code=error.status)
    return visit.renewed(visit.go(SECURITY, "Password changed"), new)


async def show_set_up(visit: Visit) -> Response:
    return await _set_up_form(visit, NOTHING_WRONG, next_url=visit.guest.query("next"))


async def set_up(visit: Visit) -> Response:
    """Turn the second factor on, once the app's code is right, and show the recovery codes, once."""
    form, box = visit.typed, visit.console.box
    sealed, code, next_url = form.text("sealed"), form.text("code"), form.text("next")
    try:
        turned = await visit.commit(
            lambda tx: turn_on(
                tx, visit.store, box, visit.session, visit.principal, sealed=sealed, code=code
            )
        )
    except Invalid as error:
        wrong = refusal_of(error, ("code",))
        again = "" if error.errors[0].code == "set_up_again" else sealed
        return await _set_up_form(visit, wrong, next_url=next_url, sealed=again, status_code=422)
    page = await _codes_page(visit, turned.recovery_codes, local_path(next_url, default=SECURITY))
    return visit.renewed(page, turned.session)


async def show_turn_off(visit: Visit) -> Response:
    return await _act(visit, "off", NOTHING_WRONG)


async def turn_it_off(visit: Visit) -> Response:
    """Back to the password alone."""
    try:
        await visit.commit(lambda tx: turn_off(tx, visit.session, visit.principal))
    except Conflict as error:
        return await _act(visit, "off", refusal_of(error, ()), status_code=422)
    return visit.go(SECURITY, "Second factor turned off")


async def show_renew_codes(visit: Visit) -> Response:
    return await _act(visit, "codes", NOTHING_WRONG)


async def renew_codes(visit: Visit) -> Response:
    """Show ten new recovery codes, once."""
    codes = await visit.commit(
        lambda tx: renew_recovery_codes(tx, visit.store, visit.session, visit.principal)
    )
    return await visit.dialog(
        "security/codes.html",
        "Recovery codes",
        codes=codes,
        next=SECURITY,
        heading="New recovery codes",
        text="The old ones are worth nothing from now on.",
        is_dialog=visit.guest.is_htmx,
    )


async def _password_form(visit: Visit, refusal: Refusal, status_code: int = 200) -> Response:
    return await visit.page(
        "password.html",
        status_code=status_code,
        active="",
        error=refusal.whole,
        errors=refusal.fields,
        rule=f"At least {LENGTH_MIN} characters. A few unrelated words are easy to remember.",
    )


async def _set_up_form(
    visit: Visit, refusal: Refusal, *, next_url: str, sealed: str = "", status_code: int = 200
) -> Response:
    draft = begin_set_up(visit.store, visit.console.box, visit.session, sealed)
    groups = [draft.secret[at : at + 4] for at in range(0, len(draft.secret), 4)]
    return await visit.page(
        "security/set_up.html",
        status_code=status_code,
        active="",
        action=SET_UP,
        next=local_path(next_url, default=SECURITY),
        is_required=visit.session.must_set_up,
        qr=qr_svg(draft.uri),
        secret=" ".join(groups),
        sealed=draft.sealed,
        error=refusal.whole,
        errors=refusal.fields,
    )


async def _codes_page(visit: Visit, codes: list[str], next_url: str) -> Response:
    return await visit.page(
        "security/codes_page.html",
        active="",
        codes=codes,
        next=next_url,
        heading="The second factor is on",
        text="Your other sessions have ended.",
        is_dialog=False,
    )


async def _act(visit: Visit, act: str, refusal: Refusal, status_code: int = 200) -> Response:
    headings = {"off": "Turn the second factor off?", "codes": "Make new recovery codes?"}
    return await visit.dialog(
        "security/act.html",
        headings[act],
        status_code=status_code,
        base=SECURITY,
        action=f"{SET_UP}/{act}",
        heading=headings[act],
        act=act,
        error=refusal.whole,
    )


PAGES = (
    Page("GET", SECURITY, show_security),
    Page("POST", "/session/sessions/{id}/end", end_session),
    Page("POST", "/session/end-others", end_others),
    Page("GET", _PASSWORD, show_password),
    Page("POST", _PASSWORD, change_password, recent=True),
    Page("GET", SET_UP, show_set_up, recent=True, before_set_up=True),
    Page("POST", SET_UP, set_up, recent=True, before_set_up=True),
    Page("GET", f"{SET_UP}/off", show_turn_off),
    Page("POST", f"{SET_UP}/off", turn_it_off, recent=True),
    Page("GET", f"{SET_UP}/codes", show_renew_codes),
    Page("POST", f"{SET_UP}/codes", renew_codes, recent=True),
)
