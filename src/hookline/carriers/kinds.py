"""The kinds of carriers on a network, a line each. What a kind needs is in its own folder.

Kinds of other rooms are joined by the composition root (`app.py`), which also says where the links
of each kind are at home once they are open.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from hookline.api.wire import Body
from hookline.carriers.http.agreement import check_http, check_twilio
from hookline.carriers.http.dialect import Dialect
from hookline.carriers.http.receiving import Receiver
from hookline.carriers.http.template.dialect import TemplateDialect, callbacks_of
from hookline.carriers.http.template.model import HttpSettings
from hookline.carriers.http.template.opening import open_http
from hookline.carriers.http.template.receiver import TemplateReceiver
from hookline.carriers.http.twilio.codes import ERRORS as TWILIO_ERRORS
from hookline.carriers.http.twilio.dialect import TwilioDialect
from hookline.carriers.http.twilio.opening import open_twilio
from hookline.carriers.http.twilio.receiver import TwilioReceiver
from hookline.carriers.http.twilio.settings import TwilioSettings
from hookline.carriers.smpp.link import SmppLink
from hookline.carriers.smpp.settings import SmppSettings
from hookline.carriers.smpp.status import ERRORS as SMPP_ERRORS
from hookline.ids import CarrierId
from hookline.telemetry.link_state import LinkState

LOCAL_KIND = "sandbox"
"""The kind without a network, and so without settings and secrets."""
MESSAGES = "messages"
"""The home of links that carry messages."""


class Opened(Protocol):
    """What the keeper knows of a link, whatever it carries."""

    def state(self) -> LinkState: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of carrier."""

    settings: type[Body]
    """Stored as JSON and shown as it is; the API takes it under the kind's name."""
    secrets: tuple[str, ...]
    """Fields beside the settings that are stored sealed and never shown."""
    open: Callable[
        [Any, Mapping[str, str], Any], Opened
    ]  # Any: the kind's settings, the home's opening
    """Begin to connect; returns at once."""
    home: str = MESSAGES
    """Where the link belongs once it is open: a name among the keeper's homes."""
    optional_secrets: tuple[str, ...] = ()
    """Like `secrets`, of what a carrier may do without."""

    receiver: Callable[[Any, Mapping[str, str]], Receiver] | None = None  # Any: its settings
    """Of what calls back by HTTP."""
    dialect: Callable[[Any, Mapping[str, str], CarrierId, str], Dialect] | None = None
    """Of what is asked by HTTP: of its settings, its secrets, and the public URL."""
    named_secrets: bool = False
    """Whether a carrier has secrets of its own naming, too, in the field `secrets`."""
    check: Callable[[Any, Collection[str]], None] | None = None  # Any: its settings
    """Whether settings and the names of the secrets fit together. Raises Invalid."""
    errors: Mapping[str, str] = field(default_factory=dict)
    """Our stable codes by the codes of this kind of carrier, for the catalogue."""
    callbacks: Callable[[Any], Mapping[str, str]] | None = None  # Any: its settings
    """Which of `receipts` and `messages` a carrier brings, where it need not be both, and what their
    addresses need behind them."""

    @property
    def all_secrets(self) -> tuple[str, ...]:
        return (*self.secrets, *self.optional_secrets)


@dataclass(frozen=True, slots=True)
class Home:
    """Where open links of some kinds belong: who uses them."""

    opening: Callable[
        [CarrierId, LinkState | None], Any
    ]  # Any: what the kinds of this home are opened with
    """Of a carrier, and its link's last state."""
    add: Callable[[Any], None]  # Any: the link as its kind makes it
    remove: Callable[[CarrierId], Awaitable[None]]
    """Close the link; harmless when there is none."""


Kinds = Mapping[str, Kind]


KINDS: Kinds = {
    "smpp": Kind(SmppSettings, ("password",), SmppLink, errors=SMPP_ERRORS),
    "twilio": Kind(
        TwilioSettings,
        ("auth_token",),
        open_twilio,
        optional_secrets=("api_key_secret",),
        receiver=TwilioReceiver,
        dialect=TwilioDialect,
        check=check_twilio,
        errors=TWILIO_ERRORS,
    ),
    "http": Kind(
        HttpSettings,
        (),
        open_http,
        receiver=TemplateReceiver,
        dialect=TemplateDialect,
        named_secrets=True,
        check=check_http,
        callbacks=callbacks_of,
    ),
}
CALLS_ONLY = frozenset({"asterisk"})
"""Kinds of the voice room, by which no message goes."""
