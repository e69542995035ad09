"""Receipts find the message that they are about, however the carrier writes its ids."""

import random
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hookline.carriers.smpp.message_ids import REMEMBERED_MAX, IdFormat, MessageIds, to_key

Write = Callable[[int], str]
DECIMAL: Write = str
PADDED: Write = "{:010d}".format
LOWER: Write = "{:x}".format
UPPER: Write = "{:08X}".format

AS_IS, HEX_FIRST, HEX_LAST = (
    IdFormat.AS_IS,
    IdFormat.HEX_THEN_DECIMAL,
    IdFormat.DECIMAL_THEN_HEX,
)
CARRIERS: list[tuple[IdFormat, Write, Write]] = [
    (AS_IS, DECIMAL, DECIMAL),
    (AS_IS, DECIMAL, PADDED),
    (AS_IS, LOWER, LOWER),
    (AS_IS, UPPER, LOWER),
    (HEX_FIRST, LOWER, DECIMAL),
    (HEX_FIRST, UPPER, PADDED),
    (HEX_LAST, DECIMAL, LOWER),
    (HEX_LAST, PADDED, UPPER),
]
carriers = st.sampled_from(CARRIERS)
starts = st.one_of(st.integers(0, 3000), st.integers(0, 2**60))
windows = st.integers(1, 500)


def traffic(
    ids: MessageIds, numbers: Iterator[int], response: Write, receipt: Write, window: int, seed: int
) -> Iterator[bool]:
    """Whether each receipt found its message; receipts come in any order within the window."""
    order, waiting = random.Random(seed), []
    for number in numbers:
        waiting.append((receipt(number), ids.of_response(response(number))))
        if len(waiting) >= window:
            at = order.randrange(len(waiting))
            waiting[at], waiting[-1] = waiting[-1], waiting[at]
            text, key = waiting.pop()
            yield ids.of_receipt(text) == key


@given(carriers, starts, windows, st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_after_settling_every_receipt_finds_its_message(
    carrier: tuple[IdFormat, Write, Write], start: int, window: int, seed: int
) -> None:
    kind, response, receipt = carrier
    ids = MessageIds(IdFormat.AUTO)
    numbers = iter(range(start, start + 2 * window + 1000))
    found = list(traffic(ids, numbers, response, receipt, window, seed))
    assert ids.learned is kind
    assert all(found[window + 100 :])


@given(starts, windows, st.integers(0, 99), st.sampled_from([DECIMAL, PADDED]))
@settings(max_examples=40, deadline=None)
def test_decimal_ids_as_they_are_never_flip(
    start: int, window: int, seed: int, receipt: Write
) -> None:
    ids = MessageIds(IdFormat.AUTO)
    numbers = iter(range(start, start + window + 2000))
    for found in traffic(ids, numbers, DECIMAL, receipt, window, seed):
        assert found
        assert ids.learned is AS_IS


@given(st.lists(st.integers(0, 3000), max_size=400), st.lists(st.integers(0, 3000), max_size=400))
def test_no_order_of_decimal_ids_flips(responses: list[int], receipts: list[int]) -> None:
    ids = MessageIds(IdFormat.AUTO)
    for response in responses:
        ids.of_response(str(response))
    assert [ids.of_receipt(str(receipt)) for receipt in receipts] == list(map(str, receipts))
    assert ids.learned is AS_IS


@given(carriers, windows, st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_random_ids_settle_as_counters_do(
    carrier: tuple[IdFormat, Write, Write], window: int, seed: int
) -> None:
    kind, response, receipt = carrier
    order = random.Random(seed)
    numbers = iter([order.randrange(2**31) for _ in range(window + 400)])
    ids = MessageIds(IdFormat.AUTO)
    found = list(traffic(ids, numbers, response, receipt, window, seed))
    assert ids.learned is kind
    assert all(found[100:])


@pytest.mark.parametrize(("format", "response", "receipt"), CARRIERS)
@given(number=st.integers(0, 2**63))
def test_a_wanted_format_needs_no_learning(
    format: IdFormat, response: Write, receipt: Write, number: int
) -> None:
    ids = MessageIds(format)
    assert ids.of_receipt(receipt(number)) == ids.of_response(response(number))
    assert ids.learned is format


@pytest.mark.parametrize(("format", "response", "receipt"), CARRIERS)
def test_the_key_of_a_response_is_the_same_in_every_format(
    format: IdFormat, response: Write, receipt: Write
) -> None:
    assert len({MessageIds(each).of_response(response(0xBEEF)) for each in IdFormat}) == 1


def test_a_first_receipt_finds_its_message_when_only_one_reading_fits() -> None:
    ids = MessageIds(IdFormat.AUTO)
    assert ids.of_response("33E95179") == "33e95179"
    assert ids.of_receipt("870928761") == "33e95179"


def test_what_was_learned_holds_after_a_restart() -> None:
    ids = MessageIds(IdFormat.AUTO, learned=HEX_FIRST)
    assert ids.learned is HEX_FIRST
    assert ids.of_receipt("0870928761") == "33e95179"


@pytest.mark.parametrize("first", [HEX_FIRST, HEX_LAST])
@pytest.mark.parametrize("write", [DECIMAL, LOWER])
def test_a_carrier_that_changes_its_ids_is_learned_anew(first: IdFormat, write: Write) -> None:
    ids = MessageIds(IdFormat.AUTO, learned=first)
    list(traffic(ids, iter(range(10**6, 10**6 + 200)), write, write, 10, 1))
    assert ids.learned is AS_IS


def test_few_receipts_teach_nothing() -> None:
    ids = MessageIds(IdFormat.AUTO)
    list(traffic(ids, iter(range(0xA000, 0xA007)), LOWER, DECIMAL, 1, 1))
    assert ids.learned is AS_IS


def test_ids_are_remembered_up_to_a_bound() -> None:
    ids = MessageIds(IdFormat.AUTO)
    for number in range(REMEMBERED_MAX + 50):
        ids.of_response(f"{number:x}")
    assert len(ids._remembered) == REMEMBERED_MAX
    assert ids._lettered == sum(not key.isdecimal() for key in ids._remembered)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("0000012345", "12345"),
        ("00AB", "ab"),
        ("000", "0"),
        ("", ""),
        (" 7a ", "7a"),
        ("00-7F", "00-7f"),
        ("CE5BC5A9-4F7D-4282-9244-2E1022A9335C", "ce5bc5a9-4f7d-4282-9244-2e1022a9335c"),
    ],
)
def test_spellings_of_one_id_have_one_key(text: str, key: str) -> None:
    assert to_key(text) == key


@given(st.sampled_from(IdFormat), st.text(max_size=80), st.text("0af٣²x", max_size=300))
def test_any_text_has_a_key(format: IdFormat, response: str, receipt: str) -> None:
    ids = MessageIds(format)
    ids.of_response(response)
    ids.of_receipt(receipt)
    assert ids.of_receipt("9" * 10_000) == "9" * 10_000
