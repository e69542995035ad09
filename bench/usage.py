"""What processes cost: CPU seconds and resident memory of each part of a gateway."""

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
