"""The request log: the list with its live tail, and one request."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address

from pydantic import ValidationError
from starlette.responses import Response

from hookline.clock import DAY_MS, to_datetime
from hookline.console import store as sql
from hookline.console.pages.credential_shown import sample_sender
from hookline.console.routing import Page
from hookline.console.views.requests import request_row, request_view
from hookline.console.views.samples import send_curl
from hookline.console.visit import Values, Visit
from hookline.credentials.usage_store import skipped_on
from hookline.ids import is_id
from hookline.principal import Scope
from hookline.requests.model import LoggedRequest
from hookline.requests.reading import get_request, list_requests
from hookline.requests.schemas import RequestFilter

PER_PAGE = 50
STATUSES = ("2xx", "4xx", "5xx", "400", "401", "403", "404", "409", "422", "429")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SPANS = {"1h": ("Last hour", 1), "24h": ("Last 24 hours", 24), "7d": ("Last 7 days", 168)}
_WHOLE = ("credential", "token", "ip", "request_id", "path", "status", "method")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address of the page asks for."""

    filter: RequestFilter | None
    """None: it asks for something that cannot be."""
    is_any: bool
    """Whether it lets all of the mode pass."""


async def show_requests(visit: Visit) -> Response:
    """A page of the log, newest first; the first page is live."""
    wanted = read_filter(visit)
    found, has_more = (
        await list_requests(visit.store, visit.principal, wanted.filter)
        if wanted.filter is not None
        else ([], False)
    )
    names = await descriptions(visit, found)
    today = visit.now // DAY_MS
    skipped = await visit.store.read(skipped_on(visit.principal.account_id, today))
    return await visit.page(
        "requests/list.html",
        active="requests",
        rows=[request_row(one, names) for one in found],
        query=dict(visit.request.query_params),
        next_cursor=found[-1].id if has_more else None,
        is_filtered=not wanted.is_any,
        is_refused=wanted.filter is None,
        credential=await _credential(visit),
        skipped=skipped[0][0],
        days=visit.store.settings.request_log_days,
        statuses=STATUSES,
        methods=METHODS,
        spans={key: title for key, (title, _) in SPANS.items()},
        curl=send_curl(visit.guest.origin, await sample_sender(visit)),
    )


async def show_request(visit: Visit) -> Response:
    """One request: what came, what was answered, what it made, and how to repeat it."""
    found = await get_request(visit.store, visit.principal, visit.guest.path("id"))
    names = await descriptions(visit, [found])
    return await visit.page(
        "requests/detail.html",
        active="requests",
        request=request_view(found, names, visit.guest.origin),
        may_read_credentials=visit.may(Scope.CREDENTIALS_READ),
    )


def read_filter(visit: Visit) -> Wanted:
    """The filter in the address. One field takes a path, an address or an id."""
    query = {name: visit.guest.query(name) for name in _WHOLE}
    asked = {name: value for name, value in query.items() if value}
    asked |= _meant(visit.guest.query("q"))
    asked |= _since(visit)
    narrowed: dict[str, Values] = dict(asked)
    if "credential" not in asked:  # whose mode it may be
        narrowed["mode"] = visit.principal.mode
    cursor = visit.guest.query("cursor") or None
    try:
        made = RequestFilter(limit=PER_PAGE, cursor=cursor, **narrowed)
    except ValidationError:
        return Wanted(None, is_any=False)
    return Wanted(made, is_any=not asked)


async def descriptions(visit: Visit, found: Iterable[LoggedRequest]) -> dict[str, str]:
    """What the credentials of these requests are called, by id."""
    ids = {one.credential_id for one in found}
    if not ids or not visit.may(Scope.CREDENTIALS_READ):
        return {}
    rows = await visit.store.read(sql.descriptions_of(visit.principal, ids))
    return {row.id: row.description for row in rows}


async def _credential(visit: Visit) -> dict[str, str] | None:
    """The credential that the list is narrowed to."""
    known = visit.guest.query("credential")[:64]
    if not is_id("crd", known):
        return None
    rows = await visit.store.read(sql.descriptions_of(visit.principal, [known]))
    return {"id": known, "description": rows[0].description if rows else known}


def _meant(text: str) -> dict[str, Values]:
    """What a text in the search field stands for."""
    text = text[:200]
    if not text:
        return {}
    for name, prefix in (("request_id", "req"), ("credential", "crd")):
        if is_id(prefix, text):
            return {name: text}
    try:
        return {"ip": str(ip_address(text))}
    except ValueError:
        return {"path": text if text.startswith("/") else f"/{text}"}


def _since(visit: Visit) -> dict[str, Values]:
    span = SPANS.get(visit.guest.query("within"))
    if span is None:
        return {}
    since = to_datetime(visit.now) - timedelta(hours=span[1])
    return {"since": since.isoformat()}


_READ = Scope.REQUESTS_READ
PAGES = (
    Page("GET", "/requests", show_requests, _READ),
    Page("GET", "/requests/{id}", show_request, _READ),
)
