"""Erasures: who has been forgotten, how far it is, and forgetting somebody."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from hookline.api.pagination import paged
from hookline.console.forms import NOTHING_WRONG, Form, Refusal, refusal_of
from hookline.console.navigation import ERASURES
from hookline.console.routing import Page
from hookline.console.views.erasures import erasure_view
from hookline.console.visit import Values, Visit
from hookline.erasure import store as sql
from hookline.erasure.asking import NEEDED, begin_erasure, get_erasure
from hookline.erasure.model import PREFIX, Erasure
from hookline.errors import Invalid
from hookline.numbers.e164 import parse_number_at
from hookline.principal import Scope
from hookline.storage.schema import erasures

_PER_PAGE = 25
_FIELDS = ("number", "confirm")
_LAST = 4


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form holds."""

    number: str
    confirm: str


async def list_erasures(visit: Visit) -> Response:
    """A page of erasures of the mode, newest first."""
    _check_may(visit)
    paging = visit.guest.paging(_PER_PAGE)
    mine = sql.of_account(visit.principal.account_id, visit.principal.mode)
    rows = await visit.store.read(paged(mine, erasures.c.id, paging, prefix=PREFIX))
    found = [sql.erasure_of(row) for row in rows[:_PER_PAGE]]
    next_cursor = found[-1].id if len(rows) > _PER_PAGE else None
    return await _page(visit, found, is_one=False, next_cursor=next_cursor)


async def show_erasure(visit: Visit) -> Response:
    """One of them: where its id leads, from the audit log too."""
    _check_may(visit)
    found = await get_erasure(visit.store, visit.principal, visit.guest.path("id"))
    return await _page(visit, [found], is_one=True, next_cursor=None)


async def show_begin(visit: Visit) -> Response:
    _check_may(visit)
    return await _form(visit, Typed("", ""), NOTHING_WRONG)


async def begin(visit: Visit) -> Response:
    """Have somebody forgotten."""
    typed = _typed(visit.typed)
    _check_may(visit)
    try:
        _check_meant(typed)
        await visit.commit(lambda tx: begin_erasure(tx, visit.store, visit.principal, typed.number))
    except Invalid as error:
        return await _form(visit, typed, refusal_of(error, _FIELDS), status_code=422)
    return visit.stay("Erasure begun", ERASURES)


def _check_may(visit: Visit) -> None:
    """Raises InsufficientScope."""
    for scope in NEEDED:
        visit.principal.require(scope)


def _check_meant(typed: Typed) -> None:
    """A slip of one digit would forget somebody else. Raises Invalid."""
    number = parse_number_at("/number", typed.number)
    if typed.confirm != number[-_LAST:]:
        raise Invalid.at(
            "/confirm",
            "confirmation_differs",
            "These are not the last four digits of the number. Look at both again.",
        )


def _typed(form: Form) -> Typed:
    return Typed(form.text("number"), form.text("confirm"))


async def _page(
    visit: Visit, found: Sequence[Erasure], *, is_one: bool, next_cursor: str | None
) -> Response:
    return await visit.page(
        "erasures/list.html",
        **_place(),
        rows=[erasure_view(one) for one in found],
        is_one=is_one,
        is_running=any(one.finished_at is None for one in found),
        next_cursor=next_cursor,
        query=dict(visit.request.query_params),
        curl=_create_curl(visit.guest.origin),
    )


async def _form(visit: Visit, typed: Typed, refusal: Refusal, status_code: int = 200) -> Response:
    return await visit.dialog(
        "erasures/begin.html",
        "Forget a person",
        status_code=status_code,
        **_place(),
        values=typed,
        errors=refusal.fields,
        error=refusal.whole,
    )


def _place() -> dict[str, Values]:
    return {"active": "account", "base": ERASURES}


def _create_curl(origin: str) -> str:
    return (
        f"curl {origin}/v1/erasures \\\n"
        '  -H "Authorization: Bearer $HOOKLINE_TOKEN" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        '  -d \'{"number": "+12025550123"}\''
    )


_NEEDED = Scope.RECORDINGS_DELETE
PAGES = (
    Page("GET", ERASURES, list_erasures, _NEEDED),
    Page("GET", f"{ERASURES}/new", show_begin, _NEEDED),
    Page("POST", ERASURES, begin, _NEEDED, recent=True),
    Page("GET", f"{ERASURES}/{{id}}", show_erasure, _NEEDED),
)
