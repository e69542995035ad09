"""A message as the submit_sm of each of its segments."""

import random
from datetime import UTC, datetime
from functools import lru_cache

from hookline.carriers.port import Outgoing
from hookline.carriers.smpp.addresses import to_address
from hookline.carriers.smpp.coding import encode_parts
from hookline.carriers.smpp.pdu import Submit
from hookline.carriers.smpp.settings import SmppSettings

_WITH_RECEIPT = 1
"""registered_delivery (§5.2.17): a receipt of the final outcome."""


class Encoder:
    """Encodes for one carrier."""

    def __init__(self, settings: SmppSettings) -> None:
        self._alphabet = settings.alphabet
        self._service_type = settings.service_type
        self._says_validity = settings.send_validity
        self._reference = random.randrange(256)  # noqa: S311 - only neighbours must differ

    def submits(self, message: Outgoing) -> list[Submit]:
        """One a segment, in order. Those of one message share a reference."""
        if len(message.parts) > 1:
            self._reference = (self._reference + 1) % 256
        parts = encode_parts(message.parts, message.encoding, self._alphabet, self._reference)
        source, destination = _sender(message.sender), to_address(message.recipient)
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
            )
            for esm_class, data_coding, text in parts
        ]


_sender = lru_cache(maxsize=1_000)(to_address)


@lru_cache(maxsize=1_000)
def _validity(unix_s: int) -> str:
    """An instant in the absolute time format (§7.1.1), in UTC."""
    return datetime.fromtimestamp(unix_s, UTC).strftime("%y%m%d%H%M%S000+")
