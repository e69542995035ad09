"""What others may know of a request once it has been answered. They are joined in `app.py`.

An observer is called on the hot path: it only remembers.
"""

from typing import Protocol

import msgspec
from starlette.types import Scope

from hookline.api.context import RequestContext

TOPIC = "requests:"
"""Followed by an account's id: told when what is known of its requests has grown."""
BODY_SEEN_MAX = 16_384
"""Bodies up to this size are there to be looked at."""


class Observed(msgspec.Struct, frozen=True):
    """A request with a known token, and its answer."""

    scope: Scope
    context: RequestContext
    route: str
    """The path as declared, without what stands in its braces; empty: there is none."""
    status: int
    """0: the caller left before there was an answer."""
    duration_s: float


class Observer(Protocol):
    """Hears of every such request, in the order of the observers."""

    def __call__(self, seen: Observed) -> None: ...
