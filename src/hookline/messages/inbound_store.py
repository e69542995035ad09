"""All SQL of what comes in: segments that wait for the others, and what may come in again."""

from typing import Any

from sqlalchemy import Delete, delete, select
from sqlalchemy import Select as Query

from hookline.clock import UnixMs
from hookline.ids import CarrierId
from hookline.numbers.store import holders
from hookline.storage.schema import inbound_names, inbound_parts, unacknowledged
from hookline.storage.sets import Insert, Select

GROUP = ("carrier_id", "sender", "recipient", "reference", "total")
"""The segments of one message have these in common."""

INSERT_SEGMENT = Insert(
    inbound_parts,
    (*GROUP, "part", "text", "encoding", "received_at"),
    conflict=(*GROUP, "part"),
)
SEGMENTS = Select(inbound_parts, key=GROUP, columns=("part", "text", "encoding"))

REMEMBER = Insert(
    unacknowledged,
    ("carrier_id", "digest", "session", "message_id", "received_at"),
    conflict=("carrier_id", "digest", "session", "message_id"),
)
ALIKE = Select(
    unacknowledged,
    key=("carrier_id", "digest"),
    columns=("session", "message_id", "received_at"),
)

REMEMBER_NAME = Insert(
    inbound_names,
    ("carrier_id", "carrier_message_id", "message_id", "received_at"),
    conflict=("carrier_id", "carrier_message_id"),
)
NAMED = Select(inbound_names, key=("carrier_id", "carrier_message_id"), columns=("message_id",))


def lock_number(number: str) -> Query[Any]:
    """Take turns with other nodes that receive segments for this number."""
    return holders(number).with_for_update()


def forget_segments(group: tuple[str, str, str, int, int]) -> Delete:
    match = [inbound_parts.c[name] == value for name, value in zip(GROUP, group, strict=True)]
    return delete(inbound_parts).where(*match)


def outlived_groups(received_before: int, limit: int) -> Query[Any]:
    """Messages some segment of which has waited since before this instant."""
    return (
        select(*(inbound_parts.c[name] for name in GROUP))
        .where(inbound_parts.c.received_at <= received_before)
        .distinct()
        .limit(limit)
    )


def forget(carrier_id: CarrierId, digest: bytes, session: str, message_id: str) -> Delete:
    return delete(unacknowledged).where(
        unacknowledged.c.carrier_id == carrier_id,
        unacknowledged.c.digest == digest,
        unacknowledged.c.session == session,
        unacknowledged.c.message_id == message_id,
    )


def forget_session(carrier_id: CarrierId, session: str, before: UnixMs) -> Delete:
    """What the carrier will not send again."""
    return delete(unacknowledged).where(
        unacknowledged.c.carrier_id == carrier_id,
        unacknowledged.c.session == session,
        unacknowledged.c.received_at < before,
    )


def forget_older(before: int) -> Delete:
    """What no carrier sends again so much later."""
    return delete(unacknowledged).where(unacknowledged.c.received_at < before)


def forget_names(before: int) -> Delete:
    """Of what came in before this instant."""
    return delete(inbound_names).where(inbound_names.c.received_at < before)
