"""Keeps the links of network carriers: one node opens each, and all nodes can see how it is.

A carrier's lease says which node has its link. Whoever holds it opens the link, opens it anew when
the carrier is changed, and writes its state down; a node that dies is followed within its lease.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Row

from hookline.carriers import store as sql
from hookline.carriers.kinds import KINDS
from hookline.carriers.links import Links
from hookline.carriers.port import Link, LinkState, Opening, Reports
from hookline.errors import HooklineError
from hookline.ids import CarrierId
from hookline.outbound.sealing import SecretBox
from hookline.storage.leases import Leases
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.storage.wakeups import Wakeups
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
TOPIC = "carriers"
"""The wake-up topic of any change of any carrier."""
SECRETS_PURPOSE = "carrier secrets"
LINK = "main"
_LEASE = "carrier:"
_TICK_S = 1.0
_SEEN_EVERY_MS = 5_000
STALE_AFTER_MS = 20_000
"""A state that has not been seen for so long is nobody's any more."""

CarrierRow = Row[Any]  # Any: every column of the table


@dataclass(slots=True)
class _Kept:
    """A link that this node keeps."""

    link: Link
    row: tuple[object, ...]
    """The carrier as it was when the link was opened."""
    written: LinkState | None = None
    seen_at: int = 0


class LinkKeeper:
    """Opens and closes the links that are this node's."""

    def __init__(
        self,
        store: Store,
        links: Links,
        leases: Leases,
        wakeups: Wakeups,
        box: SecretBox,
        reports: Reports,
    ) -> None:
        self._store = store
        self._links = links
        self._leases = leases
        self._box = box
        self._reports = reports
        self._kept: dict[CarrierId, _Kept] = {}
        self._changed = asyncio.Event()
        self._is_stopping = False
        wakeups.subscribe(TOPIC, self._changed.set)
        leases.on_lost(self._lost)

    async def run(self) -> None:
        """Look for ever, at every change and once a second."""
        while not self._is_stopping:
            self._changed.clear()
            try:
                await self.look()
            except HooklineError as error:
                log.warning("carriers_unseen", detail=error.detail)
            await self._pause()

    async def look(self) -> None:
        """Open, reopen and close what is to be, and write down how the links are."""
        wanted = {CarrierId(row.id): row for row in await self._store.read(sql.network_carriers())}
        for carrier_id, kept in tuple(self._kept.items()):
            row = wanted.get(carrier_id)
            if row is None or _told(row) != kept.row:
                await self._close(carrier_id, release=row is None)
        free = await self._store.read(sql.leases_of([_LEASE + one for one in wanted]))
        now = self._store.now()
        taken = {
            row.name for row in free if row.expires_at > now and row.owner != self._leases.node
        }
        for carrier_id, row in wanted.items():
            if carrier_id not in self._kept and _LEASE + carrier_id not in taken:
                await self._open(carrier_id, row)
        await self._write_states()

    async def stop(self) -> None:
        """Close every link, and say so."""
        self._is_stopping = True
        for carrier_id in tuple(self._kept):
            await self._close(carrier_id, release=True)

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(_TICK_S):
                await self._changed.wait()
        except TimeoutError:
            return

    def _lost(self, lease: str) -> None:
        """Another node has it: whatever we still hold is closed by the next look."""
        kept = self._kept.get(CarrierId(lease.removeprefix(_LEASE)))
        if lease.startswith(_LEASE) and kept is not None:
            kept.row = ()
            self._changed.set()

    async def _open(self, carrier_id: CarrierId, row: CarrierRow) -> None:
        if self._is_stopping or not await self._leases.claim(_LEASE + carrier_id):
            return
        kind = KINDS[row.kind]
        settings = kind.settings.model_validate_json(row.settings)
        secrets = open_secrets(self._box, row.secrets)
        learned = await self._learned(carrier_id)
        opening = Opening(carrier_id, self._reports, self._store.clock, learned)
        link = kind.open(settings, secrets, opening)
        log.info("link_opened", carrier=row.name, carrier_id=carrier_id)
        self._kept[carrier_id] = _Kept(link, _told(row))
        self._links.add(link)

    async def _learned(self, carrier_id: CarrierId) -> str | None:
        rows = await self._store.read(sql.link_of(carrier_id))
        return (
            msgspec.json.decode(rows[0].figures, type=LinkState).message_id_format if rows else None
        )

    async def _close(self, carrier_id: CarrierId, *, release: bool) -> None:
        kept = self._kept.pop(carrier_id)
        await self._links.remove(carrier_id)
        log.info("link_closed", carrier_id=carrier_id)
        if release:
            await self._leases.release([_LEASE + carrier_id])
        await self._write([(carrier_id, kept.link.state())])

    async def _write_states(self) -> None:
        now = self._store.now()
        due: list[tuple[CarrierId, LinkState]] = []
        for carrier_id, kept in self._kept.items():
            state = kept.link.state()
            old = kept.written
            is_news = old is None or (old.phase, old.detail) != (state.phase, state.detail)
            if is_news or now - kept.seen_at >= _SEEN_EVERY_MS:
                kept.written, kept.seen_at = state, now
                due.append((carrier_id, state))
        if due:
            await self._write(due)

    async def _write(self, states: Sequence[tuple[CarrierId, LinkState]]) -> None:
        now = self._store.now()
        rows = [
            (
                carrier_id, LINK, self._leases.node, state.phase.value,
                msgspec.json.encode(state).decode(), state.since, now,
            )
            for carrier_id, state in states
        ]  # fmt: skip

        async def write(tx: Transaction) -> None:
            await tx.execute(sql.forget_links([carrier_id for carrier_id, _ in states]))
            await tx.insert(sql.INSERT_LINK, rows)

        await self._store.commit(write)


def _told(row: CarrierRow) -> tuple[object, ...]:
    """What a link must be opened anew for."""
    return (row.kind, row.settings, row.secrets)


def seal_secrets(box: SecretBox, secrets: Mapping[str, str]) -> str:
    """A carrier's secrets for its row."""
    return box.seal(SECRETS_PURPOSE, msgspec.json.encode(secrets))


def open_secrets(box: SecretBox, sealed: str | None) -> dict[str, str]:
    """A carrier's secrets from its row. Raises SecretUnreadable."""
    return (
        {}
        if sealed is None
        else msgspec.json.decode(box.open(SECRETS_PURPOSE, sealed), type=dict[str, str])
    )
