"""Carries out what was done at virtual phones whose calls are on this node, each act once."""

from typing import Any

from sqlalchemy import Row

from hookline.calls import phone_store as sql
from hookline.calls.errands import Errand
from hookline.calls.phone_control import ANSWER, DECLINE, HANG_UP, acts_topic
from hookline.calls.schemas import PhoneAction
from hookline.errors import HooklineError
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.storage.wakeups import Wakeups
from hookline.telemetry.logs import get_logger
from hookline.voice.errors import PhoneCallGone
from hookline.voice.port import LegId
from hookline.voice.sandbox.phones import VirtualPhones
from hookline.voice.speech import Speech

log = get_logger(__name__)


class PhoneHands:
    """The hands of those who use this node's phones."""

    def __init__(self, store: Store, node: str, phones: VirtualPhones, speech: Speech) -> None:
        self._store = store
        self._node = node
        self._phones = phones
        self._speech = speech
        self._simple = {
            ANSWER: phones.answer,
            DECLINE: phones.decline,
            HANG_UP: phones.hang_up,
        }
        self._errand = Errand("phone_hands", self._obey)

    def listen(self, wakeups: Wakeups) -> None:
        """Hear of acts that were stored, here or on other nodes."""
        wakeups.subscribe(acts_topic(self._node), self.look)

    def look(self) -> None:
        """See soon whether there is something to do."""
        self._errand.want()

    async def cancel(self) -> None:
        await self._errand.cancel()

    async def _obey(self) -> None:
        if not await self._store.read(sql.acts_for(self._node)):
            return

        async def take(tx: Transaction) -> list[Row[Any]]:  # Any: the columns of `take_acts`
            return sorted(await tx.execute(sql.take_acts(self._node)), key=lambda row: row.id)

        for row in await self._store.commit(take):
            try:
                await self._do(LegId(row.leg_id), row.act)
            except PhoneCallGone:
                continue  # the call has ended meanwhile, which its screen shows
            except HooklineError as error:
                log.warning("phone_act_failed", leg_id=row.leg_id, detail=error.detail)

    async def _do(self, leg_id: LegId, act: str) -> None:
        simple = self._simple.get(act)
        if simple is not None:
            simple(leg_id)
        else:
            await self._act(leg_id, PhoneAction.model_validate_json(act))

    async def _act(self, leg_id: LegId, action: PhoneAction) -> None:
        if action.key == "send_digits":
            self._phones.press(leg_id, action.send_digits)
            return
        said = action.say
        path = await self._speech.say(said.text, language=said.language, voice=said.voice)
        self._phones.speak(leg_id, path)
