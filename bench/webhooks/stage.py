"""What the bench of webhooks runs on: a node, a receiver, perhaps a database, and what is asked of them."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from bench.usage import postmaster, usages
from bench.webhooks.orders import Remote, running
from tests.services.postgres import PostgresServer


@dataclass(frozen=True)
class Load:
    """What is delivered."""

    deliveries: int
    endpoints: int
    accounts: int
    window: int
    rate: float
    """Deliveries a second, of the paced run."""
    paced_s: float
    hole_rate: float

    @property
    def fan_out(self) -> int:
        """Endpoints that get the same event."""
        return max(1, self.endpoints // self.accounts)


_SETTLE_S = 20.0


class Stage:
    """A node and a receiver."""

    def __init__(self, node: Remote, receiver: Remote, pids: Mapping[str, int]) -> None:
        self.node, self.receiver, self.pids = node, receiver, pids
        healthy, hole = receiver.greeting
        self.url, self.hole_url = f"http://127.0.0.1:{healthy}", f"http://127.0.0.1:{hole}"

    def rss_mb(self) -> dict[str, float]:
        return {name: usage.rss_mb for name, usage in usages(self.pids).items()}

    def latencies_ms(self, paced: Mapping[str, object]) -> list[float]:
        """Of a paced group: from the commit to the first byte."""
        committed = paced["committed_ns"]
        assert isinstance(committed, list)
        came = self.receiver.order("take", first=paced["first"], count=len(committed))["first_ns"]
        return [
            (at - since) / 1e6 if at and since else float("inf")
            for at, since in zip(came, committed, strict=True)
        ]

    def prepare(self, group: str, load: Load, *, url: str) -> None:
        """Accounts and endpoints under a name."""
        self.node.order(
            "prepare", group=group, accounts=load.accounts, endpoints=load.endpoints, url=url
        )

    def produce(self, group: str, load: Load, deliveries: int) -> Any:  # Any: what the node answers
        """As fast as it goes."""
        return self.node.order(
            "produce", group=group, count=deliveries // load.fan_out, fan_out=load.fan_out,
            window=load.window,
        )  # fmt: skip

    def settle(self) -> None:
        """Until nothing is under way any more."""
        self.node.order("settle", patience_s=_SETTLE_S)


@contextmanager
def running_stage(postgres: PostgresServer | None) -> Iterator[Stage]:
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="hookline-bench-"))
        environment = os.environ | {
            "HOOKLINE_DATA_DIR": folder,
            "HOOKLINE_DATABASE_URL": "",
            "HOOKLINE_ALLOW_TARGETS": "127.0.0.0/8",
            "HOOKLINE_ADMIN_PASSWORD": "of no use here at all",
        }
        pids = {}
        if postgres is not None:
            environment["HOOKLINE_DATABASE_URL"] = postgres.create_database()
            stack.callback(postgres.drop_database, environment["HOOKLINE_DATABASE_URL"])
            pids["PostgreSQL"] = postmaster(postgres)
        receiver = stack.enter_context(running("-m", "bench.webhooks.receiver"))
        node = stack.enter_context(running("-m", "bench.webhooks.node", environment=environment))
        yield Stage(node, receiver, {"node": node.pid, "receiver": receiver.pid} | pids)
