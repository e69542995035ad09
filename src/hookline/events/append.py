"""Appends events at the end of a batch: position, sequence, row, fan-out.

The account's row in `account_streams` is the batch's last guard and stays locked until the commit,
so that positions become visible in order and readers never meet a gap.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol

from hookline.clock import to_rfc3339
from hookline.events.model import Draft, Event
from hookline.ids import AccountId, EventId, IdSource
from hookline.storage.schema import account_streams, events, resource_sequences
from hookline.storage.sets import Insert, Update
from hookline.storage.transaction import Transaction

FINISHER = "events"

_ADVANCE = Update(
    account_streams,
    key=("account_id",),
    values=("added",),
    changes={"position": "t.position + {added}"},
    returning=("position", "endpoints_version"),
    value_types={"added": "position"},
    ordered=True,
)
_INSERT = Insert(
    events,
    (
        "account_id", "position", "id", "type", "mode", "resource_id", "sequence", "created_at",
        "body",
    ),
)  # fmt: skip


_BEGIN_COUNT = Insert(resource_sequences, ("resource_id", "last"), conflict=("resource_id",))
_COUNT = Update(
    resource_sequences,
    key=("resource_id",),
    values=("added",),
    changes={"last": "t.last + {added}"},
    returning=("last",),
    value_types={"added": "last"},
)


class FanOut(Protocol):
    """Makes the deliveries of events; `webhooks` is joined to it in `app.py`."""

    async def fan_out(
        self,
        tx: Transaction,
        events: Sequence[Event],
        endpoint_versions: Mapping[AccountId, int],
    ) -> None: ...


def append(tx: Transaction, draft: Draft) -> None:
    """Append the event with the batch that the transaction belongs to."""
    tx.defer(FINISHER, draft)


def topic(account_id: AccountId) -> str:
    """The wake-up topic of an account's events."""
    return f"events:{account_id}"


class EventLog:
    """The finisher that writes the rows and fans them out."""

    name = FINISHER

    def __init__(self, ids: IdSource, fan_out: FanOut) -> None:
        self._ids = ids
        self._fan_out = fan_out

    async def finish(self, tx: Transaction, items: Sequence[Draft]) -> None:
        by_account: dict[AccountId, list[Draft]] = {}
        for draft in items:
            by_account.setdefault(draft.account_id, []).append(draft)
        accounts = sorted(by_account)  # one order everywhere: no deadlock between nodes
        heads = await tx.update(_ADVANCE, [(name, len(by_account[name])) for name in accounts])
        sequences = await _next_sequences(tx, items)
        appended: list[Event] = []
        versions: dict[AccountId, int] = {}
        for account_id, head in zip(accounts, heads, strict=True):
            if head is None:
                raise LookupError(f"account {account_id} has no stream row")
            drafts = by_account[account_id]
            versions[account_id] = int(str(head[1]))
            first = int(str(head[0])) - len(drafts) + 1
            for position, draft in enumerate(drafts, start=first):
                appended.append(self._event(position, draft, sequences))
            tx.notify(topic(account_id))
        await tx.insert(_INSERT, [_row(event) for event in appended])
        await self._fan_out.fan_out(tx, appended, versions)

    def _event(self, position: int, draft: Draft, sequences: dict[str, int]) -> Event:
        sequence = draft.sequence
        if sequence is None:
            sequence = sequences[draft.resource_id]
            sequences[draft.resource_id] += 1
        event_id = EventId(self._ids.new("evt"))
        head = (
            f'{{"id":"{event_id}","type":"{draft.type}",'
            f'"timestamp":"{to_rfc3339(draft.occurred_at)}",'
            f'"account_id":"{draft.account_id}","sequence":{sequence},"data":'
        )
        return Event(event_id, position, sequence, head.encode() + draft.data + b"}", draft)


async def _next_sequences(tx: Transaction, drafts: Sequence[Draft]) -> dict[str, int]:
    """The next number of each resource whose own row does not count its events."""
    counts = Counter(draft.resource_id for draft in drafts if draft.sequence is None)
    if not counts:
        return {}
    resources = sorted(counts)
    await tx.insert(_BEGIN_COUNT, [(resource_id, 0) for resource_id in resources])
    rows = [(resource_id, counts[resource_id]) for resource_id in resources]
    lasts = await tx.update(_COUNT, rows)
    return {
        resource_id: int(str(last[0])) - counts[resource_id] + 1
        for resource_id, last in zip(resources, lasts, strict=True)
        if last is not None
    }


def _row(event: Event) -> tuple[object, ...]:
    draft = event.draft
    return (
        draft.account_id, event.position, event.id, str(draft.type), str(draft.mode),
        draft.resource_id, event.sequence, draft.occurred_at, event.body,
    )  # fmt: skip
