"""The links that are open on this node, by carrier.

The sandbox needs no network, so that every node has one of its own for each carrier that asks.
"""

from hookline.carriers import store as sql
from hookline.carriers.port import Link, Reports
from hookline.carriers.sandbox.link import SandboxLink
from hookline.ids import CarrierId
from hookline.storage.store import Store
from hookline.telemetry import metrics

SANDBOX = CarrierId("sandbox")
"""The carrier of every test message; no row is needed for it."""


class Links:
    """Finds the link that a message leaves by."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._links: dict[CarrierId, Link] = {}

    async def find(self, carrier_id: CarrierId, reports: Reports) -> Link | None:
        """The open link of this carrier on this node; None when there is none."""
        link = self._links.get(carrier_id)
        if link is None and await self._is_sandbox(carrier_id):
            link = self._links.setdefault(
                carrier_id,
                SandboxLink(
                    carrier_id,
                    reports,
                    self._store.clock,
                    receipt_delay_s=self._store.settings.sandbox_receipt_delay_s,
                    window=self._store.settings.sandbox_window,
                ),
            )
            metrics.CARRIER_LINKS.labels("open").set(len(self._links))
        return link

    async def close(self) -> None:
        for link in self._links.values():
            await link.close()

    async def _is_sandbox(self, carrier_id: CarrierId) -> bool:
        if carrier_id == SANDBOX:
            return True
        rows = await self._store.read(sql.carrier_by_id(carrier_id))
        return bool(rows) and rows[0].kind == "sandbox"
