"""What the person at a virtual phone does with calls. What becomes of it comes by the live stream."""

import asyncio

from starlette.responses import FileResponse, Response

from hookline.calls.recording_routes import AUDIO
from hookline.console.navigation import PHONE
from hookline.console.routing import Page
from hookline.console.visit import Visit
from hookline.errors import Invalid
from hookline.principal import Scope
from hookline.voice.port import DIGITS


async def call(visit: Visit) -> Response:
    """Call one of the account's numbers."""
    number = f"+{visit.guest.path('digits')}"
    phones = await visit.console.phones.list_phones(visit.principal.account_id)
    if number not in {phone.number for phone in phones}:
        raise Invalid.at("/from", "unknown_phone", "There is no such virtual phone.")
    await visit.console.handsets.call(visit.principal, number, to=visit.typed.text("to"))
    return _done(visit)


async def answer(visit: Visit) -> Response:
    await visit.console.handsets.answer(visit.principal, visit.guest.path("leg"))
    return _done(visit)


async def decline(visit: Visit) -> Response:
    await visit.console.handsets.decline(visit.principal, visit.guest.path("leg"))
    return _done(visit)


async def hang_up(visit: Visit) -> Response:
    await visit.console.handsets.hang_up(visit.principal, visit.guest.path("leg"))
    return _done(visit)


async def press(visit: Visit) -> Response:
    """Press one key."""
    digit = visit.typed.text("digit")
    if len(digit) != 1 or digit not in DIGITS:
        raise Invalid.at("/digit", "invalid_digit", "Press one key of the keypad.")
    await visit.console.handsets.press(visit.principal, visit.guest.path("leg"), digit)
    return _done(visit)


async def play_sound(visit: Visit) -> Response:
    """A file that came out of the phone's speaker. Raises NotFound."""
    leg_id, name = visit.guest.path("leg"), visit.guest.path("name")
    handsets = visit.console.handsets
    path = await asyncio.to_thread(handsets.find_sound, visit.principal, leg_id, name)
    return FileResponse(path, media_type=AUDIO, headers={"Cache-Control": "private, no-cache"})


def _done(visit: Visit) -> Response:
    return Response(status_code=204) if visit.guest.is_htmx else visit.go(PHONE)


_READ, _ACT = Scope.CALLS_READ, Scope.CALLS_CREATE
_LEG = f"{PHONE}/calls/{{leg}}"
PAGES = (
    Page("POST", f"{PHONE}/{{digits}}/call", call, _ACT),
    Page("POST", f"{_LEG}/answer", answer, _ACT),
    Page("POST", f"{_LEG}/decline", decline, _ACT),
    Page("POST", f"{_LEG}/hangup", hang_up, _ACT),
    Page("POST", f"{_LEG}/press", press, _ACT),
    Page("GET", f"{_LEG}/sounds/{{name}}", play_sound, _READ),
)
