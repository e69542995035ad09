"""What comes in over a link's sessions: receipts, and messages from phones.

Each is acknowledged once it is durable, and not before: what we do not acknowledge, the carrier
keeps and sends again.
"""

import asyncio
from collections.abc import Sequence

from hookline.carriers.encoding import segment
from hookline.carriers.figures import Figures
from hookline.carriers.port import Incoming, Opening, Part, Receipt, ReceiptState
from hookline.carriers.smpp.addresses import from_address
from hookline.carriers.smpp.coding import decode_text, find_shifts, split_header
from hookline.carriers.smpp.message_ids import MessageIds
from hookline.carriers.smpp.pdu import Deliver
from hookline.carriers.smpp.receipts import (
    CarrierReceipt,
    UnreadableReceipt,
    find_receipt,
    to_state,
)
from hookline.carriers.smpp.session import SmppSession
from hookline.carriers.smpp.settings import SmppSettings
from hookline.carriers.smpp.status import Status
from hookline.clock import UnixMs
from hookline.errors import HooklineError
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
_AT_ONCE_MAX = 1_000
_UNACKNOWLEDGED_MAX = 10_000
"""Receipts, and messages with them, that one session may have open; the carrier keeps the rest."""
_SETTLED_S = 2.0
"""How long after our answer a session has to live before the carrier surely has it."""
_SEGMENT_BYTES_MAX = 160
"""More octets are a message that the carrier has joined, unpacked septets among them."""
_NO_ERROR = {"0", "00", "000", "0000"}


class _Heard(Receipt, frozen=True, gc=True):
    """A receipt, and where to acknowledge it: a session, which may lead back here."""

    session: SmppSession | None = None
    command: int = 0
    sequence: int = 0


class Arrivals:
    """Reports what comes in, and answers the carrier."""

    def __init__(
        self, opening: Opening, settings: SmppSettings, ids: MessageIds, figures: Figures
    ) -> None:
        self._carrier_id = opening.carrier_id
        self._reports = opening.reports
        self._clock = opening.clock
        self._accepted_is_delivered = settings.accepted_is_delivered
        self._errors = settings.receipt_errors
        self._alphabet = settings.alphabet
        self._ids = ids
        self._figures = figures
        self._storing: set[asyncio.Task[None]] = set()
        self._fresh: dict[SmppSession, UnixMs] = {}
        """Sessions that something was acknowledged in lately, with when it was."""
        self._timer: asyncio.TimerHandle | None = None

    def take(self, session: SmppSession, delivers: Sequence[tuple[int, int, Deliver]]) -> None:
        """Receipts are reported together; messages each on its own."""
        heard: list[_Heard] = []
        for command, sequence, deliver in delivers:
            try:
                receipt = find_receipt(deliver)
            except UnreadableReceipt as error:
                log.warning("smpp_unreadable_receipt", detail=str(error))
                self._figures.error("A receipt could not be read.")
                session.acknowledge(command, sequence)
                continue
            if session.unacknowledged > _UNACKNOWLEDGED_MAX:
                session.acknowledge(command, sequence, Status.ESME_RX_T_APPN)
            elif receipt is None:
                self._take_message(session, command, sequence, deliver)
            else:
                self._take_receipt(session, command, sequence, deliver, receipt, heard)
        if heard:
            self._reports.receipts(self._carrier_id, heard, _acknowledge)

    async def drain(self, timeout_s: float) -> None:
        """Let what is being stored be acknowledged."""
        if self._storing:
            await asyncio.wait(tuple(self._storing), timeout=timeout_s)

    def close(self) -> None:
        """The sessions have ended: where the carrier took leave too, it has read our answers."""
        if self._timer is not None:
            self._timer.cancel()
        for session in self._fresh:
            if session.is_released:
                self._reports.acknowledged(
                    self._carrier_id, session.identity, UnixMs(self._clock.now_ms() + 1)
                )

    def _take_receipt(
        self,
        session: SmppSession,
        command: int,
        sequence: int,
        deliver: Deliver,
        receipt: CarrierReceipt,
        heard: list[_Heard],
    ) -> None:
        self._figures.receipts += 1
        state = to_state(receipt.state, accepted_is_delivered=self._accepted_is_delivered)
        key = self._ids.of_receipt(receipt.id)
        if state is None:  # under way still: nothing changes
            session.acknowledge(command, sequence)
            return
        code = receipt.state
        if receipt.error and receipt.error not in _NO_ERROR:
            code += f" {receipt.error}"
        failed = state is ReceiptState.UNDELIVERED
        heard.append(
            _Heard(
                key,
                state,
                code,
                from_address(deliver.source),
                error_code=self._errors.get(receipt.error or "") if failed else None,
                session=session,
                command=command,
                sequence=sequence,
            )
        )

    def _take_message(
        self, session: SmppSession, command: int, sequence: int, deliver: Deliver
    ) -> None:
        if len(self._storing) >= _AT_ONCE_MAX:
            session.acknowledge(command, sequence, Status.ESME_RX_T_APPN)
            return
        task = asyncio.create_task(
            self._store(session, command, sequence, self._incoming(session, deliver))
        )
        self._storing.add(task)
        task.add_done_callback(self._storing.discard)

    def _incoming(self, session: SmppSession, deliver: Deliver) -> Incoming:
        concat, octets = split_header(deliver.esm_class, deliver.short_message, deliver.tlvs)
        shifts = find_shifts(deliver.esm_class, deliver.short_message)
        text, encoding = decode_text(deliver.data_coding, octets, self._alphabet, shifts)
        is_part = concat is not None and concat.total > 1
        return Incoming(
            from_address(deliver.source),
            from_address(deliver.destination),
            text,
            encoding,
            segments=1 if len(octets) <= _SEGMENT_BYTES_MAX else segment(text).segments,
            part=Part(*concat) if concat is not None and is_part else None,
            session=session.identity,
        )

    async def _store(
        self, session: SmppSession, command: int, sequence: int, incoming: Incoming
    ) -> None:
        try:
            await self._reports.received(self._carrier_id, incoming)
        except HooklineError as error:
            self._figures.error(f"A message could not be taken: {error.detail}")
            log.warning("smpp_message_refused", code=error.code)
            status = Status.ESME_RX_R_APPN if error.permanent else Status.ESME_RX_T_APPN
            session.acknowledge(command, sequence, status)
        except Exception:  # one message must not keep its place in the carrier's window for ever
            log.exception("smpp_message_failed", carrier_id=self._carrier_id)
            self._figures.error("A message could not be taken, for a reason that the log tells.")
            session.acknowledge(command, sequence, Status.ESME_RX_T_APPN)
        else:
            self._figures.received += 1
            session.acknowledge(command, sequence)
            self._fresh[session] = self._clock.now_ms()
            self._settle_later()

    def _settle_later(self) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(_SETTLED_S, self._settle)

    def _settle(self) -> None:
        """What was acknowledged in a session that lives on has arrived there."""
        self._timer = None
        before = UnixMs(self._clock.now_ms() - int(_SETTLED_S * 1_000))
        for session, at in tuple(self._fresh.items()):
            if session.is_bound:
                self._reports.acknowledged(self._carrier_id, session.identity, before)
            if not session.is_bound or at < before:
                del self._fresh[session]
        if self._fresh:
            self._settle_later()


def _acknowledge(receipt: Receipt) -> None:
    assert isinstance(receipt, _Heard)
    assert receipt.session is not None
    receipt.session.acknowledge(receipt.command, receipt.sequence)
