"""Asks the carrier what became of messages whose receipts are missing: query_sm (SMPP 3.4 §4.8).

Few at once and only where the carrier has it. An answer counts as a receipt does; none, or a
refusal, changes nothing.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from hookline.carriers.port import Outstanding, Receipt
from hookline.carriers.smpp.addresses import to_address
from hookline.carriers.smpp.message_ids import MessageIds
from hookline.carriers.smpp.pdu import BadPdu, Command, Pdu, decode_query_resp, encode_query
from hookline.carriers.smpp.receipts import state_name, to_state
from hookline.carriers.smpp.session import SmppSession
from hookline.carriers.smpp.settings import SmppSettings
from hookline.carriers.smpp.status import Status, name_of
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
_AT_ONCE_MAX = 5
_WAITING_MAX = 10_000
_NOT_KNOWN = (Command.GENERIC_NACK, Status.ESME_RINVCMDID)


class _Question(NamedTuple):
    key: str
    sender: str
    recipient: str


class Inquiries:
    """What is still to be asked, and what has been."""

    def __init__(
        self,
        settings: SmppSettings,
        ids: MessageIds,
        sender: Callable[[], SmppSession | None],
        heard: Callable[[Receipt], None],
    ) -> None:
        self._timeout_s = settings.response_timeout_seconds
        self._accepted_is_delivered = settings.accepted_is_delivered
        self._ids = ids
        self._sender = sender
        self._heard = heard
        self._waiting: deque[_Question] = deque(maxlen=_WAITING_MAX)
        self._open: dict[_Question, asyncio.TimerHandle] = {}

    def ask(self, outstanding: Sequence[Outstanding]) -> None:
        """Of every segment whose id is known, once."""
        known = {*self._waiting, *self._open}
        for message in outstanding:
            for key in message.carrier_message_ids:
                question = _Question(key, message.sender, message.recipient)
                if question not in known:
                    self._waiting.append(question)
        self._go_on()

    def close(self) -> None:
        self._waiting.clear()
        for timer in self._open.values():
            timer.cancel()
        self._open.clear()

    def _go_on(self) -> None:
        session = self._sender()
        while session is not None and self._waiting and len(self._open) < _AT_ONCE_MAX:
            question = self._waiting.popleft()
            source = to_address(question.sender)
            body = encode_query(self._ids.spelling(question.key), source)
            loop = asyncio.get_running_loop()
            self._open[question] = loop.call_later(self._timeout_s, self._end, question)
            session.ask(Command.QUERY_SM, body, partial(self._take, question))

    def _end(self, question: _Question) -> None:
        timer = self._open.pop(question, None)
        if timer is not None:
            timer.cancel()
            self._go_on()

    def _take(self, question: _Question, pdu: Pdu) -> None:
        if question not in self._open:  # too late: it may be asked again
            return
        if pdu.command in _NOT_KNOWN or pdu.status in _NOT_KNOWN:
            log.warning("smpp_no_query", detail="The carrier has no query_sm: set query to false.")
            self._waiting.clear()
        elif pdu.status:
            log.info("smpp_query_refused", status=name_of(pdu.status))
        else:
            self._tell(question, pdu)
        self._end(question)

    def _tell(self, question: _Question, pdu: Pdu) -> None:
        try:
            octet, error = decode_query_resp(pdu.body)
        except BadPdu as refusal:
            log.warning("smpp_bad_pdu", detail=str(refusal))
            return
        name = state_name(octet)
        state = to_state(name, accepted_is_delivered=self._accepted_is_delivered)
        if state is not None:
            code = f"{name} {error:03}" if error else name
            self._heard(Receipt(question.key, state, code, question.recipient))
