"""The link to an SMPP carrier."""

from collections.abc import Mapping, Sequence

from hookline.carriers.port import Ambiguity, LinkPhase, LinkState, Opening, Outgoing, Outstanding
from hookline.carriers.smpp.settings import SmppSettings


class SmppLink:
    """One carrier's sessions."""

    def __init__(
        self, settings: SmppSettings, secrets: Mapping[str, str], opening: Opening
    ) -> None:
        self.carrier_id = opening.carrier_id
        self.ambiguity = Ambiguity(settings.ambiguous, float(settings.ambiguous_wait_seconds))
        self._opened_at = opening.clock.now_ms()

    @property
    def window(self) -> int:
        return 0

    def submit(self, messages: Sequence[Outgoing]) -> None: ...

    def recover(self, outstanding: Sequence[Outstanding]) -> None: ...

    def state(self) -> LinkState:
        return LinkState(phase=LinkPhase.CONNECTING, since=self._opened_at)

    async def close(self) -> None: ...
