"""A route: which messages it is for, and the carriers that take them. Plain data, without I/O."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from hookline.ids import AccountId, CarrierId
from hookline.numbers.e164 import country_of

PREFIX = "rte"


class FailoverCause(StrEnum):
    """Why a message goes on to the next carrier of its route."""

    CARRIER_DOWN = "carrier_down"
    """No link for `carrier_down_after_seconds`; the message still waited."""
    TEMPORARY_ERROR = "temporary_error"
    """The carrier had a fault of its own, several times."""
    PERMANENT_ERROR = "permanent_error"
    """The carrier refused the message."""
    NO_RECEIPT = "no_receipt"
    """Taken, and no receipt within `no_receipt_after_seconds`: the person may get it twice."""


class Wanted(msgspec.Struct, frozen=True, gc=False):
    """What is asked about: a message, as far as routes look at it."""

    sender: str
    recipient: str
    """E.164."""
    tags: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """Which messages a route is for. All conditions hold; an empty one holds for every message."""

    countries: frozenset[str] = frozenset()
    """ISO 3166 codes of the recipient's number."""
    prefixes: tuple[str, ...] = ()
    """How the recipient's number begins, with its plus sign."""
    senders: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    """Any of them is enough."""

    def miss(self, wanted: Wanted) -> str | None:
        """Why the message is none of the route's, as a phrase; None when it is."""
        if self.senders and wanted.sender not in self.senders:
            return f"it is not for messages from {wanted.sender}"
        if self.tags and not self.tags.intersection(wanted.tags):
            return "the message has none of its tags"
        if self.prefixes and not wanted.recipient.startswith(self.prefixes):
            return f"{wanted.recipient} has none of its prefixes"
        if self.countries:
            country = country_of(wanted.recipient)
            if country not in self.countries:
                return f"it is not for numbers of {country or 'no country'}"
        return None


@dataclass(frozen=True, slots=True)
class Target:
    """A carrier of a route, with priority and weight as in RFC 2782."""

    carrier_id: CarrierId
    priority: int = 1
    """The lowest comes first; others are for when it cannot."""
    weight: int = 1
    """The share of recipients among carriers of one priority."""


@dataclass(frozen=True, slots=True)
class Route:
    """One rule of an account. The first route whose conditions hold decides."""

    id: str
    account_id: AccountId
    name: str
    position: int
    match: Match
    targets: tuple[Target, ...]
    failover_on: frozenset[FailoverCause]
    carrier_down_after_s: int
    no_receipt_after_s: int
    disabled: bool
    created_at: int
