"""Administration → Integrations → Config → Credentials."""

from dataclasses import dataclass

from starlette.responses import RedirectResponse, Response

from hookline.console.credential_store import count_parts, list_part
from hookline.console.forms import NOTHING_WRONG, Form, Refusal, refusal_of
from hookline.console.navigation import CONFIG, CREDENTIALS, INTEGRATIONS
from hookline.console.pages.credential_shown import CREATED, get_view, reveal, sample_sender
from hookline.console.pages.credential_use import shown_use
from hookline.console.routing import Page
from hookline.console.views import credentials as views
from hookline.console.views.restrictions import (
    NO_RESTRICTIONS,
    RESTRICTIONS,
    TypedRestrictions,
    changes_in,
    read_restrictions,
    shown_restrictions,
    typed_restrictions,
)
from hookline.console.views.rotation import version_view
from hookline.console.views.samples import send_curl
from hookline.console.views.scopes import SEND_AND_RECEIVE, scope_grid
from hookline.console.visit import Values, Visit
from hookline.credentials import store as credential_sql
from hookline.credentials.changing import Change, patch_credential
from hookline.credentials.daily_caps import used_on_day
from hookline.credentials.issuing import Issue, issue_credential
from hookline.credentials.reading import get_credential, list_versions
from hookline.credentials.revocation import revoke_credential
from hookline.errors import Conflict, Forbidden, Invalid
from hookline.principal import Mode, Scope

_FORM_FIELDS = ("description", "scopes", "mode", "expires_in_days", *RESTRICTIONS)
_FOREVER = "never"
_PER_PAGE = 50
_REFUSED = (Invalid, Conflict, Forbidden)


@dataclass(frozen=True, slots=True)
class Typed:
    """What the create and edit forms hold."""

    description: str
    mode: str
    scopes: frozenset[Scope]
    restrictions: TypedRestrictions
    days: int | None = None
    """In how many days it expires; None: never, or as it is."""
    is_forever: bool = False
    """Whether it is to lose the expiry that it has."""


async def show_integrations(visit: Visit) -> Response:
    """The ways to connect other systems."""
    counts = await _counts(visit)
    return await visit.page("integrations.html", active="integrations", counts=counts)


async def to_integrations(_visit: Visit) -> Response:
    return RedirectResponse(INTEGRATIONS, 303)


async def to_credentials(_visit: Visit) -> Response:
    return RedirectResponse(CREDENTIALS, 303)


async def list_credentials(visit: Visit) -> Response:
    """A part of the credentials, filtered by words."""
    show = views.part_named(visit.guest.query("show"))
    text, now = visit.guest.query("q")[:100], visit.store.now()
    paging = visit.guest.paging(_PER_PAGE)
    rows = await visit.store.read(list_part(visit.principal, now, show, text, paging))
    shown, counts = rows[:_PER_PAGE], await _counts(visit)
    return await visit.page(
        "credentials/list.html",
        **_place(visit),
        show=show,
        q=text,
        query=dict(visit.request.query_params),
        rows=[views.credential_view(credential_sql.from_row(row), visit.now) for row in shown],
        next_cursor=shown[-1].id if len(rows) > _PER_PAGE else None,
        tabs=views.tabs(counts),
        title=views.TITLES[show],
        overdue=counts["overdue"],
        curl=send_curl(visit.guest.origin, await sample_sender(visit)),
    )


async def show_credential(visit: Visit) -> Response:
    """One credential with its tokens, its use, and what tells whether an old one is still used."""
    found = await get_credential(visit.store, visit.principal, visit.guest.path("id"))
    view = views.credential_view(found, visit.now)
    versions = await list_versions(visit.store, visit.principal, view.id)
    return await visit.page(
        "credentials/detail.html",
        **_place(visit),
        **await shown_use(visit, found),
        credential=view,
        versions=[version_view(version, visit.now) for version in versions],
        restrictions=shown_restrictions(
            view.restrictions, await used_on_day(visit.store, view.id, visit.store.now())
        ),
        may_audit=visit.may(Scope.AUDIT_READ),
    )


async def show_create(visit: Visit) -> Response:
    mode = visit.principal.mode.value
    chosen = SEND_AND_RECEIVE & visit.principal.scopes
    return await _create_form(visit, Typed("", mode, chosen, NO_RESTRICTIONS), NOTHING_WRONG)


async def create(visit: Visit) -> Response:
    """Make a credential and reveal its token, once."""
    typed = _typed(visit.typed, visit.principal.mode)
    try:
        restrictions = changes_in(typed.restrictions)
        command = Issue(
            typed.description,
            typed.scopes,
            Mode(typed.mode),
            expires_in_days=typed.days,
            restrictions=restrictions,
        )
        issued = await visit.commit(
            lambda tx: issue_credential(tx, visit.store, visit.principal, command)
        )
    except _REFUSED as error:
        return await _create_form(visit, typed, refusal_of(error, _FORM_FIELDS), status_code=422)
    return await reveal(visit, issued, CREATED)


async def show_delete(visit: Visit) -> Response:
    return await _delete_form(visit, NOTHING_WRONG)


async def delete(visit: Visit) -> Response:
    """Stop a credential, once its last four characters have been typed."""
    view = await get_view(visit)
    if visit.typed.text("confirm") != view.last4:
        wrong = Refusal({"confirm": "These are not the token's last four characters."}, "")
        return await _delete_form(visit, wrong, status_code=422)
    await visit.commit(
        lambda tx: revoke_credential(tx, visit.store, visit.principal, view.id, reason="deleted")
    )
    return visit.stay("Credential deleted", CREDENTIALS)


async def show_edit(visit: Visit) -> Response:
    view = await get_view(visit)
    chosen = frozenset(Scope(name) for name in view.scopes)
    return await _edit_form(
        visit,
        view,
        Typed(view.description, "", chosen, typed_restrictions(view.restrictions)),
        NOTHING_WRONG,
    )


async def edit(visit: Visit) -> Response:
    """Change description, scopes, expiry and restrictions.

    What the person does not hold stays as it is.
    """
    view, typed = await get_view(visit), _typed(visit.typed, visit.principal.mode)
    kept = frozenset(Scope(name) for name in view.scopes) - visit.principal.scopes
    try:
        restrictions = changes_in(typed.restrictions)
        change = Change(
            typed.description,
            typed.scopes | kept,
            expires_in_days=typed.days,
            lifts_expiry=typed.is_forever,
            restrictions=restrictions,
        )
        await visit.commit(
            lambda tx: patch_credential(tx, visit.store, visit.principal, view.id, change)
        )
    except _REFUSED as error:
        wrong = refusal_of(error, _FORM_FIELDS)
        return await _edit_form(visit, view, typed, wrong, status_code=422)
    return visit.stay("Credential saved", f"{CREDENTIALS}/{view.id}")


def _place(visit: Visit) -> dict[str, Values]:
    return {
        "active": "integrations",
        "section": "credentials",
        "base": CREDENTIALS,
        "may_write": visit.may(Scope.CREDENTIALS_WRITE),
    }


def _typed(form: Form, mode: Mode) -> Typed:
    known = {scope.value for scope in Scope}
    scopes = frozenset(Scope(name) for name in form.texts("scope") if name in known)
    wanted = Mode.TEST if form.text("mode") == Mode.TEST.value else mode
    days = form.text("expires_in_days")
    lifetime = int(days) if days.isdecimal() and int(days) in views.LIFETIMES else None
    restrictions = read_restrictions(form)
    return Typed(
        form.text("description"), wanted.value, scopes, restrictions, lifetime, days == _FOREVER
    )


async def _counts(visit: Visit) -> dict[str, int]:
    counted = (await visit.store.read(count_parts(visit.principal, visit.store.now())))[0]
    return counted._asdict()


async def _create_form(
    visit: Visit, typed: Typed, refusal: Refusal, status_code: int = 200
) -> Response:
    return await visit.dialog(
        "credentials/create.html",
        "Create New Credential",
        status_code=status_code,
        base=CREDENTIALS,
        values=typed,
        errors=refusal.fields,
        error=refusal.whole,
        grid=scope_grid(visit.principal.scopes, typed.scopes),
        lifetimes=views.LIFETIMES,
    )


async def _edit_form(
    visit: Visit, view: views.CredentialView, typed: Typed, refusal: Refusal, status_code: int = 200
) -> Response:
    return await visit.dialog(
        "credentials/edit.html",
        "Edit credential",
        status_code=status_code,
        base=CREDENTIALS,
        credential=view,
        values=typed,
        errors=refusal.fields,
        error=refusal.whole,
        grid=scope_grid(visit.principal.scopes, typed.scopes),
        lifetimes=views.LIFETIMES,
    )


async def _delete_form(visit: Visit, refusal: Refusal, status_code: int = 200) -> Response:
    return await visit.dialog(
        "credentials/delete.html",
        "Delete credential",
        status_code=status_code,
        base=CREDENTIALS,
        credential=await get_view(visit),
        errors=refusal.fields,
        error=refusal.whole,
    )


_READ, _WRITE = Scope.CREDENTIALS_READ, Scope.CREDENTIALS_WRITE
_ONE = f"{CREDENTIALS}/{{id}}"
PAGES = (
    Page("GET", "/administration", to_integrations),
    Page("GET", INTEGRATIONS, show_integrations, _READ),
    Page("GET", CONFIG, to_credentials),
    Page("GET", CREDENTIALS, list_credentials, _READ),
    Page("GET", f"{CREDENTIALS}/new", show_create, _WRITE),
    Page("POST", CREDENTIALS, create, _WRITE, recent=True),
    Page("GET", _ONE, show_credential, _READ),
    Page("GET", f"{_ONE}/edit", show_edit, _WRITE),
    Page("POST", f"{_ONE}/edit", edit, _WRITE, recent=True),
    Page("GET", f"{_ONE}/delete", show_delete, _WRITE),
    Page("POST", f"{_ONE}/delete", delete, _WRITE),
)
