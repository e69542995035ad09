"""The links that are open on this node, by carrier.

The sandbox needs no network, so that every node has one of its own for each carrier that asks. A
network carrier's link is open on one node, which `LinkKeeper` (keeper.py) sees to.
"""

import asyncio
from collections.abc import Callable
from functools import partial

from hookline.carriers import store as sql
from hookline.carriers.kinds import Home
from hookline.carriers.port import Link, ListOutstanding, Opening, Reports
from hookline.carriers.sandbox.link import SandboxLink
from hookline.ids import CarrierId
from hookline.outbound.http_client import HttpClient
from hookline.storage.callbacks import call_safely
from hookline.storage.store import Store

_KNOWN_MAX = 10_000
SANDBOX = CarrierId("sandbox")
"""The carrier of every test message; no row is needed for it."""


class Links:
    """Finds the link that a message leaves by."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._links: dict[CarrierId, Link] = {}
        self._sandboxes: dict[CarrierId, bool] = {SANDBOX: True}
        """What is known of carriers' kinds, which never change: every message asks."""
        self._watchers: list[tuple[Callable[[CarrierId], None], Callable[[CarrierId], None]]] = []

    def home(
        self,
        reports: Reports,
        client: HttpClient | None = None,
        outstanding: ListOutstanding | None = None,
    ) -> Home:
        """For the keeper: network links are added here and report there."""
        clock, public_url = self._store.clock, self._store.settings.public_url
        return Home(
            lambda carrier_id, before: Opening(
                carrier_id, reports, clock, before, client, public_url, outstanding
            ),
            self.add,
            self.remove,
        )

    def watch(
        self, opened: Callable[[CarrierId], None], closed: Callable[[CarrierId], None]
    ) -> None:
        """Hear of network links. `closed` comes after the last report of the link."""
        self._watchers.append((opened, closed))

    def add(self, link: Link) -> None:
        """A network carrier's link is open here."""
        self._links[link.carrier_id] = link
        for opened, _ in self._watchers:
            call_safely(partial(opened, link.carrier_id))

    async def remove(self, carrier_id: CarrierId) -> None:
        """Close the link; harmless when there is none."""
        link = self._links.pop(carrier_id, None)
        if link is None:
            return
        await link.close()
        for _, closed in self._watchers:
            call_safely(partial(closed, carrier_id))

    def find_open(self, carrier_id: CarrierId) -> Link | None:
        """The network carrier's link, if this node has it."""
        return self._links.get(carrier_id)

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
        return link

    async def close(self) -> None:
        """Close them all, at once."""
        async with asyncio.TaskGroup() as tasks:
            for carrier_id in tuple(self._links):
                tasks.create_task(self.remove(carrier_id))

    async def _is_sandbox(self, carrier_id: CarrierId) -> bool:
        known = self._sandboxes.get(carrier_id)
        if known is not None:
            return known
        rows = await self._store.read(sql.carrier_by_id(carrier_id))
        if not rows:
            return False
        if len(self._sandboxes) >= _KNOWN_MAX:
            self._sandboxes = {SANDBOX: True}
        is_sandbox = self._sandboxes[carrier_id] = rows[0].kind == "sandbox"
        return bool(is_sandbox)
