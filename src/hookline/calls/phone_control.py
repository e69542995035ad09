"""What the person at a virtual phone does: answer, decline, hang up, press keys, speak, call.

An act is stored in the same transaction as it is checked in, and the node that runs the call is
woken. A call to one of our numbers begins on the node that is asked.
"""

from dataclasses import dataclass

from hookline.calls import phone_reading as reading
from hookline.calls import phone_store as sql
from hookline.calls.phone_book import phone_id
from hookline.calls.phone_reading import CallAtPhone
from hookline.calls.phone_screens import PhoneScreens
from hookline.calls.schemas import PhoneAction
from hookline.errors import Invalid, NotFound
from hookline.ids import CarrierId
from hookline.numbers import store as number_sql
from hookline.numbers.e164 import parse_number_at
from hookline.numbers.virtual_phones import get_phone, mode_of
from hookline.principal import Mode, Principal
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.voice.engines import SANDBOX, Engines
from hookline.voice.errors import PhoneCallGone
from hookline.voice.sandbox.phones import PhoneCallState, VirtualPhones
from hookline.voice.speech import Speech

ANSWER, DECLINE, HANG_UP = "answer", "decline", "hangup"
"""The acts that are no action."""
_POSSIBLE = {
    ANSWER: {PhoneCallState.RINGING},
    DECLINE: {PhoneCallState.RINGING},
    HANG_UP: {PhoneCallState.TALKING, PhoneCallState.CALLING},
}
_SANDBOX_KIND = "sandbox"


@dataclass(frozen=True, slots=True)
class PhoneControl:
    """The acts. Each raises InvalidNumber or NotFound for a phone or call that is not there."""

    store: Store
    engines: Engines
    phones: VirtualPhones
    screens: PhoneScreens
    speech: Speech

    async def answer(self, principal: Principal, number: str, leg_id: str) -> CallAtPhone:
        """Pick up. Raises PhoneCallGone."""
        return await self._do(principal, number, leg_id, ANSWER)

    async def decline(self, principal: Principal, number: str, leg_id: str) -> CallAtPhone:
        """Refuse what rings. Raises PhoneCallGone."""
        return await self._do(principal, number, leg_id, DECLINE)

    async def hang_up(self, principal: Principal, number: str, leg_id: str) -> CallAtPhone:
        """End the call, or give up calling. Raises PhoneCallGone."""
        return await self._do(principal, number, leg_id, HANG_UP)

    async def act(
        self, principal: Principal, number: str, leg_id: str, action: PhoneAction
    ) -> CallAtPhone:
        """Press keys or say something. Raises PhoneCallGone, and what Speech raises."""
        if action.key == "say":  # what cannot be spoken is refused here, where somebody hears it
            said = action.say
            await self.speech.say(said.text, language=said.language, voice=said.voice)
        command = action.model_dump_json(exclude_unset=True)
        return await self._do(principal, number, leg_id, command)

    async def call(self, principal: Principal, number: str, *, to: str) -> CallAtPhone:
        """Call one of the account's numbers; durable when it returns.

        Raises InvalidNumber, NotFound, Invalid for a number whose calls come by a real carrier.
        """
        phone = await get_phone(self.store, principal.account_id, number)
        recipient = parse_number_at("/to", to)
        carrier_id = await self._carrier_of(principal, recipient)
        self.engines.find(carrier_id, is_sandbox=True)  # opens it where it was not needed yet
        where = phone_id(principal.account_id, phone.number)
        leg_id = self.phones.call(carrier_id, where, sender=phone.number, recipient=recipient)
        shown = self.phones.find_call(leg_id)
        assert shown is not None, "it has just begun"
        await self.screens.keep([shown])
        return await reading.get_call(
            self.store, principal.account_id, phone.number, leg_id, mode_of(principal)
        )

    async def _do(self, principal: Principal, number: str, leg_id: str, act: str) -> CallAtPhone:
        phone = await get_phone(self.store, principal.account_id, number)
        calls = sql.at_phone(principal.account_id, phone.number, mode_of(principal))

        async def keep(tx: Transaction) -> CallAtPhone:
            found = reading.only(await tx.execute(sql.locked(calls, leg_id)), leg_id)
            if found.shown.state not in _POSSIBLE.get(act, {PhoneCallState.TALKING}):
                raise PhoneCallGone(f"The call at the phone is {found.shown.state}.")
            row = (self.store.ids.new("act"), leg_id, found.owner, act, self.store.now())
            await tx.insert(sql.INSERT_ACT, [row])
            tx.notify(acts_topic(found.owner))
            return found

        return await self.store.commit(keep)

    async def _carrier_of(self, principal: Principal, number: str) -> CarrierId:
        """Test calls have a sandbox of their own; live ones come by the number's, if it is one."""
        for home in await self.store.read(number_sql.homes_of(principal.account_id)):
            if home.number != number:
                continue
            if principal.mode is Mode.LIVE and home.voice_kind == _SANDBOX_KIND:
                return CarrierId(home.voice_carrier_id)
            if mode_of(principal) is Mode.LIVE:
                raise Invalid.at(
                    "/to",
                    "not_in_sandbox",
                    f"Live calls to {number} do not come by the sandbox. Use a test credential.",
                )
            return SANDBOX
        raise NotFound(f"{number} is not a number of this account.")


def acts_topic(node: str) -> str:
    """The wake-up topic of what is done at phones whose call is on one node."""
    return f"phone_acts:{node}"
