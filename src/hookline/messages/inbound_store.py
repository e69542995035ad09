"""All SQL of what comes in: segments that wait for the others."""

from typing import Any

from sqlalchemy import Delete, delete, select
from sqlalchemy import Select as Query

from hookline.numbers.store import holders
from hookline.storage.schema import inbound_parts
from hookline.storage.sets import Insert, Select

GROUP = ("carrier_id", "sender", "recipient", "reference", "total")
"""The segments of one message have these in common."""

INSERT_SEGMENT = Insert(
    inbound_parts,
    (*GROUP, "part", "text", "encoding", "received_at"),
    conflict=(*GROUP, "part"),
)
SEGMENTS = Select(inbound_parts, key=GROUP, columns=("part", "text", "encoding"))


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
