"""Conversations: the list at the left, one thread at the right; on a small screen one at a time."""

from pydantic import ValidationError
from starlette.responses import Response

from hookline.api.pagination import Paging
from hookline.console.navigation import CONVERSATIONS
from hookline.console.routing import Page
from hookline.console.traffic import read_filter
from hookline.console.views.conversations import conversation_row, said
from hookline.console.visit import Values, Visit, triggers
from hookline.errors import Invalid
from hookline.messages import conversations as use_cases
from hookline.messages.conversations import Conversation, ConversationFilter
from hookline.messages.submission import SendMessage
from hookline.numbers.e164 import is_plain
from hookline.principal import Scope

_PER_PAGE = 25
_THREAD = 50


async def list_conversations(visit: Visit) -> Response:
    """Who has written, the newest first."""
    return await visit.page("conversations/page.html", **await _list(visit), thread=None)


async def show_conversation(visit: Visit) -> Response:
    """One thread beside the list."""
    found = await use_cases.get_conversation(visit.store, visit.principal, visit.guest.path("id"))
    return await visit.page(
        "conversations/page.html", **await _list(visit), thread=await _thread(visit, found)
    )


async def reply(visit: Visit) -> Response:
    """Answer from the number that was written to."""
    found = await use_cases.get_conversation(visit.store, visit.principal, visit.guest.path("id"))
    text = visit.typed.raw("text").strip()
    if not text:
        raise Invalid.at("/text", "invalid_text", "Write something first.")
    wanted = SendMessage(found.number, found.party, text)
    await visit.console.submission.submit(visit.principal, wanted)
    if visit.guest.is_htmx:
        return Response(status_code=204, headers=triggers(refresh=""))
    return visit.go(f"{CONVERSATIONS}/{found.id}")


async def mark_read(visit: Visit) -> Response:
    """Everything up to the newest message that was shown has been read."""
    conversation_id, until = visit.guest.path("id"), visit.typed.text("until") or None
    await use_cases.mark_read(visit.store, visit.principal, conversation_id, until)
    if visit.guest.is_htmx:
        return Response(status_code=204, headers=triggers(refresh=""))
    return visit.go(f"{CONVERSATIONS}/{conversation_id}")


async def _list(visit: Visit) -> dict[str, Values]:
    wanted = read_filter(visit, ())
    query = ConversationFilter(
        limit=_PER_PAGE,
        cursor=visit.guest.paging(_PER_PAGE).cursor,
        party=wanted.number or None,
    )
    found, has_more = (
        ([], False)
        if wanted.problem
        else await use_cases.list_conversations(visit.store, visit.principal, query)
    )
    return {
        "active": "conversations",
        "base": CONVERSATIONS,
        "rows": [conversation_row(one) for one in found],
        "next_cursor": found[-1].last_inbound_id if has_more else None,
        "query": {
            name: value for name, value in visit.request.query_params.items() if name != "before"
        },
        "problem": wanted.problem,
    }


async def _thread(visit: Visit, found: Conversation) -> Values:
    paging = _place_in_thread(visit)
    messages, has_more = await use_cases.list_thread(visit.store, visit.principal, found.id, paging)
    may_send = visit.may(Scope.MESSAGES_SEND)
    return {
        "id": found.id,
        "party": found.party,
        "number": found.number,
        "said": said(messages),
        "older": messages[-1].id if has_more else None,
        "is_latest": paging.cursor is None,
        "last_inbound_id": found.last_inbound_id,
        "unread": found.unread if may_send else 0,
        "may_send": may_send,
        "can_be_answered": is_plain(found.party),
        "has_opted_out": await use_cases.has_opted_out(visit.store, visit.principal, found),
    }


def _place_in_thread(visit: Visit) -> Paging:
    """The newest messages, or those before one. Raises Invalid."""
    try:
        return Paging(limit=_THREAD, cursor=visit.guest.query("before") or None)
    except ValidationError as error:
        raise Invalid.at("?before", "invalid_cursor", "Go back to the newest messages.") from error


PAGES = (
    Page("GET", CONVERSATIONS, list_conversations, Scope.MESSAGES_READ),
    Page("GET", f"{CONVERSATIONS}/{{id}}", show_conversation, Scope.MESSAGES_READ),
    Page("POST", f"{CONVERSATIONS}/{{id}}/reply", reply, Scope.MESSAGES_SEND),
    Page("POST", f"{CONVERSATIONS}/{{id}}/read", mark_read, Scope.MESSAGES_SEND),
)
