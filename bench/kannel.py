"""Runs Kannel (Debian's package `kannel`), the gateway that we compare with.

Its configuration is what its manual shows for one SMPP carrier, with our window. It holds messages
in memory only, or also in its spool; the map from receipts to messages is in memory in both cases.
"""

import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template
from urllib.parse import quote

from bench.smsc import running_smsc
from tests.services.ports import find_free_port
from tests.services.programs import KANNEL

_START_S = 30.0
_STOP_S = 20.0
_PASSWORD = "bench"  # of loopback ports that live for a minute
_CONFIGURATION = Template("""
group = core
admin-port = $admin_port
admin-interface = 127.0.0.1
admin-password = $password
smsbox-port = $smsbox_port
smsbox-interface = 127.0.0.1
box-allow-ip = "127.0.0.1"
log-file = "$folder/bearerbox.log"
log-level = 2
dlr-storage = internal
$store

group = smsc
smsc = smpp
smsc-id = bench
host = 127.0.0.1
port = $smsc_port
smsc-username = "esme"
smsc-password = "secret"
system-type = ""
transceiver-mode = true
enquire-link-interval = 30
max-pending-submits = $window
reconnect-delay = 1

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = $smsbox_port
sendsms-port = $sendsms_port
sendsms-interface = 127.0.0.1
smsbox-id = bench
log-file = "$folder/smsbox.log"
log-level = 2

group = sendsms-user
username = bench
password = $password
user-allow-ip = "127.0.0.1"
user-deny-ip = ""

group = sms-service
keyword = default
text = ""
max-messages = 0
""")


@dataclass(frozen=True)
class Kannel:
    """A running pair of boxes; a target of the driver."""

    port: int
    pids: Mapping[str, int]

    def request(self, place: int, callback_port: int) -> bytes:
        callback = quote(f"http://127.0.0.1:{callback_port}/status?i={place}", safe="")
        return (
            f"GET /cgi-bin/sendsms?username=bench&password={_PASSWORD}&from=12025550100"
            f"&to=4477009{place % 100_000:05d}&text=hi+{place}&dlr-mask=1&dlr-url={callback}"
            " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        ).encode()


@contextmanager
def running_kannel(*, spool: bool, window: int) -> Iterator[Kannel]:
    """Kannel on free loopback ports, connected to an SMSC of its own."""
    bearerbox = KANNEL.find()
    if bearerbox is None:
        raise SystemExit(KANNEL.missing)
    with running_smsc() as smsc_port, tempfile.TemporaryDirectory(prefix="kannel-") as folder:
        ports = {name: find_free_port() for name in ("admin_port", "smsbox_port", "sendsms_port")}
        (Path(folder) / "spool").mkdir()
        store = f'store-type = spool\nstore-location = "{folder}/spool"' if spool else ""
        configuration = Path(folder) / "kannel.conf"
        configuration.write_text(
            _CONFIGURATION.substitute(
                ports, folder=folder, store=store, smsc_port=smsc_port, window=window,
                password=_PASSWORD,
            )
        )  # fmt: skip
        with _box(bearerbox, configuration) as bearerbox_pid:
            # smsbox comes second: it waits ten seconds before it tries again.
            _wait_until(lambda: _is_listening(ports["smsbox_port"]))
            with _box(bearerbox.with_name("smsbox"), configuration) as smsbox_pid:
                _wait_until(lambda: _is_online(ports["admin_port"]))
                pids = {"bearerbox": bearerbox_pid, "smsbox": smsbox_pid}
                yield Kannel(ports["sendsms_port"], pids)


@contextmanager
def _box(program: Path, configuration: Path) -> Iterator[int]:
    output = configuration.with_suffix(f".{program.name}")
    with output.open("w") as said:
        process = subprocess.Popen(
            [str(program), "-v", "4", str(configuration)],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
        try:
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _START_S
    while not is_so():
        if time.monotonic() >= deadline:
            raise TimeoutError("Kannel did not come up")
        time.sleep(0.1)


def _is_listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _is_online(admin_port: int) -> bool:
    """Whether both boxes know of each other and the carrier's session is bound."""
    url = f"http://127.0.0.1:{admin_port}/status.txt?password={_PASSWORD}"
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            status = answer.read().decode()
    except OSError:
        return False
    return "smsbox:bench" in status and "(online" in status
