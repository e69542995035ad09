"""Administration → Audit log."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

from pydantic import ValidationError
from starlette.responses import Response

from hookline.audit import runs
from hookline.audit.errors import VerificationRunning
from hookline.audit.export import begin_export
from hookline.audit.model import Entry, Verification
from hookline.audit.reading import get_entry, read_page
from hookline.audit.routes import export_answer
from hookline.audit.schemas import EntryPaging, ExportQuery
from hookline.console.navigation import AUDIT, page_about
from hookline.console.routing import Page
from hookline.console.views import audit as views
from hookline.console.visit import Visit
from hookline.errors import Invalid
from hookline.principal import Scope

PER_PAGE = 25
_TEXTS = ("q", "actor", "action", "resource", "ip")
_DATES = ("since", "until")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filter in the address, and why it cannot be used."""

    given: Mapping[str, str]
    fields: Mapping[str, object]
    problem: str = ""


async def list_entries(visit: Visit) -> Response:
    """A page of the audit log, newest first."""
    wanted = _read_filter(visit)
    entries: list[Entry] = []
    has_more, problem = False, wanted.problem
    if not problem:
        try:
            paging = EntryPaging.model_validate(
                {**wanted.fields, "limit": PER_PAGE, "cursor": visit.guest.query("cursor") or None}
            )
            entries, has_more = await read_page(visit.store, visit.principal, paging)
        except (ValidationError, Invalid):
            problem = "One of the values cannot be searched for."
    return await visit.page(
        "audit/list.html",
        active="audit",
        rows=[views.entry_row(entry) for entry in entries],
        next_cursor=entries[-1].id if has_more else None,
        query=dict(visit.request.query_params),
        given=wanted.given,
        has_details=any(wanted.given.get(name) for name in ("actor", "resource", "ip")),
        is_filtered=bool(wanted.given),
        export_query=urlencode(wanted.given),
        groups=views.GROUPS,
        problem=problem,
        chain=views.chain_view(await _latest(visit)),
        base=AUDIT,
    )


async def show_entry(visit: Visit) -> Response:
    """One act, with what has changed."""
    entry = await get_entry(visit.store, visit.principal, visit.guest.path("id"))
    return await visit.dialog(
        "audit/entry.html",
        entry.action,
        entry=entry,
        row=views.entry_row(entry),
        request_url=page_about(entry.request_id or "") if visit.may(Scope.REQUESTS_READ) else None,
        changes=views.changes(entry.before, entry.after),
        base=AUDIT,
    )


async def export(visit: Visit) -> Response:
    """The file of what the list is narrowed to."""
    wanted = _read_filter(visit)
    chosen = "csv" if visit.guest.query("format") == "csv" else "jsonl"
    if wanted.problem:
        raise Invalid(wanted.problem)
    try:
        query = ExportQuery.model_validate({**wanted.fields, "format": chosen})
    except ValidationError as error:
        raise Invalid("One of the values cannot be searched for.") from error
    return export_answer(await begin_export(visit.store, visit.principal, query), query)


async def verify(visit: Visit) -> Response:
    """Have the chain verified, beside everything else."""
    store = visit.store
    with suppress(VerificationRunning):  # which is then shown
        await visit.commit(lambda tx: runs.begin_verification(tx, store, visit.principal, None))
    return await show_chain(visit)


async def show_chain(visit: Visit) -> Response:
    """What is known of the chain; the page asks again while a verification runs."""
    if not visit.guest.is_htmx:
        return visit.go(AUDIT)
    return visit.fragment(
        "audit/chain.html", chain=views.chain_view(await _latest(visit)), base=AUDIT
    )


async def _latest(visit: Visit) -> Verification | None:
    return await runs.find_latest(visit.store, visit.principal)


def _read_filter(visit: Visit) -> Wanted:
    given = {name: visit.guest.query(name) for name in (*_TEXTS, *_DATES)}
    given = {name: text for name, text in given.items() if text}
    fields: dict[str, object] = {name: given[name] for name in _TEXTS if name in given}
    try:
        if "since" in given:
            fields["created[gte]"] = _midnight(given["since"])
        if "until" in given:
            fields["created[lt]"] = _midnight(given["until"], days=1)
    except ValueError:
        return Wanted(given, fields, "Write the days as 2026-01-31.")
    return Wanted(given, fields)


def _midnight(text: str, days: int = 0) -> str:
    """The beginning of the day in UTC, or of one after it. Raises ValueError."""
    day = date.fromisoformat(text) + timedelta(days=days)
    return datetime(day.year, day.month, day.day, tzinfo=UTC).isoformat()


_READ = Scope.AUDIT_READ
PAGES = (
    Page("GET", AUDIT, list_entries, _READ),
    Page("GET", f"{AUDIT}/export", export, _READ),
    Page("GET", f"{AUDIT}/chain", show_chain, _READ),
    Page("POST", f"{AUDIT}/verify", verify, _READ),
    Page("GET", f"{AUDIT}/{{id}}", show_entry, _READ),
)
