"""Webhooks: the list, one webhook with its delivery log, and what can be done with it."""

from dataclasses import asdict, dataclass

from starlette.responses import Response

from hookline.console import store as sql
from hookline.console.forms import NOTHING_WRONG, Form, Refusal, refusal_of
from hookline.console.navigation import WEBHOOKS
from hookline.console.pages.deliveries import search
from hookline.console.pages.replays import latest
from hookline.console.routing import Page
from hookline.console.views import webhooks as views
from hookline.console.views.webhook_health import bar_of, health_view
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
from hookline.webhooks.model import Ordering, Policy
from hookline.webhooks.retry import schedule_of
from hookline.webhooks.stats import get_stats, glance_at

PER_PAGE = 25
_POLICY = ("failover_url", "rate_limit_per_second", "retry_schedule")
_FIELDS = ("url", "description", "events", "format", "numbers", *_POLICY)
_RETRIES_MAX, _RETRY_MAX_S, _RATE_MAX, _NUMBERS_MAX = 20, 86_400, 10_000, 100
_REFUSED = (Invalid, Conflict, Forbidden)
_GRACE_S = 86_400
_FORMATS = ("standard", "v3")


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form holds."""

    url: str
    description: str
    events: tuple[str, ...]
    format: str = "standard"
    failover_url: str = ""
    rate_limit_per_second: str = ""
    retry_schedule: str = ""
    ordered: str = "none"
    numbers: tuple[str, ...] = ()

    @property
    def has_policy(self) -> bool:
        return bool(self.failover_url or self.rate_limit_per_second or self.retry_schedule) or (
            self.ordered != "none"
        )

    def policy(self) -> Policy:
        """Once it has been checked."""
        seconds = _seconds(self.retry_schedule)
        return Policy(
            failover_url=self.failover_url or None,
            rate_limit=_number(self.rate_limit_per_second),
            ordering=Ordering(self.ordered),
            schedule=None if seconds is None else schedule_of(seconds),
        )


async def list_webhooks(visit: Visit) -> Response:
    """A page of webhooks, newest first."""
    paging = visit.guest.paging(PER_PAGE)
    rows = await visit.store.read(sql.endpoints_of(visit.principal, paging))
    found = [endpoint_sql.endpoint_of(row) for row in rows]
    glances = await glance_at(visit.store, [endpoint.id for endpoint in found[:PER_PAGE]])
    return await visit.page(
        "webhooks/list.html",
        active="webhooks",
        rows=[views.webhook_view(endpoint, visit.now) for endpoint in found[:PER_PAGE]],
        bars={known: bar_of(counts) for known, counts in glances.items()},
        next_cursor=found[PER_PAGE - 1].id if len(found) > PER_PAGE else None,
        query=dict(visit.request.query_params),
        may_write=visit.may(Scope.WEBHOOKS_WRITE),
        curl=_create_curl(visit.guest.origin),
    )


async def show_webhook(visit: Visit) -> Response:
    """One webhook and its deliveries."""
    endpoint = await get_endpoint(visit.store, visit.principal, visit.guest.path("id"))
    log = await search(visit, endpoint)
    stats = await get_stats(visit.store, visit.principal, endpoint.id)
    return await visit.page(
        "webhooks/detail.html",
        active="webhooks",
        webhook=views.webhook_view(endpoint, visit.now),
        at=f"{WEBHOOKS}/{endpoint.id}",
        health=health_view(stats),
        replay=await latest(visit, endpoint.id),
        **log,
        may_write=visit.may(Scope.WEBHOOKS_WRITE),
        may_see_secret=visit.may(Scope.ACCOUNT_SECRETS),
    )


async def show_create(visit: Visit) -> Response:
    typed = Typed("", "", ("message.*",))
    return await _form(visit, typed, NOTHING_WRONG)


async def create(visit: Visit) -> Response:
    """Add a webhook and show the secret that signs its requests."""
    typed = _typed(visit.typed)
    if wrong := check_typed(typed).fields:
        return await _form(visit, typed, Refusal(wrong, ""), status_code=422)
    new = NewEndpoint(
        typed.url, typed.events, typed.description, typed.numbers,
        policy=typed.policy(), format=typed.format,
    )  # fmt: skip
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
    policy = endpoint.policy
    typed = Typed(
        endpoint.url,
        endpoint.description,
        endpoint.subscription.patterns,
        endpoint.format,
        policy.failover_url or "",
        "" if policy.rate_limit is None else f"{policy.rate_limit:g}",
        views.schedule_words(policy.schedule),
        policy.ordering.value,
        tuple(sorted(endpoint.numbers)),
    )
    return await _form(visit, typed, NOTHING_WRONG, webhook_id=endpoint.id)


async def edit(visit: Visit) -> Response:
    """Change where events go, and which."""
    webhook_id, typed = visit.guest.path("id"), _typed(visit.typed)
    if wrong := check_typed(typed).fields:
        return await _form(visit, typed, Refusal(wrong, ""), webhook_id=webhook_id, status_code=422)
    change = EndpointChange(
        typed.url, typed.events, typed.description, typed.numbers, policy=asdict(typed.policy())
    )
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


def check_typed(typed: Typed) -> Refusal:
    """What is missing, in words; the room judges the rest."""
    missing = {
        "url": "Give the address of your receiver." if not typed.url else "",
        "events": "Choose at least one event." if not typed.events else "",
        "description": "Use at most 200 characters." if len(typed.description) > 200 else "",
        "numbers": _wrong_numbers(typed.numbers),
        "rate_limit_per_second": _wrong_rate(typed.rate_limit_per_second),
        "retry_schedule": _wrong_schedule(typed.retry_schedule),
    }
    return Refusal({name: text for name, text in missing.items() if text}, "")


def _wrong_numbers(numbers: tuple[str, ...]) -> str:
    is_sound = len(numbers) <= _NUMBERS_MAX
    return "" if is_sound else f"Choose at most {_NUMBERS_MAX}, or none: then it is about all."


def _wrong_rate(text: str) -> str:
    if not text:
        return ""
    rate = _number(text)
    is_sound = rate is not None and 0.01 <= rate <= _RATE_MAX
    return "" if is_sound else f"Write a number from 0.01 to {_RATE_MAX}."


def _wrong_schedule(text: str) -> str:
    try:
        seconds = _seconds(text) or []
    except ValueError:
        seconds = [0]
    if len(seconds) <= _RETRIES_MAX and all(1 <= one <= _RETRY_MAX_S for one in seconds):
        return ""
    return f"Write at most {_RETRIES_MAX} whole numbers from 1 to {_RETRY_MAX_S}, or none."


def _number(text: str) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _seconds(text: str) -> list[int] | None:
    """The seconds of a schedule; None: the public one. Raises ValueError."""
    if text.strip().lower() == "none":
        return []
    return [int(part) for part in text.replace(",", " ").split()] or None


def _typed(form: Form) -> Typed:
    chosen = form.text("format")
    return Typed(
        form.text("url"),
        form.text("description"),
        views.simplified(form.texts("events")),
        chosen if chosen in _FORMATS else "standard",
        form.text("failover_url"),
        form.text("rate_limit_per_second"),
        form.text("retry_schedule"),
        "resource" if form.text("ordered") == "resource" else "none",
        tuple(form.texts("numbers")),
    )


async def _patch(visit: Visit, webhook_id: str, change: EndpointChange) -> None:
    box = visit.console.webhooks.box
    await visit.commit(
        lambda tx: patch_endpoint(tx, visit.store, box, visit.principal, webhook_id, change)
    )


async def _form(
    visit: Visit, typed: Typed, refusal: Refusal, *, webhook_id: str = "", status_code: int = 200
) -> Response:
    own = await visit.store.read(sql.own_numbers(visit.principal.account_id))
    is_cut = len(own) == sql.SENDERS_MAX
    return await visit.dialog(
        "webhooks/form.html",
        "Edit webhook" if webhook_id else "Add webhook",
        status_code=status_code,
        action=f"{WEBHOOKS}/{webhook_id}/edit" if webhook_id else WEBHOOKS,
        is_edit=bool(webhook_id),
        values=typed,
        has_policy=typed.has_policy or any(name in _POLICY for name in refusal.fields),
        errors=refusal.fields,
        error=refusal.whole,
        picker=views.families(visit.principal),
        numbers=views.number_choices([row.number for row in own], typed.numbers, is_cut=is_cut),
        numbers_listed=len(own) if is_cut else None,
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
)
