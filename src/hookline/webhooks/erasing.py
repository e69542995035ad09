"""Erases a person from what was sent about a message or call: receivers' answers, and URLs.

What was sent itself stands in the events alone.
"""

from collections.abc import Sequence

from sqlalchemy import select, update

from hookline.clock import UnixMs
from hookline.erasing import Person
from hookline.storage.schema import attempts, deliveries
from hookline.storage.transaction import Transaction
from hookline.webhooks.ledger import PENDING
from hookline.webhooks.model import DeliveryStatus


async def erase_from_deliveries(
    tx: Transaction, resource_ids: Sequence[str], person: Person, now: UnixMs
) -> None:
    """Erase from the attempts at telling of some resources.

    What an attempt that is under way is answered comes later: erase again once it must have ended.
    """
    mine = deliveries.c.resource_id.in_(resource_ids)
    tried = attempts.c.delivery_id.in_(select(deliveries.c.id).where(mine))
    await tx.changed(
        update(attempts).where(tried).values(response_body=None, response_headers=None)
    )
    # A status_url is the caller's own, and may name whom it is about: then nothing more goes there.
    rows = await tx.execute(
        select(deliveries.c.id, deliveries.c.url).where(mine, deliveries.c.url.is_not(None))
    )
    for row in rows:
        if person.mentioned_in(row.url):
            url = person.without(row.url)
            one = deliveries.c.id == row.id
            await tx.changed(update(deliveries).where(one, PENDING).values(_canceled(now)))
            await tx.changed(update(deliveries).where(one).values(url=url))
            await tx.changed(
                update(attempts).where(attempts.c.delivery_id == row.id).values(url=url)
            )


def _canceled(now: UnixMs) -> dict[str, object]:
    return {
        "status": DeliveryStatus.CANCELED.value,
        "next_attempt_at": None,
        "finished_at": now,
        "owner": None,
    }
