"""A third-party SMSC on loopback (tests/services/smsc, on node-smpp), and its controls.

It keeps receipts and inbound messages until they are acknowledged, across binds and its own death,
and lists every submit that it accepted, so that duplicates and disorder show.
"""

import asyncio
import json
import os
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest

from tests.outbound.certificates import Authority
from tests.services.programs import NODE, NODE_SMPP, SMSC_FOLDER

START_TIMEOUT_S = 20.0
WAIT_S = 10.0

ENROUTE, DELIVRD, EXPIRED, DELETED = "ENROUTE", "DELIVRD", "EXPIRED", "DELETED"
UNDELIV, ACCEPTD, UNKNOWN, REJECTD = "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD"

SYSTEM_ERROR, INVALID_DESTINATION, QUEUE_FULL, THROTTLED = 0x08, 0x0B, 0x14, 0x58
BIND_FAILED, INVALID_PASSWORD = 0x0D, 0x0E

UCS2 = 8
LATIN1 = 3


@dataclass(frozen=True)
class Submit:
    """A submit_sm that the SMSC accepted."""

    session: int
    """The number of the session that it came by."""
    number: int
    message_id: str
    """As its answer said it."""
    source: str
    source_ton: int
    source_npi: int
    destination: str
    destination_ton: int
    destination_npi: int
    text: str
    """As node-smpp decodes it; empty where it does not know the data_coding."""
    octets: bytes
    """The user data without its header."""
    udh: bytes
    data_coding: int
    esm_class: int
    service_type: str
    registered_delivery: int
    validity_period: str
    is_payload: bool
    """The text was its message_payload."""
    sar: list[int]
    """Its sar_* parameters: reference, total, number; 0 for what is absent."""


@dataclass(frozen=True)
class Rule:
    """What is done with the next submits that fit; the first rule that fits decides."""

    destination: str = ""
    """A regular expression; empty fits all."""
    times: int | None = None
    """None: for ever."""
    status: int = 0
    """The command_status of the answer. Not 0: it is not accepted."""
    lose: Literal["", "submit", "answer"] = ""
    """submit: neither accepted nor answered. answer: accepted, and never answered."""
    kick: bool = False
    """Accepted, then the connection is destroyed in place of the answer."""
    states: Sequence[str] | None = None
    """The states of its receipts, in order; None: those of the settings."""
    error: str = ""
    """`err:` of its receipts."""


@dataclass(frozen=True)
class SmscSession:
    """A bound session."""

    number: int
    mode: Literal["transceiver", "transmitter", "receiver"]
    system_id: str
    system_type: str
    in_flight: int


@dataclass(frozen=True)
class Stats:
    """What happened since the start or the last reset."""

    binds: int
    binds_refused: int
    unbinds: int
    """Asked for by the ESME."""
    unbinds_answered: int
    closed: int
    enquiries: int
    enquiries_answered: int
    queries: int
    submits: int
    accepted: int
    refused: int
    answers: int
    receipts_sent: int
    receipts_acknowledged: int
    receipts_refused: int
    messages_sent: int
    messages_acknowledged: int
    messages_refused: int
    kept: int
    """Deliveries that are not acknowledged."""
    sessions: tuple[SmscSession, ...]


@dataclass
class Smsc:
    """A running SMSC. Its ports and its state outlive `kill` and `restart`."""

    folder: Path
    pem: Path | None = None
    certificate_authority: Path | None = None
    """What a TLS client is to trust; None without TLS."""
    port: int = 0
    control_port: int = 0
    process: "subprocess.Popen[str] | None" = field(default=None, repr=False)

    async def start(self) -> None:
        """Start, on the ports of the last start."""
        self.process = self._spawn()
        assert self.process.stdout is not None
        async with asyncio.timeout(START_TIMEOUT_S):
            line = await asyncio.to_thread(self.process.stdout.readline)
        if not line:
            await self._reap()
            raise RuntimeError("the SMSC did not start; its own words are on standard error")
        ports = json.loads(line)
        self.port, self.control_port = ports["port"], ports["control_port"]

    def _spawn(self) -> "subprocess.Popen[str]":
        environment = os.environ | {
            "PORT": str(self.port),
            "CONTROL_PORT": str(self.control_port),
            "STATE": str(self.folder / "smsc.jsonl"),
            "PEM": str(self.pem or ""),
        }
        return subprocess.Popen(
            [str(NODE.find()), str(SMSC_FOLDER / "smsc.js")],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    async def stop(self) -> None:
        """End in good order; harmless when it does not run."""
        if self.process is not None:
            self.process.terminate()
            await self._reap()

    async def kill(self) -> None:
        """kill -9: connections are reset by the system, the state stays in its file."""
        assert self.process is not None
        self.process.kill()
        await self._reap()

    async def restart(self) -> None:
        """kill -9, and start again on the same ports with the same state."""
        await self.kill()
        await self.start()

    async def _reap(self) -> None:
        assert self.process is not None
        process, self.process = self.process, None
        await asyncio.to_thread(process.communicate)

    async def stats(self) -> Stats:
        values = await self._control("GET", "/stats")
        sessions = tuple(SmscSession(**one) for one in values.pop("sessions"))
        return Stats(**values, sessions=sessions)

    async def submits(self) -> list[Submit]:
        """Every accepted submit, in order."""
        return [
            Submit(**one | {name: bytes.fromhex(one[name]) for name in ("octets", "udh")})
            for one in await self._control("GET", "/submits")
        ]

    async def duplicates(self) -> dict[tuple[str, bytes], int]:
        """Destinations and octets that were accepted more than once."""
        counts = Counter((one.destination, one.octets) for one in await self.submits())
        return {key: count for key, count in counts.items() if count > 1}

    async def texts_by_destination(self) -> dict[str, list[str]]:
        """The accepted texts of each destination, in order."""
        texts: dict[str, list[str]] = {}
        for one in await self.submits():
            texts.setdefault(one.destination, []).append(one.text)
        return texts

    async def wait(self, counter: str, at_least: int = 1, *, timeout_s: float = WAIT_S) -> None:
        """Return once a counter of `Stats` is large enough. Raises TimeoutError."""
        asked = {"counter": counter, "at_least": at_least, "timeout_ms": timeout_s * 1e3}
        if not (await self._control("POST", "/wait", **asked))["reached"]:
            raise TimeoutError(f"{counter} < {at_least} after {timeout_s} s: {await self.stats()}")

    async def change(self, **settings: object) -> None:
        """Change settings; tests/services/smsc/settings.js lists them."""
        await self._control("POST", "/settings", **settings)

    async def rule(self, *rules: Rule) -> None:
        """These rules in place of those before; none: everything is accepted."""
        await self.change(rules=[asdict(rule) for rule in rules])

    async def mute(self) -> None:
        """Swallow submits; `rule()` ends it."""
        await self.rule(Rule(lose="submit"))

    async def reset(self) -> None:
        """Forget settings, counters, submits and what is kept; sessions stay."""
        await self._control("POST", "/reset")

    async def kick(self, session: int = 0) -> None:
        """Destroy every connection, or that of one session, without a word."""
        await self._control("POST", "/kick", session=session)

    async def unbind(self) -> None:
        """Ask every ESME to unbind."""
        await self._control("POST", "/unbind")

    async def enquire(self) -> None:
        """Send an enquire_link into every session."""
        await self._control("POST", "/enquire")

    async def write(self, octets: bytes) -> None:
        """Write octets as they are into every session."""
        await self._control("POST", "/octets", octets=octets.hex())

    async def send(self, source: str, destination: str, text: str, **fields: object) -> None:
        """Deliver an inbound message, encoded by node-smpp for `data_coding` (0: GSM 7 bit).

        Fields are those of deliver_sm, and `udh` (hex), `octets` (hex, with text=None) and
        `system_id` (whose sessions may take it).
        """
        numbering = {
            "source_addr_ton": 1,
            "source_addr_npi": 1,
            "dest_addr_ton": 1,
            "dest_addr_npi": 1,
            "data_coding": 0,
        }
        addresses = {"source_addr": source, "destination_addr": destination}
        await self._control("POST", "/messages", **numbering | addresses | {"text": text} | fields)

    async def send_parts(
        self,
        source: str,
        destination: str,
        texts: Sequence[str],
        *,
        reference: int,
        wide: bool = False,
        order: Sequence[int] | None = None,
        **fields: object,
    ) -> None:
        """Deliver a concatenated message. `wide`: a 16 bit reference. `order`: from 0."""
        for index in order or range(len(texts)):
            header = [0x08, 4, *reference.to_bytes(2)] if wide else [0x00, 3, reference]
            header += [len(texts), index + 1]
            udh = bytes([len(header), *header]).hex()
            await self.send(source, destination, texts[index], udh=udh, esm_class=0x40, **fields)

    async def _control(self, method: str, path: str, **body: object) -> Any:
        async with httpx.AsyncClient(timeout=60.0, trust_env=False) as client:
            url = f"http://127.0.0.1:{self.control_port}{path}"
            answer = await client.request(method, url, json=body or None)
        assert answer.is_success, answer.text
        return answer.json()


@asynccontextmanager
async def running_smsc(folder: Path, *, tls: bool = False) -> AsyncIterator[Smsc]:
    """An SMSC whose state is in the folder; it ends with this process in whatever way."""
    smsc = Smsc(folder)
    if tls:
        authority = Authority(folder)
        smsc.pem = authority.certificate_file("smsc.example.com")
        smsc.certificate_authority = authority.certificate_path
    await smsc.start()
    try:
        yield smsc
    finally:
        await smsc.stop()


def skip_without_smsc() -> None:
    """Skips the test, with the reason, where Node.js or node-smpp is missing."""
    for program in (NODE, NODE_SMPP):
        if program.find() is None:
            pytest.skip(program.missing)


@pytest.fixture
async def smsc(tmp_path: Path) -> AsyncIterator[Smsc]:
    """An SMSC of the test's own."""
    skip_without_smsc()
    async with running_smsc(tmp_path) as running:
        yield running


@pytest.fixture
async def tls_smsc(tmp_path: Path) -> AsyncIterator[Smsc]:
    """An SMSC of the test's own that speaks TLS; its certificate is for 127.0.0.1."""
    skip_without_smsc()
    async with running_smsc(tmp_path, tls=True) as running:
        yield running
