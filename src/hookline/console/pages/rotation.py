"""The dialogs that rotate a credential, and those that end, extend or cancel a grace."""

from starlette.responses import Response

from hookline.console.forms import NOTHING_WRONG, Refusal, refusal_of
from hookline.console.navigation import CREDENTIALS
from hookline.console.pages.credential_shown import ROTATED, get_view, reveal
from hookline.console.routing import Page
from hookline.console.views import rotation as views
from hookline.console.visit import Visit
from hookline.credentials.grace import cancel_rotation, end_grace, extend_grace
from hookline.credentials.model import REASON_MAX, Rotation
from hookline.credentials.rotation import rotate_credential
from hookline.errors import Conflict, Forbidden, Invalid
from hookline.principal import Scope

_REFUSED = (Invalid, Conflict, Forbidden)
_ACTS = {
    "expire-now": "Expire the old token now",
    "extend": "Extend the grace",
    "cancel": "Cancel the rotation",
}


async def show_rotate(visit: Visit) -> Response:
    return await _rotate_form(visit, NOTHING_WRONG, is_now=False)


async def rotate(visit: Visit) -> Response:
    """Make a new token and reveal it, once; the old one lives as long as was chosen."""
    grace_s = views.chosen_grace(visit.typed.text("grace"))
    early_s = views.EARLY_S if grace_s and visit.typed.text("early") else None
    return await _rotate(visit, Rotation(grace_s, early_s), is_now=False)


async def show_rotate_now(visit: Visit) -> Response:
    return await _rotate_form(visit, NOTHING_WRONG, is_now=True)


async def rotate_now(visit: Visit) -> Response:
    """For a token that has leaked: no grace, and the reason goes into the audit trail."""
    reason = visit.typed.text("reason")
    if not reason:
        wrong = Refusal({"reason": "Say why, for whoever reads the audit trail later."}, "")
        return await _rotate_form(visit, wrong, is_now=True, status_code=422)
    return await _rotate(visit, Rotation(reason=reason[:REASON_MAX]), is_now=True)


async def show_expire(visit: Visit) -> Response:
    return await _act_form(visit, "expire-now")


async def expire(visit: Visit) -> Response:
    """The old token stops at once."""
    known = visit.guest.path("id")
    await visit.commit(lambda tx: end_grace(tx, visit.store, visit.principal, known))
    return visit.stay("The old token is refused from now on", f"{CREDENTIALS}/{known}")


async def show_extend(visit: Visit) -> Response:
    return await _act_form(visit, "extend")


async def extend(visit: Visit) -> Response:
    """The old token works a day longer."""
    known = visit.guest.path("id")
    try:
        await visit.commit(lambda tx: extend_grace(tx, visit.store, visit.principal, known))
    except _REFUSED as error:
        return await _act_form(visit, "extend", refusal_of(error, ()), status_code=422)
    return visit.stay("The grace was extended", f"{CREDENTIALS}/{known}")


async def show_cancel(visit: Visit) -> Response:
    return await _act_form(visit, "cancel")


async def cancel(visit: Visit) -> Response:
    """The new token stops at once, and the old one stays."""
    known = visit.guest.path("id")
    try:
        await visit.commit(lambda tx: cancel_rotation(tx, visit.store, visit.principal, known))
    except _REFUSED as error:
        return await _act_form(visit, "cancel", refusal_of(error, ()), status_code=422)
    return visit.stay("Rotation canceled: the old token stays", f"{CREDENTIALS}/{known}")


async def _rotate(visit: Visit, rotation: Rotation, *, is_now: bool) -> Response:
    known = visit.guest.path("id")
    try:
        issued = await visit.commit(
            lambda tx: rotate_credential(tx, visit.store, visit.principal, known, rotation)
        )
    except _REFUSED as error:
        wrong = refusal_of(error, ())
        return await _rotate_form(visit, wrong, is_now=is_now, status_code=422)
    return await reveal(visit, issued, ROTATED)


async def _rotate_form(
    visit: Visit, refusal: Refusal, *, is_now: bool, status_code: int = 200
) -> Response:
    credential = await get_view(visit)
    choices = views.choices([0]) if credential.grace else views.choices()
    return await visit.dialog(
        "credentials/rotate.html",
        "Rotate Credential Now" if is_now else "Rotate Credential",
        status_code=status_code,
        base=CREDENTIALS,
        credential=credential,
        is_now=is_now,
        choices=choices,
        chosen=0 if credential.grace else views.RECOMMENDED_S,
        recommended=views.RECOMMENDED_S,
        early=views.span(views.EARLY_S * 1_000),
        reason=visit.typed.text("reason") if visit.guest.form else "",
        errors=refusal.fields,
        error=refusal.whole,
    )


async def _act_form(
    visit: Visit, act: str, refusal: Refusal = NOTHING_WRONG, status_code: int = 200
) -> Response:
    return await visit.dialog(
        "credentials/grace.html",
        _ACTS[act],
        status_code=status_code,
        base=CREDENTIALS,
        credential=await get_view(visit),
        act=act,
        heading=_ACTS[act],
        extension=views.EXTENSION,
        error=refusal.whole,
    )


_WRITE = Scope.CREDENTIALS_WRITE
_ONE = f"{CREDENTIALS}/{{id}}"
PAGES = (
    Page("GET", f"{_ONE}/rotate", show_rotate, _WRITE),
    Page("POST", f"{_ONE}/rotate", rotate, _WRITE),
    Page("GET", f"{_ONE}/rotate-now", show_rotate_now, _WRITE),
    Page("POST", f"{_ONE}/rotate-now", rotate_now, _WRITE),
    Page("GET", f"{_ONE}/rotate/expire-now", show_expire, _WRITE),
    Page("POST", f"{_ONE}/rotate/expire-now", expire, _WRITE),
    Page("GET", f"{_ONE}/rotate/extend", show_extend, _WRITE),
    Page("POST", f"{_ONE}/rotate/extend", extend, _WRITE),
    Page("GET", f"{_ONE}/rotate/cancel", show_cancel, _WRITE),
    Page("POST", f"{_ONE}/rotate/cancel", cancel, _WRITE),
)
