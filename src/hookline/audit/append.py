"""Appends to the audit trail in the transaction of the act itself.

The hash of a row covers its content and the previous row's hash, so that a row changed or removed
later breaks the chain. Secrets never enter `before` or `after`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from hookline.clock import Clock
from hookline.ids import AccountId
from hookline.principal import Principal
from hookline.storage.schema import account_streams, audit
from hookline.storage.sets import Insert, Select, Update
from hookline.storage.transaction import Transaction

FINISHER = "audit"

Facts = Mapping[str, object]

_INSERT = Insert(
    audit,
    (
        "account_id", "number", "at", "actor_kind", "actor_id", "actor_label", "ip", "user_agent",
        "request_id", "action", "resource_id", "before", "after", "previous_hash", "hash",
    ),
)  # fmt: skip
_LOCK = Update(
    account_streams,
    key=("account_id",),
    values=("added",),
    changes={"audit_number": "t.audit_number + {added}"},
    returning=("audit_number", "audit_hash"),
    value_types={"added": "audit_number"},
    ordered=True,
)
_CHAIN = Update(
    account_streams,
    key=("account_id",),
    values=("audit_hash",),
    changes={"audit_hash": "{audit_hash}"},
)
LAST = Select(account_streams, key=("account_id",), columns=("audit_number", "audit_hash"))


@dataclass(frozen=True, slots=True)
class Act:
    """One administrative act."""

    principal: Principal
    action: str
    """What was done, `credential.create`."""
    resource_id: str
    before: Facts | None = None
    after: Facts | None = None


def record(
    tx: Transaction,
    principal: Principal,
    action: str,
    resource_id: str,
    *,
    before: Facts | None = None,
    after: Facts | None = None,
) -> None:
    """Note the act; the row is written at the end of the batch, or not at all."""
    tx.defer(FINISHER, Act(principal, action, resource_id, before, after))


class AuditTrail:
    """The finisher that writes the rows."""

    name = FINISHER

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def finish(self, tx: Transaction, items: Sequence[Act]) -> None:
        by_account: dict[AccountId, list[Act]] = {}
        for act in items:
            by_account.setdefault(act.principal.account_id, []).append(act)
        accounts = sorted(by_account)
        heads = await tx.update(_LOCK, [(name, len(by_account[name])) for name in accounts])
        chained: list[tuple[object, ...]] = []
        for account_id, head in zip(accounts, heads, strict=True):
            if head is None:
                raise LookupError(f"account {account_id} has no stream row")
            last, previous = int(str(head[0])), str(head[1])
            acts = by_account[account_id]
            for number, act in enumerate(acts, start=last - len(acts) + 1):
                row = self._row(number, act)
                digest = row_hash(row, previous)
                tx.add(_INSERT, (*row, previous, digest))
                previous = digest
            chained.append((account_id, previous))
        await tx.update(_CHAIN, chained)

    def _row(self, number: int, act: Act) -> tuple[object, ...]:
        who = act.principal
        return (
            who.account_id, number, self._clock.now_ms(), who.kind.value, who.id, who.label, who.ip,
            who.user_agent, who.request_id, act.action, act.resource_id,
            _json(act.before), _json(act.after),
        )  # fmt: skip


def row_hash(row: Sequence[object], previous_hash: str) -> str:
    """SHA-256 over the previous hash and the row's columns up to `after`, as hexadecimal."""
    content = msgspec.json.encode([previous_hash, *row])
    return hashlib.sha256(content).hexdigest()


def _json(facts: Facts | None) -> str | None:
    return None if facts is None else msgspec.json.encode(facts, order="sorted").decode()
