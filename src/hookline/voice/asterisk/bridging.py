"""Bridges, on which legs hear each other."""

import asyncio
import contextlib
from collections.abc import Sequence
from functools import partial

from hookline.telemetry.logs import get_logger
from hookline.voice.asterisk.errors import AriError, AriNotNow
from hookline.voice.asterisk.legs import Leg
from hookline.voice.asterisk.switch import Switch
from hookline.voice.port import BridgeId, LegId

log = get_logger(__name__)
_TYPE = "mixing,dtmf_events"


class Bridging:
    """The bridges of one Asterisk. What is on a bridge is Asterisk's to know."""

    def __init__(self, switch: Switch) -> None:
        self._switch = switch
        self._turns: dict[BridgeId, asyncio.Lock] = {}

    def bridge(self, bridge_id: BridgeId, legs: Sequence[LegId]) -> None:
        found = [leg for leg in map(self._switch.legs.find, legs) if leg is not None]
        if found:
            turn = self._turns.setdefault(bridge_id, asyncio.Lock())
            self._switch.in_turn(turn, partial(self._join, bridge_id, found))

    def unbridge(self, bridge_id: BridgeId) -> None:
        turn = self._turns.pop(bridge_id, None)
        if turn is not None:
            path = f"bridges/{self._switch.names.bridge(bridge_id)}"
            self._switch.in_turn(turn, lambda: self._switch.ari.delete(path))

    async def sweep(self) -> None:
        """Remove what an earlier life of this engine left and nobody is on."""
        names = self._switch.names
        known = {names.bridge(bridge_id) for bridge_id in self._turns}
        for one in await self._switch.ari.get("bridges"):
            if names.is_ours(one["id"]) and one["id"] not in known and not one["channels"]:
                await self._switch.ari.delete(f"bridges/{one['id']}")

    async def _join(self, bridge_id: BridgeId, legs: Sequence[Leg]) -> None:
        ari, path = self._switch.ari, f"bridges/{self._switch.names.bridge(bridge_id)}"
        with contextlib.suppress(AriNotNow):  # it is there already
            await ari.post(path, {"type": _TYPE})
        for leg in legs:
            async with leg.turn:
                await self._add(path, leg)

    async def _add(self, path: str, leg: Leg) -> None:
        """One at a time: a leg that is gone must not keep the others off."""
        try:
            await self._switch.ari.post(f"{path}/addChannel", {"channel": leg.channel_id})
        except AriError as error:  # Asterisk says 400 of a channel that is gone
            log.info("leg_not_bridged", leg_id=leg.leg_id, reason=error.detail)
