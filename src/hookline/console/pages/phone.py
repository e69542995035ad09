"""The virtual phones, side by side, each as the person who holds it sees it."""

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.responses import Response

from hookline.calls.phone_reading import list_calls
from hookline.console import store as sql
from hookline.console.pages.phone_calls import SAID_MAX
from hookline.console.routing import Page
from hookline.console.views import handsets as views
from hookline.console.views.messages import Thread, bubbles, threads
from hookline.console.views.sandbox import special_recipients
from hookline.console.visit import Visit
from hookline.errors import Invalid
from hookline.numbers.virtual_phones import Phone
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
        said_max=SAID_MAX,
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
    """What is on the phone's line: its calls, and the one that has just ended."""
    if not visit.may(Scope.CALLS_READ):
        return {"screens": [], "past": None}
    principal = visit.principal
    found = await list_calls(
        visit.store, principal.account_id, phone.number, None, limit=_CALLS_MAX
    )
    return {
        "screens": views.screens(found, principal.mode),
        "past": views.last_ended(found, principal.mode, visit.now),
    }


PAGES = (
    Page("GET", "/phone", show_phones, Scope.MESSAGES_READ),
    Page("POST", "/phone/{digits}/send", send, Scope.MESSAGES_SEND),
)
