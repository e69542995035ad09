"""Conversations as pages show them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from hookline.console.times import day
from hookline.console.views.status import Badge, badge
from hookline.messages.confirmations import TAG
from hookline.messages.conversations import Conversation
from hookline.messages.model import Message

_SILENT = ("sent", "delivered", "received")
"""Statuses that need no word below a bubble."""


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """One line of the list."""

    id: str
    party: str
    number: str
    text: str | None
    unread: int
    at: int | None


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a thread."""

    id: str
    text: str | None
    is_ours: bool
    at: int
    day: str
    """The day that it begins; empty when the one before is of the same."""
    status: Badge | None
    note: str


def conversation_row(one: Conversation) -> ConversationRow:
    last = one.last_inbound
    return ConversationRow(
        id=one.id,
        party=one.party,
        number=one.number,
        text=None if last is None else last.text,
        unread=one.unread,
        at=None if last is None else last.created_at,
    )


def said(messages: Iterable[Message]) -> list[Said]:
    """The thread, oldest first, from messages that are newest first."""
    shown: list[Said] = []
    last_day = ""
    for message in reversed(list(messages)):
        today = day(message.created_at)
        shown.append(_said(message, "" if today == last_day else today))
        last_day = today
    return shown


def _said(message: Message, new_day: str) -> Said:
    is_answer = TAG in json.loads(message.tags or "[]")
    return Said(
        id=message.id,
        text=message.text,
        is_ours=message.direction == "outbound",
        at=message.created_at,
        day=new_day,
        status=None if message.status in _SILENT else badge(message.status),
        note="sent by itself" if is_answer else "",
    )
