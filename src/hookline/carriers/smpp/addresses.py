"""Numbers and senders as SMPP addresses: type of number (§5.2.5) and numbering plan (§5.2.6).

The standard leaves short codes open. TON 3 (network specific) with NPI 0 is what carriers'
guides ask for (Voxox "TON and NPI settings", Aerialink "SMPP TON and NPI reference").
"""

from hookline.carriers.smpp.pdu import Address

UNKNOWN, INTERNATIONAL, NATIONAL, NETWORK_SPECIFIC = 0, 1, 2, 3
ALPHANUMERIC, ABBREVIATED = 5, 6
ISDN = 1

SHORT_CODE_DIGITS_MAX = 8
"""Longer ones without a plus are numbers whose kind nobody said."""
NUMBER_DIGITS_MIN = 7
"""No number with its country code is shorter (+290 and +683 have 4 digits inside the country)."""


def to_address(party: str) -> Address:
    """The address of an E.164 number with its plus, a short code, or an alphanumeric sender."""
    digits = party[1:] if party[:1] == "+" else party
    if not (digits.isascii() and digits.isdecimal()):
        return Address(ALPHANUMERIC, 0, party)
    if digits is not party:
        return Address(INTERNATIONAL, ISDN, digits)
    if len(party) <= SHORT_CODE_DIGITS_MAX:
        return Address(NETWORK_SPECIFIC, 0, party)
    return Address(UNKNOWN, ISDN, party)


def from_address(address: Address) -> str:
    """E.164 with its plus where the address can be read so, else a short code or a sender's text.

    A national number (TON 2) stays as it is: only the carrier knows its country, and a plus would
    make it somebody else's. Carriers also send short codes as international, and numbers as
    unknown, with a plus or with 00 in front.
    """
    ton, text = address.ton, address.digits.strip()
    digits = text.removeprefix("+")
    if ton == ALPHANUMERIC or not (digits.isascii() and digits.isdecimal()):
        return "".join(char if char.isprintable() else " " for char in text).strip()
    if ton == INTERNATIONAL or text.startswith(("+", "00")):
        number, digits_min = digits.removeprefix("00"), NUMBER_DIGITS_MIN
    elif ton in (NATIONAL, ABBREVIATED):
        return digits
    else:
        number, digits_min = digits, SHORT_CODE_DIGITS_MAX + 1
    return f"+{number}" if len(number) >= digits_min else digits
