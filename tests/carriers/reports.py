"""The message room's side of the port, which only remembers."""

import asyncio
from collections.abc import Callable, Sequence

from hookline.carriers.port import Incoming, Receipt, Session, Submitted
from hookline.clock import UnixMs
from hookline.ids import CarrierId, MessageId


class Heard:
    """What a link has reported."""

    def __init__(self) -> None:
        self.outcomes: list[Submitted] = []
        self.received_receipts: list[Receipt] = []
        self._more = asyncio.Event()

    def submitted(self, carrier_id: CarrierId, outcomes: Sequence[Submitted]) -> None:
        self.outcomes.extend(outcomes)

    def receipts(
        self,
        carrier_id: CarrierId,
        receipts: Sequence[Receipt],
        done: Callable[[Receipt], None] | None = None,
    ) -> None:
        self.received_receipts.extend(receipts)
        self._more.set()

    def acknowledged(self, carrier_id: CarrierId, session: Session, before: UnixMs) -> None:
        """The sandbox has no sessions."""

    async def received(self, carrier_id: CarrierId, message: Incoming) -> MessageId | None:
        raise NotImplementedError("the sandbox receives nothing by itself")

    def ready(self, carrier_id: CarrierId) -> None:
        """The sandbox always is."""

    async def hearing(self, count: int) -> list[Receipt]:
        """The receipts, once they are that many."""
        async with asyncio.timeout(10):
            while len(self.received_receipts) < count:
                self._more.clear()
                await self._more.wait()
        return self.received_receipts
