"""Asks a person who they are before secrets and rights are touched, and then does what they wanted.

What was being submitted goes along in the form, sealed for this session: nothing that was typed is
lost, and nothing of it stands readable in the page.
"""

from dataclasses import replace

import msgspec
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from hookline.accounts.model import Session
from hookline.accounts.reauthentication import Proof
from hookline.console.forgery import FIELD as FORM_TOKEN
from hookline.console.forms import NOTHING_WRONG, Form, Refusal
from hookline.console.visit import Visit
from hookline.errors import Conflict
from hookline.outbound.errors import SecretUnreadable

PATH = "/session/confirm"
KEPT = "kept"
_TITLE = "Confirm that it is you"


class FormTooOld(Conflict):
    """What was being submitted belongs to another session. Open the page again and repeat."""

    code = "form_too_old"
    title = "The form is out of date"


class Kept(msgspec.Struct):
    """What was wanted."""

    method: str
    page: str
    """The page's path as it is declared."""
    url: str
    params: dict[str, str]
    query: str
    fields: list[tuple[str, str]]


def is_recent(visit: Visit) -> bool:
    """Whether the person has proved who they are not long ago."""
    minutes = visit.store.settings.reauthentication_minutes
    return visit.session.is_recent(visit.store.now(), minutes)


async def ask(visit: Visit, method: str, page: str) -> Response:
    """The question, in place of what was wanted."""
    request, form = visit.request, visit.guest.form
    typed = form.data.multi_items() if form is not None else []
    fields = [(name, text) for name, text in typed if isinstance(text, str) and name != FORM_TOKEN]
    kept = Kept(
        method,
        page,
        request.url.path,
        {name: str(value) for name, value in request.path_params.items()},
        request.url.query,
        fields,
    )
    sealed = visit.console.box.seal(_purpose(visit), msgspec.json.encode(kept))
    return await show(visit, sealed, NOTHING_WRONG)


async def show(visit: Visit, sealed: str, refusal: Refusal, status_code: int = 200) -> Response:
    """The form that asks. It is sent the way in which the first one was."""
    kept = open_kept(visit, sealed)
    response = await visit.dialog(
        "confirm.html",
        _TITLE,
        status_code=status_code,
        heading=_TITLE,
        action=PATH,
        is_htmx=visit.guest.is_htmx,
        kept=sealed,
        email=visit.session.email,
        has_second_factor=visit.session.has_second_factor,
        back=kept.url if kept.method == "GET" else "/",
        errors=refusal.fields,
        error=refusal.whole,
    )
    if visit.guest.is_htmx:
        response.headers["HX-Retarget"] = "#dlg"
        response.headers["HX-Reswap"] = "innerHTML"
    return response


def open_kept(visit: Visit, sealed: str) -> Kept:
    """What was wanted. Raises FormTooOld."""
    try:
        text = visit.console.box.open_bytes(_purpose(visit), sealed)
    except SecretUnreadable:
        raise FormTooOld("This form is from another session. Repeat what you did.") from None
    return msgspec.json.decode(text, type=Kept)


def proof_in(form: Form) -> Proof:
    """What the person typed to prove it."""
    return Proof(form.raw("password"), form.text("code"))


def resumed(visit: Visit, kept: Kept, session: Session) -> Visit:
    """The visit as it was when the question came up, with the session as it is now."""
    scope = {
        **visit.request.scope,
        "method": kept.method,
        "path": kept.url,
        "raw_path": kept.url.encode(),
        "query_string": kept.query.encode(),
        "path_params": kept.params,
    }
    fields: list[tuple[str, str | UploadFile]] = [*kept.fields]
    form = Form(FormData(fields)) if kept.method == "POST" else None
    guest = replace(visit.guest, request=Request(scope, visit.request.receive), form=form)
    return replace(visit, guest=guest, session=session)


def _purpose(visit: Visit) -> str:
    return f"console.kept.{visit.session.id}"
