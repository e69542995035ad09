"""Walks over what a replay is about: which failed deliveries, and which events without one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row

from hookline.events.model import EventType
from hookline.storage.store import Store
from hookline.webhooks import replay_store as sql
from hookline.webhooks.formats import STANDARD, Formats
from hookline.webhooks.model import Endpoint
from hookline.webhooks.replay import Candidate, Replay, Stretch, parties

_STRETCH = 5_000
"""Events, or failed deliveries, that one statement looks through."""
_STRETCH_WITH_BODIES = 500

Found = Row[Any]  # Any: the columns of the walk


@dataclass(slots=True)
class Walk:
    """Where one stands. `replay.place` is moved on by whoever has done what was found."""

    store: Store
    formats: Formats
    replay: Replay
    endpoint: Endpoint

    @property
    def _reads_bodies(self) -> bool:
        """Whether only an event itself tells that the endpoint would get it."""
        endpoint = self.endpoint
        return self.replay.selection.makes_new and (
            bool(endpoint.numbers) or endpoint.format != STANDARD
        )

    async def next(self, limit: int) -> Stretch:
        """At most so many candidates behind the place, and where they end."""
        if not self.replay.selection.makes_new:
            rows = await self.store.read(sql.failed(self.replay, limit))
            found = tuple(
                Candidate(row.event_id, row.event_type, row.resource_id, row.delivery_id)
                for row in rows
            )
            return Stretch(found, rows[-1].delivery_id if len(rows) == limit else None)
        return await self._next_events(limit)

    async def count_next(self) -> tuple[int, str | None]:
        """How many candidates the next stretch has, and where it ends; moves on by itself."""
        if not self.replay.selection.makes_new:
            statement = sql.failed(self.replay, _STRETCH)
            [counted] = await self.store.read(sql.count_of(statement, "delivery_id"))
            place = counted.place if counted.found == _STRETCH else None
            return self._moved(counted.found, place)
        if self._reads_bodies:
            stretch = await self._next_events(_STRETCH_WITH_BODIES)
            return self._moved(len(stretch.candidates), stretch.place)
        until = self._until(_STRETCH)
        statement = self._events(until, _STRETCH)
        [counted] = await self.store.read(sql.count_of(statement, "position"))
        return self._moved(counted.found, self._place_at(until))

    def _moved(self, count: int, place: str | None) -> tuple[int, str | None]:
        if place is not None:
            self.replay = replace(self.replay, place=place)
        return count, place

    async def _next_events(self, limit: int) -> Stretch:
        until = self._until(_STRETCH_WITH_BODIES if self._reads_bodies else _STRETCH)
        rows = await self.store.read(self._events(until, limit))
        place = str(rows[-1].position) if len(rows) == limit else self._place_at(until)
        chosen = await self._chosen(rows) if self._reads_bodies else rows
        return Stretch(
            tuple(
                Candidate(
                    row.event_id, row.event_type, row.resource_id, row.delivery_id, row.position
                )
                for row in chosen
            ),
            place,
        )

    def _events(self, until: int, limit: int) -> sql.Rows:
        covered = [one for one in self.replay.types if self._covers(one)]
        return sql.kept_events(
            self.replay, covered, until=until, limit=limit, with_body=self._reads_bodies
        )

    def _covers(self, name: str) -> bool:
        """Whether the endpoint wants the type. One that this version no longer knows is not sent."""
        known = [kind for kind in EventType if kind == name]
        return bool(known) and self.endpoint.subscription.covers(known[0])

    def _until(self, stretch: int) -> int:
        return min(int(self.replay.place) + stretch, self.replay.end_position)

    def _place_at(self, until: int) -> str | None:
        return str(until) if until < self.replay.end_position else None

    async def _chosen(self, rows: Sequence[Found]) -> list[Found]:
        """Those that go on, of events that the endpoint has no delivery of yet: by number and format."""
        about = {row.event_id: self._about(row) for row in rows if row.delivery_id is None}
        calls = await self._numbers_of_calls({call for _, call in about.values() if call})
        chosen = []
        for row in rows:
            if row.delivery_id is None:
                numbers, call_id = about[row.event_id]
                if not self._goes_there(row, calls.get(call_id or "", numbers)):
                    continue
            chosen.append(row)
        return chosen

    def _about(self, row: Found) -> tuple[tuple[str, ...], str | None]:
        return parties(EventType(row.event_type), bytes(row.body))

    def _goes_there(self, row: Found, numbers: tuple[str, ...]) -> bool:
        kind, endpoint = EventType(row.event_type), self.endpoint
        return endpoint.wants(kind, endpoint.mode, numbers) and self.formats.tells_of(
            endpoint.format, kind, bytes(row.body)
        )

    async def _numbers_of_calls(self, call_ids: set[str]) -> Mapping[str, tuple[str, ...]]:
        if not call_ids:
            return {}
        rows = await self.store.read(sql.callers_of(sorted(call_ids)))
        return {
            row.id: (row.sender if row.direction == "outbound" else row.recipient,) for row in rows
        }
