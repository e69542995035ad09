"""Canceling a message that has not left, and removing a text that is no longer wanted."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import update

from hookline.audit.append import record
from hookline.errors import NotFound
from hookline.events.read import redact
from hookline.ids import AccountId, is_id
from hookline.messages import store as sql
from hookline.messages.errors import NotCancelable, StillUnderWay
from hookline.messages.model import FINAL, Change, Message, Status, from_row
from hookline.messages.progress import Move, move
from hookline.principal import Principal
from hookline.storage.schema import messages
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction


async def cancel_message(
    tx: Transaction, store: Store, principal: Principal, message_id: str
) -> Message:
    """Cancel a scheduled or queued message. Raises NotFound, NotCancelable."""
    before = await _existing(tx, principal, message_id)
    changed = (await move(tx, [Move(before.id, Change.CANCELED, store.now())]))[0]
    if changed is None:
        raise NotCancelable(
            f"The message is {before.status}; only scheduled and queued ones can be canceled."
        )
    return changed


async def redact_message(tx: Transaction, principal: Principal, message_id: str) -> None:
    """Remove the text from the message and its events. Raises NotFound, StillUnderWay.

    Deliveries read their bodies from the events, and answers kept for an Idempotency-Key their texts
    from the messages (`kept_answers.py`): there is no other copy.
    """
    before = await _existing(tx, principal, message_id)
    if Status(before.status) not in FINAL | {Status.SENT}:
        raise StillUnderWay(f"The message is {before.status}; its text is still needed.")
    await tx.changed(update(messages).where(messages.c.id == before.id).values(text=None))
    await redact(tx, AccountId(before.account_id), before.id, _without_text)
    record(
        tx, principal, "message.redact", before.id,
        before={"text": "kept" if before.text is not None else "removed"},
        after={"text": "removed"},
    )  # fmt: skip


def _without_text(data: Mapping[str, Any]) -> dict[str, Any]:  # Any: a resource's JSON
    return {**data, "text": None}


async def _existing(tx: Transaction, principal: Principal, message_id: str) -> Message:
    rows = (
        await tx.execute(sql.by_id(principal.account_id, principal.mode, message_id))
        if is_id("msg", message_id)
        else []
    )
    if not rows:
        raise NotFound(f"There is no message {message_id[:64]} here.")
    return from_row(tuple(rows[0]))
