"""One SMPP session: binds, keeps asking whether the carrier is there, and moves PDUs both ways.

It knows nothing of messages. Its owner gets lists: answers to submits, and what came in. An answer
that does not come in time ends the session, because whatever follows on it would be lost as well.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, cast

from hookline.carriers.port import Session
from hookline.carriers.smpp import pdu as wire
from hookline.carriers.smpp.pdu import BadFrame, BadPdu, Command, Deliver, Frames, Pdu, Submit
from hookline.carriers.smpp.refusals import SessionRefused, describe
from hookline.carriers.smpp.status import Status, hint_of, name_of
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
_SEQUENCE_MAX = 0x7FFF_FFFF
_RESPONSE = 0x8000_0000
_BEATS_PER_TIMEOUT = 4
_BEAT_MAX_S = 1.0
_FLUSH_S = 0.3
"""How long what was written may take to leave once the session is to end."""
_UNREAD_BYTES_MAX = 1 << 20
"""How much may wait for a peer that does not read."""
_BEFORE_BIND = (
    "That was before it answered the bind: check the port, whether it expects TLS, and that the "
    "carrier allows this server's address."
)


class Answer(NamedTuple):
    """What the carrier said to one submit."""

    token: Any  # Any: the owner's own
    status: int
    message_id: str
    waited_s: float


class Bind(NamedTuple):
    """How to bind, and how long to wait for what."""

    command: Command
    system_id: str
    password: str
    system_type: str
    response_timeout_s: float
    enquire_interval_s: float

    def __repr__(self) -> str:
        return f"Bind({self.command.name}, {self.system_id!r})"


class Owner(Protocol):
    """Who gets what a session hears."""

    def answered(self, answers: Sequence[Answer]) -> None: ...

    def delivered(
        self, session: "SmppSession", delivers: Sequence[tuple[int, int, Deliver]]
    ) -> None:
        """What came in: (command, sequence, body). Each is to be acknowledged."""
        ...

    def writable(self) -> None:
        """The peer reads again."""
        ...

    def lost(self, tokens: Sequence[Any]) -> None:  # Any: the owner's own
        """The session ended before these were answered."""
        ...


class SmppSession(asyncio.Protocol):
    """A session from its connection to its end."""

    def __init__(self, bind: Bind, owner: Owner, identity: Session) -> None:
        self.identity = identity
        self._bind = bind
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._frames = Frames()
        self._transport: asyncio.Transport | None = None
        self._sequence = 0
        self._pending: dict[int, tuple[float, Any]] = {}  # Any: tokens
        self._heard: dict[int, Callable[[Pdu], None]] = {}
        self._acks: list[bytes] = []
        self._bound: asyncio.Future[None] = self._loop.create_future()
        self._unbound: asyncio.Future[str] = self._loop.create_future()
        self._closed: asyncio.Future[str] = self._loop.create_future()
        self._beat: asyncio.TimerHandle | None = None
        self._asked: tuple[int, float] | None = None
        """The enquire_link that is not answered: its sequence, and when it was sent."""
        self._ending: asyncio.TimerHandle | None = None
        self._unread_bytes = 0
        self._reason = "The carrier closed the connection."
        self._bound_at = 0.0
        self.is_bound = False
        self.is_writable = True
        self.silent = False
        """It ended because a submit was not answered in time."""
        self.enquired_at = 0.0
        """When the carrier last answered an enquire_link, on the loop's clock; 0: not yet."""
        self.unacknowledged = 0
        """What came in and has no answer yet."""
        self.is_released = False
        """The carrier answered our unbind, so that it has read all that we sent."""

    @property
    def in_flight(self) -> int:
        return len(self._pending)

    # --- life -------------------------------------------------------------------------------

    async def bind(self) -> None:
        """Bind on the connection. Raises SessionRefused."""
        command, system_id, password, system_type, timeout_s, _ = self._bind
        try:
            frame = wire.encode_bind(
                command, self._next(), system_id=system_id, password=password,
                system_type=system_type,
            )  # fmt: skip
        except ValueError as error:
            raise SessionRefused(f"The carrier's settings cannot be sent: {error}.") from error
        self._write(frame)
        try:
            async with asyncio.timeout(timeout_s):
                await self._bound
        except TimeoutError as error:
            self.abort("The carrier did not answer the bind.")
            raise SessionRefused(
                f"The carrier did not answer the bind within {timeout_s:g} s. "
                "Check the port and whether it expects TLS."
            ) from error

    async def wait_closed(self) -> str:
        """Returns when the session has ended, with the reason."""
        return await asyncio.shield(self._closed)

    async def unbind(self, timeout_s: float) -> None:
        """Take leave, and return once it has ended, whether or not the carrier says goodbye."""
        try:
            if self.is_bound:
                self._flush_acks()
                self.is_bound = False
                self._write(wire.encode(Command.UNBIND, self._next()))
                await asyncio.wait(
                    [self._unbound, self._closed],
                    timeout=timeout_s,
                    return_when=asyncio.FIRST_COMPLETED,
                )
        finally:
            self._end("The session was closed.")
        await self.wait_closed()

    def abort(self, reason: str) -> None:
        """End it at once: the stream cannot be trusted any more."""
        self._reason = reason
        self.is_bound = False
        if self._transport is not None:
            self._transport.abort()

    def _end(self, reason: str) -> None:
        """Nothing more is read or sent; what was written may leave, if the peer reads it soon."""
        if self._ending is None and self._transport is not None and not self._closed.done():
            self._reason = reason
            self.is_bound = False
            self._transport.close()
            self._ending = self._loop.call_later(_FLUSH_S, self._transport.abort)

    # --- out --------------------------------------------------------------------------------

    def send(self, submits: Sequence[tuple[Any, Submit]]) -> None:  # Any: tokens
        """Submit; raises ValueError when a field of one does not fit, having sent none."""
        now = self._loop.time()
        frames, pending = [], {}
        for token, submit in submits:
            sequence = self._next()
            frames.append(wire.encode_submit(sequence, submit))
            pending[sequence] = (now, token)
        self._pending |= pending
        self._write(b"".join(frames))

    def ask(self, command: Command, body: bytes, heard: Callable[[Pdu], None]) -> None:
        """Send another request; its answer goes to `heard`, should one come."""
        sequence = self._next()
        self._heard[sequence] = heard
        self._write(wire.encode(command, sequence, body))

    def acknowledge(self, command: int, sequence: int, status: int = 0) -> None:
        """Answer something that came in; answers of one moment leave together."""
        if not self._acks:
            self._loop.call_soon(self._flush_acks)
        self.unacknowledged -= 1
        body = b"\0" if not status else b""  # message_id, unused (§4.6.2)
        self._acks.append(wire.encode(command | _RESPONSE, sequence, body, status))

    def _flush_acks(self) -> None:
        acks, self._acks = self._acks, []
        if acks:
            self._write(b"".join(acks))

    def _write(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(data)
        if not self.is_writable:
            self._unread_bytes += len(data)
            if self._unread_bytes > _UNREAD_BYTES_MAX:
                self.abort("The carrier does not read what it is sent.")

    def _next(self) -> int:
        self._sequence = self._sequence % _SEQUENCE_MAX + 1
        return self._sequence

    # --- in ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass
        self._schedule_beat()

    def data_received(self, data: bytes) -> None:
        if self._ending is not None:
            return
        try:
            self._take(self._frames.feed(data))
        except BadFrame as error:
            self._take(error.before)
            log.warning("smpp_bad_frame", detail=str(error))
            self._write(wire.encode(Command.GENERIC_NACK, 0, status=Status.ESME_RINVCMDLEN))
            self._end(f"The carrier sent a frame that cannot be: {error}.")

    def _take(self, pdus: Sequence[Pdu]) -> None:
        answers: list[Answer] = []
        delivers: list[tuple[int, int, Deliver]] = []
        leave: Pdu | None = None
        for pdu in pdus:
            if pdu.command == Command.SUBMIT_SM_RESP:
                self._take_answer(pdu, answers)
            elif pdu.command in (Command.DELIVER_SM, Command.DATA_SM):
                self._take_deliver(pdu, delivers)
            elif pdu.command == Command.UNBIND:
                leave = pdu
            else:
                self._take_other(pdu, answers)
        if answers:
            self._owner.answered(answers)
        if delivers:
            self._owner.delivered(self, delivers)
        if leave is not None:
            self._flush_acks()
            self._write(wire.encode(Command.UNBIND_RESP, leave.sequence))
            self._end("The carrier ended the session.")

    def _take_answer(self, pdu: Pdu, answers: list[Answer]) -> None:
        waiting = self._pending.pop(pdu.sequence, None)
        if waiting is None:
            log.warning("smpp_unasked_answer", sequence=pdu.sequence)
            return
        status, message_id = pdu.status, ""
        if not status:
            try:
                message_id = wire.decode_submit_resp(pdu.body)
            except BadPdu as error:
                log.warning("smpp_bad_pdu", detail=str(error))
        answers.append(Answer(waiting[1], status, message_id, self._loop.time() - waiting[0]))

    def _take_deliver(self, pdu: Pdu, delivers: list[tuple[int, int, Deliver]]) -> None:
        self.unacknowledged += 1
        decode = wire.decode_deliver if pdu.command == Command.DELIVER_SM else wire.decode_data_sm
        try:
            delivers.append((pdu.command, pdu.sequence, decode(pdu.body)))
        except BadPdu as error:  # the same octets would fail again: it must not come back for ever
            log.warning("smpp_bad_pdu", detail=str(error))
            self.acknowledge(pdu.command, pdu.sequence, Status.ESME_RX_P_APPN)

    def _take_other(self, pdu: Pdu, answers: list[Answer]) -> None:
        command, _, sequence, _ = pdu
        if command & _RESPONSE and (heard := self._heard.pop(sequence, None)) is not None:
            heard(pdu)
        elif command == Command.ENQUIRE_LINK:
            self._write(wire.encode(Command.ENQUIRE_LINK_RESP, sequence))
        elif command == Command.ENQUIRE_LINK_RESP:
            self._take_sign_of_life()
        elif command == self._bind.command | _RESPONSE:
            self._take_bind_answer(pdu)
        elif command == Command.UNBIND_RESP:
            self.is_released = True
            self._settle(self._unbound)
        elif command == Command.GENERIC_NACK:
            self._take_nack(pdu, answers)
        elif command == Command.OUTBIND or command == Command.ALERT_NOTIFICATION:
            return  # no answer exists to these (§4.1.7.1, §4.12)
        elif not command & _RESPONSE:
            status = Status.ESME_RINVCMDID
            self._write(wire.encode(Command.GENERIC_NACK, sequence, status=status))

    def _take_bind_answer(self, pdu: Pdu) -> None:
        if self._bound.done():
            return
        if pdu.status:
            name = name_of(pdu.status)
            self._bound.set_exception(SessionRefused(f"{name}: {hint_of(pdu.status)}"))
            self._end(f"The carrier refused the bind: {name}.")
            return
        self.is_bound = True
        self._bound_at = self._loop.time()
        self._bound.set_result(None)

    def _take_sign_of_life(self) -> None:
        self._asked = None
        self.enquired_at = self._loop.time()

    def _take_nack(self, pdu: Pdu, answers: list[Answer]) -> None:
        """The carrier could not read what we sent (§4.3)."""
        waiting = self._pending.pop(pdu.sequence, None)
        log.warning("smpp_generic_nack", status=name_of(pdu.status))
        if waiting is not None:
            status = pdu.status or Status.ESME_RUNKNOWNERR
            answers.append(Answer(waiting[1], status, "", self._loop.time() - waiting[0]))
        elif self._asked is not None and self._asked[0] == pdu.sequence:
            self._take_sign_of_life()  # it does not know enquire_link, but it is there
        elif not self._bound.done():
            self._take_bind_answer(pdu._replace(status=pdu.status or Status.ESME_RBINDFAIL))

    def pause_writing(self) -> None:
        self.is_writable = False

    def resume_writing(self) -> None:
        self.is_writable = True
        self._unread_bytes = 0
        self._owner.writable()

    def connection_lost(self, error: Exception | None) -> None:
        self.is_bound = False
        for timer in (self._beat, self._ending):
            if timer is not None:
                timer.cancel()
        if error is not None and not isinstance(error, ConnectionAbortedError):
            self._reason = f"The connection broke: {describe(error)}."
        pending, self._pending = self._pending, {}
        if pending:
            self._owner.lost([token for _, token in pending.values()])
        if not self._bound.done():
            self._bound.set_exception(SessionRefused(f"{self._reason} {_BEFORE_BIND}"))
        if not self._bound.cancelled():
            self._bound.exception()  # has been looked at, also when nobody waits any more
        self._settle(self._unbound)
        self._settle(self._closed)

    def _settle(self, future: asyncio.Future[str]) -> None:
        if not future.done():
            future.set_result(self._reason)

    # --- time -------------------------------------------------------------------------------

    def _schedule_beat(self) -> None:
        beat_s = min(_BEAT_MAX_S, self._bind.response_timeout_s / _BEATS_PER_TIMEOUT)
        self._beat = self._loop.call_later(beat_s, self._on_beat)

    def _on_beat(self) -> None:
        self._schedule_beat()
        now, timeout_s = self._loop.time(), self._bind.response_timeout_s
        oldest = next(iter(self._pending.values()), None)
        if oldest is not None and now - oldest[0] > timeout_s:
            self.silent = True
            self.abort(f"The carrier did not answer a submit within {timeout_s:g} s.")
        elif self._asked is not None and now - self._asked[1] > timeout_s:
            self.abort(f"The carrier did not answer enquire_link within {timeout_s:g} s.")
        elif self.is_bound and self._asked is None and self._is_time_to_ask(now):
            self._asked = (self._next(), now)
            self._write(wire.encode(Command.ENQUIRE_LINK, self._asked[0]))

    def _is_time_to_ask(self, now: float) -> bool:
        """By the clock, not by silence: what the carrier sends says little of what it reads."""
        since = max(self.enquired_at, self._bound_at)
        return now - since >= self._bind.enquire_interval_s
