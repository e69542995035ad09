"""Which legs hear each other."""

from collections.abc import Sequence

from hookline.voice.port import BridgeId
from hookline.voice.sandbox.switchboard import Leg, Switchboard


class Bridges:
    """A leg is in one bridge at a time; an empty bridge is none."""

    def __init__(self, switchboard: Switchboard) -> None:
        self._members: dict[BridgeId, list[Leg]] = {}
        switchboard.when_ended.append(self._leave)

    def join(self, bridge_id: BridgeId, legs: Sequence[Leg]) -> None:
        """They hear each other and those who are there already; what they heard before is over."""
        for leg in legs:
            if leg.bridge_id != bridge_id:
                self._leave(leg)
                leg.bridge_id = bridge_id
                self._members.setdefault(bridge_id, []).append(leg)
        self._tell(self._members.get(bridge_id, []))

    def dissolve(self, bridge_id: BridgeId) -> None:
        members = self._members.pop(bridge_id, [])
        for leg in members:
            leg.bridge_id = None
        self._tell(members)

    def others(self, leg: Leg) -> list[Leg]:
        """Whom the leg hears."""
        if leg.bridge_id is None:
            return []
        return [other for other in self._members[leg.bridge_id] if other is not leg]

    def _leave(self, leg: Leg) -> None:
        if leg.bridge_id is None:
            return
        members = self._members[leg.bridge_id]
        members.remove(leg)
        if not members:
            del self._members[leg.bridge_id]
        leg.bridge_id = None
        self._tell(members)

    def _tell(self, members: Sequence[Leg]) -> None:
        for leg in members:
            leg.callee.joined(leg, self.others(leg))
