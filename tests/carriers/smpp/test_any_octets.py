"""No octets that a peer may send break a link: it answers, or ends the session, and never raises."""

import asyncio
import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from hookline.carriers.figures import Figures
from hookline.carriers.port import Opening, Session
from hookline.carriers.smpp.arrivals import Arrivals
from hookline.carriers.smpp.message_ids import IdFormat, MessageIds
from hookline.carriers.smpp.pdu import Command, Deliver, Submit
from hookline.carriers.smpp.session import Answer, Bind, SmppSession
from hookline.clock import SystemClock, UnixMs
from tests.carriers.smpp.linked import CARRIER, Room, settings_for
from tests.carriers.smpp.played import NUMBER, PHONE

COMMANDS = [*map(int, Command), 0x42, 0x8000_0042]
STATUSES = st.sampled_from([0, 0x58, 0x08, 0x0B, 0xFFFF_FFFF])
TLVS = st.dictionaries(
    st.sampled_from([0x001E, 0x0427, 0x0423, 0x020C, 0x020E, 0x020F, 0x0424]),
    st.binary(max_size=12),
)
DELIVERS = st.builds(
    Deliver,
    st.just(PHONE),
    st.just(NUMBER),
    st.integers(0, 255),
    st.just(0),
    st.integers(0, 255),
    st.binary(max_size=160) | st.just(b"id:1 stat:DELIVRD err:000 text:"),
    TLVS,
)


class Wire(asyncio.Transport):
    """Remembers what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.is_gone = False

    def write(self, data: object) -> None:
        assert isinstance(data, bytes)
        self.written += data

    def is_closing(self) -> bool:
        return self.is_gone

    def close(self) -> None:
        self.is_gone = True

    abort = close

    def commands(self) -> list[int]:
        commands, at = [], 0
        while at < len(self.written):
            length, command = struct.unpack_from(">II", self.written, at)
            commands.append(command)
            at += length
        return commands


class Side:
    """A link's part of a session, with the real arrivals."""

    def __init__(self) -> None:
        self.room = Room()
        opening = Opening(CARRIER, self.room, SystemClock())
        figures = Figures(SystemClock(), 0.0)
        ids = MessageIds(IdFormat.AUTO)
        self.arrivals = Arrivals(opening, settings_for(1), ids, figures)
        self.answers: list[Answer] = []
        bind = Bind(Command.BIND_TRANSCEIVER, "esme", "secret", "", 5.0, 30.0)
        self.session = SmppSession(bind, self, Session("s", UnixMs(0)))
        self.wire = Wire()
        self.session.connection_made(self.wire)
        self.session.send([(n, Submit(NUMBER, PHONE, 0, 1, 0, b"x")) for n in range(3)])
        self.wire.written = b""

    def answered(self, answers: "list[Answer]") -> None:  # type: ignore[override]
        self.answers += answers

    def delivered(self, session: SmppSession, delivers: "list[tuple[int, int, Deliver]]") -> None:
        self.arrivals.take(session, delivers)

    def writable(self) -> None:
        """Nothing waits."""

    def lost(self, tokens: object) -> None:
        """Nothing is remembered."""

    async def hear(self, *chunks: bytes) -> None:
        for chunk in chunks:
            self.session.data_received(chunk)
        await self.arrivals.drain(1.0)
        await asyncio.sleep(0)
        self.session.connection_lost(None)
        self.arrivals.close()


def framed(command: int, status: int, sequence: int, body: bytes) -> bytes:
    return struct.pack(">IIII", 16 + len(body), command, status, sequence) + body


@settings(deadline=None)
@given(
    st.lists(
        st.builds(
            framed, st.sampled_from(COMMANDS), STATUSES, st.integers(0, 4), st.binary(max_size=80)
        ),
        max_size=12,
    )
)
def test_any_frames_are_survived(frames: list[bytes]) -> None:
    async def play() -> None:
        await Side().hear(b"".join(frames))

    asyncio.run(play())


@given(st.lists(st.binary(max_size=64), max_size=6))
def test_any_octets_are_survived(chunks: list[bytes]) -> None:
    async def play() -> None:
        await Side().hear(*chunks)

    asyncio.run(play())


@settings(deadline=None)
@given(st.lists(DELIVERS, max_size=8))
def test_whatever_is_delivered_is_answered_once(delivers: list[Deliver]) -> None:
    async def play() -> None:
        side = Side()
        side.session.unacknowledged = len(delivers)
        side.arrivals.take(side.session, [(5, n, one) for n, one in enumerate(delivers)])
        await side.hear()
        assert side.wire.commands() == [Command.DELIVER_SM_RESP] * len(delivers)
        assert side.session.unacknowledged == 0

    asyncio.run(play())
