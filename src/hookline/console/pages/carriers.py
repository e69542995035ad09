"""Numbers and carriers: the page of both, and what can be done with a carrier."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from hookline.carriers.kinds import Kind, Kinds
from hookline.carriers.reading import all_carriers, get_carrier
from hookline.carriers.registration import (
    CarrierChange,
    add_carrier,
    change_carrier,
    invalid,
    remove_carrier,
)
from hookline.carriers.sections import NAMED
from hookline.console import store as sql
from hookline.console.forms import NOTHING_WRONG, Form, Refusal
from hookline.console.navigation import CARRIERS
from hookline.console.routing import Page
from hookline.console.views import carrier_form as form_views
from hookline.console.views import carriers as views
from hookline.console.visit import Visit
from hookline.errors import Conflict, Forbidden, HooklineError, Invalid
from hookline.numbers.pools import all_pools
from hookline.principal import Scope

NUMBERS_PER_PAGE = 25
_REFUSED = (Invalid, Conflict, Forbidden)


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form of a carrier holds."""

    name: str
    kind: str
    values: Mapping[str, str]


async def show_carriers(visit: Visit) -> Response:
    """Every carrier with its link, and the numbers with their homes."""
    paging = visit.guest.paging(NUMBERS_PER_PAGE)
    found = await all_carriers(visit.store, visit.principal)
    homes = await visit.store.read(sql.homes_of(visit.principal.account_id))
    kinds = visit.console.carriers.kinds
    may_see_numbers = visit.may(Scope.NUMBERS_READ)
    rows = (
        await visit.store.read(sql.numbers_of(visit.principal, paging)) if may_see_numbers else []
    )
    names = {one.row.id: one.row.name for one in found}
    counts = {row.carrier_id: row.counted for row in homes}
    return await visit.page(
        "carriers/list.html",
        active="carriers",
        carriers=[
            views.carrier_view(one, counts, kinds, visit.console.carriers.callbacks(one.row))
            for one in found
        ],
        pools=await all_pools(visit.store, visit.principal.account_id) if may_see_numbers else [],
        numbers=[views.number_view(row, names) for row in rows[:NUMBERS_PER_PAGE]],
        next_cursor=rows[NUMBERS_PER_PAGE - 1].id if len(rows) > NUMBERS_PER_PAGE else None,
        query=dict(visit.request.query_params),
        may_see_numbers=may_see_numbers,
        may_write=visit.may(Scope.CARRIERS_WRITE),
        may_write_numbers=visit.may(Scope.NUMBERS_WRITE),
        may_send=visit.may(Scope.MESSAGES_SEND) and visit.may(Scope.CARRIERS_WRITE),
    )


async def show_carrier(visit: Visit) -> Response:
    """Where the carrier is on the page. Raises CarrierNotFound."""
    found = await get_carrier(visit.store, visit.principal, visit.guest.path("id"))
    return RedirectResponse(f"{CARRIERS}#{found.row.id}", 303)


async def show_connect(visit: Visit) -> Response:
    kinds = visit.console.carriers.kinds
    kind = _known_kind(kinds, visit.guest.query("kind"))
    return await _form(visit, Typed("", kind, form_views.defaults_of(kinds[kind])), NOTHING_WRONG)


async def connect(visit: Visit) -> Response:
    """Add a carrier; a server connects at once."""
    shapes = visit.console.carriers
    kind = _known_kind(shapes.kinds, visit.typed.text("kind"))
    typed = _typed(visit.typed, kind, shapes.kinds)
    try:
        section = _settings(typed, shapes.kinds[kind], but_empty=(NAMED,))
        body = {"name": typed.name, "kind": kind, kind: section}
        wanted = shapes.new_carrier(_checked(shapes.create, body))
        await visit.commit(
            lambda tx: add_carrier(tx, visit.store, visit.console.box, visit.principal, wanted)
        )
    except _REFUSED as error:
        return await _form(visit, typed, _refusal(error, typed), status_code=422)
    return visit.stay("Carrier added: connecting", CARRIERS)


async def show_edit(visit: Visit) -> Response:
    row = (await get_carrier(visit.store, visit.principal, visit.guest.path("id"))).row
    kind = visit.console.carriers.kinds.get(row.kind)
    values = {} if kind is None else form_views.held_by(kind, row.settings)
    return await _form(visit, Typed(row.name, row.kind, values), NOTHING_WRONG, carrier_id=row.id)


async def edit(visit: Visit) -> Response:
    """Change a carrier; its link is opened anew with what it needs to know."""
    row = (await get_carrier(visit.store, visit.principal, visit.guest.path("id"))).row
    shapes = visit.console.carriers
    typed = _typed(visit.typed, row.kind, shapes.kinds)
    body: dict[str, object] = {"name": typed.name}
    try:
        if row.kind in shapes.kinds:
            kind = shapes.kinds[row.kind]
            body[row.kind] = _settings(typed, kind, but_empty=(*kind.all_secrets, NAMED))
        await _change(visit, row.id, shapes.carrier_change(_checked(shapes.patch, body)))
    except _REFUSED as error:
        refusal = _refusal(error, typed)
        return await _form(visit, typed, refusal, carrier_id=row.id, status_code=422)
    return visit.stay("Carrier saved", CARRIERS)


async def disable(visit: Visit) -> Response:
    await _change(visit, visit.guest.path("id"), CarrierChange(disabled=True))
    return visit.stay("Carrier disabled: its messages wait", CARRIERS)


async def enable(visit: Visit) -> Response:
    await _change(visit, visit.guest.path("id"), CarrierChange(disabled=False))
    return visit.stay("Carrier enabled: connecting", CARRIERS)


async def show_remove(visit: Visit) -> Response:
    return await _confirm(visit, "")


async def remove(visit: Visit) -> Response:
    """Remove a carrier, or say what is still on it."""
    carrier_id = visit.guest.path("id")
    try:
        await visit.commit(lambda tx: remove_carrier(tx, visit.principal, carrier_id))
    except Conflict as error:
        return await _confirm(visit, error.detail, status_code=422)
    return visit.stay("Carrier removed", CARRIERS)


async def _confirm(visit: Visit, error: str, *, status_code: int = 200) -> Response:
    row = (await get_carrier(visit.store, visit.principal, visit.guest.path("id"))).row
    return await visit.dialog(
        "carriers/confirm.html",
        "Remove this carrier?",
        status_code=status_code,
        action=f"{CARRIERS}/{row.id}/remove",
        title="Remove this carrier?",
        subject=row.name,
        text="Its link is closed. Messages that it has taken keep their status; receipts for them "
        "are not heard of any more.",
        error=error,
    )


async def _change(visit: Visit, carrier_id: str, change: CarrierChange) -> None:
    await visit.commit(
        lambda tx: change_carrier(tx, visit.console.box, visit.principal, carrier_id, change)
    )


async def _form(
    visit: Visit, typed: Typed, refusal: Refusal, *, carrier_id: str = "", status_code: int = 200
) -> Response:
    is_edit = bool(carrier_id)
    kinds = visit.console.carriers.kinds
    kind = kinds.get(typed.kind)
    fields = form_views.fields_of(kind, typed.values, is_edit=is_edit) if kind is not None else []
    trunk = [field for field in fields if field.is_trunk]
    more = [field for field in fields if not (field.is_main or field.is_trunk)]
    return await visit.dialog(
        "carriers/form.html",
        "Edit carrier" if is_edit else "Connect carrier",
        status_code=status_code,
        action=f"{CARRIERS}/{carrier_id}/edit" if is_edit else CARRIERS,
        is_edit=is_edit,
        kinds=[form_views.Option(name, views.kind_title(name)) for name in kinds],
        values=typed,
        main=[field for field in fields if field.is_main],
        more=more,
        trunk=trunk,
        is_trunk_open=bool(typed.values.get("trunk_host")) or _has_error(trunk, refusal),
        is_more_open=_has_error(more, refusal),
        errors=refusal.fields,
        error=refusal.whole,
    )


def _has_error(fields: Sequence[form_views.FieldView], refusal: Refusal) -> bool:
    return any(field.name in refusal.fields for field in fields)


def _typed(form: Form, kind: str, kinds: Kinds) -> Typed:
    names = kinds[kind].settings.model_fields if kind in kinds else ()
    secrets = kinds[kind].all_secrets if kind in kinds else ()
    if kind in kinds and kinds[kind].named_secrets:
        secrets = (*secrets, NAMED)
    values = {name: form.text(name) for name in names}
    return Typed(form.text("name"), kind, values | {name: form.raw(name) for name in secrets})


def _settings(typed: Typed, kind: Kind, *, but_empty: tuple[str, ...] = ()) -> dict[str, object]:
    """The section of the kind. An empty control that needs no text stands for its default."""
    fields = kind.settings.model_fields
    found: dict[str, object] = {}
    for name, text in typed.values.items():
        info = fields.get(name)
        if info is not None and info.annotation is bool:
            found[name] = bool(text)
        elif info is not None and not text and not info.is_required():
            found[name] = info.default
        elif info is not None and form_views.is_document(info):
            found[name] = _document(typed.kind, name, text)
        elif name == NAMED and text:
            found[name] = _named(typed.kind, text)
        elif text or name not in but_empty:
            found[name] = text
    return found


def _document(kind: str, name: str, text: str) -> object:
    """The JSON in a control. Raises Invalid."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise Invalid.at(f"/{kind}/{name}", "json_invalid", f"This is not JSON: {error}") from error


def _named(kind: str, text: str) -> dict[str, str]:
    """Secrets, one a line. Raises Invalid."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if any("=" not in line for line in lines):
        raise Invalid.at(f"/{kind}/{NAMED}", "invalid", "Write NAME=VALUE on each line.")
    return dict(line.split("=", 1) for line in lines)


def _checked(
    model: Any, body: Mapping[str, object]
) -> Any:  # Any: one of two models of CarrierShapes
    """The body of the API's own shape; texts of controls count as what they say."""
    try:
        return model.model_validate(body, strict=False)
    except ValidationError as error:
        raise invalid(error) from error


def _refusal(error: HooklineError, typed: Typed) -> Refusal:
    """By field: settings are one step further down than in the form."""
    shown = {"name", *typed.values}
    fields: dict[str, str] = {}
    for part in error.errors:
        name, place = _control_of(part.pointer)
        if name in shown:
            is_empty = part.code in {"string_too_short", "too_short"} and not place
            told = "Fill this in." if is_empty else _sentence(part.detail)
            fields.setdefault(name, f"{place}: {told}" if place else told)
    if error.code == "carrier_name_taken":
        fields["name"] = error.detail
    return Refusal(fields, "" if fields else error.detail)


def _control_of(pointer: str) -> tuple[str, str]:
    """The control that a pointer leads to, and where in the document that it holds."""
    _, *path = pointer.split("/")
    if len(path) > 2:  # /kind/setting/place
        return path[1], "/" + "/".join(path[2:])
    return path[-1] if path else "", ""


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _known_kind(kinds: Kinds, text: str) -> str:
    return text if text in kinds else next(iter(kinds))


_READ, _WRITE = Scope.CARRIERS_READ, Scope.CARRIERS_WRITE
_ONE = f"{CARRIERS}/{{id}}"
PAGES = (
    Page("GET", CARRIERS, show_carriers, _READ),
    Page("GET", f"{CARRIERS}/new", show_connect, _WRITE),
    Page("POST", CARRIERS, connect, _WRITE),
    Page("GET", _ONE, show_carrier, _READ),
    Page("GET", f"{_ONE}/edit", show_edit, _WRITE),
    Page("POST", f"{_ONE}/edit", edit, _WRITE),
    Page("POST", f"{_ONE}/disable", disable, _WRITE),
    Page("POST", f"{_ONE}/enable", enable, _WRITE),
    Page("GET", f"{_ONE}/remove", show_remove, _WRITE),
    Page("POST", f"{_ONE}/remove", remove, _WRITE),
)
