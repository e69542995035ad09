"""Numbers, short codes and senders as SMPP addresses, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.carriers.smpp.addresses import from_address, to_address
from hookline.carriers.smpp.pdu import Address

parties = st.one_of(
    st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True),
    st.from_regex(r"[1-9][0-9]{2,7}", fullmatch=True),
    st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,10}", fullmatch=True),
)


@pytest.mark.parametrize(
    ("party", "address"),
    [
        ("+447700900123", Address(1, 1, "447700900123")),
        ("12345", Address(3, 0, "12345")),
        ("Hookline", Address(5, 0, "Hookline")),
        ("24seven", Address(5, 0, "24seven")),
        ("447700900123", Address(0, 1, "447700900123")),
    ],
)
def test_party_as_an_address(party: str, address: Address) -> None:
    assert to_address(party) == address


@pytest.mark.parametrize(
    ("address", "party"),
    [
        (Address(1, 1, "447700900123"), "+447700900123"),
        (Address(1, 1, "+447700900123"), "+447700900123"),
        (Address(1, 1, "00447700900123"), "+447700900123"),
        (Address(0, 0, "447700900123"), "+447700900123"),
        (Address(0, 1, "00447700900123"), "+447700900123"),
        (Address(0, 1, "+447700900123"), "+447700900123"),
        (Address(1, 1, "2904123"), "+2904123"),
        (Address(0, 0, "12345678"), "12345678"),
        (Address(3, 0, "12345"), "12345"),
        (Address(1, 1, "777123"), "777123"),
        (Address(2, 1, "+447700900123"), "+447700900123"),
        (Address(3, 0, "00123"), "00123"),
        (Address(6, 0, "0123456789"), "0123456789"),
        (Address(5, 0, "Hookline"), "Hookline"),
        (Address(5, 0, "12345"), "12345"),
        (Address(5, 0, "My\x11Shop\x02 "), "My Shop"),
        (Address(1, 1, "Hookline"), "Hookline"),
        (Address(0, 0, ""), ""),
    ],
)
def test_address_as_a_party(address: Address, party: str) -> None:
    assert from_address(address) == party


def test_a_national_number_is_not_made_international() -> None:
    assert from_address(Address(2, 1, "2025550100")) == "2025550100"


@given(parties)
def test_a_party_comes_back(party: str) -> None:
    assert from_address(to_address(party)) == party


@given(st.integers(0, 255), st.integers(0, 255), st.text(max_size=25))
def test_any_address_is_printable(ton: int, npi: int, text: str) -> None:
    assert from_address(Address(ton, npi, text)).isprintable()
