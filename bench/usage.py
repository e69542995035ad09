"""What processes cost: CPU seconds and resident memory of each part of a gateway."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass

import psutil

from tests.services.postgres import PostgresServer


@dataclass(frozen=True)
class Usage:
    """One process with all its descendants."""

    cpu_s: float
    rss_mb: float


def usages(pids: Mapping[str, int]) -> dict[str, Usage]:
    """The usage so far of each named process."""
    return {name: _usage(psutil.Process(pid)) for name, pid in pids.items()}


def _usage(root: psutil.Process) -> Usage:
    cpu_s = rss = 0.0
    for process in [root, *root.children(recursive=True)]:
        try:
            with process.oneshot():
                cpu_s += sum(process.cpu_times()[:4])  # its ended children are in the last two
                rss += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return Usage(cpu_s, rss / 2**20)


@dataclass
class Bystanders:
    """How many processors everything but the benchmark keeps busy, from its making to `busy`."""

    pids: Mapping[str, int]

    def __post_init__(self) -> None:
        self._at_s, self._cpu_s = time.monotonic(), self._others_s()

    def busy(self) -> float:
        return (self._others_s() - self._cpu_s) / max(time.monotonic() - self._at_s, 1e-9)

    def _others_s(self) -> float:
        machine = psutil.cpu_times()
        busy_s = machine.user + machine.nice + machine.system
        ours = [_usage(psutil.Process(os.getpid()))]
        ours += [_usage(psutil.Process(pid)) for pid in self.pids.values() if not _is_ours(pid)]
        return busy_s - sum(usage.cpu_s for usage in ours)


def _is_ours(pid: int) -> bool:
    """Whether it descends from this process, and is counted with it."""
    return os.getpid() in {parent.pid for parent in psutil.Process(pid).parents()}


def postmaster(server: PostgresServer) -> int:
    """The process of the cluster that all its others descend from."""
    for process in psutil.process_iter():
        try:
            listening = [
                one.laddr.port
                for one in process.net_connections("tcp")
                if one.status == psutil.CONN_LISTEN
            ]
        except psutil.Error:
            continue
        if server.port in listening:
            return process.pid
    raise LookupError(f"nobody listens on {server.port}")
