"""The dialogs that rotate a credential, and those that end, extend or cancel a grace."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.responses import Response

from hookline.console.forms import NOTHING_WRONG, Refusal, refusal_of
from hookline.console.navigation import CREDENTIALS
from hookline.console.pages.credential_shown import ROTATED, get_view, reveal
from hookline.console.routing import Page
from hookline.console.views import rotation as views
from hookline.console.visit import Visit
from hookline.credentials.grace import cancel_rotation, end_grace, extend_grace
from hookline.credentials.model import REASON_MAX, Credential, Rotation
from hookline.credentials.rotation import rotate_credential
from hookline.errors import Conflict, Forbidden, Invalid
from hookline.principal import Principal, Scope
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

_REFUSED = (Invalid, Conflict, Forbidden)


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


@dataclass(frozen=True, slots=True)
class GraceAct:
    """What can be done to a grace: the dialog that asks, and the deed."""

    name: str
    heading: str
    done: str
    work: Callable[[Transaction, Store, Principal, str], Awaitable[Credential]]

    async def show(self, visit: Visit) -> Response:
        return await self._form(visit, NOTHING_WRONG)

    async def act(self, visit: Visit) -> Response:
        known = visit.guest.path("id")
        try:
            await visit.commit(lambda tx: self.work(tx, visit.store, visit.principal, known))
        except _REFUSED as error:
            return await self._form(visit, refusal_of(error, ()), status_code=422)
        return visit.stay(self.done, f"{CREDENTIALS}/{known}")

    async def _form(self, visit: Visit, refusal: Refusal, status_code: int = 200) -> Response:
        return await visit.dialog(
            "credentials/grace.html",
            self.heading,
            status_code=status_code,
            base=CREDENTIALS,
            credential=await get_view(visit),
            act=self.name,
            heading=self.heading,
            extension=views.EXTENSION,
            error=refusal.whole,
        )


_GRACE_ACTS = (
    GraceAct(
        "expire-now",
        "Expire the old token now",
        "The old token is refused from now on",
        end_grace,
    ),
    GraceAct("extend", "Extend the grace", "The grace was extended", extend_grace),
    GraceAct(
        "cancel",
        "Cancel the rotation",
        "Rotation canceled: the old token stays",
        cancel_rotation,
    ),
)


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


_WRITE = Scope.CREDENTIALS_WRITE
_ONE = f"{CREDENTIALS}/{{id}}"
PAGES = (
    Page("GET", f"{_ONE}/rotate", show_rotate, _WRITE),
    Page("POST", f"{_ONE}/rotate", rotate, _WRITE, recent=True),
    Page("GET", f"{_ONE}/rotate-now", show_rotate_now, _WRITE),
    Page("POST", f"{_ONE}/rotate-now", rotate_now, _WRITE, recent=True),
    *(Page("GET", f"{_ONE}/rotate/{one.name}", one.show, _WRITE) for one in _GRACE_ACTS),
    *(Page("POST", f"{_ONE}/rotate/{one.name}", one.act, _WRITE) for one in _GRACE_ACTS),
)
