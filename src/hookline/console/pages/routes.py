"""Routes: which carrier takes which messages, and trying it without sending anything."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from hookline.carriers.reading import all_carriers
from hookline.carriers.registration import invalid
from hookline.console.forms import NOTHING_WRONG, Form, Refusal, refusal_of
from hookline.console.navigation import ROUTES
from hookline.console.routing import Page
from hookline.console.views.carrier_form import Option
from hookline.console.views.carriers import carries_messages
from hookline.console.views.routes import CAUSES, PreviewView, preview_view, route_view
from hookline.console.visit import Visit
from hookline.errors import Conflict, Forbidden, HooklineError, Invalid
from hookline.numbers import store as number_sql
from hookline.principal import Scope
from hookline.routing.book import load
from hookline.routing.model import FailoverCause, Route
from hookline.routing.preview import preview_route
from hookline.routing.registration import (
    RouteChange,
    add_route,
    change_route,
    find_route,
    remove_route,
)
from hookline.routing.schemas import (
    CARRIER_DOWN_AFTER_S,
    FAILOVER_ON,
    NO_RECEIPT_AFTER_S,
    RouteCreate,
    RoutePatch,
)

Shape = TypeVar("Shape", RouteCreate, RoutePatch)
_LISTS = ("countries", "prefixes", "senders", "tags")
_NUMBERS = ("position", "carrier_down_after_seconds", "no_receipt_after_seconds")
_FIELDS = ("name", *_LISTS, "carriers", "failover_on", *_NUMBERS)
_REFUSED = (Invalid, Conflict, Forbidden)


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form of a route holds, as texts."""

    name: str
    texts: Mapping[str, str]
    """Lists with commas, and numbers."""
    chosen: Mapping[str, tuple[str, str]]
    """Priority and weight by carrier."""
    failover_on: Sequence[str]


async def show_routes(visit: Visit) -> Response:
    """Every route in its order, with how its carriers are."""
    found = await load(visit.store, visit.principal.account_id)
    names = await _names(visit)
    known = await visit.console.router.health.all()
    return await visit.page(
        "routes/list.html",
        active="routes",
        rows=[route_view(route, names, known) for route in found],
        may_write=visit.may(Scope.CARRIERS_WRITE),
        curl=_create_curl(visit.guest.origin),
    )


async def show_route(visit: Visit) -> Response:
    """Where the route is on the page. Raises RouteNotFound."""
    found = find_route(await load(visit.store, visit.principal.account_id), visit.guest.path("id"))
    return RedirectResponse(f"{ROUTES}#{found.id}", 303)


async def show_add(visit: Visit) -> Response:
    texts = dict.fromkeys((*_LISTS, "position"), "")
    texts |= {
        "carrier_down_after_seconds": str(CARRIER_DOWN_AFTER_S),
        "no_receipt_after_seconds": str(NO_RECEIPT_AFTER_S),
    }
    return await _form(visit, Typed("", texts, {}, [*FAILOVER_ON]), NOTHING_WRONG)


async def add(visit: Visit) -> Response:
    """Add a route at its place."""
    typed = _typed(visit.typed)
    try:
        body = _checked(RouteCreate, _body(typed))
        new, wanted = body.new_route()
        await visit.commit(lambda tx: add_route(tx, visit.store, visit.principal, new, wanted))
    except _REFUSED as error:
        return await _form(visit, typed, _refusal(error), status_code=422)
    return visit.stay("Route added", ROUTES)


async def show_edit(visit: Visit) -> Response:
    route = await _route(visit)
    return await _form(visit, _of_route(route), NOTHING_WRONG, route_id=route.id)


async def edit(visit: Visit) -> Response:
    """Change a route."""
    route = await _route(visit)
    typed = _typed(visit.typed)
    try:
        change = _checked(RoutePatch, _body(typed)).change()
        await visit.commit(lambda tx: change_route(tx, visit.principal, route.id, change))
    except _REFUSED as error:
        return await _form(visit, typed, _refusal(error), route_id=route.id, status_code=422)
    return visit.stay("Route saved", ROUTES)


async def disable(visit: Visit) -> Response:
    return await _set_disabled(visit, disabled=True)


async def enable(visit: Visit) -> Response:
    return await _set_disabled(visit, disabled=False)


async def show_remove(visit: Visit) -> Response:
    route = await _route(visit)
    return await visit.dialog(
        "carriers/confirm.html",
        "Remove this route?",
        action=f"{ROUTES}/{route.id}/remove",
        title="Remove this route?",
        subject=route.name,
        text="New messages are not asked about it any more. What took it stays with its carrier.",
        back=ROUTES,
        error="",
    )


async def remove(visit: Visit) -> Response:
    route_id = visit.guest.path("id")
    await visit.commit(lambda tx: remove_route(tx, visit.principal, route_id))
    return visit.stay("Route removed", ROUTES)


async def show_try(visit: Visit) -> Response:
    return await _try_form(visit, "", "", "", NOTHING_WRONG)


async def try_route(visit: Visit) -> Response:
    """Say which carrier would take a message, and why."""
    form = visit.typed
    sender, to, tags = form.text("from"), form.text("to"), form.text("tags")
    try:
        preview = await preview_route(
            visit.store,
            visit.console.router,
            visit.console.submission.books.numbers,
            visit.principal,
            sender=sender,
            recipient=to,
            tags=_split(tags),
        )
    except Invalid as error:
        refusal = refusal_of(error, ("from", "to"))
        return await _try_form(visit, sender, to, tags, refusal, status_code=422)
    known = await visit.console.router.health.all()
    result = preview_view(preview.found, preview.carrier_name, await _names(visit), known)
    return await _try_form(visit, sender, to, tags, NOTHING_WRONG, result=result)


async def _set_disabled(visit: Visit, *, disabled: bool) -> Response:
    route_id = visit.guest.path("id")
    change = RouteChange(disabled=disabled)
    await visit.commit(lambda tx: change_route(tx, visit.principal, route_id, change))
    return visit.stay("Route disabled" if disabled else "Route enabled", ROUTES)


async def _route(visit: Visit) -> Route:
    found = await load(visit.store, visit.principal.account_id)
    return find_route(found, visit.guest.path("id"))


async def _names(visit: Visit) -> dict[str, str]:
    """The carriers that messages can go by, likely ones first."""
    kinds = visit.console.carriers.kinds
    return {
        one.row.id: one.row.name
        for one in await all_carriers(visit.store, visit.principal)
        if carries_messages(one.row.kind, kinds)
    }


def _typed(form: Form) -> Typed:
    chosen = {
        carrier: (form.text(f"priority-{carrier}"), form.text(f"weight-{carrier}"))
        for carrier in form.texts("carriers")
    }
    texts = {name: form.text(name) for name in (*_LISTS, *_NUMBERS)}
    return Typed(form.text("name"), texts, chosen, form.texts("failover_on"))


def _of_route(route: Route) -> Typed:
    texts = {
        "countries": ", ".join(sorted(route.match.countries)),
        "prefixes": ", ".join(route.match.prefixes),
        "senders": ", ".join(sorted(route.match.senders)),
        "tags": ", ".join(sorted(route.match.tags)),
        "position": str(route.position),
        "carrier_down_after_seconds": str(route.carrier_down_after_s),
        "no_receipt_after_seconds": str(route.no_receipt_after_s),
    }
    chosen = {str(one.carrier_id): (str(one.priority), str(one.weight)) for one in route.targets}
    return Typed(route.name, texts, chosen, sorted(route.failover_on))


def _body(typed: Typed) -> dict[str, object]:
    """As the API takes it; an empty number stands for its default."""
    carriers = [
        {
            "carrier": carrier,
            **{
                name: text
                for name, text in zip(("priority", "weight"), numbers, strict=True)
                if text
            },
        }
        for carrier, numbers in typed.chosen.items()
    ]
    return {
        "name": typed.name,
        "match": {name: _split(typed.texts[name]) for name in _LISTS},
        "carriers": carriers,
        "failover_on": list(typed.failover_on),
        **{name: typed.texts[name] for name in _NUMBERS if typed.texts[name]},
    }


def _split(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[,;\n]", text) if part.strip()]


def _checked(model: type[Shape], body: Mapping[str, object]) -> Shape:
    """Texts of controls count as what they say. Raises Invalid."""
    try:
        return model.model_validate(body, strict=False)
    except ValidationError as error:
        raise invalid(error) from error


def _refusal(error: HooklineError) -> Refusal:
    """By field: conditions are one step further down than in the form."""
    fields: dict[str, str] = {}
    for part in error.errors:
        steps = part.pointer.strip("/").split("/")
        name = steps[1] if steps[0] == "match" and len(steps) > 1 else steps[0]
        if name in _FIELDS:
            fields.setdefault(name, _sentence(part.detail))
    if error.code == "route_name_taken":
        fields["name"] = error.detail
    if "carriers" in fields and any(part.code == "too_short" for part in error.errors):
        fields["carriers"] = "Choose a carrier."
    return Refusal(fields, "" if fields else error.detail)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


async def _form(
    visit: Visit, typed: Typed, refusal: Refusal, *, route_id: str = "", status_code: int = 200
) -> Response:
    names = await _names(visit)
    return await visit.dialog(
        "routes/form.html",
        "Edit route" if route_id else "Add route",
        status_code=status_code,
        action=f"{ROUTES}/{route_id}/edit" if route_id else ROUTES,
        is_edit=bool(route_id),
        values=typed,
        carriers=[Option(carrier_id, name) for carrier_id, name in names.items()],
        causes=[(cause.value, *CAUSES[cause]) for cause in FailoverCause],
        errors=refusal.fields,
        error=refusal.whole,
    )


async def _try_form(
    visit: Visit,
    sender: str,
    to: str,
    tags: str,
    refusal: Refusal,
    *,
    result: PreviewView | None = None,
    status_code: int = 200,
) -> Response:
    rows = await visit.store.read(number_sql.of_account(visit.principal.account_id).limit(100))
    return await visit.dialog(
        "routes/try.html",
        "Try a route",
        status_code=status_code,
        action=f"{ROUTES}/try",
        senders=[row.number for row in rows],
        sender=sender,
        to=to,
        tags=tags,
        result=result,
        errors=refusal.fields,
        error=refusal.whole,
    )


def _create_curl(origin: str) -> str:
    return (
        f"curl {origin}/v1/routes \\\n"
        '  -H "Authorization: Bearer $HOOKLINE_TOKEN" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        '  -d \'{"name": "United Kingdom", "match": {"countries": ["GB"]},\n'
        '       "carriers": [{"carrier": "Acme"}, {"carrier": "Other", "priority": 2}]}\''
    )


_READ, _WRITE = Scope.CARRIERS_READ, Scope.CARRIERS_WRITE
_ONE = f"{ROUTES}/{{id}}"
PAGES = (
    Page("GET", ROUTES, show_routes, _READ),
    Page("GET", f"{ROUTES}/new", show_add, _WRITE),
    Page("POST", ROUTES, add, _WRITE),
    Page("GET", f"{ROUTES}/try", show_try, _READ),
    Page("POST", f"{ROUTES}/try", try_route, _READ),
    Page("GET", _ONE, show_route, _READ),
    Page("GET", f"{_ONE}/edit", show_edit, _WRITE),
    Page("POST", f"{_ONE}/edit", edit, _WRITE),
    Page("POST", f"{_ONE}/disable", disable, _WRITE),
    Page("POST", f"{_ONE}/enable", enable, _WRITE),
    Page("GET", f"{_ONE}/remove", show_remove, _WRITE),
    Page("POST", f"{_ONE}/remove", remove, _WRITE),
)
