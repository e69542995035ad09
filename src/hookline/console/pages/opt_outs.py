"""Opt-outs: who wants no more messages, found, added and removed."""

from dataclasses import dataclass
from typing import get_args
from urllib.parse import urlencode

from starlette.responses import Response

from hookline.console import store as sql
from hookline.console.forms import NOTHING_WRONG, Form, Refusal, refusal_of
from hookline.console.navigation import OPT_OUTS
from hookline.console.routing import Page
from hookline.console.visit import Values, Visit
from hookline.errors import Conflict, Invalid
from hookline.messages import opt_outs as use_cases
from hookline.messages.opt_out_schemas import OptOut, opt_out_shape
from hookline.messages.opt_outs import OptOutFilter, OptOutRow, Source
from hookline.principal import Scope

_PER_PAGE = 25
_FIELDS = ("number", "sender")
SOURCES = {"keyword": "Their word", "manual": "By hand", "import": "Imported"}


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form holds."""

    number: str
    sender: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list."""

    id: str
    number: str
    sender: str
    source: str
    language: str
    message_id: str | None
    created_at: int
    remove_url: str


async def list_opt_outs(visit: Visit) -> Response:
    """A page of them by number."""
    number, source = visit.guest.query("number"), visit.guest.query("source")
    wanted = OptOutFilter(
        limit=_PER_PAGE,
        cursor=visit.guest.paging(_PER_PAGE).cursor,
        order="asc",
        number=_beginning(number) or None,
        source=source if source in get_args(Source) else None,
    )
    page = await use_cases.list_page(visit.store, visit.principal, wanted, _row)
    return await visit.page(
        "opt_outs/list.html",
        **place(),
        rows=page.data,
        next_cursor=page.next_cursor,
        query=dict(visit.request.query_params),
        sources=SOURCES,
        is_filtered=bool(number or source),
        may_write=visit.may(Scope.OPT_OUTS_WRITE),
        may_read_messages=visit.may(Scope.MESSAGES_READ),
        curl=_curl(visit.guest.origin),
    )


async def show_add(visit: Visit) -> Response:
    return await _form(visit, Typed("", ""), NOTHING_WRONG)


async def add(visit: Visit) -> Response:
    """Opt a number out by hand."""
    typed = _typed(visit.typed)
    try:
        await visit.commit(
            lambda tx: use_cases.add(
                tx, visit.store, visit.principal, typed.number, typed.sender or None
            )
        )
    except (Invalid, Conflict) as error:
        return await _form(visit, typed, refusal_of(error, _FIELDS), status_code=422)
    return visit.stay("Opt-out added", OPT_OUTS)


async def show_remove(visit: Visit) -> Response:
    """Ask whether the person consents."""
    typed = Typed(visit.guest.query("number"), visit.guest.query("sender"))
    found = await use_cases.find(visit.store, visit.principal, typed.number, typed.sender or None)
    return await visit.dialog(
        "opt_outs/remove.html", "Remove opt-out", **place(), one=opt_out_shape(found)
    )


async def remove(visit: Visit) -> Response:
    """Let the number be written to again."""
    typed = _typed(visit.typed)
    await visit.commit(
        lambda tx: use_cases.remove(tx, visit.principal, typed.number, typed.sender or None)
    )
    return visit.stay("Opt-out removed", OPT_OUTS)


def place() -> dict[str, Values]:
    """Where these pages are."""
    return {"active": "opt_outs", "base": OPT_OUTS}


def _beginning(text: str) -> str:
    """Digits as they are searched for: a plus sign that was not escaped arrives as a space."""
    digits = "".join(character for character in text if character.isascii() and character.isdigit())
    return f"+{digits[:15]}" if digits else ""


def _row(found: OptOutRow) -> Row:
    one: OptOut = opt_out_shape(found)
    query = {"number": one.number, **({"sender": one.sender} if one.sender else {})}
    return Row(
        id=f"{one.number}-{one.sender or 'all'}".replace(" ", "_"),
        number=one.number,
        sender=one.sender or "",
        source=SOURCES[one.source],
        language=one.language or "",
        message_id=one.message_id,
        created_at=found.created_at,
        remove_url=f"{OPT_OUTS}/remove?{urlencode(query)}",
    )


def _typed(form: Form) -> Typed:
    return Typed(form.text("number")[:32], form.text("sender")[:32])


async def _form(visit: Visit, typed: Typed, refusal: Refusal, status_code: int = 200) -> Response:
    rows = await visit.store.read(sql.senders(visit.principal.account_id))
    return await visit.dialog(
        "opt_outs/add.html",
        "Add an opt-out",
        status_code=status_code,
        **place(),
        values=typed,
        errors=refusal.fields,
        error=refusal.whole,
        senders=[str(row.number) for row in rows],
    )


def _curl(origin: str) -> str:
    return (
        f"curl {origin}/v1/opt_outs \\\n"
        '  -H "Authorization: Bearer $HOOKLINE_TOKEN" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        '  -d \'{"number": "+447700900123"}\''
    )


_READ, _WRITE = Scope.OPT_OUTS_READ, Scope.OPT_OUTS_WRITE
PAGES = (
    Page("GET", OPT_OUTS, list_opt_outs, _READ),
    Page("GET", f"{OPT_OUTS}/new", show_add, _WRITE),
    Page("POST", OPT_OUTS, add, _WRITE),
    Page("GET", f"{OPT_OUTS}/remove", show_remove, _WRITE),
    Page("POST", f"{OPT_OUTS}/remove", remove, _WRITE),
)
