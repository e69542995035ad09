"""The sandbox's link: takes every message, and reports a receipt after a short delay.

It remembers nothing across a restart; its ids are the message's own, so that it can work out after
a restart which receipts it still owes.
"""

import asyncio
import heapq
from collections.abc import Sequence

from hookline.carriers.port import (
    Ambiguity,
    Outgoing,
    Outstanding,
    Receipt,
    Reports,
    SubmitResult,
    Submitted,
)
from hookline.carriers.sandbox.recipients import Behaviour, behaviour_of
from hookline.clock import Clock
from hookline.ids import CarrierId, MessageId
from hookline.telemetry.link_state import LinkPhase, LinkState

_THROTTLE_DELAY_S = 0.2  # twice, and whatever waits behind it still arrives within a second
_THROTTLED_MAX = 10_000


class SandboxLink:
    """A link that is always up."""

    ambiguity = Ambiguity("resend", 0.0)  # it recognises a message by its id

    def __init__(
        self,
        carrier_id: CarrierId,
        reports: Reports,
        clock: Clock,
        *,
        receipt_delay_s: float,
        window: int,
    ) -> None:
        self.carrier_id = carrier_id
        self._reports = reports
        self._clock = clock
        self._receipt_delay_s = receipt_delay_s
        self._window = window
        self._throttled: dict[MessageId, int] = {}
        self._due: list[tuple[float, int, Receipt]] = []
        self._counter = 0
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False
        self._opened_at = clock.now_ms()

    @property
    def window(self) -> int:
        return self._window

    def submit(self, messages: Sequence[Outgoing]) -> None:
        outcomes = [self._take(message) for message in messages]
        self._reports.submitted(self.carrier_id, outcomes)
        self._arm()

    def recover(self, outstanding: Sequence[Outstanding]) -> None:
        """Owe again what was owed before the restart, due by the message's own time."""
        for message in outstanding:
            behaviour = behaviour_of(message.recipient)
            age_s = (self._clock.now_ms() - message.sent_at) / 1_000
            for carrier_message_id in message.carrier_message_ids:
                self._owe(carrier_message_id, behaviour, age_s)
        self._arm()

    def state(self) -> LinkState:
        return LinkState(phase=LinkPhase.BOUND, since=self._opened_at, window=self._window)

    async def close(self) -> None:
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()

    def _take(self, message: Outgoing) -> Submitted:
        behaviour = behaviour_of(message.recipient)
        if behaviour.receipt is None:
            return Submitted(
                message.message_id,
                SubmitResult.REJECTED,
                error_code="carrier_rejected",
                carrier_code=behaviour.carrier_code,
                detail="The sandbox refuses this recipient.",
            )
        if self._is_throttled(message.message_id, behaviour):
            return Submitted(
                message.message_id,
                SubmitResult.THROTTLED,
                carrier_code="THROTTLED",
                detail="The sandbox asks to slow down.",
                retry_after_s=_THROTTLE_DELAY_S,
            )
        many = len(message.parts) > 1
        ids = tuple(
            f"{message.message_id}-{number}" if many else str(message.message_id)
            for number in range(1, len(message.parts) + 1)
        )
        for carrier_message_id in ids:
            self._owe(carrier_message_id, behaviour, 0.0)
        return Submitted(message.message_id, SubmitResult.ACCEPTED, ids)

    def _is_throttled(self, message_id: MessageId, behaviour: Behaviour) -> bool:
        if not behaviour.throttled_times:
            return False
        times = self._throttled.pop(message_id, 0)
        if times >= behaviour.throttled_times or len(self._throttled) >= _THROTTLED_MAX:
            return False
        self._throttled[message_id] = times + 1
        return True

    def _owe(self, carrier_message_id: str, behaviour: Behaviour, age_s: float) -> None:
        if behaviour.receipt is None:
            return
        after_s = behaviour.receipt_after_s
        delay_s = (self._receipt_delay_s if after_s is None else after_s) - age_s
        self._counter += 1
        receipt = Receipt(carrier_message_id, behaviour.receipt, behaviour.carrier_code)
        due = asyncio.get_running_loop().time() + max(0.0, delay_s)
        heapq.heappush(self._due, (due, self._counter, receipt))

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._due and not self._is_closed:
            self._timer = asyncio.get_running_loop().call_at(self._due[0][0], self._fire)

    def _fire(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time() + 0.001
        receipts = []
        while self._due and self._due[0][0] <= now:
            receipts.append(heapq.heappop(self._due)[2])
        if receipts:
            self._reports.receipts(self.carrier_id, receipts)
        self._arm()
