"""What an SMPP carrier is connected with. The defaults suit most carriers."""

from typing import Annotated, Literal

from pydantic import Field, RootModel

from hookline.api.wire import Body
from hookline.carriers.port import ReceiptError
from hookline.carriers.smpp.coding import Alphabet, LongMessages
from hookline.carriers.smpp.message_ids import IdFormat

Bind = Literal["transceiver", "pair"]
ErrorText = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]
_ASCII = r"^[\x20-\x7e]*$"


class ReceiptErrors(RootModel[Annotated[dict[ErrorText, ReceiptError], Field(max_length=1_000)]]):
    """Our codes by the carrier's: `{"001": "invalid_recipient", "027": "unreachable"}`."""

    def get(self, error: str) -> ReceiptError | None:
        """What the code of a receipt stands for; also without its leading zeros."""
        return self.root.get(error) or self.root.get(error.lstrip("0") or "0")


class SmppSettings(Body):
    """Everything about the connection but the password."""

    host: Annotated[
        str, Field(min_length=1, max_length=253, description="The carrier's host name or address.")
    ]
    port: Annotated[int, Field(ge=1, le=65_535, description="Usually 2775; 3550 with TLS.")] = 2_775
    system_id: Annotated[
        str,
        Field(
            min_length=1,
            max_length=64,
            pattern=_ASCII,
            description="The user name that the carrier gave.",
        ),
    ]
    system_type: Annotated[
        str,
        Field(max_length=12, pattern=_ASCII, description="Only where the carrier asks for one."),
    ] = ""
    bind: Annotated[
        Bind,
        Field(description="One session both ways, or a transmitter and a receiver."),
    ] = "transceiver"
    binds: Annotated[
        int,
        Field(
            ge=1,
            le=20,
            description="How often to bind at once, as far as the carrier allows it. They share the rate.",
        ),
    ] = 1
    tls: Annotated[bool, Field(description="Encrypt, and verify the carrier's certificate.")] = (
        False
    )
    tls_ca: Annotated[
        str | None,
        Field(
            max_length=10_000,
            description="PEM certificates to trust in place of the system's, for a carrier with its own.",
        ),
    ] = None
    window: Annotated[
        int,
        Field(
            ge=1,
            le=1_000,
            description="The most segments that a bind sends before their answers have come.",
        ),
    ] = 50
    rate: Annotated[
        float, Field(ge=0, le=10_000, description="Segments a second; 0: no limit.")
    ] = 100.0
    alphabet: Annotated[Alphabet, Field(description="What data_coding 0 means to the carrier.")] = (
        Alphabet.GSM7
    )
    long_messages: Annotated[
        LongMessages,
        Field(
            description="How what does not fit into one segment is sent. udh: segments with a header; "
            "sar: segments with sar_* parameters; payload: whole, as message_payload, which the "
            "carrier splits."
        ),
    ] = LongMessages.UDH
    service_type: Annotated[
        str, Field(max_length=5, pattern=_ASCII, description="Only where the carrier asks for one.")
    ] = ""
    message_id_format: Annotated[
        IdFormat,
        Field(
            description="How ids differ between answers and receipts. auto: found out by itself."
        ),
    ] = IdFormat.AUTO
    send_validity: Annotated[
        bool, Field(description="Tell the carrier until when a message is worth delivering.")
    ] = True
    accepted_is_delivered: Annotated[
        bool, Field(description="Take the receipt state ACCEPTD for a delivery.")
    ] = False
    receipt_errors: Annotated[
        ReceiptErrors,
        Field(
            description="What this carrier's codes in receipts of failed deliveries stand for, among the "
            "codes of delivery errors. Others are `undelivered`.",
        ),
    ] = ReceiptErrors({})
    ambiguous: Annotated[
        Literal["fail", "resend"],
        Field(
            description="What becomes of a message whose submit got no answer, and no receipt within "
            "`ambiguous_wait_seconds`. resend may send it twice."
        ),
    ] = "fail"
    ambiguous_wait_seconds: Annotated[int, Field(ge=1, le=259_200)] = 600
    query: Annotated[
        bool,
        Field(
            description="Ask the carrier by query_sm about messages whose receipts are missing; "
            "only where it has that."
        ),
    ] = False
    enquire_interval_seconds: Annotated[
        float,
        Field(ge=1, le=600, description="How often the carrier is asked whether it is there."),
    ] = 30.0
    response_timeout_seconds: Annotated[
        float, Field(ge=0.5, le=300, description="How long an answer may take.")
    ] = 20.0
