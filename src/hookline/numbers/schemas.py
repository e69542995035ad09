"""The wire shapes of numbers."""

from typing import Annotated, Any, Literal

from msgspec import json
from pydantic import Field

from hookline.api.wire import Body, Shape, Timestamp, shown
from hookline.numbers.inbound_voice import InboundVoice
from hookline.numbers.registration import Kept, NumberRow

CarrierName = Annotated[
    str, Field(min_length=1, max_length=64, description="A carrier's name or id.")
]


class NumberCreate(Body):
    """A number, short code or alphanumeric sender to add."""

    number: Annotated[str, Field(min_length=1, max_length=32, examples=["+12025550123"])]
    carrier: CarrierName = "sandbox"
    voice_carrier: CarrierName | None = None


class NumberPatch(Body):
    """Where the number is to be at home, and what becomes of calls; what is left out stays."""

    carrier: CarrierName | None = None
    voice_carrier: Annotated[
        CarrierName | None,
        Field(description="A carrier's name or id; null: it cannot call, nor be called."),
    ] = None
    inbound_voice: Annotated[
        InboundVoice | None, Field(description="What becomes of calls that come in; null: nothing.")
    ] = None


class Number(Shape):
    """A number of the account."""

    id: str
    object: Literal["number"] = "number"
    number: str
    kind: Literal["number", "short_code", "alphanumeric"]
    carrier_id: str
    voice_carrier_id: str | None
    inbound_voice: Annotated[
        dict[str, Any] | None, Field(description="As it was set.")  # Any: JSON
    ]
    created_at: Timestamp


def wanted_voice_carrier(body: NumberPatch) -> str | Kept | None:
    """What the body says of it: null and nothing at all are two things."""
    return body.voice_carrier if "voice_carrier" in body.model_fields_set else Kept.KEPT


def number_shape(row: NumberRow) -> Number:
    """The wire shape of a stored number."""
    return Number(
        id=row.id,
        number=row.number,
        kind=row.kind,
        carrier_id=row.carrier_id,
        voice_carrier_id=row.voice_carrier_id,
        inbound_voice=None if row.inbound_voice is None else json.decode(row.inbound_voice),
        created_at=shown(row.created_at) or "",
    )
