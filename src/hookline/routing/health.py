"""How carriers are, as routes see it: known in each process, at most a second old.

What a node knows of a link stands in `carrier_links`; nobody asks for it before a route needs it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from hookline.carriers.live_state import State, link_view
from hookline.clock import UnixMs
from hookline.ids import CarrierId
from hookline.routing import store as sql
from hookline.routing.choice import Standing
from hookline.storage.store import Store
from hookline.telemetry.link_state import Lately

_FRESH_MS = 1_000
_JUST_GONE_MS = 10_000
"""Links come back, and are made after a start, within a few seconds."""
_PRIOR = 10
"""So many good answers are taken for granted: one fault among three is no trend."""
_POOR_BELOW = 50


@dataclass(frozen=True, slots=True)
class Health:
    """One carrier."""

    name: str
    standing: Standing
    score: int
    """0–100: the share of good answers lately; 0 when it is down."""
    state: State
    down_since: UnixMs | None
    """When this process first found it down."""
    why: str


class CarrierHealth:
    """Knows the carriers of routes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[CarrierId, Health] = {}
        self._seen_at = 0

    async def all(self) -> Mapping[CarrierId, Health]:
        """Every carrier that a route has."""
        now = self._store.now()
        if now - self._seen_at >= _FRESH_MS:
            self._seen_at = now  # at once: who asks meanwhile takes what is known
            rows = await self._store.read(sql.carriers_of_routes())
            self._known = {CarrierId(row.id): self._judge(row, now) for row in rows}
        return self._known

    async def fresh(self) -> Mapping[CarrierId, Health]:
        """The same, looked at now."""
        self._seen_at = 0
        return await self.all()

    def takes(self, health: Health | None) -> bool:
        """Whether a message may go there: a link that has only just gone, or is not up yet, is waited for."""
        if health is None or health.down_since is None:
            return True
        return self._store.now() - health.down_since < _JUST_GONE_MS

    def _judge(self, row: Row[Any], now: UnixMs) -> Health:  # Any: of `carriers_of_routes`
        view = link_view(row, None if row.carrier_id is None else row, now, self._store.settings)
        if not view.is_bound:
            before = self._known.get(CarrierId(row.id))
            since = before.down_since if before and before.down_since is not None else now
            why = view.detail or f"its link is {view.state.value}"
            return Health(row.name, Standing.DOWN, 0, view.state, since, why)
        score = score_of(view.figures.lately)
        standing = Standing.POOR if score < _POOR_BELOW else Standing.UP
        why = (
            f"{100 - score} % of its answers lately were faults"
            if score < 100
            else "its link is up"
        )
        return Health(row.name, standing, score, view.state, None, why)


def score_of(lately: Lately) -> int:
    """The share of answers that show no fault of the carrier.

    A refusal counts half: it is mostly the number's fault. Asking to slow down is none.
    """
    good = _PRIOR + lately.accepted + lately.rejected / 2
    return round(100 * good / (good + lately.rejected / 2 + lately.faulted + lately.ambiguous))
