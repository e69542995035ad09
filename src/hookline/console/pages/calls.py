"""Calls: the list, one call, hanging up."""

from starlette.responses import Response

from hookline.calls.control import hang_up as hang_up_call
from hookline.calls.model import Call, Recording, Status, call_of, recording_of
from hookline.calls.reading import find_call, legs_of
from hookline.console import store as sql
from hookline.console.navigation import CALLS
from hookline.console.routing import Page
from hookline.console.traffic import PER_PAGE, advice, read_filter, shown
from hookline.console.views.calls import call_row, call_view, recording_view
from hookline.console.views.samples import call_curl
from hookline.console.views.webhooks import delivery_row
from hookline.console.visit import Values, Visit
from hookline.principal import Scope
from hookline.storage.schema import calls


async def list_calls(visit: Visit) -> Response:
    """A page of calls, newest first."""
    wanted = read_filter(visit, Status)
    statement = sql.calls_of(
        visit.principal,
        visit.guest.paging(PER_PAGE),
        status=wanted.status,
        direction=wanted.direction,
        number=wanted.number,
    )
    rows = [] if wanted.problem else await visit.store.read(statement)
    found = [call_of(tuple(row)) for row in rows]
    here = found[:PER_PAGE]
    recorded = {row[0] for row in await visit.store.read(sql.recorded([one.id for one in here]))}
    return await visit.page(
        "calls/list.html",
        active="calls",
        rows=[call_row(call, recorded) for call in here],
        may_call=visit.may(Scope.CALLS_CREATE),
        **shown(visit, wanted, Status, [one.id for one in found]),
        **await advice(visit, calls, call_curl, is_empty=not found),
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


async def _recordings(visit: Visit, call: Call) -> list[Recording]:
    rows = await visit.store.read(sql.recordings_of_call(visit.principal, call.id))
    return [recording_of(tuple(row)) for row in rows]


async def _deliveries(visit: Visit, call: Call, recordings: list[Recording]) -> list[Values]:
    if not visit.may(Scope.WEBHOOKS_READ):
        return []
    about = sql.deliveries_about(visit.principal, call.id, *(one.id for one in recordings))
    return [delivery_row(row) for row in await visit.store.read(about)]


PAGES = (
    Page("GET", CALLS, list_calls, Scope.CALLS_READ),
    Page("GET", f"{CALLS}/{{id}}", show_call, Scope.CALLS_READ),
    Page("POST", f"{CALLS}/{{id}}/hangup", hang_up, Scope.CALLS_CREATE),
)
