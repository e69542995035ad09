"""The Asterisk that every contender uses, and behind its trunk a SIPp that answers at once and echoes sound."""

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.services.asterisk import Asterisk, running_asterisk
from tests.services.ports import find_free_port
from tests.services.programs import ASTERISK, ASTERISK_ROOT, find_asterisk

_RTP_PORTS = 4_000
"""Two a leg: more legs than any contender has at once."""
_SCENARIO = "answer_at_once.xml"
_LOOK_EVERY_S = 0.1


@dataclass(frozen=True)
class FarEnd:
    """What the calls of a contender go through."""

    asterisk: Asterisk
    pids: Mapping[str, int]

    def wait_until_quiet(self, within_s: float) -> None:
        """Until no channel is left: asked of Asterisk, so that it costs a contender nothing."""
        end_s = time.monotonic() + within_s
        while self.asterisk.channels() and time.monotonic() < end_s:
            time.sleep(_LOOK_EVERY_S)


@contextmanager
def running_far_end() -> Iterator[FarEnd]:
    """Both on free loopback ports."""
    if find_asterisk() is None:
        raise SystemExit(ASTERISK.missing)
    with ExitStack() as stack:
        asterisk = stack.enter_context(running_asterisk(rtp_ports=_RTP_PORTS))
        sipp = stack.enter_context(_sipp(asterisk))
        assert asterisk.process is not None
        yield FarEnd(asterisk, {"Asterisk": asterisk.process.pid, "SIPp": sipp})


@contextmanager
def _sipp(asterisk: Asterisk) -> Iterator[int]:
    scenario = asterisk.home / "phones" / _SCENARIO
    scenario.write_text(Path(__file__).with_name(_SCENARIO).read_text())
    process = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", "chroot", str(ASTERISK_ROOT),
         "sipp", "-sf", f"{asterisk.there}/phones/{_SCENARIO}", "-i", "127.0.0.1",
         "-p", str(asterisk.trunk_port), "-mi", "127.0.0.1", "-mp", str(find_free_port() & ~1),
         "-rtp_echo", "-nostdin", "-nd"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={"TERM": "dumb", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
    )  # fmt: skip
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()
