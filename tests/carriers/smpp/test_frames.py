"""Cutting a stream into PDUs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.carriers.smpp.pdu import BadFrame, Command, Frames, Pdu, encode

numbers = st.integers(0, 0xFFFF_FFFF)
pdus = st.builds(Pdu, numbers, numbers, numbers, st.binary(max_size=300))
LYING = bytes.fromhex("0000000f 00000004 00000000 00000001")


def wire(pdu: Pdu) -> bytes:
    return encode(pdu.command, pdu.sequence, pdu.body, pdu.status)


def fed(data: bytes, cuts: list[int]) -> list[Pdu]:
    """Every PDU of the octets, fed in the pieces between the cuts."""
    frames, found, start = Frames(), [], 0
    for end in [*sorted(cut % (len(data) + 1) for cut in cuts), len(data)]:
        found += frames.feed(data[start:end])
        start = end
    return found


@given(st.lists(pdus, max_size=8), st.lists(st.integers(0, 5000), max_size=30))
def test_chunks_of_any_size_give_the_same_pdus(sent: list[Pdu], cuts: list[int]) -> None:
    assert fed(b"".join(map(wire, sent)), cuts) == sent


def test_octet_by_octet_gives_the_same_pdus() -> None:
    sent = [Pdu(Command.SUBMIT_SM, 0, 1, b"x" * 40), Pdu(Command.ENQUIRE_LINK, 0, 2, b"")]
    data = b"".join(map(wire, sent))
    assert fed(data, list(range(len(data)))) == sent


def test_unknown_command_is_still_a_pdu() -> None:
    assert Frames().feed(encode(0x0001_0203, 5, b"?")) == [Pdu(0x0001_0203, 0, 5, b"?")]


def test_pdus_before_a_bad_frame_are_kept() -> None:
    with pytest.raises(BadFrame) as refused:
        Frames().feed(encode(Command.ENQUIRE_LINK, 1) * 2 + LYING)
    assert [pdu.sequence for pdu in refused.value.before] == [1, 1]


@pytest.mark.parametrize("length", [0, 1, 15, 1025, 0xFFFF_FFFF])
def test_a_length_out_of_range_is_named_with_the_first_octets(length: int) -> None:
    header = length.to_bytes(4, "big") + bytes(12)
    with pytest.raises(BadFrame) as refused:
        Frames(length_max=1024).feed(header)
    assert refused.value.length == length
    assert f"command_length {length} " in str(refused.value)
    assert header.hex(" ") in str(refused.value)


def test_the_largest_allowed_frame_passes() -> None:
    assert len(Frames(length_max=1024).feed(encode(4, 1, bytes(1008)))) == 1


def test_a_peer_that_speaks_http_is_a_bad_frame() -> None:
    with pytest.raises(BadFrame):
        Frames().feed(b"HTTP/1.1 400 Bad Request\r\n")


@given(st.lists(st.binary(max_size=100), max_size=30))
def test_arbitrary_octets_are_pdus_or_a_bad_frame(chunks: list[bytes]) -> None:
    frames = Frames(length_max=1024)
    try:
        for chunk in chunks:
            frames.feed(chunk)
            assert len(frames._rest) <= 1024
    except BadFrame:
        pass
