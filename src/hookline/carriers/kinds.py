"""The kinds of carriers on a network, a line each. What a kind needs is in its own folder."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hookline.api.wire import Body
from hookline.carriers.port import Link, Opening
from hookline.carriers.smpp.link import SmppLink
from hookline.carriers.smpp.settings import SmppSettings


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of carrier."""

    settings: type[Body]
    """Stored as JSON and shown as it is; the API takes it under the kind's name."""
    secrets: tuple[str, ...]
    """Fields beside the settings that are stored sealed and never shown."""
    open: Callable[[Any, Mapping[str, str], Opening], Link]  # Any: the kind's own settings
    """Begin to connect; returns at once."""


KINDS: Mapping[str, Kind] = {
    "smpp": Kind(SmppSettings, ("password",), SmppLink),
}
