"""Calls: the list, one call, hanging up."""

from dataclasses import dataclass

from starlette.responses import Response

from hookline.calls.control import hang_up as hang_up_call
from hookline.calls.model import Call, Recording, Status, call_of, recording_of
from hookline.calls.reading import find_call, legs_of
from hookline.console import store as sql
from hookline.console.navigation import CALLS
from hookline.console.routing import Page
from hookline.console.views.calls import call_row, call_view, recording_view
from hookline.console.views.samples import call_curl
from hookline.console.views.webhooks import delivery_row
from hookline.console.visit import Values, Visit
from hookline.numbers.e164 import InvalidNumber, parse_number
from hookline.numbers.parties import parse_party
from hookline.principal import Mode, Scope

PER_PAGE = 25


@dataclass(frozen=True, slots=True)
class Filter:
    """What the list is narrowed to; empty lets all pass."""

    status: str
    direction: str
    number: str
    problem: str = ""

    @property
    def is_any(self) -> bool:
        return bool(self.status or self.direction or self.number or self.problem)


async def list_calls(visit: Visit) -> Response:
    """A page of calls, newest first."""
    wanted = read_filter(visit)
    found = [] if wanted.problem else await _found(visit, wanted)
    shown = found[:PER_PAGE]
    recorded = {row[0] for row in await visit.store.read(sql.recorded([one.id for one in shown]))}
    return await visit.page(
        "calls/list.html",
        active="calls",
        rows=[call_row(call, recorded) for call in shown],
        next_cursor=shown[-1].id if len(found) > PER_PAGE else None,
        query=dict(visit.request.query_params),
        statuses=[status.value for status in Status],
        problem=wanted.problem,
        is_filtered=wanted.is_any,
        may_call=visit.may(Scope.CALLS_CREATE),
        **await _advice(visit, is_empty=not found),
    )


async def show_call(visit: Visit) -> Response:
    """One call, its legs, its timeline, its recordings, and which webhooks were told."""
    call = await find_call(visit.store, visit.principal, visit.guest.path("id"))
    may_hear = visit.may(Scope.RECORDINGS_READ)
    recordings = await _recordings(visit, call) if may_hear else []
    return await visit.page(
        "calls/detail.html",
        active="calls",
        call=call_view(call, await legs_of(visit.store, call)),
        recordings=[recording_view(one) for one in recordings],
        deliveries=await _deliveries(visit, call, recordings),
        may_call=visit.may(Scope.CALLS_CREATE),
        may_hear=may_hear,
        may_delete=visit.may(Scope.RECORDINGS_DELETE),
        may_read_webhooks=visit.may(Scope.WEBHOOKS_READ),
    )


async def hang_up(visit: Visit) -> Response:
    """End a live call, whatever it is doing."""
    call_id = visit.guest.path("id")
    await visit.commit(lambda tx: hang_up_call(tx, visit.store, visit.principal, call_id))
    return visit.stay("Hanging up", f"{CALLS}/{call_id}")


def read_filter(visit: Visit) -> Filter:
    """The filter in the address; what is unknown there counts as nothing."""
    status, direction = visit.guest.query("status"), visit.guest.query("direction")
    known = status if status in {item.value for item in Status} else ""
    way = direction if direction in {"outbound", "inbound"} else ""
    text = visit.guest.query("number")
    if not text:
        return Filter(known, way, "")
    try:
        return Filter(known, way, _party(text))
    except InvalidNumber as error:
        return Filter(known, way, "", error.detail)


def _party(text: str) -> str:
    """A number or a SIP URI. A plus sign that was not escaped arrives as a space."""
    if text.lower().startswith(("sip:", "sips:")):
        return parse_party(text)
    return parse_number(text if text.startswith("+") else f"+{text}")


async def _found(visit: Visit, wanted: Filter) -> list[Call]:
    statement = sql.calls_of(
        visit.principal,
        visit.guest.paging(PER_PAGE),
        status=wanted.status,
        direction=wanted.direction,
        number=wanted.number,
    )
    return [call_of(tuple(row)) for row in await visit.store.read(statement)]


async def _recordings(visit: Visit, call: Call) -> list[Recording]:
    rows = await visit.store.read(sql.recordings_of_call(visit.principal, call.id))
    return [recording_of(tuple(row)) for row in rows]


async def _deliveries(visit: Visit, call: Call, recordings: list[Recording]) -> list[Values]:
    if not visit.may(Scope.WEBHOOKS_READ):
        return []
    about = sql.deliveries_about(visit.principal, call.id, *(one.id for one in recordings))
    return [delivery_row(row) for row in await visit.store.read(about)]


async def _advice(visit: Visit, *, is_empty: bool) -> dict[str, Values]:
    """What the empty list says."""
    other = Mode.LIVE if visit.principal.mode is Mode.TEST else Mode.TEST
    account_id = visit.principal.account_id
    elsewhere = is_empty and (await visit.store.read(sql.has_calls(account_id, other)))[0][0]
    phones = await visit.console.phones.list_phones(account_id) if is_empty else []
    phone = phones[0].number if phones else "+12025550110"
    rows = await visit.store.read(sql.senders(account_id).limit(1)) if is_empty else []
    sender = str(rows[0].number) if rows else "+12025550100"
    curl = call_curl(visit.guest.origin, sender, phone)
    return {"elsewhere": bool(elsewhere), "phone": phone, "curl": curl}


PAGES = (
    Page("GET", CALLS, list_calls, Scope.CALLS_READ),
    Page("GET", f"{CALLS}/{{id}}", show_call, Scope.CALLS_READ),
    Page("POST", f"{CALLS}/{{id}}/hangup", hang_up, Scope.CALLS_CREATE),
)
