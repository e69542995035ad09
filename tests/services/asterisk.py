"""A real Asterisk on loopback (tests/services/asterisk), as many at once as are wanted.

All run from one root file system, which `build.sh` makes, each with a folder and ports of its own, and
as the user that Debian's package has for it.
Its telephones are SIPp with our scenarios and, where sound is needed, pjsua2 (`phones.py`).
"""

import os
import random
import shutil
import signal
import string
import subprocess
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpx
import pytest

from tests.services.ports import find_free_port
from tests.services.programs import ASTERISK, ASTERISK_FOLDER, ASTERISK_ROOT, find_asterisk

USER, PASSWORD = "hookline", "secret"
START_TIMEOUT_S = 40.0
STOP_TIMEOUT_S = 10.0
RTP_PORTS = 200
_RTP_SPACE = 20_000
_RUN = """
mount -t proc proc "$1/proc" && exec chroot "$1" /usr/sbin/asterisk -f -U asterisk -C "$2/etc/asterisk.conf"
"""
_numbers = count()


class AsteriskStartError(Exception):
    """It does not start; the text has its log."""


@dataclass
class Asterisk:
    """One Asterisk. It can be killed and started again, with the same ports and settings."""

    home: Path
    """Its folder, as this process sees it."""
    http_port: int
    sip_port: int
    trunk_port: int
    """Where the trunk's calls to plain numbers go."""
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def there(self) -> str:
        """Its folder, as it sees it."""
        return f"/{self.home.relative_to(ASTERISK_ROOT)}"

    @property
    def media(self) -> Path:
        """A folder whose files it can play."""
        return self.home / "media"

    def start(self) -> None:
        """Raises AsteriskStartError."""
        self._spawn()
        end_s = time.monotonic() + START_TIMEOUT_S
        while not self._is_ready():
            if time.monotonic() > end_s:
                raise AsteriskStartError(self.console())
            time.sleep(0.05)

    def _spawn(self) -> None:
        """It ends with the thread that does this."""
        with (self.home / "console.log").open("ab") as console:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "sh", "-c", _RUN, "asterisk",
                 str(ASTERISK_ROOT), self.there],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
            )  # fmt: skip

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            try:
                self.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(STOP_TIMEOUT_S)
            self.process = None

    def _is_ready(self) -> bool:
        if self.process is None or self.process.poll() is not None:
            raise AsteriskStartError(self.console())
        try:
            return bool(self.get("asterisk/info?only=status"))
        except (httpx.HTTPError, ValueError):
            return False

    def get(self, path: str) -> object:
        """What ARI says, without our own client."""
        answer = httpx.get(f"{self.url}/ari/{path}", auth=(USER, PASSWORD), trust_env=False)
        answer.raise_for_status()
        return answer.json()

    def has(self, path: str) -> bool:
        return httpx.get(
            f"{self.url}/ari/{path}", auth=(USER, PASSWORD), trust_env=False
        ).is_success

    def recording_state(self, name: str) -> str | None:
        """Of one that is under way; None where there is none."""
        path = f"recordings/live/{name}"
        found = self.get(path) if self.has(path) else None
        return str(found["state"]) if isinstance(found, dict) else None

    def delete(self, path: str) -> None:
        httpx.delete(f"{self.url}/ari/{path}", auth=(USER, PASSWORD), trust_env=False)

    def put(self, path: str, **fields: str) -> None:
        """Make an object of its configuration."""
        listed = [{"attribute": name, "value": value} for name, value in fields.items()]
        httpx.put(
            f"{self.url}/ari/{path}",
            json={"fields": listed},
            auth=(USER, PASSWORD),
            trust_env=False,
        ).raise_for_status()

    def applications(self) -> list[dict[str, object]]:
        found = self.get("applications")
        assert isinstance(found, list)
        return found

    def channels(self) -> list[str]:
        """The ids of all channels."""
        found = self.get("channels")
        assert isinstance(found, list)
        return [one["id"] for one in found]

    def run(self, command: str) -> str:
        """What its own command line answers."""
        return subprocess.run(
            ["chroot", ASTERISK_ROOT, "asterisk", "-C", f"{self.there}/etc/asterisk.conf", "-rx", command],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip

    def console(self) -> str:
        """The end of what it printed."""
        return (self.home / "console.log").read_text()[-4_000:]


Etc = Callable[[Asterisk], Mapping[str, str]]
"""Configuration files by their names, which take the place of ours."""


@contextmanager
def running_asterisk(
    *,
    with_spool: bool = True,
    with_sorcery: bool = True,
    without: Collection[str] = (),
    rtp_ports: int = RTP_PORTS,
    etc: Etc | None = None,
) -> Iterator[Asterisk]:
    """An Asterisk of its own; `without` these modules. A leg takes two of the ports.

    Debian's package leaves it without its recording folder and without a sorcery.conf that trunks
    can be set up with: `with_spool=False`, `with_sorcery=False`.
    """
    one = _furnish(with_spool=with_spool, rtp_ports=rtp_ports)
    if not with_sorcery:
        (one.home / "etc" / "sorcery.conf").unlink()
    with (one.home / "etc" / "modules.conf").open("a") as modules:
        modules.writelines(f"noload={name}\n" for name in without)
    for name, text in (etc(one) if etc else {}).items():
        (one.home / "etc" / name).write_text(text)
    _hand_over(one)
    try:
        one.start()
        yield one
    finally:
        one.kill()
        shutil.rmtree(one.home, ignore_errors=True)


def _sweep() -> None:
    """Remove the folders of processes that were killed."""
    for folder in (ASTERISK_ROOT / "srv").glob("*-*"):
        if not Path(f"/proc/{folder.name.partition('-')[0]}").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _furnish(*, with_spool: bool, rtp_ports: int) -> Asterisk:
    _sweep()
    home = ASTERISK_ROOT / "srv" / f"{os.getpid()}-{next(_numbers)}"
    one = Asterisk(home, find_free_port(), find_free_port(), find_free_port())
    folders = ["etc", "db", "run", "log", "media", "spool", "phones", "tmp"]
    for name in [*folders, *(["spool/recording"] if with_spool else [])]:
        (home / name).mkdir(parents=True, exist_ok=True)
    rtp_first = 20_000 + rtp_ports * random.randrange(_RTP_SPACE // rtp_ports)
    facts = {
        "home": one.there,
        "modules": "/" + str(next(ASTERISK_ROOT.glob("usr/lib/*/asterisk/modules")).relative_to(ASTERISK_ROOT)),
        "http_port": one.http_port,
        "sip_port": one.sip_port,
        "trunk_port": one.trunk_port,
        "rtp_first": rtp_first,
        "rtp_last": rtp_first + rtp_ports - 1,
    }  # fmt: skip
    for file in (ASTERISK_FOLDER / "etc").iterdir():
        (home / "etc" / file.name).write_text(string.Template(file.read_text()).substitute(facts))
    return one


def _hand_over(one: Asterisk) -> None:
    """Everything but what it plays is its own; that it may read, as the guide has it."""
    users = (ASTERISK_ROOT / "etc" / "passwd").read_text().splitlines()
    user, group = next(
        map(int, line.split(":")[2:4]) for line in users if line.startswith("asterisk:")
    )
    for path in (one.home, *one.home.rglob("*")):
        os.chown(path, user, group)
    os.chown(one.media, 0, group)
    one.media.chmod(0o750)


@pytest.fixture(scope="session")
def asterisk_root() -> Path:
    """Skips, with the reason, where there is no Asterisk for tests."""
    root = find_asterisk()
    if root is None:
        pytest.skip(ASTERISK.missing)
    return root


@pytest.fixture(scope="session")
def asterisk(asterisk_root: Path) -> Iterator[Asterisk]:
    """The session's Asterisk. Who kills one starts another."""
    with running_asterisk() as one:
        yield one
