"""What the writer commits: operations on sets of items, and single use cases."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

from hookline.errors import HooklineError
from hookline.storage.errors import DatabaseUnavailable
from hookline.storage.transaction import Transaction

Item = TypeVar("Item", contravariant=True)
Outcome = TypeVar("Outcome", covariant=True)


class Operation(Protocol[Item, Outcome]):
    """One kind of write, done for all the units of a batch at once by set statements.

    `apply` may run again for the same items (after a failure the batch is rerun in parts), so it
    keeps its effects inside the transaction. An outcome that is a HooklineError refuses its unit;
    such a unit must have written nothing.
    """

    name: str
    rank: int
    """Operations of a batch run in this order; up to `batches.URGENT_RANK_MAX` a request waits."""

    def key(self, item: Item) -> str | None:
        """The row that the item changes: one unit a key in a batch. None: no such row."""
        ...

    async def apply(
        self, tx: Transaction, items: Sequence[Item]
    ) -> Sequence[Outcome | HooklineError]:
        """Do it; one outcome an item, in order."""
        ...

    def committed(self, items: Sequence[Item], outcomes: Sequence[Any]) -> None:
        """The batch is durable: hand the rows over in memory. Outcomes may be errors."""
        ...


class Procedure:
    """Runs use cases one after the other, each under a savepoint of its own.

    A use case that is alone in its batch needs none: its refusal ends the transaction.
    """

    name = "procedure"
    rank = 50

    def key(self, item: object) -> str | None:
        return None

    async def apply(
        self, tx: Transaction, items: Sequence[Callable[[Transaction], Awaitable[Any]]]
    ) -> list[Any]:
        if tx.is_single:
            return [await use_case(tx) for use_case in items]
        outcomes: list[Any] = []
        for use_case in items:
            try:
                async with tx.isolated("unit"):
                    outcomes.append(await use_case(tx))
            except DatabaseUnavailable:
                raise  # this is about the whole batch
            except HooklineError as refusal:
                outcomes.append(refusal)
        return outcomes

    def committed(self, items: Sequence[object], outcomes: Sequence[Any]) -> None:
        """Nothing to hand over: a use case registers its own callbacks."""
