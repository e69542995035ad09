"""How a credential is restricted: what may be set, by whom, and as the database keeps it."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import msgspec

from hookline.credentials.errors import RestrictionWidened
from hookline.principal import Principal
from hookline.restrictions import UNRESTRICTED, Restrictions, parse_network

Changes = Mapping[str, Any]  # Any: each restriction has its own type
"""Restrictions by name as `Restrictions` has them; None lifts one."""


def restricted(before: Restrictions, changes: Changes) -> Restrictions:
    """The restrictions after the changes."""
    return replace(before, **changes)


def check_within(principal: Principal, wanted: Restrictions) -> None:
    """Raise RestrictionWidened unless the caller's own restrictions are as narrow."""
    wider = tuple(wanted.wider_than(principal.restrictions))
    if wider:
        raise RestrictionWidened(wider)


def restrictions_text(restrictions: Restrictions) -> str | None:
    """Restrictions as the database keeps them; None when there are none."""
    named = restrictions.in_words
    return msgspec.json.encode(named, order="sorted").decode() if named else None


@lru_cache(maxsize=4_096)
def restrictions_from_text(text: str | None) -> Restrictions:
    """What `restrictions_text` wrote. The cache is of texts, never of who is held by them."""
    if text is None:
        return UNRESTRICTED
    named: dict[str, Any] = msgspec.json.decode(text)  # Any: JSON
    ips = named.pop("allowed_ips", None)
    return Restrictions(
        allowed_ips=None if ips is None else tuple(parse_network(one) for one in ips), **named
    )
