"""Units of work that wait to be committed, and how a batch of them is put together."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from hookline.storage.operation import Operation

Group = tuple[Operation[Any, Any], list["Unit"]]  # Any: an operation's own items


class Unit:
    """One item of one operation. Without a waiter nobody is told how it ended."""

    __slots__ = ("item", "key", "operation", "waiter")

    def __init__(
        self,
        operation: Operation[Any, Any],
        item: object,
        waiter: asyncio.Future[Any] | None,
    ) -> None:
        self.operation = operation
        self.item = item
        self.waiter = waiter
        key = operation.key(item)
        self.key = None if key is None else (operation.name, key)

    def succeed(self, outcome: object) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(outcome)

    def fail(self, error: Exception) -> bool:
        """Tell the waiter; whether there was one."""
        if self.waiter is None or self.waiter.done():
            return False
        self.waiter.set_exception(error)
        return True


URGENT_RANK_MAX = 10
"""Operations up to this rank are what requests wait for."""


class PendingUnits:
    """The queue before the writer."""

    def __init__(self) -> None:
        self._units: deque[Unit] = deque()

    def __len__(self) -> int:
        return len(self._units)

    def add(self, units: Iterable[Unit]) -> None:
        self._units.extend(units)

    def put_back(self, units: Sequence[Unit]) -> None:
        """Ahead of all others, in their order."""
        self._units.extendleft(reversed(units))

    def take(self, units_max: int) -> list[Unit]:
        """The next batch: at most one unit for each key of an operation, in order."""
        batch: list[Unit] = []
        kept: list[Unit] = []
        keys: set[tuple[str, str]] = set()
        units = self._units
        while units and len(batch) < units_max and len(kept) < units_max:
            unit = units.popleft()
            if unit.key is not None:
                if unit.key in keys:
                    kept.append(unit)
                    continue
                keys.add(unit.key)
            batch.append(unit)
        self.put_back(kept)
        return batch

    def refuse(self, error: Callable[[], Exception]) -> None:
        """Take out and fail those that somebody waits for; inner work stays."""
        for unit in self._units:
            unit.fail(error())
        self._units = deque(unit for unit in self._units if unit.waiter is None)

    def clear(self) -> int:
        """Drop everything; how much it was."""
        dropped = len(self._units)
        self._units.clear()
        return dropped


def split_urgent(batch: Sequence[Unit]) -> list[Sequence[Unit]]:
    """What requests wait for, and the rest behind it, as two transactions.

    Where a statement is a round trip, the rest of a batch takes several times as long as the few
    statements that accept requests, and they need not wait for it.
    """
    urgent = [unit for unit in batch if unit.operation.rank <= URGENT_RANK_MAX]
    if not urgent or len(urgent) == len(batch):
        return [batch]
    return [urgent, [unit for unit in batch if unit.operation.rank > URGENT_RANK_MAX]]


def group_by_operation(batch: Sequence[Unit]) -> list[Group]:
    """The units of each operation, operations by rank."""
    groups: dict[str, Group] = {}
    for unit in batch:
        groups.setdefault(unit.operation.name, (unit.operation, []))[1].append(unit)
    return sorted(groups.values(), key=lambda group: group[0].rank)
