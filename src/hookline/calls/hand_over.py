"""Between acceptance and the runner: who takes a call that has just become durable.

A node that has the engine of its carrier takes it at once; any other leaves it in the database, and
wakes whoever has.
"""

from dataclasses import dataclass
from typing import Protocol

from hookline.calls.live import LiveCall
from hookline.calls.steps import Step
from hookline.ids import CarrierId

WORK_TOPIC = "calls"
"""The wake-up topic of queued calls that belong to nobody yet."""


def commands_topic(node: str) -> str:
    """The wake-up topic of what is asked of calls on one node."""
    return f"calls:{node}"


@dataclass(frozen=True, slots=True)
class Begun:
    """A call whose first step has been decided, and is committed with the call itself."""

    live: LiveCall
    step: Step


class Conduct(Protocol):
    """What acceptance needs to know of the conductor."""

    def owner_for(self, carrier_id: CarrierId, *, is_sandbox: bool) -> str | None:
        """This node, if it has the engine; None leaves the call to others. Raises TooManyCalls."""
        ...

    def go_on(self, begun: Begun) -> None:
        """Run a call that is stored as this node's, with its first step taken."""
        ...


class ConductElsewhere:
    """For a process that runs no calls, such as the command line: a server takes over."""

    def owner_for(self, carrier_id: CarrierId, *, is_sandbox: bool) -> str | None:
        return None

    def go_on(self, begun: Begun) -> None:
        """Nobody here could run it."""
