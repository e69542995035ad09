"""The dialog that places a call: between two people, or one that says a text."""

from dataclasses import dataclass

from pydantic import ValidationError
from starlette.responses import Response

from hookline.calls.schemas import CallCreate
from hookline.carriers.registration import invalid
from hookline.console import store as sql
from hookline.console.forms import NOTHING_WRONG, Form, Refusal
from hookline.console.navigation import CALLS
from hookline.console.routing import Page
from hookline.console.visit import Visit
from hookline.errors import Conflict, Forbidden, HooklineError, Invalid
from hookline.principal import Scope

AGENT, SAY = "agent", "say"
LAYOUTS = {"none": "Not recorded", "mono": "Mono", "dual": "Dual channel"}
_REFUSED = (Invalid, Conflict, Forbidden)
_FIELDS = ("to", "from", "agent", "text", "record")


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form holds."""

    to: str
    sender: str
    way: str
    agent: str
    text: str
    record: str


async def show_form(visit: Visit) -> Response:
    query = visit.guest.query
    way = AGENT if query("agent") else SAY
    typed = Typed(query("to"), query("from"), way, query("agent"), "", "none")
    return await _form(visit, typed, NOTHING_WRONG)


async def place(visit: Visit) -> Response:
    """Place a call, and show what becomes of it."""
    typed = _typed(visit.typed)
    wrong = check_typed(typed)
    if wrong.fields:
        return await _form(visit, typed, wrong, status_code=422)
    placement = visit.console.calls.placement
    try:
        prepared = await placement.prepare(visit.principal, wanted(typed))
        call = await visit.commit(lambda tx: placement.accept(tx, prepared))
    except _REFUSED as error:
        return await _form(visit, typed, refusal(error), status_code=422)
    return visit.go(f"{CALLS}/{call.id}", "Call placed")


def wanted(typed: Typed) -> CallCreate:
    """The body that the API would get. Raises Invalid."""
    body: dict[str, object] = {"to": typed.to, "from": typed.sender, "record": typed.record}
    if typed.way == AGENT:
        body["agent"] = typed.agent
    else:
        body["actions"] = [{"say": {"text": typed.text}}]
    try:
        return CallCreate.model_validate(body)
    except ValidationError as error:
        raise invalid(error) from error


def check_typed(typed: Typed) -> Refusal:
    """What is missing, in words; the room judges the rest."""
    is_agent = typed.way == AGENT
    missing = {
        "to": "Say whom to call." if not typed.to else "",
        "from": "Choose a number to call from." if not typed.sender else "",
        "agent": "Say whose phone rings first." if is_agent and not typed.agent else "",
        "text": "Write what is to be said." if not is_agent and not typed.text else "",
    }
    return Refusal({name: text for name, text in missing.items() if text}, "")


def refusal(error: HooklineError) -> Refusal:
    """By field; what is said is an action further down in the body."""
    fields: dict[str, str] = {}
    for part in error.errors:
        first = part.pointer.strip("/").partition("/")[0]
        name = "text" if first == "actions" else first
        if name in _FIELDS:
            fields.setdefault(name, _sentence(part.detail))
    return Refusal(fields, "" if fields else error.detail)


def _sentence(text: str) -> str:
    told = text.removeprefix("Value error, ")
    return f"{told[:1].upper()}{told[1:].rstrip('.')}."


def _typed(form: Form) -> Typed:
    return Typed(
        to=form.text("to")[:255],
        sender=form.text("from")[:32],
        way=AGENT if form.text("way") == AGENT else SAY,
        agent=form.text("agent")[:255],
        text=form.text("text"),
        record=form.text("record") if form.text("record") in LAYOUTS else "none",
    )


async def _form(visit: Visit, typed: Typed, wrong: Refusal, *, status_code: int = 200) -> Response:
    principal = visit.principal
    rows = await visit.store.read(sql.callers(principal.account_id, principal.mode))
    return await visit.dialog(
        "calls/place.html",
        "Place a call",
        status_code=status_code,
        values=typed,
        errors=wrong.fields,
        error=wrong.whole,
        callers=[str(row.number) for row in rows],
        phones=await visit.console.phones.list_phones(principal.account_id),
        layouts=LAYOUTS,
    )


_CREATE = Scope.CALLS_CREATE
PAGES = (
    Page("GET", f"{CALLS}/new", show_form, _CREATE),
    Page("POST", CALLS, place, _CREATE),
)
