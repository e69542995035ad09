"""A message that tries a carrier out: sent like any other, and waited for."""

import asyncio
from dataclasses import dataclass

import msgspec

from hookline.api.idempotency import Claim
from hookline.carriers.links import SANDBOX
from hookline.carriers.trial import WAIT_S, Trial, TrialMessage
from hookline.errors import Invalid
from hookline.ids import AccountId, CarrierId
from hookline.messages.errors import UnknownSender
from hookline.messages.model import Message, Status
from hookline.messages.reading import find_message
from hookline.messages.resource import message_error
from hookline.messages.submission import SendMessage, Submission
from hookline.numbers import store as number_sql
from hookline.numbers.registration import normalise_sender
from hookline.principal import Principal
from hookline.storage.store import Store

_LOOK_EVERY_S = 0.2
UNDER_WAY = frozenset({Status.SCHEDULED, Status.QUEUED, Status.SENDING})


@dataclass(frozen=True, slots=True)
class Trials:
    """Sends trial messages."""

    store: Store
    submission: Submission

    async def send(
        self, principal: Principal, carrier_id: CarrierId, trial: Trial, claim: Claim | None = None
    ) -> TrialMessage:
        """What became of it within ten seconds. Raises NoNumberThere, Invalid in its kinds."""
        message_id = await self.submit(principal, carrier_id, trial, claim)
        message = await find_message(self.store, principal, message_id)
        waited_s = 0.0
        while Status(message.status) in UNDER_WAY and waited_s < WAIT_S:
            await asyncio.sleep(_LOOK_EVERY_S)
            waited_s += _LOOK_EVERY_S
            message = await find_message(self.store, principal, message_id)
        error = error_in_words(message)
        if error is None and message.carrier_id not in (carrier_id, SANDBOX):
            error = "It did not take the message, and another carrier of its route did."
        return TrialMessage(message.id, message.status, error)

    async def submit(
        self, principal: Principal, carrier_id: CarrierId, trial: Trial, claim: Claim | None = None
    ) -> str:
        """The id of the message, which is durable. Raises NoNumberThere, Invalid in its kinds."""
        sender = await self._sender(principal.account_id, carrier_id, trial.sender)
        wanted = SendMessage(from_=sender, to=trial.to, text=trial.text)
        acceptance = await self.submission.submit(principal, wanted, claim, carrier_id=carrier_id)
        return str(msgspec.json.decode(acceptance.body)["id"])

    async def _sender(
        self, account_id: AccountId, carrier_id: CarrierId, wanted: str | None
    ) -> str:
        """A number at home on the carrier, for another one's message would go elsewhere."""
        if wanted is None:
            rows = await self.store.read(number_sql.first_at_home(account_id, carrier_id))
            if not rows:
                raise NoNumberThere.at("/from", NoNumberThere.code, _ADD_ONE)
            return str(rows[0].number)
        number, _ = normalise_sender(wanted, "/from")
        rows = await self.store.read(number_sql.by_number(account_id, number))
        if not rows:
            raise UnknownSender.at("/from", UnknownSender.code, f"{number} is not yours.")
        if rows[0].carrier_id != carrier_id:
            raise NoNumberThere.at("/from", NoNumberThere.code, _elsewhere(number))
        return number


class NoNumberThere(Invalid):
    """No number is at home on the carrier, or the one given is not. Add one, or move it there."""

    code = "no_number_on_carrier"
    title = "The carrier has no such number"


_ADD_ONE = "No number is at home on this carrier. Add one: `hookline numbers add +15550100 --carrier NAME`."


def _elsewhere(number: str) -> str:
    return f"{number} is at home on another carrier. Move it here first, or send from another one."


def error_in_words(message: Message) -> str | None:
    """Why the message did not arrive; None when nothing is wrong with it."""
    error = message_error(message.error_code, message.carrier_code)
    if error is None:
        return None
    carrier = f" The carrier said {error.carrier_code}." if error.carrier_code else ""
    detail = "" if error.detail == error.code else f" {error.detail}"
    return f"{error.title}.{detail}{carrier}"
