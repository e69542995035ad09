"""Use cases of deliveries: look them up, send one again, send a test. Free of HTTP."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from hookline.audit.append import record
from hookline.errors import Invalid
from hookline.events.catalogue import example_body, example_resource_id
from hookline.events.model import EventType, scope_of
from hookline.ids import DeliveryId, EndpointId
from hookline.principal import Principal
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.webhooks import ledger
from hookline.webhooks.attempt import example_of
from hookline.webhooks.endpoints import get_endpoint
from hookline.webhooks.engine import Webhooks
from hookline.webhooks.errors import DeliveryNotFound, EndpointGone, EventGone
from hookline.webhooks.ledger import DeliveryRow
from hookline.webhooks.model import Attempt, Delivery, DeliveryStatus

TEST_BYTES_MAX = 20_480
AttemptRow = Row[Any]  # Any: every column of the table


async def get_delivery(
    store: Store, principal: Principal, delivery_id: str
) -> tuple[DeliveryRow, Sequence[AttemptRow]]:
    """A delivery of the caller's account and mode, and its attempts. Raises DeliveryNotFound."""
    rows = await store.read(ledger.by_id(principal.account_id, principal.mode, delivery_id))
    if not rows:
        raise DeliveryNotFound(delivery_id)
    return rows[0], await store.read(ledger.attempts_of(DeliveryId(rows[0].id)))


async def resend(
    tx: Transaction, store: Store, principal: Principal, delivery_id: str
) -> DeliveryRow:
    """Make a delivery due at once, whatever came of it before.

    Raises DeliveryNotFound, EndpointGone, EventGone.
    """
    before = await _existing(tx, principal, delivery_id)
    if before.endpoint_id is not None and before.endpoint_url is None:
        raise EndpointGone
    is_kept = await tx.execute(ledger.bodies([before.event_id]))
    if not is_kept and example_of(ledger.delivery_of(before, None)) is None:
        raise EventGone
    await tx.changed(ledger.resend(DeliveryId(before.id), store.now()))
    tx.notify(f"deliveries:{before.endpoint_id or ''}")
    after = await _existing(tx, principal, delivery_id)
    record(
        tx, principal, "delivery.resend", before.id,
        before={"status": before.status}, after={"status": after.status},
    )  # fmt: skip
    return after


async def send_test(
    webhooks: Webhooks,
    store: Store,
    principal: Principal,
    endpoint_id: str,
    event_type: EventType,
    data: dict[str, Any] | None = None,  # Any: JSON
) -> tuple[DeliveryId, Attempt]:
    """Send an example event the way that real ones go, once; it is recorded as a delivery.

    `data` stands in for the example's resource. Raises EndpointNotFound, InsufficientScope, Invalid,
    NotDelivering.
    """
    principal.require(scope_of(event_type))
    endpoint = await get_endpoint(store, principal, endpoint_id)
    delivery = _example(store, endpoint.id, principal, event_type, data)
    kept = None if data is None else delivery.body
    if kept is not None and len(kept) > TEST_BYTES_MAX:
        raise Invalid.at("/data", "too_large", f"A test event has at most {TEST_BYTES_MAX} bytes.")

    async def insert(tx: Transaction) -> None:
        await tx.insert(
            ledger.INSERT_TEST,
            [
                (
                    delivery.id, delivery.account_id, endpoint.mode.value, endpoint.id, None,
                    delivery.event_id, delivery.event_type, delivery.resource_id,
                    DeliveryStatus.PENDING.value, 0, delivery.created_at, delivery.created_at,
                    webhooks.node, kept,
                )
            ],
        )  # fmt: skip
        facts = {"event_type": event_type.value, "delivery": delivery.id}
        record(tx, principal, "webhook.test", endpoint.id, after=facts)

    async def resume(tx: Transaction) -> None:
        await ledger.resume(tx, endpoint.id, store.now())

    webhooks.require_running()
    await store.commit(insert)
    attempt = await webhooks.attempt_now(delivery, endpoint)
    if attempt.is_success:  # whoever mends a receiver tries it like this
        await store.commit(resume)
    return delivery.id, attempt


def _example(
    store: Store,
    endpoint_id: EndpointId,
    principal: Principal,
    event_type: EventType,
    data: dict[str, Any] | None,  # Any: JSON
) -> Delivery:
    now = store.now()
    event_id = store.ids.new("evt")
    return Delivery(
        DeliveryId(store.ids.new("dlv")),
        principal.account_id,
        endpoint_id,
        None,
        event_id,
        event_type.value,
        example_resource_id(event_type),
        example_body(
            event_type, event_id=event_id, account_id=principal.account_id, at=now, data=data
        ),
        now,
        is_test=True,
    )


async def _existing(tx: Transaction, principal: Principal, delivery_id: str) -> DeliveryRow:
    rows = await tx.execute(ledger.by_id(principal.account_id, principal.mode, delivery_id))
    if not rows:
        raise DeliveryNotFound(delivery_id)
    return rows[0]
