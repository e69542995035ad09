"""One delivery with its attempts; sending it again; sending an example."""

from starlette.responses import Response

from hookline.console.navigation import WEBHOOKS
from hookline.console.routing import Page
from hookline.console.views import webhooks as views
from hookline.console.visit import Visit
from hookline.errors import Unavailable
from hookline.events.model import EventType
from hookline.principal import Scope
from hookline.webhooks.endpoints import get_endpoint
from hookline.webhooks.history import get_delivery, resend, send_test


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
    return await _test_form(visit, kinds[0] if kinds else "", None)


async def test(visit: Visit) -> Response:
    """Send an example now, and show the attempt."""
    chosen = visit.typed.text("event_type")
    kind = EventType(chosen) if chosen in set(EventType) else EventType.MESSAGE_SENT
    try:
        _, attempt = await send_test(
            visit.console.webhooks, visit.store, visit.principal, visit.guest.path("id"), kind
        )
    except Unavailable as error:
        return await _test_form(visit, kind, None, error=error.detail)
    return await _test_form(visit, kind, views.made_attempt(attempt))


async def _test_form(
    visit: Visit, chosen: str, attempt: views.AttemptView | None, *, error: str = ""
) -> Response:
    endpoint = await get_endpoint(visit.store, visit.principal, visit.guest.path("id"))
    response = await visit.dialog(
        "webhooks/test.html",
        "Send test event",
        webhook=views.webhook_view(endpoint, visit.now),
        types=views.readable(visit.principal),
        chosen=chosen,
        attempt=attempt,
        error=error,
    )
    if attempt is not None:
        response.headers["HX-Trigger"] = "refresh"
    return response


_READ, _WRITE = Scope.WEBHOOKS_READ, Scope.WEBHOOKS_WRITE
PAGES = (
    Page("GET", "/deliveries/{id}", show_delivery, _READ),
    Page("POST", "/deliveries/{id}/resend", send_again, _WRITE),
    Page("GET", f"{WEBHOOKS}/{{id}}/test", show_test, _WRITE),
    Page("POST", f"{WEBHOOKS}/{{id}}/test", test, _WRITE),
)
