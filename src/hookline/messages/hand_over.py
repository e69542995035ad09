"""Between acceptance and dispatch: who takes a message that has just become durable.

A process that has its carrier's link keeps it in memory; any other leaves it in the database, and
wakes whoever has.
"""

from collections.abc import Sequence
from typing import Protocol

from hookline.ids import CarrierId
from hookline.messages.model import Message

WORK_TOPICS = "work:"


def work_topic(carrier_id: str) -> str:
    """The wake-up topic of queued messages that belong to nobody yet."""
    return f"{WORK_TOPICS}{carrier_id}"


class Dispatch(Protocol):
    """What submission needs to know of dispatch."""

    async def open_queue(self, carrier_id: CarrierId) -> None: ...

    def owned(self, messages: Sequence[Message]) -> list[Message]: ...

    def enqueue(self, messages: Sequence[Message]) -> None: ...


class DispatchElsewhere:
    """For a process that sends nothing itself, such as the command line: a server takes over."""

    async def open_queue(self, carrier_id: CarrierId) -> None:
        """There are no links here."""

    def owned(self, messages: Sequence[Message]) -> list[Message]:
        return list(messages)

    def enqueue(self, messages: Sequence[Message]) -> None:
        """Nobody here could send them."""
