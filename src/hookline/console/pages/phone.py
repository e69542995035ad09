"""The virtual phones, side by side, each as the person who holds it sees it.

What rings is on this node's board alone; a phone's call on another node is named, with its node.
"""

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.responses import Response

from hookline.console import store as sql
from hookline.console.routing import Page
from hookline.console.views import handsets as views
from hookline.console.views.messages import Thread, bubbles, threads
from hookline.console.views.sandbox import special_recipients
from hookline.console.visit import Visit
from hookline.errors import Invalid
from hookline.messages.phones import Phone
from hookline.principal import Scope

_PHONES_MAX = 12
_CALLS_MAX = 20
_NUMBERS_MAX = 12
"""More than fit side by side help nobody; conversations that exist are always shown."""


async def show_phones(visit: Visit) -> Response:
    """Every phone with one conversation open; the address says which."""
    account_id = visit.principal.account_id
    rows = await visit.store.read(sql.senders(account_id))
    numbers = [str(row.number) for row in rows[:_NUMBERS_MAX]]
    phones = (await visit.console.phones.list_phones(account_id))[:_PHONES_MAX]
    return await visit.page(
        "phone/page.html",
        active="phone",
        may_send=visit.may(Scope.MESSAGES_SEND),
        may_call=visit.may(Scope.CALLS_CREATE),
        phones=[
            {**await _device(visit, phone, numbers), **await _line(visit, phone)}
            for phone in phones
        ],
        keypad=views.KEYPAD,
        special=special_recipients(),
    )


async def send(visit: Visit) -> Response:
    """Write as the person at the phone."""
    number, text = f"+{visit.guest.path('digits')}", visit.typed.text("text")
    if not text:
        raise Invalid.at("/text", "invalid_text", "Write something first.")
    await visit.console.phones.send(visit.principal, number, to=visit.typed.text("to"), text=text)
    if visit.guest.is_htmx:
        return Response(status_code=204)  # the live stream brings the bubble
    return visit.go("/phone")


async def _device(visit: Visit, phone: Phone, numbers: list[str]) -> Mapping[str, object]:
    digits = phone.number.removeprefix("+")
    messages = await visit.console.phones.thread(visit.principal.account_id, phone.number)
    found = threads(messages, numbers)
    wanted = f"+{visit.guest.query(digits).removeprefix('+')}"
    partner = wanted if wanted in found else next(iter(found), "")
    others = dict(visit.request.query_params)
    return {
        "digits": digits,
        "number": phone.number,
        "name": phone.name or phone.number,
        "partner": partner,
        "bubbles": bubbles(found.get(partner, [])),
        "threads": [
            Thread(
                number,
                len(of_number),
                number == partner,
                "?" + urlencode({**others, digits: number.removeprefix("+")}),
            )
            for number, of_number in found.items()
        ],
    }


async def _line(visit: Visit, phone: Phone) -> Mapping[str, object]:
    """What is on the phone's line: calls here, the one that has just ended, and calls elsewhere."""
    account_id, handsets = visit.principal.account_id, visit.console.handsets
    if not visit.may(Scope.CALLS_READ):
        return {"screens": [], "past": None, "elsewhere": []}
    calls = handsets.list_calls(account_id, phone.number)[:_CALLS_MAX]
    legs = [call.leg_id for call in calls]
    rows = await visit.store.read(sql.calls_of_legs(visit.principal, legs)) if legs else []
    call_ids = {row.id: row.call_id for row in rows}
    others = sql.phone_calls_elsewhere(account_id, [phone.number], handsets.node)
    return {
        "screens": views.screens(calls, call_ids),
        "past": views.last_ended(calls, call_ids, visit.now),
        "elsewhere": [views.elsewhere(row) for row in await visit.store.read(others)],
    }


PAGES = (
    Page("GET", "/phone", show_phones, Scope.MESSAGES_READ),
    Page("POST", "/phone/{digits}/send", send, Scope.MESSAGES_SEND),
)
