"""Sender pools: adding, changing, removing. They are listed with the numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import RedirectResponse, Response

from hookline.console.forms import NOTHING_WRONG, Form, Refusal
from hookline.console.navigation import CARRIERS, POOLS
from hookline.console.routing import Page
from hookline.console.visit import Visit
from hookline.errors import Conflict, Forbidden, HooklineError, Invalid
from hookline.numbers import store as sql
from hookline.numbers.pool import Pool, PoolSender
from hookline.numbers.pool_routes import NAME_LENGTH_MAX
from hookline.numbers.pools import (
    SENDERS_MAX,
    PoolChange,
    PoolNameTaken,
    add_pool,
    all_pools,
    change_pool,
    find_pool,
    remove_pool,
)
from hookline.principal import Scope
from hookline.restrictions import parse_country

_REFUSED = (Invalid, Conflict, Forbidden)
_AFTER = f"{CARRIERS}#pools"


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form holds: the name, and the countries of each chosen number as text."""

    name: str
    chosen: Mapping[str, str]


async def to_pools(_visit: Visit) -> Response:
    return RedirectResponse(_AFTER, 303)


async def show_pool(visit: Visit) -> Response:
    """Where the pool is on the page. Raises PoolNotFound."""
    return RedirectResponse(f"{CARRIERS}#{(await _pool(visit)).id}", 303)


async def show_add(visit: Visit) -> Response:
    return await _form(visit, Typed("", {}), NOTHING_WRONG)


async def add(visit: Visit) -> Response:
    """Add a pool of the chosen numbers."""
    typed = _typed(visit.typed)
    try:
        senders = _senders(typed)
        await visit.commit(
            lambda tx: add_pool(tx, visit.store, visit.principal, typed.name, senders)
        )
    except _REFUSED as error:
        return await _form(visit, typed, _refusal(error), status_code=422)
    return visit.stay("Pool added", _AFTER)


async def show_edit(visit: Visit) -> Response:
    pool = await _pool(visit)
    chosen = {one.number: " ".join(sorted(one.countries or ())) for one in pool.senders}
    return await _form(visit, Typed(pool.name, chosen), NOTHING_WRONG, pool_id=pool.id)


async def edit(visit: Visit) -> Response:
    """Rename the pool, or give it other numbers."""
    pool = await _pool(visit)
    typed = _typed(visit.typed)
    try:
        change = PoolChange(typed.name, _senders(typed))
        await visit.commit(lambda tx: change_pool(tx, visit.principal, pool.id, change))
    except _REFUSED as error:
        return await _form(visit, typed, _refusal(error), pool_id=pool.id, status_code=422)
    return visit.stay("Pool saved", _AFTER)


async def show_remove(visit: Visit) -> Response:
    pool = await _pool(visit)
    return await visit.dialog(
        "carriers/confirm.html",
        "Remove this pool?",
        action=f"{POOLS}/{pool.id}/remove",
        title="Remove this pool?",
        subject=pool.name,
        text="Nothing can be sent from its name any more. Its numbers stay, and what was sent keeps its sender.",
        error="",
    )


async def remove(visit: Visit) -> Response:
    pool_id = visit.guest.path("id")
    await visit.commit(lambda tx: remove_pool(tx, visit.principal, pool_id))
    return visit.stay("Pool removed", _AFTER)


async def _pool(visit: Visit) -> Pool:
    return find_pool(
        await all_pools(visit.store, visit.principal.account_id), visit.guest.path("id")
    )


def _typed(form: Form) -> Typed:
    chosen = {number: form.text(f"countries-{number}") for number in form.texts("senders")}
    return Typed(form.text("name")[:NAME_LENGTH_MAX], chosen)


def _senders(typed: Typed) -> Sequence[PoolSender]:
    """Raises Invalid."""
    if not typed.name:
        raise Invalid.at("/name", "missing", "Give it a name.")
    if not 1 <= len(typed.chosen) <= SENDERS_MAX:
        raise Invalid.at("/senders", "missing", f"Choose 1 to {SENDERS_MAX} numbers.")
    return [_sender(number, text) for number, text in typed.chosen.items()]


def _sender(number: str, text: str) -> PoolSender:
    codes = text.replace(",", " ").split()
    if not codes:
        return PoolSender(number)
    try:
        return PoolSender(number, frozenset(parse_country(code) for code in codes))
    except ValueError as error:
        raise Invalid.at("/senders", "invalid_country", f"{number}: {error}.") from error


def _refusal(error: HooklineError) -> Refusal:
    if isinstance(error, PoolNameTaken):
        return Refusal({"name": error.detail}, "")
    fields: dict[str, str] = {}
    for part in error.errors:
        fields.setdefault(part.pointer.strip("/").partition("/")[0], part.detail)
    return Refusal(fields, "" if fields else error.detail)


async def _form(
    visit: Visit, typed: Typed, refusal: Refusal, *, pool_id: str = "", status_code: int = 200
) -> Response:
    rows = await visit.store.read(sql.of_account(visit.principal.account_id).limit(SENDERS_MAX))
    return await visit.dialog(
        "carriers/pool.html",
        "Edit pool" if pool_id else "Add pool",
        status_code=status_code,
        action=f"{POOLS}/{pool_id}/edit" if pool_id else POOLS,
        is_edit=bool(pool_id),
        values=typed,
        numbers=[row.number for row in rows],
        errors=refusal.fields,
        error=refusal.whole,
    )


_READ, _WRITE = Scope.NUMBERS_READ, Scope.NUMBERS_WRITE
_ONE = f"{POOLS}/{{id}}"
PAGES = (
    Page("GET", POOLS, to_pools, _READ),
    Page("GET", f"{POOLS}/new", show_add, _WRITE),
    Page("POST", POOLS, add, _WRITE),
    Page("GET", _ONE, show_pool, _READ),
    Page("GET", f"{_ONE}/edit", show_edit, _WRITE),
    Page("POST", f"{_ONE}/edit", edit, _WRITE),
    Page("GET", f"{_ONE}/remove", show_remove, _WRITE),
    Page("POST", f"{_ONE}/remove", remove, _WRITE),
)
