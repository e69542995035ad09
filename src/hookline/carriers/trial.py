"""Trying a carrier out: how its link is, and whether a real message goes through.

Sending belongs to a room above, which joins in as `SendTrial`.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from hookline.api.idempotency import Claim
from hookline.carriers.reading import LinkedCarrier, get_carrier
from hookline.ids import CarrierId
from hookline.principal import Mode, Principal, Scope
from hookline.storage.store import Store

WAIT_S = 10.0
"""How long a trial waits for what becomes of its message."""
_WAITS = frozenset({"scheduled", "queued", "sending"})
_WENT_WELL = frozenset({"sent", "delivered"})
_STILL_QUEUED = "The message waits in the queue. It leaves once the link is bound; until then it can be canceled."


@dataclass(frozen=True, slots=True)
class Trial:
    """A message to try a carrier with."""

    to: str
    sender: str | None
    """None: the first number that is at home on the carrier."""
    text: str


@dataclass(frozen=True, slots=True)
class TrialMessage:
    """What has become of the message so far."""

    id: str
    status: str
    error: str | None
    """In words."""


@dataclass(frozen=True, slots=True)
class TrialResult:
    """A carrier that was tried, and what to do when something is wrong."""

    carrier: LinkedCarrier
    message: TrialMessage | None = None

    @property
    def is_ok(self) -> bool:
        if self.message is not None:
            return self.message.status in _WENT_WELL and self.message.error is None
        return self.carrier.link.is_bound

    @property
    def advice(self) -> str | None:
        if self.is_ok:
            return None
        message, link = self.message, self.carrier.link
        if message is not None and message.error is not None:
            return message.error
        if message is not None and message.status in _WAITS and link.is_bound:
            return _STILL_QUEUED
        return link.detail


SendTrial = Callable[[Principal, CarrierId, Trial, Claim | None], Awaitable[TrialMessage]]
"""Sends over the carrier by the ordinary submission and waits. Raises Invalid in its kinds."""


async def try_carrier(
    store: Store,
    principal: Principal,
    carrier_id: str,
    send: SendTrial,
    *,
    trial: Trial | None = None,
    claim: Claim | None = None,
) -> TrialResult:
    """How the link is; with a `trial`, after it was sent.

    Raises CarrierNotFound, LiveModeNeeded, InsufficientScope, Invalid.
    """
    carrier = await get_carrier(store, principal, carrier_id)
    if trial is None:
        return TrialResult(carrier)
    principal.require(Scope.MESSAGES_SEND)
    principal.require_live("Carriers carry live messages")
    message = await send(
        replace(principal, mode=Mode.LIVE), CarrierId(carrier.row.id), trial, _own(claim)
    )
    return TrialResult(await get_carrier(store, principal, carrier_id), message)


def _own(claim: Claim | None) -> Claim | None:
    """The claim of the message itself, beside that of the whole answer."""
    if claim is None:
        return None
    return replace(claim, digest=hashlib.sha256(claim.digest + b"message").digest())
