"""Webhooks: the list, one webhook with its delivery log, and what can be done with it."""

from dataclasses import dataclass

from starlette.responses import RedirectResponse, Response

from hookline.console import store as sql
from hookline.console.forms import NOTHING_WRONG, Form, Refusal, refusal_of
from hookline.console.navigation import WEBHOOKS
from hookline.console.routing import Page
from hookline.console.views import webhooks as views
from hookline.console.visit import Visit
from hookline.errors import Conflict, Forbidden, Invalid
from hookline.principal import Scope
from hookline.webhooks import store as endpoint_sql
from hookline.webhooks.endpoints import (
    EndpointChange,
    NewEndpoint,
    create_endpoint,
    delete_endpoint,
    get_endpoint,
    patch_endpoint,
    rotate_secret,
)
from hookline.webhooks.endpoints import show_secret as reveal_secret
from hookline.webhooks.model import DeliveryStatus

PER_PAGE = 25
_FIELDS = ("url", "description", "events", "format")
_REFUSED = (Invalid, Conflict, Forbidden)
_GRACE_S = 86_400
_FORMATS = ("standard", "v3")


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form holds."""

    url: str
    description: str
    events: tuple[str, ...]
    format: str


@dataclass(frozen=True, slots=True)
class Tab:
    """A part of the delivery log."""

    key: str
    title: str
    query: str


TABS = (
    Tab("", "All", ""),
    *(
        Tab(status.value, status.value.capitalize(), f"?status={status.value}")
        for status in (DeliveryStatus.DELIVERED, DeliveryStatus.PENDING, DeliveryStatus.FAILED)
    ),
)


async def list_webhooks(visit: Visit) -> Response:
    """A page of webhooks, newest first."""
    paging = visit.guest.paging(PER_PAGE)
    rows = await visit.store.read(sql.endpoints_of(visit.principal, paging))
    found = [endpoint_sql.endpoint_of(row) for row in rows]
    return await visit.page(
        "webhooks/list.html",
        active="webhooks",
        rows=[views.webhook_view(endpoint, visit.now) for endpoint in found[:PER_PAGE]],
        next_cursor=found[PER_PAGE - 1].id if len(found) > PER_PAGE else None,
        query=dict(visit.request.query_params),
        may_write=visit.may(Scope.WEBHOOKS_WRITE),
        curl=_create_curl(visit.guest.origin),
    )


async def show_webhook(visit: Visit) -> Response:
    """One webhook and its deliveries."""
    endpoint = await get_endpoint(visit.store, visit.principal, visit.guest.path("id"))
    wanted = visit.guest.query("status")
    status = wanted if wanted in {tab.key for tab in TABS} else ""
    paging = visit.guest.paging(PER_PAGE)
    rows = await visit.store.read(
        sql.deliveries_of_endpoint(visit.principal, paging, endpoint.id, status)
    )
    return await visit.page(
        "webhooks/detail.html",
        active="webhooks",
        webhook=views.webhook_view(endpoint, visit.now),
        rows=[views.delivery_row(row) for row in rows[:PER_PAGE]],
        next_cursor=rows[PER_PAGE - 1].id if len(rows) > PER_PAGE else None,
        query=dict(visit.request.query_params),
        tabs=TABS,
        status=status,
        may_write=visit.may(Scope.WEBHOOKS_WRITE),
        may_see_secret=visit.may(Scope.ACCOUNT_SECRETS),
    )


async def show_create(visit: Visit) -> Response:
    typed = Typed("", "", ("message.*",), "standard")
    return await _form(visit, typed, NOTHING_WRONG)


async def create(visit: Visit) -> Response:
    """Add a webhook and show the secret that signs its requests."""
    typed = _typed(visit.typed)
    if wrong := check_typed(typed).fields:
        return await _form(visit, typed, Refusal(wrong, ""), status_code=422)
    new = NewEndpoint(typed.url, typed.events, typed.description, format=typed.format)
    try:
        endpoint, secret = await visit.commit(
            lambda tx: create_endpoint(
                tx, visit.store, visit.console.webhooks.box, visit.principal, new
            )
        )
    except _REFUSED as error:
        return await _form(visit, typed, refusal_of(error, _FIELDS), status_code=422)
    view = views.webhook_view(endpoint, visit.now)
    return await _secret(visit, view, secret, "Webhook added")


async def show_edit(visit: Visit) -> Response:
    endpoint = await get_endpoint(visit.store, visit.principal, visit.guest.path("id"))
    patterns = endpoint.subscription.patterns
    typed = Typed(endpoint.url, endpoint.description, patterns, endpoint.format)
    return await _form(visit, typed, NOTHING_WRONG, webhook_id=endpoint.id)


async def edit(visit: Visit) -> Response:
    """Change where events go, and which."""
    webhook_id, typed = visit.guest.path("id"), _typed(visit.typed)
    if wrong := check_typed(typed).fields:
        return await _form(visit, typed, Refusal(wrong, ""), webhook_id=webhook_id, status_code=422)
    change = EndpointChange(typed.url, typed.events, typed.description)
    try:
        await _patch(visit, webhook_id, change)
    except _REFUSED as error:
        wrong_fields = refusal_of(error, _FIELDS)
        return await _form(visit, typed, wrong_fields, webhook_id=webhook_id, status_code=422)
    return visit.stay("Webhook saved", f"{WEBHOOKS}/{webhook_id}")


async def pause(visit: Visit) -> Response:
    await _patch(visit, visit.guest.path("id"), EndpointChange(disabled=True))
    return visit.stay("Webhook paused", f"{WEBHOOKS}/{visit.guest.path('id')}")


async def enable(visit: Visit) -> Response:
    await _patch(visit, visit.guest.path("id"), EndpointChange(disabled=False))
    return visit.stay("Webhook enabled", f"{WEBHOOKS}/{visit.guest.path('id')}")


async def show_secret(visit: Visit) -> Response:
    """The signing secret, for those who may see it."""
    endpoint = await get_endpoint(visit.store, visit.principal, visit.guest.path("id"))
    box = visit.console.webhooks.box
    secret = await reveal_secret(visit.store, box, visit.principal, endpoint)
    view = views.webhook_view(endpoint, visit.now)
    return await _secret(visit, view, secret, "Signing secret")


async def show_rotate_secret(visit: Visit) -> Response:
    return await _confirm(
        visit,
        "rotate-secret",
        title="Rotate signing secret",
        text="Requests are signed with both secrets for 24 hours, so that your receiver can change "
        "over without missing one.",
        verb="Rotate secret",
    )


async def rotate(visit: Visit) -> Response:
    """A new secret; the old one signs along for a day."""
    webhook_id = visit.guest.path("id")
    endpoint, secret = await visit.commit(
        lambda tx: rotate_secret(
            tx, visit.store, visit.console.webhooks.box, visit.principal, webhook_id, _GRACE_S
        )
    )
    view = views.webhook_view(endpoint, visit.now)
    return await _secret(visit, view, secret, "Signing secret rotated")


async def show_delete(visit: Visit) -> Response:
    return await _confirm(
        visit,
        "delete",
        title="Delete this webhook?",
        text="Nothing is sent to it any more, and what is pending for it is canceled.",
        verb="Delete",
        is_bad=True,
    )


async def delete(visit: Visit) -> Response:
    webhook_id = visit.guest.path("id")
    await visit.commit(lambda tx: delete_endpoint(tx, visit.store, visit.principal, webhook_id))
    return visit.go(WEBHOOKS, "Webhook deleted")


async def to_webhooks(_visit: Visit) -> Response:
    return RedirectResponse(WEBHOOKS, 303)


def check_typed(typed: Typed) -> Refusal:
    """What is missing, in words; the room judges the rest."""
    missing = {
        "url": "Give the address of your receiver." if not typed.url else "",
        "events": "Choose at least one event." if not typed.events else "",
        "description": "Use at most 200 characters." if len(typed.description) > 200 else "",
    }
    return Refusal({name: text for name, text in missing.items() if text}, "")


def _typed(form: Form) -> Typed:
    chosen = form.text("format")
    return Typed(
        form.text("url"),
        form.text("description"),
        views.simplified(form.texts("events")),
        chosen if chosen in _FORMATS else "standard",
    )


async def _patch(visit: Visit, webhook_id: str, change: EndpointChange) -> None:
    box = visit.console.webhooks.box
    await visit.commit(
        lambda tx: patch_endpoint(tx, visit.store, box, visit.principal, webhook_id, change)
    )


async def _form(
    visit: Visit, typed: Typed, refusal: Refusal, *, webhook_id: str = "", status_code: int = 200
) -> Response:
    return await visit.dialog(
        "webhooks/form.html",
        "Edit webhook" if webhook_id else "Add webhook",
        status_code=status_code,
        action=f"{WEBHOOKS}/{webhook_id}/edit" if webhook_id else WEBHOOKS,
        is_edit=bool(webhook_id),
        values=typed,
        errors=refusal.fields,
        error=refusal.whole,
        picker=views.families(visit.principal),
    )


async def _secret(
    visit: Visit, view: views.WebhookView, secret: str | None, title: str
) -> Response:
    shown = secret if visit.may(Scope.ACCOUNT_SECRETS) else None
    response = await visit.dialog(
        "webhooks/secret.html",
        title,
        title=title,
        webhook=view,
        secret=shown,
        is_new=title != "Signing secret",
        note="Check every request with it, so that nobody else can speak for Hookline.",
        verification=views.verification(shown or ""),
    )
    response.headers["HX-Trigger"] = "refresh"
    return response


async def _confirm(
    visit: Visit, act: str, *, title: str, text: str, verb: str, is_bad: bool = False
) -> Response:
    endpoint = await get_endpoint(visit.store, visit.principal, visit.guest.path("id"))
    return await visit.dialog(
        "webhooks/confirm.html",
        title,
        action=f"{WEBHOOKS}/{endpoint.id}/{act}",
        webhook=views.webhook_view(endpoint, visit.now),
        title=title,
        text=text,
        verb=verb,
        is_bad=is_bad,
        error="",
    )


def _create_curl(origin: str) -> str:
    return (
        f"curl {origin}/v1/webhooks \\\n"
        '  -H "Authorization: Bearer $HOOKLINE_TOKEN" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        '  -d \'{"url": "http://localhost:3000/hook", "events": ["message.*"]}\''
    )


_READ, _WRITE = Scope.WEBHOOKS_READ, Scope.WEBHOOKS_WRITE
_ONE = f"{WEBHOOKS}/{{id}}"
PAGES = (
    Page("GET", WEBHOOKS, list_webhooks, _READ),
    Page("GET", f"{WEBHOOKS}/new", show_create, _WRITE),
    Page("POST", WEBHOOKS, create, _WRITE, recent=True),
    Page("GET", _ONE, show_webhook, _READ),
    Page("GET", f"{_ONE}/edit", show_edit, _WRITE),
    Page("POST", f"{_ONE}/edit", edit, _WRITE),
    Page("POST", f"{_ONE}/pause", pause, _WRITE),
    Page("POST", f"{_ONE}/enable", enable, _WRITE),
    Page("GET", f"{_ONE}/secret", show_secret, Scope.ACCOUNT_SECRETS, recent=True),
    Page("GET", f"{_ONE}/rotate-secret", show_rotate_secret, _WRITE),
    Page("POST", f"{_ONE}/rotate-secret", rotate, _WRITE, recent=True),
    Page("GET", f"{_ONE}/delete", show_delete, _WRITE),
    Page("POST", f"{_ONE}/delete", delete, _WRITE),
    Page("GET", "/deliveries", to_webhooks, _READ),
)
