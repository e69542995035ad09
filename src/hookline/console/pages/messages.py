"""Messages: the list, one message, writing one."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from starlette.responses import Response

from hookline.carriers.encoding import CHARACTERS_MAX, segment
from hookline.console import store as sql
from hookline.console.forms import NOTHING_WRONG, Form, Refusal, refusal_of
from hookline.console.routing import Page
from hookline.console.traffic import PER_PAGE, advice, read_filter, shown
from hookline.console.views.messages import message_row, message_view, preview
from hookline.console.views.samples import send_curl
from hookline.console.views.webhooks import delivery_row
from hookline.console.visit import Visit
from hookline.errors import Conflict, Forbidden, Invalid
from hookline.messages.cancelling import cancel_message
from hookline.messages.model import Status, from_row
from hookline.messages.reading import find_message
from hookline.messages.submission import SendMessage
from hookline.principal import Scope
from hookline.storage.schema import messages

_FIELDS = ("from", "to", "text")
_REFUSED = (Invalid, Conflict, Forbidden)


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form for a new message holds."""

    sender: str
    to: str
    text: str


async def list_messages(visit: Visit) -> Response:
    """A page of messages, newest first."""
    wanted = read_filter(visit, Status)
    statement = sql.messages_of(
        visit.principal,
        visit.guest.paging(PER_PAGE),
        status=wanted.status,
        direction=wanted.direction,
        number=wanted.number,
    )
    rows = [] if wanted.problem else await visit.store.read(statement)
    found = [from_row(tuple(row)) for row in rows]
    return await visit.page(
        "messages/list.html",
        active="messages",
        rows=[message_row(message) for message in found[:PER_PAGE]],
        may_send=visit.may(Scope.MESSAGES_SEND),
        **shown(visit, wanted, Status, [one.id for one in found]),
        **await advice(visit, messages, send_curl, is_empty=not found),
    )


async def show_message(visit: Visit) -> Response:
    """One message, its timeline, and which webhooks were told."""
    message = await find_message(visit.store, visit.principal, visit.guest.path("id"))
    may_read_webhooks = visit.may(Scope.WEBHOOKS_READ)
    rows = (
        await visit.store.read(sql.deliveries_about(visit.principal, message.id))
        if may_read_webhooks
        else []
    )
    return await visit.page(
        "messages/detail.html",
        active="messages",
        message=message_view(message),
        deliveries=[delivery_row(row) for row in rows],
        may_read_webhooks=may_read_webhooks,
        may_send=visit.may(Scope.MESSAGES_SEND),
    )


async def show_compose(visit: Visit) -> Response:
    typed = Typed(visit.guest.query("from"), visit.guest.query("to"), "")
    return await _compose_form(visit, typed, NOTHING_WRONG)


async def send(visit: Visit) -> Response:
    """Accept a message, and show what becomes of it."""
    typed = _typed(visit.typed)
    wanted = SendMessage(typed.sender, typed.to, typed.text)
    wrong = check_typed(typed)
    if wrong.fields:
        return await _compose_form(visit, typed, wrong, status_code=422)
    try:
        acceptance = await visit.console.submission.submit(visit.principal, wanted)
    except _REFUSED as error:
        return await _compose_form(visit, typed, refusal_of(error, _FIELDS), status_code=422)
    return visit.go(f"/messages/{msgspec.json.decode(acceptance.body)['id']}", "Message accepted")


async def show_preview(visit: Visit) -> Response:
    """How many segments the text needs, while it is being written."""
    found = segment(visit.typed.raw("text")[:CHARACTERS_MAX])
    return visit.fragment("messages/segments.html", preview=preview(found))


async def cancel(visit: Visit) -> Response:
    """Cancel a message that has not left."""
    message_id = visit.guest.path("id")
    await visit.commit(lambda tx: cancel_message(tx, visit.store, visit.principal, message_id))
    return visit.stay("Message canceled", f"/messages/{message_id}")


def check_typed(typed: Typed) -> Refusal:
    """What is missing, in words; the room judges the rest."""
    missing = {
        "from": "Choose a number to send from." if not typed.sender else "",
        "to": "Say whom to send it to." if not typed.to else "",
        "text": "Write a text." if not typed.text else "",
    }
    return Refusal({name: text for name, text in missing.items() if text}, "")


def _typed(form: Form) -> Typed:
    return Typed(form.text("from")[:32], form.text("to")[:32], form.raw("text"))


async def _senders(visit: Visit) -> Sequence[str]:
    rows = await visit.store.read(sql.senders(visit.principal.account_id))
    return [str(row.number) for row in rows]


async def _compose_form(
    visit: Visit, typed: Typed, refusal: Refusal, status_code: int = 200
) -> Response:
    return await visit.dialog(
        "messages/compose.html",
        "Send message",
        status_code=status_code,
        values=typed,
        errors=refusal.fields,
        error=refusal.whole,
        senders=await _senders(visit),
        phones=await visit.console.phones.list_phones(visit.principal.account_id),
        preview=preview(segment(typed.text[:CHARACTERS_MAX])),
    )


_READ, _SEND = Scope.MESSAGES_READ, Scope.MESSAGES_SEND
PAGES = (
    Page("GET", "/messages", list_messages, _READ),
    Page("GET", "/messages/new", show_compose, _SEND),
    Page("POST", "/messages", send, _SEND),
    Page("POST", "/messages/preview", show_preview, _SEND),
    Page("GET", "/messages/{id}", show_message, _READ),
    Page("POST", "/messages/{id}/cancel", cancel, _SEND),
)
