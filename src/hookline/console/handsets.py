"""Virtual phones in people's hands: what is at a phone on this node, and what is done there.

The board of phones lives in the process that runs the call. What changes there makes no event, so
that open pages of the account are told here.
"""

from pathlib import Path

from hookline.calls.phone_book import account_of, phone_id
from hookline.console import store as sql
from hookline.console.live import LiveFeed
from hookline.errors import Conflict, NotFound
from hookline.ids import AccountId, CarrierId
from hookline.numbers import store as number_sql
from hookline.numbers.e164 import parse_number_at
from hookline.principal import Mode, Principal
from hookline.storage.store import Store
from hookline.voice.engines import SANDBOX, Engines
from hookline.voice.errors import PhoneCallGone
from hookline.voice.port import LegId
from hookline.voice.sandbox.phones import PhoneCall, PhoneCallState, VirtualPhones

SCREEN = "phone"
"""The kind of change that begins, answers or ends a call at a phone."""
SOUND = "sound"
"""The kind of change of what is heard or pressed during one."""


class PhoneCallElsewhere(Conflict):
    """A call at a virtual phone is on another process of the server, which alone can act on it.

    Reload the page until it comes from that process, or hang the call up on its own page.
    """

    code = "phone_call_elsewhere"
    title = "The call is on another process"

    def __init__(self, node: str) -> None:
        super().__init__(
            f"This phone's call is on another process of the server, {node}. Reload until the page "
            "comes from there, or hang up on the page of the call."
        )


class Handsets:
    """The phones of this node. Acts raise PhoneCallGone, PhoneCallElsewhere."""

    def __init__(
        self, store: Store, phones: VirtualPhones, engines: Engines, live: LiveFeed, node: str
    ) -> None:
        self._store = store
        self._phones = phones
        self._engines = engines
        self._live = live
        self.node = node
        self._states: dict[LegId, PhoneCallState] = {}
        phones.watch(self._changed)

    def list_calls(self, account_id: AccountId, number: str) -> list[PhoneCall]:
        """What is at a phone now, and what was lately; the newest first."""
        return self._phones.list_calls(phone_id(account_id, number))

    def find_sound(self, principal: Principal, leg_id: str, name: str) -> Path:
        """The file of something that was heard at one of the account's phones. Raises NotFound."""
        call = self._phones.find_call(LegId(leg_id))
        if call is not None and account_of(call.phone_id) == principal.account_id:
            for sound in call.heard:
                if sound.path is not None and sound.path.stem == name and sound.path.is_file():
                    return sound.path
        raise NotFound("There is no such sound any more.")

    async def answer(self, principal: Principal, leg_id: str) -> None:
        self._phones.answer(await self._mine(principal, leg_id))

    async def decline(self, principal: Principal, leg_id: str) -> None:
        self._phones.decline(await self._mine(principal, leg_id))

    async def hang_up(self, principal: Principal, leg_id: str) -> None:
        self._phones.hang_up(await self._mine(principal, leg_id))

    async def press(self, principal: Principal, leg_id: str, digit: str) -> None:
        self._phones.press(await self._mine(principal, leg_id), digit)

    async def call(self, principal: Principal, phone: str, *, to: str) -> LegId:
        """The person at the phone calls one of the account's numbers.

        Raises InvalidNumber, NotFound.
        """
        number = parse_number_at("/to", to)
        carrier_id = await self._carrier_of(principal, number)
        self._engines.find(carrier_id, is_sandbox=True)  # opens it where it was not needed yet
        where = phone_id(principal.account_id, phone)
        return self._phones.call(carrier_id, where, sender=phone, recipient=number)

    async def _carrier_of(self, principal: Principal, number: str) -> CarrierId:
        """Test data has a sandbox of its own; live calls come by the number's, if it is one."""
        homes = await self._store.read(number_sql.homes_of(principal.account_id))
        for home in homes:
            if home.number == number:
                is_live = principal.mode is Mode.LIVE and home.voice_kind == "sandbox"
                return CarrierId(home.voice_carrier_id) if is_live else SANDBOX
        raise NotFound(f"{number} is not a number of this account.")

    async def _mine(self, principal: Principal, leg_id: str) -> LegId:
        call = self._phones.find_call(LegId(leg_id))
        if call is not None and account_of(call.phone_id) == principal.account_id:
            return call.leg_id
        rows = await self._store.read(sql.node_of_leg(principal.account_id, leg_id))
        if rows and rows[0].owner not in {None, self.node}:
            raise PhoneCallElsewhere(rows[0].owner)
        raise PhoneCallGone

    def _changed(self, call: PhoneCall) -> None:
        is_new_state = self._states.get(call.leg_id) is not call.state
        if call.state is PhoneCallState.ENDED:
            self._states.pop(call.leg_id, None)
        else:
            self._states[call.leg_id] = call.state
        self._live.tell(account_of(call.phone_id), SCREEN if is_new_state else SOUND)
