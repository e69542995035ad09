"""Keeps the links of network carriers: one node opens each, and all nodes can see how it is.

A carrier's lease says which node has its link. Whoever holds it opens the link, opens it anew when
the carrier is changed, and writes its state down; a node that dies is followed within its lease.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from pydantic import ValidationError
from sqlalchemy import Row

from hookline.carriers import store as sql
from hookline.carriers.kinds import Home, Kind, Kinds, Opened
from hookline.carriers.secrets import open_secrets
from hookline.errors import HooklineError
from hookline.ids import CarrierId
from hookline.outbound.sealing import SecretBox
from hookline.storage.leases import Leases
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.storage.wakeups import Wakeups
from hookline.telemetry import metrics
from hookline.telemetry.link_state import LinkPhase, LinkState
from hookline.telemetry.logs import get_logger

log = get_logger(__name__)
TOPIC = "carriers"
"""The wake-up topic of any change of any carrier."""
LINK = "main"
_LEASE = "carrier:"
_TICK_S = 1.0
_SEEN_EVERY_MS = 5_000
STALE_AFTER_MS = 20_000
"""A state that has not been seen for so long is nobody's any more."""

CarrierRow = Row[Any]  # Any: every column of the table


class KindUnknown(HooklineError):
    """A carrier of a kind that this version does not have. Start the version that added it."""

    code = "carrier_kind_unknown"
    title = "The kind of carrier is not known"

    def __init__(self, kind: str) -> None:
        super().__init__(f"This version knows no carriers of kind {kind!r}. Start a newer one.")


@dataclass(slots=True)
class _Kept:
    """A link that this node keeps, or could not open."""

    link: Opened | LinkState
    """Where it could not be opened, what is shown of that."""
    row: tuple[object, ...]
    """The carrier as it was when the link was opened."""
    home: Home | None = None
    """Where the link is; None where it could not be opened."""
    written: LinkState | None = None
    seen_at: int = 0

    def state(self) -> LinkState:
        return self.link if isinstance(self.link, LinkState) else self.link.state()


class LinkKeeper:
    """Opens and closes the links that are this node's."""

    def __init__(
        self,
        store: Store,
        leases: Leases,
        wakeups: Wakeups,
        box: SecretBox,
        *,
        kinds: Kinds,
        homes: Mapping[str, Home],
    ) -> None:
        """`homes`: by the names that the kinds have."""
        self._store = store
        self._kinds = kinds
        self._homes = homes
        self._leases = leases
        self._box = box
        self._kept: dict[CarrierId, _Kept] = {}
        self._changed = asyncio.Event()
        self._is_stopping = False
        self._looking = asyncio.Lock()
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
        async with self._looking:  # `stop` must find all links, and nothing half opened or closed
            if not self._is_stopping:
                await self._look()
                self._count()

    async def _look(self) -> None:
        wanted = {CarrierId(row.id): row for row in await self._store.read(sql.network_carriers())}
        stale = {
            carrier_id
            for carrier_id, kept in self._kept.items()
            if carrier_id not in wanted or _told(wanted[carrier_id]) != kept.row
        }
        if stale:
            await self._close(stale, release=stale - wanted.keys())
        missing = [one for one in wanted if one not in self._kept]
        taken = await self._taken_by_others(missing)
        for carrier_id in missing:
            if carrier_id not in taken:
                await self._open(carrier_id, wanted[carrier_id])
        await self._write_states()

    async def _taken_by_others(self, carrier_ids: Sequence[CarrierId]) -> set[CarrierId]:
        if not carrier_ids:
            return set()
        names = {_LEASE + one: one for one in carrier_ids}
        rows, now = await self._store.read(sql.leases_of(list(names))), self._store.now()
        return {
            names[row.name]
            for row in rows
            if row.expires_at > now and row.owner != self._leases.node
        }

    async def stop(self) -> None:
        """Close every link, and say so."""
        self._is_stopping = True
        async with self._looking:
            if self._kept:
                await self._close(set(self._kept), release=set(self._kept))
            self._count()

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
        if not await self._leases.claim(_LEASE + carrier_id):
            return
        before = await self._last_state(carrier_id)
        try:
            kind = self._kind(row)
            home = self._homes[kind.home]
            settings = kind.settings.model_validate_json(row.settings)
            secrets = open_secrets(self._box, row.secrets)
            link = kind.open(settings, secrets, home.opening(carrier_id, before))
        except (HooklineError, ValidationError, msgspec.MsgspecError) as error:
            detail = _why_unopenable(error)
            log.error("link_unopenable", carrier=row.name, carrier_id=carrier_id, detail=detail)
            state = LinkState(
                phase=LinkPhase.CLOSED,
                since=self._store.now(),
                detail=detail,
                message_id_format=before.message_id_format if before else None,
                rate_learned=before.rate_learned if before else 0.0,
            )
            self._kept[carrier_id] = _Kept(state, _told(row))
            return
        log.info("link_opened", carrier=row.name, carrier_id=carrier_id)
        self._kept[carrier_id] = _Kept(link, _told(row), home)
        home.add(link)

    def _kind(self, row: CarrierRow) -> Kind:
        """Raises KindUnknown."""
        if row.kind not in self._kinds:
            raise KindUnknown(row.kind)
        return self._kinds[row.kind]

    async def _last_state(self, carrier_id: CarrierId) -> LinkState | None:
        """As whoever had the link before has written it."""
        rows = await self._store.read(sql.link_of(carrier_id))
        try:
            states = [msgspec.json.decode(row.figures, type=LinkState) for row in rows]
        except msgspec.MsgspecError:  # written by another version
            return None
        return states[0] if states else None

    async def _close(
        self, carrier_ids: Collection[CarrierId], *, release: Collection[CarrierId]
    ) -> None:
        """Close links at once, write down how they ended, then let others have them."""
        closed = {carrier_id: self._kept.pop(carrier_id) for carrier_id in carrier_ids}
        homes = [(one, kept.home) for one, kept in closed.items() if kept.home is not None]
        await asyncio.gather(*(home.remove(carrier_id) for carrier_id, home in homes))
        for carrier_id in closed:
            log.info("link_closed", carrier_id=carrier_id)
        held = self._leases.held  # of what another node has taken, it writes the state
        await self._write(
            [(one, kept.state()) for one, kept in closed.items() if _LEASE + one in held]
        )
        if release:
            await self._leases.release([_LEASE + carrier_id for carrier_id in release])

    async def _write_states(self) -> None:
        now = self._store.now()
        due: list[tuple[CarrierId, LinkState]] = []
        for carrier_id, kept in self._kept.items():
            state = kept.state()
            old = kept.written
            is_news = old is None or (old.phase, old.detail) != (state.phase, state.detail)
            if is_news or now - kept.seen_at >= _SEEN_EVERY_MS:
                kept.written, kept.seen_at = state, now
                due.append((carrier_id, state))
        if due:
            await self._write(due)

    async def _write(self, states: Sequence[tuple[CarrierId, LinkState]]) -> None:
        """Nothing is left of carriers that have been removed."""
        now = self._store.now()
        carrier_ids = [carrier_id for carrier_id, _ in states]
        known = {row.id for row in await self._store.read(sql.existing(carrier_ids))}
        rows = [
            (
                carrier_id, LINK, self._leases.node, state.phase.value,
                msgspec.json.encode(state).decode(), state.since, now,
            )
            for carrier_id, state in states
            if carrier_id in known
        ]  # fmt: skip

        async def write(tx: Transaction) -> None:
            await tx.execute(sql.forget_links(carrier_ids))
            await tx.insert(sql.INSERT_LINK, rows)

        if carrier_ids:
            await self._store.commit(write)

    def _count(self) -> None:
        phases = Counter(kept.state().phase for kept in self._kept.values())
        for phase in LinkPhase:
            metrics.CARRIER_LINKS.labels(phase.value).set(phases[phase])


def _why_unopenable(error: Exception) -> str:
    if isinstance(error, KindUnknown):
        return error.detail
    if isinstance(error, HooklineError):
        return f"{error.detail} Or set the carrier's secrets anew."
    if isinstance(error, ValidationError):
        faults = "; ".join(
            f"{'.'.join(str(step) for step in one['loc']) or 'all'}: {one['msg']}"
            for one in error.errors(include_url=False, include_input=False, include_context=False)
        )
        return f"The stored settings cannot be used ({faults}). Set them anew."
    return "The stored secrets cannot be used. Set them anew."


def _told(row: CarrierRow) -> tuple[object, ...]:
    """What a link must be opened anew for."""
    return (row.kind, row.settings, row.secrets)
