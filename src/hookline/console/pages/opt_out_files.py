"""Opt-outs as files: importing with a look at the faults first, and exporting."""

import asyncio

from starlette.responses import Response

from hookline.console.navigation import OPT_OUTS
from hookline.console.pages.opt_outs import place
from hookline.console.routing import Page
from hookline.console.visit import Values, Visit
from hookline.messages.opt_out_import import File, import_all, read_csv, senders_of
from hookline.messages.opt_out_routes import export_answer
from hookline.principal import Scope

_FAULTS_SHOWN = 50
_SHOWN = 5
LINES_MAX = 20_000
"""What fits into a form; the command line takes more."""


async def show_import(visit: Visit) -> Response:
    return await _page(visit, "", None)


async def check(visit: Visit) -> Response:
    """What the file says, before anything is stored."""
    text, read = await _read(visit)
    status = 422 if read.faults else 200
    return await _page(visit, text, read, status_code=status)


async def import_file(visit: Visit) -> Response:
    """Store what was looked at. Raises nothing for a fault: it is shown again."""
    text, read = await _read(visit)
    if read.faults:
        return await _page(visit, text, read, status_code=422)
    done = await import_all(visit.store, visit.principal, read.entries)
    note = f"{done.added:,} added, {done.present:,} on the list already"
    return visit.go(OPT_OUTS, note)


async def export(visit: Visit) -> Response:
    """All of the mode, as CSV."""
    return await export_answer(visit.store, visit.principal)


async def _read(visit: Visit) -> tuple[str, File]:
    text = visit.typed.raw("entries")
    senders = await senders_of(visit.store, visit.principal)
    read = await asyncio.to_thread(read_csv, text, senders, visit.store.now(), LINES_MAX)
    return text, read


async def _page(visit: Visit, text: str, read: File | None, status_code: int = 200) -> Response:
    shown: dict[str, Values] = {"is_read": read is not None}
    if read is not None:
        shown["faults"] = read.faults[:_FAULTS_SHOWN]
        shown["faults_more"] = max(0, len(read.faults) - _FAULTS_SHOWN)
        shown["count"] = len(read.entries)
        shown["first"] = read.entries[:_SHOWN]
    return await visit.page(
        "opt_outs/import.html",
        status_code=status_code,
        **place(),
        **shown,
        text=text,
        lines_max=LINES_MAX,
    )


_READ, _WRITE = Scope.OPT_OUTS_READ, Scope.OPT_OUTS_WRITE
PAGES = (
    Page("GET", f"{OPT_OUTS}/import", show_import, _WRITE),
    Page("POST", f"{OPT_OUTS}/import/check", check, _WRITE),
    Page("POST", f"{OPT_OUTS}/import", import_file, _WRITE),
    Page("GET", f"{OPT_OUTS}/export", export, _READ),
)
