"""Who can be called: a number in E.164, or a SIP URI (RFC 3261 §19.1, without headers)."""

import re

from hookline.numbers.e164 import InvalidNumber, parse_number

TEXT_LENGTH_MAX = 255
_SIP_URI = re.compile(
    r"sips?:[A-Za-z0-9_.!~*'()&=+$,;?/%-]{1,64}"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])"
    r"(?::[0-9]{1,5})?(?:;transport=(?:udp|tcp|tls|ws|wss))?",
    re.IGNORECASE,
)


class InvalidParty(InvalidNumber):
    """Nobody can be called there. Give a number such as +12025550100, or sip:name@host."""

    code = "invalid_party"
    title = "The one to call is not valid"


def is_sip_uri(text: str) -> bool:
    """Whether it is a SIP URI that can be dialled."""
    return len(text) <= TEXT_LENGTH_MAX and _SIP_URI.fullmatch(text) is not None


def parse_party(text: str) -> str:
    """The number in E.164, or the SIP URI as it is. Raises InvalidNumber in its kinds."""
    if text[:5].lower().startswith(("sip:", "sips:")):
        if not is_sip_uri(text):
            raise InvalidParty("The SIP URI is not valid. Write it like sip:alice@example.com.")
        return text
    return parse_number(text)


def parse_party_at(pointer: str, text: str) -> str:
    """The same, of one field of a body; the error points at the field."""
    try:
        return parse_party(text)
    except InvalidNumber as error:
        raise type(error).at(pointer, error.code, error.detail) from error
