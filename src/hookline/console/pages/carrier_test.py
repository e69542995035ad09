"""Sending a test message over a carrier, and showing what becomes of it."""

from dataclasses import dataclass, replace

from starlette.responses import Response

from hookline.carriers.encoding import CHARACTERS_MAX
from hookline.carriers.reading import LinkedCarrier, get_carrier
from hookline.carriers.trial import Trial, TrialResult, try_carrier
from hookline.console.forms import NOTHING_WRONG, Refusal, refusal_of
from hookline.console.navigation import CARRIERS
from hookline.console.routing import Page
from hookline.console.views.links import link_badge
from hookline.console.views.messages import MessageView, message_view
from hookline.console.visit import Visit
from hookline.errors import Conflict, Forbidden, Invalid
from hookline.messages.reading import find_message
from hookline.numbers import store as number_sql
from hookline.principal import Mode, Scope
from hookline.storage.schema import numbers

_TEXT = "A test message from Hookline."
_FIELDS = ("to", "from", "text")
_REFUSED = (Invalid, Conflict, Forbidden)
_SENDERS_MAX = 100


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form holds."""

    to: str
    sender: str
    text: str


async def show_test(visit: Visit) -> Response:
    carrier = await _carrier(visit)
    return await _form(visit, carrier, Typed("", "", _TEXT), NOTHING_WRONG)


async def test(visit: Visit) -> Response:
    """Send the message and wait for at most ten seconds."""
    carrier = await _carrier(visit)
    typed = Typed(
        visit.typed.text("to")[:32],
        visit.typed.text("from")[:32],
        visit.typed.raw("text")[:CHARACTERS_MAX] or _TEXT,
    )
    if not typed.to:
        wrong = Refusal({"to": "Say whom to send it to."}, "")
        return await _form(visit, carrier, typed, wrong, status_code=422)
    trial = Trial(typed.to, typed.sender or None, typed.text)
    try:
        result = await try_carrier(
            visit.store, visit.principal, carrier.row.id, visit.console.trials.send, trial=trial
        )
    except _REFUSED as error:
        return await _form(visit, carrier, typed, refusal_of(error, _FIELDS), status_code=422)
    return await _form(visit, result.carrier, typed, NOTHING_WRONG, result=result)


async def _carrier(visit: Visit) -> LinkedCarrier:
    return await get_carrier(visit.store, visit.principal, visit.guest.path("id"))


async def _form(
    visit: Visit,
    carrier: LinkedCarrier,
    typed: Typed,
    refusal: Refusal,
    *,
    result: TrialResult | None = None,
    status_code: int = 200,
) -> Response:
    mine = number_sql.of_account(visit.principal.account_id)
    at_home = mine.where(numbers.c.carrier_id == carrier.row.id).order_by(numbers.c.id)
    rows = await visit.store.read(at_home.limit(_SENDERS_MAX))
    return await visit.dialog(
        "carriers/test.html",
        "Send test message",
        status_code=status_code,
        action=f"{CARRIERS}/{carrier.row.id}/test",
        name=carrier.row.name,
        link=link_badge(carrier.link.state),
        detail=carrier.link.detail or "",
        values=typed,
        errors=refusal.fields,
        error=refusal.whole,
        senders=[row.number for row in rows],
        result=result,
        message=await _message(visit, result),
        is_live=visit.principal.mode is Mode.LIVE,
    )


async def _message(visit: Visit, result: TrialResult | None) -> MessageView | None:
    """A message over a carrier is a live one, also for somebody who looks at test data."""
    if result is None or result.message is None:
        return None
    principal = replace(visit.principal, mode=Mode.LIVE)
    return message_view(await find_message(visit.store, principal, result.message.id))


PAGES = (
    Page("GET", f"{CARRIERS}/{{id}}/test", show_test, Scope.CARRIERS_WRITE),
    Page("POST", f"{CARRIERS}/{{id}}/test", test, Scope.CARRIERS_WRITE),
)
