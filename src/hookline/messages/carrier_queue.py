"""What waits on one node for one carrier's link. Plain state: nothing here waits or writes."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from hookline.carriers.encoding import Encoding, split
from hookline.carriers.port import Link, Outgoing
from hookline.clock import UnixMs
from hookline.ids import CarrierId, MessageId
from hookline.messages.model import Message


@dataclass(slots=True)
class CarrierQueue:
    """What waits for one carrier's link on this node."""

    carrier_id: CarrierId
    link: Link | None = None
    """None while another node has it, or none."""
    waiting: deque[Message] = field(default_factory=deque)
    under_way: int = 0
    """Handed to the writer or the link, and not reported."""
    marking: int = 0
    """Of these, how many are being committed as `sending`."""
    returning: int = 0
    """Given back by the link, and not back in the queue yet: nothing may leave before them."""
    overflowed: bool = False
    """Some of its messages are only in the database; newer ones queue up behind them there."""
    left_behind: int = 0
    """How many there have been of those."""
    paused_until: float = 0.0
    """On the event loop's clock; 0 when it is not paused."""
    held: list[Outgoing] = field(default_factory=list)
    """`sending` already when the link asked to slow down; they go once it may take more."""

    @property
    def is_blocked(self) -> bool:
        """Whether nothing may go to the link now."""
        return self.link is None or bool(self.paused_until) or bool(self.returning)

    def open(self, link: Link) -> bool:
        """The link is open here; whether that is news.

        What has been accepted without it goes first: anything newer queues up behind that in the
        database, until all of it has been claimed.
        """
        if self.link is not None:
            return False
        self.link = link
        self.overflowed = True
        return True

    def has_room(self, more: int, waiting_max: int) -> bool:
        """Whether one message beyond `more` others may be held here; else it is left behind."""
        if len(self.waiting) + more >= waiting_max:
            self.overflowed = True
        if self.overflowed:
            self.left_behind += 1
        return not self.overflowed

    def take(self, now: UnixMs) -> tuple[list[Message], list[Message]]:
        """What the link's window has room for, and what has outlived its validity instead."""
        room = 0 if self.link is None else self.link.window - self.under_way
        newest_held = max((one.message_id for one in self.held), default="")
        taken: list[Message] = []
        outlived: list[Message] = []
        while self.waiting and (len(taken) < room or self.waiting[0].id < newest_held):
            message = self.waiting.popleft()
            is_outlived = message.valid_until is not None and message.valid_until <= now
            (outlived if is_outlived else taken).append(message)
        return taken, outlived

    def hand_over(self, marked: Sequence[Outgoing]) -> list[Outgoing]:
        """What is to go to the link now, in order; the rest is held.

        What was held goes when nothing older can come behind it any more.
        """
        if self.is_blocked or (self.held and self.marking):
            self.held += marked
            return []
        if not self.held:
            return list(marked)
        ready = sorted((*self.held, *marked), key=lambda one: one.message_id)
        self.held = []
        return ready

    def close(self) -> Sequence[Outgoing]:
        """The link is gone: forget what waits, and return what was on the way to it."""
        self.link = None
        self.waiting.clear()
        self.overflowed = False
        held, self.held = self.held, []
        return held

    def append(self, messages: Sequence[Message]) -> None:
        """Behind what waits, but for what is older."""
        if self.waiting and messages and messages[0].id < self.waiting[-1].id:
            self.put_back(messages)
        else:
            self.waiting.extend(messages)

    def put_back(self, messages: Iterable[Message]) -> None:
        """To the head of the queue, in the order in which they were accepted."""
        older = list(messages)
        newest = max((message.id for message in older), default="")
        while self.waiting and self.waiting[0].id < newest:
            older.append(self.waiting.popleft())
        self.waiting.extendleft(sorted(older, key=lambda message: message.id, reverse=True))


def outgoing_of(message: Message) -> Outgoing:
    """A message that is marked `sending`, as a link takes it."""
    text = message.text or ""
    return Outgoing(
        MessageId(message.id),
        message.sender,
        message.recipient,
        (text,) if message.segments == 1 else tuple(split(text)),
        Encoding(message.encoding),
        UnixMs(message.valid_until or message.created_at),
    )
