"""Bodies: what is encoded comes back, and what does not parse says so and nothing else."""

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.carriers.smpp.pdu import (
    Address,
    BadPdu,
    Command,
    Deliver,
    Frames,
    Submit,
    decode_data_sm,
    decode_deliver,
    decode_submit,
    decode_submit_resp,
    encode_bind,
    encode_deliver,
    encode_submit,
    encode_tlvs,
)
from tests.carriers.smpp.strategies import ascii_texts, delivers, submits, tlvs

ANYBODY = Address(1, 1, "447700900123")
US = Address(1, 1, "12025550100")


def submit(text: bytes = b"Hello", validity: str = "", to: Address = ANYBODY) -> Submit:
    return Submit(US, to, 0, 1, 0, text, validity=validity)


def deliver_body(text: bytes = b"Hello") -> bytes:
    return encode_deliver(1, Deliver(ANYBODY, US, 0, 0, 0, text, {}))[16:]


@given(submits)
def test_submit_comes_back(sent: Submit) -> None:
    [pdu] = Frames().feed(encode_submit(77, sent))
    assert pdu[:3] == (Command.SUBMIT_SM, 0, 77)
    assert decode_submit(pdu.body) == sent


@given(delivers)
def test_deliver_comes_back(sent: Deliver) -> None:
    [pdu] = Frames().feed(encode_deliver(77, sent))
    assert pdu[:3] == (Command.DELIVER_SM, 0, 77)
    assert decode_deliver(pdu.body) == sent


@given(ascii_texts(64), ascii_texts(64), st.binary(max_size=300), tlvs)
def test_data_sm_comes_back(source: str, target: str, text: bytes, more: dict[int, bytes]) -> None:
    body = b"\0\1\1%b\0\1\1%b\0\4\1\x08" % (source.encode(), target.encode())
    found = decode_data_sm(body + encode_tlvs({**more, 0x0424: text}))
    addresses = Address(1, 1, source), Address(1, 1, target)
    assert found == Deliver(*addresses, 4, 0, 8, text, more)


@given(ascii_texts(64), ascii_texts(64), ascii_texts(12), ascii_texts(40))
def test_bind_holds_its_fields_in_order(
    system_id: str, password: str, system_type: str, address_range: str
) -> None:
    bind = encode_bind(
        Command.BIND_RECEIVER,
        3,
        system_id=system_id,
        password=password,
        system_type=system_type,
        address_range=address_range,
    )
    fields = [system_id, password, system_type, "\x34\0\0" + address_range, ""]
    assert bind[16:].decode() == "\0".join(fields)


@pytest.mark.parametrize("decode", [decode_submit, decode_deliver, decode_data_sm])
@given(body=st.one_of(st.binary(max_size=400), st.text("\0\1a", max_size=60).map(str.encode)))
def test_arbitrary_octets_raise_nothing_but_bad_pdu(decode, body: bytes) -> None:
    with contextlib.suppress(BadPdu):
        decode(body)


@given(st.binary(max_size=400))
def test_any_response_has_an_id_or_is_a_bad_pdu(body: bytes) -> None:
    try:
        assert "\0" not in decode_submit_resp(body)
    except BadPdu:
        assert len(body) > 255


def test_a_deliver_cut_anywhere_is_refused() -> None:
    body = deliver_body()
    for length in range(len(body)):
        with pytest.raises(BadPdu):
            decode_deliver(body[:length])


def test_a_text_of_254_octets_is_short_message_and_255_is_message_payload() -> None:
    assert b"\x04\x24" not in encode_submit(1, submit(b"x" * 254))
    assert encode_submit(1, submit(b"x" * 255)).endswith(b"\0\x04\x24\0\xff" + b"x" * 255)


def test_a_text_too_long_for_message_payload_is_refused() -> None:
    with pytest.raises(ValueError, match="message_payload of 65536 octets"):
        encode_submit(1, submit(bytes(65_536)))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (submit(to=Address(1, 1, "4" * 21)), "destination_addr has 21 characters, at most 20"),
        (submit(to=Address(5, 0, "Zoë")), "destination_addr has a character that is not ASCII"),
        (submit(to=Address(5, 0, "a\0b")), "destination_addr has a character"),
        (submit()._replace(source=Address(5, 0, "ж")), "source_addr"),
        (submit(validity="0" * 17), "validity_period has 17 characters"),
        (submit()._replace(schedule="0" * 17), "schedule_delivery_time"),
        (submit()._replace(service_type="CMTCMT"), "service_type"),
    ],
)
def test_a_value_that_does_not_fit_names_its_field(wrong: Submit, field: str) -> None:
    with pytest.raises(ValueError, match=re.escape(field)):
        encode_submit(1, wrong)


@pytest.mark.parametrize("field", ["system_id", "password", "system_type", "address_range"])
@pytest.mark.parametrize("value", ["hush" * 17, "hush\0", "hüsh"])
def test_a_bind_field_that_does_not_fit_is_named_and_not_shown(field: str, value: str) -> None:
    fields = {"system_id": "hookline", "password": "secret08", "system_type": "", field: value}
    with pytest.raises(ValueError, match=f"^{field} ") as refused:
        encode_bind(Command.BIND_TRANSCEIVER, 1, **fields)
    assert value not in str(refused.value)


def test_a_password_longer_than_the_standard_allows_is_sent() -> None:
    assert b"p" * 64 in encode_bind(9, 1, system_id="s" * 64, password="p" * 64, system_type="")


@pytest.mark.parametrize(
    ("body", "message_id"),
    [(b"7A3F\0", "7A3F"), (b"7A3F", "7A3F"), (b"", ""), (b"\0", ""), (b"7A\xff\0\0\1", "7Aÿ")],
)
def test_sloppy_responses_are_read(body: bytes, message_id: str) -> None:
    assert decode_submit_resp(body) == message_id


def test_an_endless_message_id_is_refused() -> None:
    with pytest.raises(BadPdu, match="message_id of 256 octets"):
        decode_submit_resp(b"1" * 256)


@pytest.mark.parametrize("garbage", [b"\0", b"\xff\xff", b"\0\0\0"])
def test_fewer_than_four_octets_after_the_text_are_ignored(garbage: bytes) -> None:
    assert decode_deliver(deliver_body() + garbage) == decode_deliver(deliver_body())


def test_a_parameter_longer_than_the_body_is_refused() -> None:
    with pytest.raises(BadPdu, match="parameter 0x001E of 9 octets, but 2 follow"):
        decode_deliver(deliver_body() + b"\0\x1e\0\x09ab")


def test_sm_length_beyond_the_body_is_refused() -> None:
    with pytest.raises(BadPdu, match="sm_length 5, but 4 octets follow"):
        decode_deliver(deliver_body()[:-1])


def test_short_message_wins_over_message_payload() -> None:
    found = decode_deliver(deliver_body() + encode_tlvs({0x0424: b"other"}))
    assert (found.short_message, found.tlvs) == (b"Hello", {0x0424: b"other"})


def test_octets_beyond_ascii_in_an_address_are_latin_1() -> None:
    body = deliver_body().replace(b"447700900123", b"Caf\xe9")
    assert decode_deliver(body).source.digits == "Café"


def test_an_address_longer_than_the_standard_allows_is_read_up_to_64_octets() -> None:
    body = deliver_body().replace(b"447700900123", b"4" * 64)
    assert decode_deliver(body).source.digits == "4" * 64
    with pytest.raises(BadPdu, match="lacks mandatory parameters"):
        decode_deliver(body.replace(b"4" * 64, b"4" * 65))
