"""What events about credentials hold, for the published schemas."""

from typing import Annotated

from pydantic import Field

from hookline.api.wire import Shape, Timestamp
from hookline.credentials.schemas import Credential
from hookline.events.model import EventType, types_matching


class ExpiringEventData(Credential):
    """A credential that expires."""

    days_left: int


class IdleEventData(Credential):
    """A credential that nobody uses."""

    disabled_from: Annotated[Timestamp, Field(description="When it will be disabled.")]


class NewAddress(Shape):
    """The first use from an address."""

    ip: str
    at: Timestamp
    user_agent: str


class NewAddressEventData(Credential):
    """A credential that was used from a new address."""

    new_ip: NewAddress


class Leak(Shape):
    """What was reported."""

    token: Annotated[str, Field(description="Its beginning and its end.")]
    url: Annotated[str | None, Field(description="Where it was found.")]


class LeakedEventData(Credential):
    """A credential whose token was reported."""

    leak: Leak


EVENT_DATA: dict[EventType, type[Shape]] = {
    **dict.fromkeys(types_matching("credential.*"), Credential),
    EventType.CREDENTIAL_EXPIRING: ExpiringEventData,
    EventType.CREDENTIAL_IDLE: IdleEventData,
    EventType.CREDENTIAL_USED_FROM_NEW_IP: NewAddressEventData,
    EventType.CREDENTIAL_LEAKED: LeakedEventData,
}
