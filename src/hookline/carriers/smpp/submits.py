"""A message as the submit_sm of each of its segments."""

import random
from datetime import UTC, datetime
from functools import lru_cache

from hookline.carriers.port import Outgoing
from hookline.carriers.smpp.addresses import to_address
from hookline.carriers.smpp.coding import encode_parts
from hookline.carriers.smpp.pdu import Address, Submit
from hookline.carriers.smpp.settings import SmppSettings

_WITH_RECEIPT = 1
"""registered_delivery (§5.2.17): a receipt of the final outcome."""
_REFERENCES = 65_536


class Unsendable(Exception):
    """An address does not fit into a submit_sm: this carrier can never take the message."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Encoder:
    """Encodes for one carrier."""

    def __init__(self, settings: SmppSettings) -> None:
        self._alphabet = settings.alphabet
        self._service_type = settings.service_type
        self._says_validity = settings.send_validity
        self._long = settings.long_messages
        self._reference = random.randrange(_REFERENCES)  # noqa: S311 - only neighbours must differ

    def submits(self, message: Outgoing) -> list[Submit]:
        """In order, one a segment, or one for all where the carrier splits. Raises Unsendable."""
        if len(message.parts) > 1:
            self._reference = (self._reference + 1) % _REFERENCES
        parts = encode_parts(
            message.parts, message.encoding, self._alphabet, self._reference, self._long
        )
        source, destination = _sender(message.sender), to_address(message.recipient)
        if not _fits(source):
            raise Unsendable("invalid_sender", "The sender has more than SMPP can write.")
        if not _fits(destination):
            raise Unsendable("invalid_recipient", "The recipient has more than SMPP can write.")
        validity = _validity(message.valid_until // 1_000) if self._says_validity else ""
        return [
            Submit(
                source,
                destination,
                esm_class,
                _WITH_RECEIPT,
                data_coding,
                text,
                validity=validity,
                service_type=self._service_type,
                tlvs=tlvs,
            )
            for esm_class, data_coding, text, tlvs in parts
        ]


def _fits(address: Address) -> bool:
    """§4.4.1: at most 20 ASCII characters."""
    return address.digits.isascii() and len(address.digits) <= 20 and "\0" not in address.digits


_sender = lru_cache(maxsize=1_000)(to_address)


@lru_cache(maxsize=1_000)
def _validity(unix_s: int) -> str:
    """An instant in the absolute time format (§7.1.1), in UTC."""
    return datetime.fromtimestamp(unix_s, UTC).strftime("%y%m%d%H%M%S000+")
