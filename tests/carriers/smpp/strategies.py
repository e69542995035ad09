"""What every test of the codec draws from."""

from hypothesis import strategies as st

from hookline.carriers.smpp.pdu import MESSAGE_PAYLOAD, Address, Deliver, Submit, encode_tlvs

octets = st.integers(0, 255)


def ascii_texts(size: int) -> st.SearchStrategy[str]:
    """C-octet strings of at most `size` characters."""
    return st.text(st.characters(min_codepoint=1, max_codepoint=127), max_size=size)


addresses = st.builds(Address, octets, octets, ascii_texts(20))
short_messages = st.one_of(st.binary(max_size=254), st.binary(min_size=255, max_size=1000))
tlvs = st.dictionaries(
    st.integers(0, 0xFFFF).filter(lambda tag: tag != MESSAGE_PAYLOAD),
    st.binary(max_size=40),
    max_size=4,
)
submits = st.builds(
    Submit,
    source=addresses,
    destination=addresses,
    esm_class=octets,
    registered_delivery=octets,
    data_coding=octets,
    short_message=short_messages,
    protocol_id=octets,
    priority=octets,
    schedule=ascii_texts(16),
    validity=ascii_texts(16),
    replace=octets,
    service_type=ascii_texts(5),
    tlvs=tlvs.map(encode_tlvs),
)
delivers = st.builds(
    Deliver,
    source=addresses,
    destination=addresses,
    esm_class=octets,
    protocol_id=octets,
    data_coding=octets,
    short_message=short_messages,
    tlvs=tlvs,
)
