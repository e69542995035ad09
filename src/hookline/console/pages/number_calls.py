"""Calls of a number: which carrier they go by, and what becomes of those that come in."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import msgspec
from pydantic import ValidationError
from starlette.responses import Response

from hookline.carriers.reading import all_carriers
from hookline.carriers.registration import invalid
from hookline.console.forms import NOTHING_WRONG, Form, Refusal
from hookline.console.navigation import CARRIERS, NUMBERS
from hookline.console.routing import Page
from hookline.console.views.carrier_form import Option
from hookline.console.views.carriers import carries_calls
from hookline.console.visit import Visit
from hookline.errors import Conflict, Forbidden, HooklineError, Invalid
from hookline.numbers.inbound_voice import InboundVoice
from hookline.numbers.registration import (
    NumberRow,
    find_number,
    move_number,
    set_inbound_voice,
)
from hookline.principal import Scope
from hookline.storage.transaction import Transaction

NOTHING, AGENT, ACTIONS, ASK, VOICEMAIL = "nothing", "agent", "actions", "answer_url", "voicemail"
_SAMPLE = '[{"say": {"text": "Thank you for calling."}}]'
_NO_CARRIER = Option("", "None: it cannot call")
_REFUSED = (Invalid, Conflict, Forbidden)


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form holds."""

    voice_carrier: str
    way: str
    agent: str = ""
    actions: str = _SAMPLE
    answer_url: str = ""
    record: str = "none"
    ring_timeout_seconds: str = "30"
    voicemail: bool = False


async def show_form(visit: Visit) -> Response:
    row = await find_number(visit.store, visit.principal, visit.guest.path("id"))
    return await _form(visit, row, stored(row), NOTHING_WRONG)


async def save(visit: Visit) -> Response:
    """Say which carrier calls go by, and what becomes of those that come in."""
    row = await find_number(visit.store, visit.principal, visit.guest.path("id"))
    typed = _typed(visit.typed)
    try:
        inbound = wanted(typed)
        await visit.commit(lambda tx: _save(tx, visit, row.id, typed.voice_carrier, inbound))
    except _REFUSED as error:
        return await _form(visit, row, typed, refusal(error), status_code=422)
    return visit.stay("Calls of the number saved", f"{CARRIERS}#numbers")


async def _save(
    tx: Transaction, visit: Visit, number_id: str, carrier: str, inbound: InboundVoice | None
) -> None:
    await move_number(tx, visit.principal, number_id, voice_carrier=carrier or None)
    await set_inbound_voice(tx, visit.store, visit.principal, number_id, inbound)


def stored(row: NumberRow) -> Typed:
    """The form of what a number does now."""
    carrier = row.voice_carrier_id or ""
    if row.inbound_voice is None:
        return Typed(carrier, NOTHING)
    kept: Mapping[str, object] = msgspec.json.decode(row.inbound_voice)
    way = next((name for name in (AGENT, ACTIONS, ASK) if kept.get(name) is not None), VOICEMAIL)
    actions = kept.get(ACTIONS)
    return Typed(
        voice_carrier=carrier,
        way=way,
        agent=str(kept.get(AGENT) or ""),
        actions=_SAMPLE if actions is None else msgspec.json.encode(actions).decode(),
        answer_url=str(kept.get(ASK) or ""),
        record=str(kept.get("record", "none")),
        ring_timeout_seconds=str(kept.get("ring_timeout_seconds", 30)),
        voicemail=bool(kept.get("voicemail", False)),
    )


def wanted(typed: Typed) -> InboundVoice | None:
    """The body that the API would get; None: nothing becomes of calls. Raises Invalid."""
    if typed.way == NOTHING:
        return None
    body: dict[str, object] = {"record": typed.record}
    if typed.way == AGENT:
        body |= {AGENT: typed.agent, "voicemail": typed.voicemail}
        body["ring_timeout_seconds"] = _whole(typed.ring_timeout_seconds)
    elif typed.way == ACTIONS:
        body[ACTIONS] = _decoded(typed.actions)
    elif typed.way == ASK:
        body[ASK] = typed.answer_url
    else:
        body["voicemail"] = True
    try:
        return InboundVoice.model_validate(body)
    except ValidationError as error:
        raise invalid(error) from error


def refusal(error: HooklineError) -> Refusal:
    """By field; what is wrong inside of the actions is shown at them, with its place."""
    shown = {field.name for field in fields(Typed)}
    found: dict[str, str] = {}
    for part in error.errors:
        name, _, place = part.pointer.strip("/").removeprefix("inbound_voice/").partition("/")
        told = part.detail.removeprefix("Value error, ")
        if name in shown:
            found.setdefault(name, f"{place}: {told}" if place else told[:1].upper() + told[1:])
    return Refusal(found, "" if found else error.detail)


def _whole(text: str) -> object:
    return int(text) if text.isascii() and text.isdigit() else text


def _decoded(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise Invalid.at("/actions", "invalid_json", f"This is not JSON: {error}.") from error


def _typed(form: Form) -> Typed:
    return Typed(
        voice_carrier=form.text("voice_carrier")[:64],
        way=form.text("way"),
        agent=form.text("agent")[:255],
        actions=form.text("actions") or _SAMPLE,
        answer_url=form.text("answer_url"),
        record=form.text("record") or "none",
        ring_timeout_seconds=form.text("ring_timeout_seconds") or "30",
        voicemail=bool(form.text("voicemail")),
    )


async def _form(
    visit: Visit, row: NumberRow, typed: Typed, wrong: Refusal, *, status_code: int = 200
) -> Response:
    found = await all_carriers(visit.store, visit.principal)
    kinds = visit.console.carriers.kinds
    able = [one.row for one in found if carries_calls(one.row.kind, kinds)]
    choices = [_NO_CARRIER, *(Option(one.id, one.name) for one in able)]
    return await visit.dialog(
        "carriers/number_calls.html",
        "Calls of this number",
        status_code=status_code,
        action=f"{NUMBERS}/{row.id}/calls",
        number=row.number,
        values=typed,
        errors=wrong.fields,
        error=wrong.whole,
        carriers=choices,
        layouts={"none": "Not recorded", "mono": "Mono", "dual": "Dual channel"},
    )


_PATH = f"{NUMBERS}/{{id}}/calls"
PAGES = (
    Page("GET", _PATH, show_form, Scope.NUMBERS_WRITE),
    Page("POST", _PATH, save, Scope.NUMBERS_WRITE),
)
