"""Deliveries: the search, one with its attempts; sending it again; sending an example."""

from collections.abc import Mapping
from typing import Any

import msgspec
from pydantic import ValidationError
from starlette.responses import Response

from hookline.clock import HOUR_MS, to_datetime
from hookline.console.forms import refusal_of
from hookline.console.navigation import WEBHOOKS
from hookline.console.routing import Page
from hookline.console.views import webhooks as views
from hookline.console.visit import Values, Visit
from hookline.errors import Forbidden, Invalid, Unavailable
from hookline.events.catalogue import EXAMPLES
from hookline.events.model import EventType
from hookline.principal import Scope
from hookline.storage.transaction import Rows
from hookline.webhooks.endpoints import get_endpoint
from hookline.webhooks.history import get_delivery, resend, send_test
from hookline.webhooks.model import DeliveryStatus, Endpoint
from hookline.webhooks.search import DeliverySearch, search_deliveries

PER_PAGE = 25
ANSWERS = {
    "2xx": "2xx",
    "3xx": "3xx",
    "4xx": "4xx",
    "5xx": "5xx",
    "none": "No answer",
}
SPANS = {"1h": ("Last hour", 1), "24h": ("Last 24 hours", 24), "7d": ("Last 7 days", 168)}
_HERE = "/deliveries"
_ID_FIELDS = {"dlv": "id", "evt": "event_id"}


async def show_deliveries(visit: Visit) -> Response:
    """Every delivery of the account, newest first, by number, status, answer and time."""
    return await visit.page(
        "webhooks/deliveries.html", active="webhooks", **await search(visit, None)
    )


async def search(visit: Visit, endpoint: Endpoint | None) -> dict[str, Values]:
    """What the log shows of the address's filter: of one webhook, or of all."""
    wanted = _fields(visit)
    rows: Rows = []
    problem = ""
    try:
        filtered = DeliverySearch(
            limit=PER_PAGE, cursor=visit.guest.query("cursor") or None, **wanted
        )
        rows = await search_deliveries(
            visit.store, visit.principal, filtered, endpoint.id if endpoint else None
        )
    except ValidationError:
        problem = "Look for a phone number such as +12025550110, or for the id of a delivery, an "
        problem += "event, a message or a call."
    except (Invalid, Forbidden) as error:
        problem = error.detail
    return {
        "rows": [views.delivery_row(row) for row in rows[:PER_PAGE]],
        "next_cursor": rows[PER_PAGE - 1].id if len(rows) > PER_PAGE else None,
        "query": dict(visit.request.query_params),
        "here": f"{WEBHOOKS}/{endpoint.id}" if endpoint else _HERE,
        "shows_target": endpoint is None,
        "is_filtered": bool(wanted),
        "problem": problem,
        "statuses": [status.value for status in DeliveryStatus],
        "types": views.readable(visit.principal),
        "answers": ANSWERS,
        "spans": {key: title for key, (title, _) in SPANS.items()},
    }


def _fields(visit: Visit) -> dict[str, Any]:  # Any: the fields of DeliverySearch
    query = visit.guest.query
    asked: dict[str, Any] = {
        "status": query("status"),
        "event_type": query("event"),
        "response_status": query("answer"),
        **_meant(query("q")),
    }
    if query("within") in SPANS:
        _, hours = SPANS[query("within")]
        asked["since"] = to_datetime(visit.now - hours * HOUR_MS)
    return {name: value for name, value in asked.items() if value}


def _meant(text: str) -> Mapping[str, str]:
    """What somebody looks for: an id of some kind, or a number."""
    prefix, _, rest = text.strip().partition("_")
    if rest and prefix.isalpha():
        return {_ID_FIELDS.get(prefix, "resource_id"): text.strip()}
    return {"number": text.strip()}


async def show_delivery(visit: Visit) -> Response:
    """Every attempt, newest first, with what the receiver answered."""
    row, attempts = await get_delivery(visit.store, visit.principal, visit.guest.path("id"))
    shown = [views.stored_attempt(attempt) for attempt in attempts]
    return await visit.dialog(
        "webhooks/delivery.html",
        "Delivery",
        delivery=views.delivery_row(row),
        attempts=sorted(shown, key=lambda attempt: -attempt.number),
        back=f"{WEBHOOKS}/{row.endpoint_id}" if row.endpoint_id else WEBHOOKS,
        may_write=visit.may(Scope.WEBHOOKS_WRITE),
    )


async def send_again(visit: Visit) -> Response:
    """Make it due at once."""
    delivery_id = visit.guest.path("id")
    await visit.commit(lambda tx: resend(tx, visit.store, visit.principal, delivery_id))
    return visit.stay("Sending it again", f"/deliveries/{delivery_id}")


async def show_test(visit: Visit) -> Response:
    kinds = views.readable(visit.principal)
    wanted = visit.guest.query("event_type")
    chosen = wanted if wanted in kinds else next(iter(kinds), "")
    return await _test_form(visit, chosen, None)


async def test(visit: Visit) -> Response:
    """Send an example now, and show the attempt."""
    chosen = visit.typed.text("event_type")
    kind = EventType(chosen) if chosen in set(EventType) else EventType.MESSAGE_SENT
    typed = visit.typed.raw("data")
    try:
        data = _read_data(typed)
        _, attempt = await send_test(
            visit.console.webhooks, visit.store, visit.principal, visit.guest.path("id"), kind,
            None if data == EXAMPLES[kind] else data,
        )  # fmt: skip
    except Unavailable as error:
        return await _test_form(visit, kind, None, data=typed, error=error.detail)
    except Invalid as error:
        errors = refusal_of(error, ("data",)).fields
        return await _test_form(visit, kind, None, data=typed, errors=errors)
    return await _test_form(visit, kind, views.made_attempt(attempt), data=typed)


def _read_data(text: str) -> dict[str, Any] | None:  # Any: JSON
    """What was typed as the event's data; None: the example. Raises Invalid."""
    if not text.strip():
        return None
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise Invalid.at("/data", "malformed_json", f"This is no JSON object: {error}.") from error


async def _test_form(
    visit: Visit,
    chosen: str,
    attempt: views.AttemptView | None,
    *,
    data: str = "",
    error: str = "",
    errors: Mapping[str, str] | None = None,
) -> Response:
    endpoint = await get_endpoint(visit.store, visit.principal, visit.guest.path("id"))
    response = await visit.dialog(
        "webhooks/test.html",
        "Send test event",
        status_code=422 if errors else 200,
        data=data or _example(chosen),
        errors=errors or {},
        webhook=views.webhook_view(endpoint, visit.now),
        types=views.readable(visit.principal),
        chosen=chosen,
        attempt=attempt,
        error=error,
    )
    if attempt is not None:
        response.headers["HX-Trigger"] = "refresh"
    return response


def _example(chosen: str) -> str:
    kinds = [kind for kind in EventType if kind == chosen]
    if not kinds:
        return ""
    return msgspec.json.format(msgspec.json.encode(EXAMPLES[kinds[0]]), indent=2).decode()


_READ, _WRITE = Scope.WEBHOOKS_READ, Scope.WEBHOOKS_WRITE
PAGES = (
    Page("GET", _HERE, show_deliveries, _READ),
    Page("GET", "/deliveries/{id}", show_delivery, _READ),
    Page("POST", "/deliveries/{id}/resend", send_again, _WRITE),
    Page("GET", f"{WEBHOOKS}/{{id}}/test", show_test, _WRITE),
    Page("POST", f"{WEBHOOKS}/{{id}}/test", test, _WRITE),
)
