"""Acceptance: many prepared messages become durable in one transaction.

Their Idempotency-Keys and their recipients' opt-outs are checked in the same transaction, so that
nothing can change between the check and the message.
"""

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import delete

from hookline.api.idempotency import CLAIM, Claim, repeated_body
from hookline.clock import HOUR_MS
from hookline.credentials.daily_caps import Counter
from hookline.credentials.errors import DailyMessageCapReached
from hookline.errors import HooklineError
from hookline.messages import store as sql
from hookline.messages.counting import count, uncount_lost
from hookline.messages.duplicates import Once, refuse_duplicates
from hookline.messages.errors import AccountMessageCapReached, RecipientOptedOut
from hookline.messages.hand_over import Dispatch, work_topic
from hookline.messages.kept_answers import with_texts, without_texts
from hookline.messages.model import Message, Status
from hookline.principal import Mode
from hookline.storage.schema import idempotency
from hookline.storage.sets import Select
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.telemetry import metrics

_KEPT = Select(
    idempotency,
    key=("digest",),
    columns=("request_digest", "body", "sealed", "created_at"),
)


class Prepared(msgspec.Struct, frozen=True, gc=False):
    """A message that only needs to be committed."""

    message: Message
    body: bytes
    """The answer."""
    claim: Claim | None = None
    daily_cap: int | None = None
    """How many messages of a UTC day the credential may have, this one included."""
    account_cap: int | None = None
    """The same of its account."""
    once: Once | None = None
    """What it must not be the same as."""


class Acceptance(msgspec.Struct, frozen=True, gc=False):
    """The outcome of one prepared message."""

    body: bytes
    replayed: bool = False
    message: Message | None = None
    """As it was stored; None when replayed."""


Outcomes = dict[int, Acceptance | HooklineError]
"""By the place of the item in its batch."""


class Accept:
    """Operation: messages become durable, each at most once for an Idempotency-Key."""

    name = "messages.accept"
    rank = 10

    def __init__(self, store: Store, dispatch: Dispatch) -> None:
        self._store = store
        self._dispatch = dispatch

    def key(self, item: Prepared) -> str | None:
        """One use of an Idempotency-Key a batch: the second then finds the first's answer."""
        return None if item.claim is None else item.claim.digest.hex()

    async def apply(
        self, tx: Transaction, items: Sequence[Prepared]
    ) -> list[Acceptance | HooklineError]:
        outcomes: Outcomes = {}
        claims = {place: item.claim for place, item in enumerate(items) if item.claim is not None}
        await self._replay(tx, claims, outcomes)
        await self._refuse_opted_out(tx, items, outcomes)
        counted = await _count(tx, items, outcomes)
        await _refuse_duplicates(tx, items, outcomes)
        await self._claim(tx, items, claims, outcomes)
        if counted:
            await uncount_lost(tx, counted, outcomes)
        new = [place for place in range(len(items)) if place not in outcomes]
        messages = self._dispatch.owned([items[place].message for place in new])
        if messages:
            await tx.insert(sql.INSERT, [msgspec.structs.astuple(message) for message in messages])
        for place, message in zip(new, messages, strict=True):
            outcomes[place] = Acceptance(items[place].body, message=message)
            if message.owner is None and message.status == Status.QUEUED:
                tx.notify(work_topic(message.carrier_id or ""))
        return [outcomes[place] for place in range(len(items))]

    def committed(
        self, items: Sequence[Prepared], outcomes: Sequence[Acceptance | HooklineError]
    ) -> None:
        accepted = []
        for outcome in outcomes:
            if isinstance(outcome, HooklineError):
                metrics.REFUSED.labels(outcome.code).inc()
            elif outcome.message is not None:
                accepted.append(outcome.message)
        metrics.ACCEPTED.labels("live").inc(sum(m.mode == Mode.LIVE for m in accepted))
        metrics.ACCEPTED.labels("test").inc(sum(m.mode == Mode.TEST for m in accepted))
        self._dispatch.enqueue([message for message in accepted if message.owner is not None])

    async def _replay(
        self, tx: Transaction, claims: Mapping[int, Claim], outcomes: Outcomes
    ) -> None:
        if not claims:
            return
        oldest = self._store.now() - self._store.settings.idempotency_hours * HOUR_MS
        stale = []
        answers: dict[int, bytes] = {}
        kept = await tx.select(_KEPT, [(claim.digest,) for claim in claims.values()])
        for (place, claim), rows in zip(claims.items(), kept, strict=True):
            if not rows:
                continue
            request_digest, body, sealed, created_at = rows[0]
            if created_at < oldest:  # type: ignore[operator]  # columns of _KEPT
                stale.append(claim.digest)
                continue
            try:
                answers[place] = repeated_body(claim, request_digest, body, sealed)  # type: ignore[arg-type]  # columns of _KEPT
            except HooklineError as refusal:
                outcomes[place] = refusal
        told = await with_texts(tx, list(answers.values()))
        for place, answer in zip(answers, told, strict=True):
            outcomes[place] = Acceptance(answer, replayed=True)
        if stale:
            old = (idempotency.c.digest.in_(stale), idempotency.c.created_at < oldest)
            await tx.changed(delete(idempotency).where(*old))

    async def _claim(
        self,
        tx: Transaction,
        items: Sequence[Prepared],
        claims: Mapping[int, Claim],
        outcomes: Outcomes,
    ) -> None:
        """Take the keys of those that are not refused; a refusal must not use one up."""
        wanted = {place: claim for place, claim in claims.items() if place not in outcomes}
        if not wanted:
            return
        now = self._store.now()
        rows = [
            (claim.digest, claim.request_digest, 202, without_texts(items[place].body), 0, now)
            for place, claim in wanted.items()
        ]
        won = await tx.insert(CLAIM, rows)
        if not all(won):  # another node has claimed them since we looked, and has committed
            lost = {place: claims[place] for place, ok in zip(wanted, won, strict=True) if not ok}
            await self._replay(tx, lost, outcomes)
            if not lost.keys() <= outcomes.keys():
                raise LookupError("an Idempotency-Key is claimed, but nobody has it")

    async def _refuse_opted_out(
        self,
        tx: Transaction,
        items: Sequence[Prepared],
        outcomes: Outcomes,
    ) -> None:
        open_places = [place for place in range(len(items)) if place not in outcomes]
        keys = [
            (message.account_id, message.mode, message.recipient)
            for message in (items[place].message for place in open_places)
        ]
        found = await tx.select(sql.IS_OPTED_OUT, keys)
        for place, rows in zip(open_places, found, strict=True):
            if rows and sql.blocks(rows, items[place].message.sender):
                outcomes[place] = RecipientOptedOut.at(
                    "/to", RecipientOptedOut.code, "This recipient has asked for no more messages."
                )


async def _count(
    tx: Transaction, items: Sequence[Prepared], outcomes: Outcomes
) -> dict[Counter, list[int]]:
    """Take from the caps of credentials, then of accounts, and refuse what does not fit."""
    messages = [item.message for item in items]
    of_credentials = [
        None if item.daily_cap is None else (item.message.credential_id or "", item.daily_cap)
        for item in items
    ]
    counted = await count(tx, messages, of_credentials, outcomes, DailyMessageCapReached)
    of_accounts = [
        None if item.account_cap is None else (item.message.account_id, item.account_cap)
        for item in items
    ]
    return counted | await count(tx, messages, of_accounts, outcomes, AccountMessageCapReached)


async def _refuse_duplicates(
    tx: Transaction, items: Sequence[Prepared], outcomes: Outcomes
) -> None:
    wanted = {
        place: (item.message, item.once)
        for place, item in enumerate(items)
        if item.once is not None and place not in outcomes
    }
    if wanted:
        await refuse_duplicates(tx, wanted, outcomes)
