"""A sender pool, and which of its numbers a recipient hears. Plain data, without I/O.

A recipient's number is drawn by weighted rendezvous hashing, without weights: it needs no memory, and a number that leaves
moves only its own recipients. A number that joins would take some from the others; whoever knows another one keeps it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import blake2b

from hookline.ids import AccountId

PREFIX = "pol"


@dataclass(frozen=True, slots=True)
class PoolSender:
    """A number of a pool."""

    number: str
    countries: frozenset[str] | None = None
    """Where recipients must be; None: wherever no other is for."""
    place: int = 0
    """When it joined: those that joined together have the same."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Numbers of one account."""

    id: str
    account_id: AccountId
    name: str
    senders: tuple[PoolSender, ...]
    """In the order in which they joined."""
    created_at: int

    def candidates(
        self, recipient: str, country: str | None, allowed: Collection[str] | None
    ) -> list[str]:
        """The numbers that the recipient may have come to know, the first choice first.

        The second is what it was before the newest joined, and so on. Empty: none may write there.
        """
        usable = [one for one in self.senders if allowed is None or one.number in allowed]
        here = [one for one in usable if one.countries is not None and country in one.countries]
        eligible = here or [one for one in usable if one.countries is None]
        winners: list[PoolSender] = []
        best = b""
        for one in sorted(eligible, key=lambda one: one.place):
            drawn = _draw(one.number, recipient)
            if drawn > best:
                best = drawn
                if winners and winners[-1].place == one.place:  # never the choice by itself
                    winners.pop()
                winners.append(one)
        return [one.number for one in reversed(winners)]


def _draw(number: str, recipient: str) -> bytes:
    return blake2b(f"{number} {recipient}".encode(), digest_size=8).digest()
