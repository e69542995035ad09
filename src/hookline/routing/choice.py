"""In which order the carriers of a route are tried. Pure.

Weights divide recipients, not messages: all messages to one number take the same carrier while the
carriers are as they are, so that they arrive in order. Weighted rendezvous hashing moves only those
recipients whose carrier comes or goes.
"""

import math
from collections.abc import Mapping, Sequence
from enum import IntEnum
from hashlib import blake2b

from hookline.ids import CarrierId
from hookline.routing.model import Target


class Standing(IntEnum):
    """How a carrier is, the best first."""

    UP = 0
    POOR = 1
    """Up, but many of its answers lately were faults."""
    DOWN = 2


def ranked(
    targets: Sequence[Target], recipient: str, standings: Mapping[CarrierId, Standing]
) -> list[Target]:
    """The carriers for a recipient, the first choice first: by standing, priority and weight."""
    if len(targets) == 1:
        return list(targets)
    return sorted(
        targets,
        key=lambda target: (
            standings.get(target.carrier_id, Standing.DOWN),
            target.priority,
            -_draw(target, recipient),
        ),
    )


def _draw(target: Target, recipient: str) -> float:
    """A number that is the highest among all for a share of recipients equal to the weight."""
    digest = blake2b(f"{target.carrier_id} {recipient}".encode(), digest_size=8).digest()
    uniform = (int.from_bytes(digest, "big") + 1) / (2**64 + 1)
    return -target.weight / math.log(uniform)
