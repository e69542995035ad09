"""A real SIP registrar and proxy on loopback: Kamailio, as a provider of trunks has it.

It has an address of its own, so that it can listen at SIP's own port, as the guides have it.
"""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.services.programs import KAMAILIO, KAMAILIO_FOLDER, find_kamailio

SIP_PORT = 5060
START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 10.0
_OPTIONS = """OPTIONS sip:{host} SIP/2.0
Via: SIP/2.0/UDP {us};branch=z9hG4bK-1
From: <sip:test@{us}>;tag=1
To: <sip:{host}>
Call-ID: ready@{us}
CSeq: 1 OPTIONS
Max-Forwards: 70
Content-Length: 0

"""


class KamailioStartError(Exception):
    """It does not start; the text has its log."""


@dataclass
class Kamailio:
    """A provider with accounts and numbers."""

    host: str
    """Its address; the port is SIP's own."""
    folder: Path
    process: subprocess.Popen[bytes] = field(repr=False)

    def log(self) -> str:
        return (self.folder / "kamailio.log").read_text()

    def wait(self) -> None:
        """Until it answers. Raises KamailioStartError."""
        end_s = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > end_s:
                raise KamailioStartError(self.log())

    def _answers(self) -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            probe.settimeout(0.1)
            us = f"127.0.0.1:{probe.getsockname()[1]}"
            text = _OPTIONS.format(host=self.host, us=us).replace("\n", "\r\n")
            probe.sendto(text.encode(), (self.host, SIP_PORT))
            try:
                return probe.recv(4_096).startswith(b"SIP/2.0 200")
            except (TimeoutError, ConnectionRefusedError):
                return False

    def stop(self) -> None:
        """It ends its workers itself."""
        self.process.terminate()
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(STOP_TIMEOUT_S)


@contextmanager
def running_kamailio(
    folder: Path,
    passwords: Mapping[str, str],
    holders: Mapping[str, str],
    rewritten: Collection[str] = (),
) -> Iterator[Kamailio]:
    """`passwords` by user; `holders`: whose account a number is on, by number.

    A number that is `rewritten` arrives as what is called; else the registered contact is called, and
    the number is in To alone.
    """
    program = find_kamailio()
    assert program is not None
    tables = {
        "passwords": passwords,
        "holders": holders,
        "rewritten": dict.fromkeys(rewritten, "yes"),
    }
    lines = [
        f'    $sht({table}=>{key}) = "{value}";'
        for table, rows in tables.items()
        for key, value in rows.items()
    ]
    text = (KAMAILIO_FOLDER / "kamailio.cfg").read_text()
    (folder / "kamailio.cfg").write_text(text.replace("ACCOUNTS\n", "\n".join(lines) + "\n"))
    host = _find_free_host()
    with (folder / "kamailio.log").open("wb") as log:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", program, "-DD", "-E", "-m", "16", "-M", "4",
             "-f", folder / "kamailio.cfg", "-Y", folder, "-l", f"udp:{host}:{SIP_PORT}"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    one = Kamailio(host, folder, process)
    try:
        one.wait()
        yield one
    finally:
        one.stop()


def _find_free_host() -> str:
    """A loopback address whose SIP port nobody listens at."""
    while True:
        host = f"127.{random.randint(1, 254)}.{random.randint(0, 254)}.{random.randint(1, 254)}"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((host, SIP_PORT))
            except OSError:
                continue
        return host


@pytest.fixture(scope="session")
def kamailio_program() -> Path:
    """Skips, with the reason, where there is no Kamailio."""
    program = find_kamailio()
    if program is None:
        pytest.skip(KAMAILIO.missing)
    return program
