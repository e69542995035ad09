"""Numbers: adding, moving to another carrier, removing. They are listed with the carriers."""

from dataclasses import dataclass

from starlette.responses import RedirectResponse, Response

from hookline.carriers.kinds import LOCAL_KIND
from hookline.carriers.reading import LinkedCarrier, all_carriers
from hookline.console.forms import NOTHING_WRONG, Refusal, refusal_of
from hookline.console.navigation import CARRIERS, NUMBERS
from hookline.console.routing import Page
from hookline.console.views.carrier_form import Option
from hookline.console.views.carriers import carries_messages
from hookline.console.visit import Visit
from hookline.errors import Conflict, Forbidden, Invalid
from hookline.numbers.registration import (
    NumberTaken,
    Registration,
    add_number,
    find_number,
    move_number,
    remove_number,
)
from hookline.principal import Scope

_FIELDS = ("number", "carrier")
_REFUSED = (Invalid, Conflict, Forbidden)


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form holds."""

    number: str
    carrier: str


async def to_numbers(_visit: Visit) -> Response:
    return RedirectResponse(f"{CARRIERS}#numbers", 303)


async def show_number(visit: Visit) -> Response:
    """Where the number is on the page. Raises NotFound."""
    row = await find_number(visit.store, visit.principal, visit.guest.path("id"))
    return RedirectResponse(f"{CARRIERS}#{row.id}", 303)


async def show_add(visit: Visit) -> Response:
    return await _form(visit, Typed("", visit.guest.query("carrier")), NOTHING_WRONG)


async def add(visit: Visit) -> Response:
    """Add a number, at home on the chosen carrier."""
    typed = Typed(visit.typed.text("number")[:64], visit.typed.text("carrier"))
    if not typed.number:
        return await _form(visit, typed, _missing("Type a number."), status_code=422)
    wanted = Registration(typed.number, typed.carrier)
    try:
        await visit.commit(lambda tx: add_number(tx, visit.store, visit.principal, wanted))
    except NumberTaken as error:
        return await _form(visit, typed, _missing(error.detail), status_code=422)
    except _REFUSED as error:
        return await _form(visit, typed, refusal_of(error, _FIELDS), status_code=422)
    return visit.stay("Number added", f"{CARRIERS}#numbers")


async def show_move(visit: Visit) -> Response:
    row = await find_number(visit.store, visit.principal, visit.guest.path("id"))
    typed = Typed(row.number, row.carrier_id)
    return await _form(visit, typed, NOTHING_WRONG, number_id=row.id)


async def move(visit: Visit) -> Response:
    """Give the number another home."""
    row = await find_number(visit.store, visit.principal, visit.guest.path("id"))
    typed = Typed(row.number, visit.typed.text("carrier"))
    try:
        await visit.commit(
            lambda tx: move_number(tx, visit.principal, row.id, carrier=typed.carrier)
        )
    except _REFUSED as error:
        refusal = refusal_of(error, _FIELDS)
        return await _form(visit, typed, refusal, number_id=row.id, status_code=422)
    return visit.stay("Number moved", f"{CARRIERS}#numbers")


async def show_remove(visit: Visit) -> Response:
    row = await find_number(visit.store, visit.principal, visit.guest.path("id"))
    return await visit.dialog(
        "carriers/confirm.html",
        "Remove this number?",
        action=f"{NUMBERS}/{row.id}/remove",
        title="Remove this number?",
        subject=row.number,
        text="Nothing can be sent from it any more, and what people send to it is not received. "
        "Its messages stay.",
        error="",
    )


async def remove(visit: Visit) -> Response:
    number_id = visit.guest.path("id")
    await visit.commit(lambda tx: remove_number(tx, visit.principal, number_id))
    return visit.stay("Number removed", f"{CARRIERS}#numbers")


async def _form(
    visit: Visit, typed: Typed, refusal: Refusal, *, number_id: str = "", status_code: int = 200
) -> Response:
    found = await all_carriers(visit.store, visit.principal)
    return await visit.dialog(
        "carriers/number.html",
        "Move number" if number_id else "Add number",
        status_code=status_code,
        action=f"{NUMBERS}/{number_id}/move" if number_id else NUMBERS,
        is_move=bool(number_id),
        values=typed,
        errors=refusal.fields,
        error=refusal.whole,
        carriers=[
            Option(one.row.id, one.row.name)
            for one in _likely_first(found)
            if carries_messages(one.row.kind, visit.console.carriers.kinds)
        ],
    )


def _likely_first(found: list[LinkedCarrier]) -> list[LinkedCarrier]:
    """The newest carrier on a network first; the sandbox and what is disabled last."""
    newest = list(reversed(found))
    return sorted(newest, key=lambda one: (bool(one.row.disabled), one.row.kind == LOCAL_KIND))


def _missing(text: str) -> Refusal:
    return Refusal({"number": text}, "")


_READ, _WRITE = Scope.NUMBERS_READ, Scope.NUMBERS_WRITE
_ONE = f"{NUMBERS}/{{id}}"
PAGES = (
    Page("GET", NUMBERS, to_numbers, _READ),
    Page("GET", f"{NUMBERS}/new", show_add, _WRITE),
    Page("POST", NUMBERS, add, _WRITE),
    Page("GET", _ONE, show_number, _READ),
    Page("GET", f"{_ONE}/move", show_move, _WRITE),
    Page("POST", f"{_ONE}/move", move, _WRITE),
    Page("GET", f"{_ONE}/remove", show_remove, _WRITE),
    Page("POST", f"{_ONE}/remove", remove, _WRITE),
)
