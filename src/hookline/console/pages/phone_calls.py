"""What the person at a virtual phone does with calls. What becomes of it comes by the live stream."""

from starlette.responses import FileResponse, Response

from hookline.calls.phone_control import PhoneControl
from hookline.calls.phone_reading import find_sound
from hookline.calls.recording_routes import AUDIO
from hookline.calls.schemas import PhoneAction
from hookline.console.navigation import PHONE
from hookline.console.routing import Page
from hookline.console.visit import Visit
from hookline.errors import Invalid
from hookline.numbers.call_actions import Say
from hookline.principal import Principal, Scope
from hookline.voice.port import DIGITS

SAID_MAX = 300


async def call(visit: Visit) -> Response:
    """Call one of the account's numbers."""
    await _phones(visit).call(visit.principal, _number(visit), to=visit.typed.text("to"))
    return _done(visit)


async def answer(visit: Visit) -> Response:
    await _phones(visit).answer(*_where(visit))
    return _done(visit)


async def decline(visit: Visit) -> Response:
    await _phones(visit).decline(*_where(visit))
    return _done(visit)


async def hang_up(visit: Visit) -> Response:
    await _phones(visit).hang_up(*_where(visit))
    return _done(visit)


async def press(visit: Visit) -> Response:
    """Press one key."""
    digit = visit.typed.text("digit")
    if len(digit) != 1 or digit not in DIGITS:
        raise Invalid.at("/digit", "invalid_digit", "Press one key of the keypad.")
    await _phones(visit).act(*_where(visit), PhoneAction(send_digits=digit))
    return _done(visit)


async def say(visit: Visit) -> Response:
    """Say something into the phone."""
    text = visit.typed.text("text")
    if not 1 <= len(text) <= SAID_MAX:
        raise Invalid.at("/text", "invalid_text", f"Say 1 to {SAID_MAX} characters.")
    await _phones(visit).act(*_where(visit), PhoneAction(say=Say(text=text)))
    return _done(visit)


async def play_sound(visit: Visit) -> Response:
    """A file that came out of the phone's speaker. Raises NotFound."""
    _, number, leg_id = _where(visit)
    account_id, name = visit.principal.account_id, visit.guest.path("name")
    path = await find_sound(visit.store, account_id, number, leg_id, name)
    return FileResponse(path, media_type=AUDIO, headers={"Cache-Control": "private, no-cache"})


def _phones(visit: Visit) -> PhoneControl:
    return visit.console.calls.phone_control


def _number(visit: Visit) -> str:
    return f"+{visit.guest.path('digits')}"


def _where(visit: Visit) -> tuple[Principal, str, str]:
    return visit.principal, _number(visit), visit.guest.path("leg")


def _done(visit: Visit) -> Response:
    return Response(status_code=204) if visit.guest.is_htmx else visit.go(PHONE)


_READ, _ACT = Scope.CALLS_READ, Scope.CALLS_CREATE
_PHONE = f"{PHONE}/{{digits}}"
_LEG = f"{_PHONE}/calls/{{leg}}"
PAGES = (
    Page("POST", f"{_PHONE}/call", call, _ACT),
    Page("POST", f"{_LEG}/answer", answer, _ACT),
    Page("POST", f"{_LEG}/decline", decline, _ACT),
    Page("POST", f"{_LEG}/hangup", hang_up, _ACT),
    Page("POST", f"{_LEG}/press", press, _ACT),
    Page("POST", f"{_LEG}/say", say, _ACT),
    Page("GET", f"{_LEG}/sounds/{{name}}", play_sound, _READ),
)
